//! Symmetric prediction interval from cross-validation residuals: mean ± z · standard deviation.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::{LN_10, PI};

/// Spread of residuals (actual − forecast) that the model made on data it was not fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResidualInterval {
    /// Population standard deviation of the residuals.
    pub deviation: f64,
    /// How many residuals.
    pub count: usize,
}

impl ResidualInterval {
    /// From out-of-sample residuals; `None` without a finite one.
    pub fn from_residuals(residuals: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = residuals.iter().copied().filter(|r| r.is_finite()).collect();
        let count = finite.len();
        if count == 0 {
            return None;
        }
        let mean = finite.iter().sum::<f64>() / count as f64;
        let variance = finite.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / count as f64;
        Some(Self { deviation: variance.sqrt(), count })
    }

    /// Lower and upper end that hold `width` (0–1) of a normal distribution around `mean`; counts end at 0.
    pub fn bounds(&self, mean: f64, width: f64) -> (f64, f64) {
        let z = standard_normal()
            .map_or(f64::NAN, |n| n.inverse_cdf((1.0 + width.clamp(0.0, 1.0 - 1e-15)) / 2.0));
        ((mean - z * self.deviation).max(0.0), (mean + z * self.deviation).max(0.0))
    }

    /// −log10 of the two-sided normal tail of `actual`; finite, at least 0.
    pub fn score(&self, actual: f64, mean: f64) -> f64 {
        let z = (actual - mean).abs() / self.deviation.max(1e-9);
        if z.is_nan() {
            return 0.0;
        }
        if z < 8.0 {
            return standard_normal().map_or(0.0, |n| -(2.0 * n.sf(z)).log10()).max(0.0);
        }
        // Mills' ratio: exact to 2 % from 8 standard deviations on, and never infinite.
        let z = z.min(1e12);
        (z * z / 2.0 + (z * (PI / 2.0).sqrt()).ln()) / LN_10
    }
}

fn standard_normal() -> Option<Normal> {
    Normal::new(0.0, 1.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99_percent_interval_is_2_576_deviations_wide() {
        let interval = ResidualInterval::from_residuals(&[-1.0, 1.0, -1.0, 1.0, f64::NAN]).unwrap();
        assert_eq!((interval.deviation, interval.count), (1.0, 4));
        let (lower, upper) = interval.bounds(10.0, 0.99);
        assert!((lower - 7.424_170_7).abs() < 1e-6 && (upper - 12.575_829_3).abs() < 1e-6);
        assert_eq!(interval.bounds(1.0, 0.99).0, 0.0);
        assert!(ResidualInterval::from_residuals(&[f64::NAN]).is_none());
    }

    #[test]
    fn scores_are_finite_and_continuous() {
        let interval = ResidualInterval { deviation: 2.0, count: 9 };
        assert!((interval.score(10.0, 10.0)).abs() < 1e-12);
        assert!((interval.score(15.151_66, 10.0) - 2.0).abs() < 1e-4);
        assert!((interval.score(26.0, 10.0) - interval.score(25.99, 10.0)).abs() < 0.05);
        assert!(interval.score(1e300, 0.0).is_finite());
    }
}
