//! Least squares with a Gaussian prior on some weights and a Laplace prior on the others, solved exactly.

/// Most steps; series of several years take about a hundred.
const MAX_STEPS: usize = 5_000;
/// Relative slack of the optimality conditions, above rounding.
const SLACK: f64 = 1e-9;

/// Normal equations of a design whose first columns have a Gaussian prior and the others a Laplace prior.
#[derive(Debug)]
pub(super) struct Lasso {
    /// Columns.
    pub(super) width: usize,
    /// Columns with a Gaussian prior.
    pub(super) free: usize,
    /// XᵀX, row by row, both halves.
    pub(super) gram: Vec<f64>,
    /// Xᵀy.
    pub(super) target: Vec<f64>,
    /// yᵀy.
    pub(super) energy: f64,
    /// Precision of each Gaussian prior.
    pub(super) precision: Vec<f64>,
    /// Rate of the Laplace prior.
    pub(super) rate: f64,
}

impl Lasso {
    /// Sum of squared residuals at `x`.
    pub(super) fn squares(&self, x: &[f64]) -> f64 {
        let (mut square, mut linear) = (0.0, 0.0);
        for (i, value) in x.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            square += value * dot(self.gram_row(i), x);
            linear += value * self.target[i];
        }
        (self.energy - 2.0 * linear + square).max(0.0)
    }

    /// −log of the prior at `x`, constants left out.
    pub(super) fn penalty(&self, x: &[f64]) -> f64 {
        let (free, sparse) = x.split_at(self.free);
        let gaussian: f64 = free.iter().zip(&self.precision).map(|(v, p)| v * v * p / 2.0).sum();
        gaussian + self.rate * sparse.iter().map(|v| v.abs()).sum::<f64>()
    }

    /// Moves `x` to the minimum of ‖y − Xx‖² / 2 + `variance` · penalty(x); false when the columns do not permit it.
    ///
    /// Feature-sign search (Lee, Battle, Raina and Ng, "Efficient sparse coding algorithms", NIPS 2006): solves for the
    /// weights whose signs are known, steps to the best point on the way there, and lets in the zero weight with the
    /// steepest slope until none is steeper than the prior. The objective falls with each step, so it ends.
    pub(super) fn minimise(&self, variance: f64, x: &mut [f64]) -> bool {
        let rate = variance * self.rate;
        let mut signs: Vec<f64> = x.iter().map(|v| if *v == 0.0 { 0.0 } else { v.signum() }).collect();
        let mut workspace = Vec::new();
        let mut best = vec![0.0; self.width];
        for _ in 0..MAX_STEPS {
            let active: Vec<usize> = (0..self.width).filter(|i| *i < self.free || signs[*i] != 0.0).collect();
            best.fill(0.0);
            if !self.solve(variance, &active, &signs, &mut workspace, &mut best) {
                return false;
            }
            if active.iter().all(|i| *i < self.free || best[*i] * signs[*i] > 0.0) {
                x.copy_from_slice(&best);
                let Some((index, slope)) = self.steepest(variance, x, &signs) else { return true };
                if slope.abs() <= rate * (1.0 + SLACK) {
                    return true;
                }
                signs[index] = -slope.signum();
            } else if !self.step(variance, &active, x, &best, &mut signs) {
                return true;
            }
        }
        true
    }

    fn gram_row(&self, i: usize) -> &[f64] {
        &self.gram[i * self.width..(i + 1) * self.width]
    }

    /// Slope of the smooth part along column `i`.
    fn slope(&self, variance: f64, x: &[f64], i: usize) -> f64 {
        let prior = if i < self.free { variance * self.precision[i] * x[i] } else { 0.0 };
        dot(self.gram_row(i), x) - self.target[i] + prior
    }

    /// The zero weight with the steepest slope.
    fn steepest(&self, variance: f64, x: &[f64], signs: &[f64]) -> Option<(usize, f64)> {
        (self.free..self.width)
            .filter(|i| signs[*i] == 0.0)
            .map(|i| (i, self.slope(variance, x, i)))
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
    }

    /// Goes from `x` towards `goal` as far as the objective falls: to the goal, or to where a weight gets zero.
    /// False when there is no progress.
    fn step(&self, variance: f64, active: &[usize], x: &mut [f64], goal: &[f64], signs: &mut [f64]) -> bool {
        let way: Vec<f64> = goal.iter().zip(&*x).map(|(g, v)| g - v).collect();
        let slope: f64 = active.iter().map(|i| way[*i] * self.slope(variance, x, *i)).sum();
        let mut bend = 0.0;
        for i in active {
            let prior = if *i < self.free { variance * self.precision[*i] * way[*i] } else { 0.0 };
            bend += way[*i] * (dot(self.gram_row(*i), &way) + prior);
        }
        let change = |share: f64| {
            let sparse = active.iter().filter(|i| **i >= self.free);
            let prior: f64 = sparse.map(|i| (x[*i] + share * way[*i]).abs() - x[*i].abs()).sum();
            share * slope + share * share * bend / 2.0 + variance * self.rate * prior
        };
        let crossings = active.iter().filter(|i| **i >= self.free).map(|i| -x[*i] / way[*i]);
        let shares = crossings.filter(|s| *s > 0.0 && *s < 1.0).chain([1.0]);
        let Some((share, fall)) =
            shares.map(|s| (s, change(s))).min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, c)| c.is_finite())
        else {
            return false;
        };
        if fall >= 0.0 {
            return false;
        }
        for i in active {
            let crossed = *i >= self.free && -x[*i] / way[*i] == share;
            x[*i] = if crossed { 0.0 } else { x[*i] + share * way[*i] };
            signs[*i] = if x[*i] == 0.0 { 0.0 } else { x[*i].signum() };
        }
        true
    }

    /// Solves for the active weights by Cholesky's decomposition; the others stay as they are.
    fn solve(
        &self,
        variance: f64,
        active: &[usize],
        signs: &[f64],
        lower: &mut Vec<f64>,
        solution: &mut [f64],
    ) -> bool {
        let n = active.len();
        lower.clear();
        lower.resize(n * n, 0.0);
        let mut right: Vec<f64> = Vec::with_capacity(n);
        for (i, column) in active.iter().enumerate() {
            let row = self.gram_row(*column);
            for (j, other) in active[..=i].iter().enumerate() {
                let (before, this) = lower.split_at(i * n);
                let known: f64 = if j < i {
                    dot(&this[..j], &before[j * n..j * n + j])
                } else {
                    dot(&this[..j], &this[..j])
                };
                let mut rest = row[*other] - known;
                if i == j {
                    // A ridge far below what matters keeps columns apart that rounding makes one.
                    rest += row[*other] * 1e-13;
                    if *column < self.free {
                        rest += variance * self.precision[*column];
                    }
                    if rest.is_nan() || rest <= 0.0 {
                        return false;
                    }
                    lower[i * n + i] = rest.sqrt();
                } else {
                    lower[i * n + j] = rest / lower[j * n + j];
                }
            }
            let rate = if *column < self.free { 0.0 } else { variance * self.rate * signs[*column] };
            let known = dot(&lower[i * n..i * n + i], &right);
            right.push((self.target[*column] - rate - known) / lower[i * n + i]);
        }
        for i in (0..n).rev() {
            let above: f64 = (i + 1..n).map(|j| lower[j * n + i] * right[j]).sum();
            right[i] = (right[i] - above) / lower[i * n + i];
            solution[active[i]] = right[i];
        }
        right.iter().all(|v| v.is_finite())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An orthogonal design: each weight is shrunk by itself.
    fn diagonal(target: Vec<f64>, free: usize) -> Lasso {
        let width = target.len();
        let mut gram = vec![0.0; width * width];
        (0..width).for_each(|i| gram[i * width + i] = 2.0);
        Lasso { width, free, gram, target, energy: 50.0, precision: vec![2.0; free], rate: 3.0 }
    }

    #[test]
    fn orthogonal_weights_are_shrunk_by_themselves() {
        let lasso = diagonal(vec![8.0, 8.0, -8.0, 2.9, -3.1], 1);
        let mut x = vec![0.0; 5];
        assert!(lasso.minimise(1.0, &mut x));
        for (value, wanted) in x.iter().zip([2.0, 2.5, -2.5, 0.0, -0.05]) {
            assert!((value - wanted).abs() < 1e-9, "{x:?}");
        }
        // From anywhere else to the same place.
        let mut y = vec![-5.0, -5.0, 5.0, 5.0, 5.0];
        assert!(lasso.minimise(1.0, &mut y));
        assert!(x.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-9), "{y:?}");
        assert!((lasso.penalty(&x) - (4.0 + 3.0 * 5.05)).abs() < 1e-9);
        assert!((lasso.squares(&[1.0, 0.0, 0.0, 0.0, 0.0]) - 36.0).abs() < 1e-12);
    }

    #[test]
    fn columns_that_cannot_be_told_apart_are_no_problem() {
        let lasso = Lasso {
            width: 3,
            free: 1,
            gram: vec![2.0; 9],
            target: vec![8.0; 3],
            energy: 32.0,
            precision: vec![1.0],
            rate: 0.5,
        };
        let mut x = vec![0.0; 3];
        assert!(lasso.minimise(1.0, &mut x));
        assert!(lasso.squares(&x) / 2.0 + lasso.penalty(&x) < 2.0 + 1e-9, "{x:?}");
        let broken = Lasso { gram: vec![f64::NAN; 9], ..lasso };
        assert!(!broken.minimise(1.0, &mut x));
    }
}
