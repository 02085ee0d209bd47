//! Where the search for the parameters of a SARIMA starts.

use models::sarima::Order;

/// AR and MA of the first lag, and seasonal MA, of starts that know nothing of the series; all else is 0.
const FIXED: [(f64, f64, f64); 4] =
    [(0.9, -0.75, -0.85), (0.5, -0.3, -0.7), (-0.5, 0.4, -0.85), (0.97, -0.6, -0.5)];
/// Part of the mean square that is added to each square, so that regressions have a solution.
const RIDGE: f64 = 1e-6;

/// Coefficients to try, in the order AR, MA, seasonal AR, seasonal MA.
pub(super) fn candidates(order: &Order, values: &[f64]) -> Vec<Vec<f64>> {
    let fixed = FIXED.iter().map(|(ar, ma, seasonal_ma)| {
        let mut start = vec![0.0; order.coefficients()];
        let parts = [(0, order.p, *ar), (order.p, order.q, *ma)];
        // Without differences a season is carried on by the seasonal AR.
        let seasonal_ar = if order.seasonal_d == 0 { 0.9 } else { 0.0 };
        let at = order.p + order.q;
        let seasonal =
            [(at, order.seasonal_p, seasonal_ar), (at + order.seasonal_p, order.seasonal_q, *seasonal_ma)];
        for (at, length, value) in parts.into_iter().chain(seasonal) {
            if length > 0 {
                start[at] = value;
            }
        }
        start
    });
    fixed.chain(hannan_rissanen(order, values)).collect()
}

/// Coefficients by two regressions (Hannan and Rissanen 1982): a long one on past values, whose residuals stand for
/// the noise, then one on the lags of the model. `None` when too few rows are complete.
fn hannan_rissanen(order: &Order, values: &[f64]) -> Option<Vec<f64>> {
    let season = if order.seasonal_d > 0 { order.season } else { 0 };
    let series: Vec<f64> = if season > 0 {
        (season..values.len()).map(|i| values[i] - values[i - season]).collect()
    } else {
        let known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        values.iter().map(|v| v - mean).collect()
    };
    let longest = order.season * order.seasonal_q.min(1) + order.q.max(order.p) + 1;
    let long: Vec<(&[f64], usize)> = (1..=longest).map(|lag| (&series[..], lag)).collect();
    let weights = regress(&series, &long)?;
    let residual = |t: usize| {
        let past: f64 = long.iter().zip(&weights).map(|((x, lag), w)| w * lagged(x, t, *lag)).sum();
        series[t] - past
    };
    let noise: Vec<f64> = (0..series.len()).map(residual).collect();
    let lags = |n: usize, step: usize| (1..=n).map(move |i| i * step);
    let columns: Vec<(&[f64], usize)> = lags(order.p, 1)
        .map(|lag| (&series[..], lag))
        .chain(lags(order.q, 1).map(|lag| (&noise[..], lag)))
        .chain(lags(order.seasonal_p, order.season).map(|lag| (&series[..], lag)))
        .chain(lags(order.seasonal_q, order.season).map(|lag| (&noise[..], lag)))
        .collect();
    let found = regress(&series, &columns)?;
    Some(found.into_iter().map(|c| c.clamp(-0.95, 0.95)).collect())
}

fn lagged(x: &[f64], t: usize, lag: usize) -> f64 {
    t.checked_sub(lag).map_or(f64::NAN, |at| x[at])
}

/// Least squares of `y` on lagged columns, over the rows without a missing value.
fn regress(y: &[f64], columns: &[(&[f64], usize)]) -> Option<Vec<f64>> {
    let n = columns.len();
    let (mut gram, mut target, mut rows) = (vec![0.0; n * n], vec![0.0; n], 0);
    let mut row = Vec::with_capacity(n);
    for (t, y) in y.iter().enumerate() {
        row.clear();
        row.extend(columns.iter().map(|(x, lag)| lagged(x, t, *lag)));
        if !y.is_finite() || row.iter().any(|x| !x.is_finite()) {
            continue;
        }
        rows += 1;
        for (i, x) in row.iter().enumerate() {
            target[i] += x * y;
            row[..=i].iter().enumerate().for_each(|(j, z)| gram[i * n + j] += x * z);
        }
    }
    if rows < 2 * n {
        return None;
    }
    let ridge = RIDGE * (0..n).map(|i| gram[i * (n + 1)]).sum::<f64>() / n.max(1) as f64 + f64::MIN_POSITIVE;
    (0..n).for_each(|i| gram[i * (n + 1)] += ridge);
    solve(gram, target)
}

/// Solves a symmetric positive definite system by Cholesky's factors; only the lower triangle is read.
fn solve(mut gram: Vec<f64>, mut target: Vec<f64>) -> Option<Vec<f64>> {
    let n = target.len();
    for i in 0..n {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| gram[i * n + k] * gram[j * n + k]).sum();
            let rest = gram[i * n + j] - inner;
            gram[i * n + j] = if i == j { rest.sqrt() } else { rest / gram[j * n + j] };
        }
        let inner: f64 = (0..i).map(|k| gram[i * n + k] * target[k]).sum();
        target[i] = (target[i] - inner) / gram[i * n + i];
    }
    for i in (0..n).rev() {
        let inner: f64 = (i + 1..n).map(|k| gram[k * n + i] * target[k]).sum();
        target[i] = (target[i] - inner) / gram[i * n + i];
    }
    target.iter().all(|x| x.is_finite()).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regression_finds_its_weights() {
        let x: Vec<f64> = (0..60).map(|i| f64::from((i * i) % 17) - 8.0).collect();
        let z: Vec<f64> = (0..60).map(|i| f64::from((i * 7) % 11) - 5.0).collect();
        let mut y: Vec<f64> = (0..60).map(|t| 2.0 * lagged(&x, t, 1) - 0.5 * lagged(&z, t, 3)).collect();
        y[30] = f64::NAN;
        let weights = regress(&y, &[(&x, 1), (&z, 3)]).unwrap();
        assert!((weights[0] - 2.0).abs() < 1e-4 && (weights[1] + 0.5).abs() < 1e-4, "{weights:?}");
        assert!(regress(&y[..5], &[(&x, 1), (&z, 3)]).is_none());
    }

    #[test]
    fn starts_have_a_coefficient_for_every_lag() {
        let order = Order { p: 2, q: 0, seasonal_p: 1, seasonal_d: 1, seasonal_q: 2, season: 7 };
        let values: Vec<f64> = (0..120).map(|i| f64::from((i * i * 31) % 101)).collect();
        let starts = candidates(&order, &values);
        assert_eq!(starts.len(), 5);
        assert!(starts.iter().all(|s| s.len() == 5 && s.iter().all(|c| c.abs() <= 0.97)), "{starts:?}");
        assert_eq!(starts[0], [0.9, 0.0, 0.0, -0.85, 0.0]);
    }
}
