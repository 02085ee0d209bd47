//! How a family of models is fitted; scoring code knows the trait, only training links an implementation.

use crate::{Calendar, Model};
use domain::anomaly::Granularity;

/// Fits one family of models.
pub trait Fitter: Sync {
    /// The family's name.
    fn name(&self) -> &'static str;

    /// Fits on all of `series` (hours or days from one first step on, `NaN` missing) and forecasts the steps from
    /// `from` on out of sample: no forecast comes from a model, profile or scale that has seen its step.
    ///
    /// Fails when the series do not suffice; the message says what they lack.
    fn fit(
        &self,
        granularity: Granularity,
        calendar: &[Calendar],
        series: &[&[f64]],
        from: usize,
    ) -> Result<Fitted, String>;
}

/// A fitted model and its out-of-sample means.
pub struct Fitted {
    /// The model, fitted on everything.
    pub model: Model,
    /// For each series the means of the steps from `from` on; `NaN` where there is none.
    pub means: Vec<Vec<f64>>,
}
