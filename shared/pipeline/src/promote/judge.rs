//! Two levels of artifacts on counts that neither has seen.

use crate::artifact::Level;
use crate::calibrate::{EPISODE_GAP_HOURS, OutOfSample, drop_matters, episodes, raw_score};
use domain::anomaly::{Direction, Granularity};
use domain::segment::Segment;
use models::profile::clip_bound;
use models::{Calendar, SeriesView};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// 95 % quantiles of Student's t for 1 to 13 degrees of freedom; beyond, the normal's is close enough (1.645).
const T_95: [f64; 13] =
    [6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771];
/// Dispersion and standard deviations at which a count is taken for an incident, as where models are chosen: an
/// incident says nothing about who forecasts better.
const CLIP: (f64, f64) = (0.1, 4.0);
/// Standard deviations (Poisson) above the other's episodes, or the budget's, that are far more.
const FAR_MORE: f64 = 3.0;

/// How one artifact did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Mean Poisson deviance per series and step; lower is better.
    pub deviance: f64,
    /// Episodes at or above its threshold.
    pub episodes: usize,
}

/// How two artifacts did at one granularity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Days they were judged on.
    pub days: usize,
    /// Series they were judged on.
    pub series: usize,
    /// The one just trained.
    pub candidate: Figures,
    /// The one in use.
    pub current: Figures,
    /// Mean over the days of the candidate's deviance minus the other's.
    pub difference: f64,
    /// What chance explains of it (one-sided 95 %).
    pub chance: f64,
    /// Episodes that the budget allows in these days.
    pub budget: f64,
}

impl Comparison {
    /// Why the candidate is worse, if it is.
    pub(super) fn worse(&self, name: &str) -> Option<String> {
        let Self { candidate, current, .. } = self;
        if self.difference > self.chance {
            return Some(format!(
                "worse on {} days: deviance of {name} {:.4} against {:.4}, and chance explains {:.4} of the difference",
                self.days, candidate.deviance, current.deviance, self.chance
            ));
        }
        let usual = self.budget.max(current.episodes as f64);
        if candidate.episodes as f64 > usual + FAR_MORE * usual.sqrt() + 1.0 {
            return Some(format!(
                "worse on {} days: {} alarm episodes of {name} against {}, where the budget allows {:.1}",
                self.days, candidate.episodes, current.episodes, self.budget
            ));
        }
        None
    }
}

/// Forecasts the steps from `from` on with both.
pub(super) fn compare(
    candidate: &Level,
    current: &Level,
    calendar: &[Calendar],
    series: &BTreeMap<Segment, Vec<f64>>,
    from: usize,
) -> Comparison {
    let granularity = candidate.granularity;
    let steps_per_day = if granularity == Granularity::Hour { 24 } else { 1 };
    let known = |s: &Segment| candidate.series.contains_key(s) && current.series.contains_key(s);
    let common: Vec<(&Segment, &[f64])> =
        series.iter().filter(|(s, _)| known(s)).map(|(s, v)| (s, v.as_slice())).collect();
    let (new, old) =
        (forecasts(candidate, calendar, &common, from), forecasts(current, calendar, &common, from));
    // (candidate's deviance, the other's, steps) by day.
    let mut days = vec![(0.0, 0.0, 0.0); calendar.len().saturating_sub(from) / steps_per_day];
    for (a, b) in new.iter().zip(&old) {
        for (step, ((actual, x), y)) in a.actual.iter().zip(&a.mean).zip(&b.mean).enumerate() {
            let known = actual.is_finite() && x.is_finite() && y.is_finite();
            let Some(day) = days.get_mut(step / steps_per_day).filter(|_| known) else { continue };
            let clipped = actual.min(clip_bound(x.max(*y), CLIP.0, CLIP.1));
            *day = (day.0 + deviance(clipped, *x), day.1 + deviance(clipped, *y), day.2 + 1.0);
        }
    }
    days.retain(|day| day.2 > 0.0);
    let steps: f64 = days.iter().map(|day| day.2).sum::<f64>().max(1.0);
    let differences: Vec<f64> = days.iter().map(|day| (day.0 - day.1) / day.2).collect();
    let (difference, chance) = bound(&differences);
    let figures = |level: &Level, deviance: f64, forecasts: &[OutOfSample]| Figures {
        deviance: deviance / steps,
        episodes: alarms(level, &common, forecasts, steps_per_day),
    };
    Comparison {
        days: days.len(),
        series: common.len(),
        candidate: figures(candidate, days.iter().map(|day| day.0).sum(), &new),
        current: figures(current, days.iter().map(|day| day.1).sum(), &old),
        difference,
        chance,
        budget: candidate.backtest.budget * days.len() as f64 / 365.25,
    }
}

/// The mean, and the one-sided 95 % bound of its chance; one value alone says nothing.
fn bound(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    if values.len() < 2 {
        return (mean, f64::MAX);
    }
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    let quantile = T_95.get(values.len() - 2).copied().unwrap_or(1.645);
    (mean, quantile * (variance / n).sqrt())
}

/// Poisson deviance 2(y ln(y/m) − (y − m)).
fn deviance(actual: f64, mean: f64) -> f64 {
    let mean = mean.max(1e-6);
    let log = if actual > 0.0 { actual * (actual / mean).ln() } else { 0.0 };
    2.0 * (log - (actual - mean))
}

fn forecasts(
    level: &Level,
    calendar: &[Calendar],
    series: &[(&Segment, &[f64])],
    from: usize,
) -> Vec<OutOfSample> {
    let of = |(segment, values): &(&Segment, &[f64])| {
        let view = SeriesView { granularity: level.granularity, calendar, values };
        let model = level.models.get(level.series_model(segment).model);
        let forecasts = model.map(|m| m.detector().forecast(view, from)).unwrap_or_default();
        OutOfSample {
            drops: drop_matters(segment),
            actual: values.get(from..).unwrap_or(&[]).to_vec(),
            mean: forecasts.iter().map(|f| f.mean).collect(),
        }
    };
    series.iter().map(of).collect()
}

/// Episodes in which any window of any series scores at or above the threshold. `segments` name the series.
fn alarms(
    level: &Level,
    segments: &[(&Segment, &[f64])],
    series: &[OutOfSample],
    steps_per_day: usize,
) -> usize {
    let mut best = vec![0.0f64; series.iter().map(|s| s.actual.len()).max().unwrap_or(0)];
    for ((segment, _), row) in segments.iter().zip(series) {
        let dispersions = &level.series_model(segment).dispersion;
        for (w, (window, dispersion)) in level.windows.iter().zip(dispersions).enumerate() {
            for (cell, (actual, mean)) in best.iter_mut().zip(row.sums(*window)) {
                for direction in [Direction::Up, Direction::Down] {
                    let Some(tail) = level.tails(direction).get(w) else { continue };
                    if direction == Direction::Up || row.drops {
                        *cell = cell.max(tail.calibrated(raw_score(actual, mean, *dispersion, direction)));
                    }
                }
            }
        }
    }
    episodes(&best, level.threshold, (EPISODE_GAP_HOURS * steps_per_day / 24).max(1))
}
