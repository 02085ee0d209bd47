use super::*;
use crate::counts::read_counts;
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, civil::Date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WEEKLY: [f64; 7] = [1.15, 1.05, 1.0, 1.0, 0.95, 0.45, 0.4];

/// A year of days around 190 with ±15 % of uniform jitter; the counts of `special` are given.
fn year(special: &[(Date, f64)], missing: &[Date]) -> CountSeries {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut text = String::from("timestamp,count\n");
    for offset in 0..365 {
        let day = date(2023, 1, 1) + offset.days();
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap();
        let count = (190.0 * WEEKLY[weekday] * rng.random_range(0.85..1.15)).round();
        let count = special.iter().find(|(d, _)| *d == day).map_or(count, |(_, c)| *c);
        if !missing.contains(&day) {
            text.push_str(&format!("{day},{count}\n"));
        }
    }
    read_counts(text.as_bytes(), &TimeZone::UTC, &TimeZone::UTC).unwrap()
}

fn until() -> Timestamp {
    "2023-10-01T00:00:00Z".parse().unwrap()
}

fn job(series: &CountSeries, train_until: Timestamp) -> Job {
    Job { series: series.clone(), train_until, holidays: Vec::new() }
}

fn flagged(rows: &[ScoredRow]) -> Vec<&str> {
    rows.iter().filter(|r| r.flag).map(|r| r.timestamp.as_str()).collect()
}

#[test]
fn every_model_and_threshold_finds_a_spike_and_a_gap() {
    let special = [(date(2023, 11, 15), 320.0), (date(2023, 12, 6), 60.0)];
    let series = year(&special, &[date(2023, 10, 20)]);
    for model in [ModelChoice::LightGbm, ModelChoice::Baseline] {
        for threshold in [Threshold::Interval(0.999), Threshold::FalseAlarms(1.0)] {
            let rows = score(&job(&series, until()), model, threshold).unwrap();
            let found = flagged(&rows);
            assert!(
                found.contains(&"2023-11-15") && found.contains(&"2023-12-06"),
                "{model:?} {threshold:?} {found:?}"
            );
            assert!(found.len() <= 4, "{model:?} {threshold:?} {found:?}");
            assert_eq!(rows.len(), 91, "a missing day gets no row");
            for row in &rows {
                assert!(row.score.is_finite() && row.score >= 0.0 && row.lower >= 0.0 && row.expected >= 0.0);
                assert_eq!(row.flag, row.actual < row.lower || row.actual > row.upper, "{row:?}");
            }
            let strangest = rows.iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap();
            assert!(["2023-11-15", "2023-12-06"].contains(&strangest.timestamp.as_str()));
        }
    }
}

#[test]
fn fewer_false_alarms_mean_a_wider_band() {
    let series = year(&[], &[]);
    for model in [ModelChoice::LightGbm, ModelChoice::Baseline] {
        let width = |yearly| {
            let rows = score(&job(&series, until()), model, Threshold::FalseAlarms(yearly)).unwrap();
            rows.iter().map(|r| r.upper - r.lower).sum::<f64>()
        };
        assert!(width(0.1) > width(2.0) && width(2.0) > width(50.0));
    }
}

#[test]
fn scores_use_the_past_only() {
    let calm =
        score(&job(&year(&[], &[]), until()), ModelChoice::LightGbm, Threshold::Interval(0.99)).unwrap();
    let late = year(&[(date(2023, 12, 1), 900.0)], &[]);
    let late = score(&job(&late, until()), ModelChoice::LightGbm, Threshold::Interval(0.99)).unwrap();
    assert_eq!(calm[..61], late[..61]);
    assert_ne!(calm[62].expected, late[62].expected, "the day after sees it");
}

#[test]
fn hours_are_scored_too() {
    let mut text = String::from("timestamp,count\n");
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let start: Timestamp = "2023-03-01T00:00:00Z".parse().unwrap();
    for hour in 0..24 * 60 {
        let mean = if (8..18).contains(&(hour % 24)) { 40.0 } else { 6.0 };
        let count = if hour == 24 * 55 + 12 { 120.0 } else { (mean * rng.random_range(0.8..1.2f64)).round() };
        text.push_str(&format!("{},{count}\n", start + hour.hours()));
    }
    let series = read_counts(text.as_bytes(), &TimeZone::UTC, &TimeZone::UTC).unwrap();
    let until = start + (24 * 45).hours();
    for model in [ModelChoice::LightGbm, ModelChoice::Baseline] {
        let rows = score(&job(&series, until), model, Threshold::FalseAlarms(6.0)).unwrap();
        assert_eq!(rows.len(), 24 * 15);
        assert_eq!(flagged(&rows), ["2023-04-25T12:00:00+00:00"], "{model:?}");
    }
}

#[test]
fn senseless_requests_are_refused() {
    let series = year(&[], &[]);
    let refused = |until: &str, threshold| {
        score(&job(&series, until.parse().unwrap()), ModelChoice::Baseline, threshold)
            .unwrap_err()
            .to_string()
    };
    assert!(refused("2022-01-01T00:00Z", Threshold::Interval(0.99)).contains("0 buckets before"));
    assert!(refused("2024-01-01T00:00Z", Threshold::Interval(0.99)).contains("0 from it on"));
    assert!(refused("2023-01-09T00:00Z", Threshold::Interval(0.99)).contains("8 days of training"));
    assert!(refused("2023-10-01T00:00Z", Threshold::Interval(1.0)).contains("interval 1"));
    assert!(refused("2023-10-01T00:00Z", Threshold::FalseAlarms(f64::NAN)).contains("not a positive"));
    let short = "2023-02-01T00:00Z".parse().unwrap();
    let error = score(&job(&series, short), ModelChoice::LightGbm, Threshold::Interval(0.99)).unwrap_err();
    assert!(matches!(error, ScoreError::Train(TrainError::TooShort { .. })), "{error:?}");
}
