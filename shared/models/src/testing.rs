//! Series for the unit tests.

use crate::calendar::Calendar;
use crate::detector::SeriesView;
use domain::anomaly::Granularity;
use domain::time::Hour;
use jiff::civil::date;
use jiff::{ToSpan, tz::TimeZone};

/// An owned series.
#[derive(Clone)]
pub struct Series {
    pub granularity: Granularity,
    pub calendar: Vec<Calendar>,
    pub values: Vec<f64>,
}

impl Series {
    pub fn view(&self) -> SeriesView<'_> {
        SeriesView { granularity: self.granularity, calendar: &self.calendar, values: &self.values }
    }
}

/// `n` days of hours from Monday 2023-01-02T00Z.
pub fn hours(n: usize, value: impl Fn(&Calendar) -> f64) -> Series {
    let first = Hour::of("2023-01-02T00:00:00Z".parse().unwrap());
    let calendar: Vec<_> =
        (0..n as i64 * 24).map(|i| Calendar::of_hour(first.plus(i), &TimeZone::UTC)).collect();
    let values = calendar.iter().map(value).collect();
    Series { granularity: Granularity::Hour, calendar, values }
}

/// `n` days from Monday 2023-01-02.
pub fn days(n: usize, value: impl Fn(&Calendar) -> f64) -> Series {
    let calendar: Vec<_> = (0..n as i64).map(|i| Calendar::of_day(date(2023, 1, 2) + i.days())).collect();
    let values = calendar.iter().map(value).collect();
    Series { granularity: Granularity::Day, calendar, values }
}

/// Reproducible counts near `mean`: a splitmix64 stream summed to a rough Poisson (variance = mean).
pub fn noise(seed: u64, mean: f64) -> f64 {
    // Another multiplier than the step's: neighbouring seeds share no numbers.
    let mut state = seed.wrapping_mul(0xD134_2543_DE82_EF95);
    let mut uniform = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    if mean > 30.0 {
        let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        return (mean + normal * mean.sqrt()).round().max(0.0);
    }
    let (limit, mut product, mut count) = ((-mean).exp(), uniform(), 0.0);
    while product > limit {
        product *= uniform();
        count += 1.0;
    }
    count
}
