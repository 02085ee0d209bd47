//! A small invented help desk for tests: four weeks of usual traffic, and a day to put something into.

use crate::{Case, diagnose};
use domain::anomaly::{Direction, Kind};
use domain::incident::{INCIDENT_VERSION, Incident, SegmentCount, Severity, Status};
use domain::report::Report;
use domain::rollup::HourRollup;
use domain::segment::{Dimension, Segment};
use domain::ticket::{Priority, Ticket};
use domain::time::{HOUR_SECONDS, Hour, Window};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Monday 2024-01-29T00:00Z, the day in question; the four weeks before it are usual.
pub(crate) const DAY: i64 = 1_706_486_400;
const QUEUES: [&str; 4] = ["Billing", "Technical", "Returns", "Sales"];
const TOPICS: [[&str; 6]; 4] = [
    ["invoice", "payment", "amount", "receipt", "currency", "statement"],
    ["printer", "network", "driver", "screen", "keyboard", "router"],
    ["parcel", "refund", "courier", "label", "carton", "warranty"],
    ["quote", "licence", "contract", "seats", "trial", "reseller"],
];
const VERBS: [&str; 12] = [
    "changed",
    "shows",
    "mentions",
    "requires",
    "contains",
    "follows",
    "replaces",
    "confirms",
    "updates",
    "covers",
    "matches",
    "describes",
];
const NOUNS: [&str; 16] = [
    "account",
    "address",
    "branch",
    "calendar",
    "colleague",
    "department",
    "document",
    "folder",
    "laptop",
    "manager",
    "office",
    "password",
    "project",
    "server",
    "supplier",
    "training",
];

/// A repeatable stream of small numbers.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A usual ticket of a queue at a second of the epoch.
pub(crate) fn usual(dice: &mut Dice, at: i64) -> Ticket {
    let queue = [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 3][dice.below(12)];
    of_queue(dice, at, queue)
}

fn of_queue(dice: &mut Dice, at: i64, queue: usize) -> Ticket {
    let sentence = |dice: &mut Dice| {
        let mut words =
            vec![dice.of(&TOPICS[queue]), dice.of(&VERBS), dice.of(&NOUNS), dice.of(&VERBS), dice.of(&NOUNS)];
        words.push(dice.of(&TOPICS[queue]));
        words.join(" ")
    };
    let body = (0..4).map(|_| sentence(dice)).collect::<Vec<_>>().join(". ");
    let mut ticket = written(dice, at, &body);
    ticket.queue = Some(QUEUES[queue].to_owned());
    ticket.kind = Some(["Incident", "Request", "Request", "Problem"][dice.below(4)].to_owned());
    ticket.priority =
        Some([Priority::High, Priority::Medium, Priority::Medium, Priority::Low][dice.below(4)]);
    ticket.tags = vec![TOPICS[queue][dice.below(6)].to_owned()];
    ticket
}

/// A ticket of one of 4,000 customers.
pub(crate) fn written(dice: &mut Dice, at: i64, body: &str) -> Ticket {
    let at = Timestamp::from_second(at).unwrap();
    Ticket {
        stream: "default".into(),
        source: "test".into(),
        id: format!("t{:08x}{:08x}", at.as_second(), dice.below(1 << 30)),
        created_at: at,
        updated_at: None,
        landed_at: at,
        subject: None,
        body: body.into(),
        priority: Some(Priority::Medium),
        kind: Some("Request".into()),
        queue: Some("Technical".into()),
        tags: vec![],
        language: Some("en".into()),
        channel: Some("mail".into()),
        product: None,
        requester: Some(format!("customer{}", dice.below(4_000))),
    }
}

/// `n` seconds of a day's working hours (8–18 h) after `day`.
pub(crate) fn moments(dice: &mut Dice, day: i64, n: usize) -> Vec<i64> {
    (0..n).map(|_| day + 8 * 3600 + dice.below(10 * 3600) as i64).collect()
}

/// Usual tickets of a day.
pub(crate) fn usual_day(dice: &mut Dice, day: i64, n: usize) -> Vec<Ticket> {
    moments(dice, day, n).into_iter().map(|at| usual(dice, at)).collect()
}

/// Tickets of one queue.
pub(crate) fn queue_day(dice: &mut Dice, day: i64, queue: usize, n: usize) -> Vec<Ticket> {
    moments(dice, day, n).into_iter().map(|at| of_queue(dice, at, queue)).collect()
}

/// Four weeks of 150 tickets a day.
pub(crate) fn background(seed: u64) -> Vec<Ticket> {
    let mut dice = Dice::new(seed);
    (1..=28).flat_map(|d| usual_day(&mut dice, DAY - d * 86_400, 150)).collect()
}

fn rollups(tickets: &[Ticket]) -> Vec<Arc<HourRollup>> {
    let mut hours: BTreeMap<Hour, Vec<Ticket>> = BTreeMap::new();
    tickets.iter().for_each(|t| hours.entry(Hour::of(t.created_at)).or_default().push(t.clone()));
    let terms = |t: &Ticket| text::terms(&text::redact_ticket(t));
    hours.into_iter().map(|(hour, tickets)| Arc::new(HourRollup::build(hour, &tickets, terms))).collect()
}

/// The report on a day of `tickets` after `background`; `segment` is what the incident stands for.
pub(crate) fn report(background: &[Ticket], tickets: &[Ticket], kind: Kind, segment: &Segment) -> Report {
    let start = Timestamp::from_second(DAY).unwrap();
    let window = Window::new(start, Timestamp::from_second(DAY + 24 * HOUR_SECONDS).unwrap());
    let count = |tickets: &[Ticket], s: &Segment| tickets.iter().filter(|t| s.contains(t)).count() as f64;
    let mut segments: Vec<Segment> = vec![Segment::total()];
    segments.extend(QUEUES.iter().map(|q| Segment::value(Dimension::Queue, *q)));
    let counts: Vec<SegmentCount> = segments
        .into_iter()
        .map(|s| SegmentCount {
            actual: count(tickets, &s),
            expected: count(background, &s) / 28.0,
            segment: s,
        })
        .collect();
    let (actual, expected) = (count(tickets, segment), count(background, segment) / 28.0);
    let incident = Incident {
        version: INCIDENT_VERSION,
        stream: "default".into(),
        id: "incident".into(),
        revision: 1,
        status: Status::Open,
        opened_at: window.end,
        decided_at: window.end,
        kind,
        direction: if kind == Kind::Theme || actual >= expected { Direction::Up } else { Direction::Down },
        segment: segment.clone(),
        window,
        tickets: actual,
        expected,
        score: 9.0,
        severity: Severity::of(actual, expected),
        anomalies: vec![],
        counts,
    };
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let (inside, before) = (rollups(tickets), rollups(background));
    diagnose(&Case {
        incident: &incident,
        zone: &zone,
        tickets,
        window: &inside,
        background: &before,
        background_days: 28.0,
    })
}
