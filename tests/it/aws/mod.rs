//! The AWS backend against an emulator: every contract, then what only AWS has.
//!
//! With `AWS_ENDPOINT_URL` set the tests use what answers there. Else they start the pinned emulator of
//! `infra/requirements/emulator.txt`; with the cargo feature `localstack`, LocalStack in a container. Nothing is
//! skipped: what is missing fails the test and says how to get it.
//!
//! # Layout
//! - `emulator`: starts and ends the emulator
//! - `resources`: buckets, queues and tables of a test's own, as `infra/template.yaml` describes them
//! - `wire`: a wire between the SDK and the emulator that counts calls and loses answers
//! - `contract`: every port through its suite
//! - `limits`: pages, batches and how many calls they cost
//! - `failures`: lost answers, foreign messages, missing resources

mod contract;
pub mod emulator;
mod failures;
mod limits;
#[cfg(feature = "localstack")]
mod localstack;
pub mod resources;
mod wire;

pub use emulator::Emulator;
