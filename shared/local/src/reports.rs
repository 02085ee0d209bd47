//! Reports and their runs, one row each.

use crate::database::{Database, check_version, decode, encode, nanos};
use async_trait::async_trait;
use domain::ports::ReportStore;
use domain::report::{REPORT_VERSION, Report, Run};
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Params, Transaction, params};
use std::sync::Arc;

/// A [`ReportStore`] on the data folder's database.
pub struct SqliteReportStore {
    database: Arc<Database>,
}

impl SqliteReportStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    fn one(&self, what: &str, sql: &str, params: impl Params) -> StoreResult<Report> {
        let action = format!("get {what}");
        self.database.read(&action, |connection| {
            let body: Option<String> =
                connection.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
            let body = body.ok_or_else(|| {
                StoreError::new(ErrorKind::NotFound, format!("{action}: no such report is stored"))
            })?;
            Ok(decode(&action, &body, REPORT_VERSION)?)
        })
    }
}

#[async_trait]
impl ReportStore for SqliteReportStore {
    async fn put(&self, report: &Report, run: &Run) -> StoreResult<()> {
        let Report { stream, incident, revision, .. } = report;
        let action = format!("put the report of revision {revision} of incident {incident:?}");
        check_version(&action, report.schema_version, REPORT_VERSION)?;
        if (&run.incident, run.revision) != (incident, *revision) {
            return Err(StoreError::new(
                ErrorKind::Invalid,
                format!(
                    "{action}: its run is that of revision {} of incident {:?}",
                    run.revision, run.incident
                ),
            ));
        }
        let body = encode(&action, report)?;
        let run = encode(&action, run)?;
        self.database.write(&action, |transaction| {
            let latest = begin_latest(transaction, report)?;
            let inserted = transaction
                .prepare_cached(
                    "INSERT INTO reports (stream, incident, revision, start_ns, end_ns, latest, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    stream,
                    incident,
                    revision,
                    nanos(report.window.start),
                    nanos(report.window.end),
                    latest,
                    body
                ])?;
            if inserted == 0 {
                return Err(StoreError::new(
                    ErrorKind::AlreadyExists,
                    format!("{action}: it exists already"),
                )
                .into());
            }
            transaction
                .prepare_cached(
                    "INSERT INTO runs (stream, incident, revision, body) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![stream, incident, revision, run])?;
            Ok(())
        })
    }

    async fn get(&self, stream: &str, incident: &str, revision: u32) -> StoreResult<Report> {
        let sql = "SELECT body FROM reports WHERE stream = ?1 AND incident = ?2 AND revision = ?3";
        let what = format!("the report of revision {revision} of incident {incident:?}");
        self.one(&what, sql, params![stream, incident, revision])
    }

    async fn latest(&self, stream: &str, incident: &str) -> StoreResult<Report> {
        let sql =
            "SELECT body FROM reports WHERE stream = ?1 AND incident = ?2 ORDER BY revision DESC LIMIT 1";
        self.one(&format!("the report of incident {incident:?}"), sql, params![stream, incident])
    }

    async fn list(&self, stream: &str, from: Timestamp, to: Timestamp) -> StoreResult<Vec<Report>> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.database.read("list reports", |connection| {
            let mut select = connection.prepare_cached(
                "SELECT body FROM reports WHERE latest AND stream = ?1 AND end_ns > ?2 AND start_ns < ?3
                 ORDER BY start_ns DESC, end_ns DESC, incident",
            )?;
            let mut rows = select.query(params![stream, nanos(from), nanos(to)])?;
            let mut reports = Vec::new();
            while let Some(row) = rows.next()? {
                let body: String = row.get(0)?;
                reports.push(decode("list reports", &body, REPORT_VERSION)?);
            }
            Ok(reports)
        })
    }
}

/// Whether the report is its incident's latest; if so, none of the stored ones is any more. Revisions may be
/// diagnosed out of order.
fn begin_latest(transaction: &Transaction<'_>, report: &Report) -> rusqlite::Result<bool> {
    let Report { stream, incident, revision, .. } = report;
    let newer: bool = transaction
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM reports WHERE stream = ?1 AND incident = ?2 AND revision >= ?3)",
        )?
        .query_row(params![stream, incident, revision], |row| row.get(0))?;
    if !newer {
        transaction
            .prepare_cached("UPDATE reports SET latest = 0 WHERE stream = ?1 AND incident = ?2 AND latest")?
            .execute(params![stream, incident])?;
    }
    Ok(!newer)
}
