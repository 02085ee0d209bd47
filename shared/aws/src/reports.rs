//! Reports and their runs, one item each; the latest of every incident once more, where it can be queried.

use crate::Sdk;
use crate::table::{
    Condition, Item, Query, Table, decode, encode, incident_key, numbered, read, text, time_key,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use domain::ports::ReportStore;
use domain::report::{REPORT_VERSION, Report, Run};
use domain::time::Window;
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

const LATEST: &str = "latest";
const BY_DAY: &str = "by_day";
/// Most services of a report that can be queried by: old and new ones must fit in a transaction of 100 writes.
const MAX_SERVICES: usize = 40;
/// Longest window of a report.
const MAX_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Times a put is tried when other revisions of its incident become the latest meanwhile.
const TRIES: usize = 8;

/// A [`ReportStore`] on a table.
///
/// `list` reads an index, which may lag behind a put by moments; everything else reads what is stored now.
#[derive(Clone)]
pub struct DynamoReportStore {
    table: Table,
}

/// What a put must know of the report that was the latest.
#[derive(Deserialize)]
struct Superseded {
    revision: u32,
    affected_services: Vec<String>,
}

impl DynamoReportStore {
    /// Makes no network call. Items are kept for `retention_days`.
    pub fn new(sdk: &Sdk, table: impl Into<String>, retention_days: u32) -> Self {
        Self { table: Table::new(sdk, table, retention_days) }
    }

    async fn one(&self, what: &str, pk: &str, sk: &str) -> StoreResult<Report> {
        let action = format!("get {what}");
        let item = self.table.get(&action, pk, sk).await?;
        let item = item.ok_or_else(|| {
            StoreError::new(ErrorKind::NotFound, format!("{action}: no such report is stored"))
        })?;
        decode(&action, item, "schema_version", REPORT_VERSION)
    }

    fn with_keys(&self, mut item: Item, pk: &str, sk: String) -> Item {
        item.insert("pk".to_owned(), text(pk));
        item.insert("sk".to_owned(), text(sk));
        item.insert("expires_at".to_owned(), self.table.expires_at());
        item
    }

    /// What makes the report its incident's latest.
    fn latest_writes(
        &self,
        action: &str,
        report: &Report,
        fields: &Item,
        superseded: Option<&Superseded>,
    ) -> StoreResult<Vec<TransactWriteItem>> {
        let stream = &report.stream;
        let pk = incident_key(stream, &report.incident);
        let window_start = text(time_key(report.window.start));
        let mut latest = self.with_keys(fields.clone(), &pk, LATEST.to_owned());
        latest.insert("listed_stream".to_owned(), text(stream));
        latest.insert("listed_severity".to_owned(), text(format!("{stream}#{}", report.severity.name())));
        latest.insert("window_start".to_owned(), window_start.clone());
        let condition = superseded.map_or(Condition::absent(), |old| Condition::revision(old.revision));
        let mut writes = vec![self.table.put(action, latest, Some(condition))?];
        let services = listed(&report.affected_services);
        for service in &services {
            let item = Item::from([
                ("listed_service".to_owned(), text(format!("{stream}#{service}"))),
                ("window_start".to_owned(), window_start.clone()),
                ("title".to_owned(), text(&report.title)),
                ("severity".to_owned(), text(report.severity.name())),
                ("verdict".to_owned(), text(report.verdict.name())),
                ("incident".to_owned(), text(&report.incident)),
                ("revision".to_owned(), AttributeValue::N(report.revision.to_string())),
            ]);
            writes.push(self.table.put(action, self.with_keys(item, &pk, service_sort(service)), None)?);
        }
        let old = superseded.map(|old| listed(&old.affected_services)).unwrap_or_default();
        for service in old.difference(&services) {
            let delete = Delete::builder().table_name(&self.table.name);
            let delete = delete.key("pk", text(&pk)).key("sk", text(service_sort(service))).build();
            let delete = delete.map_err(|error| {
                StoreError::with_source(ErrorKind::Invalid, format!("{action}: a key is missing"), error)
            })?;
            writes.push(TransactWriteItem::builder().delete(delete).build());
        }
        Ok(writes)
    }
}

#[async_trait]
impl ReportStore for DynamoReportStore {
    async fn put(&self, report: &Report, run: &Run) -> StoreResult<()> {
        let Report { stream, incident, revision, .. } = report;
        let action = format!("put the report of revision {revision} of incident {incident:?}");
        let invalid = |why: String| StoreError::new(ErrorKind::Invalid, format!("{action}: {why}"));
        if report.schema_version != REPORT_VERSION {
            let version = report.schema_version;
            return Err(invalid(format!(
                "it says format version {version}, this program writes {REPORT_VERSION}"
            )));
        }
        if (&run.incident, run.revision) != (incident, *revision) {
            let message =
                format!("its run is that of revision {} of incident {:?}", run.revision, run.incident);
            return Err(invalid(message));
        }
        let pk = incident_key(stream, incident);
        let fields = encode(&action, report)?;
        let run = self.with_keys(encode(&action, run)?, &pk, numbered("run", *revision));
        for _ in 0..TRIES {
            let itself = self.with_keys(fields.clone(), &pk, numbered("report", *revision));
            let mut writes = vec![
                self.table.put(&action, itself, Some(Condition::absent()))?,
                self.table.put(&action, run.clone(), None)?,
            ];
            let latest = self.table.get(&action, &pk, LATEST).await?;
            let latest: Option<Superseded> = latest.map(|item| read(&action, item)).transpose()?;
            // Revisions may be diagnosed out of order.
            if latest.as_ref().is_none_or(|latest| latest.revision < *revision) {
                writes.extend(self.latest_writes(&action, report, &fields, latest.as_ref())?);
            }
            let failed = self.table.transact(&action, writes).await?;
            if failed.is_empty() {
                return Ok(());
            }
            if failed.contains(&0) {
                let message = format!("{action}: it exists already");
                return Err(StoreError::new(ErrorKind::AlreadyExists, message));
            }
        }
        let message = format!("{action}: other revisions keep becoming the latest at the same time");
        Err(StoreError::new(ErrorKind::Unavailable, message))
    }

    async fn get(&self, stream: &str, incident: &str, revision: u32) -> StoreResult<Report> {
        let what = format!("the report of revision {revision} of incident {incident:?}");
        self.one(&what, &incident_key(stream, incident), &numbered("report", revision)).await
    }

    async fn latest(&self, stream: &str, incident: &str) -> StoreResult<Report> {
        self.one(&format!("the report of incident {incident:?}"), &incident_key(stream, incident), LATEST)
            .await
    }

    async fn list(&self, stream: &str, from: Timestamp, to: Timestamp) -> StoreResult<Vec<Report>> {
        if from >= to {
            return Ok(Vec::new());
        }
        let action = "list reports".to_owned();
        let earliest = from.saturating_sub(MAX_WINDOW).unwrap_or(from);
        let query = Query {
            index: Some(BY_DAY),
            condition: "listed_stream = :stream AND window_start BETWEEN :earliest AND :to",
            values: &[
                (":stream", stream.to_owned()),
                (":earliest", time_key(earliest)),
                (":to", time_key(to)),
            ],
        };
        let wanted = Window::new(from, to);
        let mut latest: BTreeMap<String, Report> = BTreeMap::new();
        for item in self.table.query(&action, query).await? {
            let report: Report = decode(&action, item, "schema_version", REPORT_VERSION)?;
            if report.window.overlaps(&wanted) {
                latest.insert(report.incident.clone(), report);
            }
        }
        let mut listed: Vec<Report> = latest.into_values().collect();
        listed.sort_by_key(|report| Reverse((report.window.start, report.window.end)));
        Ok(listed)
    }
}

/// The services that a report is listed under, each once.
fn listed(services: &[String]) -> BTreeSet<&str> {
    services.iter().map(String::as_str).filter(|service| !service.is_empty()).take(MAX_SERVICES).collect()
}

fn service_sort(service: &str) -> String {
    format!("service#{service}")
}
