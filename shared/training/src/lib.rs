//! Fits models to counts of tickets, validates them on what they have not seen, and generates data sets.
//!
//! The one crate that links LightGBM's C++; what is fitted here is evaluated by `models` in plain Rust.
//!
//! # Layout
//! - [`lightgbm`]: trees from rows
//! - [`fit`]: models from series, pooled or single
//! - [`fitters`]: the families behind one interface
//! - [`prophet`], [`sarima`], [`panel`]: the models that are not trees
//! - [`cross_validation`]: rolling-origin folds
//! - [`counts`]: reads a count series
//! - [`score`]: trains on the first part of a count series and scores the rest
//! - [`generate`]: ticket streams with ground truth

pub mod counts;
pub mod cross_validation;
pub mod fit;
pub mod fitters;
pub mod generate;
pub mod lightgbm;
pub mod panel;
pub mod prophet;
pub mod sarima;
pub mod score;

pub use fit::{
    FittedPooled, FittedSingle, PooledOptions, SingleOptions, fit_baseline, fit_pooled, fit_single,
};

pub use panel::fit_panel;
pub use prophet::{FittedProphet, ProphetOptions, fit_prophet};
pub use sarima::{FittedSarima, SarimaOptions, fit_sarima};

/// Why a model could not be fitted.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The series is too short or too full of holes.
    #[error("fit model: {rows} usable rows where at least {needed} are needed; give a longer history")]
    TooShort {
        /// Rows with a count and a complete history.
        rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// The rows do not fit together.
    #[error("fit model: {0}")]
    BadRows(String),
    /// LightGBM reports a failure.
    #[error("fit model with LightGBM")]
    LightGbm(#[from] lightgbm3::Error),
    /// LightGBM wrote a text that the evaluator refuses.
    #[error("evaluate the fitted model")]
    Text(#[from] models::lightgbm::BoosterError),
    /// The fitted parts do not make a model.
    #[error("assemble the fitted model")]
    Model(#[from] models::artifact::ModelError),
}
