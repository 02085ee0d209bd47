//! Incidents, one item per revision and one for the latest; what is not announced yet; leases.
//!
//! Leases lie in another table, beside the reports: whoever diagnoses need not be able to write an incident.

use crate::Sdk;
use crate::error::code;
use crate::table::{Condition, Item, Query, Table, decode, encode, incident_key, numbered, text, time_key};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::incident::{INCIDENT_VERSION, Incident, Status};
use domain::ports::IncidentStore;
use domain::{ErrorKind, StoreError, StoreResult};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const LATEST: &str = "latest";
const BY_STATUS: &str = "by_status";
/// Code of a write whose condition does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// An [`IncidentStore`] on a table, with leases on another.
///
/// `list` reads an index, which may lag behind a write by moments; everything else reads what is stored now.
#[derive(Clone)]
pub struct DynamoIncidentStore {
    incidents: Table,
    leases: Table,
}

impl DynamoIncidentStore {
    /// Makes no network call. `leases_table` is that of the reports. Items are kept for `retention_days`.
    pub fn new(
        sdk: &Sdk,
        incidents_table: impl Into<String>,
        leases_table: impl Into<String>,
        retention_days: u32,
    ) -> Self {
        let incidents = Table::new(sdk, incidents_table, retention_days);
        Self { incidents, leases: Table::new(sdk, leases_table, retention_days) }
    }

    async fn one(&self, what: &str, pk: &str, sk: &str) -> StoreResult<Incident> {
        let action = format!("get {what}");
        let item = self.incidents.get(&action, pk, sk).await?;
        let item = item.ok_or_else(|| {
            StoreError::new(ErrorKind::NotFound, format!("{action}: no such incident revision is stored"))
        })?;
        read(&action, item)
    }

    async fn with_status(&self, stream: &str, status: Status) -> StoreResult<Vec<Incident>> {
        let action = format!("list {} incidents", status.name());
        let query = Query {
            index: Some(BY_STATUS),
            condition: "stream_status = :stream_status",
            values: &[(":stream_status", stream_status(stream, status))],
        };
        let items = self.incidents.query(&action, query).await?;
        items.into_iter().map(|item| read(&action, item)).collect()
    }

    /// The revision's fields as an item.
    fn item(&self, action: &str, incident: &Incident, pk: String, sk: String) -> StoreResult<Item> {
        let mut item = encode(action, incident)?;
        item.insert("pk".to_owned(), text(pk));
        item.insert("sk".to_owned(), text(sk));
        item.insert("expires_at".to_owned(), self.incidents.expires_at());
        Ok(item)
    }
}

#[async_trait]
impl IncidentStore for DynamoIncidentStore {
    async fn put_revision(&self, incident: &Incident) -> StoreResult<()> {
        let Incident { stream, id, revision, .. } = incident;
        let action = format!("put revision {revision} of incident {id:?}");
        if incident.version != INCIDENT_VERSION {
            let message = format!(
                "{action}: it says format version {}, this program writes {INCIDENT_VERSION}",
                incident.version
            );
            return Err(StoreError::new(ErrorKind::Invalid, message));
        }
        let stale =
            || StoreError::new(ErrorKind::Precondition, format!("{action}: it does not follow the latest"));
        let previous = revision.checked_sub(1).ok_or_else(stale)?;
        let pk = incident_key(stream, id);
        let itself = self.item(&action, incident, pk.clone(), numbered("revision", *revision))?;
        let mut latest = self.item(&action, incident, pk, LATEST.to_owned())?;
        latest.insert("stream_status".to_owned(), text(stream_status(stream, incident.status)));
        latest.insert("opened".to_owned(), text(time_key(incident.opened_at)));
        let outbox = self.item(&action, incident, outbox(stream), outbox_sort(incident))?;
        let follows = if previous == 0 { Condition::absent() } else { Condition::revision(previous) };
        let writes = vec![
            self.incidents.put(&action, itself, Some(Condition::absent()))?,
            self.incidents.put(&action, latest, Some(follows))?,
            self.incidents.put(&action, outbox, None)?,
        ];
        if self.incidents.transact(&action, writes).await?.is_empty() { Ok(()) } else { Err(stale()) }
    }

    async fn get(&self, stream: &str, id: &str, revision: u32) -> StoreResult<Incident> {
        let what = format!("revision {revision} of incident {id:?}");
        self.one(&what, &incident_key(stream, id), &numbered("revision", revision)).await
    }

    async fn latest(&self, stream: &str, id: &str) -> StoreResult<Incident> {
        self.one(&format!("incident {id:?}"), &incident_key(stream, id), LATEST).await
    }

    async fn list(&self, stream: &str, status: Option<Status>) -> StoreResult<Vec<Incident>> {
        let statuses = match status {
            Some(status) => vec![status],
            None => vec![Status::Open, Status::Escalated, Status::Resolved],
        };
        let found = try_join_all(statuses.into_iter().map(|status| self.with_status(stream, status))).await?;
        // An incident whose status changes between the queries is found twice.
        let mut latest: BTreeMap<String, Incident> = BTreeMap::new();
        for incident in found.into_iter().flatten() {
            if latest.get(&incident.id).is_none_or(|known| known.revision < incident.revision) {
                latest.insert(incident.id.clone(), incident);
            }
        }
        let mut listed: Vec<Incident> = latest.into_values().collect();
        listed.sort_by_key(|incident| Reverse(incident.opened_at));
        Ok(listed)
    }

    async fn unannounced(&self, stream: &str) -> StoreResult<Vec<Incident>> {
        let action = "list incidents to announce".to_owned();
        let query = Query { index: None, condition: "pk = :pk", values: &[(":pk", outbox(stream))] };
        let items = self.incidents.query(&action, query).await?;
        let mut listed =
            items.into_iter().map(|item| read(&action, item)).collect::<StoreResult<Vec<_>>>()?;
        // Keys hold whole seconds.
        listed.sort_by(|a, b| (a.decided_at, &a.id, a.revision).cmp(&(b.decided_at, &b.id, b.revision)));
        Ok(listed)
    }

    async fn mark_announced(&self, stream: &str, id: &str, revision: u32) -> StoreResult<()> {
        let action = format!("mark revision {revision} of incident {id:?} announced");
        // When it was decided is part of the key.
        let incident = match self.get(stream, id, revision).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Err(StoreError::new(ErrorKind::NotFound, format!("{action}: it is not stored")));
            }
            found => found?,
        };
        let delete = self.incidents.client.delete_item().table_name(&self.incidents.name);
        let delete = delete.key("pk", text(outbox(stream))).key("sk", text(outbox_sort(&incident)));
        let deleted = delete.send().await;
        deleted.map(|_| ()).map_err(|error| self.incidents.call(&action, "dynamodb:DeleteItem").failed(error))
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
        let action = format!("acquire the lease on revision {revision} of incident {id:?}");
        // The holder's own lease may be taken again: by a repeat whose first answer was lost, too.
        let put = self
            .leases
            .client
            .put_item()
            .table_name(&self.leases.name)
            .item("pk", text(incident_key(stream, id)))
            .item("sk", text(numbered("lease", revision)))
            .item("holder", text(holder))
            .item("until", nanoseconds(until))
            .item("expires_at", self.leases.expires_at())
            .condition_expression("attribute_not_exists(pk) OR holder = :holder OR #until <= :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":holder", text(holder))
            .expression_attribute_values(":now", nanoseconds(now));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(false),
            Err(error) => Err(self.leases.call(&action, "dynamodb:PutItem").failed(error)),
        }
    }

    async fn release_lease(&self, stream: &str, id: &str, revision: u32, holder: &str) -> StoreResult<()> {
        let action = format!("release the lease on revision {revision} of incident {id:?}");
        let delete = self
            .leases
            .client
            .delete_item()
            .table_name(&self.leases.name)
            .key("pk", text(incident_key(stream, id)))
            .key("sk", text(numbered("lease", revision)))
            .condition_expression("holder = :holder")
            .expression_attribute_values(":holder", text(holder));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(()),
            Err(error) => Err(self.leases.call(&action, "dynamodb:DeleteItem").failed(error)),
        }
    }
}

fn read(action: &str, item: Item) -> StoreResult<Incident> {
    decode(action, item, "version", INCIDENT_VERSION)
}

fn stream_status(stream: &str, status: Status) -> String {
    format!("{stream}#{}", status.name())
}

fn outbox(stream: &str) -> String {
    format!("{stream}#outbox")
}

fn outbox_sort(incident: &Incident) -> String {
    format!("{}#{}#{:06}", time_key(incident.decided_at), incident.id, incident.revision)
}

/// A time that can be compared, exactly.
fn nanoseconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_nanosecond().to_string())
}
