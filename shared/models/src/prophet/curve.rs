//! The fitted curve: piecewise linear trend, Fourier seasonality and a holiday effect.
//!
//! Taylor and Letham, "Forecasting at Scale", The American Statistician 72 (2018): sections 3.1.2, 3.2 and 3.3.

use crate::artifact::ModelError;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Name in errors.
pub(super) const MODEL: &str = "Prophet";
/// Hours of a day, a week and a year of 365.25 days: the periods of the seasonal components.
const PERIODS: [i64; 3] = [24, 168, 8766];
/// Most terms of one Fourier series, and most changepoints.
const MAX_ORDER: u8 = 100;
const MAX_CHANGEPOINTS: usize = 10_000;
/// Bounds of what is stored, so that no forecast overflows: parameters, scale of the counts, hours from 1970.
const MAX_PARAMETER: f64 = 1e9;
const MAX_SCALE: f64 = 1e15;
const MAX_HOUR: i64 = 1 << 36;

/// Fourier terms (pairs of sine and cosine) of each seasonal component; 0 leaves it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Of the day.
    pub daily: u8,
    /// Of the week.
    pub weekly: u8,
    /// Of the year of 365.25 days.
    pub yearly: u8,
}

/// What a curve sees of a local hour: the columns that `beta` weighs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regressors {
    /// Terms of the seasonal components.
    pub orders: Orders,
    /// Local dates (days from 1970-01-01) of holidays, ascending; all share one effect. Without any: no such column.
    pub holidays: Vec<i32>,
}

impl Regressors {
    /// Columns: twice the orders, and one for holidays when there are any.
    pub fn width(&self) -> usize {
        let Orders { daily, weekly, yearly } = self.orders;
        2 * (usize::from(daily) + usize::from(weekly) + usize::from(yearly))
            + usize::from(!self.holidays.is_empty())
    }

    /// Replaces `row` by the columns at local hour `hour` (from 1970-01-01T00): day, week and year, each as sine and
    /// cosine of the first harmonic, of the second and so on, then 1 on a holiday or 0.
    pub fn row(&self, hour: i64, row: &mut Vec<f64>) {
        row.clear();
        let Orders { daily, weekly, yearly } = self.orders;
        for (period, order) in PERIODS.into_iter().zip([daily, weekly, yearly]) {
            if order == 0 {
                continue;
            }
            let (sine, cosine) = (TAU * hour.rem_euclid(period) as f64 / period as f64).sin_cos();
            let (mut s, mut c) = (sine, cosine);
            for _ in 0..order {
                row.extend([s, c]);
                (s, c) = (s * cosine + c * sine, c * cosine - s * sine);
            }
        }
        if !self.holidays.is_empty() {
            let day = i32::try_from(hour.div_euclid(24));
            let holiday = day.is_ok_and(|day| self.holidays.binary_search(&day).is_ok());
            row.push(f64::from(u8::from(holiday)));
        }
    }
}

/// A fitted curve, y(t) / scale = (k + Σ δᵢ) t + (m − Σ sᵢ δᵢ) + x(t) β, the sums over changepoints sᵢ ≤ t.
///
/// Time runs from t = 0 at the first bucket of the training to t = 1 at its last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Local hour (from 1970-01-01T00) of t = 0.
    pub start: i64,
    /// Hours from t = 0 to t = 1.
    pub span: u32,
    /// Tickets that a value of 1 stands for: the largest count of the training.
    pub scale: f64,
    /// The columns of β.
    pub regressors: Regressors,
    /// Slope before the first changepoint.
    pub k: f64,
    /// Trend at t = 0.
    pub m: f64,
    /// Standard deviation of the noise, relative to the scale.
    pub sigma_obs: f64,
    /// Changepoints s in units of t, ascending.
    pub changepoints: Vec<f64>,
    /// Change of the slope at each of them.
    pub delta: Vec<f64>,
    /// Weights of the regressors.
    pub beta: Vec<f64>,
}

impl Curve {
    /// Fails unless every figure is finite and in its range, and the lengths fit together.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        let range = |field, value: String| Err(ModelError::Range { model: MODEL, field, value });
        if !(-MAX_HOUR..MAX_HOUR).contains(&self.start) {
            return range("start", self.start.to_string());
        }
        if self.span == 0 {
            return range("span", self.span.to_string());
        }
        ModelError::check_positive(MODEL, "scale", self.scale)?;
        ModelError::check_positive(MODEL, "sigma_obs", self.sigma_obs)?;
        for (field, value, most) in
            [("scale", self.scale, MAX_SCALE), ("sigma_obs", self.sigma_obs, MAX_PARAMETER)]
        {
            if value > most {
                return range(field, value.to_string());
            }
        }
        let Orders { daily, weekly, yearly } = self.regressors.orders;
        if daily.max(weekly).max(yearly) > MAX_ORDER {
            return range("order", daily.max(weekly).max(yearly).to_string());
        }
        if !self.regressors.holidays.is_sorted_by(|a, b| a < b) {
            return range("holidays", "an unsorted list".to_owned());
        }
        for (field, length, wanted) in [
            ("delta", self.delta.len(), self.changepoints.len()),
            ("beta", self.beta.len(), self.regressors.width()),
            ("changepoints", self.changepoints.len(), self.changepoints.len().min(MAX_CHANGEPOINTS)),
        ] {
            if length != wanted {
                return range(field, format!("{length} values instead of {wanted}"));
            }
        }
        let rate = [self.k, self.m];
        for (field, values) in [("k or m", &rate[..]), ("delta", &self.delta[..]), ("beta", &self.beta[..])] {
            if let Some(value) = values.iter().find(|v| v.is_nan() || v.abs() > MAX_PARAMETER) {
                return range(field, value.to_string());
            }
        }
        let ordered = self.changepoints.is_sorted_by(|a, b| a <= b);
        match self.changepoints.iter().find(|s| !(0.0..=1.0).contains(*s)) {
            Some(changepoint) => range("changepoints", changepoint.to_string()),
            None if !ordered => range("changepoints", "an unsorted list".to_owned()),
            None => Ok(()),
        }
    }

    /// Tickets at local hour `hour` (from 1970-01-01T00); may be below zero. `row` is scratch.
    pub(super) fn value(&self, hour: i64, row: &mut Vec<f64>) -> f64 {
        let t = (hour - self.start) as f64 / f64::from(self.span);
        let (mut slope, mut offset) = (self.k, self.m);
        for (changepoint, delta) in self.changepoints.iter().zip(&self.delta) {
            if t < *changepoint {
                break;
            }
            slope += delta;
            offset -= changepoint * delta;
        }
        self.regressors.row(hour, row);
        let effects: f64 = self.beta.iter().zip(&*row).map(|(weight, x)| weight * x).sum();
        (slope * t + offset + effects) * self.scale
    }

    /// Hours that local hour `hour` lies behind the end of the training; negative before it.
    pub(super) fn beyond(&self, hour: i64) -> i64 {
        hour - self.start - i64::from(self.span)
    }
}
