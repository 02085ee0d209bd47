//! Models that say how many tickets to expect, and how strange a count is.
//!
//! Scoring only: nothing here fits trees or links C++. Everything is deterministic.
//!
//! # Layout
//! - [`detector`]: the interface of every model: forecast, then score
//! - [`tail`]: tail probabilities of counts, in log space
//! - [`calendar`], [`profile`], [`level`], [`features`]: what models see of a series
//! - [`baseline`]: level × weekly shape, for series too short or sparse for trees
//! - [`lightgbm`]: evaluates text models; [`single`] and [`pooled`] are the models around it
//! - [`fitter`]: how a family of models is fitted elsewhere
//! - [`prophet`]: trend, week and holidays by date
//! - [`sarima`]: seasonal ARIMA in state space
//! - [`panel`]: a total and the shares of its segments, by [`level_filter`] and [`shares`]; the default
//! - [`interval`], [`calibration`]: from residuals to bounds and false-alarm rates
//! - [`artifact`]: how models are stored

pub mod artifact;
pub mod baseline;
pub mod calendar;
pub mod calibration;
pub mod detector;
pub mod features;
pub mod fitter;
pub mod interval;
pub mod level;
pub mod level_filter;
pub mod lightgbm;
pub mod panel;
pub mod pooled;
pub mod profile;
pub mod prophet;
pub mod sarima;
pub mod shares;
pub mod single;
pub mod tail;
#[cfg(test)]
mod testing;

pub use artifact::{Model, checksum};
pub use baseline::Baseline;
pub use calendar::Calendar;
pub use detector::{Detector, Forecast, Score, SeriesView};
pub use fitter::{Fitted, Fitter};
pub use panel::PanelModel;
pub use pooled::PooledLightGbm;
pub use prophet::ProphetModel;
pub use sarima::Sarima;
pub use single::SingleLightGbm;
