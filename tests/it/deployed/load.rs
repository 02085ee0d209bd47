//! 100,000 tickets through the Function URL while the network between function and storage fails.

use super::stack::{Invoked, Stack};

use domain::ports::BlobStore;
use domain::time::Hour;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tests::proxy::{Faults, Proxy};

const TICKETS: usize = 100_000;
const BATCH: usize = 1_000;
/// Requests under way at once.
const CLIENTS: usize = 4;
/// Every twentieth request is sent twice: 5 %.
const TWICE: usize = 20;
/// Attempts of a client that is answered 429 or 5xx, or not at all.
const ATTEMPTS: usize = 10;

fn written_at(number: usize) -> Timestamp {
    let first: Timestamp = "2024-03-04T00:00:00Z".parse().unwrap();
    // 500 an hour, 200 hours.
    first + SignedDuration::from_millis(7_200 * i64::try_from(number).unwrap())
}

fn body(batch: usize) -> Vec<u8> {
    let line = |number: usize| {
        let ticket = json!({
            "id": format!("L{number:06}"),
            "created_at": written_at(number).to_string(),
            "subject": format!("Order {number} is late"),
            "body": format!("My order {number} should have come on day {}. Where is it?", number % 97),
            "queue": (["Orders", "Billing", "Returns"][number % 3]),
            "priority": "medium",
            "requester": format!("customer{}@example.org", number % 20_011),
        });
        format!("{ticket}\n").into_bytes()
    };
    (batch * BATCH..(batch + 1) * BATCH).flat_map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ticket_lands_once_while_storage_fails() {
    let proxy = Proxy::start(Faults::one_percent(42)).await;
    let stack = Stack::deploy("load", &[("AWS_ENDPOINT_URL", proxy.url())]);
    proxy.forward_to(stack.url());
    let bearer = format!("Bearer {}", stack.secret("IngestTokenSecretArn").await);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];

    // One batch by itself: in one invocation.
    let begun = Instant::now();
    let first = send(&stack, &headers, 0);
    assert_eq!(first.status, 202, "{first:?}");
    println!("a batch of {BATCH} tickets: {:.2} s", begun.elapsed().as_secs_f64());

    // The rest beside each other, every twentieth request twice (the first batch again among them).
    let requests: Vec<usize> = (0..TICKETS / BATCH)
        .flat_map(|batch| std::iter::repeat_n(batch, 1 + usize::from(batch.is_multiple_of(TWICE))))
        .filter({
            let mut skipped = false;
            move |batch| std::mem::replace(&mut skipped, true) || *batch != 0
        })
        .collect();
    let (next, retries) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while let Some(batch) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    deliver(&stack, &headers, *batch, &retries);
                }
            });
        }
    });
    println!(
        "{TICKETS} tickets in {} requests and {} repeats after failures: {:.0} s; {}",
        requests.len(),
        retries.load(Ordering::Relaxed),
        begun.elapsed().as_secs_f64(),
        proxy.stats(),
    );

    let blobs = aws::S3BlobStore::new(&stack.sdk(), stack.output("BucketName"));
    let mut seen = HashSet::new();
    let (first, last) = (Hour::of(written_at(0)), Hour::of(written_at(TICKETS - 1)));
    for hour in first.0..=last.0 {
        for ticket in pipeline::rollup::read_hour(&blobs, "default", Hour(hour)).await.unwrap() {
            assert_eq!(Hour::of(ticket.created_at).0, hour);
            assert!(seen.insert(ticket.id.clone()), "{} is there twice", ticket.id);
        }
    }
    assert_eq!(seen.len(), TICKETS, "every ticket is there");
    let marked = blobs.list(&domain::names::dirty_prefix("default")).await.unwrap();
    let hours: HashSet<_> = marked.iter().filter_map(|k| domain::names::dirty_hour("default", k)).collect();
    assert_eq!(hours.len(), usize::try_from(last.0 - first.0 + 1).unwrap(), "every hour is marked");
}

fn send(stack: &Stack, headers: &[(&str, &str)], batch: usize) -> Invoked {
    stack.post("?source=load", headers, &body(batch))
}

/// Sends until it is taken in, as a help desk does.
fn deliver(stack: &Stack, headers: &[(&str, &str)], batch: usize, retries: &AtomicUsize) {
    for attempt in 1..=ATTEMPTS {
        let answer = send(stack, headers, batch);
        match answer.status {
            202 => {
                let count = |name: &str| answer.body[name].as_u64().unwrap_or(0);
                let taken = count("landed") + count("updated") + count("duplicates");
                assert_eq!((taken, count("updated")), (BATCH as u64, 0), "batch {batch}: {answer:?}");
                return;
            }
            0 | 429 | 500..=599 => {
                retries.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(200 * attempt as u64));
            }
            _ => panic!("batch {batch}: {answer:?}"),
        }
    }
    panic!("batch {batch} was not taken in after {ATTEMPTS} attempts");
}
