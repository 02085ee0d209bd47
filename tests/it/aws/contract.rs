//! Every port through its suite.

use super::resources::Resources;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use testing::contract::{
    QueueTime, blob_store_contract, incident_store_contract, queue_contract, report_store_contract,
    ticket_index_contract,
};

/// The time of a queue that has a clock of its own.
struct RealTime;

#[async_trait]
impl QueueTime for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn pass(&self, duration: SignedDuration) {
        // A little longer: two clocks are never equal.
        tokio::time::sleep(duration.unsigned_abs() + std::time::Duration::from_millis(300)).await;
    }

    /// Receiving takes 1 s longer than finding: it waits to see that nothing else is there. Two in a row must end
    /// within this, on a machine that is busy with the other tests, too: 4 s were too few.
    fn hidden(&self) -> SignedDuration {
        SignedDuration::from_secs(10)
    }

    /// SQS deletes by an older receipt, too, and says nothing about a deleted message.
    fn tells_stale_receipts(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn blobs() {
    let resources = Resources::new().await;
    blob_store_contract(Arc::new(resources.blobs())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tickets() {
    let resources = Resources::new().await;
    ticket_index_contract(Arc::new(resources.tickets())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn queue() {
    let resources = Resources::new().await;
    queue_contract(Arc::new(resources.queue()), &RealTime).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn incidents() {
    let resources = Resources::new().await;
    incident_store_contract(Arc::new(resources.incidents())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reports() {
    let resources = Resources::new().await;
    report_store_contract(Arc::new(resources.reports())).await;
}
