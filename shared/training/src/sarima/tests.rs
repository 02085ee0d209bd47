use super::*;
use jiff::ToSpan;
use jiff::civil::date;
use models::calendar::Calendar;
use models::detector::Detector;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    trained: usize,
    series: Vec<GoldenSeries>,
    gaps: Vec<Option<f64>>,
    hourly: Vec<Option<f64>>,
    others: Vec<Other>,
}

#[derive(Deserialize)]
struct GoldenSeries {
    name: String,
    counts: Vec<Option<f64>>,
    params: Vec<f64>,
    llf: f64,
    mean: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    one_step: Vec<f64>,
    optimum: Best,
}

/// What lies above statsmodels' result, which stops early or at a lesser maximum: found in Python by other means.
#[derive(Deserialize)]
struct Best {
    llf: f64,
    mean: Vec<f64>,
    one_step: Vec<f64>,
}

/// Figures of other orders at given parameters.
#[derive(Deserialize)]
struct Other {
    of: String,
    #[serde(flatten)]
    order: Order,
    params: Vec<f64>,
    llf: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
    one_step: Vec<f64>,
}

/// An owned series.
struct Series {
    granularity: Granularity,
    calendar: Vec<Calendar>,
    values: Vec<f64>,
}

impl Series {
    fn view(&self) -> SeriesView<'_> {
        SeriesView { granularity: self.granularity, calendar: &self.calendar, values: &self.values }
    }

    fn fit(&self) -> Result<FittedSarima, TrainError> {
        fit_sarima(self.view(), &SarimaOptions::default())
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../golden/sarima.json")).unwrap()
}

fn numbers(counts: &[Option<f64>]) -> Vec<f64> {
    counts.iter().map(|c| c.unwrap_or(f64::NAN)).collect()
}

fn days(values: Vec<f64>) -> Series {
    let first = date(2023, 1, 2);
    let calendar = (0..values.len() as i64).map(|i| Calendar::of_day(first + i.days())).collect();
    Series { granularity: Granularity::Day, calendar, values }
}

fn hours(values: Vec<f64>) -> Series {
    let mut series = days(values);
    series.granularity = Granularity::Hour;
    for (i, calendar) in series.calendar.iter_mut().enumerate() {
        *calendar = Calendar::of_day(date(2023, 1, 2) + (i as i64 / 24).days());
        calendar.hour = (i % 24) as u8;
    }
    series
}

/// Between −1 and 1, without memory.
fn jitter(i: usize) -> f64 {
    let mut z = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn office(i: usize) -> f64 {
    let week = if i % 7 < 5 { 200.0 } else { 80.0 };
    (week * (1.0 + 0.15 * jitter(i))).round()
}

/// Mean of |a − b| relative to the mean of |b|.
fn difference(a: impl Iterator<Item = f64>, b: &[f64]) -> f64 {
    let size: f64 = b.iter().map(|b| b.abs()).sum();
    a.zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / size
}

fn unknown() -> ResidualInterval {
    ResidualInterval { deviation: 0.0, count: 0 }
}

/// The filter at the parameters of statsmodels says what statsmodels says.
#[test]
fn the_filter_agrees_with_statsmodels_in_python() {
    let golden = golden();
    assert_eq!(golden.series.len(), 20);
    let mut worst = [0.0f64; 4];
    for expected in &golden.series {
        let (name, series) = (&expected.name, days(numbers(&expected.counts)));
        let order = Order::usual(Granularity::Day);
        let params = &expected.params;
        let model = Sarima::new(Granularity::Day, order, params, INITIAL_VARIANCE, unknown(), 0.0).unwrap();
        let llf = model.state_space().likelihood(&series.values[..golden.trained]).value();
        let steps = model.multi_step(series.view(), golden.trained, 92);
        let one_step = model.one_step(series.view(), golden.trained);
        let z = 2.575_829_303_548_900_4;
        let figures = [
            ((llf - expected.llf) / expected.llf).abs(),
            difference(steps.iter().map(|s| s.mean), &expected.mean),
            difference(steps.iter().map(|s| s.mean + z * s.variance.sqrt()), &expected.upper)
                .max(difference(steps.iter().map(|s| s.mean - z * s.variance.sqrt()), &expected.lower)),
            difference(one_step.iter().map(|s| s.mean), &expected.one_step),
        ];
        for (worst, figure) in worst.iter_mut().zip(figures) {
            assert!(figure < 1e-6, "{name}: {figures:?}");
            *worst = worst.max(figure);
        }
    }
    println!("largest relative differences of llf, means, bounds and one-step means: {worst:?}");
}

#[test]
fn other_orders_agree_with_statsmodels_in_python() {
    let golden = golden();
    for other in &golden.others {
        let (granularity, values) = match &other.of[..] {
            "hourly" => (Granularity::Hour, numbers(&golden.hourly)),
            _ => (Granularity::Day, numbers(&golden.gaps)),
        };
        let end = values.len();
        let series = if granularity == Granularity::Hour { hours(values) } else { days(values) };
        let model =
            Sarima::new(granularity, other.order, &other.params, INITIAL_VARIANCE, unknown(), 0.0).unwrap();
        let llf = model.state_space().likelihood(&series.values).value();
        let steps = model.multi_step(series.view(), end, 30);
        let one_step = model.one_step(series.view(), end - 20);
        let figures = [
            ((llf - other.llf) / other.llf).abs(),
            difference(steps.iter().map(|s| s.mean), &other.mean),
            difference(steps.iter().map(|s| s.variance), &other.variance),
            difference(one_step.iter().map(|s| s.mean), &other.one_step),
        ];
        println!("{:?}: {figures:?}", other.order);
        assert!(figures.iter().all(|f| *f < 1e-6), "{:?}: {figures:?}", other.order);
    }
}

/// Beside statsmodels' own fit: never a likelihood that is lower by more than 0.1 %, and the same forecasts, be it
/// those of statsmodels or of the better parameters that lie above.
#[test]
fn fits_agree_with_statsmodels_in_python() {
    let golden = golden();
    let mut failures = Vec::new();
    for expected in &golden.series {
        let (name, series) = (&expected.name, days(numbers(&expected.counts)));
        let fitted = fit_sarima(series.view().prefix(golden.trained), &SarimaOptions::default()).unwrap();
        let steps = fitted.model.multi_step(series.view(), golden.trained, 92);
        let one_step = fitted.model.one_step(series.view(), golden.trained);
        let beside = |mean: &[f64], ahead: &[f64]| {
            let means = difference(steps.iter().map(|s| s.mean), mean);
            (means, difference(one_step.iter().map(|s| s.mean), ahead))
        };
        let own = beside(&expected.mean, &expected.one_step);
        let best = beside(&expected.optimum.mean, &expected.optimum.one_step);
        let (gained, missed) =
            (fitted.log_likelihood - expected.llf, expected.optimum.llf - fitted.log_likelihood);
        println!(
            "{name:20} llf {:11.4} ({gained:+.4}, optimum {missed:+.4} away), means {:.3} %, one step {:.3} %, \
             optimum's {:.3} %, {:.3} %  {:.4?}",
            fitted.log_likelihood,
            100.0 * own.0,
            100.0 * own.1,
            100.0 * best.0,
            100.0 * best.1,
            fitted.model.parameters()
        );
        let near = |x: (f64, f64)| x.0 < 0.01 && x.1 < 0.01;
        let likely = gained > -1e-3 * expected.llf.abs() && missed < 0.5;
        if !likely || !(near(own) || gained > 0.1 && near(best)) {
            failures.push(name);
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn a_fit_repeats_and_reloads_bit_equal() {
    let series = days(numbers(&golden().series[9].counts));
    let first = series.fit().unwrap();
    let again = series.fit().unwrap();
    assert_eq!((&again.model, &again.check), (&first.model, &first.check));
    let json = serde_json::to_string(&first.model).unwrap();
    assert_eq!(serde_json::from_str::<Sarima>(&json).unwrap(), first.model);
    assert!(json.len() < 600, "{} bytes", json.len());
}

#[test]
fn cross_validation_never_sees_what_it_forecasts() {
    let mut series = days(numbers(&golden().series[9].counts));
    for incidents in [None, Some(5.0)] {
        let options = SarimaOptions { incidents, ..SarimaOptions::default() };
        let check = |series: &Series| fit_sarima(series.view(), &options).unwrap().check;
        let before = check(&series);
        assert_eq!(before.points.len(), 175); // 356 days with a count.
        assert!(before.loss > 0.0);
        let kept = series.values.clone();
        series.values[330..].iter_mut().filter(|v| v.is_finite()).for_each(|v| *v = 3_000.0);
        let after = check(&series);
        series.values = kept;
        let early = |x: &OutOfSample| x.points.iter().copied().filter(|p| p.index <= 330).collect::<Vec<_>>();
        assert!(early(&before).len() > 130);
        for (a, b) in early(&before).iter().zip(early(&after)) {
            assert_eq!((a.index, a.mean), (b.index, b.mean));
        }
    }
}

#[test]
fn it_finds_a_spike_and_its_interval_holds_the_rest() {
    let mut series = days((0..365).map(office).collect());
    series.values[300] += 400.0;
    let fitted = fit_sarima(series.view().prefix(273), &SarimaOptions::default()).unwrap();
    let scores = fitted.model.score(series.view(), 273);
    let spike = scores[300 - 273];
    let highest = scores.iter().enumerate().max_by(|a, b| a.1.score.total_cmp(&b.1.score)).unwrap();
    assert_eq!(highest.0, 300 - 273);
    assert!((spike.expected - spike.actual + 400.0).abs() < 60.0 && spike.score > 6.0, "{spike:?}");
    let inside = scores.iter().filter(|s| s.actual >= s.lower && s.actual <= s.upper).count();
    assert!(inside >= 88, "{inside}");
}

#[test]
fn past_incidents_need_not_move_the_parameters() {
    let clean = days((0..273).map(office).collect());
    let mut marred = days(clean.values.clone());
    for at in [60, 128, 129, 190, 245] {
        marred.values[at] += 900.0;
    }
    let robust = SarimaOptions { incidents: Some(5.0), ..SarimaOptions::default() };
    let deviation = |options| fit_sarima(marred.view(), options).unwrap().model.interval().deviation;
    assert!(deviation(&SarimaOptions::default()) > 2.0 * deviation(&robust));
    let sigma2 = |fitted: FittedSarima| fitted.model.parameters()[4];
    let wanted = sigma2(clean.fit().unwrap());
    let plain = sigma2(marred.fit().unwrap());
    let cleaned = sigma2(fit_sarima(marred.view(), &robust).unwrap());
    assert!(plain > 5.0 * wanted && (cleaned / wanted - 1.0).abs() < 0.1, "{wanted} {plain} {cleaned}");
    // Without incidents the second pass has nothing to do, or little.
    let same = sigma2(fit_sarima(clean.view(), &robust).unwrap());
    assert!((same / wanted - 1.0).abs() < 0.1, "{wanted} {same}");
    // A new level is no row of incidents.
    let mut shifted = days(clean.values.clone());
    shifted.values[180..].iter_mut().for_each(|v| *v += 900.0);
    let fitted = fit_sarima(shifted.view(), &robust).unwrap();
    let mean = fitted.model.multi_step(shifted.view(), 273, 7).iter().map(|s| s.mean).sum::<f64>() / 7.0;
    assert!((mean - 1066.0).abs() < 150.0, "{mean}");
}

#[test]
fn awkward_series_give_a_sane_model_or_say_why_not() {
    let week = |i: usize| if i % 7 < 5 { 11.0 } else { 1.0 };
    let cases: Vec<(&str, Vec<f64>, f64)> = vec![
        ("zeros", vec![0.0; 100], 0.0),
        ("constant", vec![7.0; 100], 7.0),
        ("huge", (0..200).map(|i| 1e9 + 1e7 * jitter(i)).collect(), 1e9),
        ("exact week", (0..100).map(week).collect(), 8.14),
        ("exact line", (0..100).map(|i| i as f64 + 40.0).collect(), f64::NAN),
        ("one ticket", (0..100).map(|i| f64::from(u8::from(i == 20))).collect(), 0.01),
        ("rare", (0..200).map(|i| f64::from(u8::from(i % 50 == 3))).collect(), 0.02),
        ("alternate days", (0..180).map(|i| if i % 2 == 0 { 9.0 } else { f64::NAN }).collect(), 9.0),
        ("no Sundays", (0..180).map(|i| if i % 7 == 6 { f64::NAN } else { 9.0 }).collect(), f64::NAN),
        (
            "gap",
            (0..200).map(|i| if (20..100).contains(&i) { f64::NAN } else { 9.0 + jitter(i) }).collect(),
            9.0,
        ),
        ("one wild day", (0..150).map(|i| if i == 80 { 1e6 } else { 10.0 + jitter(i) }).collect(), f64::NAN),
        ("wilder day", (0..150).map(|i| if i == 80 { 1e12 } else { 10.0 + jitter(i) }).collect(), f64::NAN),
        ("growth", (0..150).map(|i| 1.1f64.powi(i).round()).collect(), f64::NAN),
        ("empty start", (0..200).map(|i| if i < 120 { 0.0 } else { 30.0 + jitter(i) }).collect(), 30.0),
        ("shortest", (0..64).map(|i| 20.0 + (3.0 * jitter(i)).round()).collect(), 20.0),
    ];
    for (name, values, wanted) in cases {
        for incidents in [None, Some(5.0)] {
            let series = days(values.clone());
            let options = SarimaOptions { incidents, ..SarimaOptions::default() };
            let fitted = fit_sarima(series.view(), &options).unwrap_or_else(|e| panic!("{name}: {e}"));
            let model = fitted.model;
            let steps = model.multi_step(series.view(), values.len(), 14);
            let mean = steps.iter().map(|s| s.mean).sum::<f64>() / 14.0;
            println!("{name}: {mean} for {wanted}, {:.4?}", model.parameters());
            assert!(steps.iter().all(|s| s.mean.is_finite() && s.variance > 0.0), "{name}: {steps:?}");
            let scores = model.score(series.view(), 0);
            assert!(scores.iter().all(|s| s.score.is_finite() && s.expected > 0.0), "{name}");
            assert!(fitted.check.loss.is_finite() && fitted.log_likelihood.is_finite(), "{name}");
            assert!(fitted.check.points.iter().all(|p| p.mean.is_finite()), "{name}");
            if wanted.is_finite() {
                assert!((mean - wanted).abs() < 0.1 * wanted + 0.15, "{name}: {mean} for {wanted}");
            }
            let json = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<Sarima>(&json).unwrap(), model);
        }
    }
    let fit = |values: Vec<f64>| days(values).fit();
    assert!(matches!(fit(vec![5.0; 63]), Err(TrainError::TooShort { rows: 63, needed: 64 })));
    assert!(matches!(fit(vec![f64::NAN; 400]), Err(TrainError::TooShort { rows: 0, needed: 64 })));
    assert!(matches!(fit(Vec::new()), Err(TrainError::TooShort { rows: 0, needed: 64 })));
    let mut infinite = vec![5.0; 100];
    infinite[9] = f64::INFINITY;
    assert!(fit(infinite).unwrap_err().to_string().contains("infinite"));
    assert!(matches!(fit(vec![1e300; 100]), Err(TrainError::BadRows(_))));
    let bad = Order { season: 1, ..Order::usual(Granularity::Day) };
    let options = SarimaOptions { order: Some(bad), ..SarimaOptions::default() };
    assert!(matches!(fit_sarima(days(vec![5.0; 90]).view(), &options), Err(TrainError::Model(_))));
    let options = SarimaOptions { folds: 0, ..SarimaOptions::default() };
    assert!(fit_sarima(days(vec![5.0; 90]).view(), &options).is_err());
}

#[test]
fn other_orders_can_be_fitted() {
    let series = days((0..200).map(office).collect());
    let usual = Order::usual(Granularity::Day);
    let none = Order { p: 0, q: 0, seasonal_p: 0, seasonal_d: 1, seasonal_q: 0, season: 7 };
    // Mean absolute error of the folds: the noise alone makes 13.
    let cases = [
        (Order { q: 1, seasonal_q: 1, ..none }, 20.0),
        (Order { p: 2, q: 2, ..usual }, 20.0),
        (Order { seasonal_d: 0, ..usual }, 20.0),
        (Order { p: 3, seasonal_p: 2, ..none }, 25.0),
        (none, 30.0),
        (Order { p: 1, seasonal_d: 0, season: 0, ..none }, 80.0),
    ];
    for (order, most) in cases {
        let options = SarimaOptions { order: Some(order), ..SarimaOptions::default() };
        let fitted = fit_sarima(series.view(), &options).unwrap();
        let errors = fitted.check.points.iter().map(|p| (p.actual - p.mean).abs());
        let error = errors.sum::<f64>() / fitted.check.points.len() as f64;
        println!("{order:?}: {error} {:.4?}", fitted.model.parameters());
        assert!(error < most, "{order:?}: {error}");
    }
}

#[test]
fn hours_are_fitted_by_their_last_60_days() {
    let hour = |i: usize| if (8..18).contains(&(i % 24)) { 20.0 } else { 4.0 };
    let mut series = hours((0..70 * 24).map(|i| (hour(i) + 3.0 * jitter(i)).round()).collect());
    let fitted = series.fit().unwrap();
    let first = fitted.check.points[0].index;
    assert!(first == 40 * 24 && fitted.check.points.len() == 30 * 24, "{first}");
    let error: f64 = fitted.check.points.iter().map(|p| (p.actual - p.mean).abs()).sum();
    assert!(error / 720.0 < 2.2, "{}", error / 720.0);
    series.values[..100].fill(f64::NAN);
    assert_eq!(series.fit().unwrap().model, fitted.model);
}

/// What a fit and a year's scoring cost; run alone and in release to read the figures.
#[test]
#[ignore = "prints timings; run with --release --ignored --nocapture"]
fn timing_of_a_year() {
    let golden = golden();
    let series: Vec<Series> = golden.series.iter().map(|s| days(numbers(&s.counts))).collect();
    let options = SarimaOptions::default();
    let time = |name: &str, run: &dyn Fn(&Series)| {
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let clock = std::time::Instant::now();
            series.iter().for_each(run);
            best = best.min(clock.elapsed().as_secs_f64() / series.len() as f64);
        }
        println!("{name}: {:.4} ms", 1e3 * best);
    };
    let model = series[6].fit().unwrap().model;
    let order = Order::usual(Granularity::Day);
    time("filter of 273 days", &|s| {
        assert!(model.state_space().likelihood(&s.values[..273]).squares > 0.0);
    });
    time("fit of 273 days", &|s| {
        assert!(maximise(&order, &s.values[..273], INITIAL_VARIANCE, None).value > 0.0);
    });
    time("fit of 273 days with 5 folds", &|s| {
        assert!(fit_sarima(s.view().prefix(273), &options).is_ok());
    });
    let robust = SarimaOptions { incidents: Some(5.0), ..options };
    time("the same without incidents", &|s| {
        assert!(fit_sarima(s.view().prefix(273), &robust).is_ok());
    });
    time("forecasts of 365 days", &|s| assert_eq!(model.forecast(s.view(), 0).len(), 365));
    time("forecasts of the last 92 days", &|s| assert_eq!(model.forecast(s.view(), 273).len(), 92));
    time("scores of 365 days", &|s| assert_eq!(model.score(s.view(), 0).len(), 365));
    let hour = |i: usize| if (8..18).contains(&(i % 24)) { 20.0 } else { 4.0 };
    let hourly = hours((0..365 * 24).map(|i| (hour(i) + 3.0 * jitter(i)).round()).collect());
    let clock = std::time::Instant::now();
    let fitted = hourly.fit().unwrap();
    println!("fit of 1,440 hours with 5 folds: {:?} {:?}", clock.elapsed(), fitted.model.parameters());
    let clock = std::time::Instant::now();
    assert_eq!(fitted.model.forecast(hourly.view(), 8_000).len(), 760);
    println!("forecasts of 8,760 hours: {:?}", clock.elapsed());
}
