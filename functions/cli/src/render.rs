//! Reports as text: for a terminal, as Markdown, as a list.
//!
//! Everything a report says may repeat what a stranger wrote, so every piece passes [`escape`] on its way out.

pub mod escape;
mod markdown;
pub mod style;
mod terminal;

pub use markdown::markdown;
pub use terminal::{list, terminal};

use domain::anomaly::{Direction, Kind};
use domain::incident::Severity;
use domain::report::{Claim, Report};
use domain::segment::Segment;
use domain::time::Window;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Tickets that a piece of evidence names before the rest is only counted.
const MOST_TICKETS: usize = 5;

/// The facts of a report: name and value, in the order a reader asks.
fn facts(report: &Report, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("What", format!("{}: {}", what(report), segment(&report.segment))),
        ("Since", local(report.onset, zone, "%a %Y-%m-%d %H:%M %Z")),
        ("Window", window(&report.window, zone)),
        ("Tickets", tickets(report)),
        (
            "Cause",
            format!("{}, confidence {:.0} %", cause(report), report.confidence.clamp(0.0, 1.0) * 100.0),
        ),
    ];
    let impact = &report.impact_metrics;
    let mostly: Vec<String> = [
        ("priority", &impact.primary_priority),
        ("queue", &impact.primary_queue),
        ("type", &impact.primary_type),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.as_ref().map(|v| format!("{name} {v}")))
    .collect();
    if !mostly.is_empty() {
        facts.push(("Mostly", mostly.join(", ")));
    }
    if !report.affected_services.is_empty() {
        facts.push(("Affected", report.affected_services.join(", ")));
    }
    if !report.customer_sentiment.is_empty() {
        facts.push(("Mood", report.customer_sentiment.clone()));
    }
    facts
}

/// Which state the report describes.
fn state(report: &Report, zone: &TimeZone) -> String {
    format!(
        "{} · incident {} revision {} · stream {} · opened {} · decided {}",
        report.status.name(),
        report.incident,
        report.revision,
        report.stream,
        local(report.opened_at, zone, "%Y-%m-%d %H:%M"),
        local(report.decided_at, zone, "%Y-%m-%d %H:%M %Z"),
    )
}

fn what(report: &Report) -> &'static str {
    match (report.kind, report.direction) {
        (Kind::Volume, Direction::Up) => "more tickets than expected",
        (Kind::Volume, Direction::Down) => "fewer tickets than expected",
        (Kind::Theme, Direction::Up) => "a topic that bursts",
        (Kind::Theme, Direction::Down) => "a topic that vanishes",
        (Kind::DataQuality, _) => "data that looks wrong",
    }
}

fn segment(segment: &Segment) -> String {
    if segment.is_total() {
        return "all tickets".to_owned();
    }
    let cells: Vec<String> =
        segment.cells().iter().map(|(d, value)| format!("{} {value}", d.name())).collect();
    cells.join(" and ")
}

/// Verdict and nature, as words.
fn cause(report: &Report) -> String {
    format!("{} ({})", report.verdict.name().replace('_', " "), report.nature.name().replace('_', " "))
}

/// `191 against 120 expected (+71, +59.2 %)`. The percentage is the report's own figure.
fn tickets(report: &Report) -> String {
    let excess = report.tickets - report.expected;
    let percent = match report.impact_metrics.volume_increase_pct {
        Some(percent) if percent.is_finite() => format!(", {} %", signed(percent)),
        _ => String::new(),
    };
    let excess = if excess.is_finite() { format!(" ({}{percent})", signed(excess)) } else { String::new() };
    format!("{} against {} expected{excess}", number(report.tickets), number(report.expected))
}

fn signed(value: f64) -> String {
    if value < 0.0 { number(value) } else { format!("+{}", number(value)) }
}

/// A count: whole when it is large or whole, else with one digit; thousands are set apart.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let text = if value.abs() >= 20.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    let digits = whole.trim_start_matches('-').len();
    for (i, c) in whole.trim_start_matches('-').chars().enumerate() {
        if i > 0 && (digits - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    let sign = if value < 0.0 && !text.trim_matches(['-', '0', '.']).is_empty() { "−" } else { "" };
    fraction.map_or(format!("{sign}{out}"), |f| format!("{sign}{out}.{f}"))
}

fn local(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    at.to_zoned(zone.clone()).strftime(format).to_string()
}

/// The window in local time: days when it covers whole days, one date when it lies within a day.
fn window(window: &Window, zone: &TimeZone) -> String {
    let start = window.start.to_zoned(zone.clone());
    let end = window.end.to_zoned(zone.clone());
    let midnight = |z: &jiff::Zoned| z.time() == jiff::civil::Time::midnight();
    if midnight(&start) && midnight(&end) && start < end {
        let last = end.date().yesterday().unwrap_or(end.date());
        return if start.date() == last {
            format!("{last} (whole day)")
        } else {
            format!("{} to {last} (whole days)", start.date())
        };
    }
    let length = if window.hours() < 48.0 {
        format!("{} h", number((window.hours() * 100.0).round() / 100.0))
    } else {
        format!("{} days", number(window.hours() / 24.0))
    };
    let last = if start.date() == end.date() { "%H:%M %Z" } else { "%Y-%m-%d %H:%M %Z" };
    // Over a clock change both ends need their own zone.
    let first = if start.offset() == end.offset() { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M %Z" };
    format!("{} to {} ({length})", start.strftime(first), end.strftime(last))
}

fn severity(severity: Severity) -> String {
    let mut name = severity.name().to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// ` [E1, E3]`; empty without evidence.
fn references(evidence: &[String]) -> String {
    if evidence.is_empty() { String::new() } else { format!(" [{}]", evidence.join(", ")) }
}

/// `text` with the references of every claim it contains behind that claim.
fn with_references(text: &str, claims: &[Claim]) -> String {
    let mut marks: Vec<(usize, String)> = claims
        .iter()
        .filter_map(|c| {
            let claim = c.text.trim();
            let at = if claim.is_empty() { None } else { text.find(claim) }?;
            Some((at + claim.len(), references(&c.evidence)))
        })
        .collect();
    marks.sort();
    marks.dedup();
    let mut out = String::new();
    let mut from = 0;
    for (at, mark) in marks {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(&mark);
        from = at;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Claims that neither the summary nor the root cause repeats.
fn further_claims(report: &Report) -> Vec<&Claim> {
    let told = |c: &&Claim| {
        let text = c.text.trim();
        !text.is_empty() && !report.executive_summary.contains(text) && !report.root_cause.contains(text)
    };
    report.claims.iter().filter(told).collect()
}

/// The first ids and how many there are beyond; empty without tickets.
fn ticket_ids(ids: &[String]) -> String {
    let shown: Vec<&str> = ids.iter().take(MOST_TICKETS).map(String::as_str).collect();
    match ids.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests;
