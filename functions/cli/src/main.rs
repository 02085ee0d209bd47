//! `anomalyze`: the whole pipeline on one machine.
//!
//! # Layout
//! - [`args`]: the command line
//! - [`cmd`]: one file for each verb
//! - [`workspace`]: the data folder and the stream's settings
//! - [`render`], [`chart`], [`plot`]: what a person sees

mod args;
mod chart;
mod cmd;
mod output;
mod plot;
mod render;
mod workspace;

use clap::Parser;
use std::process::ExitCode;

/// Finished, but rows were refused: they stand in the file beside the input.
const REFUSED: u8 = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = args::Args::parse();
    match cmd::run(args).await {
        Ok(cmd::Outcome::Done) => ExitCode::SUCCESS,
        Ok(cmd::Outcome::Refused) => ExitCode::from(REFUSED),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: failed to {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The reader of our output has seen enough (`anomalyze … | head`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(broken))
}
