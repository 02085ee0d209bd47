//! The evidence of a report: each finding with its numbers and the tickets behind it.

use crate::evidence::Ledger;
use crate::facts::{Document, Facts};
use crate::report::{MAX_KEYWORDS, MAX_SAMPLES, Material};
use crate::sentiment::sentiment;
use crate::verdict::{Decision, Findings, Reading};
use crate::wording::{moment, number, percent, plain, segment_name};
use domain::report::Nature;

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

/// A value with significantly more tickets than due: its name, tickets, expectation, distinct reporters.
pub(crate) type Service = (String, f64, f64, usize);

pub(crate) fn add_volume(facts: &Facts<'_>, material: &Material, ledger: &mut Ledger, ids: &mut Ids) {
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

pub(crate) fn add_mix(facts: &Facts<'_>, findings: &Findings, ledger: &mut Ledger, ids: &mut Ids) {
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

pub(crate) fn add_words(
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

pub(crate) fn add_quality(facts: &Facts<'_>, findings: &Findings, ledger: &mut Ledger, ids: &mut Ids) {
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
    let gap = if facts.is_up() { &quality.held_back } else { &quality.gap };
    if let Some(gap) = gap {
        let summary = format!(
            "too few or no tickets for {} minutes from {}: {} missing",
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

pub(crate) fn add_mood(
    facts: &Facts<'_>,
    material: &Material,
    ledger: &mut Ledger,
    ids: &mut Ids,
) -> &'static str {
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

pub(crate) fn add_services(services: &[Service], ledger: &mut Ledger, ids: &mut Ids) {
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
