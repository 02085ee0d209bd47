//! LightGBM of one series: raw counts in, the next count out.

use crate::artifact::{ModelError, check_version};
use crate::baseline::Baseline;
use crate::calendar::phases;
use crate::detector::{Detector, Forecast, SeriesView};
use crate::features::{self, Walk};
use crate::interval::ResidualInterval;
use crate::lightgbm::Booster;
use domain::anomaly::Granularity;
use serde::{Deserialize, Serialize};

/// Format version of a stored [`SingleLightGbm`].
pub const SINGLE_VERSION: u32 = 1;
/// Smallest mean: trees fitted to squared loss can go below zero.
const MIN_MEAN: f64 = 1e-3;
/// Weeks back in which a missing value is looked for at the same phase.
const IMPUTE_WEEKS: usize = 4;

/// Trees over the raw features of one series, and how wrong they were on data they had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredSingle", into = "StoredSingle")]
pub struct SingleLightGbm {
    granularity: Granularity,
    booster: Booster,
    interval: ResidualInterval,
    dispersion: f64,
}

#[derive(Serialize, Deserialize)]
struct StoredSingle {
    version: u32,
    granularity: Granularity,
    interval: ResidualInterval,
    dispersion: f64,
    trees: Booster,
}

impl SingleLightGbm {
    /// Puts fitted trees together with what cross-validation said about them: the spread of the residuals and the
    /// overdispersion. Fails when the trees take other features than [`features::names`].
    pub fn new(
        granularity: Granularity,
        booster: Booster,
        interval: ResidualInterval,
        dispersion: f64,
    ) -> Result<Self, ModelError> {
        let model = "single-series LightGBM";
        if !booster.feature_names().iter().eq(features::names(granularity)) {
            return Err(ModelError::Features { model });
        }
        ModelError::check_dispersion(model, dispersion)?;
        ModelError::check_dispersion(model, interval.deviation)?;
        Ok(Self { granularity, booster, interval, dispersion })
    }

    /// Spread of the residuals in cross-validation.
    pub fn interval(&self) -> ResidualInterval {
        self.interval
    }

    /// The trees' own forecasts of `from..series.len()`, which may be below zero; NaN where the history is too short.
    pub fn predict(&self, series: SeriesView<'_>, from: usize) -> Vec<f64> {
        predict(&self.booster, series, from)
    }
}

/// The forecasts of `booster` for `from..series.len()`; NaN where a feature is missing.
pub fn predict(booster: &Booster, series: SeriesView<'_>, from: usize) -> Vec<f64> {
    let mut forecasts = Vec::with_capacity(series.len().saturating_sub(from));
    visit_rows(series, from..series.len(), |_, row| {
        let known = row.iter().all(|feature| feature.is_finite());
        forecasts.push(if known { booster.predict(row) } else { f64::NAN });
    });
    forecasts
}

/// Calls `visit` with the index and the features of each bucket of `range`; features may be NaN.
///
/// A missing value among the lags is read as the one at the same phase 1 to 4 weeks earlier.
pub fn visit_rows(
    series: SeriesView<'_>,
    range: std::ops::Range<usize>,
    mut visit: impl FnMut(usize, &[f64]),
) {
    if range.is_empty() || range.end > series.len() {
        return;
    }
    let week = phases(series.granularity);
    let value = |i: usize| {
        let mut candidates =
            (0..=IMPUTE_WEEKS).filter_map(|k| i.checked_sub(k * week)).map(|j| series.values[j]);
        candidates.find(|v| v.is_finite()).unwrap_or(f64::NAN)
    };
    let mut walk = Walk::new(series, range.start, value);
    let mut row = Vec::new();
    for at in range {
        walk.row(1.0, &mut row);
        visit(at, &row);
        walk.advance();
    }
}

impl Detector for SingleLightGbm {
    fn name(&self) -> &'static str {
        "lightgbm"
    }

    fn history(&self) -> usize {
        features::reach(self.granularity) + IMPUTE_WEEKS * phases(self.granularity)
    }

    /// Buckets whose features are incomplete get the forecast of an unfitted baseline.
    fn forecast(&self, series: SeriesView<'_>, from: usize) -> Vec<Forecast> {
        let fallback = Baseline::unfitted(self.granularity);
        let means = self.predict(series, from).into_iter().enumerate();
        means
            .map(|(i, mean)| {
                if mean.is_nan() {
                    let at = from + i;
                    if let Some(forecast) = fallback.forecast(series.prefix(at + 1), at).first() {
                        return *forecast;
                    }
                }
                Forecast { mean: mean.max(MIN_MEAN), dispersion: self.dispersion }
            })
            .collect()
    }
}

impl From<SingleLightGbm> for StoredSingle {
    fn from(m: SingleLightGbm) -> Self {
        let SingleLightGbm { granularity, booster, interval, dispersion } = m;
        Self { version: SINGLE_VERSION, granularity, interval, dispersion, trees: booster }
    }
}

impl TryFrom<StoredSingle> for SingleLightGbm {
    type Error = ModelError;

    fn try_from(stored: StoredSingle) -> Result<Self, ModelError> {
        check_version("single-series LightGBM", stored.version, SINGLE_VERSION)?;
        Self::new(stored.granularity, stored.trees, stored.interval, stored.dispersion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::days;

    fn constant(names: &[&str]) -> Booster {
        let features = names.len();
        let infos = vec!["none"; features].join(" ");
        Booster::parse(format!(
            "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\n\
             objective=regression\nfeature_names={}\nfeature_infos={infos}\ntree_sizes=1\n\nTree=0\nnum_leaves=2\n\
             num_cat=0\nsplit_feature=6\nthreshold=100\ndecision_type=2\nleft_child=-1\nright_child=-2\n\
             leaf_value=-3 180\nis_linear=0\n\n\nend of trees\n",
            features - 1,
            names.join(" ")
        ))
        .unwrap()
    }

    fn model() -> SingleLightGbm {
        let booster = constant(features::names(Granularity::Day));
        SingleLightGbm::new(Granularity::Day, booster, ResidualInterval { deviation: 5.0, count: 9 }, 0.01)
            .unwrap()
    }

    #[test]
    fn the_lag_decides_and_a_missing_one_is_read_a_week_earlier() {
        let mut series = days(40, |_| 200.0);
        let model = model();
        assert_eq!(model.forecast(series.view(), 30)[0], Forecast { mean: 180.0, dispersion: 0.01 });
        series.values[23] = f64::NAN;
        assert_eq!(model.forecast(series.view(), 30)[0].mean, 180.0);
        series.values[23] = 0.0;
        assert_eq!(model.predict(series.view(), 30)[0], -3.0);
        assert_eq!(model.forecast(series.view(), 30)[0].mean, MIN_MEAN);
    }

    #[test]
    fn a_short_history_falls_back_to_the_baseline() {
        let series = days(10, |_| 200.0);
        let forecasts = model().forecast(series.view(), 5);
        assert_eq!(forecasts.len(), 5);
        assert!(forecasts.iter().all(|f| (f.mean - 200.0).abs() < 1.0), "{forecasts:?}");
    }

    #[test]
    fn a_stored_model_reloads_bit_equal_and_foreign_features_are_refused() {
        let json = serde_json::to_string(&model()).unwrap();
        assert_eq!(serde_json::from_str::<SingleLightGbm>(&json).unwrap(), model());
        let foreign = json.replacen("lag_7", "lag_9", 1);
        assert!(
            serde_json::from_str::<SingleLightGbm>(&foreign).unwrap_err().to_string().contains("features")
        );
        let newer = json.replacen("\"version\":1", "\"version\":7", 1);
        assert!(
            serde_json::from_str::<SingleLightGbm>(&newer).unwrap_err().to_string().contains("version 7")
        );
    }
}
