//! From out-of-sample residuals to dispersions, one score scale, and thresholds that keep the alarm budget.

use domain::anomaly::Direction;
use domain::segment::{Dimension, Segment};
use models::tail;
use serde::{Deserialize, Serialize};

/// Fewest extra tickets that can be an anomaly. Replays of a support inbox find that five tickets from five
/// customers within an hour come up by chance in about 1 % of hours (PostHog, pull request 98677): less is noise.
pub const MIN_EXCESS: f64 = 5.0;
/// Fewest expected tickets for a lack of tickets to be an anomaly: below, even none at all is unremarkable.
pub const MIN_EXPECTED_FOR_DROP: f64 = 12.0;
/// Residuals beyond this many Poisson-or-observed standard deviations are cut before dispersion is estimated, so
/// that past incidents do not hide future ones.
const CUT: f64 = 4.0;
/// Prior spread of dispersions around their pooled mean.
const PRIOR_SPREAD: f64 = 0.05;
/// Score above which the tail is fitted: one window in a hundred.
const TAIL_START: f64 = 2.0;
/// No threshold is lower, however quiet the back-test was: one window in a thousand is nothing to report.
const MIN_THRESHOLD: f64 = 3.0;
/// Episodes this close are one incident.
pub const EPISODE_GAP_HOURS: usize = 24;
/// Decades added to every threshold: dispersions, tails and the choice of model are fitted on the very residuals that
/// are scored, and detection looks four times an hour where the back-test looks once. On generated quiet streams (ten
/// seeds of three weeks) twice to three times as many episodes as budgeted came up without it.
const OPTIMISM: f64 = 0.4;
/// Episodes that an order statistic needs to be taken directly; below, the tail is extrapolated.
const MIN_ORDER: f64 = 5.0;

/// Counts and one-step-ahead means of one series over the steps that no model had seen.
#[derive(Clone, Debug)]
pub struct OutOfSample {
    /// Whether a lack of tickets counts, see [`drop_matters`].
    pub drops: bool,
    /// Counts; `NaN` is missing.
    pub actual: Vec<f64>,
    /// Means; `NaN` is missing.
    pub mean: Vec<f64>,
}

impl OutOfSample {
    /// Trailing sums over `window` steps: (actual, mean) by the last step; missing steps are left out of both.
    pub fn sums(&self, window: usize) -> Vec<(f64, f64)> {
        let known: Vec<(f64, f64)> = self
            .actual
            .iter()
            .zip(&self.mean)
            .map(|(a, m)| if a.is_finite() && m.is_finite() { (*a, *m) } else { (0.0, 0.0) })
            .collect();
        let mut sums = Vec::with_capacity(known.len());
        let (mut a, mut m) = (0.0, 0.0);
        for (i, step) in known.iter().enumerate() {
            a += step.0;
            m += step.1;
            if let Some(old) = i.checked_sub(window).and_then(|j| known.get(j)) {
                a -= old.0;
                m -= old.1;
            }
            sums.push((a, m.max(0.0)));
        }
        sums
    }
}

/// Dispersions for each series and window, shrunk towards their pooled mean by how well each is determined.
///
/// Moment estimator φ = Σ((a−m)²−m)/Σm² over cut residuals; its standard error follows from the Poisson fourth
/// moment, widened by the overlap of sliding windows.
pub fn dispersions(series: &[OutOfSample], windows: &[usize]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut by_series = vec![vec![0.0; windows.len()]; series.len()];
    let mut pooled = vec![0.0; windows.len()];
    for (w, window) in windows.iter().enumerate() {
        let estimates: Vec<(f64, f64)> = series.iter().map(|s| estimate(&s.sums(*window), *window)).collect();
        let weight = |error: f64| 1.0 / (error * error + PRIOR_SPREAD * PRIOR_SPREAD);
        let total: f64 = estimates.iter().map(|(_, e)| weight(*e)).sum();
        let mean = if total > 0.0 {
            estimates.iter().map(|(phi, e)| phi * weight(*e)).sum::<f64>() / total
        } else {
            PRIOR_SPREAD
        };
        let mean = mean.max(0.0);
        if let Some(p) = pooled.get_mut(w) {
            *p = mean;
        }
        for (row, (phi, error)) in by_series.iter_mut().zip(estimates) {
            let trust = PRIOR_SPREAD * PRIOR_SPREAD / (PRIOR_SPREAD * PRIOR_SPREAD + error * error);
            if let Some(cell) = row.get_mut(w) {
                *cell = (trust * phi + (1.0 - trust) * mean).max(0.0);
            }
        }
    }
    (by_series, pooled)
}

/// (dispersion, standard error); an infinite error says that the sums hold no information.
fn estimate(sums: &[(f64, f64)], window: usize) -> (f64, f64) {
    let spread = |phi: f64, m: f64| (m + phi.max(0.0) * m * m).sqrt();
    let mut phi = 0.0;
    let (mut squares, mut noise) = (0.0, 0.0);
    // The first pass cuts at Poisson scatter, the following at the scatter found so far.
    for pass in 0..4 {
        let mut excess = 0.0;
        (squares, noise) = (0.0, 0.0);
        for (a, m) in sums.iter().filter(|(_, m)| *m > 0.0) {
            let limit = CUT * if pass == 0 { spread(0.5, *m) } else { spread(phi, *m) } + 1.0;
            let residual = (a - m).clamp(-limit, limit);
            excess += residual * residual - m;
            squares += m * m;
            noise += 2.0 * m * m + m;
        }
        if squares <= 0.0 {
            return (0.0, f64::INFINITY);
        }
        phi = (excess / squares).clamp(0.0, 4.0);
    }
    (phi, (noise * window as f64).sqrt() / squares)
}

/// Maps a raw score (−log10 of a model's tail probability) to the frequency at which such scores really came up
/// out of sample, as an exponential tail above one window in a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Raw score that one window in a hundred exceeded.
    pub start: f64,
    /// Mean of log10 units by which those exceeded it, relative to the 1/ln 10 of a perfect model; never below 1.
    pub scale: f64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { start: TAIL_START, scale: 1.0 }
    }
}

impl Tail {
    /// Fits the tail to raw scores of `n` windows (scores near zero may be left out of `scores`).
    pub fn fit(mut scores: Vec<f64>, n: usize) -> Self {
        scores.sort_by(|a, b| b.total_cmp(a));
        let k = (n as f64 * 10f64.powf(-TAIL_START)) as usize;
        // The topmost scores are past incidents rather than chance; a tenth of the tail is set aside for them.
        let incidents = k / 10;
        let Some(start) = scores.get(k).copied() else { return Self::default() };
        let top = scores.get(incidents..k).unwrap_or(&[]);
        if top.len() < 30 {
            return Self::default();
        }
        // Mean excess of a censored exponential: the set-aside scores count as if they ended at the cut.
        let cut = top.first().copied().unwrap_or(start);
        let excess: f64 = top.iter().map(|s| s - start).sum::<f64>() + incidents as f64 * (cut - start);
        let mean = excess / top.len() as f64;
        let start = start.max(TAIL_START * 0.5);
        // A tail that looks thinner than the model's own is chance: few independent windows reach it.
        Self { start, scale: (mean * std::f64::consts::LN_10).max(1.0) }
    }

    /// The calibrated score: −log10 of how often such a window comes up.
    pub fn calibrated(&self, raw: f64) -> f64 {
        if raw <= self.start {
            TAIL_START * raw / self.start
        } else {
            TAIL_START + (raw - self.start) / self.scale
        }
    }
}

/// Whether a lack of tickets in the segment says something: a way in (a queue, a product, a channel) may be broken.
/// Fewer tickets with a tag or a priority are no one's trouble.
pub fn drop_matters(segment: &Segment) -> bool {
    let way_in = |d: Dimension| matches!(d, Dimension::Queue | Dimension::Product | Dimension::Channel);
    segment.cells().iter().all(|(dimension, _)| way_in(*dimension))
}

/// Raw score of a window in one direction; zero where the floors on excess or expectation are not met.
pub fn raw_score(actual: f64, mean: f64, dispersion: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Up if actual - mean >= MIN_EXCESS => tail::upper_log10(actual, mean.max(1e-6), dispersion),
        Direction::Down if mean >= MIN_EXPECTED_FOR_DROP && mean - actual >= MIN_EXCESS => {
            tail::lower_log10(actual, mean, dispersion)
        }
        _ => 0.0,
    }
}

/// The threshold at which episodes come up `budget` times a year.
///
/// `best` holds for each step the highest calibrated score over the whole tree; `gap` steps without a higher score
/// end an episode. The order statistic that the budget names is taken where the back-test is long enough, else it is
/// extrapolated at the calibrated slope of one decade per unit.
pub fn threshold(best: &[f64], steps_per_year: f64, budget: f64, gap: usize) -> (f64, usize) {
    let allowed = (budget * best.len() as f64 / steps_per_year).max(1e-9);
    let rank = allowed.max(MIN_ORDER);
    let peaks = peaks(best, gap);
    let order = peaks.get((rank as usize).min(peaks.len()).saturating_sub(1)).copied().unwrap_or(0.0);
    let threshold = (order + (rank / allowed).log10() + OPTIMISM).max(MIN_THRESHOLD);
    (threshold, peaks.iter().filter(|p| **p >= threshold).count())
}

/// Episodes of `best` at or above a threshold; `gap` as in [`threshold`].
pub fn episodes(best: &[f64], threshold: f64, gap: usize) -> usize {
    peaks(best, gap).iter().filter(|p| **p >= threshold).count()
}

/// Highest scores of the episodes, descending: a step belongs to the episode of a higher one within `gap` steps.
fn peaks(best: &[f64], gap: usize) -> Vec<f64> {
    let mut steps: Vec<(usize, f64)> = best.iter().copied().enumerate().filter(|(_, s)| *s > 0.0).collect();
    steps.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut taken = vec![false; best.len()];
    let mut peaks = Vec::new();
    for (t, score) in steps {
        if taken.get(t) == Some(&false) {
            peaks.push(score);
        }
        let end = (t + gap + 1).min(best.len());
        if let Some(range) = taken.get_mut(t.saturating_sub(gap)..end) {
            range.fill(true);
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed sequence of uniform numbers (Weyl sequence), good enough to fill a distribution.
    fn uniform(i: usize) -> f64 {
        (i as f64 * 0.618_033_988_749_895 + 0.5).fract()
    }

    #[test]
    fn perfect_scores_stay_as_they_are() {
        let scores: Vec<f64> = (0..200_000).map(|i| -uniform(i).log10()).collect();
        let tail = Tail::fit(scores, 200_000);
        assert!((tail.calibrated(5.0) - 5.0).abs() < 0.3, "{tail:?}");
    }

    #[test]
    fn overconfident_scores_are_flattened() {
        let scores: Vec<f64> = (0..200_000).map(|i| -3.0 * uniform(i).log10()).collect();
        let tail = Tail::fit(scores, 200_000);
        assert!((tail.calibrated(12.0) - 4.0).abs() < 0.4, "{tail:?}");
    }

    #[test]
    fn the_threshold_keeps_the_budget() {
        let best: Vec<f64> = (0..8760).map(|i| -uniform(i * 7919).log10()).collect();
        let (level, found) = threshold(&best, 8760.0, 12.0, 24);
        let budgeted = peaks(&best, 24).iter().filter(|p| **p >= level - OPTIMISM).count();
        assert!((10..=12).contains(&budgeted) && found <= budgeted, "{level} {found} {budgeted}");
    }

    #[test]
    fn a_poisson_series_has_no_dispersion_and_an_overdispersed_one_has() {
        let even = OutOfSample {
            drops: true,
            actual: vec![9.0, 11.0, 10.0, 12.0, 8.0, 13.0, 7.0, 10.0],
            mean: vec![10.0; 8],
        };
        let wild = OutOfSample {
            drops: true,
            actual: (0..400).map(|i| if i % 2 == 0 { 150.0 } else { 50.0 }).collect(),
            mean: vec![100.0; 400],
        };
        let (phi, _) = dispersions(&[even, wild], &[1]);
        assert!(phi[0][0] < phi[1][0] && phi[1][0] > 0.1, "{phi:?}");
    }

    #[test]
    fn few_tickets_are_never_an_anomaly() {
        assert_eq!(raw_score(4.0, 0.001, 0.0, Direction::Up), 0.0);
        assert_eq!(raw_score(0.0, 8.0, 0.0, Direction::Down), 0.0);
    }
}
