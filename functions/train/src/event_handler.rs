//! One scheduled training.

use domain::ports::BlobStore;
use domain::stream::StreamConfig;
use jiff::Timestamp;
use lambda::schedule::scheduled_at;
use lambda_runtime::{Diagnostic, LambdaEvent};
use models::Fitter;
use pipeline::PipelineError;
use pipeline::promote::{Decision, Promotion, train_if_not_worse};
use serde_json::Value;

/// What the function works with.
#[derive(Clone, Copy)]
pub struct Train<'a> {
    /// The stream's settings.
    pub stream: &'a StreamConfig,
    /// Rollups and artifacts.
    pub blobs: &'a dyn BlobStore,
    /// The families of models, the fallback first.
    pub fitters: &'a [&'a dyn Fitter],
    /// The time of day.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

/// Trains on the history before the scheduled time. Too little history is no error.
pub async fn function_handler(
    function: &Train<'_>,
    event: LambdaEvent<Value>,
) -> Result<Promotion, Diagnostic> {
    let now = scheduled(&event.payload, (function.clock)())?;
    let Train { stream, blobs, fitters, .. } = *function;
    let promotion = train_if_not_worse(blobs, stream, now, now, fitters).await;
    let promotion = promotion.map_err(|error| failed(now, &error))?;
    let Promotion { decision, reason, candidate, current, .. } = &promotion;
    let (candidate, current) = (candidate.as_deref(), current.as_deref());
    match decision {
        Decision::Promoted => tracing::info!(%now, reason, candidate, current, "artifact put to use"),
        Decision::Kept => tracing::warn!(%now, reason, candidate, current, "the artifact in use stays"),
        Decision::NotTrained => tracing::warn!(%now, reason, "not trained: there is too little history"),
    }
    Ok(promotion)
}

fn scheduled(event: &Value, clock: Timestamp) -> Result<Timestamp, Diagnostic> {
    scheduled_at(event, clock).map_err(|at| {
        let message = format!("train at {at}: that is more than a day ahead of the clock");
        tracing::error!(error = message, "training refused");
        Diagnostic { error_type: "ScheduledTooFarAhead".to_owned(), error_message: message }
    })
}

fn failed(now: Timestamp, error: &PipelineError) -> Diagnostic {
    let error_type = match error {
        error if error.is_transient() => "StorageUnavailable",
        PipelineError::Corrupt { .. } => "StorageCorrupt",
        _ => "TrainFailed",
    };
    tracing::error!(error_type, %now, %error, "run failed");
    Diagnostic { error_type: error_type.to_owned(), error_message: format!("train at {now}: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_runtime::Context;
    use testing::MemoryBlobStore;

    #[tokio::test]
    async fn a_stream_without_history_is_not_trained_and_no_error() {
        let blobs = MemoryBlobStore::default();
        let stream = StreamConfig::default();
        let clock = || "2023-10-08T03:00:30Z".parse().unwrap();
        let function = Train { stream: &stream, blobs: &blobs, fitters: &[], clock: &clock };
        let event = include_str!("../../../events/train_schedule.json");
        let payload = serde_json::from_str(event).unwrap();
        let promotion =
            function_handler(&function, LambdaEvent::new(payload, Context::default())).await.unwrap();
        assert_eq!(promotion.decision, Decision::NotTrained);
        assert_eq!(promotion.decided_at.to_string(), "2023-10-08T03:00:00Z");
        assert_eq!(serde_json::to_value(&promotion).unwrap()["decision"], "not_trained");
    }
}
