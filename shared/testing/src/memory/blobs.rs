//! Objects in a map.

use super::{error, lock};
use async_trait::async_trait;
use domain::key::{check_key, check_prefix};
use domain::ports::{Blob, BlobStore, PutIf};
use domain::{ErrorKind, StoreResult};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Mutex;

/// A [`BlobStore`] in memory. As strict as the strictest backend: what cannot be a file is refused here too, and no
/// key may be both an object and the folder of others. Versions are hashes of the content.
#[derive(Default)]
pub struct MemoryBlobStore {
    blobs: Mutex<BTreeMap<String, Blob>>,
}

#[async_trait]
impl BlobStore for MemoryBlobStore {
    async fn get(&self, key: &str) -> StoreResult<Blob> {
        check_key(key)?;
        let blob = lock(&self.blobs).get(key).cloned();
        blob.ok_or_else(|| {
            error(ErrorKind::NotFound, format!("get object {key:?}: nothing is stored under that key"))
        })
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String> {
        check_key(key)?;
        let mut blobs = lock(&self.blobs);
        let found = blobs.get(key);
        match &condition {
            PutIf::Absent if found.is_some() => {
                return Err(error(
                    ErrorKind::AlreadyExists,
                    format!("put object {key:?}: it exists already"),
                ));
            }
            PutIf::Match(expected) if found.is_none_or(|blob| blob.etag != *expected) => {
                let message =
                    format!("put object {key:?}: expected version {expected:?}, found another or none");
                return Err(error(ErrorKind::Precondition, message));
            }
            _ => {}
        }
        if in_the_way(&blobs, key) {
            return Err(error(
                ErrorKind::Invalid,
                format!("put object {key:?}: an object lies where a folder must be"),
            ));
        }
        let etag = etag(&bytes);
        blobs.insert(key.to_owned(), Blob { bytes, etag: etag.clone() });
        Ok(etag)
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>> {
        check_prefix(prefix)?;
        let blobs = lock(&self.blobs);
        let from = blobs.range(prefix.to_owned()..);
        Ok(from.map(|(key, _)| key).take_while(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> StoreResult<()> {
        check_key(key)?;
        lock(&self.blobs).remove(key);
        Ok(())
    }
}

fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
}

/// Whether a folder above `key` is an object, or `key` is a folder above an object.
fn in_the_way(blobs: &BTreeMap<String, Blob>, key: &str) -> bool {
    let above = key.match_indices('/').any(|(end, _)| blobs.contains_key(&key[..end]));
    let folder = format!("{key}/");
    let below = blobs.range(folder.clone()..).next().is_some_and(|(other, _)| other.starts_with(&folder));
    above || below
}
