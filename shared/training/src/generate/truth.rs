//! What was put into a dataset: the labels.

use super::options::{GenerateError, Scenario, Theme};
use domain::anomaly::{Direction, Kind};
use domain::report::{Nature, Verdict};
use domain::segment::Segment;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Format version of [`Truth`].
pub const TRUTH_VERSION: u32 = 1;

/// Ground truth of a generated dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// [`TRUTH_VERSION`].
    pub version: u32,
    /// What happens.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// IANA zone of days and hours.
    pub time_zone: String,
    /// First day.
    pub from: Date,
    /// Last day, included.
    pub to: Date,
    /// Tickets in all.
    pub tickets: u64,
    /// What was injected; `None` for scenario `none`.
    pub anomaly: Option<TruthAnomaly>,
}

/// What was injected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthAnomaly {
    /// The day, or the first of the days.
    pub date: Date,
    /// First moment at which an alarm is right (UTC).
    pub onset: Timestamp,
    /// First moment at which it is over (UTC).
    pub end: Timestamp,
    /// What is anomalous.
    pub kind: Kind,
    /// Too many or too few; `None` where the count is as usual.
    pub direction: Option<Direction>,
    /// Tickets of the segment on its most affected day over those usual there.
    pub multiplier: f64,
    /// Tickets usual on `date`, all segments, before rounding.
    pub expected_day: f64,
    /// Tickets on `date`, all segments.
    pub actual_day: u64,
    /// Every affected day in order, all segments.
    pub days: Vec<TruthDay>,
    /// The segment that differs; `None` is the total.
    pub segment: Option<Segment>,
    /// What the tickets are about.
    pub theme: Option<Theme>,
    /// Lower-case pieces of text; most of the theme's tickets hold one in subject or body.
    pub keywords: Vec<String>,
    /// The right verdict of a report.
    pub verdict: Verdict,
    /// The right nature of a report.
    pub nature: Nature,
    /// Ids of the tickets that make the anomaly, in time order: those injected or delayed; every ticket of the day
    /// for `composition` and `uniform`; none for `drop` and `data-gap`.
    pub anomaly_tickets: Vec<String>,
}

/// Counts of an affected day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthDay {
    /// The day.
    pub date: Date,
    /// Tickets usual there, before rounding.
    pub expected: f64,
    /// Tickets.
    pub actual: u64,
}

impl Truth {
    /// Reads metadata. Fails on broken JSON and on another version.
    pub fn parse(json: &[u8]) -> Result<Self, GenerateError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let broken = |e: serde_json::Error| GenerateError::Metadata(e.to_string());
        let Version { version } = serde_json::from_slice(json).map_err(broken)?;
        if version != TRUTH_VERSION {
            return Err(GenerateError::Metadata(format!(
                "version {version} is unknown, expected {TRUTH_VERSION}; generate the dataset again"
            )));
        }
        serde_json::from_slice(json).map_err(broken)
    }
}
