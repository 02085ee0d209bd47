//! Anomalies that overlap in time and segment become one incident; an incident is told again when it has grown
//! markedly, and when it is over.

use crate::rollup::read_rollup;
use crate::scan::{Cells, Scored, Volumes};
use crate::state::{DetectorState, MAX_WINDOW_HOURS, Track};
use crate::{Result, codec};
use domain::anomaly::{Anomaly, Direction, Granularity, Kind};
use domain::incident::{INCIDENT_VERSION, Incident, SegmentCount, Severity, Status};
use domain::ports::BlobStore;
use domain::segment::Segment;
use domain::time::{Hour, Window};
use jiff::{SignedDuration, Timestamp};

/// Hours without an anomalous window after which a short incident is over.
const CALM_HOURS: i64 = 6;
/// An incident is told again when its excess has doubled, and by at least this many tickets.
const TOLD_STEP: f64 = 20.0;
/// Share of the smaller segment's tickets that must lie in both for two segments to be one incident.
const SHARED: f64 = 0.5;
/// Share of the total's excess from which a segment stands for an incident in which the total is anomalous too.
const MOSTLY: f64 = 0.67;
/// Anomalies that travel with an incident.
const MAX_ANOMALIES: usize = 20;

/// What one run decides about incidents.
pub struct Decision<'a> {
    /// Where rollups are read from, to see which segments share tickets.
    pub blobs: &'a dyn BlobStore,
    /// The stream.
    pub stream: &'a str,
    /// The run's time, cut to the cell.
    pub now: Timestamp,
    /// Volumes from the start of every open incident on.
    pub volumes: &'a Volumes,
}

impl Decision<'_> {
    /// Takes in what fired and what is still active; returns the revisions to write, in order.
    pub async fn take(
        &self,
        state: &mut DetectorState,
        mut fired: Vec<Scored>,
        active: &[(String, Scored)],
    ) -> Result<Vec<Incident>> {
        let mut revisions = Vec::new();
        for (id, scored) in active {
            let end = self.last_excess(state, scored);
            if let Some(track) = state.tracks.iter_mut().find(|t| t.id == *id) {
                extend(track, scored, end, self.now);
            }
        }
        fired.sort_by(|a, b| b.margin.total_cmp(&a.margin).then_with(|| a.segment.cmp(&b.segment)));
        let mut fresh: Vec<Vec<Scored>> = Vec::new();
        for scored in fired {
            if let Some(position) = self.related_track(state, &scored).await? {
                let end = self.last_excess(state, &scored);
                if let Some(track) = state.tracks.get_mut(position) {
                    track.members.insert(scored.segment.clone());
                    extend(track, &scored, end, self.now);
                }
                continue;
            }
            let mut home = None;
            for (i, group) in fresh.iter().enumerate() {
                let Some(first) = group.first().filter(|f| f.direction == scored.direction) else { continue };
                let whole = group.iter().any(|s| s.segment.is_total());
                if whole || self.share_tickets(&first.segment, &scored).await? {
                    home = Some(i);
                    break;
                }
            }
            match home.and_then(|i| fresh.get_mut(i)) {
                Some(group) => group.push(scored),
                None => fresh.push(vec![scored]),
            }
        }
        for group in fresh {
            if let Some(track) = self.open(state, &group) {
                let incident = self.describe(state, &track, Status::Open, &group);
                state.tracks.push(track);
                revisions.push(incident);
            }
        }
        self.follow(state, &mut revisions);
        Ok(revisions)
    }

    async fn related_track(&self, state: &DetectorState, scored: &Scored) -> Result<Option<usize>> {
        for (i, track) in state.tracks.iter().enumerate() {
            if !track.may_continue(scored.window.start.max(track.end)) || track.direction != scored.direction
            {
                continue;
            }
            let known = track.is_whole() || track.members.contains(&scored.segment);
            if known || self.share_tickets(&track.segment, scored).await? {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    /// Whether the segment has at least half of the smaller one's tickets of the window in common with what was scored;
    /// where tickets are missing, of the same window a week before.
    async fn share_tickets(&self, a: &Segment, scored: &Scored) -> Result<bool> {
        let (b, mut window) = (&scored.segment, scored.window);
        if scored.direction == Direction::Down {
            let week = SignedDuration::from_hours(7 * 24);
            window = Window::new(window.start - week, window.end - week);
        }
        if a.is_total() || b.is_total() || a == b {
            return Ok(true);
        }
        let (Some(x), Some(y)) = (a.cells().first(), b.cells().first()) else { return Ok(true) };
        let pair = Segment::pair(x.clone(), y.clone());
        let mut counts = [0u32; 3];
        let hours = Hour::range(window.start, window.end);
        let reads = hours.map(|hour| read_rollup(self.blobs, self.stream, hour)).collect();
        for rollup in codec::in_order(codec::AT_ONCE, reads).await?.into_iter().flatten() {
            for (count, segment) in counts.iter_mut().zip([a, b, &pair]) {
                *count += rollup.segment(segment).iter().map(|c| c.tickets).sum::<u32>();
            }
        }
        let [a, b, both] = counts.map(f64::from);
        Ok(both >= SHARED * a.min(b).max(1.0))
    }

    /// Starts to follow a group of anomalies; `None` for an empty group.
    fn open(&self, state: &DetectorState, group: &[Scored]) -> Option<Track> {
        let strongest = group.first()?;
        let total = group.iter().find(|s| s.segment.is_total());
        let whole = total.is_some()
            && !self.explains(state, &strongest.segment, strongest.window, strongest.direction);
        let first = total.filter(|_| whole).unwrap_or(strongest);
        let cells = Cells::of(state, self.volumes, &first.segment, first.window.start, first.window.end);
        let (start, end) = cells.densest(first.direction).unwrap_or((0, cells.actual.len()));
        let anomaly = first.anomaly(self.stream);
        let mut track = Track {
            id: Incident::id_of(self.stream, &anomaly.id),
            revision: 1,
            open: true,
            direction: first.direction,
            segment: first.segment.clone(),
            members: group.iter().map(|s| s.segment.clone()).collect(),
            start: cells.at(start),
            end: cells.at(end),
            scale: if first.granularity == Granularity::Day { 24 } else { first.scale },
            granularity: first.granularity,
            active_at: self.now,
            score: first.score,
            severity: Severity::Low,
            told_excess: 0.0,
            opened_at: self.now,
        };
        let (tickets, expected) = self.sums(state, &track);
        track.severity = Severity::of(tickets, expected);
        track.told_excess = (tickets - expected).abs();
        Some(track)
    }

    /// Whether the segment's excess is most of the total's: then it stands for the incident, else the total does.
    fn explains(
        &self,
        state: &DetectorState,
        segment: &Segment,
        window: Window,
        direction: Direction,
    ) -> bool {
        let sign = if direction == Direction::Up { 1.0 } else { -1.0 };
        let excess = |segment: &Segment| {
            let (actual, expected) = Cells::of(state, self.volumes, segment, window.start, window.end).sums();
            sign * (actual - expected)
        };
        excess(segment) >= MOSTLY * excess(&Segment::total())
    }

    /// A window as an incident that nobody follows: revision 0, the window as it is.
    pub fn examine(&self, state: &DetectorState, scored: &Scored) -> Incident {
        let id = Incident::id_of(self.stream, &scored.anomaly(self.stream).id);
        let track = Track {
            id,
            revision: 0,
            open: false,
            direction: scored.direction,
            segment: scored.segment.clone(),
            members: Default::default(),
            start: scored.window.start,
            end: scored.window.end,
            scale: scored.scale,
            granularity: scored.granularity,
            active_at: self.now,
            score: scored.score,
            severity: Severity::of(scored.actual, scored.expected),
            told_excess: 0.0,
            opened_at: self.now,
        };
        self.describe(state, &track, Status::Open, std::slice::from_ref(scored))
    }

    /// Tells what has grown markedly, and resolves what is calm.
    fn follow(&self, state: &mut DetectorState, revisions: &mut Vec<Incident>) {
        let mut tracks = std::mem::take(&mut state.tracks);
        for track in &mut tracks {
            if revisions.iter().any(|r| r.id == track.id) {
                continue;
            }
            let reopened = !track.open && track.active_at == self.now;
            if !track.open && !reopened {
                continue;
            }
            if track.is_whole() && !self.explains(state, &track.segment, track.window(), track.direction) {
                track.segment = Segment::total();
            }
            let (tickets, expected) = self.sums(state, track);
            let severity = Severity::of(tickets, expected).max(track.severity);
            let excess = (tickets - expected).abs();
            let grown = excess >= 2.0 * track.told_excess && excess >= track.told_excess + TOLD_STEP;
            let calm = self.now.duration_since(track.active_at)
                >= SignedDuration::from_hours(CALM_HOURS.max(track.scale as i64 / 2));
            let full = self.now.duration_since(track.start) > SignedDuration::from_hours(MAX_WINDOW_HOURS);
            let status = if calm || full {
                Status::Resolved
            } else if reopened || grown || severity > track.severity {
                Status::Escalated
            } else {
                continue;
            };
            track.open = status != Status::Resolved;
            track.revision += 1;
            track.severity = severity;
            track.told_excess = track.told_excess.max(excess);
            revisions.push(self.describe(state, track, status, &[]));
        }
        state.tracks = tracks;
    }

    /// Where the excess of a window ends: the calm after it is not the incident's.
    fn last_excess(&self, state: &DetectorState, scored: &Scored) -> Timestamp {
        let cells = Cells::of(state, self.volumes, &scored.segment, scored.window.start, scored.window.end);
        cells.densest(scored.direction).map_or(scored.window.start, |(_, end)| cells.at(end))
    }

    fn sums(&self, state: &DetectorState, track: &Track) -> (f64, f64) {
        Cells::of(state, self.volumes, &track.segment, track.start, track.end).sums()
    }

    fn describe(&self, state: &DetectorState, track: &Track, status: Status, group: &[Scored]) -> Incident {
        let window = track.window();
        let counts: Vec<SegmentCount> = state
            .series
            .keys()
            .map(|segment| {
                let (actual, expected) =
                    Cells::of(state, self.volumes, segment, window.start, window.end).sums();
                SegmentCount { segment: segment.clone(), actual, expected: round(expected) }
            })
            .collect();
        let mut anomalies: Vec<Anomaly> = group.iter().map(|s| s.anomaly(self.stream)).collect();
        anomalies.truncate(MAX_ANOMALIES);
        let (tickets, expected) = self.sums(state, track);
        Incident {
            version: INCIDENT_VERSION,
            stream: self.stream.to_owned(),
            id: track.id.clone(),
            revision: track.revision,
            status,
            opened_at: track.opened_at,
            decided_at: self.now,
            kind: Kind::Volume,
            direction: track.direction,
            segment: track.segment.clone(),
            window,
            tickets,
            expected: round(expected),
            score: round(track.score),
            severity: track.severity,
            anomalies,
            counts,
        }
    }
}

/// Follows an incident that the state has lost (a run was stopped between writing the two).
pub fn adopt(incident: &Incident) -> Track {
    // Only the first revision carries its anomalies; a later one is as long as it has lasted.
    let scale = incident.anomalies.first().map_or(incident.window, |a| a.window).hours() as usize;
    Track {
        id: incident.id.clone(),
        revision: incident.revision,
        open: incident.status != Status::Resolved,
        direction: incident.direction,
        segment: incident.segment.clone(),
        members: incident
            .anomalies
            .iter()
            .map(|a| a.segment.clone())
            .chain([incident.segment.clone()])
            .collect(),
        start: incident.window.start,
        end: incident.window.end,
        scale: scale.clamp(1, 24),
        granularity: incident.anomalies.first().map_or(Granularity::Hour, |a| a.granularity),
        active_at: incident.decided_at,
        score: incident.score,
        severity: incident.severity,
        told_excess: (incident.tickets - incident.expected).abs(),
        opened_at: incident.opened_at,
    }
}

fn extend(track: &mut Track, scored: &Scored, end: Timestamp, now: Timestamp) {
    let longest = track.start.as_second() + MAX_WINDOW_HOURS * 3600;
    let end = end.min(Timestamp::from_second(longest).unwrap_or(end));
    track.end = track.end.max(end);
    track.active_at = now;
    track.score = track.score.max(scored.score);
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Whether a track wants to be checked for going on: open, and in its direction.
pub fn is_active(track: &Track, scored: &Scored, calm_score: f64) -> bool {
    track.open && scored.direction == track.direction && scored.score >= calm_score
}

/// Windows, in hours, that tell whether an incident of this scale still goes on.
pub fn activity_windows(scale: usize) -> &'static [usize] {
    if scale > 3 { &[1, 3, 8] } else { &[1, 3] }
}

/// Score from which an open incident's window says that it goes on: two decades more frequent than an anomaly.
pub fn calm_score(threshold: f64) -> f64 {
    (threshold - 2.0).max(2.0)
}
