//! What support and engineering read. Written once per incident revision.

use crate::anomaly::{Direction, Kind};
use crate::incident::{Severity, Status};
use crate::segment::Segment;
use crate::time::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Format version of [`Report`].
pub const REPORT_VERSION: u32 = 1;

/// What the evidence supports saying about the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A cell or a theme explains the excess.
    Localized,
    /// The mix moved in several dimensions at once, without one theme.
    CompositionShift,
    /// More (or fewer) of everything: no single cause.
    VolumeOnly,
    /// The data is off, not the product.
    DataQuality,
    /// Too little evidence.
    Inconclusive,
    /// Tickets try to steer the report.
    SuspectedManipulation,
}

impl Verdict {
    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Localized => "localized",
            Self::CompositionShift => "composition_shift",
            Self::VolumeOnly => "volume_only",
            Self::DataQuality => "data_quality",
            Self::Inconclusive => "inconclusive",
            Self::SuspectedManipulation => "suspected_manipulation",
        }
    }
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// The product or service itself.
    Product,
    /// Somebody else's system, or the world.
    External,
    /// The usual wave after a release.
    ReleaseWave,
    /// One customer or sender.
    SingleSource,
    /// Unwanted mail.
    Spam,
    /// Tickets entered in one go.
    BulkEntry,
    /// The same ticket again and again.
    Duplicate,
    /// Tickets are missing.
    Gap,
    /// Tickets that waited and arrived together.
    Backlog,
    /// The tickets do not tell.
    Unknown,
}

impl Nature {
    /// The name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::External => "external",
            Self::ReleaseWave => "release_wave",
            Self::SingleSource => "single_source",
            Self::Spam => "spam",
            Self::BulkEntry => "bulk_entry",
            Self::Duplicate => "duplicate",
            Self::Gap => "gap",
            Self::Backlog => "backlog",
            Self::Unknown => "unknown",
        }
    }
}

/// One piece of evidence: numbers by name, and the tickets behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// `E1`, `E2`, …; unique in the report.
    pub id: String,
    /// What sort: `volume`, `baseline`, `shift`, `phrase`, `ticket`, `duplicates`, `gap`, …
    pub kind: String,
    /// One line a person can read.
    pub summary: String,
    /// Numbers, by name.
    pub values: std::collections::BTreeMap<String, f64>,
    /// Ids of tickets that support it, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<String>,
}

/// A sentence of the report and the evidence it stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// Ids of [`Evidence`]; never empty.
    pub evidence: Vec<String>,
}

/// Another reading of the evidence, and what would confirm it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// The reading.
    pub text: String,
    /// What to look at to confirm it.
    pub confirm_by: String,
    /// Ids of [`Evidence`].
    pub evidence: Vec<String>,
}

/// A verbatim piece of a ticket's redacted text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The ticket's id.
    pub ticket: String,
    /// The piece.
    pub text: String,
}

/// The seed's figures, under the seed's names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpactMetrics {
    /// 100·(actual − expected)/expected over the incident's window and segment, the expectation stored with the
    /// incident; rounded to 0.1. `null` when nothing was expected.
    pub volume_increase_pct: Option<f64>,
    /// Most frequent priority of the window's tickets.
    pub primary_priority: Option<String>,
    /// Most frequent queue of the window's tickets.
    pub primary_queue: Option<String>,
    /// Most frequent type of the window's tickets.
    pub primary_type: Option<String>,
}

/// The report of one incident revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub schema_version: u32,
    /// The stream.
    pub stream: String,
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// Where the incident was in its life.
    pub status: Status,
    /// When the incident was opened (UTC).
    pub opened_at: Timestamp,
    /// When this revision was decided (UTC).
    pub decided_at: Timestamp,
    /// How bad.
    pub severity: Severity,
    /// What is anomalous.
    pub kind: Kind,
    /// Too many or too few.
    pub direction: Direction,
    /// The segment that stands for the incident.
    pub segment: Segment,
    /// When (UTC).
    pub window: Window,
    /// When it began, to the quarter hour (UTC).
    pub onset: Timestamp,
    /// Tickets of the segment in the window.
    pub tickets: f64,
    /// Tickets expected there.
    pub expected: f64,
    /// −log10 of the tail probability.
    pub score: f64,
    /// What the evidence supports saying about the cause.
    pub verdict: Verdict,
    /// What sort of thing happened.
    pub nature: Nature,
    /// 0–1, computed from the evidence.
    pub confidence: f64,
    /// One line.
    pub title: String,
    /// Two sentences.
    pub executive_summary: String,
    /// What the evidence says about the cause.
    pub root_cause: String,
    /// The seed's figures.
    pub impact_metrics: ImpactMetrics,
    /// Products, queues or tags with enough distinct reporters behind them.
    pub affected_services: Vec<String>,
    /// One word from counted words: `frustrated`, `neutral`, …
    pub customer_sentiment: String,
    /// Verbatim pieces of representative tickets that differ from each other.
    pub sample_complaints: Vec<Quote>,
    /// What to do, each following from evidence.
    pub recommendations: Vec<Claim>,
    /// Distinctive words and phrases, strongest first, at most 8.
    pub keywords: Vec<String>,
    /// Ids of tickets of the window that show it best, at most 20.
    pub sample_ticket_ids: Vec<String>,
    /// Everything the report stands on.
    pub evidence: Vec<Evidence>,
    /// The report's sentences with their evidence.
    pub claims: Vec<Claim>,
    /// Other readings.
    pub alternatives: Vec<Alternative>,
    /// What was said and could not be proven; empty for the statistical analyst.
    pub unverified: Vec<String>,
    /// Who wrote it: `statistical` or `agent`.
    pub analyst: String,
}

/// What differs from run to run, kept beside the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The incident.
    pub incident: String,
    /// Its revision.
    pub revision: u32,
    /// When the diagnosis began (UTC).
    pub started_at: Timestamp,
    /// Named durations in milliseconds.
    pub timings_ms: std::collections::BTreeMap<String, f64>,
}
