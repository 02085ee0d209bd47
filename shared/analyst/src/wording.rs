//! Sentences. Every number in them is rendered here from the evidence's values.

use crate::cells::Cell;
use crate::exhibits::Ids;
use crate::facts::Facts;
use crate::report::Material;
use crate::verdict::{Decision, Findings, Reading};
use domain::incident::Severity;
use domain::report::{Alternative, Claim, Nature};
use domain::segment::Segment;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Longest name in a title.
const MAX_NAME: usize = 40;

/// A number as people write it: whole from 10 on, one decimal below.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let rounded = if value.abs() >= 9.95 { value.round() } else { (value * 10.0).round() / 10.0 };
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    if rounded.fract() == 0.0 { format!("{rounded:.0}") } else { format!("{rounded:.1}") }
}

/// A share as a whole percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", (100.0 * share).round() + 0.0)
}

/// Local date, time and zone.
pub(crate) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// A value that came with the tickets, safe in a title: letters, digits and a few signs, at most 40 characters.
pub(crate) fn plain(value: &str) -> String {
    let keep = |c: char| {
        if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '&' | '\'' | ',') { c } else { ' ' }
    };
    let words = value.chars().map(keep).collect::<String>();
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let joined = if is_host(&joined) { joined.replace('.', " ") } else { joined };
    joined.chars().take(MAX_NAME).collect::<String>().trim_end().to_owned()
}

/// Whether some word would be shown as a link.
pub(crate) fn is_host(text: &str) -> bool {
    text.split(' ').any(|w| {
        w.rsplit_once('.').is_some_and(|(head, top)| !head.is_empty() && top.starts_with(char::is_alphabetic))
    })
}

/// `all tickets`, `queue Billing`, `priority high and type Incident`.
pub(crate) fn segment_name(segment: &Segment) -> String {
    if segment.is_total() {
        return "all tickets".to_owned();
    }
    let parts: Vec<String> =
        segment.cells().iter().map(|(d, v)| format!("{} {}", d.name(), plain(v))).collect();
    parts.join(" and ")
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// `"add-ons disabled", "extensions"`: the first keywords in quotes.
fn quoted(keywords: &[String], n: usize) -> String {
    keywords.iter().take(n).map(|k| format!("\"{k}\"")).collect::<Vec<_>>().join(", ")
}

fn volume(facts: &Facts<'_>) -> String {
    format!("{} tickets where {} were expected", number(facts.actual), number(facts.expected))
}

/// One line.
pub(crate) fn title(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    material: &Material,
) -> String {
    let segment = segment_name(&facts.case.incident.segment);
    let what = match decision.reading {
        Reading::Theme => format!("customers report {}", quoted(&material.keywords, 2)),
        Reading::Cell => {
            let cell = findings.cell.as_ref().map_or(segment, |c| segment_name(&c.segment));
            format!("{} of {cell}", if facts.is_up() { "surge" } else { "drop" })
        }
        Reading::Composition => "surge with a shifted mix and no single cause".to_owned(),
        Reading::Volume if facts.is_up() => format!("more tickets of every kind in {segment}"),
        Reading::Volume => format!("fewer tickets of every kind in {segment}"),
        Reading::TooLittle => format!("unusual {segment}, too little evidence for a cause"),
        Reading::Steering => "tickets that try to steer this report".to_owned(),
        Reading::Quality => quality_title(decision.nature).to_owned(),
    };
    format!("{}: {what} ({})", severity(facts.case.incident.severity), volume(facts))
}

fn quality_title(nature: Nature) -> &'static str {
    match nature {
        Nature::Gap => "tickets are missing",
        Nature::Backlog => "tickets arrived late and together",
        Nature::SingleSource => "one sender makes the excess",
        Nature::BulkEntry => "tickets entered in one go",
        Nature::Duplicate => "the same ticket again and again",
        Nature::Spam => "a wave of advertising mail",
        _ => "the data is off",
    }
}

/// What happened, in numbers.
pub(crate) fn volume_claim(facts: &Facts<'_>, ids: &Ids) -> Claim {
    let incident = facts.case.incident;
    let change = if facts.expected > 0.0 {
        format!(
            " ({}{} %)",
            if facts.excess() >= 0.0 { "+" } else { "-" },
            (100.0 * facts.excess().abs() / facts.expected).round()
        )
    } else {
        String::new()
    };
    let of = if incident.segment.is_total() {
        String::new()
    } else {
        format!(" of {}", segment_name(&incident.segment))
    };
    let noun = if facts.actual == 1.0 { "ticket" } else { "tickets" };
    let text = format!(
        "From {} to {}, {} {noun}{of} arrived where {} were expected{change}.",
        moment(incident.window.start, facts.case.zone),
        moment(incident.window.end, facts.case.zone),
        number(facts.actual),
        number(facts.expected),
    );
    Claim { text, evidence: vec![ids.volume.clone()] }
}

/// What the evidence says about the cause.
pub(crate) fn cause_claim(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    material: &Material,
    ids: &Ids,
) -> Claim {
    let (text, evidence) = match decision.reading {
        Reading::Theme => theme_cause(facts, findings, decision, material, ids),
        Reading::Cell => cell_cause(findings, ids),
        Reading::Composition => composition_cause(findings, ids),
        Reading::Volume => {
            let largest = findings.shifts.iter().map(|s| s.effect).fold(0.0, f64::max);
            let text = format!(
                "No single cause: every kind of ticket changed in proportion; no dimension's mix moved by more than {}, and \
                 no theme explains half of the change.",
                percent(largest)
            );
            (text, ids.shifts.clone())
        }
        Reading::TooLittle => (
            "Inconclusive: there are too few tickets, or nothing in them differs from usual with certainty."
                .to_owned(),
            vec![],
        ),
        Reading::Steering => (
            format!(
                "Suspected manipulation: {} tickets contain instructions to whoever summarises them; they were counted, \
                 not followed.",
                number(findings.quality.repeats.steering.len() as f64 * facts.scale)
            ),
            ids.steering.iter().cloned().collect(),
        ),
        Reading::Quality => quality_cause(facts, findings, decision.nature, ids),
    };
    let evidence = if evidence.is_empty() { vec![ids.volume.clone()] } else { evidence };
    Claim { text, evidence }
}

fn theme_cause(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    material: &Material,
    ids: &Ids,
) -> (String, Vec<String>) {
    let theme = &findings.theme;
    let kind = match decision.nature {
        Nature::External => "an outside event",
        Nature::ReleaseWave => "the wave after a new version",
        _ => "one failure",
    };
    let share = if facts.is_theme() {
        String::new()
    } else {
        format!(", which is at least {} of the excess", percent(findings.theme_share))
    };
    let text = format!(
        "Hypothesis: {kind} described by {}; {} distinct reporters use these words where {} would usually{share}.",
        quoted(&material.keywords, 3),
        number(theme.reporters * facts.scale),
        number(theme.usual * facts.scale),
    );
    (text, ids.theme.iter().chain(&ids.phrases).cloned().collect())
}

fn cell_cause(findings: &Findings, ids: &Ids) -> (String, Vec<String>) {
    let Some(cell) = &findings.cell else { return (String::new(), vec![]) };
    (
        format!("Hypothesis: the cause lies in {}: {}", segment_name(&cell.segment), contrast(cell)),
        ids.cell.iter().cloned().collect(),
    )
}

fn contrast(cell: &Cell) -> String {
    format!(
        "{} tickets where {} were expected, while everything else had {} where {} were expected, and the mix inside it is \
         as usual.",
        number(cell.actual),
        number(cell.expected),
        number(cell.outside_actual),
        number(cell.outside_expected),
    )
}

fn composition_cause(findings: &Findings, ids: &Ids) -> (String, Vec<String>) {
    let gains: Vec<String> = findings
        .moved()
        .iter()
        .filter_map(|s| {
            s.gains.first().map(|(value, now, before)| {
                format!(
                    "{} {} from {} to {}",
                    value.0.name(),
                    plain(&value.1),
                    percent(*before),
                    percent(*now)
                )
            })
        })
        .take(4)
        .collect();
    let text = format!(
        "No single cause: the mix moved in several places at once ({}), and no segment or theme explains the excess by itself.",
        gains.join("; ")
    );
    (text, ids.moved.clone())
}

fn quality_cause(facts: &Facts<'_>, findings: &Findings, nature: Nature, ids: &Ids) -> (String, Vec<String>) {
    let quality = &findings.quality;
    let repeats = &quality.repeats;
    let share = |n: usize| percent((n as f64 * facts.scale / quality.reference).min(1.0));
    let copies = || {
        format!(
            "{} near-identical tickets make {} of the excess",
            number(repeats.copies() as f64 * facts.scale),
            share(repeats.copies())
        )
    };
    match nature {
        Nature::Gap => {
            let gap = if facts.is_up() { &quality.held_back } else { &quality.gap };
            let text = gap.as_ref().map_or(String::new(), |g| {
                let since = moment(g.start, facts.case.zone);
                if facts.is_up() {
                    format!(
                        "The data has a gap: {} tickets too few in the {} minutes from {since}, then tickets came all at once.",
                        number(g.due),
                        g.minutes,
                    )
                } else {
                    format!("The data has a gap: no ticket for {} minutes from {since}, where {} were due.", g.minutes, number(g.due))
                }
            });
            (text, ids.gap.iter().cloned().collect())
        }
        Nature::Backlog => (
            format!(
                "{} tickets landed an hour or more after they were written, {} of them within one hour; usually {} do.",
                quality.backlog.late,
                percent(quality.backlog.together),
                percent(quality.backlog.usual_share),
            ),
            ids.delay.iter().cloned().collect(),
        ),
        Nature::BulkEntry => {
            let burst = quality
                .bursts
                .iter()
                .max_by(|a, b| a.share.total_cmp(&b.share).then(b.minutes.cmp(&a.minutes)));
            let text = burst.map_or(String::new(), |b| format!(
                "Entered in one go: {} tickets within {} minutes from {}, {} of the excess, mostly by one sender or from one \
                 template.",
                number(b.tickets),
                b.minutes,
                moment(b.start, facts.case.zone),
                percent(b.share),
            ));
            (text, ids.bursts.iter().chain(&ids.duplicates).cloned().collect())
        }
        Nature::SingleSource => (
            format!(
                "One sender wrote {} tickets, {} of the excess.",
                number(repeats.top_reporter.len() as f64 * facts.scale),
                share(repeats.top_reporter.len())
            ),
            ids.reporters.iter().cloned().collect(),
        ),
        Nature::Spam => (
            format!(
                "Advertising: {}; {} tickets carry promotional words and a link or number.",
                copies(),
                repeats.promotions.len()
            ),
            ids.promotions.iter().chain(&ids.duplicates).cloned().collect(),
        ),
        _ => (format!("The same text came again and again: {}.", copies()), ids.duplicates.clone()),
    }
}

/// Other readings of the same evidence, and how to tell.
pub(crate) fn alternatives(
    facts: &Facts<'_>,
    findings: &Findings,
    decision: &Decision,
    ids: &Ids,
) -> Vec<Alternative> {
    let alternative = |text: &str, confirm_by: &str, evidence: Vec<String>| Alternative {
        text: text.to_owned(),
        confirm_by: confirm_by.to_owned(),
        evidence: if evidence.is_empty() { vec![ids.volume.clone()] } else { evidence },
    };
    let outside = alternative(
        "Demand rose for an outside reason such as a campaign, a holiday or a bill run.",
        "Compare with traffic, sign-ups and the marketing calendar of the same hours.",
        ids.baselines.clone(),
    );
    let mut out = match decision.reading {
        Reading::Theme => vec![
            alternative(
                "A third party or the customers' own environment fails, and customers meet it in the product.",
                "Check the status pages of what the product depends on, and reproduce on a clean account.",
                ids.theme.iter().cloned().collect(),
            ),
            alternative(
                "A public thread or an announcement makes customers use the same words.",
                "Look for a notice, news or a forum thread shortly before the onset.",
                ids.onset.iter().cloned().collect(),
            ),
        ],
        Reading::Cell => vec![
            alternative(
                "Tickets were routed or labelled differently, and nothing happened outside the help desk.",
                "Check changes of routing rules, forms and macros before the onset.",
                ids.cell.iter().cloned().collect(),
            ),
            outside,
        ],
        Reading::Composition => vec![
            alternative(
                "Several failures overlap.",
                "Read the sample tickets by type and look for separate onsets.",
                ids.moved.clone(),
            ),
            alternative(
                "Agents or forms began to set priority, type or tags differently.",
                "Compare how the same agents labelled similar tickets the week before.",
                ids.moved.clone(),
            ),
        ],
        Reading::Volume | Reading::TooLittle => vec![
            outside,
            alternative(
                "The expectation is too low or too high, for instance after a holiday.",
                "Compare with the same hours of the last four weeks.",
                ids.baselines.clone(),
            ),
        ],
        Reading::Steering => vec![alternative(
            "Customers discuss such instructions without meaning them.",
            "Read the tickets named, as text only.",
            ids.steering.iter().cloned().collect(),
        )],
        Reading::Quality => vec![alternative(
            "There is a real incident beneath the noise.",
            "Leave out the tickets named in the evidence and compare the rest with the expectation.",
            ids.quality(decision.nature),
        )],
    };
    if let Some(cell) =
        findings.cell.as_ref().filter(|_| decision.reading == Reading::Theme && !facts.is_theme())
    {
        out.push(alternative(
            &format!("The failure is limited to {}.", segment_name(&cell.segment)),
            "Check whether tickets outside it describe the same.",
            ids.cell.iter().cloned().collect(),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_the_same_way_everywhere() {
        assert_eq!(
            [number(2.449), number(9.96), number(12.5), number(0.0), number(-0.01)],
            ["2.4", "10", "13", "0", "0"]
        );
        assert_eq!(percent(0.666), "67 %");
    }

    #[test]
    fn names_cannot_carry_markup_or_links() {
        assert_eq!(
            plain("[x](http://evil.example) <!channel> @here\u{0}"),
            "x http evil example channel here"
        );
        assert_eq!(plain("Billing & Payments"), "Billing & Payments");
        assert_eq!(plain("firefox-66.0"), "firefox-66.0");
    }
}
