use super::*;
use crate::detector::Score;
use crate::testing::{days, hours, noise};
use domain::anomaly::Direction;
use proptest::prelude::*;

/// A process that forgets slowly, with four seasons of moving average.
fn model(granularity: Granularity) -> Sarima {
    let interval = ResidualInterval { deviation: 15.0, count: 137 };
    let parameters = [0.8, -0.6, 0.05, -0.8, 200.0];
    Sarima::new(granularity, Order::usual(granularity), &parameters, INITIAL_VARIANCE, interval, 0.003)
        .unwrap()
}

fn week(c: &crate::calendar::Calendar) -> f64 {
    let mean = if c.is_weekend() { 80.0 } else { 200.0 };
    noise(c.epoch_day.unsigned_abs().into(), mean)
}

/// Forecasts by matrices written out: the textbook filter, which treats every state alike.
fn dense(model: &Sarima, values: &[f64]) -> Vec<(f64, f64)> {
    let space = model.state_space();
    let (s, r, m) = (space.season, space.ar.len(), space.states());
    let mut transition = vec![vec![0.0; m]; m];
    let mut design = vec![0.0; m];
    if s > 0 {
        (1..s).for_each(|i| transition[i][i - 1] = 1.0);
        (transition[0][s - 1], transition[0][s], design[s - 1]) = (1.0, 1.0, 1.0);
    }
    design[s] = 1.0;
    for i in 0..r {
        transition[s + i][s] = space.ar[i];
        if i + 1 < r {
            transition[s + i][s + i + 1] = 1.0;
        }
    }
    let mut state = vec![0.0; m];
    let mut p = vec![vec![0.0; m]; m];
    (0..m).for_each(|i| p[i][i] = space.initial_variance);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut forecasts = Vec::new();
    for value in values {
        let column: Vec<f64> = p.iter().map(|row| dot(row, &design)).collect();
        let (mean, variance) = (dot(&state, &design), dot(&column, &design));
        forecasts.push((mean, variance));
        if value.is_finite() {
            for i in 0..m {
                state[i] += column[i] * (value - mean) / variance;
                (0..m).for_each(|j| p[i][j] -= column[i] * column[j] / variance);
            }
        }
        state = transition.iter().map(|row| dot(row, &state)).collect();
        let moved: Vec<Vec<f64>> =
            p.iter().map(|row| transition.iter().map(|t| dot(t, row)).collect()).collect();
        p = transition
            .iter()
            .map(|t| (0..m).map(|j| (0..m).map(|k| t[k] * moved[k][j]).sum()).collect())
            .collect();
        for i in 0..r {
            for j in 0..r {
                p[s + i][s + j] += space.sigma2 * space.noise[i] * space.noise[j];
            }
        }
    }
    forecasts
}

#[test]
fn the_filter_is_the_one_of_the_textbook() {
    let mut series = days(120, week);
    for at in [0, 5, 30, 31, 38, 70, 119] {
        series.values[at] = f64::NAN;
    }
    series.values[80..90].fill(f64::NAN);
    let orders = [
        (Order::usual(Granularity::Day), vec![0.8, -0.6, 0.05, -0.8, 200.0]),
        (
            Order { p: 2, seasonal_d: 0, ..Order::usual(Granularity::Day) },
            vec![0.5, 0.2, 0.3, 0.9, -0.4, 90.0],
        ),
        (Order { p: 0, q: 0, seasonal_p: 0, seasonal_d: 1, seasonal_q: 0, season: 7 }, vec![400.0]),
        (
            Order { p: 1, q: 2, seasonal_p: 0, seasonal_d: 1, seasonal_q: 0, season: 3 },
            vec![0.9, 0.3, 0.2, 50.0],
        ),
        (Order { p: 0, q: 0, seasonal_p: 0, seasonal_d: 0, seasonal_q: 0, season: 0 }, vec![400.0]),
        (Order { p: 1, q: 0, seasonal_p: 0, seasonal_d: 0, seasonal_q: 0, season: 0 }, vec![0.95, 40.0]),
    ];
    for (order, parameters) in orders {
        let interval = ResidualInterval { deviation: 1.0, count: 9 };
        let model =
            Sarima::new(Granularity::Day, order, &parameters, INITIAL_VARIANCE, interval, 0.0).unwrap();
        let wanted = dense(&model, &series.values);
        for (i, (step, (mean, variance))) in model.one_step(series.view(), 0).iter().zip(wanted).enumerate() {
            assert!((step.mean - mean).abs() < 1e-5, "{order:?} {i}: {step:?} {mean}");
            assert!((step.variance / variance - 1.0).abs() < 1e-7, "{order:?} {i}: {step:?} {variance}");
        }
    }
}

#[test]
fn a_forecast_follows_the_week_and_a_spike_stands_out() {
    let mut series = days(200, week);
    series.values[150] += 250.0;
    let model = model(Granularity::Day);
    let scores = model.score(series.view(), 60);
    let spike = scores[90];
    assert!(spike.score > 6.0 && spike.direction == Direction::Up && spike.upper < spike.actual, "{spike:?}");
    let error = |s: &Score| (s.actual - s.expected).abs() / s.expected.sqrt();
    let errors: Vec<f64> = scores.iter().map(error).collect();
    let mean = (errors.iter().sum::<f64>() - errors[90]) / (errors.len() - 1) as f64;
    assert!(mean < 1.5, "{mean}");
    assert_eq!(scores.iter().filter(|s| s.score > spike.score / 2.0).count(), 1);
    assert_eq!(scores.len(), 140);
}

#[test]
fn a_missing_count_is_bridged_and_widens_what_comes_a_season_later() {
    let mut series = days(200, week);
    let model = model(Granularity::Day);
    let whole = model.one_step(series.view(), 0);
    series.values[150] = f64::NAN;
    let gap = model.one_step(series.view(), 0);
    assert_eq!(gap[..=150], whole[..=150]);
    assert!((gap[157].mean - whole[157].mean).abs() < 30.0);
    assert!(gap[157].variance > 1.01 * whole[157].variance);
    assert!(gap[199].variance < 1.01 * whole[199].variance);
    assert_eq!(model.score(series.view(), 150)[0].score, 0.0);
    series.values[151] = f64::INFINITY;
    assert!(model.one_step(series.view(), 0).iter().all(|s| s.mean.is_finite()));
}

#[test]
fn several_steps_are_one_step_without_counts() {
    let series = days(120, week);
    let model = model(Granularity::Day);
    let steps = model.multi_step(series.view(), 100, 30);
    assert_eq!(steps[0], model.one_step(series.view(), 100)[0]);
    assert!(steps.windows(8).all(|w| w[7].variance > w[0].variance));
    assert!(steps.iter().all(|s| s.variance >= 200.0 && s.mean > 50.0 && s.mean < 250.0), "{steps:?}");
    assert!(model.multi_step(series.view(), 100, 0).is_empty());
    assert_eq!(model.multi_step(series.view(), 500, 1)[0], model.multi_step(series.view(), 120, 1)[0]);
}

#[test]
fn a_short_history_falls_back_to_the_baseline() {
    let series = days(60, |_| 200.0);
    let model = model(Granularity::Day);
    let baseline = Baseline::unfitted(Granularity::Day);
    let forecasts = model.forecast(series.view(), 0);
    assert_eq!(forecasts[..16], baseline.forecast(series.view().prefix(16), 0));
    assert!(forecasts[16..].iter().all(|f| f.dispersion == 0.003 && (f.mean - 200.0).abs() < 2.0));
    // A day of the week that was never counted.
    let mut sundays = days(60, |c| if c.day_of_week == 6 { f64::NAN } else { 200.0 });
    sundays.values[55] = 190.0;
    let means: Vec<f64> = model.forecast(sundays.view(), 40).iter().map(|f| f.mean).collect();
    assert!(means.iter().all(|m| (m - 200.0).abs() < 15.0), "{means:?}");
    assert!(model.forecast(series.view().prefix(0), 0).is_empty());
    assert!(model.forecast(series.view(), 70).is_empty());
}

#[test]
fn expectations_end_above_zero() {
    let series = days(80, |c| if c.epoch_day % 40 == 0 { 90.0 } else { 0.0 });
    let means = model(Granularity::Day).one_step(series.view(), 20);
    assert!(means.iter().any(|s| s.mean < -1.0));
    let forecasts = model(Granularity::Day).forecast(series.view(), 20);
    assert!(forecasts.iter().all(|f| f.mean >= MIN_MEAN));
}

#[test]
fn hours_repeat_by_the_day() {
    let office = |c: &crate::calendar::Calendar| if (8..18).contains(&c.hour) { 40.0 } else { 5.0 };
    let series = hours(20, office);
    let forecasts = model(Granularity::Hour).forecast(series.view(), 24 * 15);
    for (forecast, calendar) in forecasts.iter().zip(&series.calendar[24 * 15..]) {
        assert!((forecast.mean - office(calendar)).abs() < 1.0, "{forecast:?}");
    }
}

#[test]
fn a_stored_model_reloads_bit_equal_and_a_damaged_one_is_refused() {
    let model = model(Granularity::Day);
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Sarima>(&json).unwrap(), model);
    assert_eq!(model.parameters(), [0.8, -0.6, 0.05, -0.8, 200.0]);
    let cases = [
        ("\"version\":1", "\"version\":7", "version 7"),
        ("\"season\":7", "\"season\":1", "season of 1 "),
        ("\"season\":7", "\"season\":4000000000", "season of 4000000000"),
        ("\"seasonal_d\":1", "\"seasonal_d\":2", "seasonal difference of 2"),
        ("\"p\":1", "\"p\":9", "order of 9"),
        ("\"p\":1", "\"p\":2", "number of parameters of 1"),
        ("\"ar\":[0.8]", "\"ar\":[80]", "AR of 80"),
        ("\"seasonal_ma\":[-0.8]", "\"seasonal_ma\":[]", "number of parameters of 0"),
        ("\"sigma2\":200.0", "\"sigma2\":0.0", "sigma2 of 0"),
        ("\"initial_variance\":1000000.0", "\"initial_variance\":-1.0", "initial variance of -1"),
        ("\"dispersion\":0.003", "\"dispersion\":-0.1", "dispersion of -0.1"),
        ("\"deviation\":15.0", "\"deviation\":-15.0", "dispersion of -15"),
    ];
    for (from, to, wanted) in cases {
        assert!(json.contains(from), "{json}");
        let error = serde_json::from_str::<Sarima>(&json.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error} for {to}");
    }
    let none = ResidualInterval { deviation: 0.0, count: 0 };
    let order = Order::usual(Granularity::Day);
    let new = |parameters: &[f64]| Sarima::new(Granularity::Day, order, parameters, 1e6, none, 0.0);
    assert!(new(&[0.1; 4]).is_err() && new(&[0.1; 6]).is_err() && new(&[]).is_err());
    assert!(new(&[0.1, f64::NAN, 0.1, 0.1, 1.0]).is_err() && new(&[0.1; 5]).is_ok());
}

#[test]
fn a_likelihood_is_concentrated_at_its_scale() {
    let series = days(150, week);
    let order = Order::usual(Granularity::Day);
    let at = |scale: f64| {
        let space = StateSpace::new(&order, &[0.8, -0.6, 0.05, -0.8], 200.0 * scale, 1e6 * scale);
        space.likelihood(&series.values)
    };
    let likelihood = at(1.0);
    assert_eq!(likelihood.count, 150 - 16);
    let best = at(likelihood.scale());
    assert!((best.value() - likelihood.concentrated()).abs() < 1e-8 && best.value() > likelihood.value());
    assert!((best.scale() - 1.0).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_forecast_depends_on_the_past_only(from in 30usize..190, garbage in 0.0f64..1e4) {
        let mut series = days(200, week);
        let model = model(Granularity::Day);
        let all = model.forecast(series.view(), 10);
        series.values[from..].fill(garbage);
        let one = model.forecast(series.view().prefix(from + 1), from);
        prop_assert_eq!(one[0], all[from - 10]);
    }
}
