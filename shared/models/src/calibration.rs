//! Turns scores into false-alarm rates: how often does a quiet series score this high?
//!
//! The scores of a perfect model are −log10 of uniform numbers, so their tail is exponential with mean 1/ln 10. Real
//! models are a little wrong, and by peaks over threshold (as SPOT does, Siffer et al. 2017, with the exponential
//! case of the generalised Pareto) the top tenth of out-of-sample scores says by how much.

use serde::{Deserialize, Serialize};
use std::f64::consts::LN_10;

/// Share of the scores that forms the tail.
const TAIL_SHARE: f64 = 0.1;
/// Excesses that the ideal tail counts for.
const PRIOR_WEIGHT: f64 = 20.0;
/// Share of the largest excesses that is left out: past incidents are no noise.
const TRIM: f64 = 0.02;
/// The same two shares where the scores of many series are taken together, and the fewest of them that form a tail.
const POOLED_SHARE: f64 = 0.2;
const POOLED_TRIM: f64 = 0.4;
const POOLED_TAIL: usize = 10;

/// Tail of the scores of a series on data its model had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TailCalibration {
    /// Score at which the tail begins.
    pub start: f64,
    /// Share of scores above the start.
    pub share: f64,
    /// Mean excess over the start.
    pub scale: f64,
    /// Scores it was made from.
    pub count: usize,
}

impl TailCalibration {
    /// The tail of a perfect model.
    pub fn ideal() -> Self {
        Self { start: 1.0, share: TAIL_SHARE, scale: 1.0 / LN_10, count: 0 }
    }

    /// From out-of-sample scores (−log10 of tail probabilities); few scores stay near [`TailCalibration::ideal`].
    pub fn from_scores(scores: &[f64]) -> Self {
        let mut sorted: Vec<f64> = scores.iter().copied().filter(|s| s.is_finite()).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let ideal = Self::ideal();
        let count = sorted.len();
        let tail = (count as f64 * TAIL_SHARE).floor() as usize;
        let Some(edge) = sorted.get(tail).filter(|_| tail > 0) else { return Self { count, ..ideal } };
        let weight = count as f64 / (count as f64 + 10.0 * PRIOR_WEIGHT);
        let start = weight * edge + (1.0 - weight) * ideal.start;
        // A trimmed mean of exponential excesses: those cut off are each given the largest that is kept.
        let cut = (tail as f64 * TRIM).ceil() as usize;
        let largest = sorted.get(cut).map_or(0.0, |s| s - edge);
        let kept: f64 = sorted[..tail].iter().map(|s| (s - edge).min(largest)).sum();
        let observed = (tail.saturating_sub(cut)) as f64;
        let scale = (kept + PRIOR_WEIGHT * ideal.scale) / (observed + PRIOR_WEIGHT);
        Self { start, share: TAIL_SHARE, scale, count }
    }

    /// From the scores of many series, in any order, of which each is the smallest of several valid probabilities.
    ///
    /// Such a tail falls as that of one probability does, by a factor of ten per unit, but starts higher the more
    /// questions were asked. So the start is read off history, and the slope off history without its strangest part.
    /// History holds incidents, which make that slope flatter than that of quiet series: where it is flatter than the
    /// ideal one, the mean of both is taken. Fewer than 50 scores leave the tail of a single question.
    pub fn from_pooled(scores: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = scores.into_iter().filter(|s| s.is_finite()).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let count = sorted.len();
        let tail = (count as f64 * POOLED_SHARE) as usize;
        let cut = (tail as f64 * POOLED_TRIM).ceil() as usize;
        let ideal = 1.0 / LN_10;
        let (Some(start), Some(largest), true) = (sorted.get(tail), sorted.get(cut), tail >= POOLED_TAIL)
        else {
            return Self { start: -POOLED_SHARE.log10(), share: POOLED_SHARE, scale: ideal, count };
        };
        // A censored exponential: each excess cut off is at least the largest kept.
        let kept: f64 = sorted[..tail].iter().map(|s| s.min(*largest) - start).sum();
        let fitted = kept / (tail - cut) as f64;
        let scale = fitted.clamp(0.25 * ideal, f64::max(ideal, 0.5 * (ideal + fitted)));
        Self { start: *start, share: POOLED_SHARE, scale, count }
    }

    /// Score that a quiet series exceeds with `probability` per bucket.
    pub fn threshold(&self, probability: f64) -> f64 {
        let probability = probability.clamp(1e-300, 1.0);
        if probability < self.share {
            return self.start + self.scale * (self.share / probability).ln();
        }
        // Below the tail the scores are taken as ideal, stretched to meet its start.
        self.start * probability.log10() / self.share.log10()
    }

    /// −log10 of the calibrated probability that a quiet series scores this high.
    pub fn calibrated(&self, score: f64) -> f64 {
        if score > self.start {
            return -self.share.log10() + (score - self.start) / (self.scale * LN_10);
        }
        -self.share.log10() * (score / self.start.max(1e-9)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooled_tail_counts_the_questions_and_not_the_incidents() {
        // The smallest of four probabilities: 1 − (1 − p)⁴.
        let of_four = |i: usize| {
            let any = (i as f64 + 0.5) / 20_000.0;
            -(1.0 - (1.0 - any).powf(0.25)).log10()
        };
        let mut scores: Vec<f64> = (0..20_000).map(of_four).collect();
        let clean = TailCalibration::from_pooled(scores.iter().copied());
        assert!((clean.calibrated(-(1e-4f64 / 4.0).log10()) - 4.0).abs() < 0.25, "{clean:?}");
        scores.extend([40.0; 200]);
        let dirty = TailCalibration::from_pooled(scores);
        assert!((dirty.threshold(1e-3) - clean.threshold(1e-3)).abs() < 0.15, "{dirty:?}");
        assert!((dirty.calibrated(dirty.threshold(1e-5)) - 5.0).abs() < 1e-9);
        assert!((TailCalibration::from_pooled([]).threshold(1e-3) - 3.0).abs() < 1e-9);
    }

    fn exponential(n: usize, stretch: f64) -> Vec<f64> {
        (0..n).map(|i| -stretch * ((i as f64 + 0.5) / n as f64).log10()).collect()
    }

    #[test]
    fn ideal_scores_give_the_ideal_threshold() {
        for n in [0, 5, 100, 10_000] {
            let calibration = TailCalibration::from_scores(&exponential(n, 1.0));
            assert!((calibration.threshold(1e-4) - 4.0).abs() < 0.25, "{n}: {calibration:?}");
            assert!((calibration.threshold(0.5) - 0.5f64.log10().abs()).abs() < 0.1);
        }
    }

    #[test]
    fn an_overconfident_model_gets_a_higher_threshold_and_an_incident_does_not() {
        let stretched = TailCalibration::from_scores(&exponential(5_000, 1.5));
        assert!((stretched.threshold(1e-4) - 6.0).abs() < 0.4, "{stretched:?}");
        let mut dirty = exponential(5_000, 1.0);
        dirty[..3].fill(300.0);
        let threshold = TailCalibration::from_scores(&dirty).threshold(1e-4);
        assert!((threshold - 4.0).abs() < 0.25, "{threshold}");
    }

    #[test]
    fn threshold_and_calibrated_are_inverse() {
        let calibration = TailCalibration::from_scores(&exponential(800, 1.3));
        for probability in [1e-9, 1e-4, 0.05, 0.2, 0.9] {
            let back = calibration.calibrated(calibration.threshold(probability));
            assert!((back + f64::log10(probability)).abs() < 1e-9, "{probability}");
        }
    }
}
