//! New counts into incidents: what runs every 15 minutes.

use crate::artifact::{self, Artifact, Level, Loaded};
use crate::history::{HourlyHistory, dates, day_start};
use crate::incidents::{Decision, activity_windows, adopt, calm_score, is_active};
use crate::rollup::{read_day, roll_dirty_hours};
use crate::scan::{Cells, Scored, Volumes, is_relabelled, scan_hours, score_sum};
use crate::state::{
    DetectorState, ESTABLISHED_DAYS, KEPT_DAYS, KEPT_HOURS, KEPT_MEANS, STATE_VERSION, SeriesState,
};
use crate::{PipelineError, Result, codec, compact};
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
use models::{Calendar, SeriesView};
use std::collections::BTreeSet;

/// Tickets of a day from which a value that was not there in training is followed.
const NEW_SERIES_TICKETS: u32 = 5;
/// Most series that are followed.
const MAX_FOLLOWED: usize = 2 * crate::train::MAX_SERIES;
/// Standard deviations above the forecast at which a count is cut before later forecasts see it.
const PLAUSIBLE: f64 = 3.0;
/// Part of a day that may lie in a known incident before the day as a whole is no longer scored.
const HIDDEN_DAY: f64 = 0.25;

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
        outcome.compacted_hours = compact::compact(ports.blobs, &config.stream, &due).await?;
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

    /// Late tickets: brings the remembered counts of hours that were rolled again, and of the last day (its roll may
    /// have been another command's, or a stopped run's), in line with the volumes. Counts stay cut at what was
    /// plausible; days change by what their hours do.
    fn correct(&self, state: &mut DetectorState, volumes: &Volumes, rolled: &[Hour]) {
        let upto = state.upto;
        let mut hours: BTreeSet<Hour> = rolled.iter().copied().filter(|h| *h < upto).collect();
        hours.extend((1..=24).map(|back| upto.plus(-back)));
        hours.retain(|h| volumes.contains_key(&DayVolume::first_hour_of(*h)));
        let next_day = state.next_day;
        for hour in hours {
            let date = hour.start().to_zoned(self.zone.clone()).date();
            let days_back = date.until(next_day).map_or(0, |span| span.get_days());
            for (segment, series) in &mut state.series {
                let back = usize::try_from(upto.0 - hour.0).unwrap_or(0);
                let Some(index) = series.hours.len().checked_sub(back) else { continue };
                let Some(count) = series.hours.get_mut(index).filter(|c| **c >= 0) else { continue };
                let mean_index = series.means.len().checked_sub(back + 1);
                let cap = mean_index.and_then(|i| series.means.get(i)).map_or(f64::INFINITY, |mean| {
                    plausible(*mean, dispersion(&self.artifact.hour, segment, 0))
                });
                let new = count_of(volumes, segment, hour).min(cap) as i64;
                let change = new - *count;
                *count = new;
                let day = usize::try_from(days_back).ok().filter(|d| *d > 0);
                let day = day.and_then(|d| series.days.len().checked_sub(d));
                if let Some(day) = day.and_then(|d| series.days.get_mut(d)).filter(|d| **d >= 0) {
                    *day = (*day + change).max(0);
                }
            }
        }
    }

    fn add_new_series(&self, state: &mut DetectorState, volumes: &Volumes) {
        let Some((_, today)) = volumes.last_key_value() else { return };
        let hours = state.series.get(&Segment::total()).map_or(0, |s| s.hours.len());
        let days = state.series.get(&Segment::total()).map_or(0, |s| s.days.len());
        for (segment, counts) in &today.segments {
            let tickets: u32 = counts.iter().map(|c| c.1).sum();
            let trained = self.artifact.hour.series.contains_key(segment);
            if (tickets < NEW_SERIES_TICKETS && !trained)
                || state.series.len() >= MAX_FOLLOWED
                || state.series.contains_key(segment)
            {
                continue;
            }
            // What training knows has a past, though this state has not followed it.
            let age = if trained { 24 * ESTABLISHED_DAYS } else { 0 };
            let since = Some(Hour::of(self.now).plus(-age));
            let series = SeriesState { since, hours: vec![0; hours], means: Vec::new(), days: vec![0; days] };
            state.series.insert(segment.clone(), series);
        }
        self.forecast_hour(state, true);
    }

    /// Forecasts the hour `upto` for every series, or only for those that have no forecast yet.
    fn forecast_hour(&self, state: &mut DetectorState, only_new: bool) {
        let level = &self.artifact.hour;
        let longest = state.series.values().map(|s| s.hours.len()).max().unwrap_or(0);
        let first = state.upto.plus(-(longest as i64));
        let mut calendar = Vec::new();
        for (segment, series) in state.series.iter_mut().filter(|(_, s)| !only_new || s.means.is_empty()) {
            if calendar.is_empty() {
                calendar.extend((first.0..=state.upto.0).map(|h| Calendar::of_hour(Hour(h), self.zone)));
            }
            series.means.push(round(next_mean(level, segment, &calendar, &series.hours)));
        }
    }

    /// Takes the count of hour `upto` into every series and forecasts the next.
    fn close_hour(&self, state: &mut DetectorState, volumes: &Volumes) {
        let hour = state.upto;
        let tracks = &state.tracks;
        for (segment, series) in &mut state.series {
            let count = count_of(volumes, segment, hour);
            let hidden = tracks.iter().any(|t| t.covers(segment, hour.start()));
            let mean = series.means.last().copied().unwrap_or(0.0);
            let cap = plausible(mean, dispersion(&self.artifact.hour, segment, 0));
            series.hours.push(if hidden { -1 } else { count.min(cap) as i64 });
        }
        state.upto = hour.plus(1);
        self.forecast_hour(state, false);
        if hour.utc_hour() == 0 {
            state.trim(self.now);
            let modelled = &self.artifact.hour.series;
            state.series.retain(|s, series| {
                s.is_total() || modelled.contains_key(s) || series.hours.iter().any(|c| *c != 0)
            });
        }
    }

    /// The window of day `next_day` once it is over.
    fn closed_day(&self, state: &DetectorState) -> Option<Window> {
        let end = day_start(state.next_day.tomorrow().ok()?, self.zone);
        (end <= self.now).then(|| Window::new(day_start(state.next_day, self.zone), end))
    }

    fn close_day(
        &self,
        state: &mut DetectorState,
        volumes: &Volumes,
        window: Window,
        fired: Option<&mut Vec<Scored>>,
    ) {
        let level = &self.artifact.day;
        let date = state.next_day;
        let longest = state.series.values().map(|s| s.days.len()).max().unwrap_or(0);
        let first = date_back(date, longest);
        let calendar: Vec<Calendar> = dates(first, longest + 1).map(Calendar::of_day).collect();
        let tracks = &state.tracks;
        let mut pushed = Vec::with_capacity(state.series.len());
        let mut scored = Vec::new();
        for (segment, series) in &state.series {
            let mean = next_mean(level, segment, &calendar, &series.days);
            let cells = Cells::of(state, volumes, segment, window.start, window.end);
            let actual: f64 = cells.actual.iter().sum();
            let hidden = (0..cells.actual.len())
                .filter(|i| tracks.iter().any(|t| t.covers(segment, cells.at(*i))))
                .count() as f64;
            let hidden = hidden / cells.actual.len().max(1) as f64;
            let cap = plausible(mean, dispersion(level, segment, 0));
            pushed.push(if hidden > HIDDEN_DAY { -1 } else { actual.min(cap) as i64 });
            if hidden > HIDDEN_DAY || !series.established(Hour::of(window.start)) {
                continue;
            }
            let (direction, score) = score_sum(level, segment, 0, actual, mean);
            scored.push(Scored {
                segment: segment.clone(),
                granularity: Granularity::Day,
                scale: 24,
                window,
                direction,
                actual,
                expected: mean,
                score,
                margin: score - level.threshold,
            });
        }
        if let Some(fired) = fired {
            let total = scored.iter().find(|s| s.segment.is_total()).map(|s| (s.actual, s.expected));
            let phi = dispersion(level, &Segment::total(), 0);
            scored.retain(|s| {
                let own = (s.actual, s.expected);
                s.margin >= 0.0
                    && (s.segment.is_total()
                        || total.is_none_or(|t| s.shows_in(t, phi) && !is_relabelled(own, t, phi)))
            });
            fired.append(&mut scored);
        }
        for (series, count) in state.series.values_mut().zip(pushed) {
            series.days.push(count);
        }
        state.next_day = date.tomorrow().unwrap_or(date);
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

fn known(count: &i64) -> f64 {
    if *count < 0 { f64::NAN } else { *count as f64 }
}

fn round(mean: f64) -> f64 {
    (mean * 1e4).round() / 1e4
}

/// Count beyond which later forecasts do not see it.
fn plausible(mean: f64, dispersion: f64) -> f64 {
    (mean + PLAUSIBLE * (mean + dispersion * mean * mean).sqrt() + PLAUSIBLE).ceil()
}

fn dispersion(level: &Level, segment: &Segment, window: usize) -> f64 {
    level.series_model(segment).dispersion.get(window).copied().unwrap_or(0.0)
}

/// The mean of the step after `counts`, the last step of `calendar`.
fn next_mean(level: &Level, segment: &Segment, calendar: &[Calendar], counts: &[i64]) -> f64 {
    let mut values: Vec<f64> = counts.iter().map(known).collect();
    values.push(f64::NAN);
    let calendar = calendar.get(calendar.len().saturating_sub(values.len())..).unwrap_or(&[]);
    let view = SeriesView { granularity: level.granularity, calendar, values: &values };
    let model = level.models.get(level.series_model(segment).model);
    let forecasts = model.map(|m| m.detector().forecast(view, counts.len())).unwrap_or_default();
    forecasts.first().map_or(0.0, |f| f.mean).max(0.0)
}

fn count_of(volumes: &Volumes, segment: &Segment, hour: Hour) -> f64 {
    let first_hour = DayVolume::first_hour_of(hour);
    let counts = volumes.get(&first_hour).and_then(|d| d.segments.get(segment));
    let index = hour.0 - first_hour.0;
    let of_hour = counts.into_iter().flatten().filter(|c| i64::from(c.0) / 4 == index);
    of_hour.map(|c| f64::from(c.1)).sum()
}

fn date_back(date: Date, days: usize) -> Date {
    date.checked_sub(jiff::Span::new().days(days as i64)).unwrap_or(date)
}
