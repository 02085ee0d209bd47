use super::*;
use crate::testing::{days, hours};

/// Level 100 with a slope of 50 a year until half of it, then flat; weekly and a holiday on 2023-01-16.
fn curve() -> Curve {
    Curve {
        start: 24 * 19_359, // 2023-01-02, a Monday
        span: 24 * 364,
        scale: 200.0,
        regressors: Regressors { orders: Orders { weekly: 1, ..Orders::default() }, holidays: vec![19_373] },
        k: 0.25,
        m: 0.5,
        sigma_obs: 0.05,
        changepoints: vec![0.5],
        delta: vec![-0.25],
        beta: vec![0.1, 0.0, -0.3],
    }
}

fn interval() -> ResidualInterval {
    ResidualInterval { deviation: 5.0, count: 9 }
}

fn model(level_correction: bool) -> ProphetModel {
    ProphetModel::new(Granularity::Day, curve(), level_correction, interval(), 0.01).unwrap()
}

#[test]
fn a_forecast_is_trend_plus_week_plus_holiday() {
    let series = days(500, |_| f64::NAN);
    let means = model(false).predict(series.view(), 0);
    // 1970-01-01 was a Thursday, so a Thursday has sine 0.
    let trend = |day: f64| 200.0 * (0.5 + 0.25 * (day / 364.0).min(0.5));
    assert!((means[3] - trend(3.0)).abs() < 1e-9, "{}", means[3]);
    let friday = 20.0 * (std::f64::consts::TAU / 7.0).sin();
    assert!((means[4] - trend(4.0) - friday).abs() < 1e-9);
    assert!((means[14] - (means[21] - trend(21.0) + trend(14.0)) + 60.0).abs() < 1e-9);
    assert!((means[3 + 7 * 40] - 125.0).abs() < 1e-9 && (means[3 + 7 * 60] - 125.0).abs() < 1e-9);
    assert_eq!(model(false).predict(series.view(), 490), means[490..]);
    assert!(model(false).predict(series.view(), 600).is_empty());
}

#[test]
fn an_hour_is_read_at_its_local_clock() {
    let mut curve = curve();
    curve.regressors.orders.daily = 2;
    curve.beta = vec![0.2, 0.0, 0.0, 0.0, 0.0, 0.0, -0.3];
    let model = ProphetModel::new(Granularity::Hour, curve, false, interval(), 0.0).unwrap();
    let series = hours(16, |_| f64::NAN);
    let means = model.predict(series.view(), 0);
    assert!((means[6] - means[18] - 80.0).abs() < 0.1);
    let holiday: Vec<bool> = (0..24).map(|h| means[14 * 24 + h] < means[13 * 24 + h] - 59.0).collect();
    assert_eq!(holiday, [true; 24]);
    assert!(means[15 * 24] > means[13 * 24]);
}

#[test]
fn a_falling_trend_ends_above_zero() {
    let falling = Curve { k: -3.0, delta: vec![0.0], ..curve() };
    let model = ProphetModel::new(Granularity::Day, falling, false, interval(), 0.01).unwrap();
    let series = days(400, |_| 1.0);
    assert!(model.predict(series.view(), 399)[0] < 0.0);
    assert_eq!(model.forecast(series.view(), 399), [Forecast { mean: MIN_MEAN, dispersion: 0.01 }]);
    assert_eq!(model.bounds(series.view(), 399, 0.99), [(0.0, 0.0)]);
    assert!(model.score(series.view(), 0).iter().all(|s| s.score.is_finite()));
}

#[test]
fn the_level_follows_the_median_of_the_last_days() {
    let model = model(true);
    let mut series = days(200, |_| f64::NAN);
    let curve = self::model(false).predict(series.view(), 0);
    for (value, mean) in series.values.iter_mut().zip(&curve) {
        *value = mean * 1.5;
    }
    // Incidents and holes among the last 28 days do not move the median.
    series.values[185..190].fill(5_000.0);
    series.values[191..195].fill(f64::NAN);
    let corrected = model.predict(series.view(), 195);
    for (mean, curve) in corrected.iter().zip(&curve[195..]) {
        assert!((mean / curve - 1.5).abs() < 1e-9);
    }
    let (plain, wide) =
        (self::model(false).bounds(series.view(), 195, 0.99), model.bounds(series.view(), 195, 0.99));
    assert!((wide[0].1 / plain[0].1 - 1.5).abs() < 1e-9);
    // A day's own count and later ones do not count.
    series.values[195..].fill(0.0);
    assert_eq!(model.predict(series.view().prefix(196), 195)[0], corrected[0]);
    // Too few days, then silence.
    assert_eq!(model.predict(series.view(), 6)[0], curve[6]);
    series.values.fill(0.0);
    assert!((model.predict(series.view(), 100)[0] / curve[100] - MIN_RATIO).abs() < 1e-9);
    assert_eq!((model.history(), self::model(false).history()), (28, 0));
}

#[test]
fn hours_are_corrected_at_midnight_only() {
    let curve = Curve { scale: 8.0, ..curve() };
    let make =
        |correct| ProphetModel::new(Granularity::Hour, curve.clone(), correct, interval(), 0.0).unwrap();
    let mut series = hours(60, |_| f64::NAN);
    let means = make(false).predict(series.view(), 0);
    for (value, mean) in series.values.iter_mut().zip(&means) {
        *value = mean * 2.0;
    }
    let at = 24 * 50;
    series.values[at..at + 5].fill(900.0);
    let corrected = make(true).predict(series.view(), at);
    for (i, mean) in corrected.iter().take(24).enumerate() {
        assert!((mean / means[at + i] - 2.0).abs() < 1e-9);
    }
    // From the middle of a day on, its own hours before do not count.
    assert_eq!(make(true).predict(series.view(), at + 9), corrected[9..]);
    let window = at - make(true).history();
    let (calendar, values) = (&series.calendar[window..], &series.values[window..]);
    let short = SeriesView { granularity: Granularity::Hour, calendar, values };
    assert_eq!(make(true).predict(short, at - window), corrected);
}

#[test]
fn the_interval_widens_beyond_the_training_and_repeats() {
    let series = days(365 + 92, |_| f64::NAN);
    let model = model(false);
    let bounds = model.bounds(series.view(), 0, 0.99);
    let means = model.predict(series.view(), 0);
    let half = |i: usize| bounds[i].1 - means[i];
    assert!((half(100) - 2.575_829_3 * 10.0).abs() < 1e-4 && (half(364) - half(0)).abs() < 1e-9);
    assert!(half(380) > half(364) && half(456) > half(400));
    assert_eq!(bounds, model.bounds(series.view(), 0, 0.99));
    let late = model.bounds(series.view(), 400, 0.99);
    assert!(late.iter().zip(&bounds[400..]).all(|(a, b)| (a.1 - b.1).abs() < 1e-6));
    assert!(model.bounds(series.view(), 999, 0.99).is_empty());
}

#[test]
fn a_stored_model_reloads_bit_equal_and_damage_is_refused() {
    let third = Curve { k: 1.0 / 3.0, m: 0.1 + 0.2, ..curve() };
    let model = ProphetModel::new(Granularity::Day, third, true, interval(), 1.0 / 7.0).unwrap();
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<ProphetModel>(&json).unwrap(), model);
    for (field, good, bad) in [
        ("version 7", "\"version\":1", "\"version\":7"),
        ("dispersion", "\"deviation\":5.0", "\"deviation\":-5.0"),
        ("scale", "\"scale\":200.0", "\"scale\":0.0"),
        ("scale", "\"scale\":200.0", "\"scale\":1e300"),
        ("sigma_obs", "\"sigma_obs\":0.05", "\"sigma_obs\":-1.0"),
        ("span", "\"span\":8736", "\"span\":0"),
        ("start", "\"start\":464616", "\"start\":464616000000000"),
        ("delta", "\"delta\":[-0.25]", "\"delta\":[-0.25,0.0]"),
        ("delta", "\"delta\":[-0.25]", "\"delta\":[1e99]"),
        ("beta", "\"weekly\":1", "\"weekly\":2"),
        ("order", "\"weekly\":1", "\"weekly\":200"),
        ("holidays", "[19373]", "[19373,19373]"),
        ("changepoints", "\"changepoints\":[0.5]", "\"changepoints\":[1.5]"),
        ("k or m", "\"m\":0.30000000000000004", "\"m\":-1e300"),
    ] {
        assert!(json.contains(good), "{good}: {json}");
        let error = serde_json::from_str::<ProphetModel>(&json.replacen(good, bad, 1)).unwrap_err();
        assert!(error.to_string().contains(field), "{bad}: {error}");
    }
    let nan = Curve { beta: vec![f64::NAN; 3], ..curve() };
    assert!(ProphetModel::new(Granularity::Day, nan, false, interval(), 0.0).is_err());
}
