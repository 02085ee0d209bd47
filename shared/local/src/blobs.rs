//! Objects as files: the key is the path.
//!
//! Beside the objects the root holds `.staging/`, where objects are written before they are renamed into place, and
//! `.lock`, which makes condition and rename one step for every thread and process. Nothing else may write below
//! the root; names that begin with a dot and links are not objects.

use crate::Durability;
use async_trait::async_trait;
use domain::key::{check_key, check_part, check_prefix, split_prefix};
use domain::ports::{Blob, BlobStore, PutIf};
use domain::{ErrorKind, StoreError, StoreResult};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Age at which an unfinished file cannot belong to a put that still runs.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A [`BlobStore`] on a folder of a local disk.
///
/// Versions are content hashes (128 bits of SHA-256), so that equal content has an equal version. No key may be both
/// an object and the folder of others: such a put is `Invalid`. Folders stay when their last object goes.
pub struct FsBlobStore {
    root: PathBuf,
    staging: PathBuf,
    lock: Mutex<File>,
    staged: AtomicU64,
    durability: Durability,
}

/// Exclusive right to change objects, over threads and processes.
pub(crate) struct WriteLock<'a>(MutexGuard<'a, File>);

impl Drop for WriteLock<'_> {
    fn drop(&mut self) {
        // An unlock cannot fail on a file that was locked; closing the file would release it too.
        let _ = self.0.unlock();
    }
}

/// A file that goes away unless it is renamed into place.
struct Staged {
    path: PathBuf,
    placed: bool,
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            // What stays behind is swept by a later open.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl FsBlobStore {
    /// Opens the store below `root` with [`Durability::Process`]; see [`FsBlobStore::open_with`].
    pub fn open(root: PathBuf) -> StoreResult<Self> {
        Self::open_with(root, Durability::Process)
    }

    /// Opens the store below `root`, creates the folder when it is missing, and sweeps what puts that were killed
    /// more than an hour ago left behind. Fails with `Unavailable` when the folder cannot be written.
    pub fn open_with(root: PathBuf, durability: Durability) -> StoreResult<Self> {
        let staging = root.join(".staging");
        let open = || {
            create_folders(&staging, durability)?;
            let lock =
                OpenOptions::new().create(true).truncate(false).write(true).open(root.join(".lock"))?;
            Ok(lock)
        };
        let lock = open().map_err(|error| io_error("open the object store", &root, error))?;
        let store = Self { root, staging, lock: Mutex::new(lock), staged: AtomicU64::new(0), durability };
        store.sweep().map_err(|error| io_error("sweep unfinished files", &store.staging, error))?;
        Ok(store)
    }

    /// Waits for the right to change objects; it ends with the returned value, and with the process.
    pub(crate) fn lock(&self) -> StoreResult<WriteLock<'_>> {
        let file = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match file.lock() {
                Ok(()) => return Ok(WriteLock(file)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io_error("lock the object store", &self.root, error)),
            }
        }
    }

    /// Removes unfinished files that are old by the file system's own clock, which no other clock need agree with.
    fn sweep(&self) -> io::Result<()> {
        let probe = self.stage(&[])?;
        let now = fs::metadata(&probe.path)?.modified()?;
        for entry in fs::read_dir(&self.staging)? {
            let entry = entry?;
            // Whatever vanishes meanwhile has been finished or swept by someone else.
            let Ok(modified) = entry.metadata().and_then(|m| m.modified()) else { continue };
            if now.duration_since(modified).is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Writes a new file that no key names.
    fn stage(&self, bytes: &[u8]) -> io::Result<Staged> {
        loop {
            // The number alone could be in use by another process, or by an earlier one of the same id.
            let number = self.staged.fetch_add(1, Ordering::Relaxed);
            let path = self.staging.join(format!("{}-{number}", std::process::id()));
            let mut file = match OpenOptions::new().create_new(true).write(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let staged = Staged { path, placed: false };
            file.write_all(bytes)?;
            if self.durability == Durability::Disk {
                file.sync_all()?;
            }
            return Ok(staged);
        }
    }

    /// Renames a staged file into place, making the folders it needs.
    fn place(&self, mut staged: Staged, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        if let Err(error) = fs::rename(&staged.path, path) {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            create_folders(folder, self.durability)?;
            fs::rename(&staged.path, path)?;
        }
        staged.placed = true;
        if self.durability == Durability::Disk { sync_folder(folder) } else { Ok(()) }
    }

    /// The version stored at `path`, if there is one.
    fn version(&self, path: &Path) -> io::Result<Option<String>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(etag(&bytes))),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn check(&self, key: &str, path: &Path, condition: &PutIf) -> StoreResult<()> {
        let failed = |error| self.error("put object", key, error);
        match condition {
            PutIf::Always => Ok(()),
            PutIf::Absent => match fs::symlink_metadata(path) {
                // A folder is not an object; the rename will say that it is in the way.
                Ok(found) if !found.is_dir() => Err(StoreError::new(
                    ErrorKind::AlreadyExists,
                    format!("put object {key:?}: it exists already"),
                )),
                Ok(_) => Ok(()),
                Err(error) if is_absence(&error) => Ok(()),
                Err(error) => Err(failed(error)),
            },
            PutIf::Match(expected) => match self.version(path).map_err(failed)? {
                Some(found) if found == *expected => Ok(()),
                found => Err(StoreError::new(
                    ErrorKind::Precondition,
                    format!(
                        "put object {key:?}: expected version {expected:?}, found {}",
                        found.as_deref().unwrap_or("none")
                    ),
                )),
            },
        }
    }

    fn put_file(&self, key: &str, bytes: &[u8], condition: &PutIf) -> StoreResult<String> {
        check_key(key)?;
        let path = self.root.join(key);
        let failed = |error| self.error("put object", key, error);
        let staged = self.stage(bytes).map_err(failed)?;
        // Unconditional puts take the lock too, else one could fall between another's comparison and its rename.
        let _held = self.lock()?;
        self.check(key, &path, condition)?;
        self.place(staged, &path).map_err(failed)?;
        Ok(etag(bytes))
    }

    fn delete_file(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Ok(()) if self.durability == Durability::Disk => sync_folder(path.parent().unwrap_or(&self.root)),
            Ok(()) => Ok(()),
            Err(error) if is_absence(&error) || path.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The keys that begin with `prefix`, from the deepest folder it names downwards.
    fn keys(&self, prefix: &str) -> io::Result<Vec<String>> {
        let (folder, beginning) = split_prefix(prefix);
        let mut beginning = beginning;
        let mut folders = vec![folder.to_owned()];
        let mut keys = Vec::new();
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if is_absence(&error) => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name();
                let Some(name) = name.to_str().filter(|n| n.starts_with(beginning) && check_part(n).is_ok())
                else {
                    continue;
                };
                let key = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(key);
                } else if kind.is_file() {
                    keys.push(key);
                }
            }
            beginning = "";
        }
        keys.sort_unstable();
        Ok(keys)
    }

    fn error(&self, action: &str, key: &str, error: io::Error) -> StoreError {
        io_error(&format!("{action} {key:?}"), &self.root, error)
    }
}

#[async_trait]
impl BlobStore for FsBlobStore {
    async fn get(&self, key: &str) -> StoreResult<Blob> {
        check_key(key)?;
        match fs::read(self.root.join(key)) {
            Ok(bytes) => Ok(Blob { etag: etag(&bytes), bytes }),
            Err(error) if is_absence(&error) => Err(StoreError::new(
                ErrorKind::NotFound,
                format!("get object {key:?}: nothing is stored under that key"),
            )),
            Err(error) => Err(self.error("get object", key, error)),
        }
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String> {
        self.put_file(key, &bytes, &condition)
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>> {
        check_prefix(prefix)?;
        self.keys(prefix).map_err(|error| self.error("list objects", prefix, error))
    }

    async fn delete(&self, key: &str) -> StoreResult<()> {
        check_key(key)?;
        let _held = self.lock()?;
        self.delete_file(&self.root.join(key)).map_err(|error| self.error("delete object", key, error))
    }
}

fn etag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut number = [0; 16];
    number.copy_from_slice(&digest[..16]);
    format!("{:032x}", u128::from_be_bytes(number))
}

/// Whether the error says that no object is there: nothing at all, a folder, or an object where a folder would be.
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | IsADirectory | NotADirectory)
}

/// Creates `folder` and what is missing above it; with [`Durability::Disk`] so that it survives a loss of power.
pub(crate) fn create_folders(folder: &Path, durability: Durability) -> io::Result<()> {
    if durability == Durability::Process || folder.is_dir() {
        return fs::create_dir_all(folder);
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folders(parent, durability)?;
    fs::create_dir_all(folder)?;
    sync_folder(parent)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The port's error for a failure of the file system at or below `place`.
pub(crate) fn io_error(action: &str, place: &Path, error: io::Error) -> StoreError {
    use io::ErrorKind as Io;
    let (kind, advice) = match error.kind() {
        Io::StorageFull | Io::QuotaExceeded => {
            (ErrorKind::Unavailable, format!("disk is full: free space under {place:?}"))
        }
        Io::PermissionDenied | Io::ReadOnlyFilesystem => {
            (ErrorKind::Unavailable, format!("no permission: let this user read and write {place:?}"))
        }
        Io::AlreadyExists | Io::NotADirectory | Io::IsADirectory | Io::DirectoryNotEmpty => (
            ErrorKind::Invalid,
            format!(
                "a file stands where a folder must be, or a folder where a file must be, under {place:?}"
            ),
        ),
        Io::InvalidFilename => {
            (ErrorKind::Invalid, format!("the file system below {place:?} refuses the name"))
        }
        _ => (ErrorKind::Unavailable, format!("the file system failed under {place:?}")),
    };
    StoreError::with_source(kind, format!("{action}: {advice}"), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn open() -> (tempfile::TempDir, FsBlobStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = FsBlobStore::open(dir.path().join("objects")).unwrap();
        (dir, store)
    }

    fn put(store: &FsBlobStore, key: &str) -> StoreResult<String> {
        store.put_file(key, b"content", &PutIf::Always)
    }

    #[test]
    fn unfinished_files_are_no_objects_and_are_swept_when_they_are_old() {
        let (_dir, store) = open();
        put(&store, "a/b").unwrap();
        let (old, young) = (store.staging.join("1-1"), store.staging.join("2-2"));
        for (path, age) in [(&old, ABANDONED * 2), (&young, ABANDONED / 2)] {
            let file = File::create(path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        let store = FsBlobStore::open(store.root.clone()).unwrap();
        assert_eq!(store.keys("").unwrap(), ["a/b"]);
        assert!(!old.exists(), "a file that no put can be writing any more goes");
        assert!(young.exists(), "another process may be writing it");
        assert_eq!(fs::read_dir(&store.staging).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_name_that_another_process_stages_under_is_left_alone() {
        let (_dir, store) = open();
        let next = store.staged.load(Ordering::Relaxed);
        let taken = store.staging.join(format!("{}-{next}", std::process::id()));
        fs::write(&taken, "another's").unwrap();
        put(&store, "a").unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"another's");
        assert_eq!(fs::read(store.root.join("a")).unwrap(), b"content");
    }

    #[test]
    fn a_key_that_is_a_folder_of_others_is_refused() {
        let (_dir, store) = open();
        put(&store, "a/b").unwrap();
        for (key, condition) in [("a", PutIf::Always), ("a", PutIf::Absent), ("a/b/c", PutIf::Always)] {
            let error = store.put_file(key, b"x", &condition).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Invalid, "{key}: {error}");
            assert!(error.message.contains("a file stands where a folder must be"), "{error}");
        }
        assert_eq!(store.keys("").unwrap(), ["a/b"]);
        assert_eq!(
            fs::read_dir(&store.staging).unwrap().count(),
            0,
            "a put that failed leaves nothing behind"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_no_objects() {
        let (dir, store) = open();
        put(&store, "a/b").unwrap();
        std::os::unix::fs::symlink(dir.path(), store.root.join("a/link")).unwrap();
        assert_eq!(store.keys("a/").unwrap(), ["a/b"]);
    }

    #[test]
    fn an_error_says_where_and_what_to_do() {
        let say = |kind: io::ErrorKind| io_error("put object \"k\"", Path::new("/data"), kind.into());
        let full = say(io::ErrorKind::StorageFull);
        assert_eq!(full.kind, ErrorKind::Unavailable);
        assert_eq!(full.message, "put object \"k\": disk is full: free space under \"/data\"");
        let denied = say(io::ErrorKind::PermissionDenied);
        assert_eq!(denied.kind, ErrorKind::Unavailable);
        assert!(denied.message.contains("let this user read and write \"/data\""), "{denied}");
    }
}
