//! The function that EventBridge Scheduler calls every week: history into an artifact, put to use unless it is worse
//! than the one in use.
//!
//! Alone of the functions it links LightGBM; the others evaluate its models in Rust.
//!
//! # Layout
//! - `config`: what the environment says
//! - `event_handler`: one run

mod config;
mod event_handler;

use config::Config;
use event_handler::{Train, function_handler};
use jiff::Timestamp;
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::logs::to_stdout("train");
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = aws::Sdk::from_environment()?;
    let blobs = aws::S3BlobStore::new(&sdk, &config.bucket);
    let train = Train {
        stream: &config.stream,
        blobs: &blobs,
        fitters: &training::fitters::ALL,
        clock: &Timestamp::now,
    };
    run(service_fn(|event| function_handler(&train, event))).await
}
