//! `anomalyze detect`

use super::Outcome;
use crate::args::{Detect, Global, instant};
use crate::output;
use crate::workspace::{Workspace, now};
use anyhow::{Result, bail};
use domain::incident::Incident;
use domain::ports::BlobStore;
use pipeline::detect::{Warm, detect};

/// Runs detection once, or once for each step of a span.
pub async fn run(global: &Global, args: Detect) -> Result<Outcome> {
    let workspace = Workspace::open(global).await?;
    let zone = &workspace.zone;
    let (first, last) = match (&args.now, &args.from, &args.to) {
        (Some(at), ..) => (instant(at, zone)?, instant(at, zone)?),
        (None, Some(from), Some(to)) => (instant(from, zone)?, instant(to, zone)?),
        _ => (now(), now()),
    };
    let (blobs, stream) = (&workspace.backend.blobs, &workspace.config.stream);
    if args.restart {
        blobs.delete(&domain::names::state(stream)).await?;
    }
    // A stream that is followed may well be silent; one that never was is a recording.
    let followed = blobs.get(&domain::names::state(stream)).await.is_ok();
    if args.now.is_none()
        && args.from.is_none()
        && !followed
        && let Some(hour) = pipeline::history::last_hour(blobs, stream).await?
        && first.duration_since(hour.end()) > jiff::SignedDuration::from_hours(24)
    {
        bail!(
            "detect at {first}: the last ticket is of {}; give --now, or --from and --to, or replay the file",
            hour.start()
        );
    }
    let steps = (last.duration_since(first).as_secs() / args.step.as_secs().max(1)).max(0) as u64 + 1;
    let bar = output::progress(global, if steps > 20 { steps } else { 0 }, "detecting");
    let mut warm = Warm::default();
    let mut revisions: Vec<Incident> = Vec::new();
    let mut at = first;
    while at <= last {
        let detected = detect(workspace.ports().detect(), &workspace.config, at, &mut warm).await?;
        if let Some(reason) = &detected.refused_artifact {
            output::remark(global, &format!("warning: the previous model is in use: {reason}"));
        }
        revisions.extend(detected.revisions);
        bar.inc(1);
        at += args.step;
    }
    bar.finish_and_clear();
    if global.json {
        output::json(&revisions)?;
    } else if revisions.is_empty() {
        output::text("no news")?;
    } else {
        for incident in &revisions {
            output::text(&format!(
                "{} {} r{} {} {}: {} tickets, {:.1} expected, {} to {} (score {:.1})",
                incident.status.name(),
                incident.id,
                incident.revision,
                incident.severity.name(),
                incident.segment,
                incident.tickets,
                incident.expected,
                incident.window.start.to_zoned(zone.clone()).strftime("%F %H:%M"),
                incident.window.end.to_zoned(zone.clone()).strftime("%F %H:%M %Z"),
                incident.score,
            ))?;
        }
        output::remark(global, "write their reports with: anomalyze diagnose");
    }
    Ok(Outcome::Done)
}
