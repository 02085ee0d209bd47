//! `anomalyze demo`

use super::Outcome;
use crate::args::{Demo, Global, ReportFormat};
use crate::cmd::reports;
use crate::output;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use domain::report::Report;
use domain::stream::StreamConfig;
use jiff::civil::date;
use jiff::{Span, Timestamp};
use pipeline::replay::{ReplayOptions, Watcher, replay};
use std::time::Instant;
use training::generate::{GenerateOptions, generate};

/// Days of history before the demo's day.
const HISTORY_DAYS: i64 = 70;

#[derive(Default)]
struct Last {
    reports: Vec<Report>,
}

impl Watcher for Last {
    fn report(&mut self, report: &Report) -> Result<(), String> {
        self.reports.push(report.clone());
        Ok(())
    }

    fn tick(&mut self, _now: Timestamp) {}
}

/// Generates a stream, lives through its last two days, and shows the report of what it found.
pub async fn run(global: &Global, args: Demo) -> Result<Outcome> {
    let start = Instant::now();
    let anomaly = date(2023, 10, 5);
    let options = GenerateOptions {
        scenario: args.scenario.parse().map_err(anyhow::Error::msg)?,
        seed: args.seed,
        from: anomaly.checked_sub(Span::new().days(HISTORY_DAYS))?,
        to: anomaly.tomorrow()?,
        anomaly_date: anomaly,
        ..GenerateOptions::default()
    };
    let bar = output::progress(global, 0, "generating tickets");
    let dataset = generate(&options).context("generate tickets")?;
    let count = dataset.tickets.len();
    let config = StreamConfig::new(&global.stream, &options.time_zone);
    let temporary = crate::workspace::scratch()?;
    let workspace = Workspace::temporary(temporary.path(), config.clone())?;
    bar.set_message("training, detecting, diagnosing");
    let day = anomaly.to_zoned(dataset.zone.clone())?.timestamp();
    let span = ReplayOptions {
        config,
        train_until: day,
        to: day + jiff::SignedDuration::from_hours(30),
        step: jiff::SignedDuration::from_mins(15),
    };
    let mut last = Last::default();
    let clock = output::stopwatch(start);
    let replayed =
        replay(workspace.ports(), &span, dataset.tickets, &training::fitters::ALL, &clock, &mut last).await?;
    bar.finish_and_clear();
    // The strongest incident as it was known when it was told last.
    let strongest = |r: &&Report| (r.severity, r.revision);
    let Some(report) = last.reports.iter().max_by_key(strongest) else {
        bail!("find an incident in the generated {}", args.scenario);
    };
    let format = if global.json { ReportFormat::Json } else { ReportFormat::Text };
    reports::show(&workspace, report, format).await?;
    let first = last.reports.iter().filter(|r| r.incident == report.incident).map(|r| r.decided_at).min();
    let truth = dataset.truth.anomaly.as_ref();
    if let (Some(first), Some(truth)) = (first, truth) {
        output::remark(
            global,
            &format!(
                "\n{count} tickets, {} incidents; this one began at {} and was open at {}.  Everything took {:.1} s.",
                replayed.incidents,
                truth.onset,
                first,
                start.elapsed().as_secs_f64()
            ),
        );
    }
    Ok(Outcome::Done)
}
