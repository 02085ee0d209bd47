//! The function that lands tickets: a help desk's POST, or a file dropped into the bucket.
//!
//! # Layout
//! - `config`: what the environment says
//! - `event_handler`: which of the two it is, and what both work with
//! - `http`: a POST and its answer
//! - `files`: a dropped file and the list of its refused rows
//! - `secrets`: the token that senders show, and the key that requesters are hashed with
//! - `outside`: what is needed of AWS beside the ports

mod config;
mod event_handler;
mod files;
mod http;
mod outside;
mod secrets;

use config::Config;
use event_handler::{Ingest, function_handler};
use jiff::Timestamp;
use lambda_runtime::{Error, run, service_fn};
use outside::Aws;
use secrets::Secrets;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::logs::to_stdout("ingest");
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = aws::Sdk::from_environment()?;
    let blobs = aws::S3BlobStore::new(&sdk, &config.bucket);
    let tickets = aws::DynamoTicketIndex::new(&sdk, &config.tickets_table, config.retention_days);
    let secrets = Secrets::default();
    let outside = Aws::new(sdk, &config.bucket);
    let ingest = Ingest {
        config: &config,
        blobs: &blobs,
        tickets: &tickets,
        secrets: &secrets,
        outside: &outside,
        clock: &Timestamp::now,
    };
    run(service_fn(|event| function_handler(&ingest, event))).await
}
