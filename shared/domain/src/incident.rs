//! Anomalies that belong together, followed from opening to resolution.

use crate::anomaly::{Anomaly, Direction, Kind, short_hash};
use crate::segment::Segment;
use crate::time::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Format version of [`Incident`].
pub const INCIDENT_VERSION: u32 = 1;

/// Where an incident is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Seen for the first time.
    Open,
    /// Grown markedly since it was last told.
    Escalated,
    /// Calm again.
    Resolved,
}

impl Status {
    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
        }
    }
}

/// How bad; a table over ratio and excess, never a model's opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Below the others.
    Low,
    /// ≥ 1.5 × expected and ≥ 10 extra tickets.
    Medium,
    /// ≥ 2 × expected and ≥ 25 extra tickets.
    High,
    /// ≥ 3 × expected and ≥ 50 extra tickets.
    Critical,
}

impl Severity {
    /// The severity of `actual` tickets where `expected` were due. A lack of tickets is at most medium: it says
    /// that something is off, not that customers suffer.
    pub fn of(actual: f64, expected: f64) -> Self {
        let excess = actual - expected;
        let ratio = actual / expected.max(1e-9);
        if ratio >= 3.0 && excess >= 50.0 {
            Self::Critical
        } else if ratio >= 2.0 && excess >= 25.0 {
            Self::High
        } else if (ratio >= 1.5 && excess >= 10.0) || (ratio <= 0.5 && excess <= -10.0) {
            Self::Medium
        } else {
            Self::Low
        }
    }

    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What was due and what came in one segment over the incident's window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentCount {
    /// The total or one value.
    pub segment: Segment,
    /// Tickets.
    pub actual: f64,
    /// Tickets the model expected.
    pub expected: f64,
}

/// One revision of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// [`INCIDENT_VERSION`].
    pub version: u32,
    /// The stream.
    pub stream: String,
    /// Fixed at opening: hash of stream and first anomaly.
    pub id: String,
    /// Counts up from 1.
    pub revision: u32,
    /// Where in its life.
    pub status: Status,
    /// When the first revision was decided (UTC).
    pub opened_at: Timestamp,
    /// When this revision was decided (UTC).
    pub decided_at: Timestamp,
    /// What is anomalous.
    pub kind: Kind,
    /// Too many or too few.
    pub direction: Direction,
    /// The segment that stands for it: the total when it fires, else the strangest one.
    pub segment: Segment,
    /// From the first anomalous cell to the last seen, at most 7 days, ending by the decision (UTC).
    pub window: Window,
    /// Tickets of `segment` in the window.
    pub tickets: f64,
    /// Tickets expected there.
    pub expected: f64,
    /// Highest score so far: −log10 of a tail probability.
    pub score: f64,
    /// Highest severity so far.
    pub severity: Severity,
    /// The anomalies of the latest decision that had any, strangest first, at most 20.
    pub anomalies: Vec<Anomaly>,
    /// Counts over the window for the total and every modelled value.
    pub counts: Vec<SegmentCount>,
}

impl Incident {
    /// The id of an incident: 16 hex digits.
    pub fn id_of(stream: &str, first_anomaly: &str) -> String {
        short_hash(&format!("{stream}|{first_anomaly}"))
    }
}

/// What travels on the queue: a pointer, never a ticket's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentMessage {
    /// The stream.
    pub stream: String,
    /// The incident's id.
    pub incident: String,
    /// Which revision to diagnose.
    pub revision: u32,
    /// W3C trace context of the run that decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_needs_both_ratio_and_excess() {
        assert_eq!(Severity::of(75.0, 25.0), Severity::Critical);
        assert_eq!(Severity::of(12.0, 1.0), Severity::Medium);
        assert_eq!(Severity::of(1100.0, 1000.0), Severity::Low);
        assert_eq!(Severity::of(0.0, 80.0), Severity::Medium);
    }
}
