//! Fits models to series and says how well they forecast what they have not seen.

use crate::TrainError;
use crate::cross_validation::{OutOfSample, Point, clip, compare, cross_validate_baseline, folds};
use crate::lightgbm::{Objective, Rows, TreeOptions, train};
use domain::anomaly::Granularity;
use models::baseline::{Baseline, Moments};
use models::calendar::{Calendar, points_per_day};
use models::detector::SeriesView;
use models::features;
use models::interval::ResidualInterval;
use models::lightgbm::Booster;
use models::pooled::{self, PooledLightGbm};
use models::profile::Profile;
use models::single::{self, SingleLightGbm};
use std::ops::Range;

/// Days at the start of a series that are not trained on: their levels and lags are not settled.
const WARM_UP_DAYS: usize = 14;

/// How [`fit_pooled`] trains and validates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PooledOptions {
    /// The trees.
    pub trees: TreeOptions,
    /// Most rows of the final fit; a fixed hash chooses them.
    pub rows: usize,
    /// Most rows of a fold's fit.
    pub fold_rows: usize,
    /// Rolling-origin folds.
    pub folds: usize,
    /// Share of the series, at its end, that the folds forecast.
    pub share: f64,
}

impl Default for PooledOptions {
    fn default() -> Self {
        let trees = TreeOptions {
            objective: Objective::Poisson,
            trees: 80,
            leaves: 15,
            learning_rate: 0.1,
            min_rows_in_leaf: 50,
            min_leaf_weight: 40.0,
        };
        Self { trees, rows: 40_000, fold_rows: 25_000, folds: 3, share: 0.4 }
    }
}

/// A pooled model, the baseline beside it, and the cross-validation of both.
#[derive(Clone, Debug)]
pub struct FittedPooled {
    /// The trees of all series.
    pub model: PooledLightGbm,
    /// The baseline of all series.
    pub baseline: Baseline,
    /// Per series, in the order given: forecasts by trees that never saw them.
    pub lightgbm_check: Vec<OutOfSample>,
    /// The same by baselines; same points, losses comparable.
    pub baseline_check: Vec<OutOfSample>,
}

impl FittedPooled {
    /// Whether the trees forecast series `index` better than the baseline in cross-validation.
    pub fn prefers_lightgbm(&self, index: usize) -> bool {
        match (self.lightgbm_check.get(index), self.baseline_check.get(index)) {
            (Some(trees), Some(baseline)) => !trees.points.is_empty() && trees.loss < baseline.loss,
            _ => false,
        }
    }
}

/// Learns the pooled shape of the series of one granularity.
pub fn fit_baseline(granularity: Granularity, series: &[SeriesView<'_>]) -> Baseline {
    Baseline::fit(granularity, series)
}

/// Fits one LightGBM model to all `series` (NaN is missing), which share `calendar`, and cross-validates it and the
/// baseline. Fails when there are too few rows, no ticket at all, or series longer than the calendar.
pub fn fit_pooled(
    granularity: Granularity,
    calendar: &[Calendar],
    series: &[&[f64]],
    options: &PooledOptions,
) -> Result<FittedPooled, TrainError> {
    if let Some(long) = series.iter().find(|s| s.len() != calendar.len()) {
        return Err(TrainError::BadRows(format!(
            "{} values for a calendar of {}",
            long.len(),
            calendar.len()
        )));
    }
    let views: Vec<_> = series.iter().map(|values| SeriesView { granularity, calendar, values }).collect();
    let baseline = Baseline::fit(granularity, &views);
    let rows = sample(&views, baseline.profile(), calendar.len(), options.rows);
    let booster = train(&rows.rows, &pooled::feature_names(granularity), options.trees)?;

    let folds = folds(calendar.len(), options.share, options.folds);
    let mut lightgbm_check = cross_validate_pooled(&views, &folds, options)?;
    let mut baseline_check = cross_validate_baseline(&views, &folds);
    let mut moments = Moments::default();
    for (trees, baseline) in lightgbm_check.iter_mut().zip(&mut baseline_check) {
        compare(trees, baseline);
        trees.points.iter().for_each(|p| moments.add(p.actual.min(clip(p.mean)), p.mean));
    }
    let dispersion = moments.dispersion(baseline.dispersion());
    let model = PooledLightGbm::new(baseline.profile().clone(), booster, dispersion)?;
    Ok(FittedPooled { model, baseline, lightgbm_check, baseline_check })
}

/// Out-of-sample forecasts of pooled trees. Shape and trees come from before each fold.
///
/// All folds share the shape from before the first one, so that features are computed once. Without folds, or when
/// the first fold has too few rows before it, the series have no points.
pub fn cross_validate_pooled(
    series: &[SeriesView<'_>],
    folds: &[Range<usize>],
    options: &PooledOptions,
) -> Result<Vec<OutOfSample>, TrainError> {
    let mut results = vec![OutOfSample::default(); series.len()];
    let (Some(first), Some(last), Some(granularity)) =
        (folds.first(), folds.last(), series.first().map(|s| s.granularity))
    else {
        return Ok(results);
    };
    let before: Vec<_> = series.iter().map(|s| s.prefix(first.start)).collect();
    let profile = Profile::pooled(granularity, &before);
    let names = pooled::feature_names(granularity);
    let rows = sample(series, &profile, last.start, options.fold_rows);
    for fold in folds {
        let booster = match train(&rows.before(fold.start, names.len()), &names, options.trees) {
            Ok(booster) => booster,
            Err(TrainError::TooShort { .. }) => continue,
            Err(error) => return Err(error),
        };
        for (view, result) in series.iter().zip(&mut results) {
            pooled::visit_rows(*view, &profile, fold.clone(), |row| {
                let actual = view.values[row.index];
                if actual.is_finite() {
                    let mean = pooled::mean(&booster, row);
                    result.points.push(Point { index: row.index, actual, mean });
                }
            });
        }
    }
    Ok(results)
}

/// Training rows with the bucket each came from.
#[derive(Default)]
struct SampledRows {
    rows: Rows,
    indices: Vec<usize>,
}

impl SampledRows {
    /// The rows from before bucket `end`.
    fn before(&self, end: usize, width: usize) -> Rows {
        let mut rows = Rows::default();
        for (i, _) in self.indices.iter().enumerate().filter(|(_, index)| **index < end) {
            rows.features.extend_from_slice(&self.rows.features[i * width..(i + 1) * width]);
            rows.targets.push(self.rows.targets[i]);
            rows.weights.push(self.rows.weights[i]);
        }
        rows
    }
}

/// At most about `most` rows from before `end`: target count / level (clipped), weight level.
fn sample(series: &[SeriesView<'_>], profile: &Profile, end: usize, most: usize) -> SampledRows {
    let start = WARM_UP_DAYS * points_per_day(profile.granularity());
    let total = end.saturating_sub(start) * series.len();
    let keep = (most as f64 / total.max(1) as f64).min(1.0);
    let mut sampled = SampledRows::default();
    for (number, view) in series.iter().enumerate() {
        pooled::visit_rows(*view, profile, start..end, |row| {
            let actual = view.values[row.index];
            if actual.is_finite() && chosen(number, row.index, keep) {
                sampled.rows.features.extend_from_slice(row.features);
                sampled.rows.targets.push((actual.clamp(0.0, row.cap) / row.level) as f32);
                sampled.rows.weights.push(row.level as f32);
                sampled.indices.push(row.index);
            }
        });
    }
    sampled
}

/// Whether a row is in the sample: a hash (splitmix64) without memory, so no phase of the week is preferred.
fn chosen(series: usize, index: usize, keep: f64) -> bool {
    let mut z = (series as u64).wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(index as u64);
    z = z.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 <= keep
}

/// How [`fit_single`] trains and validates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SingleOptions {
    /// The trees.
    pub trees: TreeOptions,
    /// Rolling-origin folds over the second half of the rows.
    pub folds: usize,
}

impl Default for SingleOptions {
    fn default() -> Self {
        let trees = TreeOptions {
            objective: Objective::Regression,
            trees: 200,
            leaves: 31,
            learning_rate: 0.05,
            min_rows_in_leaf: 20,
            min_leaf_weight: 1e-3,
        };
        Self { trees, folds: 5 }
    }
}

/// A model of one series and its cross-validation.
#[derive(Clone, Debug)]
pub struct FittedSingle {
    /// The trees with the spread of their residuals.
    pub model: SingleLightGbm,
    /// Forecasts by trees that never saw them.
    pub check: OutOfSample,
}

/// Fits LightGBM to the raw counts of one series. Rows with a missing count or an incomplete history are left out.
///
/// Fails when fewer than 80 rows are left (hours: 336 + 80 are needed, days: 14 + 80).
pub fn fit_single(series: SeriesView<'_>, options: &SingleOptions) -> Result<FittedSingle, TrainError> {
    let names = features::names(series.granularity);
    let mut rows = Rows::default();
    let mut indices = Vec::new();
    single::visit_rows(series, 0..series.len(), |index, features| {
        let actual = series.values[index];
        if actual.is_finite() && features.iter().all(|f| f.is_finite()) {
            rows.features.extend_from_slice(features);
            rows.targets.push(actual as f32);
            indices.push(index);
        }
    });
    // Half of the rows come before the first fold, and LightGBM needs two leaves there.
    let needed = 4 * options.trees.min_rows_in_leaf;
    if indices.len() < needed {
        return Err(TrainError::TooShort { rows: indices.len(), needed });
    }
    let check = cross_validate_single(&rows, &indices, names, options)?;
    let residuals: Vec<f64> = check.residuals().collect();
    let interval = ResidualInterval::from_residuals(&residuals)
        .ok_or(TrainError::TooShort { rows: indices.len(), needed: 2 * options.folds })?;
    let mut moments = Moments::default();
    check.points.iter().for_each(|p| moments.add(p.actual.min(clip(p.mean)), p.mean.max(0.0)));
    let booster = train(&rows, names, options.trees)?;
    let model = SingleLightGbm::new(series.granularity, booster, interval, moments.dispersion(0.0))?;
    Ok(FittedSingle { model, check })
}

fn cross_validate_single(
    rows: &Rows,
    indices: &[usize],
    names: &[&str],
    options: &SingleOptions,
) -> Result<OutOfSample, TrainError> {
    let mut check = OutOfSample::default();
    for fold in folds(indices.len(), 0.5, options.folds) {
        let width = names.len();
        let before = Rows {
            features: rows.features[..fold.start * width].to_vec(),
            targets: rows.targets[..fold.start].to_vec(),
            weights: Vec::new(),
        };
        let booster: Booster = train(&before, names, options.trees)?;
        for i in fold {
            let mean = booster.predict(&rows.features[i * width..(i + 1) * width]);
            check.points.push(Point { index: indices[i], actual: f64::from(rows.targets[i]), mean });
        }
    }
    Ok(check)
}

#[cfg(test)]
mod tests;
