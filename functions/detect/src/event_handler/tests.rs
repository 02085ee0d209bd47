//! Scheduled runs on backends in memory: before the first training, through a spike, and again.

use super::*;
use domain::anomaly::Granularity;
use domain::names;
use domain::ports::PutIf;
use jiff::SignedDuration;
use lambda_runtime::Context;
use models::{Baseline, Calendar, Fitted, Fitter, Model, SeriesView};
use pipeline::ingest::{IngestPorts, ingest};
use pipeline::{artifact, rollup, train};
use serde_json::json;
use testing::MemoryBackend;

const HISTORY_DAYS: i64 = 28;
const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// The baseline, forecasting what it has seen: enough for a threshold.
struct Quick;

impl Fitter for Quick {
    fn name(&self) -> &'static str {
        "quick"
    }

    fn fit(
        &self,
        granularity: Granularity,
        calendar: &[Calendar],
        series: &[&[f64]],
        from: usize,
    ) -> Result<Fitted, String> {
        let views: Vec<_> =
            series.iter().map(|values| SeriesView { granularity, calendar, values }).collect();
        let model = Model::Baseline(Baseline::fit(granularity, &views));
        let means =
            |view: &SeriesView<'_>| model.detector().forecast(*view, from).iter().map(|f| f.mean).collect();
        let means = views.iter().map(means).collect();
        Ok(Fitted { model, means })
    }
}

struct World {
    backend: MemoryBackend,
    stream: StreamConfig,
    warm: Mutex<Warm>,
    clock: Timestamp,
}

impl World {
    /// Four weeks of four tickets an hour.
    async fn new() -> Self {
        let world = Self {
            backend: MemoryBackend::default(),
            stream: StreamConfig::default(),
            warm: Mutex::default(),
            clock: at("2023-10-05T12:00:00Z"),
        };
        let start = at("2023-10-05T08:00:00Z") - SignedDuration::from_hours(24 * HISTORY_DAYS);
        for hour in 0..24 * HISTORY_DAYS {
            let from = start + SignedDuration::from_hours(hour);
            world.land(&format!("h{hour}"), from, 3 + usize::try_from(hour % 3).unwrap()).await;
        }
        world
    }

    async fn land(&self, name: &str, from: Timestamp, tickets: usize) {
        let at = |i: usize| from + SignedDuration::from_secs(40 * i64::try_from(i).unwrap());
        let batch = (0..tickets).map(|i| testing::ticket(&format!("{name}-{i}"), at(i))).collect();
        let ports = IngestPorts { blobs: &self.backend.blobs, tickets: &self.backend.tickets };
        ingest(ports, "default", batch).await.unwrap();
    }

    /// Trains as if at `now` and publishes.
    async fn train(&self, now: Timestamp) -> String {
        let until = at("2023-10-05T08:00:00Z");
        let blobs = &self.backend.blobs;
        rollup::roll_dirty_hours(blobs, "default", until).await.unwrap();
        let artifact = train::train(blobs, &self.stream, until, now, &[&Quick]).await.unwrap();
        artifact::publish(blobs, &artifact).await.unwrap()
    }

    async fn handle(&self, event: Value, trace: Option<&str>) -> Result<Value, Diagnostic> {
        let clock = || self.clock;
        let detect = Detect {
            stream: &self.stream,
            blobs: &self.backend.blobs,
            incidents: &self.backend.incidents,
            queue: &self.backend.queue,
            warm: &self.warm,
            clock: &clock,
        };
        let mut context = Context::default();
        context.xray_trace_id = trace.map(str::to_owned);
        let summary = function_handler(&detect, LambdaEvent::new(event, context)).await?;
        Ok(serde_json::to_value(summary).unwrap())
    }

    async fn run(&self, scheduled_at: &str) -> Value {
        self.handle(json!({ "scheduled_at": scheduled_at }), Some(TRACE)).await.unwrap()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn event() -> Value {
    let path = format!("{}/../../events/detect_schedule.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn before_the_first_training_a_run_says_so() {
    let world = World { backend: MemoryBackend::default(), ..World::new().await };
    let summary = world.handle(event(), None).await.unwrap();
    assert_eq!(
        summary,
        json!({
            "now": "2023-10-05T09:00:00Z",
            "rolled_hours": 0,
            "series": 0,
            "revisions": [],
            "announced": 0,
            "artifact": null,
            "skipped": false,
        })
    );
}

#[tokio::test]
async fn a_spike_is_announced_once_with_its_trace() {
    let world = World::new().await;
    let artifact = world.train(at("2023-10-05T08:00:00Z")).await;
    let calm = world.run("2023-10-05T08:00:00Z").await;
    assert_eq!((&calm["revisions"], &calm["announced"]), (&json!([]), &json!(0)), "{calm}");
    assert_eq!(calm["artifact"], json!(artifact));

    world.land("spike", at("2023-10-05T08:01:00Z"), 80).await;
    let summary = world.handle(event(), Some(TRACE)).await.unwrap();
    let revisions = summary["revisions"].as_array().unwrap();
    assert_eq!((revisions.len(), &summary["announced"]), (1, &json!(1)), "{summary}");
    assert_eq!((&revisions[0]["revision"], &revisions[0]["status"]), (&json!(1), &json!("open")));
    assert!(revisions[0]["severity"].is_string() && summary["series"].as_u64() > Some(0), "{summary}");
    let now = at("2023-10-05T09:00:00Z");
    let sent = world.backend.queue.receive(9, SignedDuration::from_mins(6), now).await.unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(json!(sent[0].message.incident), revisions[0]["incident"]);
    assert_eq!(
        sent[0].message.traceparent.as_deref(),
        Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
    );

    // The same run again, warm and cold, then an older one.
    for _ in 0..2 {
        let again = world.handle(event(), None).await.unwrap();
        assert_eq!((&again["revisions"], &again["announced"]), (&json!([]), &json!(0)), "{again}");
        *world.warm.lock().await = Warm::default();
    }
    let older = world.run("2023-10-05T07:45:00Z").await;
    assert_eq!((&older["skipped"], &older["announced"]), (&json!(true), &json!(0)), "{older}");
    // What a stopped run left unannounced is announced by an older one, too.
    world
        .backend
        .incidents
        .put_revision(&testing::incident("default", at("2023-10-05T07:00:00Z")))
        .await
        .unwrap();
    let older = world.handle(json!({ "time": "2023-10-05T07:45:00Z" }), None).await.unwrap();
    assert_eq!((&older["skipped"], &older["announced"]), (&json!(true), &json!(1)), "{older}");
    let sent = world.backend.queue.receive(9, SignedDuration::from_mins(6), now).await.unwrap();
    assert_eq!(sent[0].message.traceparent, None, "no trace, no context");
}

#[tokio::test]
async fn a_failed_run_keeps_nothing_for_the_next() {
    let world = World::new().await;
    world.train(at("2023-10-05T08:00:00Z")).await;
    world.run("2023-10-05T08:00:00Z").await;
    let (blobs, key) = (&world.backend.blobs, names::state("default"));
    blobs.put(&key, b"rubbish".to_vec(), PutIf::Always).await.unwrap();
    let error = world.handle(event(), None).await.unwrap_err();
    assert_eq!(error.error_type, "StorageCorrupt", "{error:?}");
    assert!(error.error_message.contains(&key), "{error:?}");
    blobs.delete(&key).await.unwrap();
    assert_eq!(world.handle(event(), None).await.unwrap()["revisions"], json!([]));
}

#[tokio::test]
async fn a_damaged_artifact_is_passed_over_for_the_one_before() {
    let world = World::new().await;
    let first = world.train(at("2023-10-04T08:00:00Z")).await;
    let second = world.train(at("2023-10-05T08:00:00Z")).await;
    assert_ne!(first, second);
    let key = names::model("default", &second);
    world.backend.blobs.put(&key, b"rubbish".to_vec(), PutIf::Always).await.unwrap();
    assert_eq!(world.run("2023-10-05T08:00:00Z").await["artifact"], json!(first));
    world.backend.blobs.put(&names::model("default", &first), Vec::new(), PutIf::Always).await.unwrap();
    *world.warm.lock().await = Warm::default();
    let error = world.handle(event(), None).await.unwrap_err();
    assert_eq!(error.error_type, "StorageCorrupt", "{error:?}");
}

#[tokio::test]
async fn the_clock_stands_in_and_the_far_future_is_refused() {
    let world = World { backend: MemoryBackend::default(), ..World::new().await };
    for event in [json!({}), Value::Null, json!({ "scheduled_at": "<aws.scheduler.scheduled-time>" })] {
        let summary = world.handle(event.clone(), None).await.unwrap();
        assert_eq!(summary["now"], "2023-10-05T12:00:00Z", "{event}");
    }
    let error = world.handle(json!({ "scheduled_at": "2023-10-07T00:00:00Z" }), None).await.unwrap_err();
    assert_eq!(error.error_type, "ScheduledTooFarAhead", "{error:?}");
}
