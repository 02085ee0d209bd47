//! Backends in memory, shared by reference between threads; gone with the value.

mod blobs;
mod incidents;
mod queue;
mod reports;
mod tickets;

pub use blobs::MemoryBlobStore;
pub use incidents::MemoryIncidentStore;
pub use queue::MemoryQueue;
pub use reports::MemoryReportStore;
pub use tickets::MemoryTicketIndex;

use domain::{ErrorKind, StoreError};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Every port in memory.
#[derive(Default)]
pub struct MemoryBackend {
    /// Objects.
    pub blobs: MemoryBlobStore,
    /// Identities of tickets.
    pub tickets: MemoryTicketIndex,
    /// Incident revisions to diagnose.
    pub queue: MemoryQueue,
    /// Incidents.
    pub incidents: MemoryIncidentStore,
    /// Reports.
    pub reports: MemoryReportStore,
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change below is made after the last thing that could panic.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error(kind: ErrorKind, message: impl Into<String>) -> StoreError {
    StoreError::new(kind, message)
}
