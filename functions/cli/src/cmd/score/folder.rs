//! `anomalyze score DIR --calendar FILE`: every series of a folder.

use super::{Outcome, csv, write_atomically};
use crate::args::Global;
use crate::output;
use anyhow::{Context, Result, bail};
use domain::anomaly::Granularity;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use models::calendar::epoch_day;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use training::counts::{read_counts, read_time};
use training::score::{Job, ModelChoice, Threshold, score_all};

/// What the calendar says about one series.
#[derive(Deserialize)]
struct Entry {
    freq: Frequency,
    tz: String,
    train_end: String,
    #[serde(default)]
    holidays: Vec<Date>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Frequency {
    #[serde(rename = "D")]
    Days,
    #[serde(rename = "h", alias = "H")]
    Hours,
}

/// Scores every `*.csv` of the folder into a file of the same name in `out`. Nothing is written unless every series
/// can be read; one that is too short to be trained on gets no file, and the command says so.
pub(super) fn run(
    global: &Global,
    folders: &[PathBuf],
    calendar: &Path,
    out: &Path,
    model: ModelChoice,
    threshold: Threshold,
) -> Result<Outcome> {
    let [folder] = folders else { bail!("give one folder of series with --calendar, not {}", folders.len()) };
    let calendar_name = calendar.display();
    let entries: BTreeMap<String, Entry> = File::open(calendar)
        .map_err(anyhow::Error::from)
        .and_then(|file| Ok(serde_json::from_reader(std::io::BufReader::new(file))?))
        .with_context(|| format!("read calendar {calendar_name}"))?;
    let (mut names, mut jobs) = (Vec::new(), Vec::new());
    for path in series(folder)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Some(entry) = entries.get(&name) else {
            bail!("find series {name:?} of {} in calendar {calendar_name}", path.display());
        };
        jobs.push(job(&path, entry).with_context(|| format!("read series {}", path.display()))?);
        names.push(name);
    }
    fs::create_dir_all(out).with_context(|| format!("make folder {}", out.display()))?;
    let (mut buckets, mut flagged, mut failed) = (0, 0, Vec::new());
    for ((name, job), scored) in names.iter().zip(&jobs).zip(score_all(&jobs, model, threshold)) {
        let mut rows = match scored {
            Ok(rows) => rows,
            Err(error) => {
                failed.push(format!("{name}: {:#}", anyhow::Error::from(error)));
                continue;
            }
        };
        // As their rows have it, so that scores are matched to counts by text.
        let from = job.series.starts().partition_point(|start| *start < job.train_until);
        let known = (from..job.series.values().len()).filter(|i| job.series.values()[*i].is_finite());
        for (row, index) in rows.iter_mut().zip(known) {
            job.series.written(index).clone_into(&mut row.timestamp);
        }
        buckets += rows.len();
        flagged += rows.iter().filter(|row| row.flag).count();
        write_atomically(&out.join(format!("{name}.csv")), &csv(&rows)?)?;
    }
    let scored = names.len() - failed.len();
    if global.json {
        output::json(&serde_json::json!({
            "series": scored, "buckets": buckets, "flagged": flagged, "failed": failed
        }))?;
    } else {
        output::remark(global, &format!("{scored} series: {flagged} of {buckets} buckets flagged"));
        failed.iter().for_each(|reason| output::remark(global, &format!("  not scored: {reason}")));
    }
    if scored == 0 {
        bail!("score the series of {}: none could be scored", folder.display());
    }
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Refused })
}

fn series(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("read folder {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in listed {
        let path = entry.with_context(|| format!("read folder {}", folder.display()))?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("find series in {}: there is no file named *.csv", folder.display());
    }
    Ok(files)
}

fn job(path: &Path, entry: &Entry) -> Result<Job> {
    let zone = TimeZone::get(&entry.tz).with_context(|| format!("calendar: zone {:?}", entry.tz))?;
    let series = read_counts(std::io::BufReader::new(File::open(path)?), &zone, &TimeZone::UTC)?;
    let found = series.granularity();
    if (found == Granularity::Day) != (entry.freq == Frequency::Days) {
        let step = if found == Granularity::Day { "day" } else { "hour" };
        bail!("the calendar's freq is another than that of the rows, which are one per {step}");
    }
    // Of days the date counts, whatever the time of day behind it.
    let end = match (found, entry.train_end.split_once([' ', 'T'])) {
        (Granularity::Day, Some((date, _))) => date,
        _ => &entry.train_end,
    };
    let (_, last) = read_time(end, &zone, &TimeZone::UTC)
        .map_err(|reason| anyhow::anyhow!("calendar: train_end: {reason}"))?;
    let begin = series.starts().partition_point(|start| *start <= last);
    let train_until = series.starts().get(begin).copied().unwrap_or(last);
    let holidays = entry.holidays.iter().map(|day| epoch_day(*day)).collect();
    Ok(Job { series, train_until, holidays })
}
