//! The steps ingest, train, detect and diagnose over the ports of `domain`.
//!
//! Every step is a free function; `now` is an argument. A step may be stopped at any point and run again: it
//! writes an object before it forgets why.
//!
//! # Layout
//! - [`reader`]: ticket files as streams of tickets
//! - [`ingest`]: tickets into hourly objects
//! - [`rollup`]: changed hours into counts
//! - [`compact`]: the ticket objects of a closed hour into one
//! - [`history`]: counts into series
//! - [`train`], [`calibrate`], [`artifact`]: history into a calibrated model artifact
//! - [`promote`]: a new artifact against the one in use
//! - [`detect`], [`state`], [`scan`], [`incidents`]: new counts into incidents
//! - [`diagnose`]: an incident into a report
//! - [`replay`]: all of it over a recorded stream, step by step

pub mod artifact;
pub mod calibrate;
mod codec;
pub mod compact;
pub mod detect;
pub mod diagnose;
pub mod error;
pub mod history;
pub mod incidents;
pub mod ingest;
pub mod promote;
pub mod reader;
pub mod replay;
pub mod rollup;
pub mod scan;
pub mod state;
pub mod train;

pub use error::{PipelineError, Result};
