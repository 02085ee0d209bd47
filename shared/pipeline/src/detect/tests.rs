//! What a run costs, and what it leaves when it is stopped or runs beside another.

use super::*;
use crate::ingest::{IngestPorts, ingest};
use crate::{artifact, train};
use async_trait::async_trait;
use domain::ports::{Blob, PutIf, Received};
use domain::{StoreError, StoreResult};
use jiff::SignedDuration;
use models::{Baseline, Calendar, Fitted, Fitter, Model, SeriesView};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use testing::{MemoryBackend, MemoryBlobStore, MemoryQueue};

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
    ) -> std::result::Result<Fitted, String> {
        let view = |values| SeriesView { granularity, calendar, values };
        let views: Vec<_> = series.iter().map(|values| view(values)).collect();
        let model = Model::Baseline(Baseline::fit(granularity, &views));
        let forecast = |view: &SeriesView<'_>| model.detector().forecast(*view, from);
        let means = views.iter().map(|view| forecast(view).iter().map(|f| f.mean).collect()).collect();
        Ok(Fitted { model, means })
    }
}

/// Remembers what was called, and lets others run before every call.
struct Counted<'a> {
    blobs: &'a MemoryBlobStore,
    calls: Mutex<Vec<String>>,
}

impl Counted<'_> {
    async fn note(&self, call: &str, key: &str) {
        tokio::task::yield_now().await;
        self.calls.lock().unwrap().push(format!("{call} {key}"));
    }
}

#[async_trait]
impl BlobStore for Counted<'_> {
    async fn get(&self, key: &str) -> StoreResult<Blob> {
        self.note("get", key).await;
        self.blobs.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String> {
        self.note("put", key).await;
        self.blobs.put(key, bytes, condition).await
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>> {
        self.note("list", prefix).await;
        self.blobs.list(prefix).await
    }

    async fn delete(&self, key: &str) -> StoreResult<()> {
        self.note("delete", key).await;
        self.blobs.delete(key).await
    }
}

/// A queue whose first calls fail, after the messages have been sent or before.
struct Failing {
    queue: MemoryQueue,
    failures: AtomicUsize,
    after: bool,
}

#[async_trait]
impl Queue for Failing {
    async fn send(&self, messages: &[IncidentMessage]) -> StoreResult<()> {
        let fails =
            self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
        if !fails || self.after {
            self.queue.send(messages).await?;
        }
        if fails { Err(StoreError::new(ErrorKind::Unavailable, "send: no answer")) } else { Ok(()) }
    }

    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> StoreResult<Vec<Received>> {
        self.queue.receive(max, visibility, now).await
    }

    async fn ack(&self, receipt: &str) -> StoreResult<()> {
        self.queue.ack(receipt).await
    }

    async fn release(&self, receipt: &str) -> StoreResult<()> {
        self.queue.release(receipt).await
    }

    async fn dead_letter(&self, received: &Received, reason: &str) -> StoreResult<()> {
        self.queue.dead_letter(received, reason).await
    }

    async fn dead_letters(&self) -> StoreResult<Vec<(IncidentMessage, String)>> {
        self.queue.dead_letters().await
    }
}

fn start() -> Timestamp {
    "2023-10-05T08:00:00Z".parse().unwrap()
}

fn later(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

async fn land(backend: &MemoryBackend, name: &str, from: Timestamp, tickets: i64) {
    let ticket = |i: i64| testing::ticket(&format!("{name}-{i}"), from + SignedDuration::from_secs(10 * i));
    let ports = IngestPorts { blobs: &backend.blobs, tickets: &backend.tickets };
    ingest(ports, "default", (0..tickets).map(ticket).collect()).await.unwrap();
}

/// A stream of this many days of history, trained and followed up to [`start`].
async fn followed(days: i64) -> (MemoryBackend, Warm) {
    let backend = MemoryBackend::default();
    for hour in 0..24 * days {
        land(&backend, &format!("h{hour}"), start() - SignedDuration::from_hours(hour + 1), 3 + hour % 3)
            .await;
    }
    let config = StreamConfig::default();
    roll_dirty_hours(&backend.blobs, "default", start()).await.unwrap();
    let trained = train::train(&backend.blobs, &config, start(), start(), &[&Quick]).await.unwrap();
    artifact::publish(&backend.blobs, &trained).await.unwrap();
    let mut warm = Warm::default();
    detect(ports(&backend.blobs, &backend, &backend.queue), &config, start(), &mut warm).await.unwrap();
    (backend, warm)
}

fn ports<'a>(blobs: &'a dyn BlobStore, backend: &'a MemoryBackend, queue: &'a dyn Queue) -> DetectPorts<'a> {
    DetectPorts { blobs, incidents: &backend.incidents, queue, traceparent: None }
}

/// The calls of a run in which nothing has landed, and of one in which one hour changed.
async fn calls(days: i64) -> (Vec<String>, Vec<String>) {
    let (backend, mut warm) = followed(days).await;
    let config = StreamConfig::default();
    let counted = Counted { blobs: &backend.blobs, calls: Mutex::default() };
    let run = ports(&counted, &backend, &backend.queue);
    detect(run, &config, later(15), &mut warm).await.unwrap();
    let quiet = std::mem::take(&mut *counted.calls.lock().unwrap());
    land(&backend, "fresh", later(16), 3).await;
    detect(run, &config, later(30), &mut warm).await.unwrap();
    let fresh = std::mem::take(&mut *counted.calls.lock().unwrap());
    (quiet, fresh)
}

#[tokio::test]
async fn a_run_reads_what_changed_whatever_the_history() {
    let (quiet, fresh) = calls(20).await;
    // Markers, the pointer, yesterday and today.
    assert_eq!(quiet.len(), 4, "{quiet:#?}");
    // Also the hour's tickets and rollup, its day once more, each put, and the marker's end.
    assert!(fresh.len() <= 12, "{fresh:#?}");
    let longer = calls(60).await;
    assert_eq!((longer.0.len(), longer.1.len()), (quiet.len(), fresh.len()), "{longer:#?}");
}

#[tokio::test]
async fn what_was_not_announced_is_sent_by_the_next_run() {
    for after in [false, true] {
        let (backend, mut warm) = followed(20).await;
        let config = StreamConfig::default();
        land(&backend, "spike", later(1), 80).await;
        let queue = Failing { queue: MemoryQueue::default(), failures: AtomicUsize::new(1), after };
        let run = ports(&backend.blobs, &backend, &queue);
        let error = detect(run, &config, later(15), &mut warm).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        let written = backend.incidents.unannounced("default").await.unwrap();
        assert_eq!(written.len(), 1, "written once, not announced");
        let again = detect(run, &config, later(15), &mut Warm::default()).await.unwrap();
        assert_eq!((again.revisions.len(), again.announced), (0, 1), "announced, not written again");
        let sent = queue.receive(9, SignedDuration::from_mins(6), later(15)).await.unwrap();
        let revisions: BTreeSet<u32> = sent.iter().map(|m| m.message.revision).collect();
        assert_eq!((sent.len(), revisions.len()), (1 + usize::from(after), 1), "{sent:?}");
    }
}

#[tokio::test]
async fn two_runs_beside_each_other_write_each_revision_once() {
    let (backend, _) = followed(20).await;
    let config = StreamConfig::default();
    land(&backend, "spike", later(1), 80).await;
    let counted = Counted { blobs: &backend.blobs, calls: Mutex::default() };
    let run = ports(&counted, &backend, &backend.queue);
    let (mut one, mut two) = (Warm::default(), Warm::default());
    let (a, b) = futures_util::future::join(
        detect(run, &config, later(15), &mut one),
        detect(run, &config, later(15), &mut two),
    )
    .await;
    let written: usize = [a.unwrap(), b.unwrap()].iter().map(|run| run.revisions.len()).sum();
    assert_eq!(written, 1);
    assert_eq!(backend.incidents.list("default", None).await.unwrap().len(), 1);
    assert!(backend.incidents.unannounced("default").await.unwrap().is_empty());
}
