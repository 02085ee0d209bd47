//! What the calendar says about a bucket, in the stream's zone.

use domain::anomaly::Granularity;
use domain::time::Hour;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Hours in a week, the phases of an hourly series.
pub const HOURS_PER_WEEK: usize = 168;
/// Days in a week, the phases of a daily series.
pub const DAYS_PER_WEEK: usize = 7;

/// Calendar fields of one bucket, in the stream's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Days since 1970-01-01 of the local date.
    pub epoch_day: i32,
    /// Monday is 0, Sunday 6.
    pub day_of_week: u8,
    /// 0–23; 0 for a day.
    pub hour: u8,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day_of_month: u8,
    /// 1–366.
    pub day_of_year: u16,
}

impl Calendar {
    /// Fields of a UTC hour as clocks of `zone` show its first instant.
    pub fn of_hour(hour: Hour, zone: &TimeZone) -> Self {
        Self::at(hour.start(), zone)
    }

    /// Fields of an instant as clocks of `zone` show it.
    pub fn at(instant: Timestamp, zone: &TimeZone) -> Self {
        Self::of(zone.to_datetime(instant))
    }

    /// Fields of a whole day; its hour is 0.
    pub fn of_day(date: Date) -> Self {
        Self::of(date.to_datetime(jiff::civil::Time::midnight()))
    }

    fn of(local: DateTime) -> Self {
        Self {
            epoch_day: epoch_day(local.date()),
            day_of_week: local.weekday().to_monday_zero_offset().unsigned_abs(),
            hour: local.hour().unsigned_abs(),
            month: local.month().unsigned_abs(),
            day_of_month: local.day().unsigned_abs(),
            day_of_year: local.day_of_year().unsigned_abs(),
        }
    }

    /// Monday 00:00 is 0, Sunday 23:00 is 167.
    pub fn hour_of_week(&self) -> usize {
        usize::from(self.day_of_week) * 24 + usize::from(self.hour)
    }

    /// Saturday or Sunday.
    pub fn is_weekend(&self) -> bool {
        self.day_of_week >= 5
    }

    /// Position in the week: hour of the week for hours, day of the week for days.
    pub fn phase(&self, granularity: Granularity) -> usize {
        match granularity {
            Granularity::Hour => self.hour_of_week().min(HOURS_PER_WEEK - 1),
            Granularity::Day => usize::from(self.day_of_week).min(DAYS_PER_WEEK - 1),
        }
    }

    /// Whether both lie on the same local date.
    pub fn same_day(&self, other: &Self) -> bool {
        self.epoch_day == other.epoch_day
    }
}

/// Days since 1970-01-01.
pub fn epoch_day(date: Date) -> i32 {
    (date - Date::constant(1970, 1, 1)).get_days()
}

/// Number of phases in a week: 168 or 7.
pub fn phases(granularity: Granularity) -> usize {
    match granularity {
        Granularity::Hour => HOURS_PER_WEEK,
        Granularity::Day => DAYS_PER_WEEK,
    }
}

/// Points of a series in a usual day: 24 or 1.
pub fn points_per_day(granularity: Granularity) -> usize {
    match granularity {
        Granularity::Hour => 24,
        Granularity::Day => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_described_in_the_streams_zone() {
        // Thursday 2023-10-05 23:00Z is Friday 01:00 in Berlin (summer time).
        let hour = Hour::of("2023-10-05T23:00:00Z".parse().unwrap());
        let berlin = Calendar::of_hour(hour, &TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!((berlin.day_of_week, berlin.hour, berlin.day_of_month), (4, 1, 6));
        assert_eq!(berlin.hour_of_week(), 97);
        assert_eq!((epoch_day("1970-01-02".parse().unwrap()), berlin.epoch_day), (1, 19_636));
        assert_eq!(Calendar::of_hour(hour, &TimeZone::UTC).hour_of_week(), 95);
    }

    #[test]
    fn a_day_has_the_fields_of_its_midnight() {
        let day = Calendar::of_day("2024-12-31".parse().unwrap());
        assert_eq!((day.day_of_week, day.hour, day.month, day.day_of_year), (1, 0, 12, 366));
        assert!(!day.is_weekend());
        assert!(Calendar::of_day("2024-12-29".parse().unwrap()).is_weekend());
    }
}
