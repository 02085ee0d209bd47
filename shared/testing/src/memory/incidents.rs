//! Incidents and leases in maps.

use super::{error, lock};
use async_trait::async_trait;
use domain::incident::{INCIDENT_VERSION, Incident, Status};
use domain::ports::IncidentStore;
use domain::{ErrorKind, StoreResult};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// An [`IncidentStore`] in memory.
#[derive(Default)]
pub struct MemoryIncidentStore {
    state: Mutex<State>,
}

/// Stream, incident, revision.
type Name = (String, String, u32);

#[derive(Default)]
struct State {
    incidents: BTreeMap<Name, Stored>,
    leases: BTreeMap<Name, (String, Timestamp)>,
}

struct Stored {
    incident: Incident,
    announced: bool,
}

impl State {
    fn latest(&self, stream: &str, id: &str) -> Option<&Incident> {
        let range = name(stream, id, 0)..=name(stream, id, u32::MAX);
        self.incidents.range(range).next_back().map(|(_, stored)| &stored.incident)
    }
}

#[async_trait]
impl IncidentStore for MemoryIncidentStore {
    async fn put_revision(&self, incident: &Incident) -> StoreResult<()> {
        let Incident { stream, id, revision, .. } = incident;
        let action = format!("put revision {revision} of incident {id:?}");
        if incident.version != INCIDENT_VERSION {
            return Err(error(ErrorKind::Invalid, format!("{action}: it says format {}", incident.version)));
        }
        let mut state = lock(&self.state);
        let latest = state.latest(stream, id).map_or(0, |incident| incident.revision);
        if latest.checked_add(1) != Some(*revision) {
            return Err(error(ErrorKind::Precondition, format!("{action}: the latest is {latest}")));
        }
        let stored = Stored { incident: incident.clone(), announced: false };
        state.incidents.insert(name(stream, id, *revision), stored);
        Ok(())
    }

    async fn get(&self, stream: &str, id: &str, revision: u32) -> StoreResult<Incident> {
        let state = lock(&self.state);
        let stored = state.incidents.get(&name(stream, id, revision));
        stored.map(|stored| stored.incident.clone()).ok_or_else(|| {
            error(
                ErrorKind::NotFound,
                format!("get revision {revision} of incident {id:?}: it is not stored"),
            )
        })
    }

    async fn latest(&self, stream: &str, id: &str) -> StoreResult<Incident> {
        let latest = lock(&self.state).latest(stream, id).cloned();
        latest.ok_or_else(|| error(ErrorKind::NotFound, format!("get incident {id:?}: it is not stored")))
    }

    async fn list(&self, stream: &str, status: Option<Status>) -> StoreResult<Vec<Incident>> {
        let state = lock(&self.state);
        let of_stream =
            state.incidents.values().map(|stored| &stored.incident).filter(|i| i.stream == stream);
        let latest: BTreeMap<&str, &Incident> =
            of_stream.map(|incident| (incident.id.as_str(), incident)).collect();
        let mut listed: Vec<Incident> =
            latest.into_values().filter(|i| status.is_none_or(|s| s == i.status)).cloned().collect();
        listed.sort_by_key(|incident| Reverse(incident.opened_at));
        Ok(listed)
    }

    async fn unannounced(&self, stream: &str) -> StoreResult<Vec<Incident>> {
        let state = lock(&self.state);
        let unannounced = state.incidents.values().filter(|s| !s.announced && s.incident.stream == stream);
        let mut listed: Vec<Incident> = unannounced.map(|stored| stored.incident.clone()).collect();
        listed.sort_by_key(|incident| incident.decided_at);
        Ok(listed)
    }

    async fn mark_announced(&self, stream: &str, id: &str, revision: u32) -> StoreResult<()> {
        let mut state = lock(&self.state);
        let stored = state.incidents.get_mut(&name(stream, id, revision)).ok_or_else(|| {
            let message = format!("mark revision {revision} of incident {id:?} announced: it is not stored");
            error(ErrorKind::NotFound, message)
        })?;
        stored.announced = true;
        Ok(())
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
        let mut state = lock(&self.state);
        let lease = name(stream, id, revision);
        if state.leases.get(&lease).is_some_and(|(other, until)| other != holder && *until > now) {
            return Ok(false);
        }
        state.leases.insert(lease, (holder.to_owned(), until));
        Ok(true)
    }

    async fn release_lease(&self, stream: &str, id: &str, revision: u32, holder: &str) -> StoreResult<()> {
        let mut state = lock(&self.state);
        let lease = name(stream, id, revision);
        if state.leases.get(&lease).is_some_and(|(other, _)| other == holder) {
            state.leases.remove(&lease);
        }
        Ok(())
    }
}

fn name(stream: &str, id: &str, revision: u32) -> Name {
    (stream.to_owned(), id.to_owned(), revision)
}
