//! `anomalyze diagnose`

use super::{Outcome, reports};
use crate::args::{Diagnose, Global, ReportFormat, instant};
use crate::output;
use crate::workspace::{Workspace, now};
use anyhow::{Result, bail};
use domain::ErrorKind;
use domain::incident::IncidentMessage;
use domain::ports::{IncidentStore, Queue, ReportStore};
use domain::report::Report;
use jiff::Timestamp;
use pipeline::diagnose::{Gathered, WarmRollups};
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
    let at = args.now.as_deref().map_or(Ok(now()), |text| instant(text, &workspace.zone))?;
    if let Some(start) = &args.incident {
        let id = reports::full_id(&workspace, start).await?;
        let incident = workspace.backend.incidents.latest(&workspace.config.stream, &id).await?;
        reports::show(&workspace, &look(&workspace, &incident).await?, format).await?;
        return Ok(Outcome::Done);
    }
    if let Some(date) = args.date {
        let ports = workspace.ports();
        pipeline::rollup::roll_dirty_hours(ports.blobs, &workspace.config.stream, at).await?;
        let incident = pipeline::detect::examine_day(ports.detect(), &workspace.config, date, at).await?;
        reports::show(&workspace, &look(&workspace, &incident).await?, format).await?;
        return Ok(Outcome::Done);
    }
    write(global, &workspace, at, format).await
}

/// Writes every report that waits; what can never be written is an error once the others are.
async fn write(
    global: &Global,
    workspace: &Workspace,
    now: Timestamp,
    format: ReportFormat,
) -> Result<Outcome> {
    let mut written = Collect(Vec::new());
    let clock = output::stopwatch(Instant::now());
    let known = workspace.backend.queue.dead_letters().await?.len();
    let outcome = diagnose_waiting(
        workspace.ports(),
        &workspace.config,
        now,
        &clock,
        &mut WarmRollups::default(),
        &mut written,
    )
    .await;
    if global.json {
        output::json(&written.0)?;
    } else if written.0.is_empty() {
        output::text("nothing to diagnose")?;
    } else {
        for report in &written.0 {
            reports::show(workspace, report, format).await?;
        }
    }
    // What was written is shown before what was not is told.
    outcome?;
    let dead = workspace.backend.queue.dead_letters().await?;
    if let Some((message, reason)) = dead.get(known..).and_then(<[_]>::last) {
        bail!(
            "write {} of the reports and given up on them; of incident {}: {reason}",
            dead.len() - known,
            message.incident
        );
    }
    let held = held(workspace, &dead).await?;
    if held > 0 {
        output::remark(
            global,
            &format!(
                "{held} reports are with another run, or one that was stopped; try again in six minutes"
            ),
        );
    }
    Ok(Outcome::Done)
}

/// Incidents that were announced and have neither a report nor been given up: another run has their messages.
async fn held(workspace: &Workspace, dead: &[(IncidentMessage, String)]) -> Result<usize> {
    let (backend, stream) = (&workspace.backend, &workspace.config.stream);
    let unannounced = backend.incidents.unannounced(stream).await?;
    let mut held = 0;
    for incident in backend.incidents.list(stream, None).await? {
        let is_it = |id: &str, revision| (id, revision) == (incident.id.as_str(), incident.revision);
        match backend.reports.get(stream, &incident.id, incident.revision).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                let given_up =
                    dead.iter().any(|(m, _)| m.stream == *stream && is_it(&m.incident, m.revision));
                let unheard = unannounced.iter().any(|i| is_it(&i.id, i.revision));
                held += usize::from(!given_up && !unheard);
            }
            found => drop(found?),
        }
    }
    Ok(held)
}

async fn look(workspace: &Workspace, incident: &domain::incident::Incident) -> Result<Report> {
    let blobs = &workspace.backend.blobs;
    let gathered =
        Gathered::read(blobs, &workspace.config.stream, incident.window, &mut WarmRollups::default()).await?;
    Ok(gathered.report(&workspace.config, incident)?)
}
