//! One scheduled run.

use crate::trace::traceparent;
use domain::incident::{Incident, Severity, Status};
use domain::ports::{BlobStore, IncidentStore, Queue};
use domain::stream::StreamConfig;
use jiff::Timestamp;
use lambda::schedule::scheduled_at;
use lambda_runtime::{Diagnostic, LambdaEvent};
use pipeline::PipelineError;
use pipeline::detect::{DetectPorts, Warm, announce, detect};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;

/// What the function works with.
#[derive(Clone, Copy)]
pub struct Detect<'a> {
    /// The stream's settings.
    pub stream: &'a StreamConfig,
    /// Tickets, rollups, artifact and state.
    pub blobs: &'a dyn BlobStore,
    /// Where incidents are written.
    pub incidents: &'a dyn IncidentStore,
    /// Where revisions are announced.
    pub queue: &'a dyn Queue,
    /// What is kept between runs.
    pub warm: &'a Mutex<Warm>,
    /// The time of day.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

/// What a run did.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The time that the run stands for (UTC).
    now: Timestamp,
    /// Hours whose counts were refreshed.
    rolled_hours: usize,
    /// Series that were scored.
    series: usize,
    /// Revisions that were written.
    revisions: Vec<Revision>,
    /// Messages that were sent.
    announced: usize,
    /// Id of the artifact that scored; none before the first training.
    artifact: Option<String>,
    /// The stream has been followed beyond `now` already.
    skipped: bool,
}

/// A revision that was written.
#[derive(Clone, Debug, Serialize)]
struct Revision {
    incident: String,
    revision: u32,
    status: Status,
    severity: Severity,
}

impl From<Incident> for Revision {
    fn from(incident: Incident) -> Self {
        let Incident { id, revision, status, severity, .. } = incident;
        Self { incident: id, revision, status, severity }
    }
}

/// Runs detection at the scheduled time.
///
/// Without an artifact there is nothing to score with, and a time that the stream has been followed beyond (an older
/// run that comes again) asks for nothing: neither is an error.
pub async fn function_handler(
    function: &Detect<'_>,
    event: LambdaEvent<Value>,
) -> Result<Summary, Diagnostic> {
    let now = scheduled(&event.payload, (function.clock)())?;
    let trace = event.context.xray_trace_id.as_deref().and_then(traceparent);
    let ports = DetectPorts {
        blobs: function.blobs,
        incidents: function.incidents,
        queue: function.queue,
        traceparent: trace.as_deref(),
    };
    let mut warm = function.warm.lock().await;
    let detected = detect(ports, function.stream, now, &mut warm).await;
    if detected.is_err() {
        // What was kept may be what was wrong.
        *warm = Warm::default();
    }
    let mut summary = Summary {
        now,
        rolled_hours: 0,
        series: 0,
        revisions: Vec::new(),
        announced: 0,
        artifact: None,
        skipped: false,
    };
    match detected {
        Ok(detected) => {
            if let Some(reason) = detected.refused_artifact {
                tracing::warn!(
                    reason,
                    artifact = detected.artifact,
                    "the current artifact was refused; the previous one is in use"
                );
            }
            if let Some(reason) = detected.not_compacted {
                tracing::warn!(reason, "hours that have settled stay in several objects");
            }
            summary.rolled_hours = detected.rolled_hours;
            summary.series = detected.series;
            summary.revisions = detected.revisions.into_iter().map(Revision::from).collect();
            summary.announced = detected.announced;
            summary.artifact = Some(detected.artifact);
        }
        Err(PipelineError::NoModel { stream }) => {
            tracing::warn!(
                stream,
                "no artifact yet: train one, with the train function or `anomalyze publish`"
            );
        }
        Err(PipelineError::Followed { upto, .. }) => {
            tracing::info!(%now, %upto, "the stream has been followed beyond this time already");
            summary.skipped = true;
            summary.announced =
                announce(ports, &function.stream.stream).await.map_err(|error| failed(now, &error))?;
        }
        Err(error) => return Err(failed(now, &error)),
    }
    report(&summary, trace.as_deref());
    Ok(summary)
}

fn scheduled(event: &Value, clock: Timestamp) -> Result<Timestamp, Diagnostic> {
    scheduled_at(event, clock).map_err(|at| {
        let message = format!("detect at {at}: that is more than a day ahead of the clock");
        tracing::error!(error = message, "run refused");
        Diagnostic { error_type: "ScheduledTooFarAhead".to_owned(), error_message: message }
    })
}

fn report(summary: &Summary, traceparent: Option<&str>) {
    let Summary { now, rolled_hours, series, revisions, announced, artifact, skipped } = summary;
    for Revision { incident, revision, status, severity } in revisions {
        tracing::info!(
            incident,
            revision,
            status = status.name(),
            severity = severity.name(),
            traceparent,
            "incident revision written"
        );
    }
    let (revisions, artifact) = (revisions.len(), artifact.as_deref());
    tracing::info!(%now, rolled_hours, series, revisions, announced, artifact, skipped, "run finished");
}

fn failed(now: Timestamp, error: &PipelineError) -> Diagnostic {
    let error_type = match error {
        error if error.is_transient() => "StorageUnavailable",
        PipelineError::Corrupt { .. } => "StorageCorrupt",
        _ => "DetectFailed",
    };
    tracing::error!(error_type, %now, %error, "run failed");
    Diagnostic { error_type: error_type.to_owned(), error_message: format!("detect at {now}: {error}") }
}

#[cfg(test)]
mod tests;
