//! Incidents, one row per revision, and the leases on them.

use crate::database::{Database, Failure, check_version, decode, encode, nanos};
use async_trait::async_trait;
use domain::incident::{INCIDENT_VERSION, Incident, Status};
use domain::ports::IncidentStore;
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, params};
use std::sync::Arc;

/// An [`IncidentStore`] on the data folder's database.
pub struct SqliteIncidentStore {
    database: Arc<Database>,
}

impl SqliteIncidentStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    fn one(&self, what: &str, sql: &str, params: impl Params) -> StoreResult<Incident> {
        let action = format!("get {what}");
        self.database.read(&action, |connection| {
            let body: Option<String> =
                connection.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
            let body = body.ok_or_else(|| {
                StoreError::new(ErrorKind::NotFound, format!("{action}: no such incident revision is stored"))
            })?;
            Ok(decode(&action, &body, INCIDENT_VERSION)?)
        })
    }
}

#[async_trait]
impl IncidentStore for SqliteIncidentStore {
    async fn put_revision(&self, incident: &Incident) -> StoreResult<()> {
        let Incident { stream, id, revision, .. } = incident;
        let action = format!("put revision {revision} of incident {id:?}");
        check_version(&action, incident.version, INCIDENT_VERSION)?;
        let body = encode(&action, incident)?;
        self.database.write(&action, |transaction| {
            let latest = latest_revision(transaction, stream, id)?;
            if latest.checked_add(1) != Some(*revision) {
                let message = format!("{action}: the latest is {latest}");
                return Err(StoreError::new(ErrorKind::Precondition, message).into());
            }
            transaction
                .prepare_cached(
                    "UPDATE incidents SET latest = 0 WHERE stream = ?1 AND id = ?2 AND revision = ?3",
                )?
                .execute(params![stream, id, latest])?;
            transaction
                .prepare_cached(
                    "INSERT INTO incidents (stream, id, revision, status, opened_ns, decided_ns, latest, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)",
                )?
                .execute(params![
                    stream,
                    id,
                    revision,
                    incident.status.name(),
                    nanos(incident.opened_at),
                    nanos(incident.decided_at),
                    body
                ])?;
            Ok(())
        })
    }

    async fn get(&self, stream: &str, id: &str, revision: u32) -> StoreResult<Incident> {
        let sql = "SELECT body FROM incidents WHERE stream = ?1 AND id = ?2 AND revision = ?3";
        self.one(&format!("revision {revision} of incident {id:?}"), sql, params![stream, id, revision])
    }

    async fn latest(&self, stream: &str, id: &str) -> StoreResult<Incident> {
        let sql = "SELECT body FROM incidents WHERE stream = ?1 AND id = ?2 ORDER BY revision DESC LIMIT 1";
        self.one(&format!("incident {id:?}"), sql, params![stream, id])
    }

    async fn list(&self, stream: &str, status: Option<Status>) -> StoreResult<Vec<Incident>> {
        self.database.read("list incidents", |connection| match status {
            Some(status) => all(
                connection.prepare_cached(
                    "SELECT body FROM incidents WHERE latest AND stream = ?1 AND status = ?2
                     ORDER BY opened_ns DESC, id",
                )?,
                params![stream, status.name()],
            ),
            None => all(
                connection.prepare_cached(
                    "SELECT body FROM incidents WHERE latest AND stream = ?1 ORDER BY opened_ns DESC, id",
                )?,
                params![stream],
            ),
        })
    }

    async fn unannounced(&self, stream: &str) -> StoreResult<Vec<Incident>> {
        self.database.read("list incidents", |connection| {
            all(
                connection.prepare_cached(
                    "SELECT body FROM incidents WHERE NOT announced AND stream = ?1
                     ORDER BY decided_ns, id, revision",
                )?,
                params![stream],
            )
        })
    }

    async fn mark_announced(&self, stream: &str, id: &str, revision: u32) -> StoreResult<()> {
        let action = format!("mark revision {revision} of incident {id:?} announced");
        self.database.write(&action, |transaction| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE incidents SET announced = 1 WHERE stream = ?1 AND id = ?2 AND revision = ?3",
                )?
                .execute(params![stream, id, revision])?;
            if changed == 0 {
                return Err(
                    StoreError::new(ErrorKind::NotFound, format!("{action}: it is not stored")).into()
                );
            }
            Ok(())
        })
    }

    async fn acquire_lease(
        &self,
        stream: &str,
        id: &str,
        revision: u32,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool> {
        self.database.write("acquire a lease", |transaction| {
            let changed = transaction
                .prepare_cached(
                    "INSERT INTO leases (stream, id, revision, holder, until_ns) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET holder = excluded.holder, until_ns = excluded.until_ns
                     WHERE holder = excluded.holder OR until_ns <= ?6",
                )?
                .execute(params![stream, id, revision, holder, nanos(until), nanos(now)])?;
            Ok(changed == 1)
        })
    }

    async fn release_lease(&self, stream: &str, id: &str, revision: u32, holder: &str) -> StoreResult<()> {
        self.database.write("release a lease", |transaction| {
            transaction
                .prepare_cached(
                    "DELETE FROM leases WHERE stream = ?1 AND id = ?2 AND revision = ?3 AND holder = ?4",
                )?
                .execute(params![stream, id, revision, holder])?;
            Ok(())
        })
    }
}

/// The highest revision stored; 0 when there is none.
fn latest_revision(connection: &Connection, stream: &str, id: &str) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT coalesce(max(revision), 0) FROM incidents WHERE stream = ?1 AND id = ?2")?
        .query_row([stream, id], |row| row.get(0))
}

fn all(mut select: CachedStatement<'_>, params: impl Params) -> Result<Vec<Incident>, Failure> {
    let mut rows = select.query(params)?;
    let mut incidents = Vec::new();
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        incidents.push(decode("list incidents", &body, INCIDENT_VERSION)?);
    }
    Ok(incidents)
}

#[cfg(test)]
mod tests {
    use crate::LocalBackend;
    use domain::ErrorKind;
    use domain::ports::IncidentStore;
    use jiff::Timestamp;

    #[tokio::test]
    async fn a_body_of_another_format_is_corrupt() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalBackend::open(dir.path()).unwrap().incidents;
        let incident = testing::incident("default", Timestamp::UNIX_EPOCH);
        store.put_revision(&incident).await.unwrap();
        for body in ["{\"version\":2}", "{\"version\":1}", "{}", ""] {
            let replace = |transaction: &rusqlite::Transaction<'_>| {
                Ok(transaction.execute("UPDATE incidents SET body = ?1", [body])?)
            };
            store.database.write("replace", replace).unwrap();
            for found in [
                store.latest("default", &incident.id).await.map(|_| ()),
                store.unannounced("default").await.map(|_| ()),
            ] {
                assert_eq!(found.unwrap_err().kind, ErrorKind::Corrupt, "{body:?}");
            }
        }
        let newer = domain::incident::Incident { version: 2, ..incident };
        assert_eq!(store.put_revision(&newer).await.unwrap_err().kind, ErrorKind::Invalid);
    }
}
