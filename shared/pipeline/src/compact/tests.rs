//! Merges that are stopped at, or joined by somebody else before, every single call.

use super::*;
use crate::ingest::{IngestPorts, ingest};
use crate::rollup::read_hour;
use async_trait::async_trait;
use domain::StoreResult;
use domain::ports::Blob;
use domain::ticket::Ticket;
use jiff::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};
use testing::{MemoryBackend, MemoryBlobStore};

/// What happens before call `at`.
#[derive(Clone, Copy, PartialEq)]
enum Event {
    /// The process is gone.
    Stop,
    /// Somebody else merges the hour.
    Merge,
    /// A batch lands.
    Land,
    /// A batch lands and somebody else merges it in.
    LandAndMerge,
}

struct Disturbed<'a> {
    backend: &'a MemoryBackend,
    calls: AtomicUsize,
    at: usize,
    event: Event,
}

impl Disturbed<'_> {
    async fn before_call(&self) -> StoreResult<&MemoryBlobStore> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.event == Event::Stop && call >= self.at {
            return Err(StoreError::new(ErrorKind::Unavailable, "stopped"));
        }
        if call == self.at {
            if matches!(self.event, Event::Land | Event::LandAndMerge) {
                land(self.backend, 7, "late").await;
            }
            if matches!(self.event, Event::Merge | Event::LandAndMerge) {
                compact(&self.backend.blobs, "default", &[hour()]).await.unwrap();
            }
        }
        // Whatever is going on, a reader sees everything.
        let seen = ids(&read_hour(&self.backend.blobs, "default", hour()).await.unwrap());
        assert!(seen.starts_with(&["1", "2", "3"].map(str::to_owned)), "{seen:?}");
        Ok(&self.backend.blobs)
    }
}

#[async_trait]
impl BlobStore for Disturbed<'_> {
    async fn get(&self, key: &str) -> StoreResult<Blob> {
        self.before_call().await?.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String> {
        self.before_call().await?.put(key, bytes, condition).await
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>> {
        self.before_call().await?.list(prefix).await
    }

    async fn delete(&self, key: &str) -> StoreResult<()> {
        self.before_call().await?.delete(key).await
    }
}

fn hour() -> Hour {
    Hour::of("2023-10-05T09:00:00Z".parse().unwrap())
}

fn ids(tickets: &[Ticket]) -> Vec<String> {
    tickets.iter().map(|t| t.id.clone()).collect()
}

async fn land(backend: &MemoryBackend, minute: i64, body: &str) {
    let at = Timestamp::from_second(hour().start().as_second() + 60 * minute).unwrap();
    let mut ticket = testing::ticket(&minute.to_string(), at);
    ticket.body = body.to_owned();
    let ports = IngestPorts { blobs: &backend.blobs, tickets: &backend.tickets };
    ingest(ports, "default", vec![ticket]).await.unwrap();
}

async fn objects(backend: &MemoryBackend) -> Vec<String> {
    backend.blobs.list(&names::tickets_prefix("default", hour())).await.unwrap()
}

async fn three_batches() -> MemoryBackend {
    let backend = MemoryBackend::default();
    for minute in 1..=3 {
        land(&backend, minute, "first").await;
    }
    backend
}

#[tokio::test]
async fn nothing_is_lost_whatever_happens_before_any_call() {
    for event in [Event::Stop, Event::Merge, Event::Land, Event::LandAndMerge] {
        for at in 0.. {
            let backend = three_batches().await;
            let before = read_hour(&backend.blobs, "default", hour()).await.unwrap();
            let store = Disturbed { backend: &backend, calls: AtomicUsize::new(0), at, event };
            let merged = compact(&store, "default", &[hour()]).await;
            assert!(event == Event::Stop || merged.is_ok(), "{merged:?}");
            let undisturbed = store.calls.load(Ordering::SeqCst) <= at;
            let mut after = read_hour(&backend.blobs, "default", hour()).await.unwrap();
            if !undisturbed && matches!(event, Event::Land | Event::LandAndMerge) {
                assert_eq!(after.pop().map(|t| t.id).as_deref(), Some("7"), "lost at call {at}");
            }
            assert_eq!(after, before, "changed at call {at}");
            // The next merge leaves one object, and one more changes nothing.
            compact(&backend.blobs, "default", &[hour()]).await.unwrap();
            let left = objects(&backend).await;
            assert_eq!(left.len(), 1, "{left:?} at call {at}");
            assert_eq!(compact(&backend.blobs, "default", &[hour()]).await.unwrap(), 0);
            if undisturbed {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_reader_beside_a_merge_lists_again() {
    for at in 0..4 {
        let backend = three_batches().await;
        let before = read_hour(&backend.blobs, "default", hour()).await.unwrap();
        let store = Disturbed { backend: &backend, calls: AtomicUsize::new(0), at, event: Event::Merge };
        assert_eq!(read_hour(&store, "default", hour()).await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_merge_keeps_the_object_that_it_yields_again() {
    let backend = three_batches().await;
    compact(&backend.blobs, "default", &[hour()]).await.unwrap();
    let merged = objects(&backend).await;
    let copy = backend.blobs.get(&merged[0]).await.unwrap();
    // The same tickets under a batch's name: merging both yields the merged object itself.
    let part = names::tickets("default", hour(), "0123");
    backend.blobs.put(&part, copy.bytes, PutIf::Absent).await.unwrap();
    assert_eq!(compact(&backend.blobs, "default", &[hour()]).await.unwrap(), 1);
    assert_eq!(objects(&backend).await, merged);
}

#[test]
fn settled_and_late_hours_are_due_and_never_more_than_the_most() {
    let hours = |due: Vec<Hour>| due.into_iter().map(|h| h.0).collect::<Vec<_>>();
    assert_eq!(hours(due(Some(Hour(100)), Hour(101), &[])), [97]);
    assert!(due(Some(Hour(101)), Hour(101), &[Hour(100), Hour(98)]).is_empty());
    assert_eq!(hours(due(Some(Hour(101)), Hour(101), &[Hour(5), Hour(99)])), [5]);
    assert_eq!(hours(due(None, Hour(101), &[Hour(97)])), [97]);
    assert_eq!(due(Some(Hour(0)), Hour(9_000), &(0..500).map(Hour).collect::<Vec<_>>()).len(), MAX_HOURS);
}
