//! Prophet: trend, seasonality and holidays of one series, fixed at its training.
//!
//! Scoring only. A forecast is the curve at the bucket's own local date, whatever was counted since; so it drifts as
//! the series changes, unless the level is corrected by the days before.

mod curve;
#[cfg(test)]
mod tests;
mod uncertainty;

pub use curve::{Curve, Orders, Regressors};

use crate::artifact::{ModelError, check_version};
use crate::calendar::{Calendar, points_per_day};
use crate::detector::{Detector, Forecast, SeriesView};
use crate::interval::ResidualInterval;
use crate::level::{LEVEL_DAYS, median};
use curve::MODEL;
use domain::anomaly::Granularity;
use serde::{Deserialize, Serialize};
use uncertainty::Uncertainty;

/// Format version of a stored [`ProphetModel`].
pub const PROPHET_VERSION: u32 = 1;
/// Smallest mean: a falling trend goes below zero.
const MIN_MEAN: f64 = 1e-3;
/// Fewer observed days than this among the last 28 do not correct the level.
const MIN_LEVEL_DAYS: usize = 7;
/// Bounds of the corrected level, relative to the curve.
const MIN_RATIO: f64 = 0.05;
const MAX_RATIO: f64 = 20.0;

/// A fitted curve, and how wrong such curves were on data they had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredProphet", into = "StoredProphet")]
pub struct ProphetModel {
    granularity: Granularity,
    curve: Curve,
    level_correction: bool,
    interval: ResidualInterval,
    dispersion: f64,
}

#[derive(Serialize, Deserialize)]
struct StoredProphet {
    version: u32,
    granularity: Granularity,
    level_correction: bool,
    interval: ResidualInterval,
    dispersion: f64,
    curve: Curve,
}

impl ProphetModel {
    /// Puts a fitted curve together with what cross-validation said about such curves: the spread of the residuals and
    /// the overdispersion.
    ///
    /// With `level_correction` forecasts are multiplied by the median ratio of what was counted to the curve over the
    /// last 28 local days. Fails when a figure is not finite or lengths do not fit together.
    pub fn new(
        granularity: Granularity,
        curve: Curve,
        level_correction: bool,
        interval: ResidualInterval,
        dispersion: f64,
    ) -> Result<Self, ModelError> {
        curve.check()?;
        ModelError::check_dispersion(MODEL, dispersion)?;
        ModelError::check_dispersion(MODEL, interval.deviation)?;
        Ok(Self { granularity, curve, level_correction, interval, dispersion })
    }

    /// Hours or days.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// The fitted curve.
    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Whether forecasts follow the level of the last 28 days.
    pub fn level_correction(&self) -> bool {
        self.level_correction
    }

    /// Spread of the residuals in cross-validation.
    pub fn interval(&self) -> ResidualInterval {
        self.interval
    }

    /// Expected tickets of `from..series.len()`, which may be below zero.
    pub fn predict(&self, series: SeriesView<'_>, from: usize) -> Vec<f64> {
        self.curve_and_ratio(series, from).map(|(mean, ratio)| mean * ratio).collect()
    }

    /// The curve at each bucket of `from..series.len()`, and what corrects its level there.
    fn curve_and_ratio(&self, series: SeriesView<'_>, from: usize) -> impl Iterator<Item = (f64, f64)> {
        let mut row = Vec::with_capacity(self.curve.beta.len());
        let first = if self.level_correction { from.saturating_sub(self.history()) } else { from };
        let buckets = series.calendar[..series.len()].iter().skip(first);
        let means: Vec<f64> =
            buckets.map(|c| self.curve.value(local_hour(self.granularity, c), &mut row)).collect();
        let ratios =
            if self.level_correction { ratios(series, first, from, &means) } else { vec![1.0; means.len()] };
        means.into_iter().skip(from - first).zip(ratios)
    }

    /// Prophet's own interval of `from..series.len()`: lower and upper end that hold `width` (0–0.9999) of the noise
    /// and of the trend changes still to come; counts end at 0.
    pub fn bounds(&self, series: SeriesView<'_>, from: usize, width: f64) -> Vec<(f64, f64)> {
        let Curve { sigma_obs, delta, span, scale, .. } = &self.curve;
        let step = 24 / points_per_day(self.granularity) as i64;
        let lambda = delta.iter().map(|d| d.abs()).sum::<f64>() / delta.len().max(1) as f64 + 1e-8;
        let steps = |i: usize| {
            let beyond = self.curve.beyond(local_hour(self.granularity, &series.calendar[i])).max(0);
            u64::try_from((beyond + step - 1) / step).unwrap_or(0)
        };
        let range = from..series.len();
        let farthest = range.clone().map(steps).max().unwrap_or(0);
        let step_size = step as f64 / f64::from(*span);
        let mut uncertainty = Uncertainty::new(*sigma_obs, delta.len() as f64, lambda, step_size, farthest);
        let mut last = (u64::MAX, 0.0);
        let ends = range.zip(self.curve_and_ratio(series, from)).map(|(i, (curve, ratio))| {
            if last.0 != steps(i) {
                last = (steps(i), uncertainty.half_width(width, steps(i)));
            }
            let (mean, half) = (curve * ratio, last.1 * scale * ratio);
            ((mean - half).max(0.0), (mean + half).max(0.0))
        });
        ends.collect()
    }
}

/// The hour (from 1970-01-01T00, as local clocks show it) at which a bucket is forecast: its own, or its midnight.
pub fn local_hour(granularity: Granularity, calendar: &Calendar) -> i64 {
    let hour = match granularity {
        Granularity::Hour => i64::from(calendar.hour),
        Granularity::Day => 0,
    };
    24 * i64::from(calendar.epoch_day) + hour
}

/// Counted ÷ expected before each bucket of `from..series.len()`; `means` is the curve from `first` on.
///
/// The median over the last 28 local days before the bucket's own one, at least 7 of them with a count; the ratio
/// of the sums when the median is zero. 1 with fewer.
fn ratios(series: SeriesView<'_>, first: usize, from: usize, means: &[f64]) -> Vec<f64> {
    let mut days: Vec<(i32, f64, f64)> = Vec::new();
    let (mut ratio, mut date) = (1.0, None);
    let mut ratios = Vec::with_capacity(series.len().saturating_sub(from));
    for (at, mean) in (first..series.len()).zip(means) {
        let day = series.calendar[at].epoch_day;
        if at >= from && date != Some(day) {
            ratio = level_ratio(&days, day);
            date = Some(day);
        }
        if at >= from {
            ratios.push(ratio);
        }
        let actual = series.values[at];
        if actual.is_finite() {
            match days.last_mut().filter(|d| d.0 == day) {
                Some(known) => (known.1, known.2) = (known.1 + actual.max(0.0), known.2 + mean.max(0.0)),
                None => days.push((day, actual.max(0.0), mean.max(0.0))),
            }
        }
    }
    ratios
}

/// Counted ÷ expected over the 28 dates before `today`; `days` holds date, count and expectation in order of time.
fn level_ratio(days: &[(i32, f64, f64)], today: i32) -> f64 {
    let first = today.saturating_sub(LEVEL_DAYS as i32);
    let recent = days.iter().rev().skip_while(|d| d.0 >= today).take_while(|d| d.0 >= first);
    let (mut ratios, mut counted, mut expected) = (Vec::with_capacity(LEVEL_DAYS), 0.0, 0.0);
    for (_, count, mean) in recent.filter(|d| d.2 > 0.0) {
        ratios.push(count / mean);
        counted += count;
        expected += mean;
    }
    if ratios.len() < MIN_LEVEL_DAYS {
        return 1.0;
    }
    let median = median(&mut ratios);
    let ratio = if median > 0.0 { median } else { counted / expected };
    ratio.clamp(MIN_RATIO, MAX_RATIO)
}

impl Detector for ProphetModel {
    fn name(&self) -> &'static str {
        "prophet"
    }

    /// Nothing but for the correction of the level: 28 whole local days, the longest of 25 hours, and today's.
    fn history(&self) -> usize {
        match (self.level_correction, self.granularity) {
            (false, _) => 0,
            (true, Granularity::Day) => LEVEL_DAYS,
            (true, Granularity::Hour) => LEVEL_DAYS * 24 + 26,
        }
    }

    fn forecast(&self, series: SeriesView<'_>, from: usize) -> Vec<Forecast> {
        let means = self.predict(series, from).into_iter();
        means.map(|mean| Forecast { mean: mean.max(MIN_MEAN), dispersion: self.dispersion }).collect()
    }
}

impl From<ProphetModel> for StoredProphet {
    fn from(m: ProphetModel) -> Self {
        let ProphetModel { granularity, curve, level_correction, interval, dispersion } = m;
        Self { version: PROPHET_VERSION, granularity, level_correction, interval, dispersion, curve }
    }
}

impl TryFrom<StoredProphet> for ProphetModel {
    type Error = ModelError;

    fn try_from(stored: StoredProphet) -> Result<Self, ModelError> {
        check_version(MODEL, stored.version, PROPHET_VERSION)?;
        let StoredProphet { granularity, curve, level_correction, interval, dispersion, .. } = stored;
        Self::new(granularity, curve, level_correction, interval, dispersion)
    }
}
