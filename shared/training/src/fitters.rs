//! The families of models that a stream's training chooses from.

use crate::cross_validation::{OutOfSample, cross_validate_baseline, folds};
use crate::{PooledOptions, fit_baseline, fit_pooled};
use domain::anomaly::Granularity;
use models::{Calendar, Fitted, Fitter, Model, SeriesView};

/// Rolling-origin folds of the back-test.
const FOLDS: usize = 3;

/// Every family; the first is the fallback for series too short or too sparse for the others.
pub const ALL: [&dyn Fitter; 2] = [&BaselineFitter, &LightGbmFitter];

/// Fits [`models::Baseline`].
pub struct BaselineFitter;

impl Fitter for BaselineFitter {
    fn name(&self) -> &'static str {
        "baseline"
    }

    fn fit(
        &self,
        granularity: Granularity,
        calendar: &[Calendar],
        series: &[&[f64]],
        from: usize,
    ) -> Result<Fitted, String> {
        let views: Vec<SeriesView<'_>> =
            series.iter().map(|values| SeriesView { granularity, calendar, values }).collect();
        let folds = folds(calendar.len(), share(calendar.len(), from), FOLDS);
        let checks = cross_validate_baseline(&views, &folds);
        let model = Model::Baseline(fit_baseline(granularity, &views));
        Ok(Fitted { model, means: means(&checks, from, calendar.len()) })
    }
}

/// Fits [`models::PooledLightGbm`].
pub struct LightGbmFitter;

impl Fitter for LightGbmFitter {
    fn name(&self) -> &'static str {
        "lightgbm"
    }

    fn fit(
        &self,
        granularity: Granularity,
        calendar: &[Calendar],
        series: &[&[f64]],
        from: usize,
    ) -> Result<Fitted, String> {
        let options =
            PooledOptions { folds: FOLDS, share: share(calendar.len(), from), ..PooledOptions::default() };
        let fitted = fit_pooled(granularity, calendar, series, &options).map_err(|e| e.to_string())?;
        let means = means(&fitted.lightgbm_check, from, calendar.len());
        Ok(Fitted { model: Model::LightGbm(fitted.model), means })
    }
}

fn share(length: usize, from: usize) -> f64 {
    (length - from) as f64 / length.max(1) as f64
}

/// Dense rows of means from `from` on; `NaN` where a fold has none.
fn means(checks: &[OutOfSample], from: usize, length: usize) -> Vec<Vec<f64>> {
    checks
        .iter()
        .map(|check| {
            let mut row = vec![f64::NAN; length - from];
            for point in &check.points {
                if let Some(cell) = point.index.checked_sub(from).and_then(|i| row.get_mut(i)) {
                    *cell = point.mean;
                }
            }
            row
        })
        .collect()
}
