//! The ports of `domain` on one machine: objects as files, everything else in one SQLite database.
//!
//! A data folder holds `objects/` and `anomalyze.db`. Several threads and several processes of one machine may use
//! it at once. It must lie on a local disk: neither SQLite's log nor advisory locks are sound over a network.
//!
//! Every call is synchronous inside and short (micro- to milliseconds), so that none is moved to a blocking thread:
//! the hand-over would cost more than the call.
//!
//! # Layout
//! - `backend`: [`LocalBackend`], everything a data folder offers, and its [`Durability`]
//! - `blobs`: [`FsBlobStore`]
//! - `database`: opens and checks the database, turns its errors into those of the ports
//! - `tickets`, `queue`, `incidents`, `reports`: one port each over the shared connection

mod backend;
mod blobs;
mod database;
mod incidents;
mod queue;
mod reports;
mod tickets;

pub use backend::{Durability, LocalBackend};
pub use blobs::FsBlobStore;
pub use incidents::SqliteIncidentStore;
pub use queue::SqliteQueue;
pub use reports::SqliteReportStore;
pub use tickets::SqliteTicketIndex;
