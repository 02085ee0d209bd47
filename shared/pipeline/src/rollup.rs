//! Changed hours into counts: reads the tickets of an hour, writes its rollup and its line in the day's volumes.

use crate::codec::{self, REPLACE_TRIES};
use crate::{PipelineError, Result};
use domain::names;
use domain::ports::BlobStore;
use domain::rollup::{DayVolume, HourRollup, ROLLUP_VERSION, latest_versions};
use domain::ticket::Ticket;
use domain::time::Hour;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A listing this long may have been read in several parts (S3: of 1,000 keys; a directory: of 32 kB), between which
/// objects may have come and gone.
const ONE_PART: usize = 200;

/// The tickets of one hour, the latest version of each, in order of writing time.
pub async fn read_hour(blobs: &dyn BlobStore, stream: &str, hour: Hour) -> Result<Vec<Ticket>> {
    let objects = read_objects(blobs, stream, hour).await?;
    Ok(latest_versions(objects.into_iter().flat_map(|(_, tickets)| tickets).collect()))
}

/// The objects of one hour with their tickets, in order of their keys.
///
/// What is listed and gone when it is read has been merged beside us (see [`crate::compact`]): listed again.
pub(crate) async fn read_objects(
    blobs: &dyn BlobStore,
    stream: &str,
    hour: Hour,
) -> Result<Vec<(String, Vec<Ticket>)>> {
    let prefix = names::tickets_prefix(stream, hour);
    for _ in 0..REPLACE_TRIES {
        let keys = blobs.list(&prefix).await?;
        let reads = keys.iter().map(|key| read_object(blobs, key)).collect();
        match codec::in_order(codec::AT_ONCE, reads).await {
            Ok(_) if keys.len() >= ONE_PART && blobs.list(&prefix).await? != keys => {}
            Ok(tickets) => return Ok(keys.into_iter().zip(tickets).collect()),
            Err(PipelineError::Store(error)) if error.kind == domain::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(PipelineError::Contended(prefix))
}

async fn read_object(blobs: &dyn BlobStore, key: &str) -> Result<Vec<Ticket>> {
    let bytes = codec::decompress(key, &blobs.get(key).await?.bytes)?;
    let lines = bytes.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(n, line)| {
            serde_json::from_slice(line).map_err(|e| PipelineError::Corrupt {
                key: key.to_owned(),
                reason: format!("line {}: {e}", n + 1),
            })
        })
        .collect()
}

/// Rolls every marked hour that has begun by `now`; returns the hours, in order.
///
/// A marker is deleted after the counts that it asked for are stored: stopped in between, the hour is rolled again.
pub async fn roll_dirty_hours(blobs: &dyn BlobStore, stream: &str, now: Timestamp) -> Result<Vec<Hour>> {
    let mut days: BTreeMap<Hour, BTreeMap<Hour, Vec<String>>> = BTreeMap::new();
    for key in blobs.list(&names::dirty_prefix(stream)).await? {
        let Some(hour) = names::dirty_hour(stream, &key) else {
            return Err(PipelineError::Corrupt { key, reason: "not the name of a dirty hour".into() });
        };
        if hour.start() < now {
            days.entry(DayVolume::first_hour_of(hour)).or_default().entry(hour).or_default().push(key);
        }
    }
    let mut rolled = Vec::new();
    for (first_hour, hours) in days {
        let rolls = hours.keys().map(|hour| roll_hour(blobs, stream, *hour)).collect();
        let rollups = codec::in_order(codec::HOURS_AT_ONCE, rolls).await?;
        update_day(blobs, stream, first_hour, &rollups).await?;
        let deletes = hours.values().flatten().map(|marker| blobs.delete(marker)).collect();
        codec::in_order(codec::AT_ONCE, deletes).await?;
        rolled.extend(hours.into_keys());
    }
    Ok(rolled)
}

async fn roll_hour(blobs: &dyn BlobStore, stream: &str, hour: Hour) -> Result<HourRollup> {
    let key = names::hour_rollup(stream, hour);
    for _ in 0..REPLACE_TRIES {
        let read = match blobs.get(&key).await {
            Ok(blob) => Some(blob.etag),
            Err(error) if error.kind == domain::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        // Read after the version: whoever replaces it in between has seen at most these tickets, and loses.
        let tickets = read_hour(blobs, stream, hour).await?;
        let rollup = HourRollup::build(hour, &tickets, |t| text::terms(&text::redact_ticket(t)));
        if codec::replace(blobs, &key, &rollup, read).await?.is_some() {
            return Ok(rollup);
        }
    }
    Err(PipelineError::Contended(key))
}

async fn update_day(
    blobs: &dyn BlobStore,
    stream: &str,
    first_hour: Hour,
    rollups: &[HourRollup],
) -> Result<()> {
    let key = names::day_volume(stream, first_hour);
    for _ in 0..REPLACE_TRIES {
        let (mut day, read) = match codec::load::<DayVolume>(blobs, &key).await? {
            Some((day, etag)) => (checked(&key, day)?, Some(etag)),
            None => (DayVolume::empty(first_hour), None),
        };
        rollups.iter().for_each(|rollup| day.replace(rollup));
        if codec::replace(blobs, &key, &day, read).await?.is_some() {
            return Ok(());
        }
    }
    Err(PipelineError::Contended(key))
}

/// The volumes of the UTC day that contains `hour`; an empty day when nothing landed.
pub async fn read_day(blobs: &dyn BlobStore, stream: &str, hour: Hour) -> Result<DayVolume> {
    let first_hour = DayVolume::first_hour_of(hour);
    let key = names::day_volume(stream, first_hour);
    match codec::load::<DayVolume>(blobs, &key).await? {
        Some((day, _)) => checked(&key, day),
        None => Ok(DayVolume::empty(first_hour)),
    }
}

/// The rollup of one hour; `None` when nothing landed.
pub async fn read_rollup(blobs: &dyn BlobStore, stream: &str, hour: Hour) -> Result<Option<HourRollup>> {
    let key = names::hour_rollup(stream, hour);
    match blobs.get(&key).await {
        Ok(blob) => Ok(Some(decode_rollup(&key, &blob.bytes)?)),
        Err(error) if error.kind == domain::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn decode_rollup(key: &str, bytes: &[u8]) -> Result<HourRollup> {
    let rollup: HourRollup = codec::decode(key, bytes)?;
    if rollup.version == ROLLUP_VERSION { Ok(rollup) } else { Err(foreign_version(key, rollup.version)) }
}

fn checked(key: &str, day: DayVolume) -> Result<DayVolume> {
    if day.version == ROLLUP_VERSION { Ok(day) } else { Err(foreign_version(key, day.version)) }
}

fn foreign_version(key: &str, version: u32) -> PipelineError {
    PipelineError::Corrupt {
        key: key.to_owned(),
        reason: format!("format version {version}, this program reads {ROLLUP_VERSION}"),
    }
}
