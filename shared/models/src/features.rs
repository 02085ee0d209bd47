//! What LightGBM sees of a series: calendar, lags, rolling mean and deviation, all from before the bucket.

use crate::detector::SeriesView;
use domain::anomaly::Granularity;

/// Features of a daily series.
const DAY: [&str; 10] = [
    "day_of_week",
    "is_weekend",
    "month",
    "day_of_month",
    "day_of_year",
    "lag_1",
    "lag_7",
    "lag_14",
    "rolling_mean_7d",
    "rolling_std_7d",
];
/// Features of an hourly series; lags and windows in hours.
const HOUR: [&str; 14] = [
    "hour",
    "hour_of_week",
    "day_of_week",
    "is_weekend",
    "month",
    "day_of_month",
    "day_of_year",
    "lag_24",
    "lag_168",
    "lag_336",
    "rolling_mean_24h",
    "rolling_std_24h",
    "rolling_mean_168h",
    "rolling_std_168h",
];
/// Features that name a date rather than a phase.
pub const DATES: [&str; 3] = ["month", "day_of_month", "day_of_year"];
const DAY_LAGS: [usize; 3] = [1, 7, 14];
const HOUR_LAGS: [usize; 3] = [24, 168, 336];
const DAY_WINDOWS: &[usize] = &[7];
const HOUR_WINDOWS: &[usize] = &[24, 168];

/// Names of the features, in order.
pub fn names(granularity: Granularity) -> &'static [&'static str] {
    match granularity {
        Granularity::Day => &DAY,
        Granularity::Hour => &HOUR,
    }
}

/// Points before a bucket that its features reach back: 14 days or 336 hours.
pub fn reach(granularity: Granularity) -> usize {
    lags(granularity)[2]
}

fn lags(granularity: Granularity) -> [usize; 3] {
    match granularity {
        Granularity::Day => DAY_LAGS,
        Granularity::Hour => HOUR_LAGS,
    }
}

/// Computes feature rows of consecutive buckets at constant cost each.
///
/// `get` reads a value (NaN when missing or before the start) and must answer the same for the lifetime of the
/// walk. A rolling feature needs at least half of its window, else it is NaN. Sums of whole counts are exact, so a
/// row does not depend on where the walk began.
pub struct Walk<'a, F: Fn(usize) -> f64> {
    series: SeriesView<'a>,
    get: F,
    at: usize,
    windows: Vec<Rolling>,
    dates: bool,
}

impl<'a, F: Fn(usize) -> f64> Walk<'a, F> {
    /// Starts at bucket `at`.
    pub fn new(series: SeriesView<'a>, at: usize, get: F) -> Self {
        let widths = match series.granularity {
            Granularity::Day => DAY_WINDOWS,
            Granularity::Hour => HOUR_WINDOWS,
        };
        let windows = widths.iter().map(|width| Rolling::before(at, *width, &get)).collect();
        Self { series, get, at, windows, dates: true }
    }

    /// Leaves [`DATES`] out of the rows.
    pub fn without_dates(self) -> Self {
        Self { dates: false, ..self }
    }

    /// Writes the features of the current bucket into `row` (cleared first); values are divided by `scale`.
    pub fn row(&self, scale: f64, row: &mut Vec<f64>) {
        row.clear();
        self.push_calendar(row);
        for lag in lags(self.series.granularity) {
            row.push(self.at.checked_sub(lag).map_or(f64::NAN, |i| (self.get)(i)) / scale);
        }
        for window in &self.windows {
            let (mean, deviation) = window.mean_and_deviation();
            row.push(mean / scale);
            row.push(deviation / scale);
        }
    }

    fn push_calendar(&self, row: &mut Vec<f64>) {
        let calendar = &self.series.calendar[self.at];
        if self.series.granularity == Granularity::Hour {
            row.push(f64::from(calendar.hour));
            row.push(calendar.hour_of_week() as f64);
        }
        row.push(f64::from(calendar.day_of_week));
        row.push(if calendar.is_weekend() { 1.0 } else { 0.0 });
        if self.dates {
            row.push(f64::from(calendar.month));
            row.push(f64::from(calendar.day_of_month));
            row.push(f64::from(calendar.day_of_year));
        }
    }

    /// Moves on to the next bucket.
    pub fn advance(&mut self) {
        for window in &mut self.windows {
            window.add((self.get)(self.at), 1.0);
            if let Some(oldest) = self.at.checked_sub(window.width) {
                window.add((self.get)(oldest), -1.0);
            }
        }
        self.at += 1;
    }
}

/// Sum and sum of squares over the `width` buckets before the current one.
struct Rolling {
    width: usize,
    count: f64,
    sum: f64,
    squares: f64,
}

impl Rolling {
    fn before(at: usize, width: usize, get: &impl Fn(usize) -> f64) -> Self {
        let mut rolling = Self { width, count: 0.0, sum: 0.0, squares: 0.0 };
        for i in at.saturating_sub(width)..at {
            rolling.add(get(i), 1.0);
        }
        rolling
    }

    fn add(&mut self, value: f64, sign: f64) {
        if value.is_finite() {
            self.count += sign;
            self.sum += sign * value;
            self.squares += sign * value * value;
        }
    }

    /// Mean and sample standard deviation (n − 1).
    fn mean_and_deviation(&self) -> (f64, f64) {
        let n = self.count;
        if 2.0 * n < self.width as f64 {
            return (f64::NAN, f64::NAN);
        }
        let mean = self.sum / n;
        let variance = (self.squares - self.sum * mean) / (n - 1.0);
        (mean, variance.max(0.0).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{days, hours, noise};

    #[test]
    fn a_daily_row_has_lags_and_the_window_before_it() {
        let mut series = days(20, |_| 0.0);
        series.values.iter_mut().enumerate().for_each(|(i, v)| *v = i as f64);
        let view = series.view();
        let mut row = Vec::new();
        Walk::new(view, 15, |i| view.values[i]).row(1.0, &mut row);
        // 2023-01-17 is a Tuesday; the window holds 8 … 14.
        assert_eq!(row.len(), names(Granularity::Day).len());
        assert_eq!(row[..9], [1.0, 0.0, 1.0, 17.0, 17.0, 14.0, 8.0, 1.0, 11.0]);
        assert!((row[9] - (28.0f64 / 6.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_is_missing_is_nan_and_half_a_window_suffices() {
        let mut series = days(20, |_| 5.0);
        series.values[8..12].fill(f64::NAN);
        let view = series.view();
        let row_at = |at| {
            let mut row = Vec::new();
            Walk::new(view, at, |i| view.values[i]).row(1.0, &mut row);
            row
        };
        assert!(row_at(13)[8].is_nan(), "3 of 7");
        assert_eq!(row_at(8)[8], 5.0);
        assert_eq!(row_at(16)[8], 5.0, "4 of 7");
        assert!(row_at(9)[5].is_nan() && row_at(3)[7].is_nan());
    }

    #[test]
    fn walking_equals_starting_anew() {
        let mut series = hours(30, |_| 0.0);
        series.values.iter_mut().enumerate().for_each(|(i, v)| *v = noise(i as u64, 9.0));
        let view = series.view();
        let (mut walked, mut fresh) = (Vec::new(), Vec::new());
        let mut walk = Walk::new(view, 3, |i| view.values[i]);
        for at in 3..view.len() {
            walk.row(2.0, &mut walked);
            Walk::new(view, at, |i| view.values[i]).row(2.0, &mut fresh);
            assert_eq!(format!("{walked:?}"), format!("{fresh:?}"), "{at}");
            assert_eq!(walked.len(), names(Granularity::Hour).len());
            walk.advance();
        }
    }
}
