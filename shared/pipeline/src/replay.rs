//! Lives through a recorded stream as production would: every ticket lands when it landed, detection runs on its
//! schedule, models are retrained weekly, and nothing is looked at before its time.

use crate::artifact::publish;
use crate::detect::{DetectPorts, Warm, detect};
use crate::diagnose::{DiagnosePorts, Diagnosed, VISIBILITY, WarmRollups, diagnose};
use crate::ingest::{IngestPorts, ingest};
use crate::rollup::roll_dirty_hours;
use crate::train::train;
use crate::{PipelineError, Result};
use domain::anomaly::{Direction, Kind};
use domain::incident::{Severity, Status};
use domain::ports::{BlobStore, IncidentStore, Queue, ReportStore, TicketIndex};
use domain::report::{Nature, Report, Verdict};
use domain::segment::Segment;
use domain::stream::StreamConfig;
use domain::ticket::Ticket;
use jiff::{SignedDuration, Timestamp};
use models::Fitter;
use serde::{Deserialize, Serialize};

/// Between two trainings.
pub const RETRAIN_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Tickets that are landed at once before the replay begins.
const BATCH: usize = 50_000;

/// All ports of a backend.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Objects.
    pub blobs: &'a dyn BlobStore,
    /// Identities of tickets.
    pub tickets: &'a dyn TicketIndex,
    /// Incident revisions to diagnose.
    pub queue: &'a dyn Queue,
    /// Incidents.
    pub incidents: &'a dyn IncidentStore,
    /// Reports.
    pub reports: &'a dyn ReportStore,
}

impl<'a> Ports<'a> {
    /// What ingest needs.
    pub fn ingest(&self) -> IngestPorts<'a> {
        IngestPorts { blobs: self.blobs, tickets: self.tickets }
    }

    /// What detect needs.
    pub fn detect(&self) -> DetectPorts<'a> {
        DetectPorts { blobs: self.blobs, incidents: self.incidents, queue: self.queue, traceparent: None }
    }

    /// What diagnose needs.
    pub fn diagnose(&self) -> DiagnosePorts<'a> {
        DiagnosePorts {
            blobs: self.blobs,
            incidents: self.incidents,
            queue: self.queue,
            reports: self.reports,
        }
    }
}

/// The span of a replay.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The stream's settings.
    pub config: StreamConfig,
    /// Everything that landed before is history (UTC).
    pub train_until: Timestamp,
    /// Where the replay ends (UTC).
    pub to: Timestamp,
    /// Between two detect runs; at least a cell.
    pub step: SignedDuration,
}

/// One incident revision, as known when it was decided. A stable interface: fields are added, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The incident.
    pub incident_id: String,
    /// Counts up from 1.
    pub revision: u32,
    /// Open, escalated or resolved.
    pub status: Status,
    /// When this revision was decided (UTC); for revision 1, when the incident was opened.
    pub opened_at: Timestamp,
    /// First anomalous cell (UTC).
    pub window_start: Timestamp,
    /// First instant after the last anomalous cell (UTC); never after `opened_at`.
    pub window_end: Timestamp,
    /// Volume, theme or data quality.
    pub kind: Kind,
    /// Too many or too few.
    pub direction: Direction,
    /// Where.
    pub segment: Segment,
    /// Distinctive words and phrases, strongest first, at most 8.
    pub keywords: Vec<String>,
    /// Tickets of the segment in the window.
    pub tickets: f64,
    /// Tickets expected there.
    pub expected: f64,
    /// −log10 of the calibrated tail probability.
    pub score: f64,
    /// How bad.
    pub severity: Severity,
    /// What the evidence supports saying about the cause.
    pub verdict: Verdict,
    /// What sort of thing happened.
    pub nature: Nature,
    /// One line.
    pub title: String,
    /// At most 20 tickets of the window, the most representative first.
    pub sample_ticket_ids: Vec<String>,
}

impl From<&Report> for Line {
    fn from(report: &Report) -> Self {
        Self {
            incident_id: report.incident.clone(),
            revision: report.revision,
            status: report.status,
            opened_at: report.decided_at,
            window_start: report.window.start,
            window_end: report.window.end,
            kind: report.kind,
            direction: report.direction,
            segment: report.segment.clone(),
            keywords: report.keywords.clone(),
            tickets: report.tickets,
            expected: report.expected,
            score: report.score,
            severity: report.severity,
            verdict: report.verdict,
            nature: report.nature,
            title: report.title.clone(),
            sample_ticket_ids: report.sample_ticket_ids.clone(),
        }
    }
}

/// What a replay tells while it runs.
pub trait Watcher {
    /// A revision was diagnosed.
    fn report(&mut self, report: &Report) -> std::result::Result<(), String>;
    /// Time has moved on to `now`.
    fn tick(&mut self, now: Timestamp);
}

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Tickets before the first step.
    pub history: u64,
    /// Tickets that landed during the replay.
    pub landed: u64,
    /// Detect runs.
    pub steps: u64,
    /// Trainings, the first included.
    pub trainings: u64,
    /// Incidents opened.
    pub incidents: u64,
    /// Revisions diagnosed.
    pub revisions: u64,
}

/// Replays `tickets` (any order) through empty `ports`.
pub async fn replay(
    ports: Ports<'_>,
    options: &ReplayOptions,
    mut tickets: Vec<Ticket>,
    fitters: &[&dyn Fitter],
    elapsed_ms: &dyn Fn() -> f64,
    watcher: &mut dyn Watcher,
) -> Result<Replayed> {
    options.config.validate().map_err(PipelineError::Invalid)?;
    if options.step < SignedDuration::from_secs(domain::time::CELL_SECONDS) {
        return Err(PipelineError::Invalid("step: at least 15 minutes".into()));
    }
    tickets.sort_by(|a, b| {
        (a.landed_at, a.created_at, &a.source, &a.id).cmp(&(b.landed_at, b.created_at, &b.source, &b.id))
    });
    let stream = &options.config.stream;
    let mut outcome = Replayed::default();
    let later = tickets.split_off(tickets.partition_point(|t| t.landed_at < options.train_until));
    outcome.history = tickets.len() as u64;
    while !tickets.is_empty() {
        let rest = tickets.split_off(tickets.len().min(BATCH));
        ingest(ports.ingest(), stream, tickets).await?;
        tickets = rest;
    }
    roll_dirty_hours(ports.blobs, stream, options.train_until).await?;
    let mut waiting = later.into_iter().peekable();
    let mut now = options.train_until;
    let mut train_at = now;
    let (mut warm, mut rollups) = (Warm::default(), WarmRollups::default());
    while now <= options.to {
        watcher.tick(now);
        let mut batch = Vec::new();
        while let Some(ticket) = waiting.next_if(|t| t.landed_at <= now) {
            batch.push(ticket);
        }
        if !batch.is_empty() {
            outcome.landed += batch.len() as u64;
            ingest(ports.ingest(), stream, batch).await?;
        }
        if now >= train_at {
            roll_dirty_hours(ports.blobs, stream, now).await?;
            let artifact = train(ports.blobs, &options.config, now, now, fitters).await?;
            publish(ports.blobs, &artifact).await?;
            outcome.trainings += 1;
            train_at = now + RETRAIN_EVERY;
        }
        let detected = detect(ports.detect(), &options.config, now, &mut warm).await?;
        outcome.steps += 1;
        outcome.incidents += detected.revisions.iter().filter(|i| i.revision == 1).count() as u64;
        if detected.announced > 0 {
            outcome.revisions +=
                diagnose_waiting(ports, &options.config, now, elapsed_ms, &mut rollups, watcher).await?;
        }
        now += options.step;
    }
    match ports.queue.dead_letters().await?.first() {
        Some((message, reason)) => {
            Err(PipelineError::Invalid(format!("diagnose incident {}: {reason}", message.incident)))
        }
        None => Ok(outcome),
    }
}

/// Diagnoses everything of the stream on the queue; returns the number of reports.
///
/// A message that fails for now does not hold up the others: the first such error is returned after all were tried.
/// Messages of other streams are left to whoever knows their settings.
pub async fn diagnose_waiting(
    ports: Ports<'_>,
    config: &StreamConfig,
    now: Timestamp,
    elapsed_ms: &dyn Fn() -> f64,
    warm: &mut WarmRollups,
    watcher: &mut dyn Watcher,
) -> Result<u64> {
    let (mut reports, mut foreign, mut failure) = (0, Vec::new(), None);
    loop {
        let received = ports.queue.receive(10, VISIBILITY, now).await?;
        if received.is_empty() {
            break;
        }
        for message in received {
            if message.message.stream != config.stream {
                foreign.push(message.receipt);
                continue;
            }
            match diagnose(ports.diagnose(), config, &message, now, elapsed_ms, warm).await {
                Ok(Diagnosed::Reported(report)) => {
                    reports += 1;
                    watcher.report(&report).map_err(PipelineError::Invalid)?;
                }
                Ok(_) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
    for receipt in foreign {
        ports.queue.release(&receipt).await?;
    }
    failure.map_or(Ok(reports), Err)
}
