//! The most probable parameters of Prophet's model, without Stan.

use super::lasso::Lasso;
use augurs::prophet::optimizer::{Data, Error, InitialParams, OptimizeOpts, OptimizedParams, Optimizer};
use augurs::prophet::{PositiveFloat, TrendIndicator};
use std::cell::RefCell;

/// Precision of the Gaussian priors on k and m: deviation 5.
const RATE_PRECISION: f64 = 1.0 / 25.0;
/// Least variance of the noise, relative to the largest count squared: a millionth of it, below any count's rounding.
const MIN_VARIANCE: f64 = 1e-12;
/// Noise of a series whose counts are all the same, which Prophet does not fit.
const CONSTANT_SIGMA: f64 = 1e-9;
/// Variances that the search starts from: Stan's sigma of 1, and one that nearly interpolates.
const STARTS: [f64; 2] = [1.0, 1e-4];
const MAX_ROUNDS: usize = 1_000;
/// Relative change of the variance at which the search has arrived.
const PRECISION: f64 = 1e-11;

/// What was found, with the data it was found for.
#[derive(Clone, Debug)]
pub(super) struct Optimum {
    /// Slope, offset, noise, and changes of the slope.
    pub(super) k: f64,
    pub(super) m: f64,
    pub(super) sigma_obs: f64,
    pub(super) delta: Vec<f64>,
    /// Weights in the order of the columns that were given to the optimizer.
    pub(super) beta: Vec<f64>,
    pub(super) changepoints: Vec<f64>,
    /// As Stan's `lp__`: constants and the Jacobian of sigma left out.
    pub(super) log_posterior: f64,
}

/// Maximises the posterior of linear growth with additive regressors, and keeps what it found.
///
/// `columns` are the regressors in a fixed order, as many rows as the training has: Prophet hands its own over in an
/// order that differs from run to run.
#[derive(Debug)]
pub(super) struct Maximiser {
    columns: Vec<Vec<f64>>,
    found: RefCell<Option<Optimum>>,
}

impl Maximiser {
    pub(super) fn new(columns: Vec<Vec<f64>>) -> Self {
        Self { columns, found: RefCell::new(None) }
    }

    pub(super) fn into_found(self) -> Option<Optimum> {
        self.found.into_inner()
    }

    /// For each own column the one of `data` with the same values.
    fn order(&self, data: &Data) -> Option<Vec<usize>> {
        let width = data.X.len().checked_div(data.t.len())?;
        let mut order = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let same = |j: usize| {
                let theirs = data.X.iter().skip(j).step_by(width);
                column.len() == data.t.len() && column.iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-6)
            };
            order.push((0..width).find(|j| !order.contains(j) && same(*j))?);
        }
        Some(order)
    }
}

impl Optimizer for &Maximiser {
    fn optimize(
        &self,
        init: &InitialParams,
        data: &Data,
        _: &OptimizeOpts,
    ) -> Result<OptimizedParams, Error> {
        if data.trend_indicator != TrendIndicator::Linear {
            return Err(Error::static_str("only linear growth is supported"));
        }
        let order = self.order(data).ok_or(Error::static_str("unknown regressors"))?;
        let optimum = if data.y.iter().all(|y| *y == data.y[0]) {
            constant(init, data)
        } else {
            maximise(data, &order).ok_or(Error::static_str("the regressors do not permit a fit"))?
        };
        let mut beta = vec![0.0; data.sigmas.len()];
        order.iter().zip(&optimum.beta).for_each(|(j, weight)| beta[*j] = *weight);
        let params = OptimizedParams {
            k: optimum.k,
            m: optimum.m,
            sigma_obs: PositiveFloat::try_new(optimum.sigma_obs).map_err(Error::custom)?,
            delta: optimum.delta.clone(),
            beta,
            trend: Vec::new(),
        };
        self.found.replace(Some(optimum));
        Ok(params)
    }
}

/// Prophet takes the line through both ends and no noise when all counts are the same.
fn constant(init: &InitialParams, data: &Data) -> Optimum {
    Optimum {
        k: init.k,
        m: init.m,
        sigma_obs: CONSTANT_SIGMA,
        delta: vec![0.0; data.t_change.len()],
        beta: vec![0.0; data.sigmas.len()],
        changepoints: data.t_change.clone(),
        log_posterior: 0.0,
    }
}

/// Maximises −T ln σ − RSS/2σ² − 2σ² − (k² + m²)/50 − Σ|δ|/τ − Σ β²/2s², the density of Prophet's Stan program.
///
/// In turn over the weights at a given σ, which is exact, and over σ at given weights, a root of a quadratic. Both
/// raise the density. There may be more than one maximum, so the better one of two starts counts; but where the
/// weights could interpolate all counts and leave no noise, the density has no bound, and Stan's start decides whether
/// they do.
fn maximise(data: &Data, order: &[usize]) -> Option<Optimum> {
    let lasso = normal_equations(data, order);
    let rows = data.y.len() as f64;
    let density = |variance: f64, squares: f64, x: &[f64]| {
        -rows * variance.ln() / 2.0 - squares / (2.0 * variance) - 2.0 * variance - lasso.penalty(x)
    };
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for start in STARTS {
        let (mut x, mut variance) = (vec![0.0; lasso.width], start);
        for _ in 0..MAX_ROUNDS {
            if !lasso.minimise(variance, &mut x) {
                return None;
            }
            let squares = lasso.squares(&x);
            let next = 2.0 * squares / (rows + (rows * rows + 16.0 * squares).sqrt());
            let moved = (next.max(MIN_VARIANCE) - variance).abs();
            variance = next.max(MIN_VARIANCE);
            if moved <= PRECISION * variance {
                break;
            }
        }
        let interpolates = variance <= MIN_VARIANCE;
        if interpolates && best.is_some() {
            continue;
        }
        let reached = density(variance, lasso.squares(&x), &x);
        if best.as_ref().is_none_or(|(density, ..)| reached > *density) {
            best = Some((reached, variance, x));
        }
    }
    let (log_posterior, variance, x) = best.filter(|(density, ..)| density.is_finite())?;
    let (free, delta) = x.split_at(lasso.free);
    Some(Optimum {
        k: free[0],
        m: free[1],
        sigma_obs: variance.sqrt(),
        delta: delta.to_vec(),
        beta: free[2..].to_vec(),
        changepoints: data.t_change.clone(),
        log_posterior,
    })
}

/// Columns: t, 1, the regressors in `order`, and a hinge max(t − s, 0) for each changepoint s.
fn normal_equations(data: &Data, order: &[usize]) -> Lasso {
    let free = 2 + order.len();
    let width = free + data.t_change.len();
    let regressors = data.X.len() / data.t.len().max(1);
    let mut precision = vec![RATE_PRECISION; 2];
    precision.extend(order.iter().map(|j| 1.0 / (*data.sigmas[*j] * *data.sigmas[*j])));
    let mut lasso = Lasso {
        width,
        free,
        gram: vec![0.0; width * width],
        target: vec![0.0; width],
        energy: data.y.iter().map(|y| y * y).sum(),
        precision,
        rate: 1.0 / *data.tau,
    };
    let mut row = vec![0.0; width];
    for ((t, y), x) in data.t.iter().zip(&data.y).zip(data.X.chunks_exact(regressors.max(1))) {
        (row[0], row[1]) = (*t, 1.0);
        order.iter().zip(&mut row[2..]).for_each(|(j, cell)| *cell = x[*j]);
        // Changepoints ascend: those not reached yet have no part in this row.
        let reached = data.t_change.partition_point(|s| s < t);
        data.t_change[..reached].iter().zip(&mut row[free..]).for_each(|(s, cell)| *cell = t - s);
        let known = &row[..free + reached];
        for (i, value) in known.iter().enumerate() {
            lasso.target[i] += value * y;
            for (cell, other) in lasso.gram[i * width..].iter_mut().zip(&known[..=i]) {
                *cell += value * other;
            }
        }
    }
    for i in 0..width {
        for j in 0..i {
            lasso.gram[j * width + i] = lasso.gram[i * width + j];
        }
    }
    lasso
}
