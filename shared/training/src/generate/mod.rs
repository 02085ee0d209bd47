//! Ticket streams with ground truth: a year of an invented help desk in which one thing happens.
//!
//! The method is the seed project's: a weekly pattern, ±15 % from day to day, an hourly profile with its peak from
//! 9 to 15 o'clock, and on a known day something that a detector should find, or rather should explain away. Nothing
//! in a ticket says whether it was injected; [`Truth`] does.
//!
//! Equal options give equal tickets on every platform: the chance is [ChaCha8](rand_chacha), every day has its own
//! stream of it (what happens on one day leaves the others alone), and no result depends on a mathematics library.
//!
//! # Layout
//! - [`GenerateOptions`], [`Scenario`], [`Theme`]: what to make
//! - `calendar`: how many tickets a day has, and when
//! - `inject`: what each scenario does to its days
//! - [`Corpus`]: fields and texts, built in (`texts`, `slots`, `compose`) or from a CSV file
//! - [`Truth`], [`write_dataset`]: labels and files

mod calendar;
mod compose;
mod corpus;
mod dice;
mod inject;
mod options;
mod slots;
#[cfg(test)]
mod tests;
mod texts;
mod truth;
mod write;

pub use corpus::Corpus;
pub use options::{GenerateError, GenerateOptions, Scenario, Theme};
pub use truth::{TRUTH_VERSION, Truth, TruthAnomaly, TruthDay};
pub use write::{COLUMNS, write_dataset};

use compose::{Channel, Matter};
use corpus::{Draft, Text};
use dice::Dice;
use domain::distinct::ReporterId;
use domain::ticket::Ticket;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use slots::Voice;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use texts::Language;
use texts::frames::Setting;

/// Tickets and what is true of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// By `created_at`; ids are `T000001`, `T000002`, … in that order.
    pub tickets: Vec<Ticket>,
    /// The labels.
    pub truth: Truth,
    /// The zone of days and hours.
    pub zone: TimeZone,
}

impl Dataset {
    /// Tickets of every day of the period, also of those without any.
    pub fn daily_counts(&self) -> Vec<(Date, u64)> {
        let mut counts: BTreeMap<Date, u64> = days(self.truth.from, self.truth.to).map(|d| (d, 0)).collect();
        for ticket in &self.tickets {
            *counts.entry(self.zone.to_datetime(ticket.created_at).date()).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// First instant of the test part: of the anomaly's month, or of the last quarter of the days when nothing
    /// happens.
    pub fn split(&self) -> Timestamp {
        let truth = &self.truth;
        let day = match &truth.anomaly {
            Some(anomaly) => anomaly.date.first_of_month(),
            None => {
                days(truth.from, truth.to).nth(days(truth.from, truth.to).count() * 3 / 4).unwrap_or(truth.to)
            }
        };
        calendar::instant(day.at(0, 0, 0, 0), &self.zone)
    }
}

/// Generates a dataset, from the corpus the options name. Fails on options out of range and on an unreadable corpus.
pub fn generate(options: &GenerateOptions) -> Result<Dataset, GenerateError> {
    let Some(path) = &options.corpus else { return generate_from(options, &Corpus::built_in()) };
    let file = File::open(path).map_err(|source| GenerateError::File {
        action: "read",
        path: path.clone(),
        source,
    })?;
    generate_from(options, &Corpus::read_csv(BufReader::new(file))?)
}

/// Generates a dataset from `corpus`, whatever file the options name. Rows of a CSV corpus are used again and again,
/// unchanged.
pub fn generate_from(options: &GenerateOptions, corpus: &Corpus) -> Result<Dataset, GenerateError> {
    let zone = options.validate()?;
    let plan = inject::Plan::new(options, corpus, &zone)?;
    let mut generator = Generator::new(options, corpus, zone.clone());
    let mut made = Vec::new();
    for day in days(options.from, options.to) {
        let mut dice = Dice::new(options.seed, day_number(day));
        let expected = calendar::expected(day, options.tickets_per_day);
        match plan.as_ref().filter(|plan| plan.affects(day)) {
            Some(plan) => made.extend(plan.day(&mut generator, day, expected, &mut dice)),
            None => {
                let count = calendar::jittered(expected, &mut dice);
                made.extend((0..count).map(|_| generator.ordinary(day, &mut dice)));
            }
        }
    }
    made.sort_by_key(|m| m.ticket.created_at);
    let digits = made.len().to_string().len().max(6);
    for (index, m) in made.iter_mut().enumerate() {
        m.ticket.id = format!("T{:0digits$}", index + 1);
    }
    let anomaly = plan.map(|plan| plan.truth(&made, options.tickets_per_day, &zone));
    let truth = Truth {
        version: TRUTH_VERSION,
        scenario: options.scenario,
        seed: options.seed,
        time_zone: options.time_zone.clone(),
        from: options.from,
        to: options.to,
        tickets: made.len() as u64,
        anomaly,
    };
    Ok(Dataset { tickets: made.into_iter().map(|m| m.ticket).collect(), truth, zone })
}

fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(1.day()).take_while(move |day| *day <= to)
}

/// Days since 1970-01-01, the number of a day's stream of chance.
fn day_number(day: Date) -> u64 {
    u64::from((day - date(1970, 1, 1)).get_days().unsigned_abs())
}

/// A ticket that has no id yet.
struct Made {
    ticket: Ticket,
    /// Whether it makes the anomaly.
    injected: bool,
}

/// Customers of the invented help desk.
const CUSTOMERS: usize = 8_000;
/// The first German-speaking customer.
const FIRST_GERMAN: usize = 5_600;
/// How often a text that was there before is written anew before it is taken all the same.
const REWRITES: usize = 100;

/// Writes tickets.
struct Generator<'a> {
    corpus: &'a Corpus,
    stream: &'a str,
    zone: TimeZone,
    /// Requesters of the customers: 32 hex digits, as a keyed hash looks.
    requesters: Vec<String>,
    /// Fingerprints of the texts so far.
    seen: HashSet<u64>,
}

impl<'a> Generator<'a> {
    fn new(options: &'a GenerateOptions, corpus: &'a Corpus, zone: TimeZone) -> Self {
        let requesters = (0..CUSTOMERS).map(|c| requester("customer", options.seed, c)).collect();
        Self { corpus, stream: &options.stream, zone, requesters, seen: HashSet::new() }
    }

    /// A ticket of an ordinary day.
    fn ordinary(&mut self, day: Date, dice: &mut Dice) -> Made {
        let draft = self.corpus.draw(dice);
        self.write(&draft, calendar::moment(day, dice), None, dice)
    }

    /// Writes `draft` at the local time `written`, about something that began at `began`.
    fn write(
        &mut self,
        draft: &Draft<'_>,
        written: DateTime,
        began: Option<DateTime>,
        dice: &mut Dice,
    ) -> Made {
        let channel = Channel::draw(dice);
        let language = if draft.language == Some("de") { Language::De } else { Language::En };
        let customer = customer(language, began.is_some(), dice);
        let (product, shown) = product(draft, dice);
        let mut ticket = self.blank(draft, calendar::instant(written, &self.zone), dice);
        ticket.channel = Some(channel.name().to_owned());
        ticket.product = shown.then(|| product.to_owned());
        ticket.requester = self.requesters.get(customer).cloned();
        let (topic, instead) = match draft.text {
            Text::Ready { subject, body } => {
                ticket.subject = subject.map(str::to_owned);
                ticket.body = body.to_owned();
                return Made { ticket, injected: false };
            }
            Text::Topic(topic) => (topic, None),
            Text::Theme(theme) => {
                (&theme.topic, dice.chance(theme.vague).then(|| texts::themes::vague(language)))
            }
        };
        let matter = Matter {
            texts: topic.texts(language),
            setting: topic.setting,
            priority: draft.priority,
            channel,
            incident: began.is_some(),
            instead,
        };
        for _ in 0..REWRITES {
            let mut voice = Voice { language, product, customer, written, began, memory: Vec::new() };
            (ticket.subject, ticket.body) = compose::message(&matter, &mut voice, dice);
            if self.seen.insert(fingerprint(&ticket.body)) {
                break;
            }
        }
        Made { ticket, injected: false }
    }

    /// A ticket with the draft's fields and no text, landed within two minutes.
    fn blank(&self, draft: &Draft<'_>, created_at: Timestamp, dice: &mut Dice) -> Ticket {
        let mut tags: Vec<String> = draft.tags.iter().map(|t| (*t).to_owned()).collect();
        tags.sort();
        tags.dedup();
        Ticket {
            stream: self.stream.to_owned(),
            source: "generator".to_owned(),
            id: String::new(),
            created_at,
            updated_at: None,
            landed_at: created_at + dice.between(2, 110).seconds(),
            subject: None,
            body: String::new(),
            priority: draft.priority,
            kind: draft.kind.map(str::to_owned),
            queue: draft.queue.map(str::to_owned),
            tags,
            language: draft.language.map(str::to_owned),
            channel: None,
            product: None,
            requester: None,
        }
    }
}

/// Some customers write more often than others; an incident reaches all alike.
fn customer(language: Language, incident: bool, dice: &mut Dice) -> usize {
    let (first, count) = match language {
        Language::En => (0, FIRST_GERMAN),
        Language::De => (FIRST_GERMAN, CUSTOMERS - FIRST_GERMAN),
    };
    if !incident && dice.chance(0.2) {
        let u = dice.unit();
        return first + ((u * u * count as f64) as usize).min(count - 1);
    }
    first + dice.below(count)
}

/// The product a ticket is about, and whether its field says so.
fn product(draft: &Draft<'_>, dice: &mut Dice) -> (&'static str, bool) {
    let ranked = |products: &[&'static str], dice: &mut Dice| {
        products[dice.weighted((0..products.len()).map(|i| (products.len() + 2 - i) as f64))]
    };
    let topic = match draft.text {
        Text::Theme(theme) => return (theme.product, dice.chance(0.85)),
        Text::Ready { .. } => return ("", false),
        Text::Topic(topic) => topic,
    };
    match topic.setting {
        Setting::Technical => (ranked(&slots::SOFTWARE, dice), dice.chance(0.88)),
        Setting::Device => (ranked(&slots::HARDWARE, dice), dice.chance(0.35)),
        Setting::Commerce => (ranked(&slots::SOFTWARE, dice), dice.chance(0.5)),
        Setting::Office => (ranked(&slots::SOFTWARE, dice), dice.chance(0.25)),
    }
}

/// 32 hex digits that stand for one person.
fn requester(space: &str, seed: u64, index: usize) -> String {
    let half = |part: &str| ReporterId::hash(part, &format!("{space}/{seed}/{index}")).0;
    format!("{:016x}{:016x}", half("requester-high"), half("requester-low"))
}

/// FNV-1a of letters and digits in lower case: texts that differ in spacing or punctuation alone are the same.
fn fingerprint(text: &str) -> u64 {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    letters.fold(0xcbf2_9ce4_8422_2325, |hash, c| {
        (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3)
    })
}
