//! What tests share: memory backends of all ports, one contract suite per port, and builders of values.
//!
//! A dev-dependency only: nothing here may be reached from a binary.
//!
//! # Layout
//! - [`builders`]: a ticket, an incident, a report to start from
//! - [`contract`]: what every backend of a port must do
//! - [`memory`]: the backends that tests of other things use

pub mod builders;
pub mod contract;
pub mod memory;

pub use builders::{incident, message, next_revision, report, run, ticket};
pub use memory::{
    MemoryBackend, MemoryBlobStore, MemoryIncidentStore, MemoryQueue, MemoryReportStore, MemoryTicketIndex,
};
