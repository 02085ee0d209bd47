//! Tail probabilities of negative binomial and Poisson counts, in log space.
//!
//! Variance = mean + dispersion · mean². The probability mass comes from Loader's saddle-point expansion ("Fast and
//! Accurate Computation of Binomial Probabilities", 2000), the tail as the mass times a ratio: the continued fraction
//! of the incomplete beta function (Numerical Recipes, 3rd ed., 6.4) or the series and continued fraction of the
//! incomplete gamma function (6.2). Nothing under- or overflows, however far the tail. Counts may be fractions: all
//! formulas are the analytic continuations.

use domain::anomaly::Direction;
use statrs::function::gamma::ln_gamma;
use std::f64::consts::{LN_2, LN_10, PI};

/// Dispersions below this are Poisson: the difference is lost in rounding for any mean up to 1e7.
const MIN_DISPERSION: f64 = 1e-14;
const MIN_MEAN: f64 = 1e-9;
const MAX_MEAN: f64 = 1e12;
const MAX_COUNT: f64 = 1e15;
const MAX_STEPS: usize = 200_000;
const PRECISION: f64 = 1e-15;
const TINY: f64 = 1e-300;

/// −log10 of the mid-p upper tail P(X > a) + ½ P(X = a): finite, at least 0; 0 when an argument is NaN.
pub fn upper_log10(actual: f64, mean: f64, dispersion: f64) -> f64 {
    match Count::new(mean, dispersion) {
        Some(count) if !actual.is_nan() => minus_log10(count.upper(actual)),
        _ => 0.0,
    }
}

/// −log10 of the mid-p lower tail P(X < a) + ½ P(X = a): finite, at least 0; 0 when an argument is NaN.
pub fn lower_log10(actual: f64, mean: f64, dispersion: f64) -> f64 {
    match Count::new(mean, dispersion) {
        Some(count) if !actual.is_nan() => minus_log10(count.lower(actual)),
        _ => 0.0,
    }
}

/// ln P(X = a), continued to fractions; 0 when an argument is NaN.
pub fn ln_mass(actual: f64, mean: f64, dispersion: f64) -> f64 {
    match Count::new(mean, dispersion) {
        Some(count) if !actual.is_nan() => count.ln_mass(actual.clamp(0.0, MAX_COUNT)),
        _ => 0.0,
    }
}

/// −log10 of twice the smaller mid-p tail (at least 0), and the side it lies on.
pub fn two_sided_log10(actual: f64, mean: f64, dispersion: f64) -> (f64, Direction) {
    let upper = upper_log10(actual, mean, dispersion);
    let lower = lower_log10(actual, mean, dispersion);
    let direction = if upper >= lower { Direction::Up } else { Direction::Down };
    ((upper.max(lower) - LN_2 / LN_10).max(0.0), direction)
}

/// Smallest count k with P(X ≤ k) ≥ p; `p` is clamped to 1e-15 … 1 − 1e-15. NaN when an argument is NaN.
pub fn quantile(p: f64, mean: f64, dispersion: f64) -> f64 {
    let Some(count) = Count::new(mean, dispersion).filter(|_| !p.is_nan()) else { return f64::NAN };
    let p = p.clamp(1e-15, 1.0 - 1e-15);
    let reached =
        |k: f64| if p > 0.5 { count.above(k) <= (1.0 - p).ln() } else { count.at_most(k) >= p.ln() };
    first_count(count.mean, reached)
}

/// Largest count whose [`upper_log10`] does not exceed `limit`: one more would be stranger than that.
pub fn upper_bound(limit: f64, mean: f64, dispersion: f64) -> f64 {
    let Some(count) = Count::new(mean, dispersion).filter(|_| !limit.is_nan()) else { return f64::NAN };
    let stranger = |k: f64| minus_log10(count.upper(k)) > limit;
    (first_count(count.mean + 2.5 * count.deviation(), stranger) - 1.0).max(0.0)
}

/// Smallest count whose [`lower_log10`] does not exceed `limit`; 0 when no count is too small.
pub fn lower_bound(limit: f64, mean: f64, dispersion: f64) -> f64 {
    let Some(count) = Count::new(mean, dispersion).filter(|_| !limit.is_nan()) else { return f64::NAN };
    first_count((count.mean - 2.5 * count.deviation()).max(0.0), |k| minus_log10(count.lower(k)) <= limit)
}

/// Smallest whole number ≥ 0 from which the monotone `reached` holds, searched outwards from `start`.
fn first_count(start: f64, reached: impl Fn(f64) -> bool) -> f64 {
    let start = start.clamp(0.0, MAX_COUNT).floor();
    let (mut low, mut high);
    let mut step = 1.0;
    if reached(start) {
        high = start;
        loop {
            low = high - step;
            if low < 0.0 {
                low = -1.0;
                break;
            }
            if !reached(low) {
                break;
            }
            high = low;
            step *= 2.0;
        }
    } else {
        low = start;
        loop {
            high = low + step;
            if high > MAX_COUNT || reached(high) {
                break;
            }
            low = high;
            step *= 2.0;
        }
    }
    while high - low > 1.0 {
        let middle = ((low + high) / 2.0).floor();
        if reached(middle) { high = middle } else { low = middle }
    }
    high
}

fn minus_log10(ln_probability: f64) -> f64 {
    (-ln_probability / LN_10).clamp(0.0, MAX_COUNT)
}

/// ln(1 − eˣ) for x ≤ 0.
fn ln_one_minus_exp(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).max(TINY).ln() } else { (-x.exp()).ln_1p() }
}

/// A negative binomial count: `size` = 1/dispersion, infinite for Poisson.
struct Count {
    mean: f64,
    size: f64,
}

impl Count {
    fn new(mean: f64, dispersion: f64) -> Option<Self> {
        if mean.is_nan() || dispersion.is_nan() {
            return None;
        }
        let size = if dispersion < MIN_DISPERSION { f64::INFINITY } else { 1.0 / dispersion.min(1e9) };
        Some(Self { mean: mean.clamp(MIN_MEAN, MAX_MEAN), size })
    }

    fn deviation(&self) -> f64 {
        (self.mean + self.mean * self.mean / self.size).sqrt()
    }

    /// ln(P(X > a) + ½ P(X = a)).
    fn upper(&self, actual: f64) -> f64 {
        if actual < 0.0 {
            return 0.0;
        }
        let a = actual.min(MAX_COUNT);
        let mass = self.ln_mass(a);
        match self.upper_ratio(a) {
            Some(ratio) => mass + (ratio - 0.5).max(0.5).ln(),
            None => ln_one_minus_exp((mass + (self.lower_ratio(a) - 0.5).max(0.5).ln()).min(0.0)),
        }
    }

    /// ln(P(X < a) + ½ P(X = a)).
    fn lower(&self, actual: f64) -> f64 {
        if actual < 0.0 {
            return -MAX_COUNT;
        }
        let a = actual.min(MAX_COUNT);
        let mass = self.ln_mass(a);
        match self.upper_ratio(a) {
            Some(ratio) => ln_one_minus_exp((mass + (ratio - 0.5).max(0.5).ln()).min(0.0)),
            None => mass + (self.lower_ratio(a) - 0.5).max(0.5).ln(),
        }
    }

    /// ln P(X ≤ k).
    fn at_most(&self, k: f64) -> f64 {
        match self.upper_ratio(k) {
            // P(X ≤ k) = 1 − (P(X ≥ k) − P(X = k)).
            Some(ratio) if ratio > 1.0 => ln_one_minus_exp((self.ln_mass(k) + (ratio - 1.0).ln()).min(0.0)),
            Some(_) => 0.0,
            None => self.ln_mass(k) + self.lower_ratio(k).ln(),
        }
    }

    /// ln P(X > k).
    fn above(&self, k: f64) -> f64 {
        match self.upper_ratio(k) {
            Some(ratio) => self.ln_mass(k) + (ratio - 1.0).max(TINY).ln(),
            None => ln_one_minus_exp((self.ln_mass(k) + self.lower_ratio(k).ln()).min(0.0)),
        }
    }

    /// ln P(X = k), continued to fractions.
    fn ln_mass(&self, k: f64) -> f64 {
        let m = self.mean;
        let r = self.size;
        if r.is_infinite() {
            if k <= 0.0 {
                return -m;
            }
            return -stirling_error(k) - deviance(k, m, k - m) - 0.5 * (2.0 * PI * k).ln();
        }
        if k <= 0.0 {
            return -r * (m / r).ln_1p();
        }
        let n = k + r;
        let gap = (k - m) / (r + m);
        let core = stirling_error(n)
            - stirling_error(r)
            - stirling_error(k)
            - deviance(r, n * r / (r + m), -r * gap)
            - deviance(k, n * m / (r + m), r * gap);
        (r / n).ln() + core - 0.5 * (2.0 * PI * r * k / n).ln()
    }

    /// P(X ≥ k) / P(X = k) where its expansion converges fast, which is where the upper tail is the smaller one.
    fn upper_ratio(&self, k: f64) -> Option<f64> {
        let (m, r) = (self.mean, self.size);
        if k <= 0.0 {
            return None;
        }
        if r.is_infinite() {
            return (k + 1.0 > m).then(|| gamma_series(k, m));
        }
        let q = m / (r + m);
        (q < (k + 1.0) / (k + r + 2.0)).then(|| beta_fraction(k, r, q))
    }

    /// P(X ≤ k) / P(X = k), for k where [`Count::upper_ratio`] is `None`.
    fn lower_ratio(&self, k: f64) -> f64 {
        let (m, r) = (self.mean, self.size);
        if k <= 0.0 {
            return 1.0;
        }
        if r.is_infinite() {
            return (m * gamma_fraction(k + 1.0, m)).max(1.0);
        }
        let q = m / (r + m);
        (q * (k + r) / r * beta_fraction(r, k + 1.0, r / (r + m))).max(1.0)
    }
}

/// Error of Stirling's formula: ln Γ(x + 1) − (x + ½) ln x + x − ½ ln 2π.
fn stirling_error(x: f64) -> f64 {
    if x <= 15.0 {
        return ln_gamma(x + 1.0) - (x + 0.5) * x.ln() + x - 0.5 * (2.0 * PI).ln();
    }
    let s = 1.0 / (x * x);
    (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0)))) / x
}

/// Loader's deviance term x ln(x / expected) + expected − x, where `difference` = x − expected.
fn deviance(x: f64, expected: f64, difference: f64) -> f64 {
    let v = difference / (x + expected);
    if v.abs() >= 0.1 {
        return x * (x / expected).ln() - difference;
    }
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    for j in 1..100 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// 1 + m/(k+1) + m²/((k+1)(k+2)) + …
fn gamma_series(k: f64, m: f64) -> f64 {
    let (mut sum, mut term, mut at) = (1.0, 1.0, k);
    for _ in 0..MAX_STEPS {
        at += 1.0;
        term *= m / at;
        sum += term;
        if term < sum * PRECISION {
            break;
        }
    }
    sum
}

/// Lentz's evaluation of Q(a, x) / (xᵃ e⁻ˣ / Γ(a)).
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / guard(b);
    let mut h = d;
    let mut i = 0.0;
    for _ in 0..MAX_STEPS {
        i += 1.0;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / guard(an * d + b);
        c = guard(b + an / c);
        h *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    h
}

/// Lentz's evaluation of the continued fraction of the incomplete beta function.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    let mut i = 0.0;
    for _ in 0..MAX_STEPS {
        i += 1.0;
        let even = i * (b - i) * x / ((a + 2.0 * i - 1.0) * (a + 2.0 * i));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + i) * (a + b + i) * x / ((a + 2.0 * i) * (a + 2.0 * i + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    h
}

/// Keeps a divisor of Lentz's algorithm away from zero.
fn guard(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sums the mass upwards from 0 by its recurrence: slow and plain.
    fn slow(actual: u32, mean: f64, dispersion: f64) -> (f64, f64) {
        let (mut mass, step): (f64, Box<dyn Fn(f64) -> f64>) = if dispersion == 0.0 {
            ((-mean).exp(), Box::new(move |k| mean / (k + 1.0)))
        } else {
            let r = 1.0 / dispersion;
            let q = mean / (r + mean);
            ((r / (r + mean)).powf(r), Box::new(move |k| q * (k + r) / (k + 1.0)))
        };
        let (mut below, mut at, mut above) = (0.0, 0.0, 0.0);
        for k in 0..100_000u32 {
            match k.cmp(&actual) {
                std::cmp::Ordering::Less => below += mass,
                std::cmp::Ordering::Equal => at = mass,
                std::cmp::Ordering::Greater => above += mass,
            }
            mass *= step(f64::from(k));
        }
        (above + 0.5 * at, below + 0.5 * at)
    }

    #[test]
    fn tails_equal_the_plain_sum() {
        for mean in [0.01, 0.3, 1.0, 7.5, 40.0, 300.0] {
            for dispersion in [0.0, 1e-6, 0.01, 0.3, 2.0, 50.0] {
                if mean * dispersion > 2_500.0 {
                    continue; // the plain sum would need millions of terms
                }
                for actual in [0, 1, 2, 5, 20, 60, 280, 340, 700] {
                    let (upper, lower) = slow(actual, mean, dispersion);
                    let a = f64::from(actual);
                    let case = format!("{actual} of {mean}, {dispersion}");
                    if upper > 1e-290 {
                        assert!((upper_log10(a, mean, dispersion) + upper.log10()).abs() < 1e-8, "{case}");
                    }
                    if lower > 1e-290 {
                        assert!((lower_log10(a, mean, dispersion) + lower.log10()).abs() < 1e-8, "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn far_tails_and_large_means_stay_exact() {
        // ln P(X = 0) of a Poisson count is −mean.
        let far = lower_log10(0.0, 1e6, 0.0);
        assert!((far - (1e6 / LN_10 + 2f64.log10())).abs() < 1e-6, "{far}");
        // P(X ≥ 100) of a mean of 1e-6: the first term 1e-600/100! dominates.
        let term = 600.0 + ln_gamma(101.0) / LN_10;
        let expected = term - 0.5f64.log10();
        assert!((upper_log10(100.0, 1e-6, 0.0) - expected).abs() < 1e-5);
        // A mean of 1e7 is normal but for a skewness of 3e-4: 5 standard deviations above is 2.87e-7.
        let z5 = upper_log10(1e7 + 5.0 * 1e7f64.sqrt(), 1e7, 0.0);
        assert!((z5 - 6.5426).abs() < 0.01, "{z5}");
        assert!((upper_log10(1e7 + 5.0 * 1e7f64.sqrt(), 1e7, 1e-15) - z5).abs() < 1e-6);
        assert!((upper_log10(1e7 + 5.0 * 1e7f64.sqrt(), 1e7, 1.1e-14) - z5).abs() < 1e-4);
        assert!(upper_log10(1e9, 1e-6, 0.5).is_finite());
    }

    #[test]
    fn quantiles_are_the_smallest_count_that_reaches_p() {
        assert_eq!(quantile(0.5, 1.0, 0.0), 1.0);
        assert_eq!(quantile(0.367, 1.0, 0.0), 0.0);
        assert_eq!(quantile(0.369, 1.0, 0.0), 1.0);
        assert_eq!(quantile(0.975, 10.0, 0.0), 17.0);
        assert_eq!(quantile(0.025, 10.0, 0.0), 4.0);
        assert_eq!(quantile(0.99, 0.01, 0.0), 0.0);
    }

    #[test]
    fn senseless_arguments_give_no_evidence() {
        assert_eq!(upper_log10(f64::NAN, 1.0, 0.0), 0.0);
        assert_eq!(upper_log10(1.0, f64::NAN, 0.0), 0.0);
        assert_eq!(upper_log10(-1.0, 1.0, 0.0), 0.0);
        assert!(upper_log10(f64::INFINITY, f64::INFINITY, f64::INFINITY).is_finite());
    }

    proptest! {
        #[test]
        fn tails_are_finite_monotone_and_complementary(
            actual in 0.0f64..1e6, more in 0.5f64..1e3, log_mean in -6.0f64..7.0, log_dispersion in -16.0f64..3.0,
        ) {
            let mean = 10f64.powf(log_mean);
            let dispersion = 10f64.powf(log_dispersion);
            let upper = upper_log10(actual, mean, dispersion);
            let lower = lower_log10(actual, mean, dispersion);
            prop_assert!(upper.is_finite() && upper >= 0.0 && lower.is_finite() && lower >= 0.0);
            prop_assert!(upper_log10(actual + more, mean, dispersion) >= upper - 1e-6);
            prop_assert!(lower_log10(actual + more, mean, dispersion) <= lower + 1e-6);
            let total = 10f64.powf(-upper) + 10f64.powf(-lower);
            prop_assert!((total - 1.0).abs() < 1e-6, "{total}");
        }

        #[test]
        fn a_bound_is_the_last_usual_count(log_mean in -4.0f64..5.0, dispersion in 0.0f64..2.0, limit in 0.5f64..12.0) {
            let mean = 10f64.powf(log_mean);
            let upper = upper_bound(limit, mean, dispersion);
            prop_assert!(upper_log10(upper + 1.0, mean, dispersion) > limit);
            prop_assert!(upper == 0.0 || upper_log10(upper, mean, dispersion) <= limit);
            let lower = lower_bound(limit, mean, dispersion);
            prop_assert!(lower_log10(lower, mean, dispersion) <= limit);
            prop_assert!(lower == 0.0 || lower_log10(lower - 1.0, mean, dispersion) > limit);
        }
    }
}
