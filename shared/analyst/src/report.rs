//! The report, put together from findings and the decision.

use crate::evidence::Ledger;
use crate::facts::{Document, Facts, Value};
use crate::onset::onset;
use crate::phrases::{MIN_REPORTERS, repeated_phrases};
use crate::quality::Gap;
use crate::recommend::recommendations;
use crate::sentiment::sentiment;
use crate::stats::z_score;
use crate::verdict::{Decision, Findings, Reading};
use crate::wording::{self, is_host, moment, number, percent, plain, segment_name};
use domain::report::{Claim, ImpactMetrics, Nature, Quote, REPORT_VERSION, Report};
use domain::segment::Dimension;
use domain::ticket::Ticket;
use jiff::Timestamp;
use std::collections::BTreeMap;
use text::log_odds::{Distinctive, benjamini_hochberg, upper_tail, without_parts};
use text::representative::representatives;

const MAX_KEYWORDS: usize = 8;
const MAX_QUOTES: usize = 5;
const MAX_QUOTE_CHARS: usize = 200;
const MAX_SAMPLES: usize = 20;
const MAX_SERVICES: usize = 5;
/// False discovery rate of the values named as affected.
const SERVICE_FDR: f64 = 0.01;

/// Ids of the evidence by what it shows.
#[derive(Default)]
pub(crate) struct Ids {
    pub(crate) volume: String,
    pub(crate) baselines: Vec<String>,
    pub(crate) onset: Option<String>,
    pub(crate) shifts: Vec<String>,
    pub(crate) moved: Vec<String>,
    pub(crate) cell: Option<String>,
    pub(crate) theme: Option<String>,
    pub(crate) phrases: Vec<String>,
    pub(crate) duplicates: Vec<String>,
    pub(crate) reporters: Option<String>,
    pub(crate) promotions: Option<String>,
    pub(crate) steering: Option<String>,
    pub(crate) delay: Option<String>,
    pub(crate) gap: Option<String>,
    pub(crate) bursts: Vec<String>,
    pub(crate) samples: Option<String>,
    pub(crate) sentiment: Option<String>,
    pub(crate) services: Option<String>,
}

impl Ids {
    /// What a finding about the data stands on.
    pub(crate) fn quality(&self, nature: Nature) -> Vec<String> {
        let list = |ids: [&Option<String>; 2], more: &[String]| {
            ids.into_iter().flatten().cloned().chain(more.iter().cloned()).collect::<Vec<_>>()
        };
        match nature {
            Nature::Gap => list([&self.gap, &None], &[]),
            Nature::Backlog => list([&self.delay, &None], &[]),
            Nature::SingleSource => list([&self.reporters, &None], &self.duplicates),
            Nature::BulkEntry => list([&self.reporters, &None], &self.bursts),
            Nature::Spam => list([&self.promotions, &None], &self.duplicates),
            _ => self.duplicates.clone(),
        }
    }
}

/// What sentences are made of.
pub(crate) struct Material {
    pub(crate) keywords: Vec<String>,
    pub(crate) services: Vec<String>,
    pub(crate) onset: Timestamp,
    /// Positions of the documents that the reading is about.
    subject: Vec<usize>,
    terms: Vec<Distinctive>,
}

pub(crate) fn assemble(facts: &Facts<'_>, findings: &Findings, decision: &Decision) -> Report {
    let subject = subject(facts, findings, decision);
    let terms = subject_terms(facts, findings, decision, &subject);
    let services = services(facts, decision, &subject);
    let material = Material {
        keywords: keywords(&terms),
        services: services.iter().map(|s| s.0.clone()).collect(),
        onset: began(facts, findings, decision),
        subject,
        terms,
    };
    let samples = samples(facts, &material);
    let quotes = quotes(facts, &samples, &material);
    let mut ledger = Ledger::default();
    let mut ids = Ids::default();
    add_volume(facts, &material, &mut ledger, &mut ids);
    add_mix(facts, findings, &mut ledger, &mut ids);
    add_words(facts, findings, decision, &material, &mut ledger, &mut ids);
    add_quality(facts, findings, &mut ledger, &mut ids);
    let sample_ids: Vec<String> =
        samples.iter().filter_map(|i| facts.documents.get(*i)).map(|d| d.ticket.id.clone()).collect();
    if !sample_ids.is_empty() {
        let summary = format!("{} representative tickets that differ from each other", sample_ids.len());
        ids.samples =
            Some(ledger.add("ticket", summary, &[("tickets", sample_ids.len() as f64)], sample_ids.clone()));
    }
    let mood = add_mood(facts, &material, &mut ledger, &mut ids);
    add_services(&services, &mut ledger, &mut ids);
    let volume = wording::volume_claim(facts, &ids);
    let cause = wording::cause_claim(facts, findings, decision, &material, &ids);
    let executive_summary = format!("{} {}", volume.text, first_sentence(&cause.text));
    let root_cause = cause.text.clone();
    let mut claims = vec![volume, cause];
    claims.extend(further_claims(facts, &material, mood, &ids));
    let incident = facts.case.incident;
    Report {
        schema_version: REPORT_VERSION,
        stream: incident.stream.clone(),
        incident: incident.id.clone(),
        revision: incident.revision,
        status: incident.status,
        opened_at: incident.opened_at,
        decided_at: incident.decided_at,
        severity: incident.severity,
        kind: incident.kind,
        direction: incident.direction,
        segment: incident.segment.clone(),
        window: incident.window,
        onset: material.onset,
        tickets: incident.tickets,
        expected: incident.expected,
        score: incident.score,
        verdict: decision.verdict,
        nature: decision.nature,
        confidence: decision.confidence,
        title: wording::title(facts, findings, decision, &material),
        executive_summary,
        root_cause,
        impact_metrics: impact(facts),
        customer_sentiment: mood.to_owned(),
        sample_complaints: quotes,
        recommendations: recommendations(facts, findings, decision, &material, &ids),
        alternatives: wording::alternatives(facts, findings, decision, &ids),
        sample_ticket_ids: sample_ids,
        affected_services: material.services,
        keywords: material.keywords,
        evidence: ledger.into_evidence(),
        claims,
        unverified: Vec::new(),
        analyst: "statistical".to_owned(),
    }
}

/// The first sentence: up to a full stop before a space.
fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|i| text.get(..=i)).unwrap_or(text)
}

/// Positions of the documents that the reading is about; all when it is about all.
fn subject(facts: &Facts<'_>, findings: &Findings, decision: &Decision) -> Vec<usize> {
    let repeats = &findings.quality.repeats;
    let all = || (0..facts.documents.len()).collect::<Vec<_>>();
    let copies = || {
        let mut list: Vec<usize> = repeats.clusters.iter().flatten().copied().collect();
        list.sort_unstable();
        list
    };
    let list = match (decision.reading, decision.nature) {
        (Reading::Theme, _) => findings.theme.documents.clone(),
        (Reading::Steering, _) => repeats.steering.clone(),
        (Reading::Cell, _) => {
            let inside =
                |d: &Document<'_>| findings.cell.as_ref().is_none_or(|c| c.segment.contains(d.ticket));
            facts.documents.iter().enumerate().filter(|(_, d)| inside(d)).map(|(i, _)| i).collect()
        }
        (Reading::Quality, Nature::SingleSource) => repeats.top_reporter.clone(),
        (Reading::Quality, Nature::Spam) if repeats.copies() < repeats.promotions.len() => {
            repeats.promotions.clone()
        }
        (Reading::Quality, Nature::Spam | Nature::Duplicate) => copies(),
        (Reading::Quality, Nature::BulkEntry) if repeats.copies() > repeats.top_reporter.len() => copies(),
        (Reading::Quality, Nature::BulkEntry) => repeats.top_reporter.clone(),
        _ => all(),
    };
    if list.is_empty() { all() } else { list }
}

/// Distinctive terms of the subject, strongest first, each once.
fn subject_terms(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    subject: &[usize],
) -> Vec<Distinctive> {
    match decision.reading {
        Reading::Theme => without_parts(findings.theme.terms.clone()),
        // Missing or late tickets have no words of their own.
        _ if !facts.is_up() => Vec::new(),
        Reading::Quality if matches!(decision.nature, Nature::Gap | Nature::Backlog) => Vec::new(),
        Reading::Quality | Reading::Steering => without_parts(repeated_phrases(facts, subject).significant),
        _ => findings.terms.clone(),
    }
}

fn keywords(terms: &[Distinctive]) -> Vec<String> {
    terms
        .iter()
        .filter(|d| !is_host(&d.term))
        .map(|d| plain(&d.term))
        .filter(|k| !k.is_empty())
        .take(MAX_KEYWORDS)
        .collect()
}

fn began(facts: &Facts<'_>, findings: &Findings, decision: &Decision) -> Timestamp {
    let window = facts.case.incident.window;
    let cells = |expected: f64| facts.profile.cells(window, facts.case.zone, expected);
    let quarter = |at: Timestamp| {
        let second = at.as_second().div_euclid(domain::time::CELL_SECONDS) * domain::time::CELL_SECONDS;
        Timestamp::from_second(second).unwrap_or(at)
    };
    let quality = &findings.quality;
    match (decision.reading, decision.nature) {
        (Reading::Theme, _) => {
            let times = findings
                .theme
                .documents
                .iter()
                .filter_map(|i| facts.documents.get(*i))
                .map(|d| d.ticket.created_at);
            onset(window, times, &cells(findings.theme.usual))
        }
        (Reading::Cell, _) => match &findings.cell {
            Some(cell) => {
                let times = facts.all.iter().filter(|t| cell.segment.contains(t)).map(|t| t.created_at);
                onset(window, times, &cells(cell.expected))
            }
            None => window.start,
        },
        (Reading::Quality, Nature::Gap) => {
            let gap = if facts.is_up() { &quality.earlier_gap } else { &quality.gap };
            gap.as_ref().map_or(window.start, |g: &Gap| g.start)
        }
        (Reading::Quality, Nature::BulkEntry) => {
            quality.bursts.last().map_or(window.start, |b| quarter(b.start).max(window.start))
        }
        _ => onset(window, facts.inside.iter().map(|t| t.created_at), &cells(facts.expected)),
    }
}

fn samples(facts: &Facts<'_>, material: &Material) -> Vec<usize> {
    let weights: BTreeMap<String, f64> =
        material.terms.iter().take(30).map(|d| (d.term.clone(), d.z.max(0.1))).collect();
    let documents: Vec<&[String]> =
        material.subject.iter().filter_map(|i| facts.documents.get(*i)).map(|d| d.terms.as_slice()).collect();
    let chosen = representatives(&documents, &weights, MAX_SAMPLES);
    let mut samples: Vec<usize> =
        chosen.into_iter().filter_map(|i| material.subject.get(i).copied()).collect();
    if samples.is_empty() {
        samples = material.subject.iter().copied().take(MAX_SAMPLES).collect();
    }
    samples
}

fn quotes(facts: &Facts<'_>, samples: &[usize], material: &Material) -> Vec<Quote> {
    let mut quotes: Vec<Quote> = Vec::new();
    for document in samples.iter().filter_map(|i| facts.documents.get(*i)) {
        let piece = text::excerpt(&document.text, &material.keywords, MAX_QUOTE_CHARS);
        if !piece.is_empty() && !quotes.iter().any(|q| q.text == piece) {
            quotes.push(Quote { ticket: document.ticket.id.clone(), text: piece.to_owned() });
        }
        if quotes.len() == MAX_QUOTES {
            break;
        }
    }
    quotes
}

/// A value with significantly more tickets than due: its name, tickets, expectation, distinct reporters.
type Service = (String, f64, f64, usize);

fn services(facts: &Facts<'_>, decision: &Decision, subject: &[usize]) -> Vec<Service> {
    if !facts.is_up() || matches!(decision.reading, Reading::Quality | Reading::Steering | Reading::TooLittle)
    {
        return Vec::new();
    }
    let mut found: Vec<(Value, f64, f64)> = [Dimension::Product, Dimension::Queue, Dimension::Tag]
        .into_iter()
        .flat_map(|d| facts.counts(d, &facts.all))
        .map(|(value, n)| {
            let expected = facts.expected_of(&value);
            (value, n, expected)
        })
        .collect();
    let q =
        benjamini_hochberg(&found.iter().map(|(_, n, e)| upper_tail(z_score(*n, *e))).collect::<Vec<_>>());
    let mut significant = q.iter().map(|q| *q < SERVICE_FDR);
    found.retain(|_| significant.next().unwrap_or(false));
    found.sort_by(|a, b| (b.1 - b.2).total_cmp(&(a.1 - a.2)).then_with(|| a.0.cmp(&b.0)));
    let documents = || subject.iter().filter_map(|i| facts.documents.get(*i));
    found
        .into_iter()
        .map(|((dimension, value), n, e)| {
            let with = documents().filter(|d| dimension.values(d.ticket).contains(&value.as_str()));
            (plain(&value), n, e, Facts::reporters(with))
        })
        .filter(|s| s.3 >= MIN_REPORTERS && !s.0.is_empty())
        .take(MAX_SERVICES)
        .collect()
}

fn impact(facts: &Facts<'_>) -> ImpactMetrics {
    let most = |value: &dyn Fn(&Ticket) -> Option<String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        facts.inside.iter().filter_map(|t| value(t)).for_each(|v| *counts.entry(v).or_default() += 1);
        counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))).map(|(v, _)| v)
    };
    let increase = 100.0 * facts.excess() / facts.expected;
    ImpactMetrics {
        volume_increase_pct: (facts.expected > 0.0).then_some((increase * 10.0).round() / 10.0),
        primary_priority: most(&|t| t.priority.map(|p| p.name().to_owned())),
        primary_queue: most(&|t| t.queue.clone()),
        primary_type: most(&|t| t.kind.clone()),
    }
}

fn add_volume(facts: &Facts<'_>, material: &Material, ledger: &mut Ledger, ids: &mut Ids) {
    let (incident, zone) = (facts.case.incident, facts.case.zone);
    let (actual, expected) = (facts.actual, facts.expected);
    let ratio = actual / expected.max(1e-9);
    let values = [
        ("actual", actual),
        ("expected", expected),
        ("excess", facts.excess()),
        ("ratio", if expected > 0.0 { ratio } else { f64::NAN }),
        ("score", incident.score),
    ];
    let summary = format!(
        "{}: {} tickets, {} expected",
        segment_name(&incident.segment),
        number(actual),
        number(expected)
    );
    ids.volume = ledger.add("volume", summary, &values, vec![]);
    let baseline = facts.profile.same_hour_baseline(incident.window, zone);
    let summary = format!(
        "mean of the same hours of the week over {} days before: {}",
        number(facts.case.background_days),
        number(baseline)
    );
    let values = [
        ("tickets", baseline),
        ("days", facts.case.background_days),
        ("excess_pct", 100.0 * (actual / baseline - 1.0)),
    ];
    ids.baselines.push(ledger.add("baseline", summary, &values, vec![]));
    if let Some(week) = facts.profile.seven_day_baseline(incident.window) {
        let summary = format!("plain mean of the seven days before: {}", number(week));
        let values = [("tickets", week), ("excess_pct", 100.0 * (actual / week - 1.0))];
        ids.baselines.push(ledger.add("baseline", summary, &values, vec![]));
    }
    let at = material.onset;
    let summary = format!("the excess grows from {} on", moment(at, zone));
    ids.onset = Some(ledger.add("onset", summary, &[("epoch_seconds", at.as_second() as f64)], vec![]));
}

fn add_mix(facts: &Facts<'_>, findings: &Findings, ledger: &mut Ledger, ids: &mut Ids) {
    for shift in &findings.shifts {
        let gains: Vec<String> = shift
            .gains
            .iter()
            .filter(|g| g.1 > g.2)
            .take(3)
            .map(|(value, now, before)| {
                format!("{} {} before {}", plain(&value.1), percent(*now), percent(*before))
            })
            .collect();
        let state = if shift.matters() { "shifted" } else { "about as usual" };
        let summary = format!(
            "mix of {} {state}: {} moved; {}",
            shift.dimension.name(),
            percent(shift.effect),
            gains.join(", ")
        );
        let (now, before) = shift.gains.first().map_or((0.0, 0.0), |g| (g.1, g.2));
        let values =
            [("effect", shift.effect), ("q", shift.q), ("top_share", now), ("top_share_before", before)];
        let id = ledger.add("shift", summary, &values, vec![]);
        ids.shifts.push(id.clone());
        if shift.matters() {
            ids.moved.push(id);
        }
    }
    if let Some(cell) = findings.cell.as_ref().filter(|_| !facts.is_theme()) {
        let summary = format!(
            "{}: {} tickets, {} expected; everything else {}, {} expected",
            segment_name(&cell.segment),
            number(cell.actual),
            number(cell.expected),
            number(cell.outside_actual),
            number(cell.outside_expected),
        );
        let values = [
            ("actual", cell.actual),
            ("expected", cell.expected),
            ("share_of_excess", cell.explains),
            ("outside_actual", cell.outside_actual),
            ("outside_expected", cell.outside_expected),
            ("inside_shift", cell.inside_shift),
        ];
        let tickets = facts
            .all
            .iter()
            .filter(|t| cell.segment.contains(t))
            .map(|t| t.id.clone())
            .take(MAX_SAMPLES)
            .collect();
        ids.cell = Some(ledger.add("cell", summary, &values, tickets));
    }
}

fn add_words(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    material: &Material,
    ledger: &mut Ledger,
    ids: &mut Ids,
) {
    for term in material.terms.iter().take(MAX_KEYWORDS) {
        let mentions = material
            .subject
            .iter()
            .filter_map(|i| facts.documents.get(*i))
            .filter(|d| d.terms.binary_search(&term.term).is_ok());
        let tickets = mentions.map(|d| d.ticket.id.clone()).take(MAX_SAMPLES).collect();
        let summary = format!(
            "\"{}\": {} in the window, {} in the background",
            plain(&term.term),
            number(term.window),
            number(term.background)
        );
        let values = [("window", term.window), ("background", term.background), ("z", term.z), ("q", term.q)];
        ids.phrases.push(ledger.add("phrase", summary, &values, tickets));
    }
    let theme = &findings.theme;
    if decision.reading != Reading::Theme && theme.excess() < 1.0 {
        return;
    }
    let summary = format!(
        "largest coherent set of words: {} reporters, {} usual, {} of the excess",
        number(theme.reporters * facts.scale),
        number(theme.usual * facts.scale),
        percent(findings.theme_share),
    );
    let values = [
        ("reporters", theme.reporters * facts.scale),
        ("usual", theme.usual * facts.scale),
        ("share_of_excess", findings.theme_share),
    ];
    let tickets = theme
        .documents
        .iter()
        .filter_map(|i| facts.documents.get(*i))
        .map(|d| d.ticket.id.clone())
        .take(MAX_SAMPLES)
        .collect();
    ids.theme = Some(ledger.add("theme", summary, &values, tickets));
}

fn add_quality(facts: &Facts<'_>, findings: &Findings, ledger: &mut Ledger, ids: &mut Ids) {
    let quality = &findings.quality;
    let repeats = &quality.repeats;
    let tickets = |list: &[usize]| -> Vec<String> {
        list.iter()
            .filter_map(|i| facts.documents.get(*i))
            .map(|d| d.ticket.id.clone())
            .take(MAX_SAMPLES)
            .collect()
    };
    let share = |n: usize| n as f64 * facts.scale / quality.reference;
    for cluster in repeats.clusters.iter().take(3) {
        let summary = format!("{} near-identical tickets", number(cluster.len() as f64 * facts.scale));
        let values =
            [("tickets", cluster.len() as f64 * facts.scale), ("share_of_excess", share(cluster.len()))];
        ids.duplicates.push(ledger.add("duplicates", summary, &values, tickets(cluster)));
    }
    let distinct = Facts::reporters(facts.documents.iter()) as f64;
    let top = repeats.top_reporter.len();
    let summary = format!(
        "{} distinct reporters; the largest wrote {}",
        number(distinct * facts.scale),
        number(top as f64 * facts.scale)
    );
    let values = [
        ("reporters", distinct * facts.scale),
        ("largest", top as f64 * facts.scale),
        ("share_of_excess", share(top)),
    ];
    ids.reporters = Some(ledger.add("reporters", summary, &values, tickets(&repeats.top_reporter)));
    if !repeats.promotions.is_empty() {
        let n = repeats.promotions.len();
        let summary = format!("{n} tickets with promotional words and a link or number");
        ids.promotions = Some(ledger.add(
            "promotions",
            summary,
            &[("tickets", n as f64), ("share_of_excess", share(n))],
            tickets(&repeats.promotions),
        ));
    }
    if !repeats.steering.is_empty() {
        let n = repeats.steering.len();
        let summary = format!("{n} tickets address whoever summarises them; they were not followed");
        ids.steering =
            Some(ledger.add("manipulation", summary, &[("tickets", n as f64)], tickets(&repeats.steering)));
    }
    let b = &quality.backlog;
    let summary = format!(
        "{} of the tickets landed an hour or more after writing, usually {}",
        percent(b.late_share),
        percent(b.usual_share)
    );
    let values = [
        ("late", b.late as f64),
        ("late_share", b.late_share),
        ("usual_share", b.usual_share),
        ("together", b.together),
    ];
    ids.delay = Some(ledger.add("delay", summary, &values, vec![]));
    let gap = if facts.is_up() { &quality.earlier_gap } else { &quality.gap };
    if let Some(gap) = gap {
        let summary = format!(
            "no ticket for {} minutes from {}, {} due",
            gap.minutes,
            moment(gap.start, facts.case.zone),
            number(gap.due)
        );
        let values = [("minutes", gap.minutes as f64), ("due", gap.due), ("probability", gap.probability)];
        ids.gap = Some(ledger.add("gap", summary, &values, vec![]));
    }
    for burst in quality.bursts.iter().filter(|_| facts.is_up()) {
        let summary = format!(
            "fullest {} minutes, from {}: {} tickets, {} of the excess",
            burst.minutes,
            moment(burst.start, facts.case.zone),
            number(burst.tickets),
            percent(burst.share),
        );
        let values = [
            ("minutes", burst.minutes as f64),
            ("tickets", burst.tickets),
            ("share_of_excess", burst.share),
            ("largest_sender", burst.sender),
            ("largest_copies", burst.copies),
        ];
        ids.bursts.push(ledger.add("burst", summary, &values, vec![]));
    }
}

fn add_mood(facts: &Facts<'_>, material: &Material, ledger: &mut Ledger, ids: &mut Ids) -> &'static str {
    let documents: Vec<&Document<'_>> =
        material.subject.iter().filter_map(|i| facts.documents.get(*i)).collect();
    let mood = sentiment(&documents);
    let mut values = mood.counts.to_vec();
    values.push(("tickets", mood.tickets));
    let counted: Vec<String> = mood.counts.iter().map(|(name, n)| format!("{} {name}", number(*n))).collect();
    let summary = format!("words of mood in {} tickets: {}", number(mood.tickets), counted.join(", "));
    ids.sentiment = Some(ledger.add("sentiment", summary, &values, vec![]));
    mood.name
}

fn add_services(services: &[Service], ledger: &mut Ledger, ids: &mut Ids) {
    if services.is_empty() {
        return;
    }
    let list: Vec<String> =
        services.iter().map(|s| format!("{} {} ({} expected)", s.0, number(s.1), number(s.2))).collect();
    let excess: f64 = services.iter().map(|s| s.1 - s.2).fold(0.0, f64::max);
    let reporters = services.iter().map(|s| s.3).min().unwrap_or(0) as f64;
    let values =
        [("services", services.len() as f64), ("largest_excess", excess), ("fewest_reporters", reporters)];
    ids.services =
        Some(ledger.add("services", format!("more tickets than due: {}", list.join(", ")), &values, vec![]));
}

fn further_claims(facts: &Facts<'_>, material: &Material, mood: &str, ids: &Ids) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut claim = |text: String, id: &Option<String>| {
        if let Some(id) = id {
            claims.push(Claim { text, evidence: vec![id.clone()] });
        }
    };
    claim(format!("It began at {}.", moment(material.onset, facts.case.zone)), &ids.onset);
    if !material.services.is_empty() {
        claim(format!("Affected: {}.", material.services.join(", ")), &ids.services);
    }
    if mood != "unknown" {
        claim(format!("Customers sound {mood}."), &ids.sentiment);
    }
    claims
}
