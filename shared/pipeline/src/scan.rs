//! Scores the trailing windows of a series against its forecasts.

use crate::artifact::Level;
use crate::calibrate::{drop_matters, raw_score};
use crate::state::DetectorState;
use domain::anomaly::{Anomaly, Direction, Granularity, Kind};
use domain::rollup::DayVolume;
use domain::segment::Segment;
use domain::time::{CELL_SECONDS, CELLS_PER_HOUR, Hour, Window};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Volumes of the UTC days a run needs, by their first hour.
pub type Volumes = BTreeMap<Hour, DayVolume>;

/// Counts and means of consecutive 15-minute cells.
#[derive(Clone, Debug)]
pub struct Cells {
    /// Start of the first cell.
    pub start: Timestamp,
    /// Tickets by cell.
    pub actual: Vec<f64>,
    /// Expected tickets by cell; `NaN` where there is no forecast.
    pub mean: Vec<f64>,
}

impl Cells {
    /// The cells of `[from, to)` (cut to whole cells) of one segment.
    pub fn of(
        state: &DetectorState,
        volumes: &Volumes,
        segment: &Segment,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        let first = from.as_second().div_euclid(CELL_SECONDS);
        let last = to.as_second().div_euclid(CELL_SECONDS);
        let length = usize::try_from(last - first).unwrap_or(0);
        let mut actual = vec![0.0; length];
        let per_day = 24 * CELLS_PER_HOUR as i64;
        let days = first.div_euclid(per_day)..=(last - 1).div_euclid(per_day);
        for day in days {
            let counts = volumes.get(&Hour(day * 24)).and_then(|d| d.segments.get(segment));
            for count in counts.into_iter().flatten() {
                let index = day * per_day + i64::from(count.0) - first;
                if let Some(cell) = usize::try_from(index).ok().and_then(|i| actual.get_mut(i)) {
                    *cell = f64::from(count.1);
                }
            }
        }
        let mut mean = Vec::with_capacity(length);
        for cell in first..last {
            let hour = Hour(cell.div_euclid(CELLS_PER_HOUR as i64));
            mean.push(state.mean(segment, hour).unwrap_or(f64::NAN) / CELLS_PER_HOUR as f64);
        }
        Self { start: instant(first * CELL_SECONDS), actual, mean }
    }

    /// Start of the cell at `index`.
    pub fn at(&self, index: usize) -> Timestamp {
        instant(self.start.as_second() + index as i64 * CELL_SECONDS)
    }

    /// (tickets, expected) over all cells with a forecast.
    pub fn sums(&self) -> (f64, f64) {
        let known = self.actual.iter().zip(&self.mean).filter(|(_, m)| m.is_finite());
        known.fold((0.0, 0.0), |(a, m), (x, y)| (a + x, m + y))
    }

    /// The cells from `start` on.
    pub fn since(&self, start: Timestamp) -> Self {
        let skip = (start.as_second() - self.start.as_second()).max(0) / CELL_SECONDS;
        let skip = usize::try_from(skip).unwrap_or(0).min(self.actual.len());
        Self {
            start: self.at(skip),
            actual: self.actual.get(skip..).unwrap_or(&[]).to_vec(),
            mean: self.mean.get(skip..).unwrap_or(&[]).to_vec(),
        }
    }

    /// The run of cells with the largest summed excess in `direction`, allowing a quarter of the expectation as
    /// ordinary: where an anomaly begins and ends. `None` when no cell exceeds.
    pub fn densest(&self, direction: Direction) -> Option<(usize, usize)> {
        let sign = if direction == Direction::Up { 1.0 } else { -1.0 };
        let mut best: Option<(f64, usize, usize)> = None;
        let (mut sum, mut start) = (0.0, 0);
        for (i, (a, m)) in self.actual.iter().zip(&self.mean).enumerate() {
            let gain = if m.is_finite() { sign * (a - m) - 0.25 * m } else { 0.0 };
            if sum <= 0.0 {
                (sum, start) = (0.0, i);
            }
            sum += gain;
            if sum > 0.0 && best.is_none_or(|(b, ..)| sum > b) {
                best = Some((sum, start, i + 1));
            }
        }
        best.map(|(_, start, end)| (start, end))
    }
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A window that was scored, before it is called an anomaly.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Where.
    pub segment: Segment,
    /// The series' resolution.
    pub granularity: Granularity,
    /// Steps in the window.
    pub scale: usize,
    /// When.
    pub window: Window,
    /// Too many or too few.
    pub direction: Direction,
    /// Tickets.
    pub actual: f64,
    /// Expected tickets.
    pub expected: f64,
    /// Calibrated score.
    pub score: f64,
    /// Score above the level's threshold.
    pub margin: f64,
}

impl Scored {
    /// Whether the segment's excess (or lack) shows in the total (tickets, expected) of the same window: half of it
    /// must be there, for an excess give or take one standard deviation.
    pub fn shows_in(&self, (actual, expected): (f64, f64), dispersion: f64) -> bool {
        let difference = actual - expected;
        let own = self.actual - self.expected;
        match self.direction {
            Direction::Up => difference + (expected + dispersion * expected * expected).sqrt() >= 0.5 * own,
            Direction::Down => difference <= 0.5 * own,
        }
    }

    /// The anomaly that this window is.
    pub fn anomaly(&self, stream: &str) -> Anomaly {
        Anomaly {
            id: Anomaly::id_of(stream, Kind::Volume, &self.segment, self.granularity, self.window),
            kind: Kind::Volume,
            direction: self.direction,
            segment: self.segment.clone(),
            granularity: self.granularity,
            window: self.window,
            actual: self.actual,
            expected: (self.expected * 1e3).round() / 1e3,
            score: (self.score * 1e3).round() / 1e3,
        }
    }
}

/// Whether a segment took its excess from the rest of the stream: customers who move from one version or queue to
/// the next make one value grow and its siblings shrink, and nothing is wrong.
///
/// `segment` and `total` are (tickets, expected) of the same window. The rest must lack at least a third of the
/// excess, and more than one and a half standard deviations (one chance in fifteen).
pub fn is_relabelled(segment: (f64, f64), total: (f64, f64), dispersion: f64) -> bool {
    let excess = segment.0 - segment.1;
    let rest = (total.1 - segment.1).max(0.0);
    let lack = rest - (total.0 - segment.0);
    let spread = (rest + dispersion * rest * rest).sqrt();
    lack >= excess / 3.0 && lack >= 1.5 * spread
}

/// Scores a sum in both directions; the stranger one.
pub fn score_sum(
    level: &Level,
    segment: &Segment,
    window: usize,
    actual: f64,
    mean: f64,
) -> (Direction, f64) {
    let model = level.series_model(segment);
    let phi = model.dispersion.get(window).copied().unwrap_or(0.0);
    let score = |direction| {
        let raw = raw_score(actual, mean, phi, direction);
        level.tails(direction).get(window).map_or(raw, |tail| tail.calibrated(raw))
    };
    let up = score(Direction::Up);
    let down = if drop_matters(segment) { score(Direction::Down) } else { 0.0 };
    if down > up { (Direction::Down, down) } else { (Direction::Up, up) }
}

/// The strangest trailing window of hourly cells that end now. Cells for which `hidden` holds are left out; a window
/// of which less than half is left is not scored.
pub fn scan_hours(
    level: &Level,
    segment: &Segment,
    cells: &Cells,
    windows: &[usize],
    hidden: impl Fn(Timestamp) -> bool,
) -> Option<Scored> {
    let length = cells.actual.len();
    let visible: Vec<bool> = (0..length)
        .map(|i| cells.mean.get(i).is_some_and(|m| m.is_finite()) && !hidden(cells.at(i)))
        .collect();
    let mut best: Option<Scored> = None;
    for hours in windows {
        let Some(index) = level.windows.iter().position(|w| w == hours) else { continue };
        let Some(first) = length.checked_sub(hours * CELLS_PER_HOUR) else { continue };
        let (mut actual, mut expected, mut seen) = (0.0, 0.0, 0);
        for i in (first..length).filter(|i| visible.get(*i) == Some(&true)) {
            actual += cells.actual.get(i).copied().unwrap_or(0.0);
            expected += cells.mean.get(i).copied().unwrap_or(0.0);
            seen += 1;
        }
        if 2 * seen < hours * CELLS_PER_HOUR {
            continue;
        }
        let (direction, score) = score_sum(level, segment, index, actual, expected);
        if best.as_ref().is_none_or(|b| score > b.score) {
            best = Some(Scored {
                segment: segment.clone(),
                granularity: Granularity::Hour,
                scale: *hours,
                window: Window::new(cells.at(first), cells.at(length)),
                direction,
                actual,
                expected,
                score,
                margin: score - level.threshold,
            });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_version_that_replaces_the_old_is_relabelling_and_an_outage_is_not() {
        assert!(is_relabelled((46.0, 1.0), (50.0, 48.0), 0.01));
        assert!(!is_relabelled((46.0, 1.0), (95.0, 48.0), 0.01));
    }

    #[test]
    fn the_densest_run_is_the_burst() {
        let mut actual = vec![1.0; 40];
        (20..26).for_each(|i| actual[i] = 9.0);
        let cells = Cells { start: Timestamp::UNIX_EPOCH, actual, mean: vec![1.0; 40] };
        assert_eq!(cells.densest(Direction::Up), Some((20, 26)));
        let calm = Cells { start: Timestamp::UNIX_EPOCH, actual: vec![1.0; 40], mean: vec![1.0; 40] };
        assert_eq!(calm.densest(Direction::Down), None);
    }
}
