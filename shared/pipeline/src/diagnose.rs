//! An incident's message into its report.

use crate::rollup::{decode_rollup, read_hour};
use crate::{PipelineError, Result, codec};
use analyst::Case;
use domain::anomaly::Kind;
use domain::incident::Incident;
use domain::ports::{BlobStore, IncidentStore, Queue, Received, ReportStore};
use domain::report::{Report, Run, Verdict};
use domain::rollup::HourRollup;
use domain::stream::StreamConfig;
use domain::ticket::Ticket;
use domain::time::{Hour, Window};
use domain::{ErrorKind, StoreError, names};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days before the window that the analyst compares with.
pub const BACKGROUND_DAYS: i64 = 28;
/// How long a diagnosis may hold its incident.
pub const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// How long a message stays hidden: longer than the lease, so that a lost one finds the lease free.
pub const VISIBILITY: SignedDuration = SignedDuration::from_mins(6);
/// Deliveries after which a message that keeps failing goes to the dead letters.
pub const MAX_ATTEMPTS: u32 = 5;

/// The ports that [`diagnose`] works through.
#[derive(Clone, Copy)]
pub struct DiagnosePorts<'a> {
    /// Tickets and rollups.
    pub blobs: &'a dyn BlobStore,
    /// Incidents and leases.
    pub incidents: &'a dyn IncidentStore,
    /// Where messages come from.
    pub queue: &'a dyn Queue,
    /// Where reports go.
    pub reports: &'a dyn ReportStore,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub enum Diagnosed {
    /// A report was written.
    Reported(Box<Report>),
    /// The revision has its report already, or a later revision has come: nothing to do.
    Stale,
    /// Somebody else is at it; the message comes back.
    Leased,
    /// It can never succeed; it lies with the dead letters, for this reason.
    Dead(String),
}

/// Handles one message: takes the incident's lease, writes the report once, acknowledges.
///
/// A transient failure is returned and the message comes back by itself; a permanent one is moved to the dead
/// letters with its reason.
pub async fn diagnose(
    ports: DiagnosePorts<'_>,
    config: &StreamConfig,
    received: &Received,
    now: Timestamp,
    elapsed_ms: &dyn Fn() -> f64,
    warm: &mut WarmRollups,
) -> Result<Diagnosed> {
    let message = &received.message;
    let (stream, id, revision) = (&message.stream, &message.incident, message.revision);
    let known = async {
        let latest = ports.incidents.latest(stream, id).await?;
        let has_report = exists(ports.reports.get(stream, id, revision).await)?;
        Ok::<_, PipelineError>((latest, has_report))
    };
    let (latest, has_report) = match known.await {
        Ok(known) => known,
        Err(error) if error.is_transient() && received.attempts < MAX_ATTEMPTS => return Err(error),
        Err(error) => return bury(ports, received, &error.to_string()).await,
    };
    if has_report || latest.revision > revision {
        ports.queue.ack(&received.receipt).await?;
        return Ok(Diagnosed::Stale);
    }
    let until = now.checked_add(LEASE).map_err(|e| PipelineError::Invalid(e.to_string()))?;
    match ports.incidents.acquire_lease(stream, id, revision, &received.receipt, now, until).await {
        Ok(true) => {}
        Ok(false) => return Ok(Diagnosed::Leased),
        Err(error) => {
            let error = PipelineError::from(error);
            if error.is_transient() && received.attempts < MAX_ATTEMPTS {
                return Err(error);
            }
            return bury(ports, received, &error.to_string()).await;
        }
    }
    let outcome = write_report(ports, config, &latest, now, elapsed_ms, warm).await;
    // A lease that cannot be released runs out; what became of the report counts.
    let _ = ports.incidents.release_lease(stream, id, revision, &received.receipt).await;
    match outcome {
        Ok(report) => {
            ports.queue.ack(&received.receipt).await?;
            Ok(report.map_or(Diagnosed::Stale, |r| Diagnosed::Reported(Box::new(r))))
        }
        Err(error) if error.is_transient() && received.attempts < MAX_ATTEMPTS => Err(error),
        Err(error) => bury(ports, received, &error.to_string()).await,
    }
}

async fn bury(ports: DiagnosePorts<'_>, received: &Received, reason: &str) -> Result<Diagnosed> {
    ports.queue.dead_letter(received, reason).await?;
    Ok(Diagnosed::Dead(reason.to_owned()))
}

fn exists(found: std::result::Result<Report, StoreError>) -> Result<bool> {
    match found {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn write_report(
    ports: DiagnosePorts<'_>,
    config: &StreamConfig,
    incident: &Incident,
    now: Timestamp,
    elapsed_ms: &dyn Fn() -> f64,
    warm: &mut WarmRollups,
) -> Result<Option<Report>> {
    let begun = elapsed_ms();
    let gathered = Gathered::read(ports.blobs, &incident.stream, incident.window, warm).await?;
    let read = elapsed_ms();
    let report = gathered.report(config, incident)?;
    let timings_ms =
        BTreeMap::from([("read".to_owned(), read - begun), ("analyse".to_owned(), elapsed_ms() - read)]);
    let run = Run { incident: incident.id.clone(), revision: incident.revision, started_at: now, timings_ms };
    match ports.reports.put(&report, &run).await {
        Ok(()) => Ok(Some(report)),
        Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Rollups that a process keeps between diagnoses: the weeks before one incident are mostly those before the next.
#[derive(Default)]
pub struct WarmRollups(BTreeMap<Hour, (String, Arc<HourRollup>)>);

/// Most rollups kept: the background and a window.
const KEPT_ROLLUPS: usize = 24 * (BACKGROUND_DAYS as usize + 8);

impl WarmRollups {
    /// The rollups of hours, in order, each decoded again only when it has changed; hours in which nothing landed are
    /// left out.
    async fn read(
        &mut self,
        blobs: &dyn BlobStore,
        stream: &str,
        hours: impl Iterator<Item = Hour>,
    ) -> Result<Vec<Arc<HourRollup>>> {
        let reads = hours.map(|hour| self.read_one(blobs, stream, hour)).collect();
        let read = codec::in_order(codec::AT_ONCE, reads).await?;
        let mut rollups = Vec::with_capacity(read.len());
        for (etag, rollup) in read.into_iter().flatten() {
            rollups.push(rollup.clone());
            self.0.insert(rollup.hour, (etag, rollup));
        }
        while self.0.len() > KEPT_ROLLUPS {
            self.0.pop_first();
        }
        Ok(rollups)
    }

    async fn read_one(
        &self,
        blobs: &dyn BlobStore,
        stream: &str,
        hour: Hour,
    ) -> Result<Option<(String, Arc<HourRollup>)>> {
        let key = names::hour_rollup(stream, hour);
        let blob = match blobs.get(&key).await {
            Ok(blob) => blob,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let rollup = match self.0.get(&hour) {
            Some((etag, rollup)) if *etag == blob.etag => rollup.clone(),
            _ => Arc::new(decode_rollup(&key, &blob.bytes)?),
        };
        Ok(Some((blob.etag, rollup)))
    }
}

/// What the analyst reads: the window's tickets, and the counts of the window and of the weeks before.
pub struct Gathered {
    tickets: Vec<Ticket>,
    window: Vec<Arc<HourRollup>>,
    background: Vec<Arc<HourRollup>>,
    background_days: f64,
}

impl Gathered {
    /// Reads tickets and counts around `window`.
    pub async fn read(
        blobs: &dyn BlobStore,
        stream: &str,
        window: Window,
        warm: &mut WarmRollups,
    ) -> Result<Self> {
        let rollups = warm.read(blobs, stream, Hour::range(window.start, window.end)).await?;
        let reads = rollups.iter().map(|rollup| read_hour(blobs, stream, rollup.hour)).collect();
        let mut tickets: Vec<Ticket> =
            codec::in_order(codec::HOURS_AT_ONCE, reads).await?.into_iter().flatten().collect();
        tickets.retain(|t| window.contains(t.created_at));
        let first = Hour::of(window.start);
        let before = ((first.0 - 24 * BACKGROUND_DAYS)..first.0).map(Hour);
        let background = warm.read(blobs, stream, before).await?;
        let known = background.first().map_or(0, |r| first.0 - r.hour.0);
        Ok(Self { tickets, window: rollups, background, background_days: known as f64 / 24.0 })
    }

    /// The statistical analyst's report.
    pub fn report(&self, config: &StreamConfig, incident: &Incident) -> Result<Report> {
        let zone = config.zone().map_err(PipelineError::Invalid)?;
        let mut report = analyst::diagnose(&Case {
            incident,
            zone: &zone,
            tickets: &self.tickets,
            window: &self.window,
            background: &self.background,
            background_days: self.background_days,
        });
        if report.verdict == Verdict::DataQuality {
            report.kind = Kind::DataQuality;
        }
        Ok(report)
    }
}
