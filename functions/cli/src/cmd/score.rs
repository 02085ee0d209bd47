//! `anomalyze score`

mod folder;

use super::Outcome;
use crate::args::{Global, ModelName, Score, instant};
use crate::{output, plot};
use anyhow::{Context, Result, bail};
use models::calendar::epoch_day;
use serde::Serialize;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use training::counts::{CountSeries, read_counts};
use training::score::{Job, ModelChoice, ScoredRow, Threshold, score};

#[derive(Serialize)]
struct Row<'a> {
    timestamp: &'a str,
    actual: f64,
    expected: f64,
    lower: f64,
    upper: f64,
    score: f64,
    flag: u8,
}

#[derive(Serialize)]
struct Metrics {
    precision: f64,
    recall: f64,
    f1: f64,
}

/// Scores a count series.
pub fn run(global: &Global, args: Score) -> Result<Outcome> {
    let model = match args.model {
        ModelName::Panel => ModelChoice::Panel,
        ModelName::Prophet => ModelChoice::Prophet,
        ModelName::Sarima => ModelChoice::Sarima,
        ModelName::Lightgbm => ModelChoice::LightGbm,
        ModelName::Baseline => ModelChoice::Baseline,
    };
    let threshold = match (args.interval, args.false_alarms) {
        (Some(interval), _) => Threshold::Interval(interval),
        (None, Some(rate)) => Threshold::FalseAlarms(rate),
        (None, None) => bail!("choose a threshold: give --interval or --false-alarms"),
    };
    if let (Some(calendar), Some(out)) = (&args.calendar, &args.out) {
        return folder::run(global, &args.counts, calendar, out, model, threshold);
    }
    let until = args.train_until.as_deref().unwrap_or_default();
    let job = Job {
        series: read(&args.counts, &args)?,
        train_until: instant(until, &args.timezone)?,
        holidays: args.holiday.iter().map(|day| epoch_day(*day)).collect(),
    };
    let rows = score(&job, model, threshold)?;
    let labels = labels(&rows, &args.label)?;
    if let Some(path) = &args.plot {
        plot::write(&picture(&job.series, &rows, until), path)?;
    }
    match &args.out {
        Some(path) => write_atomically(path, &csv(&rows)?)?,
        None if global.json => {
            let metrics = (!args.label.is_empty()).then(|| metrics(&rows, &labels));
            let rows: Vec<Row<'_>> = rows.iter().map(row).collect();
            output::json(&serde_json::json!({ "rows": rows, "metrics": metrics }))?;
        }
        None => output::text(&String::from_utf8_lossy(&csv(&rows)?))?,
    }
    if !global.json {
        summarize(global, &args, &rows, &labels);
    }
    Ok(Outcome::Done)
}

/// Several files are one series, as if written one after the other.
fn read(paths: &[PathBuf], args: &Score) -> Result<CountSeries> {
    let mut bytes = Vec::new();
    for (i, path) in paths.iter().enumerate() {
        let mut part = Vec::new();
        let name = path.display();
        File::open(path)
            .and_then(|mut f| f.read_to_end(&mut part))
            .with_context(|| format!("read counts from {name}"))?;
        // Every file brings its own header line.
        let body =
            if i == 0 { 0 } else { part.iter().position(|b| *b == b'\n').map_or(part.len(), |p| p + 1) };
        bytes.extend_from_slice(part.get(body..).unwrap_or(&[]));
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
    }
    let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    read_counts(bytes.as_slice(), &args.timezone, &args.timezone)
        .with_context(|| format!("read counts from {}", names.join(", ")))
}

fn row(row: &ScoredRow) -> Row<'_> {
    let round = |x: f64| (x * 1e4).round() / 1e4;
    Row {
        timestamp: &row.timestamp,
        actual: row.actual,
        expected: round(row.expected),
        lower: round(row.lower),
        upper: round(row.upper),
        score: round(row.score),
        flag: u8::from(row.flag),
    }
}

fn csv(rows: &[ScoredRow]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    writeln!(out, "timestamp,actual,expected,lower,upper,score,flag")?;
    for r in rows.iter().map(row) {
        let Row { timestamp, actual, expected, lower, upper, score, flag } = r;
        writeln!(out, "{timestamp},{actual},{expected},{lower},{upper},{score},{flag}")?;
    }
    Ok(out)
}

fn labels(rows: &[ScoredRow], labels: &[String]) -> Result<Vec<bool>> {
    let mut truth = vec![false; rows.len()];
    for label in labels {
        let mut found = false;
        for (row, truth) in rows.iter().zip(&mut truth) {
            if row.timestamp.starts_with(label.as_str()) {
                (*truth, found) = (true, true);
            }
        }
        if !found {
            bail!("find label {label:?} among the scored buckets");
        }
    }
    Ok(truth)
}

fn metrics(rows: &[ScoredRow], labels: &[bool]) -> Metrics {
    let count = |flag: bool, label: bool| {
        rows.iter().zip(labels).filter(|(r, l)| r.flag == flag && **l == label).count() as f64
    };
    let (hits, false_alarms, misses) = (count(true, true), count(true, false), count(false, true));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let (precision, recall) = (share(hits, hits + false_alarms), share(hits, hits + misses));
    Metrics { precision, recall, f1: share(2.0 * precision * recall, precision + recall) }
}

fn summarize(global: &Global, args: &Score, rows: &[ScoredRow], labels: &[bool]) {
    let flagged: Vec<&ScoredRow> = rows.iter().filter(|r| r.flag).collect();
    let model = match args.model {
        ModelName::Panel => "panel",
        ModelName::Prophet => "Prophet",
        ModelName::Sarima => "SARIMA",
        ModelName::Lightgbm => "LightGBM",
        ModelName::Baseline => "baseline",
    };
    output::remark(global, &format!("{model}: {} of {} buckets flagged", flagged.len(), rows.len()));
    for row in flagged {
        let bound = if row.actual > row.expected { row.upper } else { row.lower };
        output::remark(
            global,
            &format!(
                "  {}: {} tickets (expected {:.0}, bound {:.0})",
                row.timestamp, row.actual, row.expected, bound
            ),
        );
    }
    if !args.label.is_empty() {
        let m = metrics(rows, labels);
        output::remark(
            global,
            &format!(
                "P={:.0}% R={:.0}% F1={:.0}%  (truth: {})",
                100.0 * m.precision,
                100.0 * m.recall,
                100.0 * m.f1,
                args.label.join(", ")
            ),
        );
    }
}

fn picture(series: &CountSeries, rows: &[ScoredRow], until: &str) -> plot::Plot {
    let first = series.values().len() - rows.len();
    let by_label: std::collections::BTreeMap<&str, &ScoredRow> =
        rows.iter().map(|r| (r.timestamp.as_str(), r)).collect();
    // Some history before the scored part shows what is usual.
    let from = first.saturating_sub(rows.len() / 2);
    let points = (from..series.values().len())
        .filter_map(|i| {
            let label = series.label(i);
            let row = by_label.get(label.as_str());
            Some(plot::PlotPoint {
                at: *series.starts().get(i)?,
                actual: *series.values().get(i)?,
                expected: row.map_or(f64::NAN, |r| r.expected),
                lower: row.map_or(f64::NAN, |r| r.lower),
                upper: row.map_or(f64::NAN, |r| r.upper),
                anomaly: row.is_some_and(|r| r.flag),
            })
        })
        .collect();
    let title = format!("Tickets, forecast and anomalies from {until}");
    plot::Plot { title, points, zone: series.zone().clone() }
}

fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = || format!("write {}", path.display());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(name)?;
    file.write_all(bytes).with_context(name)?;
    file.persist(path).with_context(name)?;
    Ok(())
}
