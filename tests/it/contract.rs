//! Every backend through the suite of every port.

use domain::ports::{Blob, BlobStore, ClaimRequest, IncidentStore, PutIf, Queue, ReportStore, TicketIndex};
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use local::{Durability, FsBlobStore, LocalBackend};
use proptest::prelude::*;
use std::sync::Arc;
use tempfile::TempDir;
use testing::MemoryBackend;
use testing::contract::{
    VirtualTime, blob_store_contract, incident_store_contract, queue_contract, report_store_contract,
    ticket_index_contract,
};

/// A fresh data folder; keep the guard for as long as the backend.
fn open(durability: Durability) -> (TempDir, LocalBackend) {
    let dir = tempfile::tempdir().unwrap();
    let backend = LocalBackend::open_with(dir.path(), durability).unwrap();
    (dir, backend)
}

mod memory {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn blobs() {
        blob_store_contract(Arc::new(MemoryBackend::default().blobs)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn tickets() {
        ticket_index_contract(Arc::new(MemoryBackend::default().tickets)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn queue() {
        queue_contract(Arc::new(MemoryBackend::default().queue), &VirtualTime::default()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn incidents() {
        incident_store_contract(Arc::new(MemoryBackend::default().incidents)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn reports() {
        report_store_contract(Arc::new(MemoryBackend::default().reports)).await;
    }
}

mod one_folder {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn blobs() {
        let (_dir, backend) = open(Durability::Process);
        blob_store_contract(Arc::new(backend.blobs)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn tickets() {
        let (_dir, backend) = open(Durability::Process);
        ticket_index_contract(Arc::new(backend.tickets)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn queue() {
        let (_dir, backend) = open(Durability::Process);
        queue_contract(Arc::new(backend.queue), &VirtualTime::default()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn incidents() {
        let (_dir, backend) = open(Durability::Process);
        incident_store_contract(Arc::new(backend.incidents)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn reports() {
        let (_dir, backend) = open(Durability::Process);
        report_store_contract(Arc::new(backend.reports)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn all_that_survive_a_loss_of_power() {
        let (_dir, backend) = open(Durability::Disk);
        blob_store_contract(Arc::new(backend.blobs)).await;
        ticket_index_contract(Arc::new(backend.tickets)).await;
        queue_contract(Arc::new(backend.queue), &VirtualTime::default()).await;
        incident_store_contract(Arc::new(backend.incidents)).await;
        report_store_contract(Arc::new(backend.reports)).await;
    }
}

#[tokio::test]
async fn a_data_folder_keeps_everything_for_the_next_process() {
    let (dir, first) = open(Durability::Process);
    let opened: Timestamp = "2024-03-01T10:00:00Z".parse().unwrap();
    let ticket = testing::ticket("1", opened);
    let incident = testing::incident("default", opened);
    let message = testing::message(&incident);
    let report = testing::report(&incident);
    let claim = [ClaimRequest { key: ticket.key(), created_at: opened }];

    let etag = first.blobs.put("a/b", b"content".to_vec(), PutIf::Absent).await.unwrap();
    first.tickets.claim("default", &claim).await.unwrap();
    first.tickets.confirm("default", &[(ticket.key(), ticket.content_hash())]).await.unwrap();
    first.incidents.put_revision(&incident).await.unwrap();
    first.queue.send(std::slice::from_ref(&message)).await.unwrap();
    first.reports.put(&report, &testing::run(&report)).await.unwrap();
    drop(first);

    let second = LocalBackend::open(dir.path()).unwrap();
    assert_eq!(second.blobs.get("a/b").await.unwrap().etag, etag);
    assert_eq!(second.blobs.list("").await.unwrap(), ["a/b"]);
    let claims = second.tickets.claim("default", &claim).await.unwrap();
    assert_eq!(claims[0].landed, Some(ticket.content_hash()));
    assert_eq!(second.incidents.unannounced("default").await.unwrap(), [incident]);
    let received = second.queue.receive(10, SignedDuration::from_mins(1), opened).await.unwrap();
    assert_eq!(received[0].message, message);
    assert_eq!(
        second.reports.list("default", opened - SignedDuration::from_hours(1), opened).await.unwrap(),
        [report]
    );
}

/// One call on a blob store.
#[derive(Clone, Debug)]
enum Call {
    Get(String),
    Put(String, u8, Condition),
    List(String),
    Delete(String),
}

#[derive(Clone, Debug)]
enum Condition {
    Always,
    Absent,
    /// The version this key has now.
    Now,
    /// The version it had when it was last looked at.
    Stale,
}

fn call() -> impl Strategy<Value = Call> {
    let key = "[ab]{1,2}(/[ab]{1,2}){0,2}|[ab./]{0,5}";
    let condition = prop_oneof![
        Just(Condition::Always),
        Just(Condition::Absent),
        Just(Condition::Now),
        Just(Condition::Stale)
    ];
    prop_oneof![
        key.prop_map(Call::Get),
        (key, 0..3u8, condition).prop_map(|(key, content, condition)| Call::Put(key, content, condition)),
        key.prop_map(Call::List),
        key.prop_map(Call::Delete),
    ]
}

/// What a call answers, versions left out: they are each store's own.
async fn answer(store: &dyn BlobStore, call: &Call, stale: &mut String) -> Result<String, ErrorKind> {
    let kind = |error: StoreError| error.kind;
    let version = |found: StoreResult<Blob>| found.map_or("none".to_owned(), |blob| blob.etag);
    match call {
        Call::Get(key) => {
            let blob = store.get(key).await.map_err(kind)?;
            *stale = blob.etag;
            Ok(format!("{:?}", blob.bytes))
        }
        Call::Put(key, content, condition) => {
            let condition = match condition {
                Condition::Always => PutIf::Always,
                Condition::Absent => PutIf::Absent,
                Condition::Now => PutIf::Match(version(store.get(key).await)),
                Condition::Stale => PutIf::Match(stale.clone()),
            };
            store.put(key, vec![*content], condition).await.map(|_| "stored".to_owned()).map_err(kind)
        }
        Call::List(prefix) => store.list(prefix).await.map(|keys| keys.join(" ")).map_err(kind),
        Call::Delete(key) => store.delete(key).await.map(|()| "deleted".to_owned()).map_err(kind),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// So that what passes its tests in memory does so on files.
    #[test]
    fn files_and_memory_answer_alike(calls in prop::collection::vec(call(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let files = FsBlobStore::open(dir.path().join("objects")).unwrap();
        let memory = MemoryBackend::default().blobs;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut stale_file, mut stale_memory) = (String::new(), String::new());
        for call in calls {
            let expected = runtime.block_on(answer(&memory, &call, &mut stale_memory));
            let found = runtime.block_on(answer(&files, &call, &mut stale_file));
            prop_assert_eq!(found, expected, "{:?}", call);
        }
        let everything = runtime.block_on(memory.list("")).unwrap();
        prop_assert_eq!(runtime.block_on(files.list("")).unwrap(), everything);
    }
}
