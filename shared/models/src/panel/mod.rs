//! The default detector: a stream's total and the shares of its segments, read together over several windows.
//!
//! For every bucket it asks how strange the total is given the level so far ([`LevelFilter`]), how strange each value's
//! share of the total is ([`Shares`]), and how strange both are at once, over the last bucket and over a few longer
//! windows. The smallest probability counts; how many questions were asked is left to the calibration
//! ([`crate::calibration::TailCalibration::from_pooled`]). A bucket that has raised an alarm takes no part in later windows, and the level
//! goes back to what it was before: one incident is one alarm.

mod evidence;

pub use evidence::Evidence;

use crate::artifact::{ModelError, check_version};
use crate::calendar::{Calendar, points_per_day};
use crate::detector::{Detector, Forecast, SeriesView};
use crate::level_filter::{Dynamics, LevelFilter, Step};
use crate::profile::Profile;
use crate::shares::{ShareStep, Shares};
use domain::anomaly::{Direction, Granularity};
use evidence::Windows;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Format version of a stored [`PanelModel`].
pub const PANEL_VERSION: u32 = 1;
/// Score (before calibration) from which a window's buckets are taken for an incident.
const ALARM: f64 = 4.0;
/// Weight of the level from before an alarm against the level that learned from it.
const REWIND_WEIGHT: f64 = 0.9;
/// What a window of several buckets costs: it asks once more.
const WINDOW_PENALTY: f64 = 0.3;
const MODEL: &str = "panel";

/// Windows over which buckets are read together, shortest first; the first is one bucket.
pub fn windows(granularity: Granularity) -> &'static [usize] {
    match granularity {
        Granularity::Hour => &[1, 3, 6, 12],
        Granularity::Day => &[1, 3],
    }
}

/// One dimension of a stream, such as its queues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionModel {
    /// Name, such as `queue`.
    pub name: String,
    /// Share of each value in training, in the order of the view's values; any scale.
    pub shares: Vec<f64>,
    /// Whether only the first value is watched: priorities are ordered, and the highest rises.
    pub ordered: bool,
    /// Overdispersion of a value's tickets around its share of the total.
    pub dispersion: f64,
    /// How much more the sum over each of [`windows`] varies than its buckets alone say; at least 1.
    pub inflation: Vec<f64>,
}

/// A stream's total and its dimensions, in step.
#[derive(Clone, Copy, Debug)]
pub struct PanelView<'a> {
    /// The total.
    pub total: SeriesView<'a>,
    /// Counts by dimension, value and bucket; as many dimensions and values as the model has.
    pub dimensions: &'a [Vec<Vec<f64>>],
}

/// How strange one bucket is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanelScore {
    /// −log10 of the smallest probability among the questions asked; not yet calibrated. 0 when missing.
    pub score: f64,
    /// Above or below what the level so far expects of the total.
    pub direction: Direction,
    /// Buckets of the window that answered it.
    pub window: usize,
    /// What was strange.
    pub evidence: Evidence,
    /// Tickets expected of this bucket.
    pub forecast: Forecast,
}

/// A fitted panel. Holidays are local days given as days since 1970-01-01, in ascending order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredPanel", into = "StoredPanel")]
pub struct PanelModel {
    /// Weekly shape of the total.
    pub profile: Profile,
    /// Level at the start of training, in tickets per average bucket.
    pub level: f64,
    /// Variance that the logarithm of the level gains per bucket.
    pub drift: f64,
    /// Overdispersion of the total.
    pub dispersion: f64,
    /// Tickets that come and go as one: variance = unit · mean + dispersion · mean². 1 for customers who write when they
    /// like; less where a total varies less than that, as planned or made-up counts do.
    pub unit: f64,
    /// How much more the sum over each of [`windows`] varies than its buckets alone say; at least 1.
    pub inflation: Vec<f64>,
    /// Local days that are unlike their weekday, past and to come.
    pub holidays: Vec<i32>,
    /// Mean and variance of the logarithm of a holiday's factor.
    pub holiday_effect: (f64, f64),
    /// Dimensions, may be none.
    pub dimensions: Vec<DimensionModel>,
}

#[derive(Serialize, Deserialize)]
struct StoredPanel {
    version: u32,
    profile: Profile,
    level: f64,
    drift: f64,
    dispersion: f64,
    unit: f64,
    inflation: Vec<f64>,
    holidays: Vec<i32>,
    holiday_effect: (f64, f64),
    dimensions: Vec<DimensionModel>,
}

impl PanelModel {
    /// Hours or days.
    pub fn granularity(&self) -> Granularity {
        self.profile.granularity()
    }

    /// Expected factor of a bucket, and the variance of its logarithm, which is zero but for holidays.
    pub fn factor(&self, calendar: &Calendar) -> (f64, f64) {
        let factor = self.profile.factor(calendar.phase(self.granularity())).max(1e-6);
        if self.holidays.binary_search(&calendar.epoch_day).is_ok() {
            let (mean, variance) = self.holiday_effect;
            return (factor * mean.exp(), variance);
        }
        (factor, 0.0)
    }

    fn filter(&self) -> LevelFilter {
        let per_day = points_per_day(self.granularity()) as f64;
        let dynamics = Dynamics { drift: self.drift, dispersion: self.dispersion, per_day };
        LevelFilter::new(dynamics, self.level / self.unit)
    }

    /// A step in tickets.
    fn forecast_of(&self, step: Step) -> Forecast {
        let (mean, variance) = (step.mean * self.unit, step.variance * self.unit * self.unit);
        Forecast { mean, dispersion: ((variance - mean) / (mean * mean)).max(0.0) }
    }

    /// Scores every bucket of the view from its first on, each from what came before it.
    ///
    /// Dimensions beyond the model's, and values beyond a dimension's, are not looked at.
    pub fn scores(&self, view: PanelView<'_>) -> Vec<PanelScore> {
        let per_day = points_per_day(self.granularity()) as f64;
        let spans = windows(self.granularity());
        let longest = spans.last().copied().unwrap_or(1);
        let mut filter = self.filter();
        let mut earlier: VecDeque<LevelFilter> = VecDeque::with_capacity(longest);
        let mut shares: Vec<Shares> =
            self.dimensions.iter().map(|d| Shares::new(&d.shares, d.dispersion, per_day)).collect();
        let mut windows = Windows::new(self, longest);
        let mut scores = Vec::with_capacity(view.total.len());
        let mut steps: Vec<ShareStep> = Vec::new();
        for at in 0..view.total.len() {
            if earlier.len() == longest {
                earlier.pop_front();
            }
            earlier.push_back(filter.clone());
            let total = view.total.values[at];
            let (factor, unsure) = self.factor(&view.total.calendar[at]);
            // Counted in units, the total is a usual count.
            let step = filter.step(total / self.unit, factor, unsure);
            windows.push(total / self.unit, step, unsure);
            for ((shares, counts), number) in shares.iter_mut().zip(view.dimensions).zip(0..) {
                if total.is_finite() {
                    let counts = counts.iter().map(|value| value.get(at).copied().unwrap_or(0.0));
                    shares.step(total, counts, &mut steps);
                    windows.push_shares(number, &steps);
                }
            }
            let mut score = PanelScore {
                score: 0.0,
                direction: if step.upper <= step.lower { Direction::Up } else { Direction::Down },
                window: 1,
                evidence: Evidence::Volume,
                forecast: self.forecast_of(step),
            };
            if total.is_finite() {
                for (number, span) in spans.iter().enumerate() {
                    let penalty = if number == 0 { 0.0 } else { WINDOW_PENALTY };
                    if let Some((found, evidence)) = windows.strangest(number, *span) {
                        let found = found - penalty;
                        if found > score.score {
                            score = PanelScore { score: found, window: *span, evidence, ..score };
                        }
                    }
                }
            }
            if score.score > ALARM {
                windows.settle(score.window);
                if let Some(before) = earlier.len().checked_sub(score.window).and_then(|i| earlier.get(i)) {
                    filter.rewind(before, score.window, REWIND_WEIGHT);
                }
            }
            scores.push(score);
        }
        scores
    }
}

impl Detector for PanelModel {
    fn name(&self) -> &'static str {
        "panel"
    }

    fn history(&self) -> usize {
        8 * 7 * points_per_day(self.granularity())
    }

    /// The total alone; the level is learned from the view's first bucket on.
    fn forecast(&self, series: SeriesView<'_>, from: usize) -> Vec<Forecast> {
        let scores = self.scores(PanelView { total: series, dimensions: &[] });
        scores.into_iter().skip(from).map(|s| s.forecast).collect()
    }
}

impl From<PanelModel> for StoredPanel {
    fn from(m: PanelModel) -> Self {
        Self {
            version: PANEL_VERSION,
            profile: m.profile,
            level: m.level,
            drift: m.drift,
            dispersion: m.dispersion,
            unit: m.unit,
            inflation: m.inflation,
            holidays: m.holidays,
            holiday_effect: m.holiday_effect,
            dimensions: m.dimensions,
        }
    }
}

impl TryFrom<StoredPanel> for PanelModel {
    type Error = ModelError;

    fn try_from(stored: StoredPanel) -> Result<Self, ModelError> {
        check_version(MODEL, stored.version, PANEL_VERSION)?;
        ModelError::check_positive(MODEL, "level", stored.level)?;
        ModelError::check_positive(MODEL, "drift", stored.drift)?;
        ModelError::check_positive(MODEL, "unit", stored.unit)?;
        ModelError::check_dispersion(MODEL, stored.dispersion)?;
        ModelError::check_positive(MODEL, "holiday effect", stored.holiday_effect.0.exp())?;
        ModelError::check_dispersion(MODEL, stored.holiday_effect.1)?;
        let spans = windows(stored.profile.granularity()).len();
        let inflations =
            [&stored.inflation].into_iter().chain(stored.dimensions.iter().map(|d| &d.inflation));
        for inflation in inflations {
            let value = inflation.iter().copied().fold(f64::INFINITY, f64::min);
            if inflation.len() != spans || value.is_nan() || value < 1.0 {
                return Err(ModelError::Range {
                    model: MODEL,
                    field: "inflation",
                    value: format!("{inflation:?}"),
                });
            }
        }
        for dimension in &stored.dimensions {
            ModelError::check_dispersion(MODEL, dimension.dispersion)?;
            for share in &dimension.shares {
                ModelError::check_dispersion(MODEL, *share)?;
            }
        }
        if !stored.holidays.is_sorted() {
            let value = "a list out of order".to_owned();
            return Err(ModelError::Range { model: MODEL, field: "holidays", value });
        }
        let StoredPanel { profile, level, drift, dispersion, unit, inflation, .. } = stored;
        let StoredPanel { holidays, holiday_effect, dimensions, .. } = stored;
        Ok(Self { profile, level, drift, dispersion, unit, inflation, holidays, holiday_effect, dimensions })
    }
}

#[cfg(test)]
mod tests;
