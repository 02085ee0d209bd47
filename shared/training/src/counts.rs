//! Reads a count series from CSV: `timestamp,count`, one row per hour or day, and counts by segment beside them.

use domain::anomaly::Granularity;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use models::calendar::Calendar;
use models::detector::SeriesView;
use std::io::Read;

/// Years that a row may lie in; outside them a time is a mistake, and the gap up to it would fill the memory.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2100;
const MAX_COUNT: f64 = 1e12;
const HOUR_SECONDS: i64 = 3600;

/// Why a count series cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CountsError {
    /// No row, or one alone.
    #[error("read counts: {rows} rows; at least two are needed to tell hours from days")]
    TooFewRows {
        /// Rows found.
        rows: usize,
    },
    /// A column is absent.
    #[error("read counts: column {column:?} is missing; the header has {found:?}")]
    MissingColumn {
        /// Name of the column.
        column: &'static str,
        /// What the header has, comma-separated.
        found: String,
    },
    /// A row cannot be understood.
    #[error("read counts: line {line}: {reason}")]
    Row {
        /// Line of the file, from 1.
        line: u64,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The distance between rows is neither an hour nor a day.
    #[error("read counts: rows are {distance} apart; give one row per hour or per day")]
    Step {
        /// Smallest distance between two rows.
        distance: String,
    },
    /// The file itself cannot be read as CSV.
    #[error("read counts as CSV")]
    Csv(#[from] csv::Error),
}

/// Counts of equally long buckets; a bucket without a row is missing (NaN), not zero.
#[derive(Clone, Debug, PartialEq)]
pub struct CountSeries {
    granularity: Granularity,
    zone: TimeZone,
    starts: Vec<Timestamp>,
    calendar: Vec<Calendar>,
    values: Vec<f64>,
    written: Vec<String>,
    dimensions: Vec<Dimension>,
}

/// Counts of one dimension's values, from columns named `dimension:value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Name, such as `queue`.
    pub name: String,
    /// Values, in the order of their columns.
    pub values: Vec<String>,
    /// Counts by value and bucket; 0 where a row is missing.
    pub counts: Vec<Vec<f64>>,
}

struct Row {
    line: u64,
    /// The timestamp as written.
    written: String,
    /// Counts of the columns named `dimension:value`, in their order.
    segments: Vec<f64>,
    /// As written, or as the zone's clocks showed it.
    local: DateTime,
    at: Timestamp,
    count: f64,
}

/// Reads `timestamp,count` and columns named `dimension:value`; other columns are ignored.
///
/// A timestamp is a local date, a date and time on the clocks of `clock`, or RFC 3339 with an offset. Rows must ascend.
/// Without a time of day anywhere the series is daily. Days and phases are those of `zone`.
pub fn read_counts(input: impl Read, zone: &TimeZone, clock: &TimeZone) -> Result<CountSeries, CountsError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(input);
    let header: Vec<String> = reader
        .byte_headers()?
        .iter()
        .map(|h| String::from_utf8_lossy(h).trim_start_matches('\u{feff}').to_ascii_lowercase())
        .collect();
    let column = |name: &'static str| {
        header.iter().position(|h| h == name).ok_or_else(|| CountsError::MissingColumn {
            column: name,
            found: header
                .iter()
                .map(|h| h.chars().take(40).collect::<String>())
                .collect::<Vec<_>>()
                .join(","),
        })
    };
    let (timestamp, count) = (column("timestamp")?, column("count")?);
    // Values keep their case.
    let named: Vec<String> =
        reader.byte_headers()?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect();
    let segments: Vec<(usize, &str, &str)> = named
        .iter()
        .enumerate()
        .filter_map(|(i, name)| name.split_once(':').map(|(dimension, value)| (i, dimension, value)))
        .collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let field = |i: usize| String::from_utf8_lossy(record.get(i).unwrap_or_default()).into_owned();
        let bad = |reason| CountsError::Row { line, reason };
        let mut row = read_row(line, field(timestamp), &field(count), zone, clock).map_err(bad)?;
        for (i, dimension, value) in &segments {
            let count = read_count(&field(*i)).map_err(|e| bad(format!("{dimension}:{value}: {e}")))?;
            row.segments.push(count);
        }
        if let Some(previous) = rows.last() {
            check_order(previous, &row)?;
        }
        rows.push(row);
    }
    let mut series = assemble(&rows, zone)?;
    for (column, (_, dimension, value)) in segments.iter().enumerate() {
        series.add_segment(dimension, value, &rows, column);
    }
    Ok(series)
}

fn read_row(
    line: u64,
    timestamp: String,
    count: &str,
    zone: &TimeZone,
    clock: &TimeZone,
) -> Result<Row, String> {
    let (local, at) = read_time(&timestamp, zone, clock)?;
    let count = read_count(count)?;
    Ok(Row { line, written: timestamp, segments: Vec::new(), local, at, count })
}

fn read_count(count: &str) -> Result<f64, String> {
    let value: f64 = count.parse().map_err(|_| match count.is_empty() {
        true => "the count is empty; leave the row out when the count is unknown".to_owned(),
        false => format!("count {:?} is not a number", shorten(count)),
    })?;
    if !(0.0..=MAX_COUNT).contains(&value) || value.fract() != 0.0 {
        return Err(format!("count {:?} is not a whole number from 0 to 1e12", shorten(count)));
    }
    Ok(value)
}

/// Local time and instant of a timestamp; a bare date is a local one.
pub fn read_time(text: &str, zone: &TimeZone, clock: &TimeZone) -> Result<(DateTime, Timestamp), String> {
    let unreadable = || {
        format!(
            "timestamp {:?} is not like 2023-10-05, 2023-10-05 14:00 or 2023-10-05T14:00:00Z",
            shorten(text)
        )
    };
    let mut instant = text.parse::<Timestamp>().ok();
    if instant.is_none() && text.contains(':') && clock != zone {
        let shown: DateTime = text.parse().map_err(|_| unreadable())?;
        instant = Some(clock.to_ambiguous_timestamp(shown).compatible().map_err(|_| unreadable())?);
    }
    let local = match instant {
        Some(at) => zone.to_datetime(at),
        None => text.parse::<DateTime>().map_err(|_| unreadable())?,
    };
    if !YEARS.contains(&local.year()) {
        return Err(format!("year {} is not between {} and {}", local.year(), YEARS.start(), YEARS.end()));
    }
    match instant {
        Some(at) => Ok((local, at)),
        None => Ok((local, zone.to_ambiguous_timestamp(local).compatible().map_err(|_| unreadable())?)),
    }
}

fn check_order(previous: &Row, row: &Row) -> Result<(), CountsError> {
    if row.at > previous.at {
        return Ok(());
    }
    let reason = if row.at == previous.at {
        format!("a second row for {} (the first is on line {}); add them up", row.local, previous.line)
    } else {
        format!(
            "{} comes after {} on line {}; sort the rows by time",
            row.local, previous.local, previous.line
        )
    };
    // An hour that clocks show twice is one instant when it is written without an offset.
    Err(CountsError::Row { line: row.line, reason: format!("{reason}, or write times with their offset") })
}

fn assemble(rows: &[Row], zone: &TimeZone) -> Result<CountSeries, CountsError> {
    let (Some(first), Some(last), true) = (rows.first(), rows.last(), rows.len() > 1) else {
        return Err(CountsError::TooFewRows { rows: rows.len() });
    };
    let daily = rows.iter().all(|r| r.local.time() == first.local.time())
        && rows.windows(2).all(|pair| pair[0].local.date() < pair[1].local.date());
    if daily { assemble_days(rows, first, last, zone) } else { assemble_hours(rows, first, last, zone) }
}

fn assemble_days(rows: &[Row], first: &Row, last: &Row, zone: &TimeZone) -> Result<CountSeries, CountsError> {
    let date = |row: &Row| row.local.date();
    let days = |a: Date, b: Date| i64::from((b - a).get_days());
    let smallest = rows.windows(2).map(|pair| days(date(&pair[0]), date(&pair[1]))).min().unwrap_or(1);
    if smallest != 1 {
        return Err(CountsError::Step { distance: format!("{smallest} days or more") });
    }
    let length = days(date(first), date(last)) + 1;
    let mut series = CountSeries::empty(Granularity::Day, zone);
    for offset in 0..length {
        let Ok(day) = date(first).checked_add(offset.days()) else { break };
        let Ok(start) = zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible() else { break };
        series.starts.push(start);
        series.calendar.push(Calendar::of_day(day));
        series.values.push(f64::NAN);
    }
    series.fill(rows, |row| days(date(first), date(row)));
    Ok(series)
}

fn assemble_hours(
    rows: &[Row],
    first: &Row,
    last: &Row,
    zone: &TimeZone,
) -> Result<CountSeries, CountsError> {
    let seconds = |row: &Row| row.at.as_second() - first.at.as_second();
    if let Some(row) =
        rows.iter().find(|row| seconds(row) % HOUR_SECONDS != 0 || row.at.subsec_nanosecond() != 0)
    {
        let reason = format!(
            "{} is no whole number of hours after the first row; count per hour or per day",
            row.local
        );
        return Err(CountsError::Row { line: row.line, reason });
    }
    let smallest =
        rows.windows(2).map(|pair| seconds(&pair[1]) - seconds(&pair[0])).min().unwrap_or(HOUR_SECONDS);
    if smallest != HOUR_SECONDS {
        return Err(CountsError::Step { distance: format!("{} hours or more", smallest / HOUR_SECONDS) });
    }
    let mut series = CountSeries::empty(Granularity::Hour, zone);
    for offset in 0..=seconds(last) / HOUR_SECONDS {
        let Ok(start) = Timestamp::from_second(first.at.as_second() + offset * HOUR_SECONDS) else { break };
        series.starts.push(start);
        series.calendar.push(Calendar::at(start, zone));
        series.values.push(f64::NAN);
    }
    series.fill(rows, |row| seconds(row) / HOUR_SECONDS);
    Ok(series)
}

impl CountSeries {
    fn empty(granularity: Granularity, zone: &TimeZone) -> Self {
        Self {
            granularity,
            zone: zone.clone(),
            starts: Vec::new(),
            calendar: Vec::new(),
            values: Vec::new(),
            written: Vec::new(),
            dimensions: Vec::new(),
        }
    }

    /// Puts the rows into their buckets, `index` of which they are.
    fn fill(&mut self, rows: &[Row], index: impl Fn(&Row) -> i64) {
        self.written = vec![String::new(); self.values.len()];
        for row in rows {
            let Ok(i) = usize::try_from(index(row)) else { continue };
            if let (Some(value), Some(written)) = (self.values.get_mut(i), self.written.get_mut(i)) {
                *value = row.count;
                written.clone_from(&row.written);
            }
        }
    }

    /// Adds the counts of column number `column`; rows and known buckets are in the same order.
    fn add_segment(&mut self, dimension: &str, value: &str, rows: &[Row], column: usize) {
        let mut counts = vec![0.0; self.values.len()];
        let known = counts.iter_mut().zip(&self.values).filter(|(_, v)| v.is_finite());
        for ((count, _), row) in known.zip(rows) {
            *count = row.segments.get(column).copied().unwrap_or(0.0);
        }
        let at = self.dimensions.iter().position(|d| d.name == dimension).unwrap_or_else(|| {
            let name = dimension.to_owned();
            self.dimensions.push(Dimension { name, values: Vec::new(), counts: Vec::new() });
            self.dimensions.len() - 1
        });
        if let Some(dimension) = self.dimensions.get_mut(at) {
            dimension.values.push(value.to_owned());
            dimension.counts.push(counts);
        }
    }

    /// The timestamp of a bucket as its row had it; empty where there is no row.
    pub fn written(&self, index: usize) -> &str {
        self.written.get(index).map_or("", String::as_str)
    }

    /// Counts by segment.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Hours or days, as the rows' distance says.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// The zone that decides days and phases.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// First instant of each bucket (UTC).
    pub fn starts(&self) -> &[Timestamp] {
        &self.starts
    }

    /// Counts; NaN is missing.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The series as models see it.
    pub fn view(&self) -> SeriesView<'_> {
        SeriesView { granularity: self.granularity, calendar: &self.calendar, values: &self.values }
    }

    /// Name of a bucket: `2023-10-05`, or `2023-10-05T14:00:00+02:00` in the series' zone.
    pub fn label(&self, index: usize) -> String {
        let Some(start) = self.starts.get(index) else { return String::new() };
        let local = start.to_zoned(self.zone.clone());
        match self.granularity {
            Granularity::Day => local.date().to_string(),
            Granularity::Hour => local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<CountSeries, CountsError> {
        read_counts(text.as_bytes(), &TimeZone::UTC, &TimeZone::UTC)
    }

    fn refused(text: &str) -> String {
        read(text).expect_err(text).to_string()
    }

    #[test]
    fn days_are_recognised_and_a_missing_row_is_missing() {
        let series =
            read("\u{feff}Timestamp, extra ,COUNT\n2023-10-05,x,3\n2023-10-07, ,0\n2023-10-08,,5.0\n")
                .unwrap();
        assert_eq!(series.granularity(), Granularity::Day);
        assert_eq!(series.values()[0], 3.0);
        assert!(series.values()[1].is_nan() && series.values().len() == 4);
        assert_eq!(series.label(1), "2023-10-06");
        assert_eq!(series.view().calendar[0].day_of_week, 3);
    }

    #[test]
    fn hours_are_instants_so_clock_changes_leave_no_hole() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let text =
            "timestamp,count\n2023-10-29T02:00:00+02:00,1\n2023-10-29T02:00:00+01:00,2\n2023-10-29 03:00,3\n";
        let series = read_counts(text.as_bytes(), &berlin, &berlin).unwrap();
        assert_eq!(series.values(), [1.0, 2.0, 3.0]);
        assert_eq!(series.label(1), "2023-10-29T02:00:00+01:00");
        assert_eq!(series.view().calendar[2].hour, 3);
    }

    #[test]
    fn segments_are_read_and_a_clock_of_another_zone_is_understood() {
        let new_york = TimeZone::get("America/New_York").unwrap();
        let text = "timestamp,count,queue:IT,queue:Billing,priority:high\n\
                    2023-11-05 05:00,3,1,2,0\n2023-11-05 06:00,4,0,4,1\n2023-11-05 08:00:00,5,5,0,2\n";
        let series = read_counts(text.as_bytes(), &new_york, &TimeZone::UTC).unwrap();
        let hours: Vec<u8> = series.view().calendar.iter().map(|c| c.hour).collect();
        assert_eq!(hours, [1, 1, 2, 3]);
        assert_eq!((series.written(0), series.written(2)), ("2023-11-05 05:00", ""));
        let [queue, priority] = series.dimensions() else { panic!("{series:?}") };
        assert_eq!((queue.values.len(), &queue.counts[0][..]), (2, &[1.0, 0.0, 0.0, 5.0][..]));
        assert_eq!(
            (priority.name.as_str(), &priority.counts[0][..]),
            ("priority", &[0.0, 1.0, 0.0, 2.0][..])
        );
        assert!(refused("timestamp,count,queue:IT\n2023-01-01,1,x\n").contains("line 2: queue:IT: count"));
    }

    #[test]
    fn bad_rows_are_named_by_their_line() {
        for (row, reason) in [
            ("2023-10-06,-1", "whole number"),
            ("2023-10-06,1.5", "whole number"),
            ("2023-10-06,inf", "whole number"),
            ("2023-10-06,NaN", "whole number"),
            ("2023-10-06,many", "not a number"),
            ("2023-10-06,", "empty"),
            ("2023-10-06", "empty"),
            ("9999-12-31,1", "year 9999"),
            ("-009999-12-31,1", "year"),
            ("0001-01-01,1", "year 1 "),
            ("2023-13-01,1", "not like"),
            ("06/10/2023,1", "not like"),
            ("2023-10-05,1", "second row"),
            ("2023-10-04,1", "sort"),
        ] {
            let error = refused(&format!("timestamp,count\n2023-10-05,3\n{row}\n2023-10-09,1\n"));
            assert!(error.contains("line 3") && error.contains(reason), "{row}: {error}");
        }
    }

    #[test]
    fn files_that_are_no_series_are_refused() {
        assert!(refused("").contains("\"timestamp\" is missing"));
        assert!(refused("timestamp,count\n").contains("0 rows"));
        assert!(refused("timestamp,count\n2023-10-05,1\n").contains("1 rows"));
        assert!(refused("timestamp,n\n2023-10-05,1\n").contains("column \"count\" is missing"));
        assert!(refused("timestamp,count\n2023-10-05,1\n2023-10-12,1\n").contains("7 days or more apart"));
        assert!(
            refused("timestamp,count\n2023-10-05T00:00Z,1\n2023-10-05T03:00Z,1\n")
                .contains("3 hours or more")
        );
        assert!(refused("timestamp,count\n2023-10-05T00:00Z,1\n2023-10-05T00:15Z,1\n").contains("line 3"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_counts(bytes.as_slice(), &TimeZone::UTC, &TimeZone::UTC);
            let mut text = b"timestamp,count\n2023-01-01,1\n".to_vec();
            text.extend(bytes);
            let _ = read_counts(text.as_slice(), &TimeZone::UTC, &TimeZone::UTC);
        }
    }
}
