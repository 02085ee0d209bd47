//! Fits the panel: shape, drift and scatter of a total, its holidays, and the shares of its dimensions.
//!
//! Everything is estimated with past incidents clipped or left out, and nothing iterates until convergence: a year of
//! days takes less than a millisecond.

use crate::TrainError;
use domain::anomaly::Granularity;
use models::calendar::{Calendar, phases, points_per_day};
use models::detector::SeriesView;
use models::panel::{DimensionModel, PanelModel, PanelView, windows};
use models::profile::Profile;
use models::shares::Shares;
use std::collections::BTreeMap;

/// Least days of history with a count.
const LEAST_DAYS: usize = 21;
/// Buckets on either side of one that say what its level was: half a week.
const HALF_WEEK: (usize, usize) = (3, 84);
/// Rounds of shape, level and clipping; in the first ones little is known and the bound is wider.
const ROUNDS: usize = 6;
const CLIPS: (f64, f64) = (3.5, 3.0);
/// A level fitted through its own buckets follows them: the scatter around it is about this much too small.
const LOST_FREEDOM: f64 = 1.15;
/// Overdispersion before anything is known.
const START_DISPERSION: f64 = 0.02;
/// Drifts tried, per day, and scatters tried, relative to that around the fitted level.
const DRIFTS: [f64; 6] = [2e-6, 2e-5, 1e-4, 4e-4, 1.2e-3, 3e-3];
const SCATTERS: [f64; 7] = [0.0, 0.3, 0.5, 0.7, 0.85, 1.0, 1.2];
/// Units tried below 1, and how much the logarithm of the likelihood must gain for one.
const UNITS: [f64; 3] = [0.5, 0.25, 0.1];
const UNIT_GAIN: f64 = 4.0;
/// Buckets at the start whose forecasts are not judged.
const SETTLING: usize = 20;
/// What is known of holidays beforehand, as logarithms of factors: mean and standard deviation of a stream's typical
/// holiday, and standard deviation between its holidays.
const HOLIDAY: (f64, f64, f64) = (-0.3, 0.4, 0.25);
/// Days at the start that say nothing of the scatter of shares.
const SHARE_WARM_UP_DAYS: usize = 14;
/// Days at the start that say nothing of how windows vary.
const WINDOW_WARM_UP_DAYS: usize = 14;

/// What a dimension is called, and whether its first value is the one that rises in an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DimensionName {
    /// Name, such as `queue`.
    pub name: String,
    /// Whether only the first value is watched.
    pub ordered: bool,
}

/// Fits a panel to the whole of `view` (NaN is missing); `names` are those of its dimensions. `holidays` may lie
/// anywhere, past or future.
///
/// Fails with fewer than 21 days of counts, or without a single ticket.
pub fn fit_panel(
    view: PanelView<'_>,
    names: &[DimensionName],
    holidays: &[i32],
) -> Result<PanelModel, TrainError> {
    let series = view.total;
    let per_day = points_per_day(series.granularity);
    let mut holidays = holidays.to_vec();
    holidays.sort_unstable();
    holidays.dedup();
    let is_holiday = |c: &Calendar| holidays.binary_search(&c.epoch_day).is_ok();
    let usable: Vec<bool> =
        (0..series.len()).map(|i| series.values[i].is_finite() && !is_holiday(&series.calendar[i])).collect();
    let rows = usable.iter().filter(|u| **u).count();
    if rows < LEAST_DAYS * per_day {
        return Err(TrainError::TooShort { rows, needed: LEAST_DAYS * per_day });
    }
    if series.values.iter().all(|v| v.is_nan() || *v == 0.0) {
        return Err(TrainError::BadRows("every count is zero".to_owned()));
    }
    let shaped = Shaped::fit(series, &usable);
    let scatter = shaped.dynamics(per_day as f64);
    let Scatter { drift, dispersion, unit } = scatter;
    let inflation = shaped.inflation(series.granularity, &scatter);
    let holiday_effect = shaped.holiday_effect(series, &holidays, dispersion);
    let dimensions =
        view.dimensions.iter().zip(names).map(|(counts, name)| fit_dimension(series, counts, name)).collect();
    Ok(PanelModel {
        profile: shaped.profile,
        level: shaped.start,
        drift,
        dispersion,
        unit,
        inflation,
        holidays,
        holiday_effect,
        dimensions,
    })
}

/// A series taken apart into level and shape, incidents clipped.
struct Shaped<'a> {
    profile: Profile,
    /// Shape per bucket.
    factors: Vec<f64>,
    /// Level per bucket, NaN where nothing is near.
    levels: Vec<f64>,
    /// Counts with incidents clipped; meaningless where not usable.
    clipped: Vec<f64>,
    usable: &'a [bool],
    dispersion: f64,
    start: f64,
}

/// How a single-hypothesis filter moves and scatters: variance = unit · mean + dispersion · mean².
#[derive(Clone, Copy)]
struct Scatter {
    drift: f64,
    dispersion: f64,
    unit: f64,
}

impl<'a> Shaped<'a> {
    fn fit(series: SeriesView<'_>, usable: &'a [bool]) -> Self {
        let half = if series.granularity == Granularity::Hour { HALF_WEEK.1 } else { HALF_WEEK.0 };
        let phase: Vec<usize> = series.calendar.iter().map(|c| c.phase(series.granularity)).collect();
        let mut clipped = series.values.to_vec();
        let mut profile = Profile::flat(series.granularity);
        let mut dispersion = START_DISPERSION;
        let (mut factors, mut levels) = (vec![1.0; series.len()], Vec::new());
        for round in 0..ROUNDS {
            levels = around(&clipped, &factors, usable, half);
            profile = shape(series.granularity, &phase, &clipped, &levels, usable, dispersion);
            for (factor, phase) in factors.iter_mut().zip(&phase) {
                *factor = profile.factor(*phase);
            }
            levels = around(&clipped, &factors, usable, half);
            let clip = if round < 2 { CLIPS.0 } else { CLIPS.1 };
            let (mut excess, mut squares) = (0.0, 0.0);
            for i in (0..series.len()).filter(|i| usable[*i] && levels[*i].is_finite()) {
                let mean = (levels[i] * factors[i]).max(1e-3);
                let reach = clip * (mean + dispersion * mean * mean).sqrt() + 0.5;
                clipped[i] = series.values[i].clamp((mean - reach).max(0.0), mean + reach);
                excess += (clipped[i] - mean) * (clipped[i] - mean) - mean;
                squares += mean * mean;
            }
            dispersion = (LOST_FREEDOM * excess / squares.max(1e-9)).clamp(1e-4, 1.0);
        }
        let start = levels.iter().copied().find(|l| l.is_finite() && *l > 0.0).unwrap_or(1.0).max(1e-3);
        Self { profile, factors, levels, clipped, usable, dispersion, start }
    }

    /// Drift and scatter with the best one-step forecasts of the clipped counts.
    fn dynamics(&self, per_day: f64) -> Scatter {
        let mut best =
            (f64::NEG_INFINITY, Scatter { drift: DRIFTS[0], dispersion: self.dispersion, unit: 1.0 });
        for drift in DRIFTS.map(|d| d / per_day) {
            for dispersion in SCATTERS.map(|s| s * self.dispersion) {
                let scatter = Scatter { drift, dispersion, unit: 1.0 };
                let likelihood = self.likelihood(&scatter);
                if likelihood > best.0 {
                    best = (likelihood, scatter);
                }
            }
        }
        let usable = (0..self.clipped.len()).filter(|i| self.usable[*i]);
        let means = usable.map(|i| self.levels[i] * self.factors[i]).filter(|m| m.is_finite());
        let (sum, squares) = means.fold((0.0, 0.0), |(s, q), m| (s + m, q + m * m));
        best.0 += UNIT_GAIN;
        for unit in UNITS {
            // The same variance on the whole, but more of it in busy buckets.
            let moved = self.dispersion + (1.0 - unit) * sum / f64::max(squares, 1e-9);
            for dispersion in SCATTERS.map(|s| s * moved) {
                let scatter = Scatter { dispersion, unit, ..best.1 };
                let likelihood = self.likelihood(&scatter);
                if likelihood > best.0 {
                    best = (likelihood, scatter);
                }
            }
        }
        best.1
    }

    /// Logarithm of the likelihood of the clipped counts, by the normal, up to a constant.
    fn likelihood(&self, scatter: &Scatter) -> f64 {
        let mut likelihood = 0.0;
        self.filter(scatter, |at, deviation, variance| {
            if at >= SETTLING {
                likelihood -= 0.5 * (variance.ln() + (deviation * deviation / variance).min(9.0));
            }
        });
        likelihood
    }

    /// Runs one hypothesis over the clipped counts; `visit` gets the bucket, its deviation from the forecast, and the
    /// variance of that.
    fn filter(&self, scatter: &Scatter, mut visit: impl FnMut(usize, f64, f64)) {
        let (mut log_level, mut unsure, mut level) = (self.start.ln(), 0.04, self.start);
        for at in 0..self.clipped.len() {
            unsure += scatter.drift;
            if !self.usable[at] {
                continue;
            }
            let mean = level * self.factors[at].max(1e-6);
            let variance = scatter.unit * mean + mean * mean * (scatter.dispersion + unsure) + 1e-6;
            let deviation = self.clipped[at] - mean;
            visit(at, deviation, variance);
            let reach = 3.0 * variance.sqrt();
            let gain = unsure * mean / variance;
            log_level += gain * deviation.clamp(-reach, reach);
            unsure = (unsure * (1.0 - gain * mean)).max(1e-9);
            level = log_level.exp();
        }
    }

    fn inflation(&self, granularity: Granularity, scatter: &Scatter) -> Vec<f64> {
        let mut steps: Vec<(f64, f64)> = Vec::with_capacity(self.clipped.len());
        let warm_up = WINDOW_WARM_UP_DAYS * points_per_day(granularity);
        self.filter(scatter, |at, deviation, variance| {
            if at >= warm_up {
                steps.push((deviation, variance));
            }
        });
        windows(granularity)
            .iter()
            .map(|span| if *span == 1 { 1.0 } else { inflation(sums(&steps, *span)) })
            .collect()
    }

    /// Mean and variance of the logarithm of a holiday's factor.
    fn holiday_effect(&self, series: SeriesView<'_>, holidays: &[i32], dispersion: f64) -> (f64, f64) {
        let (typical, wide, between) = HOLIDAY;
        let mut days: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
        for at in 0..series.len() {
            let day = series.calendar[at].epoch_day;
            if series.values[at].is_finite()
                && self.levels[at].is_finite()
                && holidays.binary_search(&day).is_ok()
            {
                let (count, expected) = days.entry(day).or_default();
                *count += series.values[at];
                *expected += self.levels[at] * self.factors[at];
            }
        }
        let (mut precision, mut sum) = (1.0 / (wide * wide), typical / (wide * wide));
        for (count, expected) in days.into_values().filter(|(_, expected)| *expected > 0.0) {
            let ratio = ((count + 0.5) / (expected + 0.5)).ln();
            let weight = 1.0 / (between * between + 1.0 / (expected + 1.0) + dispersion);
            precision += weight;
            sum += weight * ratio;
        }
        (sum / precision, between * between + 1.0 / precision)
    }
}

/// Level of each bucket: tickets per shape among the usable buckets up to `half` away.
fn around(values: &[f64], factors: &[f64], usable: &[bool], half: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let (mut count, mut shape) = (0.0, 0.0);
    sums.push((count, shape));
    for i in 0..values.len() {
        if usable[i] {
            count += values[i];
            shape += factors[i];
        }
        sums.push((count, shape));
    }
    let level = |i: usize| {
        let (from, to) = (sums[i.saturating_sub(half)], sums[(i + half + 1).min(values.len())]);
        if to.1 > from.1 { (to.0 - from.0) / (to.1 - from.1) } else { f64::NAN }
    };
    (0..values.len()).map(level).collect()
}

/// Weekly shape. For hours: day of week × hour of day, and each hour of the week as far from that as its counts say
/// beyond their noise.
fn shape(
    granularity: Granularity,
    phase: &[usize],
    values: &[f64],
    levels: &[f64],
    usable: &[bool],
    dispersion: f64,
) -> Profile {
    let width = phases(granularity);
    let (mut count, mut exposure, mut buckets) = (vec![0.0; width], vec![0.0; width], vec![0.0f64; width]);
    for i in (0..values.len()).filter(|i| usable[*i] && levels[*i].is_finite()) {
        count[phase[i]] += values[i];
        exposure[phase[i]] += levels[i];
        buckets[phase[i]] += 1.0;
    }
    let ratio = |count: f64, exposure: f64| (count + 0.5) / (exposure + 0.5);
    if granularity == Granularity::Day {
        let factors = count.iter().zip(&exposure).map(|(c, e)| ratio(*c, *e)).collect();
        return Profile::from_factors(granularity, factors);
    }
    let (mut days, mut hours) = ([1.0; 7], [1.0; 24]);
    for _ in 0..5 {
        for (day, factor) in days.iter_mut().enumerate() {
            let own = day * 24..(day + 1) * 24;
            let expected: f64 = own.clone().map(|p| exposure[p] * hours[p % 24]).sum();
            *factor = ratio(count[own].iter().sum(), expected);
        }
        for (hour, factor) in hours.iter_mut().enumerate() {
            let own = (0..7).map(|day| day * 24 + hour);
            let expected: f64 = own.clone().map(|p| exposure[p] * days[p / 24]).sum();
            *factor = ratio(own.map(|p| count[p]).sum(), expected);
        }
    }
    let separable: Vec<f64> = (0..width).map(|p| days[p / 24] * hours[p % 24]).collect();
    // How far hours of the week truly are from the product, by moments.
    let apart = |p: usize| {
        let expected = exposure[p] * separable[p];
        let noise = 1.0 / expected + dispersion / buckets[p].max(1.0);
        (expected > 0.0).then(|| (ratio(count[p], exposure[p]) / separable[p] - 1.0, noise))
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for (difference, noise) in (0..width).filter_map(apart) {
        let weight = 1.0 / (noise * noise);
        sum += weight * (difference * difference - noise);
        weights += weight;
    }
    let spread = (sum / f64::max(weights, 1e-9)).max(0.0);
    let factor = |p: usize| match apart(p) {
        Some((difference, noise)) => separable[p] * (1.0 + spread / (spread + noise) * difference),
        None => separable[p],
    };
    Profile::from_factors(granularity, (0..width).map(factor).collect())
}

/// Deviations of the sums over `span` buckets in their own standard deviations.
fn sums(steps: &[(f64, f64)], span: usize) -> Vec<f64> {
    let standardized = |window: &[(f64, f64)]| {
        let (deviation, variance) = window.iter().fold((0.0, 0.0), |(d, v), s| (d + s.0, v + s.1));
        deviation / variance.max(1e-12).sqrt()
    };
    steps.windows(span).map(standardized).collect()
}

/// Robust variance of standardized sums, at least 1: they are clipped at 2.5 of its own roots, which costs a normal
/// 4.5 % of its variance.
fn inflation(sums: Vec<f64>) -> f64 {
    if sums.len() < 30 {
        return 1.0;
    }
    let mut variance = 1.0f64;
    for _ in 0..4 {
        let reach = 2.5 * variance.sqrt();
        let squares: f64 = sums.iter().map(|s| s.clamp(-reach, reach).powi(2)).sum();
        variance = (squares / sums.len() as f64 / 0.955).clamp(0.5, 20.0);
    }
    variance.max(1.0)
}

fn fit_dimension(series: SeriesView<'_>, counts: &[Vec<f64>], name: &DimensionName) -> DimensionModel {
    let per_day = points_per_day(series.granularity);
    let known = |i: &usize| series.values[*i].is_finite();
    let at = |value: &[f64], i: usize| value.get(i).copied().unwrap_or(0.0);
    let total: f64 = (0..series.len()).filter(known).map(|i| series.values[i]).sum();
    let share = |value: &Vec<f64>| {
        let sum: f64 = (0..series.len()).filter(known).map(|i| at(value, i)).sum();
        (sum + 0.5) / (total + 0.5 * counts.len() as f64)
    };
    let shares: Vec<f64> = counts.iter().map(share).collect();
    let mut dispersion = 0.01;
    let mut steps = Vec::new();
    let mut sums_of = Vec::new();
    for _ in 0..3 {
        let (mut excess, mut squares) = (0.0, 0.0);
        let mut learner = Shares::new(&shares, dispersion, per_day as f64);
        sums_of = vec![Vec::new(); counts.len()];
        for i in (0..series.len()).filter(known) {
            learner.step(series.values[i], counts.iter().map(|value| at(value, i)), &mut steps);
            if i < SHARE_WARM_UP_DAYS * per_day {
                continue;
            }
            for (step, sums) in steps.iter().zip(&mut sums_of) {
                let rest = 1.0 - step.mean / series.values[i].max(f64::MIN_POSITIVE);
                let square = (step.mean * rest) * (step.mean * rest);
                let variance = step.variance + step.unsure * square;
                let deviation = step.count - step.mean;
                if deviation.abs() < 3.5 * variance.sqrt() + 1.0 {
                    excess += deviation * deviation - step.mean * rest - step.unsure * square;
                    squares += square;
                }
                sums.push((deviation.clamp(-2.5 * variance.sqrt(), 2.5 * variance.sqrt()), step.variance));
            }
        }
        dispersion = (excess / squares.max(1e-9)).clamp(0.0, 1.0);
    }
    let of_window = |span: &usize| {
        // Values with hardly a ticket say nothing.
        let busy = sums_of
            .iter()
            .zip(&shares)
            .filter(|(_, share)| **share * total > 3.0 * series.len() as f64 / *span as f64);
        if *span == 1 { 1.0 } else { inflation(busy.flat_map(|(steps, _)| sums(steps, *span)).collect()) }
    };
    let inflation = windows(series.granularity).iter().map(of_window).collect();
    let DimensionName { name, ordered } = name.clone();
    DimensionModel { name, shares, ordered, dispersion, inflation }
}

#[cfg(test)]
mod tests;
