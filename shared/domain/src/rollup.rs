//! Counts per 15-minute cell: what detection and diagnosis read instead of tickets.

use crate::distinct::{Distinct, ReporterId};
use crate::segment::Segment;
use crate::ticket::{Ticket, TicketKey};
use crate::time::{CELLS_PER_HOUR, Hour, cell_of};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Format version of [`HourRollup`] and [`DayVolume`].
pub const ROLLUP_VERSION: u32 = 1;
/// Ticket ids kept for a term in a cell.
pub const IDS_PER_TERM: usize = 3;
/// Upper ends of the arrival-delay classes in minutes; a last class holds the rest.
pub const DELAY_MINUTES: [i64; 7] = [5, 15, 60, 180, 720, 1440, 10_080];
/// Members a set of reporters keeps exactly.
const EXACT: usize = 64;

/// Tickets and reporters of one key in one cell.
///
/// Up to 64 reporters are positions in [`HourRollup::reporters`]; beyond, `sketch` holds the registers of a
/// [`Distinct::Sketch`] and `reporters` is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Cell within the hour, 0–3.
    #[serde(rename = "c")]
    pub cell: u8,
    /// Tickets.
    #[serde(rename = "n")]
    pub tickets: u32,
    /// Positions in the hour's table of reporters.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub reporters: Vec<u32>,
    /// Registers, when there are more than 64 reporters.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub sketch: Vec<u8>,
    /// Positions in the hour's table of tickets, at most three; only for terms.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<u32>,
}

/// Everything that is counted in one hour of one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HourRollup {
    /// [`ROLLUP_VERSION`].
    pub version: u32,
    /// The hour (UTC).
    pub hour: Hour,
    /// The hour's reporters, in order of appearance.
    pub reporters: Vec<ReporterId>,
    /// The tickets that terms point at.
    pub tickets: Vec<TicketKey>,
    /// The total, every value and every pair of values.
    pub segments: BTreeMap<Segment, Vec<Count>>,
    /// Every term (word or phrase of the redacted text).
    pub terms: BTreeMap<String, Vec<Count>>,
    /// Tickets by the time between writing and landing, one number for each class of [`DELAY_MINUTES`] and the rest.
    pub delays: Vec<u32>,
}

impl HourRollup {
    /// Counts the hour's tickets (already the latest version of each), whose terms `terms_of` gives.
    ///
    /// Tickets outside the hour are left out.
    pub fn build(hour: Hour, tickets: &[Ticket], terms_of: impl Fn(&Ticket) -> Vec<String>) -> Self {
        let mut builder = Builder::default();
        let mut delays = vec![0; DELAY_MINUTES.len() + 1];
        for ticket in tickets.iter().filter(|t| Hour::of(t.created_at) == hour) {
            let cell = cell_of(ticket.created_at);
            let reporter = builder.reporter(ticket.reporter());
            for segment in segments_of(ticket) {
                builder.segments.entry(segment).or_default().add(cell, reporter, None);
            }
            let terms = terms_of(ticket);
            if !terms.is_empty() {
                let id = builder.tickets.len() as u32;
                builder.tickets.push(ticket.key());
                for term in terms {
                    builder.terms.entry(term).or_default().add(cell, reporter, Some(id));
                }
            }
            let delay = (ticket.landed_at.as_second() - ticket.created_at.as_second()) / 60;
            let class = DELAY_MINUTES.iter().position(|m| delay < *m).unwrap_or(DELAY_MINUTES.len());
            if let Some(n) = delays.get_mut(class) {
                *n += 1;
            }
        }
        builder.finish(hour, delays)
    }

    /// Counts of a segment, one per cell that has tickets.
    pub fn segment(&self, segment: &Segment) -> &[Count] {
        self.segments.get(segment).map_or(&[], Vec::as_slice)
    }

    /// The set of reporters behind a count.
    pub fn distinct(&self, count: &Count) -> Distinct {
        if !count.sketch.is_empty() {
            return Distinct::Sketch(count.sketch.clone());
        }
        let mut set = Distinct::default();
        for index in &count.reporters {
            if let Some(id) = self.reporters.get(*index as usize) {
                set.insert(*id);
            }
        }
        set
    }

    /// Tickets in total.
    pub fn ticket_count(&self) -> u32 {
        self.segment(&Segment::total()).iter().map(|c| c.tickets).sum()
    }
}

/// The total, every value and every pair of values of a ticket, without repeats.
pub fn segments_of(ticket: &Ticket) -> Vec<Segment> {
    use crate::segment::Dimension;
    let mut cells: Vec<(Dimension, String)> = Dimension::ALL
        .into_iter()
        .flat_map(|d| d.values(ticket).into_iter().map(move |v| (d, v.to_owned())))
        .collect();
    cells.sort();
    cells.dedup();
    let mut segments = vec![Segment::total()];
    for (i, a) in cells.iter().enumerate() {
        segments.push(Segment::value(a.0, a.1.clone()));
        for b in cells.get(i + 1..).unwrap_or(&[]) {
            segments.push(Segment::pair(a.clone(), b.clone()));
        }
    }
    segments
}

#[derive(Default)]
struct Builder {
    reporters: Vec<ReporterId>,
    reporter_index: HashMap<ReporterId, u32>,
    tickets: Vec<TicketKey>,
    segments: BTreeMap<Segment, Building>,
    terms: BTreeMap<String, Building>,
}

impl Builder {
    fn reporter(&mut self, id: ReporterId) -> u32 {
        let next = self.reporters.len() as u32;
        *self.reporter_index.entry(id).or_insert_with(|| {
            self.reporters.push(id);
            next
        })
    }

    fn finish(self, hour: Hour, delays: Vec<u32>) -> HourRollup {
        let reporters = &self.reporters;
        let finish_all = |building: Building| building.finish(reporters);
        HourRollup {
            version: ROLLUP_VERSION,
            hour,
            segments: self.segments.into_iter().map(|(k, b)| (k, finish_all(b))).collect(),
            terms: self.terms.into_iter().map(|(k, b)| (k, finish_all(b))).collect(),
            tickets: self.tickets,
            delays,
            reporters: self.reporters.clone(),
        }
    }
}

#[derive(Default)]
struct Building(Vec<Count>);

impl Building {
    fn add(&mut self, cell: usize, reporter: u32, id: Option<u32>) {
        let position = self.0.iter().position(|c| usize::from(c.cell) == cell).unwrap_or_else(|| {
            self.0.push(Count { cell: cell as u8, ..Count::default() });
            self.0.len() - 1
        });
        let Some(count) = self.0.get_mut(position) else { return };
        count.tickets += 1;
        if !count.reporters.contains(&reporter) || count.reporters.len() > EXACT {
            count.reporters.push(reporter);
        }
        if let Some(id) = id.filter(|_| count.ids.len() < IDS_PER_TERM) {
            count.ids.push(id);
        }
    }

    fn finish(mut self, table: &[ReporterId]) -> Vec<Count> {
        self.0.sort_by_key(|c| c.cell);
        for count in &mut self.0 {
            if count.reporters.len() <= EXACT {
                continue;
            }
            let mut set = Distinct::default();
            count.reporters.iter().filter_map(|i| table.get(*i as usize)).for_each(|id| set.insert(*id));
            if let Distinct::Sketch(registers) = set {
                count.sketch = registers;
                count.reporters.clear();
            }
        }
        debug_assert!(self.0.len() <= CELLS_PER_HOUR);
        self.0
    }
}

/// A day's counts (UTC) of the total and of single values: what detection and training read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayVolume {
    /// [`ROLLUP_VERSION`].
    pub version: u32,
    /// First hour of the UTC day.
    pub first_hour: Hour,
    /// For each segment its cells that have tickets, in order.
    pub segments: BTreeMap<Segment, Vec<DayCount>>,
}

/// One cell of a [`DayVolume`]: cell of the day (0–95), tickets, distinct reporters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount(pub u8, pub u32, pub u32);

impl DayVolume {
    /// A day without tickets.
    pub fn empty(first_hour: Hour) -> Self {
        Self { version: ROLLUP_VERSION, first_hour, segments: BTreeMap::new() }
    }

    /// First hour of the UTC day that contains `hour`.
    pub fn first_hour_of(hour: Hour) -> Hour {
        Hour(hour.0.div_euclid(24) * 24)
    }

    /// Replaces the cells of one hour.
    pub fn replace(&mut self, rollup: &HourRollup) {
        let first = (rollup.hour.0 - self.first_hour.0) as u8 * CELLS_PER_HOUR as u8;
        let hour = first..first + CELLS_PER_HOUR as u8;
        for counts in self.segments.values_mut() {
            counts.retain(|c| !hour.contains(&c.0));
        }
        for (segment, counts) in &rollup.segments {
            if segment.cells().len() > 1 {
                continue;
            }
            let mine = self.segments.entry(segment.clone()).or_default();
            for count in counts {
                mine.push(DayCount(first + count.cell, count.tickets, rollup.distinct(count).count() as u32));
            }
            mine.sort_by_key(|c| c.0);
        }
        self.segments.retain(|_, counts| !counts.is_empty());
    }
}

/// Keeps the highest version of each ticket, in order of writing time, source and id. Of equal versions the one with
/// the higher content hash: the order in which they come does not matter.
pub fn latest_versions(tickets: Vec<Ticket>) -> Vec<Ticket> {
    let mut latest: BTreeMap<(Timestamp, TicketKey), Ticket> = BTreeMap::new();
    for ticket in tickets {
        let key = (ticket.created_at, ticket.key());
        match latest.get(&key) {
            Some(known) if !supersedes(&ticket, known) => {}
            _ => {
                latest.insert(key, ticket);
            }
        }
    }
    latest.into_values().collect()
}

fn supersedes(ticket: &Ticket, known: &Ticket) -> bool {
    let order = ticket.version().cmp(&known.version());
    order.then_with(|| ticket.content_hash().cmp(&known.content_hash())).is_gt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Dimension;
    use crate::ticket::ticket;

    fn at(minute: i64, id: &str, body: &str) -> Ticket {
        let mut t = ticket(id, body);
        t.created_at = Timestamp::from_second(minute * 60).unwrap();
        t.queue = Some("a".into());
        t.tags = vec!["x".into(), "y".into()];
        t
    }

    #[test]
    fn totals_values_and_pairs_are_counted_by_cell_and_reporter() {
        let tickets = [at(1, "1", "same"), at(2, "2", "same"), at(50, "3", "other")];
        let rollup = HourRollup::build(Hour(0), &tickets, |t| vec![t.body.clone()]);
        let total = rollup.segment(&Segment::total());
        assert_eq!(total.iter().map(|c| (c.cell, c.tickets)).collect::<Vec<_>>(), [(0, 2), (3, 1)]);
        assert_eq!(rollup.distinct(&total[0]).count(), 1);
        let pair = Segment::pair((Dimension::Queue, "a".into()), (Dimension::Tag, "x".into()));
        assert_eq!(rollup.segment(&pair).len(), 2);
        assert_eq!(rollup.terms["same"][0].ids.len(), 2);
    }

    #[test]
    fn more_than_64_reporters_become_a_sketch() {
        let tickets: Vec<_> = (0..200).map(|i| at(1, &i.to_string(), &format!("text {i}"))).collect();
        let rollup = HourRollup::build(Hour(0), &tickets, |_| vec![]);
        let count = &rollup.segment(&Segment::total())[0];
        assert!(count.reporters.is_empty() && !count.sketch.is_empty());
        assert!((180..220).contains(&rollup.distinct(count).count()));
    }

    #[test]
    fn a_day_replaces_one_hour_and_keeps_the_others() {
        let mut day = DayVolume::empty(Hour(0));
        day.replace(&HourRollup::build(Hour(0), &[at(1, "1", "a")], |_| vec![]));
        day.replace(&HourRollup::build(Hour(1), &[at(61, "2", "b")], |_| vec![]));
        day.replace(&HourRollup::build(Hour(0), &[at(1, "1", "a"), at(2, "3", "c")], |_| vec![]));
        assert_eq!(day.segments[&Segment::total()], [DayCount(0, 2, 2), DayCount(4, 1, 1)]);
    }

    #[test]
    fn the_highest_version_counts() {
        let old = at(1, "1", "old");
        let mut new = at(1, "1", "new");
        new.updated_at = Some(Timestamp::from_second(100).unwrap());
        assert_eq!(latest_versions(vec![new.clone(), old]), [new]);
    }
}
