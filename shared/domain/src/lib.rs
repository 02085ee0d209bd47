//! The vocabulary every other crate shares: types, ports, errors and object names.
//!
//! No I/O, no async runtime, no SDK, no clock, no randomness, no environment: whatever needs the time of day
//! takes `now` as an argument.
//!
//! # Layout
//! - [`ticket`]: what a help desk sends, after normalisation
//! - [`stream`]: one help desk's flow and its settings
//! - [`time`]: hours and 15-minute cells (UTC)
//! - [`segment`]: dimensions and the slices of a stream they cut
//! - [`distinct`]: mergeable sets of reporters
//! - [`rollup`]: counts per cell
//! - [`anomaly`], [`incident`], [`report`]: what is found, followed and told
//! - [`names`]: every object key
//! - [`key`]: which keys a backend takes
//! - [`ports`]: what a backend must offer

pub mod anomaly;
pub mod distinct;
pub mod error;
pub mod incident;
pub mod key;
pub mod names;
pub mod ports;
pub mod report;
pub mod rollup;
pub mod segment;
pub mod stream;
pub mod ticket;
pub mod time;

pub use error::{ErrorKind, StoreError, StoreResult};
