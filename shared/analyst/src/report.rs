//! The report, put together from findings and the decision.

use crate::evidence::Ledger;
use crate::exhibits::{Ids, Service, add_mix, add_mood, add_quality, add_services, add_volume, add_words};
use crate::facts::{Document, Facts, Value};
use crate::onset::onset;
use crate::phrases::{MIN_REPORTERS, repeated_phrases};
use crate::quality::Gap;
use crate::recommend::recommendations;
use crate::stats::z_score;
use crate::verdict::{Decision, Findings, Reading};
use crate::wording::{self, is_host, moment, plain};
use domain::report::{Claim, ImpactMetrics, Nature, Quote, REPORT_VERSION, Report};
use domain::segment::Dimension;
use domain::ticket::Ticket;
use jiff::Timestamp;
use std::collections::BTreeMap;
use text::log_odds::{Distinctive, benjamini_hochberg, upper_tail, without_parts};
use text::representative::representatives;

pub(crate) const MAX_KEYWORDS: usize = 8;
const MAX_QUOTES: usize = 5;
const MAX_QUOTE_CHARS: usize = 200;
pub(crate) const MAX_SAMPLES: usize = 20;
const MAX_SERVICES: usize = 5;
/// False discovery rate of the values named as affected.
const SERVICE_FDR: f64 = 0.01;

/// Standard deviations by which an affected value must outgrow the whole.
const SURPLUS_Z: f64 = 2.0;

/// What sentences are made of.
pub(crate) struct Material {
    pub(crate) keywords: Vec<String>,
    pub(crate) services: Vec<String>,
    pub(crate) onset: Timestamp,
    /// Positions of the documents that the reading is about.
    pub(crate) subject: Vec<usize>,
    /// Their distinctive terms, strongest first.
    pub(crate) terms: Vec<Distinctive>,
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
            let gap = if facts.is_up() { &quality.held_back } else { &quality.gap };
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
    // What merely grew with everything else is not what is affected, unless everything is.
    let growth = if decision.reading == Reading::Volume {
        1.0
    } else {
        facts.total_actual / facts.total_expected.max(1e-9)
    };
    let surplus = |f: &(Value, f64, f64)| f.1 - growth * f.2;
    if found.iter().any(|f| surplus(f) > 0.0) {
        found.retain(|f| z_score(f.1, growth * f.2) >= SURPLUS_Z);
    }
    found.sort_by(|a, b| surplus(b).total_cmp(&surplus(a)).then_with(|| a.0.cmp(&b.0)));
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
