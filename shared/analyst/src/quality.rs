//! Gaps, late arrivals, bursts: what is wrong with the data instead of the product.

use crate::facts::{Document, Facts};
use crate::profile::{cell_index, cell_starts};
use crate::repeats::{Repeats, tightest};
use crate::stats::{empty_probability, z_score};
use domain::report::Nature;
use domain::rollup::DELAY_MINUTES;
use domain::ticket::Ticket;
use domain::time::{CELL_SECONDS, Hour};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Probability of an empty run under which tickets are missing, not absent.
const GAP_PROBABILITY: f64 = 1e-3;
/// Share of the lack that the gap must explain.
const GAP_EXPLAINS: f64 = 0.5;
/// A wait that is late, in minutes: the first class of arrival delays above the usual hour.
const LATE_MINUTES: i64 = 60;
/// Late tickets that make a backlog, as a share of the window's and at least so many.
const BACKLOG_SHARE: f64 = 0.2;
const BACKLOG_TICKETS: usize = 10;
/// Share of late tickets in the background above which lateness is this stream's habit.
const USUALLY_LATE: f64 = 0.2;
/// Standard deviations below which the volume is as usual.
const USUAL_Z: f64 = 2.0;
/// Late tickets landed together when most of them did within this many minutes.
const TOGETHER_MINUTES: i64 = 60;
const TOGETHER_SHARE: f64 = 0.6;
/// Share of the excess that one sender, one text or one moment must make to be its cause.
const MAKES_EXCESS: f64 = 0.6;
/// Fewest tickets of one sender or one text.
const MIN_REPEATS: f64 = 3.0;
/// Entry in bulk: so much of the excess within the tightest minutes.
const BURST_MINUTES: i64 = 30;
const SHORT_BURST_MINUTES: i64 = 10;
/// Hours that a lack of tickets before their release may last.
const LONGEST_LACK: i64 = 48;
/// Share of a burst that was due in the lack before it.
const RELEASED_SHARE: f64 = 0.5;
/// Share of a burst that may be usual traffic.
const USUAL_SHARE: f64 = 0.2;
/// Promotional share of copies that makes them spam.
const SPAM_SHARE: f64 = 0.5;

/// The longest run of empty cells.
pub(crate) struct Gap {
    pub(crate) start: Timestamp,
    pub(crate) minutes: i64,
    /// Tickets that were due in it.
    pub(crate) due: f64,
    pub(crate) probability: f64,
}

/// Tickets that waited.
pub(crate) struct Backlog {
    pub(crate) late: usize,
    pub(crate) late_share: f64,
    pub(crate) usual_share: f64,
    /// Share of the late ones that landed within an hour of each other.
    pub(crate) together: f64,
}

/// The fullest minutes.
pub(crate) struct Burst {
    pub(crate) minutes: i64,
    pub(crate) start: Timestamp,
    pub(crate) tickets: f64,
    /// Tickets usually written in so many minutes of that hour.
    pub(crate) usual: f64,
    /// Share of the excess.
    pub(crate) share: f64,
    /// Share of its tickets from its largest sender, and of its largest set of copies.
    pub(crate) sender: f64,
    pub(crate) copies: f64,
    /// Share of its tickets that say neither who wrote nor what.
    pub(crate) anonymous: f64,
}

pub(crate) struct Quality {
    pub(crate) gap: Option<Gap>,
    /// The lack before a burst of tickets that were held back.
    pub(crate) held_back: Option<Gap>,
    pub(crate) backlog: Backlog,
    pub(crate) bursts: Vec<Burst>,
    pub(crate) repeats: Repeats,
    /// What shares of the excess are taken of: extra tickets, or the tickets of the theme.
    pub(crate) reference: f64,
}

impl Quality {
    /// `theme` is the excess of the theme in tickets, for incidents whose volume is as usual.
    pub(crate) fn of(facts: &Facts<'_>, theme: f64) -> Self {
        let repeats = Repeats::of(facts);
        let largest = repeats.clusters.first().map_or(0, Vec::len) as f64 * facts.scale;
        let reference = if facts.is_theme() { theme.max(largest) } else { facts.excess() }.max(1.0);
        let gap = gap(facts);
        let mut quality = Self {
            held_back: None,
            backlog: backlog(facts),
            bursts: [SHORT_BURST_MINUTES, BURST_MINUTES]
                .iter()
                .filter_map(|m| burst(facts, &repeats, *m, reference))
                .collect(),
            gap,
            repeats,
            reference,
        };
        quality.held_back = if facts.is_up() { held_back(facts, &quality.bursts) } else { None };
        quality
    }

    /// What is wrong with the data, if that explains the incident.
    pub(crate) fn nature(&self, facts: &Facts<'_>) -> Option<Nature> {
        let lack = (facts.expected - facts.actual).max(0.0);
        if !facts.is_up() {
            if self.is_backlog() {
                return Some(Nature::Backlog);
            }
            let missing = self.gap.as_ref().is_some_and(|g| g.due >= GAP_EXPLAINS * lack);
            return missing.then_some(Nature::Gap);
        }
        // Delays leave the count of writing times as it is: a volume as usual needs no other explanation.
        let as_usual = !facts.is_theme() && z_score(facts.actual, facts.expected) < USUAL_Z;
        let late = as_usual || self.backlog.late as f64 >= MAKES_EXCESS * self.reference;
        if as_usual {
            let held = self.held_back.is_some().then_some(Nature::Gap);
            return if self.is_backlog() { Some(Nature::Backlog) } else { held };
        }
        let share = |n: usize| n as f64 * facts.scale / self.reference;
        let enough = |n: usize| n as f64 * facts.scale >= MIN_REPEATS && share(n) >= MAKES_EXCESS;
        let copies: Vec<usize> = self.repeats.clusters.iter().flatten().copied().collect();
        let promoted = copies.iter().filter(|i| self.repeats.promotions.contains(i)).count();
        let adverts = self.repeats.promotions.len();
        if enough(copies.len()) && promoted as f64 >= SPAM_SHARE * copies.len() as f64 || enough(adverts) {
            return Some(Nature::Spam);
        }
        let one_entry = |b: &Burst| b.share >= MAKES_EXCESS && b.tickets >= MIN_BURST && b.is_one_entry();
        if self.bursts.iter().any(one_entry) {
            return Some(Nature::BulkEntry);
        }
        if self.is_backlog() && late {
            return Some(Nature::Backlog);
        }
        if self.held_back.is_some() && !facts.is_theme() {
            return Some(Nature::Gap);
        }
        let top = self.repeats.top_reporter.len();
        let cluster = self.repeats.clusters.first().map_or(0, Vec::len);
        if enough(top) {
            let same_text = cluster >= top && !self.repeats.senders_known;
            return Some(if same_text { Nature::Duplicate } else { Nature::SingleSource });
        }
        let senders: BTreeSet<_> =
            copies.iter().filter_map(|i| facts.documents.get(*i)).map(|d| d.reporter).collect();
        let many_senders = self.repeats.senders_known && 2 * senders.len() > copies.len();
        (enough(copies.len()) && !many_senders).then_some(Nature::Duplicate)
    }

    fn is_backlog(&self) -> bool {
        let b = &self.backlog;
        b.late >= BACKLOG_TICKETS
            && b.late_share >= BACKLOG_SHARE
            && b.usual_share <= USUALLY_LATE
            && b.together >= TOGETHER_SHARE
    }
}

/// Fewest tickets that look entered in one go: a shared moment needs more than a shared text.
const MIN_BURST: f64 = 10.0;

impl Burst {
    /// One hand or one form behind it.
    fn is_one_entry(&self) -> bool {
        self.sender >= MAKES_EXCESS || self.copies >= MAKES_EXCESS || self.anonymous >= 0.9
    }
}

fn gap(facts: &Facts<'_>) -> Option<Gap> {
    let window = facts.case.incident.window;
    let due = facts.profile.cells(window, facts.case.zone, facts.expected);
    let mut empty = vec![true; due.len()];
    for slot in facts.inside.iter().filter_map(|t| cell_index(window, t.created_at)) {
        if let Some(cell) = empty.get_mut(slot) {
            *cell = false;
        }
    }
    let mut best: Option<(usize, usize, f64)> = None;
    let (mut start, mut sum) = (0, 0.0);
    for (i, (is_empty, expected)) in empty.iter().zip(&due).enumerate() {
        if !is_empty {
            (start, sum) = (i + 1, 0.0);
            continue;
        }
        sum += expected;
        if sum > best.map_or(0.0, |b| b.2) {
            best = Some((start, i + 1, sum));
        }
    }
    let (from, to, due) = best?;
    let probability = empty_probability(due);
    let start = cell_starts(window).get(from).copied()?;
    (probability < GAP_PROBABILITY).then_some(Gap {
        start,
        minutes: (to - from) as i64 * CELL_SECONDS / 60,
        due,
        probability,
    })
}

/// A lack of tickets right before a burst that it accounts for: they were held back and stamped on release.
fn held_back(facts: &Facts<'_>, bursts: &[Burst]) -> Option<Gap> {
    let incident = facts.case.incident;
    let burst = bursts.iter().find(|b| b.tickets >= MIN_BURST && b.usual <= USUAL_SHARE * b.tickets)?;
    let first = Hour::of(incident.window.start);
    let mut within: Vec<f64> = Hour::range(incident.window.start, incident.window.end).map(|_| 0.0).collect();
    for ticket in facts.inside.iter().filter(|t| t.created_at < burst.start) {
        let index = usize::try_from(Hour::of(ticket.created_at).0 - first.0).ok();
        if let Some(slot) = index.and_then(|i| within.get_mut(i)) {
            *slot += 1.0;
        }
    }
    let hour = Hour::of(burst.start);
    let (start, hours, lack) = facts.profile.lack_before(hour, LONGEST_LACK, &within, facts.case.zone)?;
    let probability = empty_probability(lack);
    let explains = lack >= RELEASED_SHARE * burst.tickets && probability < GAP_PROBABILITY;
    explains.then(|| Gap { start: start.start(), minutes: hours * 60, due: lack, probability })
}

fn backlog(facts: &Facts<'_>) -> Backlog {
    let wait = |t: &&&Ticket| t.landed_at.as_second() - t.created_at.as_second() >= LATE_MINUTES * 60;
    let mut landed: Vec<i64> = facts.inside.iter().filter(wait).map(|t| t.landed_at.as_second()).collect();
    landed.sort_unstable();
    let together =
        |from: &i64| landed.iter().filter(|t| (0..TOGETHER_MINUTES * 60).contains(&(**t - from))).count();
    // Of many late tickets every n-th is tried as the first of its hour.
    let step = landed.len().div_ceil(200).max(1);
    let most = landed.iter().step_by(step).map(together).max().unwrap_or(0);
    let class = DELAY_MINUTES.iter().position(|m| *m >= LATE_MINUTES).map_or(0, |i| i + 1);
    let delays = facts.case.background.iter().flat_map(|r| r.delays.iter().enumerate());
    let (late, all) = delays.fold((0.0, 0.0), |(late, all), (i, n)| {
        (late + if i >= class { f64::from(*n) } else { 0.0 }, all + f64::from(*n))
    });
    Backlog {
        late: landed.len(),
        late_share: landed.len() as f64 / facts.inside.len().max(1) as f64,
        usual_share: late / f64::max(all, 1.0),
        together: most as f64 / landed.len().max(1) as f64,
    }
}

/// Whether a ticket says neither who wrote nor, beyond a heading, what.
fn is_bare(document: &Document<'_>) -> bool {
    document.ticket.requester.is_none() && document.text.body.trim().is_empty()
}

fn burst(facts: &Facts<'_>, repeats: &Repeats, minutes: i64, reference: f64) -> Option<Burst> {
    let range = tightest(&facts.inside, minutes);
    let tickets = facts.inside.get(range)?;
    let (first, last) = (tickets.first()?.created_at, tickets.last()?.created_at);
    let inside: Vec<(usize, &Document<'_>)> = facts
        .documents
        .iter()
        .enumerate()
        .filter(|(_, d)| first <= d.ticket.created_at && d.ticket.created_at <= last)
        .collect();
    let n = inside.len().max(1) as f64;
    let mut senders: BTreeMap<_, usize> = BTreeMap::new();
    inside.iter().for_each(|(_, d)| *senders.entry(d.reporter).or_default() += 1);
    let copies =
        |cluster: &Vec<usize>| inside.iter().filter(|(i, _)| cluster.binary_search(i).is_ok()).count();
    let anonymous = inside.iter().filter(|(_, d)| is_bare(d)).count();
    let usual = facts.profile.usual_in(Hour::of(first), facts.case.zone) * minutes as f64 / 60.0;
    Some(Burst {
        minutes,
        start: first,
        usual,
        tickets: tickets.len() as f64,
        share: ((tickets.len() as f64 - usual) / reference).clamp(0.0, 1.0),
        sender: senders.values().max().map_or(0.0, |m| *m as f64 / n),
        copies: repeats.clusters.iter().map(copies).max().unwrap_or(0) as f64 / n,
        anonymous: anonymous as f64 / n,
    })
}
