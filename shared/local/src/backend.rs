//! A data folder and what it offers.

use crate::blobs::{FsBlobStore, create_folders, io_error};
use crate::database::Database;
use crate::{SqliteIncidentStore, SqliteQueue, SqliteReportStore, SqliteTicketIndex};
use domain::StoreResult;
use std::path::Path;
use std::sync::Arc;

/// What a write that returned has survived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however it ends: the operating system has the data. A loss of power may lose the
    /// last seconds and damage the database. For replays and tests, which can start over.
    #[default]
    Process,
    /// A loss of power too: files, folders and the database's log are flushed before a call returns. Costs one to
    /// several flushes of the disk per write.
    Disk,
}

/// Every port of one data folder.
pub struct LocalBackend {
    /// Objects, in `objects/`.
    pub blobs: FsBlobStore,
    /// Identities of tickets.
    pub tickets: SqliteTicketIndex,
    /// Incident revisions to diagnose.
    pub queue: SqliteQueue,
    /// Incidents.
    pub incidents: SqliteIncidentStore,
    /// Reports.
    pub reports: SqliteReportStore,
}

impl LocalBackend {
    /// Opens the data folder `dir` with [`Durability::Process`]; see [`LocalBackend::open_with`].
    pub fn open(dir: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(dir, Durability::Process)
    }

    /// Opens the data folder `dir`, and creates what is missing of it.
    ///
    /// Fails with `Unavailable` when the folder cannot be created or written, and with `Corrupt` when
    /// `anomalyze.db` is damaged, is no database, belongs to another program or has another schema version; it is
    /// left untouched then.
    pub fn open_with(dir: impl AsRef<Path>, durability: Durability) -> StoreResult<Self> {
        let dir = dir.as_ref();
        create_folders(dir, durability).map_err(|error| io_error("open the data folder", dir, error))?;
        let blobs = FsBlobStore::open_with(dir.join("objects"), durability)?;
        let database = {
            // Two processes that create the database at once would find it locked.
            let _held = blobs.lock()?;
            Arc::new(Database::open(&dir.join("anomalyze.db"), durability)?)
        };
        Ok(Self {
            blobs,
            tickets: SqliteTicketIndex::new(database.clone()),
            queue: SqliteQueue::new(database.clone()),
            incidents: SqliteIncidentStore::new(database.clone()),
            reports: SqliteReportStore::new(database),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;

    #[test]
    fn a_file_in_the_folders_place_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        std::fs::write(&path, "x").unwrap();
        let error = LocalBackend::open(&path).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains("data\""), "{error}");
    }

    #[test]
    fn a_folder_can_be_opened_twice() {
        let dir = tempfile::tempdir().unwrap();
        let first = LocalBackend::open_with(dir.path(), Durability::Disk).unwrap();
        let second = LocalBackend::open(dir.path()).unwrap();
        drop((first, second));
    }
}
