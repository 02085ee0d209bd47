//! Seasonal negative-binomial baseline: level × weekly shape. Needs no fitting, so it works for a brand-new series.
//!
//! The level is [`robust_level`] of the last 28 whole local days; the shape is the series' own over the last weeks,
//! shrunk towards the pooled one. Both change at local midnight only: an incident does not raise its own baseline
//! on the day it happens.

use crate::artifact::{ModelError, check_version};
use crate::calendar::points_per_day;
use crate::detector::{Detector, Forecast, SeriesView};
use crate::level::{LEVEL_DAYS, day_start, robust_level};
use crate::profile::{Profile, clip_bound};
use domain::anomaly::Granularity;
use serde::{Deserialize, Serialize};

/// Format version of a stored [`Baseline`].
pub const BASELINE_VERSION: u32 = 1;
/// Days over which a series' own shape is estimated: 8 weeks of hours, 12 weeks of days.
const SHAPE_DAYS_HOUR: usize = 56;
const SHAPE_DAYS_DAY: usize = 84;
/// Overdispersion when nothing is known: a standard deviation of 14 % of the mean.
const DEFAULT_DISPERSION: f64 = 0.02;
/// Tickets per phase that the pooled shape counts for when nothing is known: shapes differ by about 22 %.
const DEFAULT_STRENGTH: f64 = 20.0;
/// Squared expectations that the stored dispersion counts for against the series' own.
const DISPERSION_WEIGHT: f64 = 200.0;
/// Residuals beyond this many standard deviations do not widen the dispersion.
const CLIP: f64 = 4.0;

/// The baseline of a family of series; holds what they share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredBaseline", into = "StoredBaseline")]
pub struct Baseline {
    profile: Profile,
    strength: f64,
    dispersion: f64,
}

#[derive(Serialize, Deserialize)]
struct StoredBaseline {
    version: u32,
    profile: Profile,
    strength: f64,
    dispersion: f64,
}

impl Baseline {
    /// A baseline that knows nothing yet: flat shape, default dispersion.
    pub fn unfitted(granularity: Granularity) -> Self {
        let profile = Profile::flat(granularity);
        Self { profile, strength: DEFAULT_STRENGTH, dispersion: DEFAULT_DISPERSION }
    }

    /// Learns the pooled shape and dispersion from the series of one stream; those of another granularity are ignored.
    pub fn fit(granularity: Granularity, series: &[SeriesView<'_>]) -> Self {
        let profile = Profile::pooled(granularity, series);
        let mut baseline = Self { profile, ..Self::unfitted(granularity) };
        let (mut excess, mut squares) = (0.0, 0.0);
        for view in series.iter().filter(|v| v.granularity == granularity) {
            let at = day_start(*view, view.len().saturating_sub(1));
            let moments = baseline.today(*view, at).moments;
            excess += moments.excess;
            squares += moments.squares;
        }
        let prior = DISPERSION_WEIGHT * DEFAULT_DISPERSION;
        baseline.dispersion = ((excess + prior) / (squares + DISPERSION_WEIGHT)).clamp(0.0, 10.0);
        baseline
    }

    /// Hours or days.
    pub fn granularity(&self) -> Granularity {
        self.profile.granularity()
    }

    /// The shape shared by the series of the stream.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Overdispersion typical of the stream.
    pub fn dispersion(&self) -> f64 {
        self.dispersion
    }

    /// What is known at the start of the local day that begins at bucket `start`.
    fn today(&self, series: SeriesView<'_>, start: usize) -> Today {
        let window = self.shape_points();
        let range = start.saturating_sub(window)..start;
        let profile = self.profile.of_series(series, range.clone(), self.strength);
        let level = robust_level(series, start, &profile);
        let mut moments = Moments::default();
        // Residuals around the window's own mean level: its drift is no noise of a bucket.
        let points = || range.clone().filter(|i| series.values[*i].is_finite());
        let shape = |i: usize| profile.factor(series.calendar[i].phase(series.granularity));
        let (count, exposure) =
            points().fold((0.0, 0.0), |(c, e), i| (c + series.values[i].max(0.0), e + shape(i)));
        let window_level = if exposure > 0.0 { count / exposure } else { 0.0 };
        for i in points() {
            let expected = window_level * shape(i);
            let cap = clip_bound(expected, self.dispersion, CLIP);
            moments.add(series.values[i].clamp(0.0, cap), expected);
        }
        Today { profile, level, moments }
    }

    fn shape_points(&self) -> usize {
        match self.granularity() {
            Granularity::Hour => SHAPE_DAYS_HOUR * 24,
            Granularity::Day => SHAPE_DAYS_DAY,
        }
    }
}

/// A day's level and shape, and how widely the past scattered around them.
struct Today {
    profile: Profile,
    level: f64,
    moments: Moments,
}

/// Moments of residuals: dispersion = Σ((y − m)² − m) / Σ m².
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    excess: f64,
    squares: f64,
}

impl Moments {
    /// Adds one count with its expectation.
    pub fn add(&mut self, actual: f64, mean: f64) {
        self.excess += (actual - mean) * (actual - mean) - mean;
        self.squares += mean * mean;
    }

    /// Moment estimate of the dispersion, pulled towards `prior`, which counts for a sum of 200 squared means.
    pub fn dispersion(&self, prior: f64) -> f64 {
        ((self.excess + DISPERSION_WEIGHT * prior) / (self.squares + DISPERSION_WEIGHT)).clamp(0.0, 10.0)
    }
}

impl Detector for Baseline {
    fn name(&self) -> &'static str {
        "baseline"
    }

    fn history(&self) -> usize {
        // One day more: the shape's window ends at the start of the local day.
        self.shape_points().max(LEVEL_DAYS * points_per_day(self.granularity())) + 25
    }

    fn forecast(&self, series: SeriesView<'_>, from: usize) -> Vec<Forecast> {
        let mut forecasts = Vec::with_capacity(series.len().saturating_sub(from));
        let mut today: Option<(usize, Today)> = None;
        for at in from..series.len() {
            let start = day_start(series, at);
            // The first hours of a series have no whole day before them: they use what there is.
            let known = if start == 0 { at } else { start };
            if today.as_ref().is_none_or(|(k, _)| *k != known) {
                today = Some((known, self.today(series, known)));
            }
            let Some((_, today)) = &today else { continue };
            let factor = today.profile.factor(series.calendar[at].phase(series.granularity));
            let dispersion = today.moments.dispersion(self.dispersion);
            forecasts.push(Forecast { mean: today.level * factor, dispersion });
        }
        forecasts
    }
}

impl From<Baseline> for StoredBaseline {
    fn from(b: Baseline) -> Self {
        Self { version: BASELINE_VERSION, profile: b.profile, strength: b.strength, dispersion: b.dispersion }
    }
}

impl TryFrom<StoredBaseline> for Baseline {
    type Error = ModelError;

    fn try_from(stored: StoredBaseline) -> Result<Self, ModelError> {
        check_version("baseline", stored.version, BASELINE_VERSION)?;
        ModelError::check_positive("baseline", "strength", stored.strength)?;
        ModelError::check_dispersion("baseline", stored.dispersion)?;
        Ok(Self { profile: stored.profile, strength: stored.strength, dispersion: stored.dispersion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Series, days, hours, noise};
    use domain::anomaly::Direction;
    use proptest::prelude::*;

    fn noisy(mut series: Series, scale: f64) -> Series {
        for (i, value) in series.values.iter_mut().enumerate() {
            *value = noise(i as u64 + 1, *value * scale);
        }
        series
    }

    fn office(c: &crate::calendar::Calendar) -> f64 {
        if c.is_weekend() {
            0.3
        } else if (8..18).contains(&c.hour) {
            2.0
        } else {
            0.4
        }
    }

    #[test]
    fn it_forecasts_the_shape_and_finds_a_spike() {
        let mut series = noisy(hours(90, office), 10.0);
        let at = 24 * 88 + 10; // a Thursday, 10:00
        series.values[at] = 45.0;
        let baseline = Baseline::fit(Granularity::Hour, &[series.view()]);
        let scores = baseline.score(series.view(), 24 * 80);
        let spike = scores[at - 24 * 80];
        assert!((spike.expected - 20.0).abs() < 3.0, "{spike:?}");
        assert!(spike.score > 4.0 && spike.direction == Direction::Up && spike.upper < 45.0, "{spike:?}");
        let others = scores.iter().filter(|s| s.score > 4.0).count();
        assert_eq!(others, 1);
    }

    #[test]
    fn a_sparse_series_stays_calibrated() {
        let total = noisy(hours(90, office), 10.0);
        let baseline = Baseline::fit(Granularity::Hour, &[total.view()]);
        let sparse = noisy(hours(90, office), 0.01);
        let forecasts = baseline.forecast(sparse.view(), 24 * 60);
        let expected: f64 = forecasts.iter().map(|f| f.mean).sum();
        let actual: f64 = sparse.values[24 * 60..].iter().sum();
        assert!((expected - actual).abs() < 4.0 * actual.sqrt() + 2.0, "{expected} {actual}");
        let scores = baseline.score(sparse.view(), 24 * 60);
        assert!(scores.iter().all(|s| s.score < 4.5));
    }

    #[test]
    fn a_new_series_is_forecast_from_its_first_values() {
        let mut series = days(3, |_| 50.0);
        let forecasts = Baseline::unfitted(Granularity::Day).forecast(series.view(), 0);
        assert!(forecasts[0].mean > 0.0 && forecasts[0].mean < 1.0);
        assert!((forecasts[2].mean - 50.0).abs() < 1.0);
        series.values.clear();
        assert!(Baseline::unfitted(Granularity::Day).forecast(series.view(), 0).is_empty());
    }

    #[test]
    fn missing_days_are_not_zeros() {
        let mut series = noisy(days(120, |_| 200.0), 1.0);
        series.values[100..119].fill(f64::NAN);
        let baseline = Baseline::fit(Granularity::Day, &[series.view()]);
        let last = baseline.forecast(series.view(), 119)[0];
        assert!((last.mean - 200.0).abs() < 20.0, "{last:?}");
        assert_eq!(baseline.score(series.view(), 118)[0].score, 0.0);
    }

    #[test]
    fn a_stored_baseline_reloads_bit_equal() {
        let series = noisy(hours(40, office), 7.0);
        let baseline = Baseline::fit(Granularity::Hour, &[series.view()]);
        let json = serde_json::to_string(&baseline).unwrap();
        assert_eq!(serde_json::from_str::<Baseline>(&json).unwrap(), baseline);
        let foreign = json.replacen("\"version\":1", "\"version\":2", 1);
        assert!(serde_json::from_str::<Baseline>(&foreign).unwrap_err().to_string().contains("version 2"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_forecast_depends_on_the_past_only(from in 60usize..1900, garbage in 0.0f64..1e4) {
            let mut series = noisy(hours(80, office), 5.0);
            let baseline = Baseline::fit(Granularity::Hour, &[series.view()]);
            let all = baseline.forecast(series.view(), 50);
            series.values[from..].fill(garbage);
            let one = baseline.forecast(series.view().prefix(from + 1), from);
            prop_assert_eq!(one[0], all[from - 50]);
        }
    }
}
