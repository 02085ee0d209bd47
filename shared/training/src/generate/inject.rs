//! What each scenario does to its days.

use super::calendar::{self, instant, moment};
use super::corpus::{Corpus, Draft, MAX_SEVERITY_WEIGHT, Text, severity_weight, theme_draft};
use super::dice::Dice;
use super::options::{GenerateError, GenerateOptions, Scenario, Theme};
use super::texts::themes::ThemeTexts;
use super::truth::{TruthAnomaly, TruthDay};
use super::{Generator, Made, days, requester};
use domain::anomaly::{Direction, Kind};
use domain::report::{Nature, Verdict};
use domain::segment::{Dimension, Segment};
use domain::ticket::Priority;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The stream of chance that fixes when things begin; far above every day's.
const PLAN_STREAM: u64 = 1 << 40;
/// Bulk entry has at least this many tickets, however small the help desk, unless a multiplier is given.
const BULK_TICKETS: usize = 100;
/// Delayed tickets land within this many seconds of the end of the delay.
const CATCH_UP_SECONDS: i64 = 900;
/// Draws after which a rare queue is given up for the last draft; no queue in use is that rare.
const MAX_DRAWS: usize = 1_000_000;

/// What happens, and when.
pub(super) struct Plan {
    scenario: Scenario,
    seed: u64,
    date: Date,
    last: Date,
    /// Local time of the first and after the last affected moment.
    begins: DateTime,
    ends: DateTime,
    onset: Timestamp,
    end: Timestamp,
    /// `None`: the scenario's default, or none at all.
    asked: Option<f64>,
    multiplier: f64,
    theme: Option<Theme>,
    theme_share: f64,
    /// The queue that grows, and its usual share.
    queue: Option<(String, f64)>,
}

impl Plan {
    /// `None` when nothing is to happen. Fails when the corpus has no queue as asked.
    pub(super) fn new(
        options: &GenerateOptions,
        corpus: &Corpus,
        zone: &TimeZone,
    ) -> Result<Option<Self>, GenerateError> {
        let (scenario, date) = (options.scenario, options.anomaly_date);
        if scenario == Scenario::None {
            return Ok(None);
        }
        let mut dice = Dice::new(options.seed, PLAN_STREAM);
        let (begins, ends) = span(scenario, date, &mut dice);
        let theme = match scenario {
            Scenario::Outage => Some(options.theme.unwrap_or(Theme::SignOnLoop)),
            Scenario::Theme => Some(options.theme.unwrap_or(Theme::BrokenExport)),
            Scenario::SlowRamp => Some(options.theme.unwrap_or(Theme::BatteryDrain)),
            _ => None,
        };
        let mut end = instant(ends, zone);
        if scenario == Scenario::Backlog {
            end += CATCH_UP_SECONDS.seconds();
        }
        Ok(Some(Self {
            scenario,
            seed: options.seed,
            date,
            last: days(date, options.to).take(scenario.days() as usize).last().unwrap_or(date),
            begins,
            ends,
            onset: instant(begins, zone),
            end,
            asked: options.multiplier,
            multiplier: options.multiplier.or(scenario.default_multiplier()).unwrap_or(1.0),
            theme,
            theme_share: options.theme_share,
            queue: if scenario == Scenario::Segment { Some(growing_queue(options, corpus)?) } else { None },
        }))
    }

    /// Whether `day` differs from ordinary ones.
    pub(super) fn affects(&self, day: Date) -> bool {
        self.date <= day && day <= self.last
    }

    /// The tickets of an affected day that usually has `expected`; without day-to-day variation.
    pub(super) fn day(
        &self,
        generator: &mut Generator<'_>,
        day: Date,
        expected: f64,
        dice: &mut Dice,
    ) -> Vec<Made> {
        let usual = expected.round() as usize;
        let total = (expected * self.multiplier).round() as usize;
        match self.scenario {
            Scenario::None => ordinary(generator, day, usual, dice),
            Scenario::Drop => ordinary(generator, day, total, dice),
            Scenario::Uniform => {
                let mut made = ordinary(generator, day, total, dice);
                made.iter_mut().for_each(|m| m.injected = true);
                made
            }
            Scenario::Composition => (0..total).map(|_| self.severe(generator, day, dice)).collect(),
            Scenario::Segment => self.segment(generator, day, expected, dice),
            Scenario::Outage => {
                let mut made = ordinary(generator, day, usual, dice);
                made.extend((usual..total).map(|_| self.themed(generator, self.after_onset(dice), dice)));
                made
            }
            Scenario::Theme => {
                let themed = ((expected * self.theme_share).round() as usize).min(usual);
                let mut made = ordinary(generator, day, usual - themed, dice);
                made.extend((0..themed).map(|_| self.themed(generator, self.after_onset(dice), dice)));
                made
            }
            Scenario::SlowRamp => {
                let step = days(self.date, day).count() as f64 / self.scenario.days() as f64;
                let extra = (expected * (self.multiplier - 1.0) * step).round() as usize;
                let mut made = ordinary(generator, day, usual, dice);
                made.extend((0..extra).map(|_| self.themed(generator, moment(day, dice), dice)));
                made
            }
            Scenario::SpamFlood => {
                let mut made = ordinary(generator, day, usual, dice);
                made.extend((usual..total).map(|i| self.spam(generator, i - usual, dice)));
                made
            }
            Scenario::BulkEntry => {
                let extra = total.saturating_sub(usual);
                let extra = if self.asked.is_none() { extra.max(BULK_TICKETS) } else { extra };
                let mut made = ordinary(generator, day, usual, dice);
                made.extend((0..extra).map(|i| self.bulk(generator, i, dice)));
                made
            }
            Scenario::DataGap => {
                let mut made = ordinary(generator, day, usual, dice);
                made.retain(|m| !self.during(m.ticket.created_at));
                made
            }
            Scenario::Backlog => self.delayed(generator, day, usual, dice),
        }
    }

    fn during(&self, at: Timestamp) -> bool {
        self.onset <= at && at < self.end
    }

    /// A moment that is likeliest at the onset and ever less so until the end.
    fn after_onset(&self, dice: &mut Dice) -> DateTime {
        let seconds = self.begins.duration_until(self.ends).as_secs() as f64;
        let early = dice.unit().min(dice.unit());
        self.begins + ((seconds * early) as i64).seconds()
    }

    fn severe(&self, generator: &mut Generator<'_>, day: Date, dice: &mut Dice) -> Made {
        let corpus = generator.corpus;
        let draft =
            draw_until(corpus, dice, |draft, dice| dice.chance(severity_weight(draft) / MAX_SEVERITY_WEIGHT));
        let made = generator.write(&draft, moment(day, dice), None, dice);
        Made { injected: true, ..made }
    }

    fn segment(&self, generator: &mut Generator<'_>, day: Date, expected: f64, dice: &mut Dice) -> Vec<Made> {
        let Some((queue, share)) = &self.queue else { return Vec::new() };
        let (usual, inside) =
            ((expected * share).round() as usize, (expected * share * self.multiplier).round() as usize);
        let outside = expected.round() as usize - usual;
        let corpus = generator.corpus;
        let mut made = Vec::new();
        for index in 0..inside + outside {
            let wanted = index < inside;
            let draft = draw_until(corpus, dice, |draft, _| (draft.queue == Some(queue.as_str())) == wanted);
            let ticket = generator.write(&draft, moment(day, dice), None, dice);
            made.push(Made { injected: wanted && index >= usual, ..ticket });
        }
        made
    }

    fn themed(&self, generator: &mut Generator<'_>, written: DateTime, dice: &mut Dice) -> Made {
        let theme = ThemeTexts::of(self.theme.unwrap_or(Theme::SignOnLoop));
        let draft = theme_draft(theme, dice);
        let made = generator.write(&draft, written, Some(self.begins), dice);
        Made { injected: true, ..made }
    }

    fn delayed(&self, generator: &mut Generator<'_>, day: Date, usual: usize, dice: &mut Dice) -> Vec<Made> {
        let over = self.end - CATCH_UP_SECONDS.seconds();
        let mut made = ordinary(generator, day, usual, dice);
        for m in &mut made {
            if self.onset <= m.ticket.created_at && m.ticket.created_at < over {
                m.ticket.landed_at = over + dice.between(1, CATCH_UP_SECONDS - 1).seconds();
                m.injected = true;
            }
        }
        made
    }

    fn spam(&self, generator: &Generator<'_>, index: usize, dice: &mut Dice) -> Made {
        let name =
            dice.pick(&["friend", "shop owner", "team", "webmaster", "manager", "partner", "colleague"]);
        let link = format!("https://rank-boost{}.example/go/{:08x}", dice.below(4), dice.below(1 << 32));
        let opening = dice.pick(&["Dear", "Hello", "Hi", "Good day"]);
        let body = format!(
            "{opening} {name},\n\nwe noticed that your website is not on the first page. Our experts bring you to the \
             top of the ranking in {} days, guaranteed. Get {} % off all backlink packages today only!\n\nClick here: \
             {link}\n\nTo unsubscribe reply STOP.",
            dice.between(7, 30),
            dice.between(3, 9) * 10,
        );
        let subject = format!(
            "{} {} backlinks for your website",
            dice.pick(&["Special offer:", "Last chance:", "Re:"]),
            dice.between(2, 9) * 100
        );
        let draft = plain(("General Inquiry", "Request", Priority::Low), &["Feedback"]);
        let at = self.begins + dice.between(0, self.begins.duration_until(self.ends).as_secs() - 1).seconds();
        let mut ticket = generator.blank(&draft, instant(at, &generator.zone), dice);
        (ticket.subject, ticket.body) = (Some(subject), body);
        ticket.channel = Some("mail".to_owned());
        ticket.requester = Some(requester("spam", self.seed, index));
        Made { ticket, injected: true }
    }

    fn bulk(&self, generator: &Generator<'_>, index: usize, dice: &mut Dice) -> Made {
        let serial = format!("FD{}", dice.between(1_000_000, 9_999_999));
        let body = format!(
            "Asset check {}: docking station Fjellan, serial {serial}, room {}. Inventory label missing, please \
             schedule a replacement label and update the asset list.",
            index + 1,
            dice.between(101, 489),
        );
        let draft = plain(("IT Support", "Request", Priority::Low), &["Hardware", "Maintenance"]);
        let at = self.begins + dice.between(0, self.begins.duration_until(self.ends).as_secs() - 1).seconds();
        let mut ticket = generator.blank(&draft, instant(at, &generator.zone), dice);
        (ticket.subject, ticket.body) = (Some(format!("Asset check: label for {serial}")), body);
        ticket.channel = Some("web".to_owned());
        ticket.product = Some("Fjellan Dock".to_owned());
        ticket.requester = Some(requester("agent", self.seed, 0));
        Made { ticket, injected: true }
    }

    /// The labels, once all tickets have their ids.
    pub(super) fn truth(self, made: &[Made], tickets_per_day: f64, zone: &TimeZone) -> TruthAnomaly {
        let count =
            |day: Date| made.iter().filter(|m| zone.to_datetime(m.ticket.created_at).date() == day).count();
        let days: Vec<TruthDay> = days(self.date, self.last)
            .map(|date| TruthDay {
                date,
                expected: calendar::expected(date, tickets_per_day),
                actual: count(date) as u64,
            })
            .collect();
        let (kind, direction, verdict, nature) = labels(self.scenario);
        let (expected_day, actual_day) = days.first().map_or((0.0, 0), |d| (d.expected, d.actual));
        TruthAnomaly {
            date: self.date,
            onset: self.onset,
            end: self.end,
            kind,
            direction,
            multiplier: self.reached(made, &days, zone),
            expected_day,
            actual_day,
            days,
            segment: self.queue.map(|(queue, _)| Segment::value(Dimension::Queue, queue)),
            theme: self.theme,
            keywords: keywords(self.scenario, self.theme),
            verdict,
            nature,
            anomaly_tickets: made.iter().filter(|m| m.injected).map(|m| m.ticket.id.clone()).collect(),
        }
    }

    /// Tickets of the segment on its most affected day over those usual there.
    fn reached(&self, made: &[Made], days: &[TruthDay], zone: &TimeZone) -> f64 {
        if let (Some((queue, share)), Some(day)) = (&self.queue, days.first()) {
            let inside = made.iter().filter(|m| {
                m.ticket.queue.as_ref() == Some(queue)
                    && zone.to_datetime(m.ticket.created_at).date() == day.date
            });
            return inside.count() as f64 / (share * day.expected);
        }
        let ratios = days.iter().map(|d| d.actual as f64 / d.expected);
        ratios.fold(1.0, |best, ratio| if (ratio - 1.0).abs() > (best - 1.0f64).abs() { ratio } else { best })
    }
}

/// When the scenario begins and ends on the clock of the stream.
fn span(scenario: Scenario, date: Date, dice: &mut Dice) -> (DateTime, DateTime) {
    let midnight = date.at(0, 0, 0, 0);
    let (low, high, minutes) = match scenario {
        Scenario::Outage => (9, 11, 7 * 60),
        Scenario::Theme => (8, 9, 10 * 60),
        Scenario::SpamFlood => (9, 13, 4 * 60),
        Scenario::BulkEntry => (10, 14, 20),
        Scenario::DataGap => (8, 9, 9 * 60),
        Scenario::Backlog => (9, 10, 5 * 60),
        _ => return (midnight, midnight + scenario.days().days()),
    };
    let begins = midnight + dice.between(low, high).hours();
    // A gap covers whole hours; other things begin at any quarter.
    let quarter = if scenario == Scenario::DataGap { 0 } else { dice.between(0, 3) * 15 };
    let begins = begins + quarter.minutes();
    (begins, begins + minutes.minutes())
}

fn growing_queue(options: &GenerateOptions, corpus: &Corpus) -> Result<(String, f64), GenerateError> {
    let shares = corpus.queue_shares();
    let found = match &options.queue {
        Some(name) => shares.get_key_value(name.as_str()),
        // The names break ties.
        None => shares.iter().filter(|(_, s)| **s < 0.1).max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0))),
    };
    let (name, share) = found.ok_or_else(|| {
        let names: Vec<_> = shares.keys().copied().collect();
        GenerateError::Options(match &options.queue {
            Some(name) => format!("the corpus has no queue {name:?}; it has {}", names.join(", ")),
            None => {
                "scenario segment needs a queue with less than a tenth of the tickets; name one".to_owned()
            }
        })
    })?;
    Ok(((*name).to_owned(), *share))
}

fn ordinary(generator: &mut Generator<'_>, day: Date, count: usize, dice: &mut Dice) -> Vec<Made> {
    (0..count).map(|_| generator.ordinary(day, dice)).collect()
}

fn draw_until<'a>(
    corpus: &'a Corpus,
    dice: &mut Dice,
    accept: impl Fn(&Draft<'_>, &mut Dice) -> bool,
) -> Draft<'a> {
    let mut draft = corpus.draw(dice);
    for _ in 0..MAX_DRAWS {
        if accept(&draft, dice) {
            break;
        }
        draft = corpus.draw(dice);
    }
    draft
}

fn plain<'a>((queue, kind, priority): (&'a str, &'a str, Priority), tags: &[&'a str]) -> Draft<'a> {
    Draft {
        text: Text::Ready { subject: None, body: "" },
        queue: Some(queue),
        kind: Some(kind),
        priority: Some(priority),
        tags: tags.to_vec(),
        language: Some("en"),
    }
}

fn labels(scenario: Scenario) -> (Kind, Option<Direction>, Verdict, Nature) {
    use Direction::{Down, Up};
    match scenario {
        Scenario::None => (Kind::Volume, None, Verdict::Inconclusive, Nature::Unknown),
        Scenario::Composition => (Kind::Volume, Some(Up), Verdict::CompositionShift, Nature::Unknown),
        Scenario::Outage => (Kind::Volume, Some(Up), Verdict::Localized, Nature::Product),
        Scenario::Uniform => (Kind::Volume, Some(Up), Verdict::VolumeOnly, Nature::Unknown),
        Scenario::Segment => (Kind::Volume, Some(Up), Verdict::Localized, Nature::Unknown),
        Scenario::Theme | Scenario::SlowRamp => (Kind::Theme, Some(Up), Verdict::Localized, Nature::Product),
        Scenario::Drop => (Kind::Volume, Some(Down), Verdict::VolumeOnly, Nature::Unknown),
        Scenario::SpamFlood => (Kind::DataQuality, Some(Up), Verdict::DataQuality, Nature::Spam),
        Scenario::BulkEntry => (Kind::DataQuality, Some(Up), Verdict::DataQuality, Nature::BulkEntry),
        Scenario::DataGap => (Kind::DataQuality, Some(Down), Verdict::DataQuality, Nature::Gap),
        Scenario::Backlog => (Kind::DataQuality, None, Verdict::DataQuality, Nature::Backlog),
    }
}

fn keywords(scenario: Scenario, theme: Option<Theme>) -> Vec<String> {
    let words: &[&str] = match (scenario, theme) {
        (_, Some(theme)) => ThemeTexts::of(theme).keywords,
        (Scenario::SpamFlood, _) => &["backlink", "ranking", "first page"],
        (Scenario::BulkEntry, _) => &["asset check", "label"],
        _ => &[],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}
