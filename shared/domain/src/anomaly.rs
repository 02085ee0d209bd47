//! A window of a series that its model finds too strange for the alarm budget.

use crate::segment::Segment;
use crate::time::Window;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is anomalous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The number of tickets of a segment.
    Volume,
    /// What customers write about.
    Theme,
    /// The data itself: missing, repeated, entered in bulk.
    DataQuality,
}

/// Too many or too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More than expected.
    Up,
    /// Fewer than expected.
    Down,
}

/// Resolution of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Hours (UTC).
    Hour,
    /// Days of the stream's zone.
    Day,
}

/// One anomaly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Hash of series, window and kind.
    pub id: String,
    /// What is anomalous.
    pub kind: Kind,
    /// Too many or too few.
    pub direction: Direction,
    /// Where.
    pub segment: Segment,
    /// The series' resolution.
    pub granularity: Granularity,
    /// When (UTC).
    pub window: Window,
    /// Tickets in the window.
    pub actual: f64,
    /// Tickets the model expected there.
    pub expected: f64,
    /// −log10 of the calibrated tail probability; higher is stranger.
    pub score: f64,
}

impl Anomaly {
    /// The id of an anomaly: 16 hex digits.
    pub fn id_of(
        stream: &str,
        kind: Kind,
        segment: &Segment,
        granularity: Granularity,
        window: Window,
    ) -> String {
        short_hash(&format!("{stream}|{kind:?}|{segment}|{granularity:?}|{}|{}", window.start, window.end))
    }
}

/// First 16 hex digits of SHA-256.
pub fn short_hash(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect()
}
