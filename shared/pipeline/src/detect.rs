//! New counts into incidents: what runs every 15 minutes.

mod advance;

use crate::artifact::{self, Artifact, Loaded};
use crate::history::{HourlyHistory, dates, day_start};
use crate::incidents::{Decision, activity_windows, adopt, calm_score, is_active};
use crate::rollup::{read_day, roll_dirty_hours};
use crate::scan::{Cells, Scored, Volumes, is_relabelled, scan_hours, score_sum};
use crate::state::{DetectorState, KEPT_DAYS, KEPT_HOURS, KEPT_MEANS, STATE_VERSION, SeriesState};
use crate::{PipelineError, Result, codec, compact};
use advance::dispersion;
use domain::anomaly::{Direction, Granularity};
use domain::incident::{Incident, IncidentMessage, Status};
use domain::ports::{BlobStore, IncidentStore, Queue};
use domain::rollup::DayVolume;
use domain::segment::Segment;
use domain::stream::StreamConfig;
use domain::time::{CELL_SECONDS, Hour, Window};
use domain::{ErrorKind, names};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Messages sent in one call before they are marked: what a stop in between sends again.
const ANNOUNCED_AT_ONCE: usize = 10;

/// The ports that [`detect`] works through.
#[derive(Clone, Copy)]
pub struct DetectPorts<'a> {
    /// Tickets, rollups, artifact and state.
    pub blobs: &'a dyn BlobStore,
    /// Where incidents are written.
    pub incidents: &'a dyn IncidentStore,
    /// Where revisions are announced.
    pub queue: &'a dyn Queue,
    /// W3C trace context that travels with the announcements, if the run has one.
    pub traceparent: Option<&'a str>,
}

/// What a process keeps between runs: saves reading what did not change.
#[derive(Default)]
pub struct Warm {
    artifact: Option<Loaded>,
    state: Option<(DetectorState, String)>,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Detected {
    /// Id of the artifact that scored.
    pub artifact: String,
    /// Hours whose counts were refreshed.
    pub rolled_hours: usize,
    /// Hours whose ticket objects were merged into one.
    pub compacted_hours: usize,
    /// Series that were scored.
    pub series: usize,
    /// Incident revisions written by this run.
    pub revisions: Vec<Incident>,
    /// Messages sent, those of earlier stopped runs included.
    pub announced: usize,
    /// Why hours that have settled were not merged, if they were not; they stay in several objects.
    pub not_compacted: Option<String>,
    /// Why the current artifact was passed over for the previous one, if it was.
    pub refused_artifact: Option<String>,
}

/// Refreshes counts, advances the state, scores, and writes and announces incident revisions.
///
/// `now` is cut to the 15-minute cell: only whole cells are scored. The same run twice, two at once, or one after
/// a stop write and announce every revision once (a message may be sent twice).
pub async fn detect(
    ports: DetectPorts<'_>,
    config: &StreamConfig,
    now: Timestamp,
    warm: &mut Warm,
) -> Result<Detected> {
    let zone = config.zone().map_err(PipelineError::Invalid)?;
    let now = cut_to_cell(now);
    let rolled = roll_dirty_hours(ports.blobs, &config.stream, now).await?;
    let loaded = artifact::load(ports.blobs, &config.stream, warm.artifact.take()).await?;
    let mut outcome = Detected {
        rolled_hours: rolled.len(),
        artifact: loaded.id.clone(),
        refused_artifact: loaded.refused.clone(),
        ..Detected::default()
    };
    let run = Run { ports, config, zone: &zone, artifact: &loaded.artifact, now };
    for _ in 0..codec::REPLACE_TRIES {
        let before = run.read_state(warm.state.take()).await?;
        let etag = before.as_ref().map(|(_, etag)| etag.clone());
        let mut state = match before.clone() {
            Some((state, _)) if state.upto <= Hour::of(now) => state,
            Some((state, _)) => {
                return Err(PipelineError::Followed { now, upto: state.upto.start() });
            }
            None => run.build_state().await?,
        };
        let revisions = run.step(&mut state, &rolled).await?;
        outcome.revisions.extend(run.write(&mut state, revisions).await?);
        outcome.announced += announce(ports, &config.stream).await?;
        outcome.series = state.series.len();
        let unchanged = before.as_ref().is_some_and(|(old, _)| *old == state);
        let due = compact::due(before.as_ref().map(|(old, _)| old.upto), state.upto, &rolled);
        if unchanged {
            warm.state = before;
        } else {
            let key = names::state(&config.stream);
            let Some(etag) = codec::replace(ports.blobs, &key, &state, etag).await? else { continue };
            warm.state = Some((state, etag));
        }
        warm.artifact = Some(loaded);
        // Incidents are written and announced: an hour that stays in several objects is no reason to do it again.
        match compact::compact(ports.blobs, &config.stream, &due).await {
            Ok(hours) => outcome.compacted_hours = hours,
            Err(error) => outcome.not_compacted = Some(error.to_string()),
        }
        return Ok(outcome);
    }
    Err(PipelineError::Contended(names::state(&config.stream)))
}

/// Sends the revisions that were written and not announced; returns how many. Every run of [`detect`] does it.
pub async fn announce(ports: DetectPorts<'_>, stream: &str) -> Result<usize> {
    let waiting = ports.incidents.unannounced(stream).await?;
    let message = |incident: &Incident| IncidentMessage {
        stream: incident.stream.clone(),
        incident: incident.id.clone(),
        revision: incident.revision,
        traceparent: ports.traceparent.map(str::to_owned),
    };
    for batch in waiting.chunks(ANNOUNCED_AT_ONCE) {
        let messages: Vec<IncidentMessage> = batch.iter().map(message).collect();
        ports.queue.send(&messages).await?;
        for told in batch {
            ports.incidents.mark_announced(&told.stream, &told.id, told.revision).await?;
        }
    }
    Ok(waiting.len())
}

/// One day of the stream's zone as an incident of its own, opened or not: what came in against what was due.
/// Nothing is stored. The window is the day; its revision is 0.
///
/// A day that is not over at `now` ends there; one that has not begun is refused.
pub async fn examine_day(
    ports: DetectPorts<'_>,
    config: &StreamConfig,
    date: Date,
    now: Timestamp,
) -> Result<Incident> {
    let zone = config.zone().map_err(PipelineError::Invalid)?;
    let next = date.tomorrow().map_err(|e| PipelineError::Invalid(e.to_string()))?;
    let window = Window::new(day_start(date, &zone), day_start(next, &zone).min(cut_to_cell(now)));
    if window.end <= window.start {
        return Err(PipelineError::Invalid(format!("examine {date}: the day has not begun")));
    }
    let loaded = artifact::load(ports.blobs, &config.stream, None).await?;
    let run = Run { ports, config, zone: &zone, artifact: &loaded.artifact, now: window.end };
    let mut state = run.build_state().await?;
    let volumes = run.volumes(&state, &[]).await?;
    while state.upto.end() <= window.end {
        run.close_hour(&mut state, &volumes);
    }
    let decision =
        Decision { blobs: ports.blobs, stream: &config.stream, now: window.end, volumes: &volumes };
    let level = &loaded.artifact.hour;
    let index = level.windows.iter().position(|w| *w == 24).unwrap_or(0);
    let cells = Cells::of(&state, &volumes, &Segment::total(), window.start, window.end);
    let (actual, expected) = cells.sums();
    let (direction, score) = score_sum(level, &Segment::total(), index, actual, expected);
    let scored = Scored {
        segment: Segment::total(),
        granularity: Granularity::Hour,
        scale: 24,
        window,
        direction: if actual < expected { Direction::Down } else { direction },
        actual,
        expected,
        score,
        margin: score - level.threshold,
    };
    Ok(decision.examine(&state, &scored))
}

fn cut_to_cell(at: Timestamp) -> Timestamp {
    let cell = at.as_second().div_euclid(CELL_SECONDS) * CELL_SECONDS;
    Timestamp::from_second(cell).unwrap_or(at)
}

struct Run<'a> {
    ports: DetectPorts<'a>,
    config: &'a StreamConfig,
    zone: &'a TimeZone,
    artifact: &'a Artifact,
    now: Timestamp,
}

impl Run<'_> {
    async fn read_state(
        &self,
        warm: Option<(DetectorState, String)>,
    ) -> Result<Option<(DetectorState, String)>> {
        if warm.is_some() {
            return Ok(warm);
        }
        let key = names::state(&self.config.stream);
        match codec::load::<DetectorState>(self.ports.blobs, &key).await? {
            Some((state, _)) if state.version != STATE_VERSION => Err(PipelineError::Corrupt {
                key,
                reason: format!("format version {}, this program reads {STATE_VERSION}", state.version),
            }),
            found => Ok(found),
        }
    }

    /// A state as if the stream had been followed all along, from the rollups.
    async fn build_state(&self) -> Result<DetectorState> {
        let upto = Hour::of(self.now);
        let (stream, blobs) = (&self.config.stream, self.ports.blobs);
        let from = upto.plus(-24 * KEPT_DAYS as i64);
        let first = crate::history::first_hour(blobs, stream).await?.unwrap_or(upto).min(upto);
        let history = HourlyHistory::read(blobs, stream, self.zone, from.max(first), upto).await?;
        let daily = history.daily(self.zone);
        let start = upto.plus(-(KEPT_MEANS as i64 - 1));
        let next_day = start.start().to_zoned(self.zone.clone()).date();
        let days_before = dates(daily.first, daily.calendar.len()).take_while(|d| *d < next_day).count();
        let mut state = DetectorState {
            version: STATE_VERSION,
            upto: start.max(history.first),
            next_day,
            series: Default::default(),
            tracks: Vec::new(),
        };
        let before = usize::try_from(state.upto.0 - history.first.0).unwrap_or(0);
        for (segment, values) in &history.series {
            if !self.artifact.hour.series.contains_key(segment)
                && !self.artifact.day.series.contains_key(segment)
            {
                continue;
            }
            let whole = |v: &f64| if v.is_finite() { *v as i64 } else { -1 };
            let hours: Vec<i64> = values.iter().take(before).map(whole).collect();
            let days = daily.series.get(segment).map(Vec::as_slice).unwrap_or(&[]);
            let days = days.iter().take(days_before).map(whole).collect();
            let hours = hours.get(hours.len().saturating_sub(KEPT_HOURS)..).unwrap_or(&[]).to_vec();
            let since = values.iter().position(|v| *v > 0.0).map(|i| history.first.plus(i as i64));
            state.series.insert(segment.clone(), SeriesState { since, hours, means: Vec::new(), days });
        }
        self.forecast_hour(&mut state, true);
        Ok(state)
    }

    async fn step(&self, state: &mut DetectorState, rolled: &[Hour]) -> Result<Vec<Incident>> {
        self.adopt_lost(state).await?;
        let volumes = self.volumes(state, rolled).await?;
        self.correct(state, &volumes, rolled);
        self.add_new_series(state, &volumes);
        let mut fired = Vec::new();
        while state.upto.end() <= self.now {
            self.close_hour(state, &volumes);
        }
        while let Some(window) = self.closed_day(state) {
            // Only the day that has just ended is news; earlier ones were missed while nothing ran.
            let news = self.now.duration_since(window.end).as_hours() < 24;
            self.close_day(state, &volumes, window, news.then_some(&mut fired));
        }
        let active = self.scan(state, &volumes, &mut fired);
        let decision = Decision {
            blobs: self.ports.blobs,
            stream: &self.config.stream,
            now: self.now,
            volumes: &volumes,
        };
        let revisions = decision.take(state, fired, &active).await?;
        state.trim(self.now);
        Ok(revisions)
    }

    /// The stored incidents are the truth; the state follows them.
    async fn adopt_lost(&self, state: &mut DetectorState) -> Result<()> {
        for status in [Status::Open, Status::Escalated] {
            for incident in self.ports.incidents.list(&self.config.stream, Some(status)).await? {
                match state.tracks.iter_mut().find(|t| t.id == incident.id) {
                    Some(track) if track.revision >= incident.revision => {}
                    Some(track) => {
                        let members = std::mem::take(&mut track.members);
                        *track = adopt(&incident);
                        track.members.extend(members);
                    }
                    None if incident.decided_at <= self.now => state.tracks.push(adopt(&incident)),
                    None => {}
                }
            }
        }
        Ok(())
    }

    async fn volumes(&self, state: &DetectorState, rolled: &[Hour]) -> Result<Volumes> {
        let oldest_ring = state.upto.plus(-(KEPT_HOURS as i64));
        let open = state.tracks.iter().filter(|t| t.may_be_told(self.now)).map(|t| Hour::of(t.start));
        let late = rolled.iter().copied().filter(|h| *h < state.upto && *h >= oldest_ring);
        let day = Hour::of(day_start(state.next_day, self.zone));
        let recent = Hour::of(self.now).plus(-25);
        let mut days: BTreeSet<Hour> = open.clone().chain(late).map(DayVolume::first_hour_of).collect();
        let mut hour = DayVolume::first_hour_of(recent.min(state.upto).min(day));
        while hour.start() < self.now {
            days.insert(hour);
            hour = hour.plus(24);
        }
        // An incident's window is continuous: fill the days between.
        if let Some(first) = open.clone().min() {
            let mut hour = DayVolume::first_hour_of(first);
            while hour.start() < self.now {
                days.insert(hour);
                hour = hour.plus(24);
            }
        }
        let (blobs, stream) = (self.ports.blobs, &self.config.stream);
        let reads = days.iter().map(|first_hour| read_day(blobs, stream, *first_hour)).collect();
        let volumes = codec::in_order(codec::AT_ONCE, reads).await?;
        Ok(days.into_iter().zip(volumes).collect())
    }

    /// Scores the trailing hours of every series: what fires outside known incidents goes to `fired`; what of the
    /// open ones goes on is returned.
    fn scan(
        &self,
        state: &DetectorState,
        volumes: &Volumes,
        fired: &mut Vec<Scored>,
    ) -> Vec<(String, Scored)> {
        let level = &self.artifact.hour;
        let longest = level.windows.iter().copied().max().unwrap_or(1) as i64;
        let from = Timestamp::from_second(self.now.as_second() - longest * 3600).unwrap_or(self.now);
        let calm = calm_score(level.threshold);
        let total = Cells::of(state, volumes, &Segment::total(), from, self.now);
        let mut active = Vec::new();
        for (segment, series) in &state.series {
            let cells = Cells::of(state, volumes, segment, from, self.now);
            let hidden = |at| state.tracks.iter().any(|t| t.covers(segment, at));
            if series.established(Hour::of(self.now))
                && let Some(scored) = scan_hours(level, segment, &cells, &level.windows, hidden)
                && scored.margin >= 0.0
            {
                let index = level.windows.iter().position(|w| *w == scored.scale).unwrap_or(0);
                let whole = &Segment::total();
                let shown =
                    scored.shows_in(total.since(scored.window.start).sums(), dispersion(level, whole, index));
                let longest = dispersion(level, whole, level.windows.len().saturating_sub(1));
                if segment.is_total() || (shown && !is_relabelled(cells.sums(), total.sums(), longest)) {
                    fired.push(scored);
                }
            }
            for track in state.tracks.iter().filter(|t| t.open && t.segment == *segment) {
                let windows = activity_windows(track.scale);
                if let Some(scored) = scan_hours(level, segment, &cells, windows, |_| false)
                    && is_active(track, &scored, calm)
                {
                    active.push((track.id.clone(), scored));
                }
            }
        }
        active
    }

    async fn write(&self, state: &mut DetectorState, revisions: Vec<Incident>) -> Result<Vec<Incident>> {
        let mut written = Vec::new();
        for incident in revisions {
            match self.ports.incidents.put_revision(&incident).await {
                Ok(()) => written.push(incident),
                // Another run was faster, or an earlier one was stopped after it had written: its word stands.
                Err(error) if error.kind == ErrorKind::Precondition => {
                    let stored = self.ports.incidents.latest(&incident.stream, &incident.id).await?;
                    if let Some(track) = state.tracks.iter_mut().find(|t| t.id == stored.id) {
                        track.revision = stored.revision;
                        track.open = stored.status != Status::Resolved;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests;
