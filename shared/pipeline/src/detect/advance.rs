//! The state advances: hours and days close, late tickets correct what is remembered, forecasts are made.

use super::Run;
use crate::artifact::Level;
use crate::history::{dates, day_start};
use crate::scan::{Cells, Scored, Volumes, is_relabelled, score_sum};
use crate::state::{DetectorState, ESTABLISHED_DAYS, SeriesState};
use domain::anomaly::Granularity;
use domain::rollup::DayVolume;
use domain::segment::Segment;
use domain::time::{Hour, Window};
use jiff::civil::Date;
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

impl Run<'_> {
    /// Late tickets: brings the remembered counts of hours that were rolled again, and of the last day (its roll may
    /// have been another command's, or a stopped run's), in line with the volumes. Counts stay cut at what was
    /// plausible; days change by what their hours do.
    pub(super) fn correct(&self, state: &mut DetectorState, volumes: &Volumes, rolled: &[Hour]) {
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

    pub(super) fn add_new_series(&self, state: &mut DetectorState, volumes: &Volumes) {
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
    pub(super) fn forecast_hour(&self, state: &mut DetectorState, only_new: bool) {
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
    pub(super) fn close_hour(&self, state: &mut DetectorState, volumes: &Volumes) {
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
    pub(super) fn closed_day(&self, state: &DetectorState) -> Option<Window> {
        let end = day_start(state.next_day.tomorrow().ok()?, self.zone);
        (end <= self.now).then(|| Window::new(day_start(state.next_day, self.zone), end))
    }

    pub(super) fn close_day(
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

pub(super) fn dispersion(level: &Level, segment: &Segment, window: usize) -> f64 {
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
