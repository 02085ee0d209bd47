//! Trains on the first part of a count series and scores the rest, one step ahead: each count is known before the
//! next one is forecast.

use crate::TrainError;
use crate::counts::CountSeries;
use crate::cross_validation::{OutOfSample, cross_validate_baseline, folds};
use crate::fit::{SingleOptions, fit_baseline, fit_single};
use crate::prophet::{ProphetOptions, fit_prophet};
use crate::sarima::{SarimaOptions, fit_sarima};
use domain::anomaly::Granularity;
use jiff::Timestamp;
use models::baseline::Moments;
use models::calibration::TailCalibration;
use models::detector::{Detector, Forecast, SeriesView};
use models::interval::ResidualInterval;
use models::tail;

/// Share of the training part that the baseline's folds forecast, and their number.
const BASELINE_FOLDS: (f64, usize) = (0.5, 5);
/// Least training buckets for the baseline: three weeks of days, or of hours.
const BASELINE_DAYS: usize = 21;

/// Standard deviations from which a past count is an incident to SARIMA, and left out of its fit.
const SARIMA_INCIDENTS: f64 = 5.0;

/// Which model scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// The total and the shares of its segments together, over several windows.
    Panel,
    /// Trend, weekly shape and holidays, from the end of training.
    Prophet,
    /// Seasonal ARIMA (1,0,1)(1,1,1) with a season of a week of days or a day of hours.
    Sarima,
    /// Trees over lags, rolling figures and the calendar.
    LightGbm,
    /// Level × weekly shape.
    Baseline,
}

/// What is called an anomaly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Outside mean ± z · standard deviation of the cross-validation residuals, the share inside given (0–1).
    Interval(f64),
    /// Scores that a quiet series exceeds this often a year.
    FalseAlarms(f64),
}

/// One bucket of the tested part.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredRow {
    /// Date, or RFC 3339 time in the series' zone.
    pub timestamp: String,
    /// The count.
    pub actual: f64,
    /// The count expected.
    pub expected: f64,
    /// Smallest count that is no anomaly, at least 0.
    pub lower: f64,
    /// Largest count that is no anomaly.
    pub upper: f64,
    /// −log10 of the two-sided tail probability; finite, at least 0, higher is stranger.
    pub score: f64,
    /// Whether it is an anomaly.
    pub flag: bool,
}

/// Why a series cannot be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// Nothing to train on, or nothing to score.
    #[error(
        "score counts: {before} buckets before {until} and {after} from it on; choose a time within the series"
    )]
    NothingToScore {
        /// Where training ends.
        until: Timestamp,
        /// Buckets with a count before it.
        before: usize,
        /// Buckets with a count from it on.
        after: usize,
    },
    /// The baseline needs a longer training part.
    #[error(
        "score counts: {found} days of training where at least {needed} are needed; train until a later time"
    )]
    TooShort {
        /// Whole days found.
        found: usize,
        /// Whole days needed.
        needed: usize,
    },
    /// The threshold makes no sense.
    #[error("score counts: {0}")]
    BadThreshold(String),
    /// Fitting failed.
    #[error("train the model")]
    Train(#[from] TrainError),
}

/// Forecasts of the tested part with what cross-validation on the training part says about their errors.
struct Trained {
    forecasts: Vec<f64>,
    interval: ResidualInterval,
    dispersion: f64,
    calibration: TailCalibration,
}

/// A count series with what is needed to score it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The counts.
    pub series: CountSeries,
    /// Buckets that start before are trained on, the others are scored.
    pub train_until: Timestamp,
    /// Local days that are unlike their weekday, as days since 1970-01-01.
    pub holidays: Vec<i32>,
}

/// Trains on the first part of every series and scores the rest; buckets without a count get no row.
///
/// Each series is fitted by itself. With [`ModelChoice::Panel`] all of them are calibrated together, on their training
/// parts; the others calibrate each series on its own.
pub fn score_all(
    jobs: &[Job],
    model: ModelChoice,
    threshold: Threshold,
) -> Vec<Result<Vec<ScoredRow>, ScoreError>> {
    if model == ModelChoice::Panel {
        return panel::score_all(jobs, threshold);
    }
    jobs.iter().map(|job| score(job, model, threshold)).collect()
}

/// The same for one series.
pub fn score(job: &Job, model: ModelChoice, threshold: Threshold) -> Result<Vec<ScoredRow>, ScoreError> {
    let series = &job.series;
    let from = begin(job, threshold)?;
    let trained = match model {
        ModelChoice::Panel => return panel::score_all(std::slice::from_ref(job), threshold).remove(0),
        ModelChoice::Prophet => train_prophet(series.view(), from, &job.holidays)?,
        ModelChoice::Sarima => train_sarima(series.view(), from)?,
        ModelChoice::LightGbm => train_lightgbm(series.view(), from)?,
        ModelChoice::Baseline => train_baseline(series.view(), from)?,
    };
    let rows = (from..series.values().len()).zip(&trained.forecasts);
    let scored = rows
        .filter(|(index, _)| series.values()[*index].is_finite())
        .map(|(index, mean)| {
            let actual = series.values()[index];
            let row = match threshold {
                Threshold::Interval(width) => trained.by_interval(actual, *mean, width),
                Threshold::FalseAlarms(yearly) => {
                    trained.by_rate(actual, *mean, yearly / buckets_per_year(series.granularity()))
                }
            };
            ScoredRow { timestamp: series.label(index), ..row }
        })
        .collect();
    Ok(scored)
}

/// Index of the first bucket to score, after checking what was asked.
fn begin(job: &Job, threshold: Threshold) -> Result<usize, ScoreError> {
    check_threshold(threshold)?;
    let Job { series, train_until, .. } = job;
    let from = series.starts().partition_point(|start| start < train_until);
    let known = |values: &[f64]| values.iter().filter(|v| v.is_finite()).count();
    let (before, after) = (known(&series.values()[..from]), known(&series.values()[from..]));
    if before == 0 || after == 0 {
        return Err(ScoreError::NothingToScore { until: *train_until, before, after });
    }
    Ok(from)
}

fn check_threshold(threshold: Threshold) -> Result<(), ScoreError> {
    let problem = match threshold {
        Threshold::Interval(width) if !(width > 0.0 && width < 1.0) => {
            format!("interval {width} is not between 0 and 1")
        }
        Threshold::FalseAlarms(yearly) if !(yearly > 0.0 && yearly.is_finite()) => {
            format!("{yearly} false alarms a year is not a positive number")
        }
        _ => return Ok(()),
    };
    Err(ScoreError::BadThreshold(problem))
}

fn buckets_per_year(granularity: Granularity) -> f64 {
    match granularity {
        Granularity::Hour => 365.25 * 24.0,
        Granularity::Day => 365.25,
    }
}

fn train_lightgbm(series: SeriesView<'_>, from: usize) -> Result<Trained, ScoreError> {
    let fitted = fit_single(series.prefix(from), &SingleOptions::default())?;
    let raw = fitted.model.predict(series, from);
    let safe = fitted.model.forecast(series, from);
    // The interval is around the trees' own mean; where they have none, around the fallback's.
    let forecasts =
        raw.into_iter().zip(&safe).map(|(mean, f)| if mean.is_nan() { f.mean } else { mean }).collect();
    let dispersion = safe.iter().map(|f| f.dispersion).fold(0.0, f64::max);
    Ok(Trained::new(forecasts, fitted.model.interval(), dispersion, &fitted.check))
}

fn train_prophet(series: SeriesView<'_>, from: usize, holidays: &[i32]) -> Result<Trained, ScoreError> {
    let fitted = fit_prophet(series.prefix(from), holidays, &ProphetOptions::default())?;
    Ok(Trained::by(&fitted.model, series, from, fitted.model.interval(), &fitted.check))
}

fn train_sarima(series: SeriesView<'_>, from: usize) -> Result<Trained, ScoreError> {
    let options = SarimaOptions { incidents: Some(SARIMA_INCIDENTS), ..SarimaOptions::default() };
    let fitted = fit_sarima(series.prefix(from), &options)?;
    Ok(Trained::by(&fitted.model, series, from, fitted.model.interval(), &fitted.check))
}

fn train_baseline(series: SeriesView<'_>, from: usize) -> Result<Trained, ScoreError> {
    let train = series.prefix(from);
    let found = from / models::calendar::points_per_day(series.granularity);
    if found < BASELINE_DAYS {
        return Err(ScoreError::TooShort { found, needed: BASELINE_DAYS });
    }
    let baseline = fit_baseline(series.granularity, &[train]);
    let folds = folds(from, BASELINE_FOLDS.0, BASELINE_FOLDS.1);
    let check = cross_validate_baseline(&[train], &folds).pop().unwrap_or_default();
    let residuals: Vec<f64> = check.residuals().collect();
    let interval = ResidualInterval::from_residuals(&residuals)
        .ok_or(ScoreError::TooShort { found: 0, needed: BASELINE_DAYS })?;
    let mut moments = Moments::default();
    check
        .points
        .iter()
        .for_each(|p| moments.add(p.actual.min(crate::cross_validation::clip(p.mean)), p.mean));
    let forecasts = baseline.forecast(series, from).iter().map(|f| f.mean).collect();
    Ok(Trained::new(forecasts, interval, moments.dispersion(baseline.dispersion()), &check))
}

impl Trained {
    /// The forecasts of `model` for `from..series.len()`.
    fn by(
        model: &dyn Detector,
        series: SeriesView<'_>,
        from: usize,
        interval: ResidualInterval,
        check: &OutOfSample,
    ) -> Self {
        let forecasts = model.forecast(series, from);
        let dispersion = forecasts.iter().map(|f| f.dispersion).fold(0.0, f64::max);
        Self::new(forecasts.iter().map(|f| f.mean).collect(), interval, dispersion, check)
    }

    fn new(forecasts: Vec<f64>, interval: ResidualInterval, dispersion: f64, check: &OutOfSample) -> Self {
        let scores: Vec<f64> =
            check.points.iter().map(|p| tail::two_sided_log10(p.actual, p.mean, dispersion).0).collect();
        Self { forecasts, interval, dispersion, calibration: TailCalibration::from_scores(&scores) }
    }

    fn by_interval(&self, actual: f64, mean: f64, width: f64) -> ScoredRow {
        let (lower, upper) = self.interval.bounds(mean, width);
        let score = self.interval.score(actual, mean);
        let flag = actual < lower || actual > upper;
        ScoredRow { timestamp: String::new(), actual, expected: mean.max(0.0), lower, upper, score, flag }
    }

    /// `probability`: chance per bucket that a quiet series is flagged.
    fn by_rate(&self, actual: f64, mean: f64, probability: f64) -> ScoredRow {
        let Forecast { mean, dispersion } = Forecast { mean: mean.max(1e-3), dispersion: self.dispersion };
        let threshold = self.calibration.threshold(probability);
        let (score, _) = tail::two_sided_log10(actual, mean, dispersion);
        // The two-sided score is that of the smaller tail less log10 2.
        let one_sided = threshold + std::f64::consts::LOG10_2;
        let lower = tail::lower_bound(one_sided, mean, dispersion);
        let upper = tail::upper_bound(one_sided, mean, dispersion);
        ScoredRow {
            timestamp: String::new(),
            actual,
            expected: mean,
            lower,
            upper,
            score,
            flag: score > threshold,
        }
    }
}

mod panel;
#[cfg(test)]
mod tests;
