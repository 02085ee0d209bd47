//! What a backend must offer. Every backend passes the contract suites of the `testing` crate.

use crate::error::StoreResult;
use crate::incident::{Incident, IncidentMessage, Status};
use crate::report::{Report, Run};
use crate::ticket::TicketKey;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// A stored object and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Content.
    pub bytes: Vec<u8>,
    /// Opaque version; changes with every put of other content.
    pub etag: String,
}

/// What must hold for a put to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutIf {
    /// Nothing.
    Always,
    /// Nothing is stored under the key; else `AlreadyExists`.
    Absent,
    /// The stored version is this one; else `Precondition`.
    Match(String),
}

/// Objects by key. Puts are atomic: a reader sees the old content or the new, never a part.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// The object, or `NotFound`.
    async fn get(&self, key: &str) -> StoreResult<Blob>;
    /// Stores `bytes` and returns the new version.
    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String>;
    /// All keys that begin with `prefix`, sorted.
    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>>;
    /// Deletes the object; nothing happens when there is none.
    async fn delete(&self, key: &str) -> StoreResult<()>;
}

/// What is known about a ticket before a delivery lands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The writing time that the first landing fixed (UTC).
    pub created_at: Timestamp,
    /// Content hashes (16 bytes) of the version that landed last, if any has.
    pub landed: Option<[u8; 16]>,
}

/// One delivery's claim on a ticket's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Identity within the stream.
    pub key: TicketKey,
    /// The writing time the delivery states (UTC).
    pub created_at: Timestamp,
}

/// Identities of tickets: the first landing of an id fixes its hour.
#[async_trait]
pub trait TicketIndex: Send + Sync {
    /// Fixes `created_at` of identities not seen before; returns what holds for each, in order. A key that stands
    /// twice in one call is fixed by its first.
    async fn claim(&self, stream: &str, requests: &[ClaimRequest]) -> StoreResult<Vec<Claim>>;
    /// Notes the content that has landed, after its object is stored. An identity without a claim is `NotFound`.
    async fn confirm(&self, stream: &str, landed: &[(TicketKey, [u8; 16])]) -> StoreResult<()>;
}

/// A message in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was sent.
    pub message: IncidentMessage,
    /// Names this delivery for `ack` and `release`.
    pub receipt: String,
    /// How often it has been delivered, this time included.
    pub attempts: u32,
}

/// Incident revisions to diagnose. At-least-once, unordered.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends the messages; after an error some may have been sent.
    async fn send(&self, messages: &[IncidentMessage]) -> StoreResult<()>;
    /// Takes up to `max` visible messages and hides them for `visibility`. `now` is what the backend goes by if it has
    /// no clock of its own.
    async fn receive(
        &self,
        max: usize,
        visibility: SignedDuration,
        now: Timestamp,
    ) -> StoreResult<Vec<Received>>;
    /// Removes a delivered message. A stale receipt removes nothing, and is `NotFound` where the backend can tell.
    async fn ack(&self, receipt: &str) -> StoreResult<()>;
    /// Makes a delivered message visible again at once. A stale receipt shows nothing, and is `NotFound` where the
    /// backend can tell.
    async fn release(&self, receipt: &str) -> StoreResult<()>;
    /// Moves a delivered message to the dead letters with a reason. A stale receipt moves nothing and is `NotFound`
    /// where the backend can tell; where it cannot, the message may lie there twice.
    async fn dead_letter(&self, received: &Received, reason: &str) -> StoreResult<()>;
    /// The dead letters and their reasons.
    async fn dead_letters(&self) -> StoreResult<Vec<(IncidentMessage, String)>>;
}

/// Incidents and their revisions. Detect alone writes them.
#[async_trait]
pub trait IncidentStore: Send + Sync {
    /// Stores revision n only where n − 1 is the latest (1: where there is none); else `Precondition`.
    async fn put_revision(&self, incident: &Incident) -> StoreResult<()>;
    /// One revision, or `NotFound`.
    async fn get(&self, stream: &str, id: &str, revision: u32) -> StoreResult<Incident>;
    /// The latest revision, or `NotFound`.
    async fn latest(&self, stream: &str, id: &str) -> StoreResult<Incident>;
    /// The latest revision of every incident with the status (any: `None`), newest opening first.
    async fn list(&self, stream: &str, status: Option<Status>) -> StoreResult<Vec<Incident>>;
    /// Revisions that were stored and never marked announced, oldest first.
    async fn unannounced(&self, stream: &str) -> StoreResult<Vec<Incident>>;
    /// Notes that the revision's message was sent.
    async fn mark_announced(&self, stream: &str, id: &str, revision: u32) -> StoreResult<()>;
    /// Takes the right to diagnose (incident, revision) until `until`. False while another holder's has not run
    /// out at `now`.
    async fn acquire_lease(
        &self,
        stream: &str,
        id: &str,
        revision: u32,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool>;
    /// Gives the right back; nothing happens when `holder` does not hold it.
    async fn release_lease(&self, stream: &str, id: &str, revision: u32, holder: &str) -> StoreResult<()>;
}

/// Reports, written once.
#[async_trait]
pub trait ReportStore: Send + Sync {
    /// Stores report and run together; `AlreadyExists` when (incident, revision) has one.
    async fn put(&self, report: &Report, run: &Run) -> StoreResult<()>;
    /// One report, or `NotFound`.
    async fn get(&self, stream: &str, incident: &str, revision: u32) -> StoreResult<Report>;
    /// The report of the highest revision, or `NotFound`.
    async fn latest(&self, stream: &str, incident: &str) -> StoreResult<Report>;
    /// The latest report of every incident whose window overlaps `[from, to)`, newest window first.
    async fn list(&self, stream: &str, from: Timestamp, to: Timestamp) -> StoreResult<Vec<Report>>;
}
