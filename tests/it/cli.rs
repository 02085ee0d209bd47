//! The command line as its users meet it: the built binary, started as a process.
//!
//! `cargo build -p cli` makes the binary; `infra/run test` does so before it tests. What takes minutes is ignored,
//! and run by `infra/stress.sh`.
//!
//! # Layout
//! - `program`: finding, starting, watching and killing the binary
//! - `fixture`: data folders with history and a model, made once and copied
//! - `commands`: every command, its output and its exit code
//! - `score`: counts, scores, plots
//! - `replay`: the lines of a replay
//! - `files`: ticket files that are damaged, odd or huge
//! - `damage`: data folders that are damaged, full or read-only
//! - `kill`: processes that are killed, and processes at the same time

mod commands;
mod damage;
mod files;
pub mod fixture;
mod kill;
pub mod program;
mod replay;
mod score;
