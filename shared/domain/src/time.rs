//! Hours and 15-minute cells. Storage and windows are UTC; the stream's zone decides days and phases.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Cells per hour.
pub const CELLS_PER_HOUR: usize = 4;
/// Seconds in a cell.
pub const CELL_SECONDS: i64 = 900;
/// Seconds in an hour.
pub const HOUR_SECONDS: i64 = 3600;

/// Hours since 1970-01-01T00:00Z; the unit of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub i64);

impl Hour {
    /// The hour that contains `at`.
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(HOUR_SECONDS))
    }

    /// First instant of the hour (UTC). Saturates at the range of [`Timestamp`].
    pub fn start(self) -> Timestamp {
        Timestamp::from_second(self.0.saturating_mul(HOUR_SECONDS)).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// First instant after the hour (UTC).
    pub fn end(self) -> Timestamp {
        self.plus(1).start()
    }

    /// The hour `n` later (earlier when negative).
    pub fn plus(self, n: i64) -> Self {
        Self(self.0 + n)
    }

    /// UTC date of the hour.
    pub fn utc_date(self) -> Date {
        self.start().to_zoned(TimeZone::UTC).date()
    }

    /// UTC hour of the day, 0–23.
    pub fn utc_hour(self) -> i64 {
        self.0.rem_euclid(24)
    }

    /// The hours of `[from, to)`, widened to whole hours.
    pub fn range(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Hour> {
        let last = (to.as_second() + HOUR_SECONDS - 1).div_euclid(HOUR_SECONDS);
        (Self::of(from).0..last).map(Hour)
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}Z", self.utc_date(), self.utc_hour())
    }
}

/// Index of the cell within its hour, 0–3.
pub fn cell_of(at: Timestamp) -> usize {
    (at.as_second().rem_euclid(HOUR_SECONDS) / CELL_SECONDS) as usize
}

/// `[start, end)` in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant outside.
    pub end: Timestamp,
}

impl Window {
    /// `[start, end)`.
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether `at` is inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether both share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Length in hours.
    pub fn hours(&self) -> f64 {
        (self.end.as_second() - self.start.as_second()) as f64 / HOUR_SECONDS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_names_its_utc_date_before_the_epoch_too() {
        let hour = Hour::of("1969-12-31T23:30:00Z".parse().unwrap());
        assert_eq!(hour.to_string(), "1969-12-31T23Z");
        assert_eq!(cell_of("1969-12-31T23:30:00Z".parse().unwrap()), 2);
    }

    #[test]
    fn a_range_is_widened_to_whole_hours() {
        let from = "2023-01-01T00:30:00Z".parse().unwrap();
        let to = "2023-01-01T02:00:00Z".parse().unwrap();
        assert_eq!(Hour::range(from, to).count(), 2);
    }
}
