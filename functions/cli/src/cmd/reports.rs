//! `anomalyze reports`

use super::Outcome;
use crate::args::{Global, ReportFormat, Reports, ReportsCommand, instant};
use crate::workspace::Workspace;
use crate::{chart, output, render};
use anyhow::{Result, bail};
use domain::ports::{IncidentStore, ReportStore};
use domain::report::Report;
use domain::time::Hour;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use pipeline::history::HourlyHistory;

/// Lists or shows reports.
pub async fn run(global: &Global, args: Reports) -> Result<Outcome> {
    #[cfg(feature = "aws")]
    if let Some(table) = args.table {
        return deployed(global, args.command, table, args.timezone.unwrap_or(TimeZone::UTC)).await;
    }
    let workspace = Workspace::open(global).await?;
    let reports = &workspace.backend.reports;
    match args.command {
        ReportsCommand::List { from, to } => {
            list(global, reports, &workspace.zone, from, to).await?;
        }
        ReportsCommand::Show { incident, revision, format } => {
            let id = full_id(&workspace, &incident).await?;
            let report = find(reports, &workspace.config.stream, &id, revision).await?;
            let format = if global.json { ReportFormat::Json } else { format };
            show(&workspace, &report, format).await?;
        }
    }
    Ok(Outcome::Done)
}

/// The same from a deployment's table; there is no chart, for the counts lie in the bucket.
#[cfg(feature = "aws")]
async fn deployed(
    global: &Global,
    command: ReportsCommand,
    table: String,
    zone: TimeZone,
) -> Result<Outcome> {
    let sdk = aws::Sdk::from_profile().await;
    let reports = aws::DynamoReportStore::new(&sdk, table, 0);
    match command {
        ReportsCommand::List { from, to } => list(global, &reports, &zone, from, to).await?,
        ReportsCommand::Show { incident, revision, format } => {
            let all = reports.list(&global.stream, Timestamp::MIN, Timestamp::MAX).await?;
            let id = the_one(&incident, all.into_iter().map(|r| r.incident))?;
            let report = find(&reports, &global.stream, &id, revision).await?;
            let format = if global.json { ReportFormat::Json } else { format };
            match format {
                ReportFormat::Json => output::json(&report)?,
                ReportFormat::Markdown => output::text(&render::markdown(&report, &zone))?,
                ReportFormat::Text => {
                    output::text(&render::terminal(&report, &zone, None, output::width(), output::color()))?
                }
            }
        }
    }
    Ok(Outcome::Done)
}

async fn list(
    global: &Global,
    reports: &dyn ReportStore,
    zone: &TimeZone,
    from: Option<String>,
    to: Option<String>,
) -> Result<()> {
    let bound = |text: Option<String>, otherwise| match text {
        Some(text) => instant(&text, zone),
        None => Ok(otherwise),
    };
    let (from, to) = (bound(from, Timestamp::MIN)?, bound(to, Timestamp::MAX)?);
    let reports = reports.list(&global.stream, from, to).await?;
    if global.json {
        output::json(&reports)
    } else {
        output::text(&render::list(&reports, zone, output::width(), output::color()))
    }
}

async fn find(
    reports: &dyn ReportStore,
    stream: &str,
    incident: &str,
    revision: Option<u32>,
) -> Result<Report> {
    Ok(match revision {
        Some(revision) => reports.get(stream, incident, revision).await?,
        None => reports.latest(stream, incident).await?,
    })
}

/// The incident whose id begins with `start`.
pub async fn full_id(workspace: &Workspace, start: &str) -> Result<String> {
    let incidents = workspace.backend.incidents.list(&workspace.config.stream, None).await?;
    the_one(start, incidents.into_iter().map(|i| i.id))
}

fn the_one(start: &str, ids: impl Iterator<Item = String>) -> Result<String> {
    let mut ids: Vec<String> = ids.filter(|i| i.starts_with(start)).collect();
    ids.sort();
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => bail!("find incident {start:?}: there is none; see: anomalyze reports list"),
        many => bail!("find incident {start:?}: {} incidents begin so: {}", many.len(), many.join(", ")),
    }
}

/// Prints one report.
pub async fn show(workspace: &Workspace, report: &Report, format: ReportFormat) -> Result<()> {
    match format {
        ReportFormat::Json => output::json(report),
        ReportFormat::Markdown => output::text(&render::markdown(report, &workspace.zone)),
        ReportFormat::Text => {
            let chart = window_chart(workspace, report).await?;
            let text =
                render::terminal(report, &workspace.zone, Some(&chart), output::width(), output::color());
            output::text(&text)
        }
    }
}

/// The segment's hours around the window, against the mean of the four weeks before at the same hour of the week.
async fn window_chart(workspace: &Workspace, report: &Report) -> Result<String> {
    let first = Hour::of(report.window.start);
    let end = Hour::of(report.window.end).plus(1);
    let before = (48 - (end.0 - first.0)).clamp(6, 36);
    let from = first.plus(-before - 24 * 28);
    let blobs = &workspace.backend.blobs;
    let history = HourlyHistory::read(blobs, &workspace.config.stream, &workspace.zone, from, end).await?;
    let Some(values) = history.series.get(&report.segment) else { return Ok(String::new()) };
    let mut points = Vec::new();
    for index in 24 * 28..values.len() {
        let hour = from.plus(index as i64);
        let weeks: Vec<f64> = (1..=4).filter_map(|w| values.get(index - w * 168).copied()).collect();
        points.push(chart::ChartPoint {
            label: hour.start().to_zoned(workspace.zone.clone()).strftime("%a %H:%M").to_string(),
            actual: values.get(index).copied().unwrap_or(0.0),
            expected: weeks.iter().sum::<f64>() / weeks.len().max(1) as f64,
            hot: hour.end() > report.window.start && hour.start() < report.window.end,
        });
    }
    Ok(chart::bars(&points, output::width(), output::color()))
}
