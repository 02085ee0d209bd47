//! What the local backend keeps when its process is killed, and when two processes share a data folder.
//!
//! The children are the ignored tests of this file, which this binary starts itself again for; the data folder reaches
//! them in [`FOLDER`]. Run by hand without it, they take a folder of their own.

use domain::ErrorKind;
use domain::incident::{Incident, Status};
use domain::ports::{BlobStore, Claim, ClaimRequest, IncidentStore, PutIf, Queue, TicketIndex};
use domain::ticket::Ticket;
use jiff::{SignedDuration, Timestamp};
use local::LocalBackend;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Environment variable that tells a child its data folder.
const FOLDER: &str = "ANOMALYZE_TEST_FOLDER";
/// Environment variable that tells a child from which ticket on it writes.
const FIRST: &str = "ANOMALYZE_TEST_FIRST";
/// What a child prints before the number of a step that it has completed.
const DONE: &str = "completed step ";

const STREAM: &str = "crash";
const COUNTER: &str = "state/v1/crash/counter.json";

fn start() -> Timestamp {
    "2024-03-01T00:00:00Z".parse().unwrap()
}

/// The ticket of a step; its size varies up to 200 kB, so that kills fall into writes.
fn ticket(step: u64) -> Ticket {
    let mut ticket = testing::ticket(&step.to_string(), start() + SignedDuration::from_secs(step as i64));
    ticket.body = format!("{step} ").repeat((step as usize * 7919) % 40_000);
    ticket
}

fn object_key(step: u64) -> String {
    format!("tickets/v1/{STREAM}/{}/{step}", step % 7)
}

/// The content of an object: the hash of the rest, and the rest.
fn object(ticket: &Ticket) -> Vec<u8> {
    let mut bytes = ticket.content_hash().to_vec();
    bytes.extend(ticket.body.as_bytes());
    bytes
}

fn request(step: u64) -> ClaimRequest {
    let ticket = ticket(step);
    ClaimRequest { key: ticket.key(), created_at: ticket.created_at }
}

/// Replaces the counter by the number after it, unless another process was faster.
async fn count(backend: &LocalBackend) -> bool {
    let (count, condition) = match backend.blobs.get(COUNTER).await {
        Ok(blob) => (counted(&blob.bytes), PutIf::Match(blob.etag)),
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
            (0, PutIf::Absent)
        }
    };
    match backend.blobs.put(COUNTER, (count + 1).to_string().repeat(5000).into_bytes(), condition).await {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error.kind, ErrorKind::Precondition | ErrorKind::AlreadyExists), "{error}");
            false
        }
    }
}

/// The number that the counter's content repeats 5000 times.
fn counted(bytes: &[u8]) -> u64 {
    let text = std::str::from_utf8(bytes).unwrap();
    let number = &text[..text.len() / 5000];
    assert_eq!(text, number.repeat(5000), "the counter is whole");
    number.parse().unwrap()
}

/// The next revision of the incident that every step revises.
async fn next_incident(backend: &LocalBackend) -> Incident {
    let first = testing::incident(STREAM, start());
    match backend.incidents.latest(STREAM, &first.id).await {
        Ok(latest) => testing::next_revision(
            &latest,
            Status::Escalated,
            latest.decided_at + SignedDuration::from_mins(15),
        ),
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
            first
        }
    }
}

/// One step in the order the pipeline keeps: claim, object, confirm; state; incident, message, mark.
async fn step(backend: &LocalBackend, step: u64) {
    let ticket = ticket(step);
    backend.tickets.claim(STREAM, &[request(step)]).await.unwrap();
    backend.blobs.put(&object_key(step), object(&ticket), PutIf::Always).await.unwrap();
    backend.tickets.confirm(STREAM, &[(ticket.key(), ticket.content_hash())]).await.unwrap();
    assert!(count(backend).await, "nobody else counts");
    let incident = next_incident(backend).await;
    backend.incidents.put_revision(&incident).await.unwrap();
    backend.queue.send(&[testing::message(&incident)]).await.unwrap();
    backend.incidents.mark_announced(STREAM, &incident.id, incident.revision).await.unwrap();
}

/// Checks what a killed writer left; returns the step to go on with.
async fn check(folder: &Path, completed: &BTreeSet<u64>) -> u64 {
    let backend = LocalBackend::open(folder).unwrap();
    let keys = backend.blobs.list("tickets/").await.unwrap();
    let mut stored = BTreeSet::new();
    for key in &keys {
        let step: u64 = key.rsplit('/').next().unwrap().parse().unwrap();
        assert_eq!(*key, object_key(step), "only keys that were put are listed");
        assert!(
            backend.blobs.get(key).await.unwrap().bytes == object(&ticket(step)),
            "the object {key} is whole"
        );
        stored.insert(step);
    }
    let next = stored.last().map_or(0, |last| last + 1);
    let requests: Vec<_> = (0..next).map(request).collect();
    let claims = backend.tickets.claim(STREAM, &requests).await.unwrap();
    for (step, Claim { created_at, landed }) in (0..next).zip(claims) {
        assert_eq!(created_at, ticket(step).created_at, "the claim of step {step} is whole");
        if let Some(landed) = landed {
            assert!(stored.contains(&step), "the confirmed ticket of step {step} has its object");
            assert_eq!(
                landed,
                ticket(step).content_hash(),
                "the confirmed content of step {step} is what landed"
            );
        }
        assert!(
            landed.is_some() || !completed.contains(&step),
            "what was confirmed before the kill stays: {step}"
        );
    }
    assert!(completed.is_subset(&stored), "what was put before the kill stays");
    check_incident(&backend, completed.len()).await;
    next
}

async fn check_incident(backend: &LocalBackend, completed: usize) {
    let latest = next_incident(backend).await.revision - 1;
    assert!(latest as usize >= completed, "revisions stored before the kill stay");
    let counter = backend.blobs.get(COUNTER).await.map_or(0, |blob| counted(&blob.bytes));
    assert!(counter >= u64::from(latest), "the counter is counted before the incident is revised");
    let unannounced = backend.incidents.unannounced(STREAM).await.unwrap();
    let unannounced: BTreeSet<u32> = unannounced.iter().map(|incident| incident.revision).collect();
    let messages = backend.queue.receive(usize::MAX, SignedDuration::ZERO, start()).await.unwrap();
    let sent: BTreeSet<u32> = messages.iter().map(|received| received.message.revision).collect();
    for revision in 1..=latest {
        backend.incidents.get(STREAM, &testing::incident(STREAM, start()).id, revision).await.unwrap();
        let told = sent.contains(&revision) || unannounced.contains(&revision);
        assert!(told, "revision {revision} is on the queue, or known to be unannounced");
    }
}

#[tokio::test]
#[ignore = "the child of a_killed_writer_leaves_everything_whole; alone it writes 50 steps into a folder of its own"]
async fn writer() {
    if let Ok(folder) = std::env::var(FOLDER) {
        let backend = LocalBackend::open(folder).unwrap();
        let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
        for number in first.. {
            step(&backend, number).await;
            println!("\n{DONE}{number}");
            std::io::stdout().flush().unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let backend = LocalBackend::open(dir.path()).unwrap();
    for number in 0..50 {
        step(&backend, number).await;
    }
    drop(backend);
    assert_eq!(check(dir.path(), &(0..50).collect()).await, 50);
}

#[tokio::test]
#[ignore = "the child of two_processes_lose_no_update; alone it counts to 200 in a folder of its own"]
async fn counter() {
    let dir = tempfile::tempdir().unwrap();
    let folder = std::env::var(FOLDER).map_or_else(|_| dir.path().to_owned(), Into::into);
    let backend = LocalBackend::open(folder).unwrap();
    for _ in 0..200 {
        while !count(&backend).await {}
        let claims = backend.tickets.claim(STREAM, &[request(1)]).await.unwrap();
        assert_eq!(claims[0].created_at, ticket(1).created_at);
    }
    assert!(counted(&backend.blobs.get(COUNTER).await.unwrap().bytes) >= 200);
}

/// Starts this binary again for one of its ignored tests.
fn child(name: &str, folder: &Path, first: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_killed_writer_leaves_everything_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut completed = BTreeSet::new();
    let mut next = 0;
    let mut chance: u64 = 1;
    for _ in 0..30 {
        let mut writer = child("crash::writer", dir.path(), next);
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        // Knuth's generator: steps to wait for, then a part of the next.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let steps = (chance >> 60) as usize;
        let done = |line: std::io::Result<String>| {
            line.unwrap().strip_prefix(DONE).map(|n| n.parse::<u64>().unwrap())
        };
        completed.extend(lines.by_ref().filter_map(done).take(steps));
        std::thread::sleep(Duration::from_micros((chance >> 32) % 4000));
        writer.kill().unwrap();
        assert!(!writer.wait().unwrap().success(), "the writer ends only by being killed");
        completed.extend(lines.filter_map(done));
        next = check(dir.path(), &completed).await;
    }
    assert!(completed.len() > 100, "the writers got somewhere: {}", completed.len());
}

#[tokio::test]
async fn two_processes_lose_no_update() {
    let dir = tempfile::tempdir().unwrap();
    let counters: Vec<Child> = (0..2).map(|_| child("crash::counter", dir.path(), 0)).collect();
    for counter in counters {
        let output = counter.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let backend = LocalBackend::open(dir.path()).unwrap();
    assert_eq!(counted(&backend.blobs.get(COUNTER).await.unwrap().bytes), 400);
}
