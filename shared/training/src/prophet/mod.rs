//! Fits Prophet (Taylor and Letham 2018) to one series, by an optimizer of its own behind that of `augurs`.
//!
//! `augurs` prepares the data and the changepoints; what maximises the posterior is here, and `models::prophet`
//! evaluates the result. The same counts give the same bits.

mod lasso;
mod optimizer;
#[cfg(test)]
mod tests;

use crate::TrainError;
use crate::cross_validation::{OutOfSample, Point, clip, compare, folds};
use augurs::prophet::optimizer::OptimizeOpts;
use augurs::prophet::{
    Holiday, HolidayOccurrence, OptProphetOptions, PositiveFloat, Prophet, ProphetOptions as AugursOptions,
    SeasonalityOption, TrainingData,
};
use domain::anomaly::Granularity;
use models::baseline::Moments;
use models::calendar::points_per_day;
use models::detector::SeriesView;
use models::interval::ResidualInterval;
use models::prophet::{Curve, Orders, ProphetModel, Regressors, local_hour};
use optimizer::{Maximiser, Optimum};
use std::num::NonZeroU32;

/// Days with a count that a fit needs: half of them come before the first fold, and a week is fitted from two.
const MIN_DAYS: usize = 28;
/// Hours of history from which on a component is fitted, as Prophet has it: twice its period.
const TWO_DAYS: i64 = 2 * 24;
const TWO_WEEKS: i64 = 2 * 168;
const TWO_YEARS: i64 = 2 * 8766;
/// Least share of the history for changepoints, and most of them.
const MIN_RANGE: f64 = 0.1;
const MAX_CHANGEPOINTS: u32 = 500;

/// How [`fit_prophet`] fits and validates; the defaults are Prophet's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProphetOptions {
    /// Changepoints, evenly over the rows of the first [`ProphetOptions::changepoint_range`] of the history.
    pub changepoints: u32,
    /// Share of the history (0–1) in which the trend may change.
    pub changepoint_range: f64,
    /// Scale of the Laplace prior on changes of the slope.
    pub changepoint_prior: f64,
    /// Deviation of the Gaussian prior on the weights of seasonal terms.
    pub seasonality_prior: f64,
    /// Deviation of the Gaussian prior on the effect of a holiday.
    pub holidays_prior: f64,
    /// Fourier terms; a component is left out at 0, while the history does not cover two of its periods, and when
    /// counts lie a period or more apart.
    pub orders: Orders,
    /// Whether forecasts follow the level of the last 28 days; Prophet's own do not.
    pub level_correction: bool,
    /// Rolling-origin folds over the second half of the rows.
    pub folds: usize,
}

impl Default for ProphetOptions {
    fn default() -> Self {
        Self {
            changepoints: 25,
            changepoint_range: 0.8,
            changepoint_prior: 0.05,
            seasonality_prior: 10.0,
            holidays_prior: 10.0,
            orders: Orders { daily: 4, weekly: 3, yearly: 10 },
            level_correction: false,
            folds: 5,
        }
    }
}

/// A model of one series and its cross-validation.
#[derive(Clone, Debug)]
pub struct FittedProphet {
    /// The curve with the spread of its residuals.
    pub model: ProphetModel,
    /// Forecasts by curves that never saw them.
    pub check: OutOfSample,
    /// Log-posterior of the curve as Stan reports it (`lp__`); 0 when all counts are the same.
    pub log_posterior: f64,
}

/// Fits Prophet to the counts of one series; missing ones are left out. `holidays` are local dates (days from
/// 1970-01-01), past and to come; each has the same effect on its day.
///
/// Fails when fewer than 28 days have a count (672 hours of an hourly series), when a count is infinite, and on options
/// that Prophet refuses. All counts the same is no failure: the forecast is that count.
pub fn fit_prophet(
    series: SeriesView<'_>,
    holidays: &[i32],
    options: &ProphetOptions,
) -> Result<FittedProphet, TrainError> {
    let rows = Rows::of(series);
    let needed = MIN_DAYS * points_per_day(series.granularity);
    if rows.counts.len() < needed {
        return Err(TrainError::TooShort { rows: rows.counts.len(), needed });
    }
    let mut holidays = holidays.to_vec();
    holidays.sort_unstable();
    holidays.dedup();
    let check = cross_validate_prophet(series, &rows, &holidays, options)?;
    let residuals: Vec<f64> = check.residuals().collect();
    let interval = ResidualInterval::from_residuals(&residuals)
        .ok_or(TrainError::TooShort { rows: rows.counts.len(), needed: 2 * options.folds })?;
    let mut moments = Moments::default();
    check.points.iter().for_each(|p| moments.add(p.actual.min(clip(p.mean.max(0.0))), p.mean.max(0.0)));
    let (curve, log_posterior) = fit_curve(series.granularity, &rows, rows.counts.len(), &holidays, options)?;
    let dispersion = moments.dispersion(0.0);
    let model = ProphetModel::new(series.granularity, curve, options.level_correction, interval, dispersion)?;
    Ok(FittedProphet { model, check, log_posterior })
}

/// The buckets with a count.
struct Rows {
    /// Their indices in the series.
    indices: Vec<usize>,
    /// Local hours from 1970-01-01T00.
    hours: Vec<i64>,
    counts: Vec<f64>,
}

impl Rows {
    fn of(series: SeriesView<'_>) -> Self {
        let mut rows = Self { indices: Vec::new(), hours: Vec::new(), counts: Vec::new() };
        for (index, (calendar, count)) in series.calendar.iter().zip(series.values).enumerate() {
            if !count.is_nan() {
                rows.indices.push(index);
                rows.hours.push(local_hour(series.granularity, calendar));
                rows.counts.push(*count);
            }
        }
        rows
    }
}

fn cross_validate_prophet(
    series: SeriesView<'_>,
    rows: &Rows,
    holidays: &[i32],
    options: &ProphetOptions,
) -> Result<OutOfSample, TrainError> {
    let mut check = OutOfSample::default();
    let unknown = ResidualInterval { deviation: 0.0, count: 0 };
    for fold in folds(rows.counts.len(), 0.5, options.folds) {
        let (curve, _) = fit_curve(series.granularity, rows, fold.start, holidays, options)?;
        let model = ProphetModel::new(series.granularity, curve, options.level_correction, unknown, 0.0)?;
        let (first, last) = (rows.indices[fold.start], rows.indices[fold.end - 1]);
        let means = model.predict(series.prefix(last + 1), first);
        for row in fold {
            let index = rows.indices[row];
            check.points.push(Point { index, actual: rows.counts[row], mean: means[index - first] });
        }
    }
    let mut twin = check.clone();
    compare(&mut check, &mut twin);
    Ok(check)
}

/// Fits a curve to the first `end` rows, and says how probable it is.
fn fit_curve(
    granularity: Granularity,
    rows: &Rows,
    end: usize,
    holidays: &[i32],
    options: &ProphetOptions,
) -> Result<(Curve, f64), TrainError> {
    let bad = |reason: String| TrainError::BadRows(reason);
    let (mut hours, counts) = (rows.hours[..end].to_vec(), &rows.counts[..end]);
    let seconds: Vec<i64> = hours.iter().map(|hour| hour * 3600).collect();
    let data = TrainingData::new(seconds, counts.to_vec()).map_err(|e| bad(e.to_string()))?;
    hours.sort_unstable();
    let (Some(start), Some(last)) = (hours.first().copied(), hours.last().copied()) else {
        return Err(TrainError::TooShort { rows: 0, needed: 2 });
    };
    let span = u32::try_from(last - start).map_err(|_| bad("the dates are too far apart".to_owned()))?;
    let steps = hours.windows(2).map(|pair| pair[1] - pair[0]);
    let step = steps.filter(|step| *step > 0).min().unwrap_or(i64::MAX);
    let orders = orders(granularity, i64::from(span), step, options.orders);
    let regressors = Regressors { orders, holidays: holidays.to_vec() };
    let maximiser = Maximiser::new(columns(&regressors, &hours));
    let mut prophet = Prophet::new(augurs_options(&regressors, options)?, &maximiser);
    prophet.fit(data, OptimizeOpts::default()).map_err(|e| bad(e.to_string()))?;
    drop(prophet);
    let optimum = maximiser.into_found().ok_or_else(|| bad("nothing was optimised".to_owned()))?;
    let Optimum { mut k, m, sigma_obs, mut delta, beta, changepoints, log_posterior } = optimum;
    if options.changepoints == 0 {
        // A stand-in at t = 0, whose change belongs to the slope.
        k += delta.iter().sum::<f64>();
        delta.fill(0.0);
    }
    let largest = counts.iter().fold(0.0, |most: f64, count| most.max(count.abs()));
    let scale = if largest == 0.0 { 1.0 } else { largest };
    let curve = Curve { start, span, scale, regressors, k, m, sigma_obs, changepoints, delta, beta };
    Ok((curve, log_posterior))
}

/// The components whose period fits twice into `span` hours, and is longer than the shortest `step` between counts.
fn orders(granularity: Granularity, span: i64, step: i64, wanted: Orders) -> Orders {
    let daily = granularity == Granularity::Hour && span >= TWO_DAYS && step < TWO_DAYS / 2;
    let of = |covered: bool, order: u8| if covered { order } else { 0 };
    Orders {
        daily: of(daily, wanted.daily),
        weekly: of(span >= TWO_WEEKS && step < TWO_WEEKS / 2, wanted.weekly),
        yearly: of(span >= TWO_YEARS, wanted.yearly),
    }
}

/// The regressors of the given hours, column by column.
fn columns(regressors: &Regressors, hours: &[i64]) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::with_capacity(hours.len()); regressors.width()];
    let mut row = Vec::new();
    for hour in hours {
        regressors.row(*hour, &mut row);
        columns.iter_mut().zip(&row).for_each(|(column, value)| column.push(*value));
    }
    columns
}

/// What `augurs` is told; everything else is as it comes, which is as in Python.
fn augurs_options(regressors: &Regressors, options: &ProphetOptions) -> Result<AugursOptions, TrainError> {
    let positive = |name: &str, value: f64| {
        PositiveFloat::try_new(value).map_err(|e| TrainError::BadRows(format!("{name}: {e}")))
    };
    if !(MIN_RANGE..=1.0).contains(&options.changepoint_range) || options.changepoints > MAX_CHANGEPOINTS {
        return Err(TrainError::BadRows(format!(
            "{} changepoints in the first {} of the history",
            options.changepoints, options.changepoint_range
        )));
    }
    let seasonality = |order: u8| match NonZeroU32::new(u32::from(order)) {
        Some(order) => SeasonalityOption::Fourier(order),
        None => SeasonalityOption::Manual(false),
    };
    let occurrence = |day: &i32| HolidayOccurrence::for_day(i64::from(*day) * 86_400);
    let holidays: Vec<HolidayOccurrence> = regressors.holidays.iter().map(occurrence).collect();
    let holiday = (!holidays.is_empty()).then(|| ("holiday".to_owned(), Holiday::new(holidays)));
    let Orders { daily, weekly, yearly } = regressors.orders;
    let options = OptProphetOptions {
        n_changepoints: Some(options.changepoints),
        changepoint_range: Some(positive("changepoint range", options.changepoint_range)?),
        changepoint_prior_scale: Some(positive("changepoint prior", options.changepoint_prior)?),
        seasonality_prior_scale: Some(positive("seasonality prior", options.seasonality_prior)?),
        holidays_prior_scale: Some(positive("holidays prior", options.holidays_prior)?),
        daily_seasonality: Some(seasonality(daily)),
        weekly_seasonality: Some(seasonality(weekly)),
        yearly_seasonality: Some(seasonality(yearly)),
        holidays: Some(holiday.into_iter().collect()),
        uncertainty_samples: Some(0),
        ..OptProphetOptions::default()
    };
    Ok(options.into())
}
