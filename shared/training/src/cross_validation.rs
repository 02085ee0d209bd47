//! Rolling-origin folds: forecasts of a series by models that never saw what they forecast.

use models::baseline::Baseline;
use models::detector::{Detector, SeriesView};
use models::profile::clip_bound;
use std::ops::Range;

/// A forecast next to what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Index of the bucket in its series.
    pub index: usize,
    /// The count.
    pub actual: f64,
    /// The count that the model expected one step ahead.
    pub mean: f64,
}

/// One series' forecasts by models fitted before each fold; missing counts are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutOfSample {
    /// In order of time.
    pub points: Vec<Point>,
    /// Mean Poisson deviance (at least 0; lower is better), past incidents clipped; 0 without points.
    pub loss: f64,
}

impl OutOfSample {
    /// Residuals, actual − mean.
    pub fn residuals(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().map(|p| p.actual - p.mean)
    }

    /// Sets [`OutOfSample::loss`], clipping counts at `cap` of each point.
    fn set_loss(&mut self, cap: impl Fn(usize) -> f64) {
        let losses = self.points.iter().enumerate().map(|(i, p)| deviance(p.actual.min(cap(i)), p.mean));
        self.loss = losses.sum::<f64>() / self.points.len().max(1) as f64;
    }
}

/// Sets the losses of two models of one series; both clip an incident at the same count.
pub(crate) fn compare(a: &mut OutOfSample, b: &mut OutOfSample) {
    let means = |x: &OutOfSample| x.points.iter().map(|p| p.mean).collect::<Vec<f64>>();
    let (of_a, of_b) = (means(a), means(b));
    let cap = |i: usize| clip(of_a.get(i).copied().unwrap_or(0.0).max(of_b.get(i).copied().unwrap_or(0.0)));
    a.set_loss(cap);
    b.set_loss(cap);
}

/// Count beyond which an actual is taken for an incident: 4 deviations with a dispersion of 0.1, as in training.
pub(crate) fn clip(mean: f64) -> f64 {
    clip_bound(mean, 0.1, 4.0)
}

/// Poisson deviance 2(y ln(y/m) − (y − m)).
fn deviance(actual: f64, mean: f64) -> f64 {
    let mean = mean.max(1e-9);
    let log = if actual > 0.0 { actual * (actual / mean).ln() } else { 0.0 };
    2.0 * (log - (actual - mean))
}

/// The last `share` of `length` buckets, cut into `folds` equal parts; a fold is fitted on everything before it.
///
/// Buckets that do not fill a fold stay with the fitted part. Empty when a fold would have no bucket.
pub fn folds(length: usize, share: f64, folds: usize) -> Vec<Range<usize>> {
    let size = (length as f64 * share.clamp(0.0, 1.0)).ceil() as usize / folds.max(1);
    if size == 0 {
        return Vec::new();
    }
    let first = length - size * folds;
    (0..folds).map(|fold| first + fold * size..first + (fold + 1) * size).collect()
}

/// Out-of-sample forecasts of the baseline: its pooled shape comes from before each fold.
pub fn cross_validate_baseline(series: &[SeriesView<'_>], folds: &[Range<usize>]) -> Vec<OutOfSample> {
    let mut results = vec![OutOfSample::default(); series.len()];
    for fold in folds {
        let Some(granularity) = series.first().map(|s| s.granularity) else { break };
        let before: Vec<_> = series.iter().map(|s| s.prefix(fold.start)).collect();
        let baseline = Baseline::fit(granularity, &before);
        for (view, result) in series.iter().zip(&mut results) {
            let forecasts = baseline.forecast(view.prefix(fold.end), fold.start);
            for (index, forecast) in (fold.start..).zip(forecasts) {
                let actual = view.values[index];
                if actual.is_finite() {
                    result.points.push(Point { index, actual, mean: forecast.mean });
                }
            }
        }
    }
    for result in &mut results {
        let caps: Vec<f64> = result.points.iter().map(|p| clip(p.mean)).collect();
        result.set_loss(|i| caps[i]);
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_the_end_of_the_series() {
        assert_eq!(folds(100, 0.5, 5), vec![50..60, 60..70, 70..80, 80..90, 90..100]);
        assert_eq!(folds(259, 0.5, 5).first(), Some(&(129..155)));
        assert!(folds(4, 0.5, 5).is_empty() && folds(0, 0.5, 3).is_empty());
    }

    #[test]
    fn deviance_is_zero_at_the_mean_and_grows_away_from_it() {
        assert!(deviance(5.0, 5.0).abs() < 1e-12);
        assert!(deviance(0.0, 2.0) == 4.0 && deviance(9.0, 5.0) > deviance(7.0, 5.0));
    }
}
