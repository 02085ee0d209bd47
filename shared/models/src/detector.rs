//! The interface every model is scored through.

use crate::calendar::Calendar;
use crate::tail;
use domain::anomaly::{Direction, Granularity};

/// −log10 of the probability on either side of the 99 % interval that [`Detector::score`] shows.
const INTERVAL_TAIL: f64 = 2.301_029_995_663_981_2;

/// A series as models see it: equally spaced buckets without holes in time.
#[derive(Clone, Copy, Debug)]
pub struct SeriesView<'a> {
    /// Hours or days.
    pub granularity: Granularity,
    /// One entry per bucket, in the stream's zone.
    pub calendar: &'a [Calendar],
    /// Counts per bucket, as long as `calendar`; NaN is missing, which is not zero.
    pub values: &'a [f64],
}

impl<'a> SeriesView<'a> {
    /// Number of buckets: the shorter of calendar and values.
    pub fn len(&self) -> usize {
        self.values.len().min(self.calendar.len())
    }

    /// Whether there is no bucket.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `end` buckets.
    pub fn prefix(&self, end: usize) -> SeriesView<'a> {
        let end = end.min(self.len());
        SeriesView { calendar: &self.calendar[..end], values: &self.values[..end], ..*self }
    }
}

/// Distribution of the next count: negative binomial, variance = mean + dispersion · mean².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Expected count, above zero.
    pub mean: f64,
    /// Overdispersion, at least zero; zero is Poisson.
    pub dispersion: f64,
}

/// How strange one count is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The count; NaN when missing.
    pub actual: f64,
    /// The count expected.
    pub expected: f64,
    /// Lower end of the 99 % prediction interval, at least zero.
    pub lower: f64,
    /// Upper end of the 99 % prediction interval.
    pub upper: f64,
    /// −log10 of the two-sided tail probability (mid-p): finite, at least zero, higher is stranger; 0 when missing.
    pub score: f64,
    /// Above or below the expected count.
    pub direction: Direction,
}

impl Score {
    /// Scores `actual` against its forecast.
    pub fn of(actual: f64, forecast: Forecast) -> Self {
        let Forecast { mean, dispersion } = forecast;
        let (score, direction) = tail::two_sided_log10(actual, mean, dispersion);
        Self {
            actual,
            expected: mean,
            lower: tail::lower_bound(INTERVAL_TAIL, mean, dispersion),
            upper: tail::upper_bound(INTERVAL_TAIL, mean, dispersion),
            score,
            direction,
        }
    }
}

/// A fitted model of a series of counts.
pub trait Detector: Send + Sync {
    /// Name in reports: `baseline`, `lightgbm`, …
    fn name(&self) -> &'static str;

    /// Points before `from` that the model looks at; with fewer it does what it can.
    fn history(&self) -> usize;

    /// One-step-ahead forecasts for `from..series.len()`, each from values strictly before its own bucket.
    fn forecast(&self, series: SeriesView<'_>, from: usize) -> Vec<Forecast>;

    /// Scores of `from..series.len()` against [`Detector::forecast`].
    fn score(&self, series: SeriesView<'_>, from: usize) -> Vec<Score> {
        let forecasts = self.forecast(series, from);
        series.values.iter().skip(from).zip(forecasts).map(|(actual, f)| Score::of(*actual, f)).collect()
    }
}
