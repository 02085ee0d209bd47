//! One file for each verb.

mod demo;
mod detect;
mod diagnose;
mod generate;
mod import;
#[cfg(feature = "aws")]
mod publish;
mod replay;
mod reports;
mod score;
mod train;

use crate::args::{Args, Command};
use anyhow::Result;

/// How a command ended.
pub enum Outcome {
    /// Everything is done.
    Done,
    /// Everything that could be done is; rows were refused.
    Refused,
}

/// Runs the command.
pub async fn run(args: Args) -> Result<Outcome> {
    let global = &args.global;
    match args.command {
        Command::Demo(args) => demo::run(global, args).await,
        Command::Generate(args) => generate::run(global, args),
        Command::Import(args) => import::run(global, args).await,
        Command::Train(args) => train::run(global, args).await,
        Command::Detect(args) => detect::run(global, args).await,
        Command::Diagnose(args) => diagnose::run(global, args).await,
        #[cfg(feature = "aws")]
        Command::Publish(args) => publish::run(global, args).await,
        Command::Reports(args) => reports::run(global, args).await,
        Command::Score(args) => score::run(global, args),
        Command::Replay(args) => replay::run(global, args).await,
    }
}
