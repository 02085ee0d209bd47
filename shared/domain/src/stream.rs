//! One help desk's flow and its settings.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Format version of [`StreamConfig`].
pub const STREAM_VERSION: u32 = 1;

/// Settings of a stream. One knob decides how often it may cry wolf: [`StreamConfig::alarm_budget`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamConfig {
    /// [`STREAM_VERSION`].
    pub version: u32,
    /// Name, first part of every key: 1–64 of `a-z`, `0-9`, `-`, `_`.
    pub stream: String,
    /// IANA zone that decides days, hour-of-week phase and holidays.
    pub time_zone: String,
    /// Expected false alarms a year over the whole tree of segments and themes.
    pub alarm_budget: f64,
}

impl StreamConfig {
    /// A stream with the default budget of 24 false alarms a year.
    pub fn new(stream: impl Into<String>, time_zone: impl Into<String>) -> Self {
        Self {
            version: STREAM_VERSION,
            stream: stream.into(),
            time_zone: time_zone.into(),
            alarm_budget: 24.0,
        }
    }

    /// The zone itself. Fails when the name is not in the IANA database.
    pub fn zone(&self) -> Result<TimeZone, String> {
        TimeZone::get(&self.time_zone).map_err(|_| {
            format!("unknown time zone {:?}; expected an IANA name such as Europe/Berlin", self.time_zone)
        })
    }

    /// Checks name, zone and budget.
    pub fn validate(&self) -> Result<(), String> {
        if self.version != STREAM_VERSION {
            return Err(format!(
                "settings of format version {}, this program reads {STREAM_VERSION}",
                self.version
            ));
        }
        validate_name(&self.stream)?;
        self.zone()?;
        if !self.alarm_budget.is_finite() || self.alarm_budget <= 0.0 {
            return Err(format!("alarm budget {} is not a positive number", self.alarm_budget));
        }
        Ok(())
    }
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self::new("default", "UTC")
    }
}

/// Checks that `name` can stand in keys.
pub fn validate_name(name: &str) -> Result<(), String> {
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if (1..=64).contains(&name.len()) && name.chars().all(ok) {
        Ok(())
    } else {
        Err(format!("stream name {name:?} must be 1 to 64 of a-z, 0-9, \"-\" and \"_\""))
    }
}
