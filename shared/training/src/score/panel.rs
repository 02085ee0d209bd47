//! Scores series with the panel: fitted one by one, calibrated together.

use super::{Job, ScoreError, ScoredRow, Threshold, begin, buckets_per_year};
use crate::TrainError;
use crate::counts::{CountSeries, Dimension};
use crate::panel::{DimensionName, fit_panel};
use domain::anomaly::Granularity;
use models::calibration::TailCalibration;
use models::panel::{PanelScore, PanelView};
use models::tail;
use std::f64::consts::LOG10_2;

/// Days at the start of training whose scores do not calibrate: the level and the shares are still being learned.
const WARM_UP_DAYS: (usize, usize) = (42, 14);
/// The dimension whose values are ordered, and those of its values that rise in an incident.
const ORDERED: &str = "priority";
const HIGHEST: [&str; 2] = ["critical", "high"];

struct Scored {
    from: usize,
    scores: Vec<PanelScore>,
}

pub(super) fn score_all(jobs: &[Job], threshold: Threshold) -> Vec<Result<Vec<ScoredRow>, ScoreError>> {
    let scored: Vec<Result<Scored, ScoreError>> = jobs.iter().map(|job| train(job, threshold)).collect();
    let history = jobs.iter().zip(&scored).filter_map(|(job, scored)| Some((job, scored.as_ref().ok()?)));
    let tail = TailCalibration::from_pooled(history.flat_map(|(job, scored)| quiet(job, scored)));
    jobs.iter().zip(scored).map(|(job, scored)| Ok(rows(&job.series, &scored?, threshold, &tail))).collect()
}

/// Fits the training part and scores everything.
fn train(job: &Job, threshold: Threshold) -> Result<Scored, ScoreError> {
    let from = begin(job, threshold)?;
    let (names, dimensions) = watched(&job.series);
    let view = job.series.view();
    let before: Vec<Vec<Vec<f64>>> = dimensions
        .iter()
        .map(|values| values.iter().map(|counts| counts[..from].to_vec()).collect())
        .collect();
    let model = fit_panel(PanelView { total: view.prefix(from), dimensions: &before }, &names, &job.holidays)
        .map_err(|error| match error {
            TrainError::TooShort { rows, needed } => {
                let per_day = models::calendar::points_per_day(view.granularity);
                ScoreError::TooShort { found: rows / per_day, needed: needed / per_day }
            }
            error => error.into(),
        })?;
    let scores = model.scores(PanelView { total: view, dimensions: &dimensions });
    Ok(Scored { from, scores })
}

/// The dimensions as the panel reads them: of an ordered one the highest values together, and the rest.
fn watched(series: &CountSeries) -> (Vec<DimensionName>, Vec<Vec<Vec<f64>>>) {
    let of = |dimension: &Dimension| {
        let is_highest = |value: &String| HIGHEST.contains(&value.to_lowercase().as_str());
        let ordered = dimension.name == ORDERED && dimension.values.iter().any(is_highest);
        let name = DimensionName { name: dimension.name.clone(), ordered };
        if !ordered {
            return (name, dimension.counts.clone());
        }
        let mut split = vec![vec![0.0; series.values().len()]; 2];
        for (value, counts) in dimension.values.iter().zip(&dimension.counts) {
            let sums = &mut split[usize::from(!is_highest(value))];
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        (name, split)
    };
    series.dimensions().iter().map(of).unzip()
}

/// Scores of the settled part of training.
fn quiet<'a>(job: &'a Job, scored: &'a Scored) -> impl Iterator<Item = f64> + 'a {
    let warm_up = match job.series.granularity() {
        Granularity::Day => WARM_UP_DAYS.0,
        Granularity::Hour => 24 * WARM_UP_DAYS.1,
    };
    (warm_up..scored.from).filter(|i| job.series.values()[*i].is_finite()).map(|i| scored.scores[i].score)
}

fn rows(
    series: &CountSeries,
    scored: &Scored,
    threshold: Threshold,
    tail: &TailCalibration,
) -> Vec<ScoredRow> {
    let row = |index: usize| {
        let actual = *series.values().get(index).filter(|v| v.is_finite())?;
        let PanelScore { score, forecast, .. } = *scored.scores.get(index)?;
        let score = tail.calibrated(score);
        let (limit, band) = match threshold {
            Threshold::Interval(width) => (f64::INFINITY, -((1.0 - width) / 2.0).log10()),
            Threshold::FalseAlarms(yearly) => {
                let probability = yearly / buckets_per_year(series.granularity());
                // The score of a total is that of the smaller tail less log10 2.
                (-probability.log10(), tail.threshold(probability) + LOG10_2)
            }
        };
        let lower = tail::lower_bound(band, forecast.mean, forecast.dispersion);
        let upper = tail::upper_bound(band, forecast.mean, forecast.dispersion);
        let flag = if limit.is_finite() { score > limit } else { actual < lower || actual > upper };
        Some(ScoredRow {
            timestamp: series.label(index),
            actual,
            expected: forecast.mean,
            lower,
            upper,
            score,
            flag,
        })
    };
    (scored.from..series.values().len()).filter_map(row).collect()
}
