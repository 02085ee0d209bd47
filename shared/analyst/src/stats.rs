//! Tests for counts.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Relative spread of real counts beyond Poisson: with a coefficient of variation of 0.1, surges of everything are
/// not mistaken for a cell's (measured on overdispersed streams of 200–2,000 tickets a day).
const OVERDISPERSION: f64 = 0.1;

/// Standard deviations between a count and its expectation, overdispersion included.
pub(crate) fn z_score(actual: f64, expected: f64) -> f64 {
    let expected = expected.max(0.0);
    (actual - expected) / (expected + (OVERDISPERSION * expected).powi(2)).max(0.25).sqrt()
}

/// P(no ticket) where `expected` are due: a negative binomial with the dispersion above, squared for safety
/// against slow hours that follow each other.
pub(crate) fn empty_probability(expected: f64) -> f64 {
    let alpha = 5.0 * OVERDISPERSION * OVERDISPERSION;
    (1.0 + alpha * expected.max(0.0)).powf(-1.0 / alpha)
}

/// Upper tail of the chi-squared distribution; 1 without degrees of freedom.
pub(crate) fn chi_squared_tail(value: f64, freedom: f64) -> f64 {
    if freedom < 1.0 || !value.is_finite() {
        return 1.0;
    }
    ChiSquared::new(freedom).map_or(1.0, |d| d.sf(value.max(0.0)))
}

/// Poisson log-likelihood ratio of a count against its expectation (Kulldorff 1997).
pub(crate) fn likelihood_ratio(actual: f64, expected: f64) -> f64 {
    let expected = expected.max(0.01);
    if actual > 0.0 { actual * (actual / expected).ln() - (actual - expected) } else { expected }
}

/// G² of observed counts against shares that themselves were counted, and its degrees of freedom: a 2 × k table.
pub(crate) fn g_test(window: &[f64], background: &[f64]) -> (f64, f64) {
    let (n1, n2): (f64, f64) = (window.iter().sum(), background.iter().sum());
    if n1 <= 0.0 || n2 <= 0.0 {
        return (0.0, 0.0);
    }
    let part = |o: f64, e: f64| if o > 0.0 && e > 0.0 { o * (o / e).ln() } else { 0.0 };
    let mut g = 0.0;
    let mut categories = 0.0;
    for (w, b) in window.iter().zip(background) {
        let share = (w + b) / (n1 + n2);
        g += part(*w, n1 * share) + part(*b, n2 * share);
        categories += f64::from(u8::from(w + b > 0.0));
    }
    (2.0 * g.max(0.0), f64::max(categories - 1.0, 0.0))
}

/// Total variation distance of two sets of counts: the share that would have to move, 0–1.
pub(crate) fn variation(window: &[f64], background: &[f64]) -> f64 {
    let (n1, n2): (f64, f64) = (window.iter().sum(), background.iter().sum());
    if n1 <= 0.0 || n2 <= 0.0 {
        return 0.0;
    }
    0.5 * window.iter().zip(background).map(|(w, b)| (w / n1 - b / n2).abs()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_do_not_differ_and_others_do() {
        let (g, freedom) = g_test(&[10.0, 20.0], &[100.0, 200.0]);
        assert!(g < 1e-9 && freedom == 1.0);
        let (g, freedom) = g_test(&[30.0, 10.0], &[100.0, 200.0]);
        assert!(chi_squared_tail(g, freedom) < 1e-5);
        assert!((variation(&[30.0, 10.0], &[100.0, 200.0]) - (0.75 - 1.0 / 3.0)).abs() < 1e-12);
        assert_eq!(g_test(&[], &[]), (0.0, 0.0));
    }

    #[test]
    fn chi_squared_tails_are_those_of_the_tables() {
        assert!((chi_squared_tail(3.841_459, 1.0) - 0.05).abs() < 1e-6);
        assert!((chi_squared_tail(16.918_978, 9.0) - 0.05).abs() < 1e-6);
        assert_eq!(chi_squared_tail(5.0, 0.0), 1.0);
    }

    #[test]
    fn an_empty_hour_is_strange_only_where_many_tickets_were_due() {
        assert!(empty_probability(1.0) > 0.3);
        assert!(empty_probability(12.0) < 1e-3);
    }
}
