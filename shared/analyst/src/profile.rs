//! The usual week of a segment.

use crate::Case;
use crate::stats::z_score;
use domain::rollup::HourRollup;
use domain::segment::Segment;
use domain::time::{CELL_SECONDS, CELLS_PER_HOUR, Hour, Window};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const HOURS_OF_WEEK: usize = 168;
/// Weeks of evidence that the hour of the day counts for, against the same hour of the same weekday.
const SHRINKAGE: f64 = 1.0;

/// Hour of the local week, 0 = Monday 0:00.
pub(crate) fn hour_of_week(hour: Hour, zone: &TimeZone) -> usize {
    let local = hour.start().to_zoned(zone.clone());
    let day = i64::from(local.weekday().to_monday_zero_offset());
    (day * 24 + i64::from(local.hour())).rem_euclid(HOURS_OF_WEEK as i64) as usize
}

/// Tickets a segment usually has in each hour of the week, from the background.
pub(crate) struct Profile {
    /// Mean of the same hour of the week.
    pub(crate) same_hour: Vec<f64>,
    /// The same, drawn towards the hour of the day where weeks are few.
    smooth: Vec<f64>,
    /// Tickets in each of the last hours before the window, oldest first, and the hour of the first.
    history: Vec<f64>,
    first: Hour,
}

impl Profile {
    pub(crate) fn of(case: &Case<'_>, segment: &Segment) -> Self {
        let end = Hour::of(case.incident.window.start);
        let hours = (case.background_days.clamp(0.0, 366.0) * 24.0).round() as i64;
        let first = end.plus(-hours);
        let mut history = vec![0.0; hours as usize];
        for rollup in case.background {
            let index = usize::try_from(rollup.hour.0 - first.0).ok();
            if let Some(slot) = index.and_then(|i| history.get_mut(i)) {
                *slot += tickets_of(rollup, segment);
            }
        }
        let (mut sums, mut seen) = (vec![0.0; HOURS_OF_WEEK], vec![0.0; HOURS_OF_WEEK]);
        for (i, tickets) in history.iter().enumerate() {
            let phase = hour_of_week(first.plus(i as i64), case.zone);
            if let (Some(sum), Some(n)) = (sums.get_mut(phase), seen.get_mut(phase)) {
                *sum += tickets;
                *n += 1.0;
            }
        }
        let day_mean = |phase: usize| {
            let of_day = |v: &[f64]| (0..7).filter_map(|d| v.get(d * 24 + phase % 24)).sum::<f64>();
            of_day(&sums) / of_day(&seen).max(1.0)
        };
        let ratio = |(s, n): (&f64, &f64)| if *n > 0.0 { s / n } else { 0.0 };
        let same_hour = sums.iter().zip(&seen).map(ratio).collect();
        let shrunk = |(i, (s, n)): (usize, (&f64, &f64))| (s + SHRINKAGE * day_mean(i)) / (n + SHRINKAGE);
        let smooth = sums.iter().zip(&seen).enumerate().map(shrunk).collect();
        Self { same_hour, smooth, history, first }
    }

    /// Tickets due in each 15-minute cell of the window, scaled to `expected` in all.
    pub(crate) fn cells(&self, window: Window, zone: &TimeZone, expected: f64) -> Vec<f64> {
        let starts = cell_starts(window);
        // A floor keeps cells possible that never had a ticket.
        let weight = |start: &Timestamp| {
            self.smooth.get(hour_of_week(Hour::of(*start), zone)).copied().unwrap_or(0.0) + 1e-3
        };
        let weights: Vec<f64> = starts.iter().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| expected.max(0.0) * w / sum.max(1e-12)).collect()
    }

    /// Tickets usually written in an hour.
    pub(crate) fn usual_in(&self, hour: Hour, zone: &TimeZone) -> f64 {
        self.smooth.get(hour_of_week(hour, zone)).copied().unwrap_or(0.0)
    }

    /// Mean of the same hours of the week over the background, for the window.
    pub(crate) fn same_hour_baseline(&self, window: Window, zone: &TimeZone) -> f64 {
        let due = |start: &Timestamp| {
            self.same_hour.get(hour_of_week(Hour::of(*start), zone)).copied().unwrap_or(0.0)
        };
        cell_starts(window).iter().map(due).sum::<f64>() / CELLS_PER_HOUR as f64
    }

    /// Plain mean of the seven days before, for the window's length; `None` with less than a day of history.
    pub(crate) fn seven_day_baseline(&self, window: Window) -> Option<f64> {
        let recent = self.history.get(self.history.len().saturating_sub(168)..)?;
        (recent.len() >= 24).then(|| recent.iter().sum::<f64>() / recent.len() as f64 * window.hours())
    }

    /// The lack of tickets right before an hour: the stretch of at most `longest` hours that ends there, had at most
    /// half of what was due, and lacks most for its size. Its first hour, its length, and the tickets that were due
    /// beyond those that came.
    ///
    /// `within` counts the hours from the window's first one on; earlier ones come from the background.
    pub(crate) fn lack_before(
        &self,
        hour: Hour,
        longest: i64,
        within: &[f64],
        zone: &TimeZone,
    ) -> Option<(Hour, i64, f64)> {
        let (mut came, mut due, mut best) = (0.0, 0.0, None);
        let mut strangest = 0.0;
        for back in 1..=longest {
            let at = hour.plus(-back);
            let index = usize::try_from(at.0 - self.first.0).ok()?;
            let known = self.history.get(index).or_else(|| within.get(index - self.history.len()));
            let Some(tickets) = known else { break };
            came += tickets;
            due += self.smooth.get(hour_of_week(at, zone)).copied().unwrap_or(0.0);
            let z = -z_score(came, due);
            if came <= 0.5 * due && z > strangest {
                strangest = z;
                best = Some((at, back, due - came));
            }
        }
        best
    }
}

/// Tickets of a segment in an hour.
pub(crate) fn tickets_of(rollup: &HourRollup, segment: &Segment) -> f64 {
    rollup.segment(segment).iter().map(|c| f64::from(c.tickets)).sum()
}

/// First instants of the cells that cover the window.
pub(crate) fn cell_starts(window: Window) -> Vec<Timestamp> {
    let first = window.start.as_second().div_euclid(CELL_SECONDS) * CELL_SECONDS;
    let end = window.end.as_second().min(first + MAX_WINDOW_SECONDS);
    (0..)
        .map(|i| first + i * CELL_SECONDS)
        .take_while(|s| *s < end)
        .filter_map(|s| Timestamp::from_second(s).ok())
        .collect()
}

/// Longest window that is cut into cells: an incident has seven days at most.
const MAX_WINDOW_SECONDS: i64 = 31 * 86_400;

/// Index of the cell of `window` that contains `at`.
pub(crate) fn cell_index(window: Window, at: Timestamp) -> Option<usize> {
    let first = window.start.as_second().div_euclid(CELL_SECONDS);
    usize::try_from(at.as_second().div_euclid(CELL_SECONDS) - first).ok()
}
