//! One batch of messages.

use crate::bury::Bury;
use crate::message::{NotOurs, received};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::ports::Received;
use domain::stream::StreamConfig;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent};
use pipeline::diagnose::{DiagnosePorts, Diagnosed, MAX_ATTEMPTS, WarmRollups, diagnose};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Time that must be left before a message is begun; a diagnosis takes one to three seconds.
const RESERVE: Duration = Duration::from_secs(10);
/// Time that is kept for letting go of a diagnosis and answering.
const MARGIN: Duration = Duration::from_secs(2);
/// Longest that letting go may take.
const LETTING_GO: Duration = Duration::from_secs(1);

/// What the function works with.
#[derive(Clone, Copy)]
pub struct Diagnose<'a> {
    /// The stream's settings.
    pub stream: &'a StreamConfig,
    /// What the step needs.
    pub ports: DiagnosePorts<'a>,
    /// Where foreign messages go.
    pub foreign: &'a dyn Bury,
    /// What is kept between batches.
    pub warm: &'a Mutex<WarmRollups>,
    /// The time of day.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

/// Diagnoses the messages of a batch; those it names in its answer come back, the others are done with.
pub async fn function_handler(
    function: &Diagnose<'_>,
    event: LambdaEvent<Value>,
) -> Result<SqsBatchResponse, Diagnostic> {
    let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
    let Ok(event) = serde_json::from_value::<SqsEvent>(event.payload) else {
        let message = "read the event: expected messages of SQS";
        tracing::error!(message);
        return Err(Diagnostic { error_type: "UnknownEvent".to_owned(), error_message: message.to_owned() });
    };
    let mut answer = SqsBatchResponse::default();
    for record in &event.records {
        let left = deadline.saturating_sub((function.clock)().as_millisecond());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        let id = record.message_id.as_deref().unwrap_or_default();
        let done = if left < RESERVE {
            tracing::warn!(message_id = id, "given back: the deadline is near");
            false
        } else {
            function.serve(record, left - MARGIN).await
        };
        if !done {
            answer.add_failure(id);
        }
    }
    Ok(answer)
}

impl Diagnose<'_> {
    /// Whether the record is done with; else it has to come back.
    async fn serve(&self, record: &SqsMessage, limit: Duration) -> bool {
        let id = record.message_id.as_deref().unwrap_or_default();
        match received(record, &self.stream.stream) {
            Ok(received) => self.diagnose(&received, limit).await,
            Err(NotOurs::Nameless) => {
                tracing::error!(message_id = id, "given back: the record has no receipt handle");
                false
            }
            Err(NotOurs::Foreign(reason)) => {
                let body = record.body.as_deref().unwrap_or_default();
                match self.foreign.bury(body, &reason).await {
                    Ok(()) => {
                        tracing::warn!(message_id = id, reason, "foreign message moved to the dead letters")
                    }
                    Err(error) => {
                        tracing::error!(message_id = id, %error, "foreign message could not be moved");
                        return false;
                    }
                }
                true
            }
        }
    }

    async fn diagnose(&self, received: &Received, limit: Duration) -> bool {
        let begun = Instant::now();
        let elapsed_ms = || begun.elapsed().as_secs_f64() * 1e3;
        let mut warm = self.warm.lock().await;
        let now = (self.clock)();
        let work = diagnose(self.ports, self.stream, received, now, &elapsed_ms, &mut warm);
        let outcome = timeout(limit, work).await;
        let message = &received.message;
        let (incident, revision) = (message.incident.as_str(), message.revision);
        let (attempts, traceparent) = (received.attempts, message.traceparent.as_deref());
        let ms = elapsed_ms().round();
        match outcome {
            Ok(Ok(Diagnosed::Reported(report))) => {
                let (severity, verdict) = (report.severity.name(), &report.verdict);
                tracing::info!(incident, revision, severity, ?verdict, ms, traceparent, "report written");
                true
            }
            Ok(Ok(Diagnosed::Stale)) => {
                tracing::info!(
                    incident,
                    revision,
                    traceparent,
                    "nothing to do: it has its report, or is overtaken"
                );
                true
            }
            Ok(Ok(Diagnosed::Dead(reason))) => {
                tracing::error!(
                    incident,
                    revision,
                    attempts,
                    reason,
                    traceparent,
                    "moved to the dead letters"
                );
                true
            }
            Ok(Ok(Diagnosed::Leased)) => {
                tracing::info!(
                    incident,
                    revision,
                    attempts,
                    traceparent,
                    "given back: somebody else is at it"
                );
                false
            }
            Ok(Err(error)) => {
                tracing::error!(incident, revision, attempts, %error, traceparent, "given back: diagnosis failed");
                false
            }
            Err(_) => {
                self.let_go(received).await;
                if attempts < MAX_ATTEMPTS {
                    tracing::error!(incident, revision, attempts, ms, traceparent, "given back: out of time");
                    return false;
                }
                let reason =
                    format!("the diagnosis took longer than {} s, {attempts} times", limit.as_secs());
                let bury = timeout(LETTING_GO / 2, self.ports.queue.dead_letter(received, &reason)).await;
                let buried = matches!(bury, Ok(Ok(())));
                tracing::error!(incident, revision, attempts, reason, buried, traceparent, "out of time");
                buried
            }
        }
    }

    /// Releases the lease of a diagnosis that was cut off, so that the message's next delivery finds it free.
    async fn let_go(&self, received: &Received) {
        let message = &received.message;
        let release = self.ports.incidents.release_lease(
            &message.stream,
            &message.incident,
            message.revision,
            &received.receipt,
        );
        let incident = &message.incident;
        match timeout(LETTING_GO, release).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(incident, %error, "the lease runs out by itself"),
            Err(_) => tracing::warn!(incident, "the lease runs out by itself"),
        }
    }
}

#[cfg(test)]
mod tests;
