//! Fits LightGBM trees and hands them over as a text model.
//!
//! One thread, fixed seed, deterministic histograms: the same rows give the same text.

use crate::TrainError;
use lightgbm3::{Booster as Trainer, Dataset};
use models::lightgbm::Booster;
use serde_json::json;

/// What the trees minimise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Squared error.
    Regression,
    /// Poisson deviance with a log link; targets must not be negative.
    Poisson,
}

/// How many trees, and of what size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreeOptions {
    /// What the trees minimise.
    pub objective: Objective,
    /// Number of trees.
    pub trees: usize,
    /// Leaves of a tree.
    pub leaves: usize,
    /// Shrinkage of each tree.
    pub learning_rate: f64,
    /// Least rows in a leaf.
    pub min_rows_in_leaf: usize,
    /// Least sum of second derivatives in a leaf: rows for squared error, about twice the expected tickets for
    /// Poisson rows weighted by level. Weights that differ by orders of magnitude need it well above rounding errors,
    /// else LightGBM can settle on an empty leaf and fail.
    pub min_leaf_weight: f64,
}

/// Rows to fit: `features` row by row, NaN for missing.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// `width` features per row.
    pub features: Vec<f64>,
    /// One target per row.
    pub targets: Vec<f32>,
    /// One weight per row, or none at all.
    pub weights: Vec<f32>,
}

/// Fits trees to `rows`; the features get `names`. Fails on rows that do not fit together, on targets that the
/// objective cannot have, and with what LightGBM itself reports.
pub fn train(rows: &Rows, names: &[&str], options: TreeOptions) -> Result<Booster, TrainError> {
    check(rows, names.len(), options)?;
    let width =
        i32::try_from(names.len()).map_err(|_| TrainError::BadRows("too many features".to_owned()))?;
    let mut data = Dataset::from_slice(&rows.features, &rows.targets, width, true)?;
    if !rows.weights.is_empty() {
        data.set_weights(&rows.weights)?;
    }
    let objective = match options.objective {
        Objective::Regression => "regression",
        Objective::Poisson => "poisson",
    };
    let parameters = json!({
        "objective": objective,
        "num_iterations": options.trees,
        "num_leaves": options.leaves,
        "learning_rate": options.learning_rate,
        "min_data_in_leaf": options.min_rows_in_leaf,
        "min_sum_hessian_in_leaf": options.min_leaf_weight,
        "deterministic": true,
        "force_col_wise": true,
        "num_threads": 1,
        "seed": 42,
        "verbosity": -1,
    });
    data.set_feature_names(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    Ok(Booster::parse(Trainer::train(data, &parameters)?.save_string()?)?)
}

/// Everything the C++ side would trust blindly.
fn check(rows: &Rows, width: usize, options: TreeOptions) -> Result<(), TrainError> {
    let bad = |reason: String| Err(TrainError::BadRows(reason));
    let count = rows.targets.len();
    if width == 0 || rows.features.len() != count * width {
        return bad(format!("{} values for {count} rows of {width} features", rows.features.len()));
    }
    if !rows.weights.is_empty() && rows.weights.len() != count {
        return bad(format!("{} weights for {count} rows", rows.weights.len()));
    }
    if count < 2 * options.min_rows_in_leaf.max(1) {
        return Err(TrainError::TooShort { rows: count, needed: 2 * options.min_rows_in_leaf.max(1) });
    }
    let positive = options.objective == Objective::Poisson;
    if rows.targets.iter().any(|t| !t.is_finite() || (positive && *t < 0.0)) {
        return bad("a target is negative or not finite".to_owned());
    }
    if rows.weights.iter().any(|w| !w.is_finite() || *w <= 0.0) {
        return bad("a weight is not above zero".to_owned());
    }
    if positive && rows.targets.iter().all(|t| *t == 0.0) {
        return bad("every target is zero".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
