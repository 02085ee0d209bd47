//! Batches of messages on backends in memory: good ones beside poison, within the deadline.

use super::*;
use async_trait::async_trait;
use domain::incident::{Incident, Status};
use domain::names;
use domain::ports::{Blob, BlobStore, IncidentStore, PutIf, Queue, ReportStore};
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::SignedDuration;
use lambda_runtime::Context;
use pipeline::diagnose::{LEASE, MAX_ATTEMPTS, VISIBILITY};
use pipeline::ingest::{IngestPorts, ingest};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use testing::{MemoryBackend, MemoryBlobStore};

const NOW: &str = "2023-10-05T09:00:30Z";

/// Foreign bodies and why they are there.
#[derive(Default)]
struct Grave {
    buried: std::sync::Mutex<Vec<(String, String)>>,
    is_shut: AtomicBool,
}

#[async_trait]
impl Bury for Grave {
    async fn bury(&self, body: &str, reason: &str) -> StoreResult<()> {
        if self.is_shut.load(Ordering::Relaxed) {
            return Err(StoreError::new(ErrorKind::Unavailable, "send a dead letter: no answer"));
        }
        self.buried.lock().unwrap().push((body.to_owned(), reason.to_owned()));
        Ok(())
    }
}

/// Objects that answer, fail or never answer.
#[derive(Default)]
struct Moody {
    blobs: MemoryBlobStore,
    fails: AtomicBool,
    hangs: AtomicBool,
}

#[async_trait]
impl BlobStore for Moody {
    async fn get(&self, key: &str) -> StoreResult<Blob> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::new(ErrorKind::Unavailable, format!("get {key}: no answer")));
        }
        self.blobs.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String> {
        self.blobs.put(key, bytes, condition).await
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>> {
        self.blobs.list(prefix).await
    }

    async fn delete(&self, key: &str) -> StoreResult<()> {
        self.blobs.delete(key).await
    }
}

#[derive(Default)]
struct World {
    backend: MemoryBackend,
    blobs: Moody,
    grave: Grave,
    stream: StreamConfig,
    warm: Mutex<WarmRollups>,
}

impl World {
    /// An incident of 75 tickets, the one that the events point to, after a quiet day.
    async fn new() -> (Self, Incident) {
        let world = Self::default();
        let incident = testing::incident("default", at("2023-10-05T09:00:00Z"));
        let ticket = |i: i64, from: Timestamp, every: i64| {
            testing::ticket(&format!("{from}-{i}"), from + SignedDuration::from_secs(every * i))
        };
        let spike = (0..75).map(|i| ticket(i, incident.window.start, 45));
        let before = incident.window.start - SignedDuration::from_hours(24);
        let calm = (0..48).map(|i| ticket(i, before, 1_800));
        let ports = IngestPorts { blobs: &world.blobs, tickets: &world.backend.tickets };
        ingest(ports, "default", calm.chain(spike).collect()).await.unwrap();
        pipeline::rollup::roll_dirty_hours(&world.blobs, "default", at(NOW)).await.unwrap();
        world.backend.incidents.put_revision(&incident).await.unwrap();
        (world, incident)
    }

    fn function<'a>(&'a self, clock: &'a (dyn Fn() -> Timestamp + Send + Sync)) -> Diagnose<'a> {
        let MemoryBackend { queue, incidents, reports, .. } = &self.backend;
        Diagnose {
            stream: &self.stream,
            ports: DiagnosePorts { blobs: &self.blobs, incidents, queue, reports },
            foreign: &self.grave,
            warm: &self.warm,
            clock,
        }
    }

    /// Handles the event with `left` seconds to go; returns the ids that come back.
    async fn handle(&self, event: Value, left: u64) -> Vec<String> {
        let clock = || at(NOW);
        let mut context = Context::default();
        context.deadline = u64::try_from(at(NOW).as_millisecond()).unwrap() + 1_000 * left;
        let answer =
            function_handler(&self.function(&clock), LambdaEvent::new(event, context)).await.unwrap();
        answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Sends a message for each record of ours and puts the receipts of its delivery into the records.
    async fn deliver(&self, event: &mut Value) {
        for record in event["Records"].as_array_mut().unwrap() {
            let Ok(message) = serde_json::from_str(record["body"].as_str().unwrap()) else { continue };
            self.backend.queue.send(&[message]).await.unwrap();
            let received = self.backend.queue.receive(1, VISIBILITY, at(NOW)).await.unwrap();
            record["receiptHandle"] = received[0].receipt.clone().into();
        }
    }

    async fn is_reported(&self, incident: &Incident) -> bool {
        self.backend.reports.get("default", &incident.id, incident.revision).await.is_ok()
    }

    /// Messages that a later delivery would bring.
    async fn waiting(&self) -> usize {
        let later = at(NOW) + VISIBILITY;
        self.backend.queue.receive(9, VISIBILITY, later).await.unwrap().len()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn event(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn id(event: &Value, record: usize) -> String {
    event["Records"][record]["messageId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_becomes_a_report_once() {
    let (world, incident) = World::new().await;
    let mut event = event("diagnose_sqs");
    world.deliver(&mut event).await;
    assert_eq!(world.handle(event.clone(), 60).await, [""; 0]);
    let report = world.backend.reports.get("default", &incident.id, 1).await.unwrap();
    assert!(report.tickets == 75.0 && !report.evidence.is_empty(), "{report:?}");
    assert_eq!(world.waiting().await, 0, "it is acknowledged");

    world.deliver(&mut event).await;
    assert_eq!(world.handle(event, 60).await, [""; 0], "a repeat asks for nothing");
    assert_eq!(world.backend.reports.get("default", &incident.id, 1).await.unwrap(), report);
    assert_eq!(world.waiting().await, 0);
}

#[tokio::test]
async fn poison_leaves_its_neighbours_alone() {
    let (world, incident) = World::new().await;
    let mut event = event("diagnose_sqs_poison");
    world.deliver(&mut event).await;
    assert_eq!(world.handle(event.clone(), 60).await, [""; 0]);
    assert!(world.is_reported(&incident).await);
    let buried = world.grave.buried.lock().unwrap().clone();
    assert_eq!(buried.len(), 2, "{buried:?}");
    assert_eq!(buried[0].0, "no message of ours");
    assert!(buried[0].1.contains("no incident message") && buried[1].1.contains("elsewhere"), "{buried:?}");
    let dead = world.backend.queue.dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1, "what names no incident is dead too: {dead:?}");
    assert_eq!(dead[0].0.incident, "0123456789abcdef");

    let (world, incident) = World::new().await;
    world.grave.is_shut.store(true, Ordering::Relaxed);
    world.deliver(&mut event).await;
    assert_eq!(
        world.handle(event.clone(), 60).await,
        [id(&event, 0), id(&event, 1)],
        "what is not buried comes back"
    );
    assert!(world.is_reported(&incident).await);
}

#[tokio::test]
async fn a_failure_that_may_pass_brings_its_message_back() {
    let (world, incident) = World::new().await;
    let mut event = event("diagnose_sqs");
    world.deliver(&mut event).await;
    world.blobs.fails.store(true, Ordering::Relaxed);
    assert_eq!(world.handle(event.clone(), 60).await, [id(&event, 0)]);
    world.blobs.fails.store(false, Ordering::Relaxed);
    assert_eq!(world.handle(event.clone(), 60).await, [""; 0]);
    assert!(world.is_reported(&incident).await);
}

#[tokio::test]
async fn what_somebody_else_is_at_comes_back() {
    let (world, incident) = World::new().await;
    let mut event = event("diagnose_sqs");
    world.deliver(&mut event).await;
    let until = at(NOW) + SignedDuration::from_mins(5);
    let incidents = &world.backend.incidents;
    assert!(incidents.acquire_lease("default", &incident.id, 1, "other", at(NOW), until).await.unwrap());
    assert_eq!(world.handle(event.clone(), 60).await, [id(&event, 0)]);
    assert!(!world.is_reported(&incident).await);
}

#[tokio::test]
async fn an_overtaken_revision_is_passed_over() {
    let (world, incident) = World::new().await;
    let next = testing::next_revision(&incident, Status::Escalated, at(NOW));
    world.backend.incidents.put_revision(&next).await.unwrap();
    let mut event = event("diagnose_sqs");
    world.deliver(&mut event).await;
    assert_eq!(world.handle(event, 60).await, [""; 0]);
    assert!(!world.is_reported(&incident).await);
}

#[tokio::test]
async fn near_the_deadline_nothing_is_begun() {
    let (world, incident) = World::new().await;
    let mut event = event("diagnose_sqs_poison");
    world.deliver(&mut event).await;
    let all: Vec<String> = (0..4).map(|record| id(&event, record)).collect();
    assert_eq!(world.handle(event.clone(), 9).await, all);
    assert_eq!(world.handle(event, 0).await, all);
    assert!(!world.is_reported(&incident).await && world.grave.buried.lock().unwrap().is_empty());
}

#[tokio::test]
async fn out_of_time_the_lease_is_let_go() {
    let (world, incident) = World::new().await;
    let mut event = event("diagnose_sqs");
    world.deliver(&mut event).await;
    world.blobs.hangs.store(true, Ordering::Relaxed);
    let clock = || at(NOW);
    let records: SqsEvent = serde_json::from_value(event.clone()).unwrap();
    assert!(!world.function(&clock).serve(&records.records[0], Duration::from_millis(50)).await);
    let incidents = &world.backend.incidents;
    let until = at(NOW) + SignedDuration::from_secs(1);
    assert!(incidents.acquire_lease("default", &incident.id, 1, "next", at(NOW), until).await.unwrap());
    incidents.release_lease("default", &incident.id, 1, "next").await.unwrap();
    world.blobs.hangs.store(false, Ordering::Relaxed);
    assert_eq!(world.handle(event, 60).await, [""; 0], "the next delivery succeeds");
    assert!(world.is_reported(&incident).await);
}

#[tokio::test]
async fn what_can_never_succeed_is_dead_with_its_reason() {
    let (world, incident) = World::new().await;
    let key = names::hour_rollup("default", domain::time::Hour::of(incident.window.start));
    world.blobs.put(&key, b"rubbish".to_vec(), PutIf::Always).await.unwrap();
    let mut event = event("diagnose_sqs");
    world.deliver(&mut event).await;
    assert_eq!(world.handle(event, 60).await, [""; 0]);
    let dead = world.backend.queue.dead_letters().await.unwrap();
    assert!(dead.len() == 1 && dead[0].1.contains(&key), "{dead:?}");
}

/// A number of a resource of the template.
fn of_template(resource: &str, setting: &str) -> u32 {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/template.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let from =
        template.find(&format!("\n  {resource}:\n")).unwrap_or_else(|| panic!("no resource {resource}"));
    let lines =
        template[from + 1..].lines().skip(1).take_while(|line| line.is_empty() || line.starts_with("   "));
    let wanted = format!("{setting}:");
    let found = lines.filter_map(|line| line.trim().strip_prefix(&wanted)).next();
    found.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {setting} in {resource}"))
}

#[test]
fn a_function_ends_before_its_lease_and_the_lease_before_the_message_is_seen_again() {
    let seconds = |resource, setting| SignedDuration::from_secs(of_template(resource, setting).into());
    let limit = seconds("DiagnoseFunction", "Timeout");
    let visibility = seconds("Queue", "VisibilityTimeout");
    assert!(limit < LEASE && LEASE < VISIBILITY, "{limit:?} {LEASE:?} {VISIBILITY:?}");
    assert_eq!(visibility, VISIBILITY);
    assert!(RESERVE + MARGIN < limit.unsigned_abs() && LETTING_GO < MARGIN && MARGIN < RESERVE);
    assert!(
        MAX_ATTEMPTS < of_template("Queue", "maxReceiveCount"),
        "diagnose gives up first, with its reason"
    );
}

#[tokio::test]
async fn an_event_of_another_shape_is_refused_by_what_was_expected() {
    let (world, _) = World::new().await;
    let clock = || at(NOW);
    for event in [Value::Null, json!({}), json!({ "Records": 7 }), event("detect_schedule")] {
        let event = LambdaEvent::new(event, Context::default());
        let error = function_handler(&world.function(&clock), event).await.unwrap_err();
        assert_eq!(error.error_type, "UnknownEvent");
        assert!(error.error_message.contains("SQS"), "{error:?}");
    }
}
