//! The function that EventBridge Scheduler calls every 15 minutes: new counts into incidents.
//!
//! # Layout
//! - `config`: what the environment says
//! - `event_handler`: one run
//! - `trace`: the trace that announcements travel with

mod config;
mod event_handler;
mod trace;

use config::Config;
use event_handler::{Detect, function_handler};
use jiff::Timestamp;
use lambda_runtime::{Error, run, service_fn};
use pipeline::detect::Warm;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::logs::to_stdout("detect");
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = aws::Sdk::from_environment()?;
    let blobs = aws::S3BlobStore::new(&sdk, &config.bucket);
    let incidents = aws::DynamoIncidentStore::new(
        &sdk,
        &config.incidents_table,
        &config.reports_table,
        config.retention_days,
    );
    let queue = aws::SqsQueue::new(&sdk, &config.queue_url, None);
    let warm = Mutex::new(Warm::default());
    let detect = Detect {
        stream: &config.stream,
        blobs: &blobs,
        incidents: &incidents,
        queue: &queue,
        warm: &warm,
        clock: &Timestamp::now,
    };
    run(service_fn(|event| function_handler(&detect, event))).await
}
