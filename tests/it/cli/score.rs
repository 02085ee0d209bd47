//! `anomalyze score`: counts in, scores and plots out.

use super::program::{Done, run};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// 400 days from 2022-09-01 on with a weekly rhythm; the last but five is three times as large.
fn counts() -> String {
    let mut text = "timestamp,count\n".to_owned();
    let first: jiff::civil::Date = "2022-09-01".parse().unwrap();
    for day in 0..400u32 {
        let date = first.checked_add(jiff::Span::new().days(day)).unwrap();
        let usual = [100, 104, 98, 95, 90, 40, 35][day as usize % 7] + (day * 7919) % 11;
        let count = if day == 394 { 3 * usual } else { usual };
        writeln!(text, "{date},{count}").unwrap();
    }
    text
}

const ANOMALY: &str = "2023-09-30";
const SCORE: [&str; 6] = ["score", "counts.csv", "--train-until", "2023-09-01", "--label", ANOMALY];

fn folder(counts: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("counts.csv"), counts).unwrap();
    dir
}

fn score(dir: &Path, more: &[&str]) -> Done {
    run(dir, &[&SCORE, more].concat())
}

#[test]
fn every_row_is_scored_and_the_label_is_measured() {
    let dir = folder(&counts());
    for model in ["panel", "prophet", "sarima", "lightgbm", "baseline"] {
        let done = score(dir.path(), &["--false-alarms", "12", "--model", model]).ok();
        let mut lines = done.out.lines();
        assert_eq!(lines.next(), Some("timestamp,actual,expected,lower,upper,score,flag"));
        let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
        assert_eq!(rows.len(), 35, "from 2023-09-01 to the end");
        for row in &rows {
            assert_eq!(row.len(), 7);
            let number = |i: usize| row[i].parse::<f64>().unwrap();
            assert!(number(3) <= number(2) && number(2) <= number(4), "{row:?}");
            assert!(row[6] == "0" || row[6] == "1", "{row:?}");
        }
        let flagged: Vec<&str> = rows.iter().filter(|r| r[6] == "1").map(|r| r[0]).collect();
        assert!(flagged.iter().any(|at| at.starts_with(ANOMALY)), "{model}: {flagged:?}");
        assert!(done.err.contains("R=100%"), "{}", done.err);
        let json = score(dir.path(), &["--false-alarms", "12", "--model", model, "--json"]).ok();
        assert_eq!(json.json()["rows"].as_array().unwrap().len(), rows.len());
        assert_eq!(json.json()["metrics"]["recall"], 1.0);
        assert!(json.err.is_empty(), "{}", json.err);
    }
    score(dir.path(), &["--interval", "0.99", "--out", "scores.csv"]).ok();
    let written = fs::read_to_string(dir.path().join("scores.csv")).unwrap();
    assert_eq!(written, score(dir.path(), &["--interval", "0.99"]).ok().out);
}

#[test]
fn plots_are_pictures() {
    let dir = folder(&counts());
    score(dir.path(), &["--false-alarms", "12", "--model", "baseline", "--plot", "p.png"]).ok();
    score(dir.path(), &["--false-alarms", "12", "--model", "baseline", "--plot", "p.svg"]).ok();
    let png = fs::read(dir.path().join("p.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xaeB`\x82"), "{} bytes", png.len());
    let svg = fs::read_to_string(dir.path().join("p.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    score(dir.path(), &["--interval", "0.9", "--plot", "p.gif"]).fails(&["p.gif", "png", "svg"]);
}

#[test]
fn counts_that_are_none_are_refused_with_their_line() {
    for (row, part) in [
        ("2023-10-06,-4", "not a whole number"),
        ("2023-10-06,NaN", "not a whole number"),
        ("2023-10-06,inf", "not a whole number"),
        ("2023-10-06,1e400", "not a whole number"),
        ("2023-10-06,2.5", "not a whole number"),
        ("2023-10-06,many", "is not a number"),
        ("2023-10-06,", "is empty"),
        ("9999-12-31,4", "year 9999"),
        ("someday,4", "is not like 2023-10-05"),
        ("2023-10-05,4", "a second row for"),
        ("2023-01-01,4", "sort the rows by time"),
    ] {
        let dir = folder(&format!("{}{row}\n", counts()));
        score(dir.path(), &["--interval", "0.9"]).fails(&["counts.csv", "line 402", part]);
    }
}

#[test]
fn files_that_hold_no_counts_are_refused() {
    for (text, part) in [
        ("", "timestamp"),
        ("timestamp,count\n", "0 rows"),
        ("timestamp,count\n2023-10-05,4\n", "1 rows"),
        ("day,tickets\n2023-10-05,4\n", "day,tickets"),
        ("timestamp,count\n2023-10-05,4\n2023-10-06,4\n", "days of training"),
    ] {
        let dir = folder(text);
        run(dir.path(), &["score", "counts.csv", "--train-until", "2023-10-06", "--interval", "0.9"])
            .fails(&[part]);
    }
    let dir = folder(&counts());
    run(dir.path(), &["score", "counts.csv", "--train-until", "2030-01-01", "--interval", "0.9"])
        .fails(&["2030"]);
    for interval in ["0", "1", "-1", "NaN", "17"] {
        let interval = format!("--interval={interval}");
        run(dir.path(), &["score", "counts.csv", "--train-until", "2023-09-01", &interval])
            .fails(&["interval"]);
    }
    run(dir.path(), &[&SCORE[..5], &["2031-01-01", "--interval", "0.9"]].concat()).fails(&["2031-01-01"]);
}

#[test]
fn damaged_counts_never_crash() {
    let text = counts();
    for (cut, byte) in [(20, 0xff), (900, 0), (33, b'"'), (2000, b'\n')] {
        let mut bytes = text.clone().into_bytes();
        bytes[cut] = byte;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("counts.csv"), bytes).unwrap();
        score(dir.path(), &["--interval", "0.9"]).fails(&["line"]);
    }
}

/// Two queues of days: `a` has a spike, `b` a queue that takes over a quarter of a quiet total.
#[test]
fn a_folder_of_series_is_scored_by_its_calendar() {
    let dir = tempfile::tempdir().unwrap();
    let series = dir.path().join("series");
    fs::create_dir(&series).unwrap();
    let plain = counts();
    fs::write(series.join("a.csv"), &plain).unwrap();
    let mut shared = "timestamp,count,queue:IT,queue:Billing\n".to_owned();
    for (i, line) in plain.lines().skip(1).enumerate() {
        let (date, count) = line.split_once(',').unwrap();
        let count: u32 = count.parse().unwrap();
        let count = if i == 394 { count / 3 } else { count };
        let billing = if i == 380 { count * 2 / 5 } else { count / 10 };
        writeln!(shared, "{date},{count},{},{billing}", count - billing).unwrap();
    }
    fs::write(series.join("b.csv"), shared).unwrap();
    let entry = r#"{"freq":"D","tz":"UTC","train_end":"2023-08-31 00:00:00","holidays":["2023-01-02"]}"#;
    fs::write(dir.path().join("calendar.json"), format!("{{\"a\":{entry},\"b\":{entry}}}")).unwrap();
    let arguments =
        ["score", "series", "--calendar", "calendar.json", "--false-alarms", "2", "--out", "scores"];
    let done = run(dir.path(), &[&arguments[..], &["--json"]].concat()).ok();
    assert_eq!(done.json()["series"], 2, "{}", done.out);
    for (name, at) in [("a", ANOMALY), ("b", "2023-09-16")] {
        let text = fs::read_to_string(dir.path().join("scores").join(format!("{name}.csv"))).unwrap();
        assert!(text.starts_with("timestamp,actual,expected,lower,upper,score,flag\n2023-09-01,"), "{text}");
        let flagged: Vec<&str> =
            text.lines().filter(|l| l.ends_with(",1")).map(|l| l.split(',').next().unwrap()).collect();
        assert!(flagged.contains(&at) && flagged.len() <= 2, "{name}: {flagged:?}");
    }
    fs::write(dir.path().join("calendar.json"), format!("{{\"a\":{entry}}}")).unwrap();
    run(dir.path(), &arguments).fails(&["\"b\"", "calendar.json"]);
    let hours = entry.replace("\"D\"", "\"h\"");
    fs::write(dir.path().join("calendar.json"), format!("{{\"a\":{hours},\"b\":{entry}}}")).unwrap();
    run(dir.path(), &arguments).fails(&["a.csv", "freq", "day"]);
    let unsure = run(dir.path(), &["score", "counts.csv", "--false-alarms", "2"]).exits(2);
    assert!(unsure.err.contains("--train-until"), "{}", unsure.err);
}
