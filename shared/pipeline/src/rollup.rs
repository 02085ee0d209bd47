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

/// The tickets of one hour, the latest version of each, in order of writing time.
pub async fn read_hour(blobs: &dyn BlobStore, stream: &str, hour: Hour) -> Result<Vec<Ticket>> {
    let mut tickets = Vec::new();
    for key in blobs.list(&names::tickets_prefix(stream, hour)).await? {
        let bytes = codec::decompress(&key, &blobs.get(&key).await?.bytes)?;
        for (n, line) in bytes.split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.is_empty()) {
            tickets.push(serde_json::from_slice(line).map_err(|e| PipelineError::Corrupt {
                key: key.clone(),
                reason: format!("line {}: {e}", n + 1),
            })?);
        }
    }
    Ok(latest_versions(tickets))
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
        let mut rollups = Vec::with_capacity(hours.len());
        for hour in hours.keys() {
            rollups.push(roll_hour(blobs, stream, *hour).await?);
        }
        update_day(blobs, stream, first_hour, &rollups).await?;
        for marker in hours.values().flatten() {
            blobs.delete(marker).await?;
        }
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
