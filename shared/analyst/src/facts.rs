//! The incident's tickets, redacted, and what was expected of them.

use crate::Case;
use crate::profile::Profile;
use crate::vocabulary::Vocabulary;
use domain::anomaly::{Direction, Kind};
use domain::distinct::ReporterId;
use domain::segment::{Dimension, Segment};
use domain::ticket::Ticket;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use text::Redacted;

/// Tickets whose text is read; of more, every n-th.
const MAX_DOCUMENTS: usize = 4_000;
/// Background hours that share the window's hours of the day are used when they hold so many tickets.
const MATCHED_TICKETS: f64 = 200.0;

/// A ticket whose text was read.
pub(crate) struct Document<'a> {
    pub(crate) ticket: &'a Ticket,
    pub(crate) text: Redacted,
    pub(crate) terms: Vec<String>,
    /// Keys of the terms in [`Facts::vocabulary`], ascending.
    pub(crate) keys: Vec<u32>,
    pub(crate) reporter: ReporterId,
}

impl AsRef<[String]> for Document<'_> {
    fn as_ref(&self) -> &[String] {
        &self.terms
    }
}

/// A dimension and one of its values.
pub(crate) type Value = (Dimension, String);

/// Everything the findings are made of.
pub(crate) struct Facts<'a> {
    pub(crate) case: &'a Case<'a>,
    /// All tickets of the window by time.
    pub(crate) all: Vec<&'a Ticket>,
    /// Those of the incident's segment.
    pub(crate) inside: Vec<&'a Ticket>,
    /// Those of them whose text was read.
    pub(crate) documents: Vec<Document<'a>>,
    /// Their terms.
    pub(crate) vocabulary: Vocabulary,
    /// Tickets for each document.
    pub(crate) scale: f64,
    /// The usual week of the incident's segment.
    pub(crate) profile: Profile,
    /// Tickets of the segment, and how many were due.
    pub(crate) actual: f64,
    pub(crate) expected: f64,
    /// The same for the whole stream.
    pub(crate) total_actual: f64,
    pub(crate) total_expected: f64,
    /// Tickets of each value in the background, one number a day.
    pub(crate) background: BTreeMap<Value, Vec<f64>>,
    /// Tickets of the background in all, one number a day.
    pub(crate) background_total: Vec<f64>,
    expectations: BTreeMap<Segment, (f64, f64)>,
}

impl<'a> Facts<'a> {
    pub(crate) fn read(case: &'a Case<'a>) -> Self {
        let incident = case.incident;
        let mut all: Vec<&Ticket> =
            case.tickets.iter().filter(|t| incident.window.contains(t.created_at)).collect();
        all.sort_by(|a, b| (a.created_at, &a.source, &a.id).cmp(&(b.created_at, &b.source, &b.id)));
        let inside: Vec<&Ticket> = all.iter().copied().filter(|t| incident.segment.contains(t)).collect();
        let (documents, mut vocabulary) = documents(&inside);
        vocabulary.count_background(case.background);
        let expectations: BTreeMap<Segment, (f64, f64)> =
            incident.counts.iter().map(|c| (c.segment.clone(), (c.actual, c.expected))).collect();
        let (background, background_total) = background(case);
        let mut facts = Self {
            scale: inside.len() as f64 / documents.len().max(1) as f64,
            profile: Profile::of(case, &incident.segment),
            actual: incident.tickets,
            expected: incident.expected.max(0.0),
            total_actual: all.len() as f64,
            total_expected: 0.0,
            case,
            all,
            inside,
            documents,
            vocabulary,
            background,
            background_total,
            expectations,
        };
        facts.total_expected = facts.expected_total();
        facts
    }

    fn expected_total(&self) -> f64 {
        let incident = self.case.incident;
        if incident.segment.is_total() {
            return self.expected;
        }
        let usual = Profile::of(self.case, &Segment::total());
        let estimated = || usual.same_hour_baseline(incident.window, self.case.zone);
        self.expectations.get(&Segment::total()).map_or_else(estimated, |c| c.1)
    }

    /// More or fewer than due; 0 for a theme that leaves the volume alone.
    pub(crate) fn excess(&self) -> f64 {
        self.actual - self.expected
    }

    /// Whether it is about too many tickets.
    pub(crate) fn is_up(&self) -> bool {
        self.case.incident.direction == Direction::Up
    }

    /// Whether the incident is about words, not volume.
    pub(crate) fn is_theme(&self) -> bool {
        self.case.incident.kind == Kind::Theme
    }

    /// Tickets due of one value over the window: the model's own figure, else its share of the background.
    pub(crate) fn expected_of(&self, value: &Value) -> f64 {
        let segment = Segment::value(value.0, value.1.clone());
        self.expectations
            .get(&segment)
            .map_or_else(|| self.total_expected * self.share_of(value), |c| c.1.max(0.0))
    }

    /// Share of the background's tickets that have a value.
    pub(crate) fn share_of(&self, value: &Value) -> f64 {
        let tickets: f64 = self.background.get(value).map_or(0.0, |days| days.iter().sum());
        tickets / self.background_total.iter().sum::<f64>().max(1.0)
    }

    /// Every value of a dimension that the background or the window has, with its tickets in the window.
    pub(crate) fn counts(&self, dimension: Dimension, tickets: &[&Ticket]) -> BTreeMap<Value, f64> {
        let known = self.background.keys().filter(|v| v.0 == dimension);
        let mut counts: BTreeMap<Value, f64> = known.map(|v| (v.clone(), 0.0)).collect();
        let mut seen: HashMap<&str, f64> = HashMap::new();
        for ticket in tickets {
            for value in dimension.values(ticket) {
                *seen.entry(value).or_default() += 1.0;
            }
        }
        for (value, n) in seen {
            counts.insert((dimension, value.to_owned()), n);
        }
        counts
    }

    /// Distinct reporters among documents.
    pub(crate) fn reporters<'d>(documents: impl Iterator<Item = &'d Document<'a>>) -> usize
    where
        'a: 'd,
    {
        documents.map(|d| d.reporter).collect::<BTreeSet<_>>().len()
    }
}

fn documents<'a>(inside: &[&'a Ticket]) -> (Vec<Document<'a>>, Vocabulary) {
    let step = inside.len().div_ceil(MAX_DOCUMENTS).max(1);
    let read: Vec<&Ticket> = inside.iter().step_by(step).copied().collect();
    let texts: Vec<Redacted> = read.iter().map(|t| text::redact_ticket(t)).collect();
    let terms: Vec<Vec<String>> = texts.iter().map(text::terms).collect();
    let (vocabulary, keys) = Vocabulary::number(&terms);
    let documents = read.into_iter().zip(texts).zip(terms).zip(keys);
    let documents = documents
        .map(|(((ticket, text), terms), keys)| Document {
            ticket,
            text,
            terms,
            keys,
            reporter: ticket.reporter(),
        })
        .collect();
    (documents, vocabulary)
}

/// Tickets by value and day, and in all by day, over the background hours that match the window's time of day.
fn background(case: &Case<'_>) -> (BTreeMap<Value, Vec<f64>>, Vec<f64>) {
    let window = case.incident.window;
    let mut due = [false; 24];
    for hour in domain::time::Hour::range(window.start, window.end).take(24) {
        if let Some(slot) = due.get_mut(local_hour(case, hour)) {
            *slot = true;
        }
    }
    let matched = gather(case, &due);
    if matched.1.iter().sum::<f64>() >= MATCHED_TICKETS { matched } else { gather(case, &[true; 24]) }
}

fn local_hour(case: &Case<'_>, hour: domain::time::Hour) -> usize {
    crate::profile::hour_of_week(hour, case.zone) % 24
}

fn gather(case: &Case<'_>, hours: &[bool; 24]) -> (BTreeMap<Value, Vec<f64>>, Vec<f64>) {
    let first = case.background.iter().map(|r| r.hour.0).min().unwrap_or(0);
    let days =
        case.background.iter().map(|r| (r.hour.0 - first) / 24 + 1).max().unwrap_or(0).min(366) as usize;
    let mut values: BTreeMap<Value, Vec<f64>> = BTreeMap::new();
    let mut total = vec![0.0; days];
    for rollup in case.background.iter().filter(|r| hours.get(local_hour(case, r.hour)) == Some(&true)) {
        let day = ((rollup.hour.0 - first) / 24) as usize;
        for (segment, counts) in &rollup.segments {
            let tickets: f64 = match segment.cells().len() {
                0 | 1 => counts.iter().map(|c| f64::from(c.tickets)).sum(),
                _ => continue,
            };
            let slot = match segment.cells().first() {
                None => total.get_mut(day),
                Some(value) => {
                    if !values.contains_key(value) {
                        values.insert(value.clone(), vec![0.0; days]);
                    }
                    values.get_mut(value).and_then(|v| v.get_mut(day))
                }
            };
            if let Some(slot) = slot {
                *slot += tickets;
            }
        }
    }
    (values, total)
}
