//! Why an incident happened, from counts and words alone: no model, no network, no clock.
//!
//! [`diagnose`] gathers evidence with plain statistics, decides a verdict by rules, and words a report whose every
//! number and quote comes from that evidence.
//!
//! # Layout
//! - `facts`: the incident's tickets, redacted, and what was expected of them
//! - `profile`, `onset`: the usual week, and when the excess began
//! - `shifts`, `cells`: how the mix of each dimension moved, and the smallest segment that explains the excess
//! - `vocabulary`, `phrases`, `theme`: distinctive terms, and the largest coherent set of them
//! - `quality`, `repeats`: gaps, late arrivals, single senders, entry in bulk, copies, spam, attempts to steer
//! - `verdict`: the rules that choose among these readings
//! - `evidence`, `recommend`, `wording`, `report`: what is said, and on what it stands

mod cells;
mod evidence;
mod facts;
mod lexicon;
mod onset;
mod phrases;
mod profile;
mod quality;
mod recommend;
mod repeats;
mod report;
mod sentiment;
mod shifts;
mod stats;
#[cfg(test)]
mod synthetic;
mod theme;
mod verdict;
mod vocabulary;
mod wording;

use domain::incident::Incident;
use domain::report::Report;
use domain::rollup::HourRollup;
use domain::ticket::Ticket;
use jiff::tz::TimeZone;

/// An incident and the data it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The incident; its expectation is the one that counts.
    pub incident: &'a Incident,
    /// The stream's zone: decides hours of the week, and the times in the report's sentences.
    pub zone: &'a TimeZone,
    /// All tickets of the stream in the incident's window, the latest version of each, not redacted.
    pub tickets: &'a [Ticket],
    /// Rollups of the window's hours; hours without tickets may be left out.
    pub window: &'a [HourRollup],
    /// Rollups of the 28 days before the window; hours without tickets may be left out.
    pub background: &'a [HourRollup],
    /// Days of history there really are, at most 28.
    pub background_days: f64,
}

/// The report of an incident revision.
///
/// Deterministic. Of more than 4,000 tickets, every n-th is read for texts and reporters; counts use all.
/// Confidence is documented at the verdict's rules: support (how many reporters) times contrast (how much of the
/// excess the reading explains).
pub fn diagnose(case: &Case<'_>) -> Report {
    let facts = facts::Facts::read(case);
    let findings = verdict::Findings::gather(&facts);
    let decision = verdict::decide(&facts, &findings);
    report::assemble(&facts, &findings, &decision)
}
