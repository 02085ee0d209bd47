use super::*;
use crate::testing::{Series, days, hours, noise};

fn model(granularity: Granularity, level: f64, dimensions: Vec<DimensionModel>) -> PanelModel {
    let inflation = vec![1.0; windows(granularity).len()];
    PanelModel {
        profile: Profile::flat(granularity),
        level,
        drift: 1e-4 / points_per_day(granularity) as f64,
        dispersion: 0.002,
        unit: 1.0,
        inflation,
        holidays: Vec::new(),
        holiday_effect: (-0.6, 0.05),
        dimensions,
    }
}

fn queues() -> DimensionModel {
    DimensionModel {
        name: "queue".to_owned(),
        shares: vec![0.7, 0.25, 0.05],
        ordered: false,
        dispersion: 0.001,
        inflation: vec![1.0; 2],
    }
}

fn noisy(mut series: Series, mean: f64) -> Series {
    for (i, value) in series.values.iter_mut().enumerate() {
        *value = noise(i as u64 + 1, mean);
    }
    series
}

/// The total split as the model's shares say.
fn split(series: &Series) -> Vec<Vec<Vec<f64>>> {
    let part = |share: f64| series.values.iter().map(|v| (v * share).round()).collect::<Vec<f64>>();
    let (b, c) = (part(0.25), part(0.05));
    let a = series.values.iter().zip(&b).zip(&c).map(|((v, b), c)| v - b - c).collect();
    vec![vec![a, b, c]]
}

#[test]
fn a_spike_is_strange_and_its_end_is_not() {
    let mut series = noisy(days(150, |_| 0.0), 200.0);
    for value in &mut series.values[120..124] {
        *value = 330.0;
    }
    let view = PanelView { total: series.view(), dimensions: &[] };
    let scores = model(Granularity::Day, 200.0, Vec::new()).scores(view);
    assert!(scores[120].score > 6.0 && scores[120].direction == Direction::Up, "{:?}", scores[120]);
    assert!(scores[124..135].iter().all(|s| s.score < 3.5), "{:?}", &scores[124..135]);
    assert!(scores[60..120].iter().filter(|s| s.score > 3.0).count() <= 1);
}

#[test]
fn a_share_that_rises_within_a_quiet_total_is_strange() {
    let series = noisy(days(150, |_| 0.0), 200.0);
    let mut dimensions = split(&series);
    let moved = 22.0;
    dimensions[0][2][130] += moved;
    dimensions[0][0][130] -= moved;
    let view = PanelView { total: series.view(), dimensions: &dimensions };
    let scores = model(Granularity::Day, 200.0, vec![queues()]).scores(view);
    let found = scores[130];
    assert!(found.score > 4.0, "{found:?}");
    assert_eq!(found.evidence, Evidence::Share { dimension: 0, value: 2 });
    assert!(scores[60..130].iter().all(|s| s.score < 3.5));
}

#[test]
fn a_little_for_hours_is_strange_over_a_window() {
    let mut series = noisy(hours(40, |_| 0.0), 20.0);
    for value in &mut series.values[800..812] {
        *value += 9.0;
    }
    let view = PanelView { total: series.view(), dimensions: &[] };
    let scores = model(Granularity::Hour, 20.0, Vec::new()).scores(view);
    let found = scores[800..812].iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap();
    assert!(found.score > 4.0 && found.window > 1, "{found:?}");
}

#[test]
fn a_holiday_is_expected_to_be_quiet() {
    let mut series = noisy(days(100, |_| 0.0), 200.0);
    series.values[90] = 110.0;
    let mut model = model(Granularity::Day, 200.0, Vec::new());
    let view = PanelView { total: series.view(), dimensions: &[] };
    assert!(model.scores(view)[90].score > 4.0);
    model.holidays = vec![series.calendar[90].epoch_day];
    assert!(model.scores(view)[90].score < 1.5);
}

#[test]
fn a_score_depends_on_the_past_only_and_missing_buckets_have_none() {
    let mut series = noisy(days(120, |_| 0.0), 50.0);
    let model = model(Granularity::Day, 50.0, Vec::new());
    series.values[100..103].fill(f64::NAN);
    let all = model.scores(PanelView { total: series.view(), dimensions: &[] });
    let some = model.scores(PanelView { total: series.view().prefix(110), dimensions: &[] });
    assert_eq!(all[..110], some[..]);
    assert!(all[100..103].iter().all(|s| s.score == 0.0) && all[103].score < 3.0);
}

#[test]
fn a_stored_panel_reloads_bit_equal_and_damage_is_refused() {
    let model = model(Granularity::Day, 1.0 / 3.0, vec![queues()]);
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<PanelModel>(&json).unwrap(), model);
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("0.3333333333333333", "-1.0"),
        ("[1.0,1.0]", "[1.0]"),
        ("\"holidays\":[]", "\"holidays\":[3,2]"),
        ("\"dispersion\":0.001", "\"dispersion\":-1.0"),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(serde_json::from_str::<PanelModel>(&json.replacen(from, to, 1)).is_err(), "{from}");
    }
}
