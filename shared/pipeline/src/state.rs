//! What a detect run remembers: recent counts and forecasts of every series, and the incidents it follows.
//!
//! Replaced as a whole by If-Match, rebuilt from the rollups when it is missing. Its size is bounded by windows,
//! not by history.

use domain::anomaly::{Direction, Granularity};
use domain::incident::Severity;
use domain::segment::Segment;
use domain::time::{Hour, Window};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Format version of [`DetectorState`].
pub const STATE_VERSION: u32 = 1;
/// Hours of counts kept: what the baseline learns a series' shape from, and two days of slack.
pub const KEPT_HOURS: usize = 24 * 58;
/// Hours of forecasts kept: the longest incident window and a day.
pub const KEPT_MEANS: usize = 24 * 8;
/// Days of counts kept: twelve weeks for the shape, and a week of slack.
pub const KEPT_DAYS: usize = 91;
/// Days of history that a series needs before it can raise an alarm by itself: a value that has just come up (a new
/// queue, a version's tag) has no usual yet. Its tickets count in the total all the same.
pub const ESTABLISHED_DAYS: i64 = 14;
/// Days an incident is remembered after it ended: its hours stay out of later windows.
pub const REMEMBERED_DAYS: i64 = 8;

/// Longest window of an incident: then it is resolved, and its later hours teach the forecasts.
pub const MAX_WINDOW_HOURS: i64 = 7 * 24;
/// Hours after an incident's end in which the same segment's next anomaly belongs to it.
const REOPEN_HOURS: i64 = 24;

/// One series' recent past.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesState {
    /// Hour of the first ticket; a series is scored on its own once it has [`ESTABLISHED_DAYS`] behind it.
    pub since: Option<Hour>,
    /// Counts of the closed hours that end at [`DetectorState::upto`], cut at what was plausible; −1 is missing.
    pub hours: Vec<i64>,
    /// Forecast means of the last hours and of the hour `upto` itself (the last element).
    pub means: Vec<f64>,
    /// Counts of the closed days that end before [`DetectorState::next_day`], cut likewise; −1 is missing.
    pub days: Vec<i64>,
}

/// An incident that is followed, or was lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// The incident's id.
    pub id: String,
    /// Its latest revision.
    pub revision: u32,
    /// Whether it is still open.
    pub open: bool,
    /// Too many or too few.
    pub direction: Direction,
    /// The segment that stands for it.
    pub segment: Segment,
    /// Every segment that fired in it.
    pub members: BTreeSet<Segment>,
    /// First anomalous cell.
    pub start: Timestamp,
    /// First instant after the last anomalous cell.
    pub end: Timestamp,
    /// Hours of the window that opened it.
    pub scale: usize,
    /// Resolution of the series that opened it.
    pub granularity: Granularity,
    /// When a window of its last fired.
    pub active_at: Timestamp,
    /// Highest score so far.
    pub score: f64,
    /// Highest severity so far.
    pub severity: Severity,
    /// Excess when the last revision was told.
    pub told_excess: f64,
    /// When the first revision was decided.
    pub opened_at: Timestamp,
}

impl SeriesState {
    /// Whether the series has enough history at `hour` to be scored on its own.
    pub fn established(&self, hour: Hour) -> bool {
        self.since.is_some_and(|since| hour.0 - since.0 >= 24 * ESTABLISHED_DAYS)
    }
}

impl Track {
    /// Whether the stream as a whole is anomalous, so that every segment's anomaly is part of it.
    pub fn is_whole(&self) -> bool {
        self.segment.is_total() || self.members.contains(&Segment::total())
    }

    /// Whether cells of `segment` at `at` belong to this incident.
    pub fn covers(&self, segment: &Segment, at: Timestamp) -> bool {
        self.start <= at && at < self.end && (self.is_whole() || self.members.contains(segment))
    }

    /// Whether an anomaly at `now` may still belong to this incident.
    pub fn may_continue(&self, now: Timestamp) -> bool {
        let near = self.open || now.duration_since(self.end) < SignedDuration::from_hours(REOPEN_HOURS);
        near && now.duration_since(self.start) <= SignedDuration::from_hours(MAX_WINDOW_HOURS)
    }

    /// Whether a run at `now` needs the counts of this incident's window: a day's anomaly is seen when the day is over.
    pub fn may_be_told(&self, now: Timestamp) -> bool {
        self.open || now.duration_since(self.end) < SignedDuration::from_hours(REOPEN_HOURS + 26)
    }

    /// First to last anomalous cell.
    pub fn window(&self) -> Window {
        Window::new(self.start, self.end)
    }
}

/// What a detect run leaves for the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectorState {
    /// [`STATE_VERSION`].
    pub version: u32,
    /// First hour that is not closed yet.
    pub upto: Hour,
    /// First day of the stream's zone that is not closed yet.
    pub next_day: Date,
    /// Recent past by segment.
    pub series: BTreeMap<Segment, SeriesState>,
    /// Incidents that are followed, or were lately.
    pub tracks: Vec<Track>,
}

impl DetectorState {
    /// The hour of the first element of [`SeriesState::means`] for a series with `n` of them.
    pub fn first_mean(&self, n: usize) -> Hour {
        self.upto.plus(1 - n as i64)
    }

    /// The forecast mean of a segment's hour; `None` outside what is kept.
    pub fn mean(&self, segment: &Segment, hour: Hour) -> Option<f64> {
        let means = &self.series.get(segment)?.means;
        let index = usize::try_from(hour.0 - self.first_mean(means.len()).0).ok()?;
        means.get(index).copied()
    }

    /// Forgets what lies outside the kept windows.
    pub fn trim(&mut self, now: Timestamp) {
        for series in self.series.values_mut() {
            drop_front(&mut series.hours, KEPT_HOURS);
            drop_front(&mut series.means, KEPT_MEANS);
            drop_front(&mut series.days, KEPT_DAYS);
        }
        let horizon = now.as_second() - REMEMBERED_DAYS * 86_400;
        self.tracks.retain(|t| t.open || t.end.as_second() > horizon);
    }
}

fn drop_front<T>(values: &mut Vec<T>, keep: usize) {
    if values.len() > keep {
        values.drain(..values.len() - keep);
    }
}
