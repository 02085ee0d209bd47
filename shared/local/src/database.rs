//! The SQLite database that four of the ports share.

use crate::Durability;
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Marks the file as ours: "ANOM" in ASCII (<https://www.sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION_ID: i32 = 0x414E_4F4D;
/// Format version of the tables; raised with every change to `schema.sql`.
const SCHEMA_VERSION: i32 = 1;
/// How long a call waits for another process' transaction; the longest of ours, a large batch of tickets, takes
/// about a second.
const BUSY: Duration = Duration::from_secs(10);
/// Page cache in KiB. Identities arrive in no order: what fits here needs no second visit to the file.
const CACHE_KIB: i32 = 64 * 1024;
/// Pages of 4 KiB that the log gathers before they are written into the database: a page that many batches of
/// tickets change is then written once.
const CHECKPOINT_PAGES: i32 = 16 * 1024;

/// A failure inside a transaction: the database's own, or one that a port has worded already.
pub(crate) enum Failure {
    /// SQLite's.
    Sqlite(rusqlite::Error),
    /// A port's.
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One connection, used by one call at a time. Other processes may have theirs.
pub(crate) struct Database {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl Database {
    /// Opens the database at `path`, or creates it. `Corrupt` when the file is anything but a database of this
    /// program and [`SCHEMA_VERSION`]; nothing is written to it then.
    pub(crate) fn open(path: &Path, durability: Durability) -> StoreResult<Self> {
        let failed = |failure| store_error("open the database", path, failure);
        // Without SQLITE_OPEN_URI: a path is a path, even if it begins with "file:".
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let mut connection =
            Connection::open_with_flags(path, flags).map_err(|error| failed(error.into()))?;
        prepare(&mut connection, path, durability).map_err(failed)?;
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }

    /// Runs `work` in one write transaction: all of it happens, or on an error nothing.
    pub(crate) fn write<T>(
        &self,
        action: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> StoreResult<T> {
        let mut connection = self.connection();
        let run = || {
            // A transaction that began by reading could not wait for another process before it writes.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|failure| store_error(action, &self.path, failure))
    }

    /// Runs `work`, which does not write.
    pub(crate) fn read<T>(
        &self,
        action: &str,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> StoreResult<T> {
        work(&self.connection()).map_err(|failure| store_error(action, &self.path, failure))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a call has rolled its transaction back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: &mut Connection, path: &Path, durability: Durability) -> Result<(), Failure> {
    connection.busy_timeout(BUSY)?;
    create_or_check(connection, path)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::Store(StoreError::new(
            ErrorKind::Unavailable,
            format!(
                "open the database: no write-ahead log is possible at {path:?} (mode {mode}); use a folder on a local disk"
            ),
        )));
    }
    let synchronous = match durability {
        Durability::Process => "OFF",
        Durability::Disk => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn create_or_check(connection: &mut Connection, path: &Path) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |sql| transaction.query_row(sql, [], |row| row.get::<_, i32>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let refusal = match (application, version, tables) {
        (0, 0, 0) => {
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
            return Ok(());
        }
        (APPLICATION_ID, SCHEMA_VERSION, _) => return Ok(()),
        (APPLICATION_ID, newer, _) if newer > SCHEMA_VERSION => format!(
            "{path:?} has schema version {newer} and this program reads {SCHEMA_VERSION}; use a newer release of it"
        ),
        (APPLICATION_ID, other, _) => format!(
            "{path:?} has the unknown schema version {other} and this program reads {SCHEMA_VERSION}; use another data folder"
        ),
        _ => format!("{path:?} belongs to another program; use another data folder"),
    };
    Err(Failure::Store(StoreError::new(ErrorKind::Corrupt, format!("open the database: {refusal}"))))
}

fn store_error(action: &str, path: &Path, failure: Failure) -> StoreError {
    let error = match failure {
        Failure::Store(error) => return error,
        Failure::Sqlite(error) => error,
    };
    let (kind, advice) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            let folder = path.parent().unwrap_or(path);
            (ErrorKind::Unavailable, format!("disk is full: free space under {folder:?}"))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => (
            ErrorKind::Unavailable,
            format!("another process keeps {path:?} busy: let it finish, then try again"),
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => (
            ErrorKind::Unavailable,
            format!("no permission: let this user read and write {path:?} and its folder"),
        ),
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Corrupt, format!("{path:?} is no database: restore it, or use another data folder"))
        }
        Some(ErrorCode::DatabaseCorrupt) | None => (
            ErrorKind::Corrupt,
            format!("{path:?} is damaged: restore it, or import again into another data folder"),
        ),
        Some(ErrorCode::TooBig) => {
            (ErrorKind::Invalid, "a value is larger than the database takes".to_owned())
        }
        Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
            (ErrorKind::Corrupt, format!("the tables of {path:?} are not as this program made them"))
        }
        Some(_) => (ErrorKind::Unavailable, format!("the database failed at {path:?}")),
    };
    StoreError::with_source(kind, format!("{action}: {advice}"), error)
}

/// Nanoseconds since the epoch, for comparisons: clamped to the years 1677–2262, and never `i64::MIN`.
pub(crate) fn nanos(at: Timestamp) -> i64 {
    clamp_nanos(at.as_nanosecond())
}

/// As [`nanos`], of a number.
pub(crate) fn clamp_nanos(nanos: i128) -> i64 {
    nanos.clamp(i128::from(i64::MIN + 1), i128::from(i64::MAX)) as i64
}

/// A body to store. Serialising fails on no value of ours; if it does, the value is `Invalid`.
pub(crate) fn encode<T: Serialize>(action: &str, value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| {
        StoreError::with_source(ErrorKind::Invalid, format!("{action}: it has no JSON form"), error)
    })
}

#[derive(Deserialize)]
struct Header {
    #[serde(alias = "schema_version")]
    version: u32,
}

/// A stored body of format `version`; `Corrupt` when it is of another, or no such body.
pub(crate) fn decode<T: DeserializeOwned>(action: &str, body: &str, version: u32) -> StoreResult<T> {
    let header: Header = decode_unversioned(action, body)?;
    if header.version != version {
        return Err(StoreError::new(
            ErrorKind::Corrupt,
            format!("{action}: it is stored in format {} and this program reads {version}", header.version),
        ));
    }
    decode_unversioned(action, body)
}

/// A stored body whose format is that of the tables.
pub(crate) fn decode_unversioned<T: DeserializeOwned>(action: &str, body: &str) -> StoreResult<T> {
    serde_json::from_str(body).map_err(|error| {
        StoreError::with_source(ErrorKind::Corrupt, format!("{action}: what is stored cannot be read"), error)
    })
}

/// Refuses, as `Invalid`, to store a body that [`decode`] would refuse.
pub(crate) fn check_version(action: &str, found: u32, expected: u32) -> StoreResult<()> {
    if found == expected {
        return Ok(());
    }
    Err(StoreError::new(
        ErrorKind::Invalid,
        format!("{action}: it says format {found} and this program writes {expected}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> StoreResult<Database> {
        Database::open(path, Durability::Process)
    }

    fn refused(path: &Path) -> StoreError {
        let before = std::fs::read(path).unwrap();
        let error = open(path).err().expect("the file is refused");
        assert_eq!(std::fs::read(path).unwrap(), before, "a refused file is left as it was");
        error
    }

    #[test]
    fn what_is_no_database_of_ours_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anomalyze.db");

        std::fs::write(&path, "this is a letter, not a database\n".repeat(200)).unwrap();
        let error = refused(&path);
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(error.message.contains("is no database"), "{error}");

        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE letters (text TEXT)").unwrap();
        let error = refused(&path);
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(error.message.contains("another program"), "{error}");
    }

    #[test]
    fn another_schema_version_is_refused() {
        for (version, advice) in [(SCHEMA_VERSION + 1, "newer release"), (0, "unknown schema version 0")] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("anomalyze.db");
            drop(open(&path).unwrap());
            Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
            let error = refused(&path);
            assert_eq!(error.kind, ErrorKind::Corrupt);
            assert!(error.message.contains(advice), "{error}");
        }
    }

    #[test]
    fn a_truncated_database_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anomalyze.db");
        drop(open(&path).unwrap());
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(5000).unwrap();
        let error = refused(&path);
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(error.message.contains("is damaged"), "{error}");
    }

    #[test]
    fn a_full_disk_says_where_to_free_space() {
        let dir = tempfile::tempdir().unwrap();
        let database = open(&dir.path().join("anomalyze.db")).unwrap();
        let fill = |transaction: &Transaction<'_>| {
            let pages: i64 = transaction.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            transaction.pragma_update(None, "max_page_count", pages)?;
            transaction.execute("INSERT INTO queue (body) VALUES (hex(zeroblob(100000)))", [])?;
            Ok(())
        };
        let error = database.write("send a message", fill).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.starts_with("send a message: disk is full: free space under"), "{error}");
        let count =
            |c: &Connection| Ok(c.query_row("SELECT count(*) FROM queue", [], |row| row.get::<_, i64>(0))?);
        assert_eq!(database.read("count", count).unwrap(), 0);
    }

    #[test]
    fn a_foreign_version_is_corrupt_even_when_the_rest_cannot_be_read() {
        let error = decode::<Vec<u8>>("get x", r#"{"version":9,"new":true}"#, 1).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(error.message.contains("format 9"), "{error}");
        let error = decode::<Vec<u8>>("get x", r#"{"schema_version":1}"#, 1).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
    }

    #[test]
    fn times_are_ordered_and_clamped() {
        assert!(nanos(Timestamp::MIN) > i64::MIN);
        assert!(nanos(Timestamp::MIN) < nanos(Timestamp::UNIX_EPOCH));
        assert_eq!(nanos(Timestamp::MAX), i64::MAX);
    }
}
