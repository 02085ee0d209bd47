//! History into a calibrated artifact. Which models are fitted is the caller's choice: this crate links none.

use crate::artifact::{ARTIFACT_VERSION, Artifact, Backtest, Level, SeriesModel};
use crate::calibrate::{self, EPISODE_GAP_HOURS, OutOfSample, Tail, drop_matters, raw_score};
use crate::history::{HourlyHistory, first_hour};
use crate::state::ESTABLISHED_DAYS;
use crate::{PipelineError, Result};
use domain::anomaly::{Direction, Granularity};
use domain::ports::BlobStore;
use domain::segment::Segment;
use domain::stream::StreamConfig;
use domain::time::Hour;
use jiff::Timestamp;
use models::{Calendar, Fitted, Fitter};
use std::collections::BTreeMap;

/// Hours summed before scoring: a burst shows in one, a slow incident in a day.
pub const HOUR_WINDOWS: [usize; 4] = [1, 3, 8, 24];
/// Days summed before scoring.
pub const DAY_WINDOWS: [usize; 1] = [1];
/// Least history, in days: two weekly cycles.
pub const MIN_DAYS: i64 = 14;
/// Most history that is read, in days: a year and the lags before it.
pub const MAX_DAYS: i64 = 400;
/// Most hourly history that models are fitted on, in days; older hours say little about this hour.
const MAX_HOURLY_DAYS: i64 = 180;
/// Most series modelled at a granularity: keeps the artifact under 2 MB and a run under a second.
pub const MAX_SERIES: usize = 200;
/// Fewest tickets in the training window for a series of its own.
const MIN_TICKETS: f64 = 30.0;
/// Part of the alarm budget that volume may spend; the rest is kept for themes.
const VOLUME_SHARE: f64 = 0.25;
/// Part of the volume's budget that hourly windows may spend; the rest is for days.
const HOURLY_SHARE: f64 = 0.75;
/// Past incidents a year that tails are fitted without.
const PAST_INCIDENTS: f64 = 36.0;
/// Share of history that is scored out of sample.
const BACKTEST_SHARE: f64 = 0.6;

/// Trains on the stream's history before `until` and returns the artifact; [`crate::artifact::publish`] stores it.
///
/// The first of `fitters` is the fallback for series too new or too sparse for the others.
pub async fn train(
    blobs: &dyn BlobStore,
    config: &StreamConfig,
    until: Timestamp,
    now: Timestamp,
    fitters: &[&dyn Fitter],
) -> Result<Artifact> {
    let refuse = |reason: String| PipelineError::Train { stream: config.stream.clone(), reason };
    let zone = config.zone().map_err(PipelineError::Invalid)?;
    let first = first_hour(blobs, &config.stream).await?;
    let first = first.ok_or_else(|| refuse("there are no tickets; import some first".into()))?;
    let to = Hour::of(until);
    let from = first.max(to.plus(-24 * MAX_DAYS));
    if to.0 - from.0 < 24 * MIN_DAYS {
        return Err(refuse(format!(
            "{:.1} days of history before {until}, at least {MIN_DAYS} are needed",
            (to.0 - from.0).max(0) as f64 / 24.0
        )));
    }
    let mut history = HourlyHistory::read(blobs, &config.stream, &zone, from, to).await?;
    keep_largest(&mut history.series);
    let daily = history.daily(&zone);
    let recent = usize::try_from(to.0 - from.0 - 24 * MAX_HOURLY_DAYS).unwrap_or(0);
    let series: Vec<(&Segment, &[f64])> =
        history.series.iter().map(|(s, v)| (s, v.get(recent..).unwrap_or(&[]))).collect();
    let calendar = history.calendar.get(recent..).unwrap_or(&[]);
    let budget = config.alarm_budget * VOLUME_SHARE;
    let hour = fit_level(Granularity::Hour, calendar, &series, &HOUR_WINDOWS, budget * HOURLY_SHARE, fitters)
        .map_err(&refuse)?;
    let series: Vec<(&Segment, &[f64])> = daily.series.iter().map(|(s, v)| (s, v.as_slice())).collect();
    let day = fit_level(
        Granularity::Day,
        &daily.calendar,
        &series,
        &DAY_WINDOWS,
        budget * (1.0 - HOURLY_SHARE),
        fitters,
    )
    .map_err(&refuse)?;
    Ok(Artifact {
        version: ARTIFACT_VERSION,
        stream: config.stream.clone(),
        time_zone: config.time_zone.clone(),
        trained_at: now,
        trained_from: from.start(),
        trained_until: to.start(),
        alarm_budget: config.alarm_budget,
        hour,
        day,
    })
}

fn keep_largest(series: &mut BTreeMap<Segment, Vec<f64>>) {
    let mut sums: Vec<(f64, Segment)> = series
        .iter()
        .map(|(segment, values)| (values.iter().filter(|v| v.is_finite()).sum::<f64>(), segment.clone()))
        .filter(|(sum, segment)| segment.is_total() || *sum >= MIN_TICKETS)
        .collect();
    sums.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    sums.truncate(MAX_SERIES);
    let kept: std::collections::BTreeSet<Segment> = sums.into_iter().map(|(_, s)| s).collect();
    series.retain(|segment, _| kept.contains(segment));
}

fn fit_level(
    granularity: Granularity,
    calendar: &[Calendar],
    series: &[(&Segment, &[f64])],
    windows: &[usize],
    budget: f64,
    fitters: &[&dyn Fitter],
) -> std::result::Result<Level, String> {
    let values: Vec<&[f64]> = series.iter().map(|(_, v)| *v).collect();
    let from = ((1.0 - BACKTEST_SHARE) * calendar.len() as f64) as usize;
    let steps_per_day = if granularity == Granularity::Hour { 24 } else { 1 };
    let mut fits = Vec::new();
    for (i, fitter) in fitters.iter().enumerate() {
        match fitter.fit(granularity, calendar, &values, from) {
            Ok(fitted) => fits.push((fitter.name(), fitted)),
            // A family that needs more history than there is leaves the series to the fallback.
            Err(_) if i > 0 => {}
            Err(reason) => return Err(format!("fit {}: {reason}", fitter.name())),
        }
    }
    let mut chosen = Vec::with_capacity(series.len());
    let mut out_of_sample = Vec::with_capacity(series.len());
    for (i, (segment, values)) in series.iter().enumerate() {
        let actual = values.get(from..).unwrap_or(&[]);
        let (model, losses) = choose(actual, &fits, i);
        let mut mean = fits.get(model).and_then(|(_, f)| f.means.get(i)).cloned().unwrap_or_default();
        // A series is not scored before it is established, so it does not calibrate before either.
        let first = values.iter().position(|v| *v > 0.0).unwrap_or(values.len());
        let established = (first + ESTABLISHED_DAYS as usize * steps_per_day).saturating_sub(from);
        mean.iter_mut().take(established).for_each(|m| *m = f64::NAN);
        out_of_sample.push(OutOfSample { drops: drop_matters(segment), actual: actual.to_vec(), mean });
        chosen.push((model, losses));
    }
    let (by_series, pooled) = calibrate::dispersions(&out_of_sample, windows);
    let (up, down, best) = scores(&out_of_sample, windows, &by_series, steps_per_day);
    let steps_per_year = 365.25 * steps_per_day as f64;
    let gap = (EPISODE_GAP_HOURS * steps_per_day / 24).max(1);
    let (threshold, episodes) = calibrate::threshold(&best, steps_per_year, budget, gap);
    let mean_of = |v: &[f64]| {
        let known: Vec<f64> = v.iter().copied().filter(|x| x.is_finite()).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    let series = series
        .iter()
        .zip(chosen)
        .zip(by_series)
        .map(|(((segment, values), (model, losses)), dispersion)| {
            ((*segment).clone(), SeriesModel { model, dispersion, rate: mean_of(values), losses })
        })
        .collect();
    let fallback = SeriesModel { model: 0, dispersion: pooled, rate: 0.0, losses: BTreeMap::new() };
    let backtest =
        Backtest { steps: best.len(), years: best.len() as f64 / steps_per_year, episodes, budget };
    let models = fits.into_iter().map(|(_, f)| f.model).collect();
    Ok(Level {
        granularity,
        windows: windows.to_vec(),
        models,
        series,
        fallback,
        up,
        down,
        threshold,
        backtest,
    })
}

/// The model with the lowest out-of-sample deviance, and everybody's deviance.
fn choose(actual: &[f64], fits: &[(&'static str, Fitted)], series: usize) -> (usize, BTreeMap<String, f64>) {
    let mut losses = BTreeMap::new();
    let mut best = (0, f64::INFINITY);
    for (model, (name, fitted)) in fits.iter().enumerate() {
        let Some(means) = fitted.means.get(series) else { continue };
        let (mut sum, mut n) = (0.0, 0.0);
        for (y, m) in actual.iter().zip(means).filter(|(y, m)| y.is_finite() && m.is_finite()) {
            let m = m.max(1e-6);
            sum += 2.0 * (if *y > 0.0 { y * (y / m).ln() } else { 0.0 } - (y - m));
            n += 1.0;
        }
        if n == 0.0 {
            continue;
        }
        let loss = sum / n;
        losses.insert((*name).to_owned(), loss);
        if loss < best.1 {
            best = (model, loss);
        }
    }
    (best.0, losses)
}

/// Raw scores above zero of one window and direction: (step, score).
type Raw = Vec<(usize, f64)>;

/// Tails by window for both directions, and the best calibrated score of each step.
///
/// Tails are fitted on ordinary times: the strangest episodes of the back-test, about as many as a year of a busy
/// stream has incidents, are left out. Thresholds are not: they see every step.
fn scores(
    out_of_sample: &[OutOfSample],
    windows: &[usize],
    dispersions: &[Vec<f64>],
    steps_per_day: usize,
) -> (Vec<Tail>, Vec<Tail>, Vec<f64>) {
    let steps = out_of_sample.iter().map(|s| s.mean.len()).max().unwrap_or(0);
    let mut raw: Vec<(usize, Direction, Raw)> = Vec::new();
    for (w, window) in windows.iter().enumerate() {
        for direction in [Direction::Up, Direction::Down] {
            raw.push((w, direction, raw_scores(out_of_sample, dispersions, w, *window, direction)));
        }
    }
    let mut best = vec![0.0f64; steps];
    raw.iter().for_each(|(.., scores)| raise(&mut best, scores, &Tail::default()));
    let ordinary = ordinary_steps(&best, steps_per_day);
    let known = ordinary.iter().filter(|o| **o).count() * out_of_sample.len();
    let mut tails = (Vec::new(), Vec::new());
    best.fill(0.0);
    for (_, direction, scores) in &raw {
        let kept = scores.iter().filter(|(t, _)| ordinary.get(*t) == Some(&true)).map(|(_, s)| *s).collect();
        let tail = Tail::fit(kept, known);
        raise(&mut best, scores, &tail);
        match direction {
            Direction::Up => tails.0.push(tail),
            Direction::Down => tails.1.push(tail),
        }
    }
    (tails.0, tails.1, best)
}

fn raw_scores(
    out_of_sample: &[OutOfSample],
    dispersions: &[Vec<f64>],
    w: usize,
    window: usize,
    direction: Direction,
) -> Raw {
    let mut raw = Vec::new();
    let counts = |series: &OutOfSample| direction == Direction::Up || series.drops;
    for (series, row) in out_of_sample.iter().zip(dispersions).filter(|(s, _)| counts(s)) {
        let phi = row.get(w).copied().unwrap_or(0.0);
        let scored = series.sums(window).into_iter().enumerate().filter_map(|(t, (a, m))| {
            let score = raw_score(a, m, phi, direction);
            (score > 0.0).then_some((t, score))
        });
        raw.extend(scored);
    }
    raw
}

fn raise(best: &mut [f64], scores: &Raw, tail: &Tail) {
    for (t, score) in scores {
        if let Some(cell) = best.get_mut(*t) {
            *cell = cell.max(tail.calibrated(*score));
        }
    }
}

/// Steps outside the back-test's strangest episodes and the day after each.
fn ordinary_steps(best: &[f64], steps_per_day: usize) -> Vec<bool> {
    let years = best.len() as f64 / (365.25 * steps_per_day as f64);
    let (level, _) = calibrate::threshold(best, 365.25 * steps_per_day as f64, PAST_INCIDENTS, steps_per_day);
    // Extrapolated levels lie above every score; a short back-test still has its strangest days.
    let highest = best.iter().copied().fold(0.0, f64::max);
    let level = if years * PAST_INCIDENTS < 5.0 { level.min(0.8 * highest) } else { level };
    let mut ordinary = vec![true; best.len()];
    for (t, _) in best.iter().enumerate().filter(|(_, s)| **s >= level.max(4.0)) {
        let end = (t + steps_per_day).min(best.len());
        if let Some(range) = ordinary.get_mut(t.saturating_sub(steps_per_day)..end) {
            range.fill(false);
        }
    }
    ordinary
}
