//! How far a count may lie from the curve: noise, and changes of the trend that are still to come.
//!
//! Prophet draws futures in which the slope changes as often and as much as in the training. Here the same distribution
//! (Taylor and Letham 2018, section 3.1.4) is evaluated instead of sampled, so that the same model gives the same bits.

use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::{PI, TAU};

/// Most points of the characteristic function.
const MAX_POINTS: f64 = 4096.0;
/// The Gaussian factor of the characteristic function is nothing beyond this many standard deviations: e^−24.5.
const REACH: f64 = 7.0;
/// Standard deviations after which the inverted distribution repeats.
const PERIOD: f64 = 32.0;

/// Symmetric distribution of noise + trend changes at growing distance from the end of the training.
///
/// With S changepoints in the training and steps of d (in units of t), a change happens in each step with probability
/// p = S·d and is Laplace distributed, its scale λ the mean |δ|; half of it acts within its own step. After n steps
/// the trend is off by Σ (i − ½) d Lᵢ over i = 1 … n, whose characteristic function is
/// Π (1 − p + p / (1 + ((i − ½) d λ u)²)).
#[derive(Debug)]
pub(super) struct Uncertainty {
    sigma: f64,
    /// Standardised change after half a step: d λ.
    unit: f64,
    probability: f64,
    /// Steps that the products hold.
    steps: u64,
    /// Distance of the points, the first at half of it; 0 when normal quantiles must do.
    spacing: f64,
    products: Vec<f64>,
}

impl Uncertainty {
    /// `changes` per unit of t with mean size `lambda`, `step` in units of t; `farthest` is the most steps asked for.
    pub(super) fn new(sigma: f64, changes: f64, lambda: f64, step: f64, farthest: u64) -> Self {
        let probability = (changes * step).clamp(0.0, 1.0);
        let mut new =
            Self { sigma, unit: step * lambda, probability, steps: 0, spacing: 0.0, products: Vec::new() };
        let spacing = TAU / (PERIOD * new.deviation(farthest));
        let points = (REACH / sigma / spacing).ceil();
        if points <= MAX_POINTS {
            new.spacing = spacing;
            let at = |i: usize| (i as f64 + 0.5) * spacing * sigma;
            new.products = (0..points as usize).map(|i| (-0.5 * at(i) * at(i)).exp()).collect();
        }
        new
    }

    /// Standard deviation after `steps`: noise, and 2 λ² p d² Σ (i − ½)².
    fn deviation(&self, steps: u64) -> f64 {
        let n = steps as f64;
        let squares = n * (4.0 * n * n - 1.0) / 12.0;
        (self.sigma * self.sigma + 2.0 * self.probability * self.unit * self.unit * squares).sqrt()
    }

    /// The value that a share of (1 + `width`) / 2 stays below, `steps` after the training; steps must not fall.
    ///
    /// Inverts the characteristic function (Gil-Pelaez 1951) by the midpoint rule and Newton steps.
    pub(super) fn half_width(&mut self, width: f64, steps: u64) -> f64 {
        let width = width.clamp(0.0, 0.9999);
        let deviation = self.deviation(steps);
        let z = Normal::new(0.0, 1.0).map_or(f64::NAN, |n| n.inverse_cdf((1.0 + width) / 2.0));
        let mut x = z * deviation;
        if self.products.is_empty() || x == 0.0 {
            return x;
        }
        while self.steps < steps {
            self.steps += 1;
            let size = (self.steps as f64 - 0.5) * self.unit;
            for (i, product) in self.products.iter_mut().enumerate() {
                let u = (i as f64 + 0.5) * self.spacing * size;
                *product *= 1.0 - self.probability + self.probability / (1.0 + u * u);
            }
        }
        let (mut low, mut high) = (0.0, PERIOD / 2.0 * deviation);
        for _ in 0..60 {
            let (inside, density) = self.inside(x);
            if inside < width {
                low = x;
            } else {
                high = x;
            }
            let newton = x - (inside - width) / density;
            let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
            let close = (next - x).abs() <= 1e-10 * deviation;
            x = next;
            if close {
                break;
            }
        }
        x
    }

    /// P(−x < X < x) and its derivative.
    fn inside(&self, x: f64) -> (f64, f64) {
        let (turn_sine, turn_cosine) = (self.spacing * x).sin_cos();
        let (mut sine, mut cosine) = (0.5 * self.spacing * x).sin_cos();
        let (mut inside, mut density) = (0.0, 0.0);
        for (i, product) in self.products.iter().enumerate() {
            inside += product * sine / (i as f64 + 0.5);
            density += product * cosine;
            (sine, cosine) =
                (sine * turn_cosine + cosine * turn_sine, cosine * turn_cosine - sine * turn_sine);
        }
        (2.0 / PI * inside, 2.0 / PI * self.spacing * density)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_changes_it_is_normal() {
        let mut noise = Uncertainty::new(2.0, 25.0, 0.0, 0.01, 50);
        for steps in [0, 1, 50] {
            assert!((noise.half_width(0.99, steps) / 2.0 - 2.575_829_3).abs() < 1e-6);
        }
        assert!((noise.half_width(0.8, 50) / 2.0 - 1.281_551_6).abs() < 1e-6);
        assert_eq!(noise.half_width(0.0, 50), 0.0);
    }

    #[test]
    fn one_certain_change_is_a_laplace_variable() {
        // Noise hardly matters beside a change of (1 − ½) · 2: P(|X| < x) = 1 − e^−x.
        let mut one = Uncertainty::new(0.02, 1.0, 2.0, 1.0, 1);
        let half = one.half_width(0.99, 1);
        assert!((half - 100f64.ln()).abs() < 0.01, "{half}");
    }

    #[test]
    fn it_widens_with_the_distance_and_stays_finite() {
        let mut wide = Uncertainty::new(0.1, 25.0, 0.2, 1.0 / 272.0, 400);
        let widths: Vec<f64> = [0, 1, 30, 92, 400].map(|n| wide.half_width(0.99, n)).into();
        assert!(widths.is_sorted() && widths[4] > 3.0 * widths[0], "{widths:?}");
        let mut silent = Uncertainty::new(1e-9, 25.0, 1e-2, 1.0 / 30.0, 10_000);
        assert!(silent.half_width(0.99, 10_000).is_finite());
    }
}
