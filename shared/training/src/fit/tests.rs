use super::*;
use domain::time::Hour;
use jiff::tz::TimeZone;
use models::detector::Detector;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Hourly counts of series with the given means per hour, office-shaped, geometric-mixed to be overdispersed.
fn stream(days: usize, means: &[f64]) -> (Vec<Calendar>, Vec<Vec<f64>>) {
    let first = Hour::of("2023-01-02T00:00:00Z".parse().unwrap());
    let calendar: Vec<_> =
        (0..days as i64 * 24).map(|i| Calendar::of_hour(first.plus(i), &TimeZone::UTC)).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let shape = |c: &Calendar| {
        let day = if c.is_weekend() { 0.4 } else { 1.2 };
        day * if (8..18).contains(&c.hour) { 1.9 } else { 0.35 }
    };
    let series = means
        .iter()
        .map(|mean| calendar.iter().map(|c| poisson(&mut rng, mean * shape(c))).collect())
        .collect();
    (calendar, series)
}

fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    let (limit, mut product, mut count) = ((-mean).exp(), rng.random_range(0.0..1.0), 0.0);
    while product > limit {
        product *= rng.random_range(0.0..1.0);
        count += 1.0;
    }
    count
}

fn views(series: &[Vec<f64>]) -> Vec<&[f64]> {
    series.iter().map(Vec::as_slice).collect()
}

fn quick() -> PooledOptions {
    PooledOptions { rows: 8_000, fold_rows: 4_000, ..PooledOptions::default() }
}

#[test]
fn busy_and_sparse_series_are_forecast_without_bias() {
    let (calendar, series) = stream(70, &[20.0, 6.0, 1.0, 0.1, 0.01]);
    let fitted = fit_pooled(Granularity::Hour, &calendar, &views(&series), &quick()).unwrap();
    for checks in [&fitted.lightgbm_check, &fitted.baseline_check] {
        for check in checks {
            assert_eq!(check.points.len(), 672);
            let actual: f64 = check.points.iter().map(|p| p.actual).sum();
            let expected: f64 = check.points.iter().map(|p| p.mean).sum();
            // 5 standard deviations of the sum, and 6 % for the level's own error.
            assert!(
                (actual - expected).abs() < 5.0 * actual.sqrt() + 0.06 * actual + 3.0,
                "{actual} {expected}"
            );
            // A Poisson deviance is about 1 per point for busy series.
            // The mean deviance of a Poisson count with a known mean is at most 1.32 (near a mean of 1).
            assert!(check.loss < 1.45, "{}", check.loss);
        }
    }
}

#[test]
fn a_past_incident_hardly_moves_the_forecasts() {
    let (calendar, series) = stream(70, &[20.0, 6.0]);
    let mut dirty = series.clone();
    // Two weeks before the end, office hours of one day at 20 times the usual.
    dirty[0][24 * 56 + 8..24 * 56 + 18].iter_mut().for_each(|count| *count *= 20.0);
    let mean = |series: &[Vec<f64>]| {
        let fitted = fit_pooled(Granularity::Hour, &calendar, &views(series), &quick()).unwrap();
        let view = SeriesView { granularity: Granularity::Hour, calendar: &calendar, values: &series[0] };
        let from = 24 * 63;
        let forecasts = fitted.model.forecast(view, from);
        forecasts.iter().map(|f| f.mean).sum::<f64>()
    };
    let ratio = mean(&dirty) / mean(&series);
    assert!((0.93..1.07).contains(&ratio), "{ratio}");
}

#[test]
fn cross_validation_never_sees_what_it_forecasts() {
    let (calendar, mut series) = stream(60, &[10.0, 3.0]);
    let fit =
        |series: &[Vec<f64>]| fit_pooled(Granularity::Hour, &calendar, &views(series), &quick()).unwrap();
    let before = fit(&series);
    // Garbage from the middle of the last fold on must not move a forecast before it.
    let cut = 24 * 57;
    for values in &mut series {
        values[cut..].fill(500.0);
    }
    let after = fit(&series);
    for (a, b) in
        [(&before.lightgbm_check, &after.lightgbm_check), (&before.baseline_check, &after.baseline_check)]
    {
        for (a, b) in a.iter().zip(b) {
            let early =
                |x: &OutOfSample| x.points.iter().copied().filter(|p| p.index < cut).collect::<Vec<_>>();
            assert!(early(a).len() > 400);
            assert_eq!(early(a), early(b));
        }
    }
}

#[test]
fn missing_hours_are_left_out_and_the_fit_repeats() {
    let (calendar, mut series) = stream(60, &[10.0, 3.0]);
    series[0][24 * 50..24 * 52].fill(f64::NAN);
    let fit = || fit_pooled(Granularity::Hour, &calendar, &views(&series), &quick()).unwrap();
    let (a, b) = (fit(), fit());
    assert_eq!(a.model, b.model);
    assert_eq!(a.lightgbm_check[0].points.len() + 48, a.lightgbm_check[1].points.len());
    let json = serde_json::to_string(&models::Model::LightGbm(a.model.clone())).unwrap();
    let back: models::Model = serde_json::from_str(&json).unwrap();
    assert_eq!(back, models::Model::LightGbm(a.model));
    assert!(json.len() < 400_000, "{} bytes", json.len());
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let (calendar, series) = stream(60, &[10.0]);
    let silent = vec![vec![0.0; calendar.len()]];
    let fit = |calendar: &[Calendar], series: &[Vec<f64>]| {
        fit_pooled(Granularity::Hour, calendar, &views(series), &quick()).unwrap_err().to_string()
    };
    assert!(fit(&calendar, &silent).contains("every target is zero"));
    assert!(fit(&calendar[1..], &series).contains("calendar of 1439"));
    assert!(fit(&[], &[]).contains("0 usable rows"));
}

#[test]
fn a_single_series_is_fitted_like_its_folds() {
    let (calendar, series) = stream(60, &[12.0]);
    let view = SeriesView { granularity: Granularity::Hour, calendar: &calendar, values: &series[0] };
    let options =
        SingleOptions { trees: TreeOptions { trees: 60, ..SingleOptions::default().trees }, folds: 5 };
    let fitted = fit_single(view, &options).unwrap();
    // 1,440 hours less 336 without their lags; the second half is forecast.
    assert_eq!(fitted.check.points.len(), 550);
    assert!(fitted.model.interval().deviation > 2.0 && fitted.model.interval().deviation < 8.0);
    let short = view.prefix(400);
    assert!(matches!(fit_single(short, &options), Err(TrainError::TooShort { rows: 64, needed: 80 })));
}

/// What a nightly retraining costs; run alone and in release to read the figures.
#[test]
#[ignore = "prints timings; run with --release --ignored --nocapture"]
fn timing_of_64_series_over_120_days() {
    let means: Vec<f64> = (0..64).map(|i| 20.0 * 0.85f64.powi(i)).collect();
    let (calendar, series) = stream(120, &means);
    let options = PooledOptions::default();
    let clock = std::time::Instant::now();
    let fitted = fit_pooled(Granularity::Hour, &calendar, &views(&series), &options).unwrap();
    println!("fit_pooled 64 series x 120 days: {:?}", clock.elapsed());
    let better = (0..64).filter(|i| fitted.prefers_lightgbm(*i)).count();
    println!("trees preferred for {better} of 64 series");
    let all: Vec<_> = series
        .iter()
        .cycle()
        .take(150)
        .map(|values| SeriesView { granularity: Granularity::Hour, calendar: &calendar, values })
        .collect();
    for detector in [&fitted.model as &dyn Detector, &fitted.baseline] {
        let clock = std::time::Instant::now();
        for view in &all {
            assert_eq!(detector.forecast(*view, view.len() - 1).len(), 1);
        }
        let forecast = clock.elapsed();
        let clock = std::time::Instant::now();
        for view in &all {
            assert_eq!(detector.score(*view, view.len() - 1).len(), 1);
        }
        println!(
            "{}: one step of 150 series: forecast {forecast:?}, score {:?}",
            detector.name(),
            clock.elapsed()
        );
    }
    assert!(fitted.model.booster().trees() == options.trees.trees);
}
