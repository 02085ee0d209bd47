//! How busy a series is at present, robust against incidents, quick to accept a lasting change.

use crate::calendar::points_per_day;
use crate::detector::SeriesView;
use crate::profile::Profile;
use domain::anomaly::Granularity;

/// Days that a level looks back over.
pub const LEVEL_DAYS: usize = 28;
/// A day's weight halves every this many days, so a lasting change is mostly accepted within a week or two.
const HALF_LIFE: f64 = 7.0;
/// Robust standard deviations at which a day is clipped (2.58: Farrington's down-weighting of past outbreaks).
const CLIP: f64 = 2.58;
/// Tickets in four weeks that a silent series is still given.
const FLOOR: f64 = 0.5;
/// Least share of a day's expectation that must have been observed for the day to count.
const MIN_EXPOSURE: f64 = 0.25;

/// First bucket of the local day that bucket `at` lies in; `at` itself for a daily series.
pub fn day_start(series: SeriesView<'_>, at: usize) -> usize {
    let mut start = at;
    if series.granularity == Granularity::Hour && at < series.len() {
        while start > 0 && series.calendar[start - 1].same_day(&series.calendar[at]) {
            start -= 1;
        }
    }
    start
}

/// One local day: tickets, and what a level of 1 would have had in the hours that are not missing.
struct Day {
    count: f64,
    exposure: f64,
}

/// Tickets per average bucket (hour or day) before bucket `end`, from the 28 whole local days before it.
///
/// A mean of tickets per exposure, weighted by recency, in which each day is clipped at a robust bound around the
/// level: it starts at the median day and is refined three times; the bound's scale is the median absolute deviation
/// of the days, at least Poisson. Sparse series, whose median is zero, start at the mean. `end` should start a day
/// (see [`day_start`]). Never zero: at least half a ticket in four weeks. Without any value before `end`: that floor.
pub fn robust_level(series: SeriesView<'_>, end: usize, profile: &Profile) -> f64 {
    let days = days_before(series, end, profile);
    let floor = FLOOR / (LEVEL_DAYS * points_per_day(series.granularity)) as f64;
    let mut ratios: Vec<f64> = days.iter().map(|d| d.count / d.exposure).collect();
    let total: f64 = days.iter().map(|d| d.exposure).sum();
    if total <= 0.0 {
        return floor;
    }
    let mean = days.iter().map(|d| d.count).sum::<f64>() / total;
    let median = median(&mut ratios);
    let mut level = if median > 0.0 { median } else { mean };
    for _ in 0..3 {
        let mut deviations: Vec<f64> = days
            .iter()
            .map(|d| (d.count - level * d.exposure).abs() / (level * d.exposure).max(1e-9).sqrt())
            .collect();
        let scale = (1.4826 * self::median(&mut deviations)).max(1.0);
        let (mut count, mut exposure, mut weight) = (0.0, 0.0, 1.0);
        for day in &days {
            let expected = level * day.exposure;
            let reach = CLIP * scale * expected.sqrt() + 1.0;
            count += weight * day.count.clamp((expected - reach).max(0.0), expected + reach);
            exposure += weight * day.exposure;
            weight *= 0.5f64.powf(1.0 / HALF_LIFE);
        }
        level = (count / exposure).max(floor);
    }
    level
}

/// The local days before `end`, latest first, at most 28; days with too little observed are left out.
fn days_before(series: SeriesView<'_>, end: usize, profile: &Profile) -> Vec<Day> {
    let mut days = Vec::with_capacity(LEVEL_DAYS);
    let mut end = end.min(series.len());
    for _ in 0..LEVEL_DAYS {
        if end == 0 {
            break;
        }
        let start = day_start(series, end - 1);
        let mut day = Day { count: 0.0, exposure: 0.0 };
        let mut full = 0.0;
        for i in start..end {
            let factor = profile.factor(series.calendar[i].phase(series.granularity));
            full += factor;
            if series.values[i].is_finite() {
                day.count += series.values[i].max(0.0);
                day.exposure += factor;
            }
        }
        if day.exposure >= MIN_EXPOSURE * full && day.exposure > 0.0 {
            days.push(day);
        }
        end = start;
    }
    days
}

/// Median; 0 of nothing. Reorders its argument.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if below.len() == middle && values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lower + upper) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{days, hours, noise};

    fn level(series: &crate::testing::Series) -> f64 {
        let view = series.view();
        robust_level(view, view.len(), &Profile::flat(series.granularity))
    }

    #[test]
    fn a_steady_level_is_found() {
        let mut series = hours(40, |_| 0.0);
        for (i, value) in series.values.iter_mut().enumerate() {
            *value = noise(i as u64, 8.0);
        }
        assert!((level(&series) / 8.0 - 1.0).abs() < 0.03, "{}", level(&series));
        for (i, value) in series.values.iter_mut().enumerate() {
            *value = noise(i as u64, 0.05);
        }
        assert!((level(&series) / 0.05 - 1.0).abs() < 0.5, "{}", level(&series));
    }

    #[test]
    fn an_incident_moves_it_little_and_a_lasting_shift_fully() {
        let mut series = days(60, |_| 100.0);
        series.values[58] = 500.0;
        assert!(level(&series) < 104.0, "{}", level(&series));
        for value in &mut series.values[46..] {
            *value = 140.0;
        }
        assert!(level(&series) > 125.0, "{}", level(&series));
    }

    #[test]
    fn missing_is_not_zero_and_silence_is_not_impossible() {
        let mut series = hours(40, |_| 6.0);
        series.values[900..940].fill(f64::NAN);
        assert!((level(&series) - 6.0).abs() < 1e-9);
        assert!(level(&hours(40, |_| 0.0)) > 0.0);
        assert!(level(&hours(0, |_| 0.0)) > 0.0);
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&mut []), 0.0);
    }
}
