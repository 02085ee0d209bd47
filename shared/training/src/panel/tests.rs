use super::*;
use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;
use models::detector::Detector;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Stream {
    granularity: Granularity,
    calendar: Vec<Calendar>,
    values: Vec<f64>,
}

impl Stream {
    fn view(&self) -> PanelView<'_> {
        let total =
            SeriesView { granularity: self.granularity, calendar: &self.calendar, values: &self.values };
        PanelView { total, dimensions: &[] }
    }
}

/// About Poisson around `mean`, by the normal.
fn draw(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    let normal: f64 = (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    (mean + normal * mean.sqrt()).round().max(0.0)
}

fn daily(n: i64, mean: impl Fn(&Calendar) -> f64) -> Stream {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let calendar: Vec<_> = (0..n).map(|i| Calendar::of_day(date(2023, 1, 2) + i.days())).collect();
    let values = calendar.iter().map(|c| draw(&mut rng, mean(c))).collect();
    Stream { granularity: Granularity::Day, calendar, values }
}

const WEEK: [f64; 7] = [1.3, 1.2, 1.1, 1.1, 1.0, 0.7, 0.6];

fn weekly(c: &Calendar) -> f64 {
    200.0 * WEEK[usize::from(c.day_of_week)]
}

#[test]
fn shape_level_and_scatter_are_recovered_in_spite_of_incidents() {
    let mut stream = daily(273, weekly);
    for at in [60, 61, 150] {
        stream.values[at] *= 3.0;
    }
    stream.values[200..207].fill(f64::NAN);
    let model = fit_panel(stream.view(), &[], &[]).unwrap();
    for (factor, wanted) in model.profile.factors().iter().zip(WEEK) {
        assert!((factor / wanted - 1.0).abs() < 0.05, "{factor} {wanted}");
    }
    assert!((model.level / 200.0 - 1.0).abs() < 0.1 && model.dispersion < 0.004, "{model:?}");
    let forecast = model.forecast(stream.view().total, 272)[0];
    assert!((forecast.mean / weekly(&stream.calendar[272]) - 1.0).abs() < 0.1, "{forecast:?}");
}

#[test]
fn hours_get_their_shape_from_day_and_hour() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let first: jiff::Timestamp = "2023-01-02T00:00:00Z".parse().unwrap();
    let calendar: Vec<_> =
        (0..60 * 24).map(|i| Calendar::at(first + (i as i64).hours(), &TimeZone::UTC)).collect();
    let mean = |c: &Calendar| 5.0 * WEEK[usize::from(c.day_of_week)] * if c.hour < 8 { 0.3 } else { 1.35 };
    let values = calendar.iter().map(|c| draw(&mut rng, mean(c))).collect();
    let stream = Stream { granularity: Granularity::Hour, calendar, values };
    let model = fit_panel(stream.view(), &[], &[]).unwrap();
    let by_hand: f64 = stream.calendar[..168].iter().map(mean).sum::<f64>() / 168.0;
    let worst = (0..168)
        .map(|p| (model.profile.factor(p) * by_hand / mean(&stream.calendar[p]) - 1.0).abs())
        .fold(0.0, f64::max);
    assert!(worst < 0.25, "{worst}");
}

#[test]
fn a_holiday_is_learned_from_those_before() {
    let mut stream = daily(273, weekly);
    let holidays: Vec<i32> = [50, 120, 180, 240].iter().map(|i| stream.calendar[*i].epoch_day).collect();
    for i in [50, 120, 180, 240] {
        stream.values[i] = (stream.values[i] * 0.5).round();
    }
    let (mean, variance) = fit_panel(stream.view(), &[], &holidays).unwrap().holiday_effect;
    assert!((mean.exp() - 0.5).abs() < 0.06 && variance < 0.09, "{mean} {variance}");
}

#[test]
fn shares_and_their_scatter_are_recovered() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let stream = daily(273, weekly);
    let second: Vec<f64> = stream.values.iter().map(|v| draw(&mut rng, 0.3 * v).min(*v)).collect();
    let first = stream.values.iter().zip(&second).map(|(v, s)| v - s).collect();
    let dimensions = vec![vec![first, second]];
    let view = PanelView { dimensions: &dimensions, ..stream.view() };
    let names = [DimensionName { name: "queue".to_owned(), ordered: false }];
    let model = fit_panel(view, &names, &[]).unwrap();
    let dimension = &model.dimensions[0];
    assert!((dimension.shares[1] - 0.3).abs() < 0.01, "{dimension:?}");
    assert!(dimension.dispersion < 0.01 && dimension.inflation.iter().all(|i| (1.0..1.3).contains(i)));
}

#[test]
fn counts_that_vary_less_than_by_chance_get_a_smaller_unit() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let mut stream = daily(273, weekly);
    assert_eq!(fit_panel(stream.view(), &[], &[]).unwrap().unit, 1.0);
    for (value, calendar) in stream.values.iter_mut().zip(&stream.calendar) {
        *value = (0.3 * weekly(calendar) * rng.random_range(0.9..1.1)).round();
    }
    let model = fit_panel(stream.view(), &[], &[]).unwrap();
    assert!(model.unit < 1.0, "{model:?}");
}

#[test]
fn too_little_and_nothing_are_refused() {
    let short = daily(15, weekly);
    assert!(matches!(fit_panel(short.view(), &[], &[]), Err(TrainError::TooShort { rows: 15, needed: 21 })));
    let silent = daily(60, |_| 0.0);
    assert!(matches!(fit_panel(silent.view(), &[], &[]), Err(TrainError::BadRows(_))));
}
