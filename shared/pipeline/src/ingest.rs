//! Tickets into hourly objects: the same delivery twice leaves one ticket.

use crate::{Result, codec};
use domain::names;
use domain::ports::{BlobStore, ClaimRequest, PutIf, TicketIndex};
use domain::ticket::{Ticket, TicketKey};
use domain::time::Hour;
use domain::{ErrorKind, StoreError};
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// Hours stored at the same time: an export touches thousands, and over a network each put waits for its answer.
const HOURS_AT_ONCE: usize = 16;

/// The ports that [`ingest`] writes through.
#[derive(Clone, Copy)]
pub struct IngestPorts<'a> {
    /// Where the tickets go.
    pub blobs: &'a dyn BlobStore,
    /// Which tickets are known.
    pub tickets: &'a dyn TicketIndex,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ingested {
    /// Tickets seen for the first time.
    pub landed: u64,
    /// New versions of known tickets.
    pub updated: u64,
    /// Equal repeats.
    pub duplicates: u64,
}

impl Ingested {
    /// Adds another batch's numbers.
    pub fn add(&mut self, other: Self) {
        self.landed += other.landed;
        self.updated += other.updated;
        self.duplicates += other.duplicates;
    }
}

/// Lands a batch of tickets of one stream.
///
/// Order of writes: identity claimed, object stored, hour marked dirty, content confirmed. Stopped anywhere, the
/// same batch sent again completes it: only confirmed content counts as a duplicate.
pub async fn ingest(ports: IngestPorts<'_>, stream: &str, mut batch: Vec<Ticket>) -> Result<Ingested> {
    let requests: Vec<ClaimRequest> =
        batch.iter().map(|t| ClaimRequest { key: t.key(), created_at: t.created_at }).collect();
    let claims = ports.tickets.claim(stream, &requests).await?;
    let mut summary = Ingested::default();
    let mut seen: HashMap<TicketKey, [u8; 16]> = HashMap::new();
    let mut hours: BTreeMap<Hour, Vec<Ticket>> = BTreeMap::new();
    let mut landed = Vec::new();
    for (mut ticket, claim) in batch.drain(..).zip(claims) {
        let key = ticket.key();
        let hash = ticket.content_hash();
        match seen.insert(key.clone(), hash).or(claim.landed) {
            Some(known) if known == hash => {
                summary.duplicates += 1;
                continue;
            }
            Some(_) => summary.updated += 1,
            None => summary.landed += 1,
        }
        ticket.created_at = claim.created_at;
        landed.push((key, hash));
        hours.entry(Hour::of(ticket.created_at)).or_default().push(ticket);
    }
    let stores: Vec<_> =
        hours.iter().map(|(hour, tickets)| store_hour(ports.blobs, stream, *hour, tickets)).collect();
    futures_util::stream::iter(stores).buffer_unordered(HOURS_AT_ONCE).try_collect::<()>().await?;
    ports.tickets.confirm(stream, &landed).await?;
    Ok(summary)
}

async fn store_hour(blobs: &dyn BlobStore, stream: &str, hour: Hour, tickets: &[Ticket]) -> Result<()> {
    let mut lines = Vec::new();
    let mut name = Sha256::new();
    for ticket in tickets {
        name.update(ticket.content_hash());
        serde_json::to_writer(&mut lines, ticket)
            .map_err(|e| crate::PipelineError::Invalid(format!("encode ticket: {e}")))?;
        lines.push(b'\n');
    }
    let name: String = name.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
    match blobs.put(&names::tickets(stream, hour, &name), codec::compress(&lines)?, PutIf::Absent).await {
        // The same content landed before and was not confirmed.
        Ok(_) | Err(StoreError { kind: ErrorKind::AlreadyExists, .. }) => {}
        Err(error) => return Err(error.into()),
    }
    blobs.put(&names::dirty(stream, hour, &name), Vec::new(), PutIf::Always).await?;
    Ok(())
}
