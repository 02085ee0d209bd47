//! BFGS (Nocedal and Wright 2006, algorithm 6.1) with gradients by differences.

/// Distance to either side for two derivatives, and to one side for the first alone; the latter moves the minimum that
/// is found by half of it.
const BOTH_SIDES: f64 = 1e-4;
const ONE_SIDE: f64 = 1e-5;
/// Largest change of a parameter in one step.
const MAX_STEP: f64 = 0.5;
/// Share of the expected gain that a step must bring, and how often it is shortened until it does.
const ARMIJO: f64 = 1e-4;
const SHORTENINGS: usize = 25;
/// Least curvature that a first step is scaled by.
const MIN_CURVATURE: f64 = 1.0;

/// Where the search has come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Optimum {
    /// The parameters.
    pub x: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Row by row: an estimate of the inverse Hessian; empty before the first step.
    pub inverse: Vec<f64>,
}

/// Looks for a minimum of `f` near `start` in at most `iterations` steps, until a step would gain less than `gain`.
///
/// Values of `f` that are not finite are walls. The result is never above `start`.
pub(super) fn minimise(f: impl Fn(&[f64]) -> f64, start: Optimum, iterations: usize, gain: f64) -> Optimum {
    let Optimum { mut x, mut value, mut inverse } = start;
    let n = x.len();
    if !value.is_finite() {
        return Optimum { x, value, inverse };
    }
    let mut fresh = false;
    let mut gradient = if inverse.len() == n * n { slopes(&f, &x, value) } else { Vec::new() };
    for _ in 0..iterations {
        if inverse.len() != n * n {
            let curvature;
            (gradient, curvature) = derivatives(&f, &x, value);
            inverse = diagonal(&curvature);
            fresh = true;
        }
        let mut step: Vec<f64> = (0..n).map(|i| -dot(&inverse[i * n..(i + 1) * n], &gradient)).collect();
        let longest = step.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        if longest > MAX_STEP {
            step.iter_mut().for_each(|s| *s *= MAX_STEP / longest);
        }
        let slope = dot(&step, &gradient);
        // Half of the slope is what a quadratic function would gain.
        let moved = if -slope > 2.0 * gain { search(&f, &x, value, &step, slope) } else { None };
        let Some((next, lower)) = moved.filter(|(_, lower)| value - lower > gain) else {
            if fresh {
                break;
            }
            // Perhaps the estimate misleads: once more with the curvature here.
            inverse.clear();
            continue;
        };
        let new_gradient = slopes(&f, &next, lower);
        let change: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turn: Vec<f64> = new_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        update(&mut inverse, &change, &turn);
        (x, value, gradient, fresh) = (next, lower, new_gradient, false);
    }
    Optimum { x, value, inverse }
}

/// First derivatives; none between two walls.
fn slopes(f: &impl Fn(&[f64]) -> f64, x: &[f64], value: f64) -> Vec<f64> {
    let mut at = x.to_vec();
    let mut slope = |i: usize| {
        let mut toward = |distance: f64| {
            at[i] = x[i] + distance;
            let there = f(&at);
            at[i] = x[i];
            there.is_finite().then(|| (there - value) / distance)
        };
        toward(ONE_SIDE).or_else(|| toward(-ONE_SIDE)).unwrap_or(0.0)
    };
    (0..x.len()).map(&mut slope).collect()
}

/// First and second derivatives; one-sided beside a wall, none between two.
fn derivatives(f: &impl Fn(&[f64]) -> f64, x: &[f64], value: f64) -> (Vec<f64>, Vec<f64>) {
    let mut at = x.to_vec();
    let both = (0..x.len()).map(|i| {
        at[i] = x[i] + BOTH_SIDES;
        let above = f(&at);
        at[i] = x[i] - BOTH_SIDES;
        let below = f(&at);
        at[i] = x[i];
        match (above.is_finite(), below.is_finite()) {
            (true, true) => {
                let second = (above - 2.0 * value + below) / (BOTH_SIDES * BOTH_SIDES);
                ((above - below) / (2.0 * BOTH_SIDES), second)
            }
            (true, false) => ((above - value) / BOTH_SIDES, 0.0),
            (false, true) => ((value - below) / BOTH_SIDES, 0.0),
            (false, false) => (0.0, 0.0),
        }
    });
    both.unzip()
}

/// The inverse of a diagonal Hessian, made positive.
fn diagonal(curvature: &[f64]) -> Vec<f64> {
    let n = curvature.len();
    let mut inverse = vec![0.0; n * n];
    for (i, second) in curvature.iter().enumerate() {
        inverse[i * (n + 1)] = 1.0 / second.abs().max(MIN_CURVATURE);
    }
    inverse
}

/// Shortens `step` until it brings a fair share of what `slope` promises.
fn search(
    f: &impl Fn(&[f64]) -> f64,
    x: &[f64],
    value: f64,
    step: &[f64],
    slope: f64,
) -> Option<(Vec<f64>, f64)> {
    let mut share = 1.0;
    for _ in 0..SHORTENINGS {
        let next: Vec<f64> = x.iter().zip(step).map(|(x, s)| x + share * s).collect();
        let lower = f(&next);
        if lower <= value + ARMIJO * share * slope {
            return Some((next, lower));
        }
        // The minimum of the parabola through value, slope and the value found.
        let parabola = -slope * share * share / (2.0 * (lower - value - slope * share));
        share = if parabola.is_finite() { parabola.clamp(0.1 * share, 0.5 * share) } else { 0.3 * share };
    }
    None
}

/// BFGS update of the inverse Hessian; left out where the function bends down.
fn update(inverse: &mut [f64], change: &[f64], turn: &[f64]) {
    let n = change.len();
    let bend = dot(change, turn);
    if bend.is_nan() || bend <= 1e-10 * dot(change, change).sqrt() * dot(turn, turn).sqrt() {
        return;
    }
    let product: Vec<f64> = (0..n).map(|i| dot(&inverse[i * n..(i + 1) * n], turn)).collect();
    let factor = (1.0 + dot(turn, &product) / bend) / bend;
    for i in 0..n {
        for j in 0..n {
            let mixed = product[i] * change[j] + change[i] * product[j];
            inverse[i * n + j] += factor * change[i] * change[j] - mixed / bend;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64]) -> f64 {
        100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
    }

    fn from(f: impl Fn(&[f64]) -> f64, x: [f64; 2]) -> Optimum {
        let start = Optimum { x: x.to_vec(), value: f(&x), inverse: Vec::new() };
        minimise(f, start, 200, 1e-12)
    }

    #[test]
    fn it_follows_a_bent_valley() {
        let found = from(rosenbrock, [-1.2, 1.0]);
        assert!((found.x[0] - 1.0).abs() < 5e-3 && found.value < 2e-5, "{found:?}");
    }

    #[test]
    fn it_stays_inside_walls_and_below_its_start() {
        let walled = |x: &[f64]| if x[0] > 0.5 { f64::NAN } else { rosenbrock(x) };
        let found = from(walled, [-1.2, 1.0]);
        assert!(found.x[0] > 0.45 && found.x[0] <= 0.5 && found.value < 0.3, "{found:?}");
        let nowhere = from(|_| f64::INFINITY, [1.0, 2.0]);
        assert_eq!(nowhere.x, [1.0, 2.0]);
        let flat = from(|_| 3.0, [1.0, 2.0]);
        assert_eq!((flat.x, flat.value), (vec![1.0, 2.0], 3.0));
    }
}
