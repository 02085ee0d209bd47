//! Kalman filter of a seasonal ARMA process, by the sparsity of its state space.
//!
//! The states are those of SARIMAX in statsmodels: with seasonal differencing the last `season` counts, then the ARMA
//! process in Harvey's form (Durbin and Koopman 2012, section 3.4). All start at zero with the same large variance.
//! A past count is known exactly once it was observed, so only those that are missing, or from before the first
//! bucket, keep a covariance. Between observed counts a step costs `arma²/2` products, and `arma` once the covariance
//! no longer changes.

use super::Order;
use std::f64::consts::TAU;

/// Squared change of the covariance, relative to that of the noise, at which it counts as converged.
const TOLERANCE: f64 = 1e-22;
/// Steps from one check of convergence to the next.
const CHECK_EVERY: usize = 8;

/// A seasonal ARMA process with its parameters put in: transition, noise and start.
#[derive(Clone, Debug, PartialEq)]
pub struct StateSpace {
    /// Past counts among the states; 0 without seasonal differencing.
    pub(super) season: usize,
    /// Coefficients of the autoregressive polynomial, φ(B)Φ(B^s), by lag from 1; as long as there are ARMA states.
    pub(super) ar: Vec<f64>,
    /// Weights of a bucket's noise in the ARMA states: 1, then the polynomial θ(B)Θ(B^s) by lag from 1.
    pub(super) noise: Vec<f64>,
    pub(super) sigma2: f64,
    pub(super) initial_variance: f64,
}

impl StateSpace {
    /// The process of `order` with `coefficients` in the order AR, MA, seasonal AR, seasonal MA; missing ones are 0.
    ///
    /// `sigma2` is the variance of the noise, `initial_variance` that of every state at the start.
    pub fn new(order: &Order, coefficients: &[f64], sigma2: f64, initial_variance: f64) -> Self {
        let mut rest = coefficients.iter().copied();
        let mut take = |n: usize| (0..n).map(|_| rest.next().unwrap_or(0.0)).collect::<Vec<f64>>();
        let (ar, ma) = (take(order.p), take(order.q));
        let (seasonal_ar, seasonal_ma) = (take(order.seasonal_p), take(order.seasonal_q));
        let states = order.arma_states();
        let mut transition = vec![0.0; states];
        product(&ar, &seasonal_ar, order.season, -1.0, |lag, c| transition[lag - 1] += c);
        let mut noise = vec![0.0; states];
        noise[0] = 1.0;
        product(&ma, &seasonal_ma, order.season, 1.0, |lag, c| noise[lag] += c);
        Self { season: order.difference_states(), ar: transition, noise, sigma2, initial_variance }
    }

    /// Number of states, which is also how many buckets the likelihood leaves out at the start.
    pub fn states(&self) -> usize {
        self.season + self.ar.len()
    }

    /// What the filter says of `values`; NaN is missing. The first [`StateSpace::states`] buckets do not count.
    pub fn likelihood(&self, values: &[f64]) -> Likelihood {
        let mut filter = Filter::new(self);
        let mut likelihood = Likelihood::default();
        for (i, value) in values.iter().enumerate() {
            let step = filter.step(*value);
            if i >= self.states() && value.is_finite() {
                likelihood.count += 1;
                likelihood.log_variances += step.variance.ln();
                likelihood.squares += (value - step.mean) * (value - step.mean) / step.variance;
            }
        }
        likelihood
    }
}

/// Calls `add` with the lags and coefficients of a(B) + b(B^s) + `sign` · a(B) b(B^s).
fn product(a: &[f64], b: &[f64], season: usize, sign: f64, mut add: impl FnMut(usize, f64)) {
    a.iter().enumerate().for_each(|(i, a)| add(i + 1, *a));
    for (k, b) in b.iter().enumerate() {
        let lag = (k + 1) * season;
        add(lag, *b);
        a.iter().enumerate().for_each(|(i, a)| add(lag + i + 1, sign * a * b));
    }
}

/// Parts of a Gaussian log-likelihood by its prediction errors v with variances F.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likelihood {
    /// Counts observed.
    pub count: usize,
    /// Σ ln F.
    pub log_variances: f64,
    /// Σ v² / F.
    pub squares: f64,
}

impl Likelihood {
    /// The log-likelihood at the given sigma².
    pub fn value(&self) -> f64 {
        -0.5 * (self.count as f64 * TAU.ln() + self.log_variances + self.squares)
    }

    /// What sigma² and the initial variance are to be multiplied by for the log-likelihood to be highest.
    pub fn scale(&self) -> f64 {
        self.squares / self.count.max(1) as f64
    }

    /// The log-likelihood with sigma² and the initial variance multiplied by [`Likelihood::scale`].
    pub fn concentrated(&self) -> f64 {
        -0.5 * (self.count as f64 * (TAU.ln() + 1.0 + self.scale().ln()) + self.log_variances)
    }
}

/// Forecast of one bucket from the values before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Expected count; may be below zero.
    pub mean: f64,
    /// Variance of the count around it.
    pub variance: f64,
    /// Whether as many counts as there are states came before, the one a season ago among them or deducible.
    pub filled: bool,
}

/// A filter that has seen the buckets so far.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    space: &'a StateSpace,
    /// Expected states of the next bucket: ARMA, then past counts; that of bucket t is at t modulo the season.
    state: Vec<f64>,
    /// Covariance of the states, row by row; rows and columns of known past counts mean nothing.
    covariance: Vec<f64>,
    /// Which past counts are not known.
    unknown: Vec<bool>,
    unknowns: usize,
    seen: usize,
    observed: usize,
    fast_steps: usize,
    converged: bool,
    /// Covariances with the count to come; the first row; the ARMA part one step ago.
    column: Vec<f64>,
    first: Vec<f64>,
    before: Vec<f64>,
}

impl<'a> Filter<'a> {
    /// Before the first bucket.
    pub fn new(space: &'a StateSpace) -> Self {
        let m = space.states();
        let mut covariance = vec![0.0; m * m];
        covariance.iter_mut().step_by(m + 1).for_each(|c| *c = space.initial_variance);
        Self {
            space,
            state: vec![0.0; m],
            covariance,
            unknown: vec![true; space.season],
            unknowns: space.season,
            seen: 0,
            observed: 0,
            fast_steps: 0,
            converged: false,
            column: vec![0.0; m],
            first: vec![0.0; m + 1],
            before: Vec::new(),
        }
    }

    /// Forecasts the next bucket, then takes its `value` in; one that is not finite is missing.
    pub fn step(&mut self, value: f64) -> Step {
        let r = self.space.ar.len();
        let oldest = (self.space.season > 0).then(|| r + self.seen % self.space.season);
        let step = if self.unknowns == 0 && value.is_finite() {
            self.fast_step(value, oldest)
        } else {
            self.whole_step(value, oldest)
        };
        self.seen += 1;
        self.observed += usize::from(value.is_finite());
        step
    }

    /// A step whose count is observed, all past counts being known: after it the first ARMA state is known as well.
    fn fast_step(&mut self, value: f64, oldest: Option<usize>) -> Step {
        let (r, m) = (self.space.ar.len(), self.state.len());
        if !self.converged {
            self.first[..r].copy_from_slice(&self.covariance[..r]);
        }
        let variance = self.first[0];
        let mean = self.state[0] + oldest.map_or(0.0, |k| self.state[k]);
        let known = self.state[0] + (value - mean);
        let gain = (value - mean) / variance;
        for i in 0..r - 1 {
            self.state[i] = self.space.ar[i] * known + self.state[i + 1] + self.first[i + 1] * gain;
        }
        self.state[r - 1] = self.space.ar[r - 1] * known;
        if let Some(k) = oldest {
            self.state[k] = value;
        }
        if !self.converged {
            self.fast_steps += 1;
            let check = self.fast_steps.is_multiple_of(CHECK_EVERY);
            if check {
                self.before.clear();
                (0..r).for_each(|i| self.before.extend_from_slice(&self.covariance[i * m + i..i * m + r]));
            }
            self.fast_covariance(variance);
            if check {
                self.check_convergence();
            }
        }
        let filled = self.observed >= m;
        Step { mean, variance, filled }
    }

    /// The ARMA part one step on: what is left beside the first state moves up, noise is added. Of each row the columns
    /// from the diagonal's group of four on are kept; nothing reads those below the diagonal.
    fn fast_covariance(&mut self, variance: f64) {
        let (r, m) = (self.space.ar.len(), self.state.len());
        let (first, noise, sigma2) = (&self.first[..r], &self.space.noise[..r], self.space.sigma2);
        let inverse = 1.0 / variance;
        for i in 0..r - 1 {
            let (share, own) = (first[i + 1] * inverse, sigma2 * noise[i]);
            let start = i / 4 * 4;
            let (above, below) = self.covariance.split_at_mut((i + 1) * m);
            let (to, to_rest) = above[i * m + start..i * m + r - 1].as_chunks_mut::<4>();
            let (from, from_rest) = below[start + 1..r].as_chunks::<4>();
            let (with, with_rest) = first[start + 1..].as_chunks::<4>();
            let (noise, noise_rest) = noise[start..r - 1].as_chunks::<4>();
            for (((to, from), with), noise) in to.iter_mut().zip(from).zip(with).zip(noise) {
                for lane in 0..4 {
                    to[lane] = from[lane] - share * with[lane] + own * noise[lane];
                }
            }
            let rest = to_rest.iter_mut().zip(from_rest).zip(with_rest).zip(noise_rest);
            for (((to, from), with), noise) in rest {
                *to = from - share * with + own * noise;
            }
            above[i * m + r - 1] = own * self.space.noise[r - 1];
        }
        self.covariance[(r - 1) * m + r - 1] = sigma2 * noise[r - 1] * noise[r - 1];
    }

    fn check_convergence(&mut self) {
        let (r, m) = (self.space.ar.len(), self.state.len());
        let now = (0..r).flat_map(|i| &self.covariance[i * m + i..i * m + r]);
        let change: f64 = now.zip(&self.before).map(|(a, b)| (a - b) * (a - b)).sum();
        if change < TOLERANCE * self.space.sigma2 * self.space.sigma2 {
            self.converged = true;
            self.first[..r].copy_from_slice(&self.covariance[..r]);
        }
    }

    /// Any step: past counts that are not known keep their covariance.
    fn whole_step(&mut self, value: f64, oldest: Option<usize>) -> Step {
        let (r, m) = (self.space.ar.len(), self.state.len());
        if self.unknowns == 0 {
            // Steps between observed counts keep the upper triangle alone.
            for i in 0..r {
                (0..i).for_each(|j| self.covariance[i * m + j] = self.covariance[j * m + i]);
            }
        }
        self.converged = false;
        let carried = oldest.filter(|k| self.unknown[k - r]);
        let mut active: Vec<usize> = (0..r).chain((r..m).filter(|k| self.unknown[k - r])).collect();
        for i in &active {
            self.column[*i] = self.covariance[i * m] + carried.map_or(0.0, |k| self.covariance[i * m + k]);
        }
        let variance = self.column[0] + carried.map_or(0.0, |k| self.column[k]);
        let mean = self.state[0] + oldest.map_or(0.0, |k| self.state[k]);
        let deducible =
            carried.is_none_or(|k| self.covariance[k * m + k] < self.space.initial_variance / 2.0);
        let filled = self.observed >= m && deducible;
        let observed = value.is_finite();
        if observed {
            let gain = (value - mean) / variance;
            for i in &active {
                self.state[*i] += self.column[*i] * gain;
                let share = self.column[*i] / variance;
                active.iter().for_each(|j| self.covariance[i * m + j] -= share * self.column[*j]);
            }
        }
        active.retain(|i| Some(*i) != oldest);
        let count = if observed { value } else { mean };
        self.predict(&active[r..]);
        if let Some(k) = oldest {
            self.state[k] = count;
            self.unknown[k - r] = !observed;
            self.unknowns = self.unknowns + usize::from(!observed) - usize::from(carried.is_some());
            if !observed {
                self.remember(k, &active[r..], variance);
            }
        }
        Step { mean, variance, filled }
    }

    /// Moves the ARMA states one step on; `past` are the unknown past counts that stay.
    fn predict(&mut self, past: &[usize]) {
        let (r, m) = (self.space.ar.len(), self.state.len());
        let (ar, noise) = (&self.space.ar, &self.space.noise);
        let (p, first) = (&mut self.covariance, &mut self.first);
        first[..m].copy_from_slice(&p[..m]);
        let known = self.state[0];
        for i in 0..r {
            let next = if i + 1 < r { self.state[i + 1] } else { 0.0 };
            self.state[i] = ar[i] * known + next;
            for k in past {
                let next = if i + 1 < r { p[(i + 1) * m + k] } else { 0.0 };
                p[i * m + k] = ar[i] * first[*k] + next;
                p[k * m + i] = p[i * m + k];
            }
            for j in i..r {
                let with = |a: usize| if a + 1 < r { first[a + 1] } else { 0.0 };
                let next = if j + 1 < r { p[(i + 1) * m + j + 1] } else { 0.0 };
                let shared = ar[i] * ar[j] * first[0] + ar[i] * with(j) + ar[j] * with(i);
                p[i * m + j] = shared + next + self.space.sigma2 * noise[i] * noise[j];
                p[j * m + i] = p[i * m + j];
            }
        }
    }

    /// Makes the count just missed the past count `k`; `column` holds its covariances from before the step.
    fn remember(&mut self, k: usize, past: &[usize], variance: f64) {
        let (r, m) = (self.space.ar.len(), self.state.len());
        for i in 0..r {
            let next = if i + 1 < r { self.column[i + 1] } else { 0.0 };
            self.covariance[k * m + i] = self.space.ar[i] * self.column[0] + next;
            self.covariance[i * m + k] = self.covariance[k * m + i];
        }
        for i in past {
            self.covariance[k * m + i] = self.column[*i];
            self.covariance[i * m + k] = self.column[*i];
        }
        self.covariance[k * m + k] = variance;
    }
}
