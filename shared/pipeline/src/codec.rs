//! JSON and NDJSON under zstd: how every object is stored.

use crate::{PipelineError, Result};
use domain::ports::{BlobStore, PutIf};
use domain::{ErrorKind, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Level 1: objects are small and rewritten often; level 3 saves 4 % of their size at twice the time.
const LEVEL: i32 = 1;
/// No object of ours decompresses to more: guards against a crafted one.
const MAX_DECODED: usize = 1 << 30;

pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    // With a checksum: a flipped bit is an error, not another ticket.
    let compress = || {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        compressor.compress(bytes)
    };
    compress().map_err(|e: std::io::Error| PipelineError::Invalid(format!("compress object: {e}")))
}

pub(crate) fn decompress(key: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let corrupt = |reason: String| PipelineError::Corrupt {
        key: key.to_owned(),
        reason: format!("bad zstd: {reason}"),
    };
    let size = zstd::bulk::Decompressor::upper_bound(bytes).unwrap_or(MAX_DECODED).min(MAX_DECODED);
    zstd::bulk::decompress(bytes, size).map_err(|e| corrupt(e.to_string()))
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let json =
        serde_json::to_vec(value).map_err(|e| PipelineError::Invalid(format!("encode object: {e}")))?;
    compress(&json)
}

pub(crate) fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(&decompress(key, bytes)?)
        .map_err(|e| PipelineError::Corrupt { key: key.to_owned(), reason: e.to_string() })
}

/// The decoded object and its version; `None` when there is none.
pub(crate) async fn load<T: DeserializeOwned>(
    blobs: &dyn BlobStore,
    key: &str,
) -> Result<Option<(T, String)>> {
    match blobs.get(key).await {
        Ok(blob) => Ok(Some((decode(key, &blob.bytes)?, blob.etag))),
        Err(StoreError { kind: ErrorKind::NotFound, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Replaces the version that was read (or puts the first); `None` when somebody else was faster.
pub(crate) async fn replace<T: Serialize>(
    blobs: &dyn BlobStore,
    key: &str,
    value: &T,
    read: Option<String>,
) -> Result<Option<String>> {
    match blobs.put(key, encode(value)?, read.map_or(PutIf::Absent, PutIf::Match)).await {
        Ok(etag) => Ok(Some(etag)),
        Err(StoreError { kind: ErrorKind::Precondition | ErrorKind::AlreadyExists, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Times a read-change-replace is tried before it is called contended.
pub(crate) const REPLACE_TRIES: usize = 5;

/// Calls in flight at once: an object store answers in some 20 ms, so that the 672 rollups of four weeks, one after
/// the other, take 13 s and so many at once 0.4 s. More gain little and fill the memory with answers.
pub(crate) const AT_ONCE: usize = 32;
/// Hours in flight at once, each with calls of its own and all its tickets in memory.
pub(crate) const HOURS_AT_ONCE: usize = 8;

/// Awaits `calls`, at most `limit` at once; the results in the order of the calls.
pub(crate) async fn in_order<T, E>(
    limit: usize,
    calls: Vec<impl Future<Output = std::result::Result<T, E>>>,
) -> std::result::Result<Vec<T>, E> {
    stream::iter(calls).buffered(limit).try_collect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let text: Vec<u8> = (0..2_000u32).flat_map(|i| (i * 7919).to_string().into_bytes()).collect();
        let stored = compress(&text).unwrap();
        assert_eq!(decompress("k", &stored).unwrap(), text);
        for bit in (0..stored.len() * 8).step_by(37) {
            let mut damaged = stored.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decompress("k", &damaged).map_or(true, |read| read == text), "bit {bit}");
        }
    }
}
