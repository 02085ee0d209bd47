//! What every backend of a port must do, one suite per port. A violation panics and says which sentence it broke.
//!
//! Each suite wants a fresh backend: it lists, counts and races. The races need a runtime of several threads to mean
//! anything: `#[tokio::test(flavor = "multi_thread")]`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a suite reports a violation by panicking, like any test"
)]

mod blobs;
mod incidents;
mod queue;
mod reports;
mod tickets;

pub use blobs::blob_store_contract;
pub use incidents::incident_store_contract;
pub use queue::{QueueTime, VirtualTime, queue_contract};
pub use reports::report_store_contract;
pub use tickets::ticket_index_contract;

use domain::{ErrorKind, StoreResult};
use jiff::Timestamp;
use std::fmt::Debug;
use std::future::Future;

/// Tasks in a race.
const RACERS: u8 = 16;

/// Checks that the call failed with `kind`, and that its message is one: lower case, no full stop.
#[track_caller]
fn assert_fails<T: Debug>(result: StoreResult<T>, kind: ErrorKind, sentence: &str) {
    let error = match result {
        Ok(value) => panic!("{sentence}: expected {kind:?}, got {value:?}"),
        Err(error) => error,
    };
    assert_eq!(error.kind, kind, "{sentence}: {error}");
    let lower = error.message.chars().next().is_some_and(char::is_lowercase);
    assert!(lower && !error.message.ends_with('.'), "message fits after \"failed to\": {error}");
}

/// Runs the tasks at once and returns what they returned, in order.
async fn race<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(running.len());
    for task in running {
        results.push(task.await.expect("a racing task must not panic"));
    }
    results
}

/// `2024-03-01T00:00Z` and some minutes.
fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_709_251_200 + 60 * minutes).expect("the time is in range")
}
