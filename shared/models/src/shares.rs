//! Shares of a total: how strange is it that so many of a bucket's tickets have this value?
//!
//! An incident moves the mix before it moves the sum, and a day that is busy for everybody moves no share. A value's
//! tickets are binomial given the total, overdispersed, with a share that is learned from the recent past.

use statrs::function::erf::erfc;
use std::f64::consts::SQRT_2;

/// Days after which a past bucket counts for half.
pub const HALF_LIFE_DAYS: f64 = 60.0;
/// Tickets that the shares of training count for at the start.
const PRIOR: f64 = 20.0;
/// Standard deviations beyond which a count teaches no more than at this bound.
const CLIP: f64 = 3.0;

/// How one value's tickets compare with its share of the total.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ShareStep {
    /// Tickets of the value.
    pub count: f64,
    /// Tickets expected of it, given the total.
    pub mean: f64,
    /// Variance around that, given the share.
    pub variance: f64,
    /// Relative variance of the share itself.
    pub unsure: f64,
}

/// The shares of one dimension's values, as learned so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    counts: Vec<f64>,
    keep: f64,
    dispersion: f64,
    buckets: f64,
}

impl Shares {
    /// Starts with `shares` (any scale); `dispersion` is that of a value's count around its share of the total.
    pub fn new(shares: &[f64], dispersion: f64, per_day: f64) -> Self {
        let total: f64 = shares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let counts = shares.iter().map(|s| (PRIOR * s / total).max(1e-3)).collect();
        Self { counts, keep: 0.5f64.powf(1.0 / (HALF_LIFE_DAYS * per_day)), dispersion, buckets: 0.0 }
    }

    /// Compares the values' tickets with their shares of `total`, then learns from them. `steps` gets one per value.
    pub fn step(&mut self, total: f64, counts: impl Iterator<Item = f64>, steps: &mut Vec<ShareStep>) {
        steps.clear();
        let sum: f64 = self.counts.iter().sum();
        for (learned, count) in self.counts.iter_mut().zip(counts) {
            let share = *learned / sum;
            let mean = total * share;
            let rest = 1.0 - share;
            let variance = mean * rest + self.dispersion * (mean * rest) * (mean * rest);
            let unsure = 1.0 / *learned + self.dispersion / (self.buckets + 1.0);
            steps.push(ShareStep { count, mean, variance, unsure });
            if total > 0.0 {
                let reach = CLIP * (variance + unsure * (mean * rest) * (mean * rest)).sqrt() + 0.5;
                *learned = *learned * self.keep + count.clamp((mean - reach).max(0.0), mean + reach);
            }
        }
        if total > 0.0 {
            self.buckets = self.buckets * self.keep + 1.0;
        }
    }
}

/// Upper tail (mid-p) of `count` tickets of `total` with share `mean` / `total`, given their `variance`.
///
/// The normal approximation of Peizer and Pratt (1968), whose error stays below 1 % of the probability's logarithm
/// far into the tail of a few dozen tickets; overdispersion makes tickets worth fewer.
pub fn upper_tail(count: f64, total: f64, mean: f64, variance: f64) -> f64 {
    let share = mean / total;
    let rest = 1.0 - share;
    if !(share > 0.0 && rest > 0.0 && total > 0.0) {
        return 1.0;
    }
    let worth = (mean * rest / variance).min(1.0);
    let (hits, misses, n) = (count * worth, (total - count) * worth, total * worth);
    let difference = hits - n * share + (rest - share) / 6.0;
    let skew = 1.0 + rest * curvature(hits / (n * share)) + share * curvature(misses / (n * rest));
    let z = difference * (skew.max(0.0) / ((n + 1.0 / 6.0) * share * rest)).sqrt();
    (0.5 * erfc(z / SQRT_2)).max(f64::MIN_POSITIVE)
}

/// Peizer and Pratt's g: 1 at 0, 0 at 1.
fn curvature(x: f64) -> f64 {
    if x <= 0.0 {
        1.0
    } else if (x - 1.0).abs() < 1e-4 {
        (1.0 - x) / 3.0
    } else {
        (1.0 - x * x + 2.0 * x * x.ln()) / ((1.0 - x) * (1.0 - x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, Discrete, DiscreteCDF};

    #[test]
    fn the_tail_is_that_of_a_binomial() {
        for (n, p, within) in [(40u64, 0.1, 0.05), (200, 0.38, 0.03), (1500, 0.02, 0.03), (15, 0.6, 0.2)] {
            let exact = Binomial::new(p, n).unwrap();
            let (mean, variance) = (n as f64 * p, n as f64 * p * (1.0 - p));
            for k in (mean as u64..n).step_by((n / 25).max(1) as usize) {
                let wanted = exact.sf(k) + 0.5 * exact.pmf(k);
                if wanted < 1e-12 {
                    break;
                }
                let got = upper_tail(k as f64, n as f64, mean, variance);
                assert!((got.ln() / wanted.ln() - 1.0).abs() < within, "{n} {p} {k}: {got:e} {wanted:e}");
            }
        }
    }

    #[test]
    fn overdispersion_and_odd_arguments_make_it_larger_or_one() {
        let exact = upper_tail(30.0, 200.0, 15.0, 14.0);
        assert!(upper_tail(30.0, 200.0, 15.0, 40.0) > 10.0 * exact);
        for (count, total, mean) in [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (3.0, 5.0, f64::NAN)] {
            assert_eq!(upper_tail(count, total, mean, 1.0), 1.0);
        }
    }

    #[test]
    fn shares_are_learned_and_one_wild_bucket_is_not() {
        let mut shares = Shares::new(&[1.0, 1.0], 0.0, 1.0);
        let mut steps = Vec::new();
        for _ in 0..200 {
            shares.step(100.0, [20.0, 80.0].into_iter(), &mut steps);
        }
        assert!((steps[0].mean - 20.0).abs() < 1.0, "{steps:?}");
        shares.step(100.0, [95.0, 5.0].into_iter(), &mut steps);
        shares.step(100.0, [20.0, 80.0].into_iter(), &mut steps);
        assert!((steps[0].mean - 20.0).abs() < 1.5, "{steps:?}");
        shares.step(0.0, [0.0, 0.0].into_iter(), &mut steps);
        assert_eq!((steps[0].mean, steps[0].count), (0.0, 0.0));
    }
}
