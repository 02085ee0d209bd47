//! The function that SQS calls with incident revisions: an incident into its report.
//!
//! # Layout
//! - `config`: what the environment says
//! - `event_handler`: one batch of messages, within the deadline
//! - `message`: a record's message, or why it is none of ours
//! - `bury`: where foreign messages go

mod bury;
mod config;
mod event_handler;
mod message;

use config::Config;
use event_handler::{Diagnose, function_handler};
use jiff::Timestamp;
use lambda_runtime::{Error, run, service_fn};
use pipeline::diagnose::{DiagnosePorts, WarmRollups};
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::logs::to_stdout("diagnose");
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = aws::Sdk::from_environment()?;
    let days = config.retention_days;
    let blobs = aws::S3BlobStore::new(&sdk, &config.bucket);
    let incidents = aws::DynamoIncidentStore::new(&sdk, &config.incidents_table, &config.reports_table, days);
    let queue = aws::SqsQueue::new(&sdk, &config.queue_url, Some(config.dead_letter_queue_url.clone()));
    let reports = aws::DynamoReportStore::new(&sdk, &config.reports_table, days);
    let warm = Mutex::new(WarmRollups::default());
    let diagnose = Diagnose {
        stream: &config.stream,
        ports: DiagnosePorts { blobs: &blobs, incidents: &incidents, queue: &queue, reports: &reports },
        foreign: &queue,
        warm: &warm,
        clock: &Timestamp::now,
    };
    run(service_fn(|event| function_handler(&diagnose, event))).await
}
