//! `anomalyze diagnose`

use super::{Outcome, reports};
use crate::args::{Diagnose, Global, ReportFormat};
use crate::output;
use crate::workspace::{Workspace, now};
use anyhow::Result;
use domain::ports::IncidentStore;
use domain::report::Report;
use jiff::Timestamp;
use pipeline::diagnose::Gathered;
use pipeline::replay::{Watcher, diagnose_waiting};
use std::time::Instant;

struct Collect(Vec<Report>);

impl Watcher for Collect {
    fn report(&mut self, report: &Report) -> Result<(), String> {
        self.0.push(report.clone());
        Ok(())
    }

    fn tick(&mut self, _now: Timestamp) {}
}

/// Writes waiting reports, or looks at one incident or day without writing.
pub async fn run(global: &Global, args: Diagnose) -> Result<Outcome> {
    let workspace = Workspace::open(global).await?;
    let format = if global.json { ReportFormat::Json } else { ReportFormat::Text };
    if let Some(start) = &args.incident {
        let id = reports::full_id(&workspace, start).await?;
        let incident = workspace.backend.incidents.latest(&workspace.config.stream, &id).await?;
        reports::show(&workspace, &look(&workspace, &incident).await?, format).await?;
        return Ok(Outcome::Done);
    }
    if let Some(date) = args.date {
        let ports = workspace.ports();
        pipeline::rollup::roll_dirty_hours(ports.blobs, &workspace.config.stream, now()).await?;
        let incident = pipeline::detect::examine_day(ports.detect(), &workspace.config, date).await?;
        reports::show(&workspace, &look(&workspace, &incident).await?, format).await?;
        return Ok(Outcome::Done);
    }
    let mut written = Collect(Vec::new());
    let clock = output::stopwatch(Instant::now());
    diagnose_waiting(workspace.ports(), &workspace.config, now(), &clock, &mut written).await?;
    if global.json {
        output::json(&written.0)?;
    } else if written.0.is_empty() {
        output::text("nothing to diagnose")?;
    } else {
        for report in &written.0 {
            reports::show(&workspace, report, format).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn look(workspace: &Workspace, incident: &domain::incident::Incident) -> Result<Report> {
    let blobs = &workspace.backend.blobs;
    let gathered = Gathered::read(blobs, &workspace.config.stream, incident.window).await?;
    Ok(gathered.report(&workspace.config, incident)?)
}
