//! Seasonal ARIMA of one series: the counts of a season ago, corrected by what was wrong lately and a season ago.
//!
//! Scoring only, in state space and equal to SARIMAX of Python's statsmodels with unrestricted parameters. Forecasts
//! follow the series: each bucket's count moves the states for the next ones. Those of a year take about 0.06 ms by
//! days and 4 ms by hours.

mod filter;
#[cfg(test)]
mod tests;

pub use filter::{Filter, Likelihood, StateSpace, Step};

use crate::artifact::{ModelError, check_version};
use crate::baseline::Baseline;
use crate::detector::{Detector, Forecast, SeriesView};
use crate::interval::ResidualInterval;
use domain::anomaly::Granularity;
use serde::{Deserialize, Serialize};

/// Format version of a stored [`Sarima`].
pub const SARIMA_VERSION: u32 = 1;
/// Variance of every state before the first bucket; what statsmodels takes for "diffuse".
pub const INITIAL_VARIANCE: f64 = 1e6;
/// Smallest mean: a linear model goes below zero.
const MIN_MEAN: f64 = 1e-3;
/// Largest order of each part and longest season (hours of a week): more would cost seconds a year.
const MAX_ORDER: usize = 8;
const MAX_SEASON: usize = 168;
/// Largest coefficient; fitted ones lie around −1 to 1.
const MAX_COEFFICIENT: f64 = 10.0;
/// Buckets of history: 52 weeks of days, 60 days of hours.
const HISTORY_DAYS: usize = 364;
const HISTORY_HOURS: usize = 60 * 24;
const MODEL: &str = "SARIMA";

/// Orders (p, 0, q)(P, D, Q, s) of a seasonal ARIMA process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Autoregressive lags.
    pub p: usize,
    /// Moving-average lags.
    pub q: usize,
    /// Autoregressive lags of whole seasons.
    pub seasonal_p: usize,
    /// Seasonal differences: 0 or 1.
    pub seasonal_d: usize,
    /// Moving-average lags of whole seasons.
    pub seasonal_q: usize,
    /// Buckets in a season; not read without a seasonal part.
    pub season: usize,
}

impl Order {
    /// (1, 0, 1)(1, 1, 1, s) with a season of 7 days or 24 hours.
    pub fn usual(granularity: Granularity) -> Self {
        let season = match granularity {
            Granularity::Day => 7,
            Granularity::Hour => 24,
        };
        Self { p: 1, q: 1, seasonal_p: 1, seasonal_d: 1, seasonal_q: 1, season }
    }

    /// Number of coefficients: AR, MA, seasonal AR and seasonal MA, without sigma².
    pub fn coefficients(&self) -> usize {
        self.p + self.q + self.seasonal_p + self.seasonal_q
    }

    /// Number of states, and of buckets at the start that a likelihood leaves out.
    pub fn states(&self) -> usize {
        self.difference_states() + self.arma_states()
    }

    fn difference_states(&self) -> usize {
        self.season * self.seasonal_d
    }

    fn arma_states(&self) -> usize {
        (self.p + self.seasonal_p * self.season).max(self.q + self.seasonal_q * self.season + 1)
    }

    /// Fails when a part is above 8, a season is not 2 to 168 buckets or there is more than one difference.
    pub fn check(&self) -> Result<(), ModelError> {
        let most = self.p.max(self.q).max(self.seasonal_p).max(self.seasonal_q);
        let seasonal = self.seasonal_p + self.seasonal_q + self.seasonal_d > 0;
        let refused = if most > MAX_ORDER {
            Some(("order", most))
        } else if self.seasonal_d > 1 {
            Some(("seasonal difference", self.seasonal_d))
        } else if seasonal && !(2..=MAX_SEASON).contains(&self.season) {
            Some(("season", self.season))
        } else {
            None
        };
        refused.map_or(Ok(()), |(field, value)| Err(out_of_range(field, value)))
    }
}

fn out_of_range(field: &'static str, value: impl ToString) -> ModelError {
    ModelError::Range { model: MODEL, field, value: value.to_string() }
}

/// A fitted process, and how wrong such processes were on data they had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredSarima", into = "StoredSarima")]
pub struct Sarima {
    granularity: Granularity,
    order: Order,
    ar: Vec<f64>,
    ma: Vec<f64>,
    seasonal_ar: Vec<f64>,
    seasonal_ma: Vec<f64>,
    sigma2: f64,
    initial_variance: f64,
    dispersion: f64,
    interval: ResidualInterval,
}

#[derive(Serialize, Deserialize)]
struct StoredSarima {
    version: u32,
    granularity: Granularity,
    order: Order,
    ar: Vec<f64>,
    ma: Vec<f64>,
    seasonal_ar: Vec<f64>,
    seasonal_ma: Vec<f64>,
    sigma2: f64,
    initial_variance: f64,
    dispersion: f64,
    interval: ResidualInterval,
}

impl Sarima {
    /// Puts fitted parameters together with what cross-validation said about such processes: the spread of the
    /// residuals and the overdispersion.
    ///
    /// `parameters` are AR, MA, seasonal AR, seasonal MA and sigma² (the variance of the noise), `initial_variance` is
    /// that of every state before the first bucket. Fails when a figure is out of its range or one is missing.
    pub fn new(
        granularity: Granularity,
        order: Order,
        parameters: &[f64],
        initial_variance: f64,
        interval: ResidualInterval,
        dispersion: f64,
    ) -> Result<Self, ModelError> {
        order.check()?;
        let needed = order.coefficients() + 1;
        let Some((sigma2, mut coefficients)) = parameters.split_last().filter(|_| parameters.len() == needed)
        else {
            return Err(out_of_range("number of parameters", parameters.len()));
        };
        let mut take = |n: usize| {
            let (part, rest) = coefficients.split_at(n);
            coefficients = rest;
            part.to_vec()
        };
        let (ar, ma) = (take(order.p), take(order.q));
        let (seasonal_ar, seasonal_ma) = (take(order.seasonal_p), take(order.seasonal_q));
        let sigma2 = *sigma2;
        let model = Self {
            granularity,
            order,
            ar,
            ma,
            seasonal_ar,
            seasonal_ma,
            sigma2,
            initial_variance,
            dispersion,
            interval,
        };
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.order.check()?;
        let parts = [
            ("AR", &self.ar, self.order.p),
            ("MA", &self.ma, self.order.q),
            ("seasonal AR", &self.seasonal_ar, self.order.seasonal_p),
            ("seasonal MA", &self.seasonal_ma, self.order.seasonal_q),
        ];
        for (field, part, length) in parts {
            if part.len() != length {
                return Err(out_of_range("number of parameters", part.len()));
            }
            if let Some(value) = part.iter().find(|c| c.is_nan() || c.abs() > MAX_COEFFICIENT) {
                return Err(out_of_range(field, value));
            }
        }
        ModelError::check_positive(MODEL, "sigma2", self.sigma2)?;
        ModelError::check_positive(MODEL, "initial variance", self.initial_variance)?;
        ModelError::check_dispersion(MODEL, self.dispersion)?;
        ModelError::check_dispersion(MODEL, self.interval.deviation)
    }

    /// Hours or days.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// The orders of the process.
    pub fn order(&self) -> Order {
        self.order
    }

    /// AR, MA, seasonal AR, seasonal MA and, last, sigma².
    pub fn parameters(&self) -> Vec<f64> {
        let coefficients = [&self.ar[..], &self.ma, &self.seasonal_ar, &self.seasonal_ma].concat();
        coefficients.into_iter().chain([self.sigma2]).collect()
    }

    /// Spread of the residuals in cross-validation.
    pub fn interval(&self) -> ResidualInterval {
        self.interval
    }

    /// The process in state space.
    pub fn state_space(&self) -> StateSpace {
        let mut coefficients = self.parameters();
        coefficients.pop();
        StateSpace::new(&self.order, &coefficients, self.sigma2, self.initial_variance)
    }

    /// Forecasts of `from..series.len()`, each from the values before its own bucket; means may be below zero.
    pub fn one_step(&self, series: SeriesView<'_>, from: usize) -> Vec<Step> {
        let space = self.state_space();
        let mut filter = Filter::new(&space);
        let steps = series.values[..series.len()].iter().map(|value| filter.step(*value));
        steps.skip(from).collect()
    }

    /// Forecasts of `steps` buckets from `from` on, all from the values before `from`; means may be below zero, and
    /// the variance is that of the process alone (mean ± z · √variance is the interval of statsmodels).
    pub fn multi_step(&self, series: SeriesView<'_>, from: usize, steps: usize) -> Vec<Step> {
        let space = self.state_space();
        let mut filter = Filter::new(&space);
        series.prefix(from).values.iter().for_each(|value| _ = filter.step(*value));
        (0..steps).map(|_| filter.step(f64::NAN)).collect()
    }
}

impl Detector for Sarima {
    fn name(&self) -> &'static str {
        "sarima"
    }

    /// 52 weeks of days, 60 days of hours: how long a weight of the past lasts depends on the moving average.
    fn history(&self) -> usize {
        match self.granularity {
            Granularity::Day => HISTORY_DAYS,
            Granularity::Hour => HISTORY_HOURS,
        }
    }

    /// Buckets whose history does not fill the states get the forecast of an unfitted baseline.
    fn forecast(&self, series: SeriesView<'_>, from: usize) -> Vec<Forecast> {
        let steps = self.one_step(series, from);
        let short = steps.iter().rposition(|step| !usable(step)).map_or(0, |last| last + 1);
        let baseline = if short > 0 {
            Baseline::unfitted(self.granularity).forecast(series.prefix(from + short), from)
        } else {
            Vec::new()
        };
        let forecasts = steps.iter().enumerate().map(|(i, step)| match baseline.get(i) {
            Some(fallback) if !usable(step) => *fallback,
            _ => Forecast { mean: step.mean.max(MIN_MEAN), dispersion: self.dispersion },
        });
        forecasts.collect()
    }
}

fn usable(step: &Step) -> bool {
    step.filled && step.mean.is_finite()
}

impl From<Sarima> for StoredSarima {
    fn from(m: Sarima) -> Self {
        Self {
            version: SARIMA_VERSION,
            granularity: m.granularity,
            order: m.order,
            ar: m.ar,
            ma: m.ma,
            seasonal_ar: m.seasonal_ar,
            seasonal_ma: m.seasonal_ma,
            sigma2: m.sigma2,
            initial_variance: m.initial_variance,
            dispersion: m.dispersion,
            interval: m.interval,
        }
    }
}

impl TryFrom<StoredSarima> for Sarima {
    type Error = ModelError;

    fn try_from(stored: StoredSarima) -> Result<Self, ModelError> {
        check_version(MODEL, stored.version, SARIMA_VERSION)?;
        let model = Self {
            granularity: stored.granularity,
            order: stored.order,
            ar: stored.ar,
            ma: stored.ma,
            seasonal_ar: stored.seasonal_ar,
            seasonal_ma: stored.seasonal_ma,
            sigma2: stored.sigma2,
            initial_variance: stored.initial_variance,
            dispersion: stored.dispersion,
            interval: stored.interval,
        };
        model.check()?;
        Ok(model)
    }
}
