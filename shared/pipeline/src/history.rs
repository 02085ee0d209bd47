//! Counts into series: hourly and daily, one for the total and each value, on one time axis.

use crate::rollup::read_day;
use crate::{PipelineError, Result, codec};
use domain::names;
use domain::ports::BlobStore;
use domain::rollup::DayVolume;
use domain::segment::Segment;
use domain::time::{CELLS_PER_HOUR, Hour};
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use models::Calendar;
use std::collections::BTreeMap;

/// Hourly counts of every segment from `first` on. An hour without tickets is zero; `NaN` marks what is not known.
#[derive(Clone, Debug)]
pub struct HourlyHistory {
    /// First hour of every series.
    pub first: Hour,
    /// Calendar of each hour in the stream's zone.
    pub calendar: Vec<Calendar>,
    /// Tickets per hour.
    pub series: BTreeMap<Segment, Vec<f64>>,
}

impl HourlyHistory {
    /// Reads the closed hours of `[from, to)`.
    pub async fn read(
        blobs: &dyn BlobStore,
        stream: &str,
        zone: &TimeZone,
        from: Hour,
        to: Hour,
    ) -> Result<Self> {
        let length = usize::try_from(to.0 - from.0).unwrap_or(0);
        let mut series: BTreeMap<Segment, Vec<f64>> = BTreeMap::new();
        let first_hours = (DayVolume::first_hour_of(from).0..to.0).step_by(24);
        let reads: Vec<_> = first_hours.map(|hour| read_day(blobs, stream, Hour(hour))).collect();
        // Days are summed as they come: a year of them is not held at once.
        let mut days = futures_util::stream::iter(reads).buffered(codec::AT_ONCE);
        while let Some(day) = days.next().await {
            let day = day?;
            for (segment, counts) in &day.segments {
                let values = series.entry(segment.clone()).or_insert_with(|| vec![0.0; length]);
                for count in counts {
                    let index = day.first_hour.0 + i64::from(count.0) / CELLS_PER_HOUR as i64 - from.0;
                    if let Some(value) = usize::try_from(index).ok().and_then(|i| values.get_mut(i)) {
                        *value += f64::from(count.1);
                    }
                }
            }
        }
        series.entry(Segment::total()).or_insert_with(|| vec![0.0; length]);
        let calendar: Vec<Calendar> = (from.0..to.0).map(|h| Calendar::of_hour(Hour(h), zone)).collect();
        let gaps = gaps(&calendar, series.get(&Segment::total()).map(Vec::as_slice).unwrap_or(&[]));
        for hour in gaps {
            series.values_mut().filter_map(|v| v.get_mut(hour)).for_each(|v| *v = f64::NAN);
        }
        Ok(Self { first: from, calendar, series })
    }

    /// Sums whole days of the zone; a day with an unknown hour is unknown.
    pub fn daily(&self, zone: &TimeZone) -> DailyHistory {
        let (first, bounds) = day_bounds(self.first, self.calendar.len(), zone);
        let series = self
            .series
            .iter()
            .map(|(segment, values)| {
                let days = bounds.windows(2).map(|w| match w {
                    [a, b] => values.get(*a..*b).map_or(f64::NAN, |day| day.iter().sum()),
                    _ => f64::NAN,
                });
                (segment.clone(), days.collect())
            })
            .collect();
        let days = bounds.len().saturating_sub(1);
        let calendar = dates(first, days).map(Calendar::of_day).collect();
        DailyHistory { first, calendar, series }
    }
}

/// Chance of a silence below which it is a gap in the data, as −ln p: one in a million.
const GAP: f64 = 13.8;

/// Hours of silences that the usual rate of their hours of the week makes all but impossible (Poisson).
fn gaps(calendar: &[Calendar], total: &[f64]) -> Vec<usize> {
    let mut usual = vec![(0.0, 0.0); 168];
    for (at, tickets) in calendar.iter().zip(total) {
        if let Some(phase) = usual.get_mut(at.hour_of_week()) {
            *phase = (phase.0 + tickets, phase.1 + 1.0);
        }
    }
    let rate = |at: &Calendar| usual.get(at.hour_of_week()).map_or(0.0, |(sum, n)| sum / f64::max(*n, 1.0));
    let (mut gaps, mut run, mut due) = (Vec::new(), Vec::new(), 0.0);
    for (hour, (at, tickets)) in calendar.iter().zip(total).enumerate() {
        if *tickets == 0.0 {
            run.push(hour);
            due += rate(at);
            continue;
        }
        if due >= GAP {
            gaps.append(&mut run);
        }
        run.clear();
        due = 0.0;
    }
    if due >= GAP {
        gaps.append(&mut run);
    }
    gaps
}

/// Daily counts of every segment; days of the stream's zone.
#[derive(Clone, Debug)]
pub struct DailyHistory {
    /// First whole day.
    pub first: Date,
    /// Calendar of each day.
    pub calendar: Vec<Calendar>,
    /// Tickets per day.
    pub series: BTreeMap<Segment, Vec<f64>>,
}

/// The days from `first` on.
pub(crate) fn dates(first: Date, days: usize) -> impl Iterator<Item = Date> {
    let mut date = first;
    (0..days).map(move |_| {
        let this = date;
        date = date.tomorrow().unwrap_or(date);
        this
    })
}

/// First instant of a day in the zone.
pub(crate) fn day_start(date: Date, zone: &TimeZone) -> Timestamp {
    date.to_zoned(zone.clone()).map_or(Timestamp::MIN, |z| z.timestamp())
}

/// First whole day within `hours` hours from `first`, and the positions where each day begins (and the last ends).
///
/// Where the zone's offset is not a whole hour, a day's border is taken at the hour that contains it.
fn day_bounds(first: Hour, hours: usize, zone: &TimeZone) -> (Date, Vec<usize>) {
    let start = first.start().to_zoned(zone.clone());
    let mut date = start.date();
    if day_start(date, zone) < first.start() {
        date = date.tomorrow().unwrap_or(date);
    }
    let first_day = date;
    let mut bounds = Vec::new();
    loop {
        let index = Hour::of(day_start(date, zone)).0 - first.0;
        match usize::try_from(index) {
            Ok(index) if index <= hours => bounds.push(index),
            _ => break,
        }
        match date.tomorrow() {
            Ok(next) => date = next,
            Err(_) => break,
        }
    }
    (first_day, bounds)
}

/// First hour in which the stream has tickets; `None` for a stream without any.
pub async fn first_hour(blobs: &dyn BlobStore, stream: &str) -> Result<Option<Hour>> {
    let keys = blobs.list(&names::rollups_prefix(stream)).await?;
    edge_hour(blobs, stream, keys.iter(), false).await
}

/// Last hour in which the stream has tickets; `None` for a stream without any.
pub async fn last_hour(blobs: &dyn BlobStore, stream: &str) -> Result<Option<Hour>> {
    let keys = blobs.list(&names::rollups_prefix(stream)).await?;
    edge_hour(blobs, stream, keys.iter().rev(), true).await
}

/// The first (or last) hour with tickets of the first day among `keys`.
async fn edge_hour(
    blobs: &dyn BlobStore,
    stream: &str,
    mut keys: impl Iterator<Item = &String>,
    last: bool,
) -> Result<Option<Hour>> {
    let Some(key) = keys.find(|k| k.ends_with("/day.json.zst")) else {
        return Ok(None);
    };
    let date = key.split('/').find_map(|part| part.strip_prefix("date=")?.parse::<Date>().ok());
    let date = date
        .ok_or_else(|| PipelineError::Corrupt { key: key.clone(), reason: "its name has no date".into() })?;
    let day = read_day(blobs, stream, Hour::of(day_start(date, &TimeZone::UTC))).await?;
    let total = day.segments.get(&Segment::total()).map(Vec::as_slice).unwrap_or(&[]);
    let cell = if last { total.last() } else { total.first() }.map_or(0, |c| i64::from(c.0));
    Ok(Some(day.first_hour.plus(cell / CELLS_PER_HOUR as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_that_cannot_be_chance_is_a_gap() {
        let first = Hour::of("2023-01-02T00:00:00Z".parse().unwrap());
        let calendar: Vec<Calendar> =
            (0..24 * 21).map(|i| Calendar::of_hour(first.plus(i), &TimeZone::UTC)).collect();
        let mut total: Vec<f64> = calendar.iter().map(|c| if c.hour >= 8 { 6.0 } else { 0.0 }).collect();
        assert!(gaps(&calendar, &total).is_empty());
        total[24 * 9 + 8..24 * 9 + 16].fill(0.0);
        let found = gaps(&calendar, &total);
        assert!(found.contains(&(24 * 9 + 12)) && !found.contains(&(24 * 10 + 12)), "{found:?}");
    }

    #[test]
    fn days_across_dst_have_23_and_25_hours() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let first = Hour::of("2017-03-11T05:00:00Z".parse().unwrap());
        let (date, bounds) = day_bounds(first, 24 * 4, &zone);
        assert_eq!(date.to_string(), "2017-03-11");
        assert_eq!(bounds, [0, 24, 47, 71, 95]);
        let first = Hour::of("2017-11-05T04:00:00Z".parse().unwrap());
        assert_eq!(day_bounds(first, 49, &zone).1, [0, 25, 49]);
    }
}
