//! The ticket objects of an hour that is over into one: an hour into which batches came every minute is read with one
//! get instead of sixty.
//!
//! Nothing is lost and every reader sees the same tickets, whoever works on the hour at the same time:
//!
//! - The merged object holds the latest version of every ticket of the objects that were read, in one order, and is
//!   named after its content. It is put first; then exactly the objects that were read are deleted, except itself (an
//!   hour merged again may yield the very name of one of its parts). Stopped in between, some tickets lie there twice,
//!   which [`latest_versions`] undoes.
//! - A batch that lands meanwhile was not read, so it is not deleted.
//! - Two merges at once: an object is deleted only after another one that covers it was put. That one can in turn only
//!   go after one that covers both was put. Equal content has an equal name, so no two merged objects cover each
//!   other, and of every chain the last one stays.
//! - A delivery sent again after its object was merged away stores it again, marks the hour, and the hour is rolled to
//!   the same counts and merged to the same object.
//! - A reader that listed an object and does not find it lists again; one that finds all it listed has seen all that
//!   had landed when it listed.
//!
//! The hour is not marked: its tickets are the same, so its counts are.

use crate::rollup::read_objects;
use crate::{PipelineError, Result, codec};
use domain::ports::{BlobStore, PutIf};
use domain::rollup::latest_versions;
use domain::time::Hour;
use domain::{ErrorKind, StoreError, names};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Hours after its end at which an hour is merged: most late tickets have come by then.
const SETTLED_HOURS: i64 = 3;
/// Most hours that one run merges: bounds a run after a long pause or an import.
const MAX_HOURS: usize = 48;

/// The hours to merge after a run that followed the stream from `was` up to `upto`: those that have settled since, and
/// the settled ones among `rolled`. The latest [`MAX_HOURS`] of them; what is passed over stays in several objects
/// until a ticket comes late.
pub(crate) fn due(was: Option<Hour>, upto: Hour, rolled: &[Hour]) -> Vec<Hour> {
    let settled = upto.0 - SETTLED_HOURS;
    let first = was.map_or(settled, |was| was.0 - SETTLED_HOURS).max(settled - MAX_HOURS as i64);
    let late = rolled.iter().map(|hour| hour.0).filter(|hour| *hour < settled);
    let hours: BTreeSet<i64> = (first..settled).chain(late).collect();
    hours.into_iter().rev().take(MAX_HOURS).map(Hour).collect()
}

/// Merges the objects of each hour that has more than one; returns how many hours had.
pub async fn compact(blobs: &dyn BlobStore, stream: &str, hours: &[Hour]) -> Result<usize> {
    let merges = hours.iter().map(|hour| compact_hour(blobs, stream, *hour)).collect();
    let merged = codec::in_order(codec::HOURS_AT_ONCE, merges).await?;
    Ok(merged.into_iter().filter(|merged| *merged).count())
}

async fn compact_hour(blobs: &dyn BlobStore, stream: &str, hour: Hour) -> Result<bool> {
    if blobs.list(&names::tickets_prefix(stream, hour)).await?.len() < 2 {
        return Ok(false);
    }
    let (parts, tickets): (Vec<String>, Vec<_>) =
        read_objects(blobs, stream, hour).await?.into_iter().unzip();
    if parts.len() < 2 {
        return Ok(false);
    }
    let mut lines = Vec::new();
    for ticket in latest_versions(tickets.into_iter().flatten().collect()) {
        serde_json::to_writer(&mut lines, &ticket)
            .map_err(|e| PipelineError::Invalid(format!("encode ticket: {e}")))?;
        lines.push(b'\n');
    }
    let name: String = Sha256::digest(&lines).iter().take(16).map(|b| format!("{b:02x}")).collect();
    let merged = names::merged_tickets(stream, hour, &name);
    match blobs.put(&merged, codec::compress(&lines)?, PutIf::Absent).await {
        Ok(_) | Err(StoreError { kind: ErrorKind::AlreadyExists, .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let deletes = parts.iter().filter(|key| **key != merged).map(|key| blobs.delete(key)).collect();
    codec::in_order(codec::AT_ONCE, deletes).await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
