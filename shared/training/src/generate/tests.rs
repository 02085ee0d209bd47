//! Properties of whole datasets; what the seed project's 22 tests check is among them.

use super::texts::frames::Frames;
use super::texts::themes::{ThemeTexts, vague};
use super::texts::topics::{QUEUES, TOPICS};
use super::*;
use domain::report::{Nature, Verdict};
use domain::ticket::Priority;
use jiff::civil::Weekday;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The default: a year with a composition shift.
static YEAR: LazyLock<Dataset> = LazyLock::new(|| generate(&GenerateOptions::default()).unwrap());
/// The same seed without an anomaly.
static CALM: LazyLock<Dataset> = LazyLock::new(|| generate(&options(Scenario::None)).unwrap());

fn options(scenario: Scenario) -> GenerateOptions {
    GenerateOptions { scenario, ..GenerateOptions::default() }
}

/// Three weeks around the default anomaly date, in a zone that is not UTC.
fn weeks(scenario: Scenario) -> GenerateOptions {
    let (from, to) = (date(2023, 9, 24), date(2023, 10, 14));
    GenerateOptions { from, to, time_zone: "Europe/Berlin".into(), ..options(scenario) }
}

fn autumn(scenario: Scenario) -> Dataset {
    generate(&weeks(scenario)).unwrap()
}

fn anomaly(dataset: &Dataset) -> &TruthAnomaly {
    dataset.truth.anomaly.as_ref().unwrap()
}

fn injected(dataset: &Dataset) -> Vec<&Ticket> {
    let ids: BTreeSet<&String> = anomaly(dataset).anomaly_tickets.iter().collect();
    dataset.tickets.iter().filter(|t| ids.contains(&t.id)).collect()
}

fn on_day(dataset: &Dataset, day: Date) -> Vec<&Ticket> {
    dataset.tickets.iter().filter(|t| dataset.zone.to_datetime(t.created_at).date() == day).collect()
}

fn share(tickets: &[&Ticket], test: impl Fn(&Ticket) -> bool) -> f64 {
    tickets.iter().filter(|t| test(t)).count() as f64 / tickets.len() as f64
}

fn severe(ticket: &Ticket) -> bool {
    matches!(ticket.priority, Some(Priority::Critical | Priority::High))
}

fn bytes(dataset: &Dataset) -> Vec<(&'static str, Vec<u8>)> {
    let written = write::files(dataset).map(|(name, write)| {
        let mut content = Vec::new();
        write(&mut content).unwrap();
        (name, content)
    });
    written.into()
}

fn rows(csv: &[u8]) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv).records().map(|r| r.unwrap()).collect()
}

#[test]
fn every_sentence_has_known_slots_and_closed_brackets() {
    let mut dice = Dice::new(7, 0);
    for language in [Language::En, Language::De] {
        let frames = Frames::of(language);
        let mut all: Vec<&str> =
            [frames.openers, frames.calm, frames.asks, frames.phone_notes, frames.earlier].concat();
        all.extend([vague(language).0, vague(language).1].concat());
        for setting in [Setting::Technical, Setting::Device, Setting::Commerce, Setting::Office] {
            all.extend(frames.circumstances(setting));
            all.extend(frames.impact(setting, true));
            all.extend(frames.impact(setting, false));
        }
        for topic in TOPICS.iter().chain(Theme::ALL.map(|t| &ThemeTexts::of(t).topic)) {
            let t = topic.texts(language);
            assert!(t.subjects.len() >= 3 && t.facts.len() >= 4 && t.details.len() >= 3, "{}", topic.name);
            all.extend([t.subjects, t.facts, t.details, t.asks].concat());
            let sums = (topic.types.iter().sum::<u32>(), topic.priorities.iter().sum::<u32>());
            assert_eq!(sums, (100, 100), "{}", topic.name);
            assert!(
                topic.queues.iter().all(|(q, _)| QUEUES.iter().any(|(name, _)| name == q)),
                "{}",
                topic.name
            );
        }
        for template in all {
            let slots = template.split('{').skip(1).map(|part| part.split_once('}').unwrap().0);
            for slot in slots {
                let mut voice = voice(language);
                assert!(voice.value(slot, &mut dice).is_some(), "{slot} in {template}");
            }
            for _ in 0..8 {
                let text = compose::render(template, &mut voice(language), &mut dice);
                assert!(!text.contains(['{', '}', '[', ']', '|']), "{template} gives {text}");
                assert!(!text.contains("  ") && !text.is_empty(), "{template} gives {text}");
            }
        }
    }
}

fn voice(language: Language) -> Voice<'static> {
    let written = date(2023, 10, 5).at(11, 0, 0, 0);
    Voice { language, product: "Corvanta Desk", customer: 3, written, began: None, memory: Vec::new() }
}

#[test]
fn files_hold_the_schema_and_the_same_tickets_as_the_dataset() {
    let files = bytes(&YEAR);
    let (tickets, train, test) = (rows(&files[0].1), rows(&files[1].1), rows(&files[2].1));
    let header = csv::Reader::from_reader(files[0].1.as_slice()).headers().unwrap().clone();
    assert_eq!(header.iter().collect::<Vec<_>>(), COLUMNS);
    assert_eq!(tickets.len(), YEAR.tickets.len());
    assert_eq!([train.clone(), test.clone()].concat(), tickets);
    for (row, ticket) in tickets.iter().zip(&YEAR.tickets) {
        assert_eq!(&row[0], ticket.id);
        assert_eq!(row[1].parse::<Timestamp>().unwrap(), ticket.created_at);
        assert_eq!(row[4], ticket.body);
        assert_eq!(row[9].split(';').collect::<Vec<_>>(), ticket.tags);
    }
    assert_eq!(&train[0][1][..10], "2023-01-01");
    assert_eq!(&train[train.len() - 1][1][..10], "2023-09-30");
    assert_eq!(&test[0][1][..10], "2023-10-01");
    let counts = String::from_utf8(files[3].1.clone()).unwrap();
    assert!(counts.starts_with("timestamp,count\n2023-01-01,"));
    assert!(counts.contains("\n2023-10-05,296\n"), "{counts}");
    assert_eq!(counts.lines().count(), 366);
    assert_eq!(Truth::parse(&files[4].1).unwrap(), YEAR.truth);
    assert!(!tickets.iter().any(|row| row.iter().any(|cell| cell.contains("is_anomaly"))));
}

#[test]
fn ids_are_unique_in_time_order_and_every_field_is_filled() {
    for (index, ticket) in YEAR.tickets.iter().enumerate() {
        assert_eq!(ticket.id, format!("T{:06}", index + 1));
        assert!(ticket.created_at < ticket.landed_at);
        assert!((2..=5).contains(&ticket.tags.len()) && ticket.tags.is_sorted(), "{ticket:?}");
        assert!(ticket.requester.as_ref().is_some_and(|r| r.len() == 32), "{ticket:?}");
        assert!(ticket.body.len() > 15, "{ticket:?}");
        assert!(ticket.subject.is_some() || ticket.channel.as_deref() == Some("chat"), "{ticket:?}");
    }
    assert!(YEAR.tickets.is_sorted_by_key(|t| t.created_at));
    let requesters: BTreeSet<_> = YEAR.tickets.iter().map(|t| &t.requester).collect();
    assert!((7_500..=8_000).contains(&requesters.len()), "{}", requesters.len());
}

#[test]
fn no_two_tickets_of_a_year_read_alike() {
    let texts: BTreeSet<String> = YEAR.tickets.iter().map(Ticket::normalised_text).collect();
    assert_eq!(texts.len(), YEAR.tickets.len());
}

#[test]
fn metadata_agrees_with_the_data_and_the_anomaly_is_in_the_test_part_alone() {
    let truth = anomaly(&YEAR);
    let day = on_day(&YEAR, truth.date);
    assert_eq!(truth.actual_day, 296);
    assert_eq!(
        day.iter().map(|t| &t.id).collect::<Vec<_>>(),
        truth.anomaly_tickets.iter().collect::<Vec<_>>()
    );
    assert!((truth.multiplier / 1.5 - 1.0).abs() < 0.01, "{}", truth.multiplier);
    assert_eq!(YEAR.truth.tickets, YEAR.tickets.len() as u64);
    assert!(injected(&YEAR).iter().all(|t| t.created_at >= YEAR.split()));
    assert!(injected(&YEAR).iter().all(|t| truth.onset <= t.created_at && t.created_at < truth.end));
    assert_eq!((truth.verdict, truth.nature), (Verdict::CompositionShift, Nature::Unknown));
}

#[test]
fn the_week_and_the_day_have_their_pattern() {
    let mut by_weekday: BTreeMap<i8, Vec<u64>> = BTreeMap::new();
    for (day, count) in CALM.daily_counts() {
        let expected = calendar::expected(day, 197.4);
        assert!((count as f64 / expected - 1.0).abs() < 0.16, "{day}: {count}");
        by_weekday.entry(day.weekday().to_monday_zero_offset()).or_default().push(count);
    }
    for (weekday, counts) in &by_weekday {
        let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        let weight = calendar::WEEKLY[*weekday as usize];
        assert!((mean / (197.4 * weight) - 1.0).abs() < 0.05, "{weekday}: {mean}");
    }
    let hours = |low: i8, high: i8| {
        share(&CALM.tickets.iter().collect::<Vec<_>>(), |t| {
            (low..=high).contains(&CALM.zone.to_datetime(t.created_at).hour())
        })
    };
    assert!((0.58..0.68).contains(&hours(9, 15)), "{}", hours(9, 15));
    assert!(hours(0, 5) < 0.04, "{}", hours(0, 5));
}

#[test]
fn the_mix_is_that_of_a_help_desk() {
    let all: Vec<&Ticket> = CALM.tickets.iter().collect();
    let near =
        |what: &str, actual: f64, wanted: f64| assert!((actual - wanted).abs() < 0.015, "{what}: {actual}");
    for (queue, percent) in QUEUES {
        near(queue, share(&all, |t| t.queue.as_deref() == Some(queue)), percent / 100.0);
    }
    for (kind, wanted) in [("Incident", 0.40), ("Request", 0.29), ("Problem", 0.21), ("Change", 0.10)] {
        near(kind, share(&all, |t| t.kind.as_deref() == Some(kind)), wanted);
    }
    let priorities = [
        (Priority::Critical, 0.05),
        (Priority::High, 0.33),
        (Priority::Medium, 0.41),
        (Priority::Low, 0.16),
        (Priority::VeryLow, 0.05),
    ];
    for (priority, wanted) in priorities {
        near(priority.name(), share(&all, |t| t.priority == Some(priority)), wanted);
    }
    near("de", share(&all, |t| t.language.as_deref() == Some("de")), 0.3);
    let tags: BTreeSet<&String> = all.iter().flat_map(|t| &t.tags).collect();
    assert!((22..=30).contains(&tags.len()), "{tags:?}");
}

#[test]
fn words_that_tell_of_trouble_are_spread_over_the_year() {
    for word in ["crash", "outage", "slow", "refund", "redirect", "langsam", "vpn"] {
        let mut quarters = [0.0; 4];
        for ticket in &CALM.tickets {
            let month = CALM.zone.to_datetime(ticket.created_at).month();
            quarters[(month - 1) as usize / 3] +=
                f64::from(u8::from(ticket.normalised_text().contains(word)));
        }
        let mean = quarters.iter().sum::<f64>() / 4.0;
        // Five standard deviations of a Poisson count.
        assert!(
            quarters.iter().all(|q| (q - mean).abs() < 5.0 * mean.sqrt().max(1.0)),
            "{word}: {quarters:?}"
        );
    }
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_do_not() {
    let short = |seed| {
        let (from, to) = (date(2023, 9, 20), date(2023, 10, 10));
        generate(&GenerateOptions { seed, from, to, ..options(Scenario::Outage) }).unwrap()
    };
    assert_eq!(bytes(&short(42)), bytes(&short(42)));
    assert_ne!(short(42).tickets, short(43).tickets);
    let csv = String::from_utf8(bytes(&short(42))[0].1.clone()).unwrap();
    assert_eq!(domain::anomaly::short_hash(&csv), GOLDEN);
}

/// Hash of the `tickets.csv` of three weeks; it changes with every change of the corpus or the draws, never with the
/// platform.
const GOLDEN: &str = "1a1d882b0eb42fb0";

#[test]
fn a_scenario_leaves_the_other_days_alone() {
    let other_days = |dataset: &Dataset| -> Vec<(Timestamp, Option<String>, String)> {
        let day = date(2023, 10, 5);
        let others = dataset.tickets.iter().filter(|t| dataset.zone.to_datetime(t.created_at).date() != day);
        others.map(|t| (t.created_at, t.subject.clone(), t.body.clone())).collect()
    };
    assert!(other_days(&autumn(Scenario::Outage)) == other_days(&autumn(Scenario::None)));
}

#[test]
fn composition_shifts_priority_and_more_without_a_theme() {
    let (day, all) = (injected(&YEAR), CALM.tickets.iter().collect::<Vec<_>>());
    let (now, usual) = (share(&day, severe), share(&all, severe));
    assert!(now > 0.7 && (0.35..0.41).contains(&usual), "{now} {usual}");
    let incident = |t: &Ticket| t.kind.as_deref() == Some("Incident");
    assert!(share(&day, incident) > 1.5 * share(&all, incident));
    let technical = |t: &Ticket| t.queue.as_deref() == Some("Technical Support");
    assert!(share(&day, technical) > 1.3 * share(&all, technical));
    let crash = share(&day, |t| t.tags.iter().any(|tag| tag == "Crash"));
    assert!(crash < 0.4, "no single tag may stand for the day: {crash}");
}

#[test]
fn an_outage_is_told_by_many_in_their_own_words_from_a_sharp_onset() {
    let dataset = autumn(Scenario::Outage);
    let (truth, told) = (anomaly(&dataset), injected(&dataset));
    assert_eq!(truth.actual_day, 395);
    assert!((truth.multiplier - 2.0).abs() < 0.02);
    assert_eq!(told.len(), 198);
    let hour = dataset.zone.to_datetime(truth.onset).hour();
    assert!((9..=11).contains(&hour), "{hour}");
    let third = truth.onset
        + (truth.end - truth.onset).total(jiff::Unit::Second).map(|s| (s / 3.0) as i64).unwrap().seconds();
    let early = share(&told, |t| t.created_at < third);
    assert!((0.42..0.68).contains(&early), "{early}");
    let named = share(&told, |t| {
        let text = format!("{} {}", t.subject.as_deref().unwrap_or(""), t.body).to_lowercase();
        truth.keywords.iter().any(|k| text.contains(k))
    });
    assert!(named > 0.8, "{named}");
    let reporters: BTreeSet<_> = told.iter().map(|t| &t.requester).collect();
    assert!(reporters.len() > 185, "{}", reporters.len());
    let german = share(&told, |t| t.language.as_deref() == Some("de"));
    assert!((0.18..0.42).contains(&german), "{german}");
    let usual = share(&CALM.tickets.iter().collect::<Vec<_>>(), |t| t.normalised_text().contains("redirect"));
    assert!(usual < 0.005, "{usual}");
}

#[test]
fn uniform_keeps_the_mix_and_drop_takes_from_all() {
    let dataset = autumn(Scenario::Uniform);
    assert_eq!(anomaly(&dataset).actual_day, 395);
    let now = share(&injected(&dataset), severe);
    assert!((0.30..0.47).contains(&now), "{now}");
    let dataset = autumn(Scenario::Drop);
    assert_eq!(anomaly(&dataset).actual_day, 79);
    assert!(anomaly(&dataset).anomaly_tickets.is_empty());
}

#[test]
fn a_segment_triples_while_the_total_hardly_moves() {
    let dataset = autumn(Scenario::Segment);
    let truth = anomaly(&dataset);
    assert_eq!(truth.segment.as_ref().unwrap().to_string(), "queue=Returns and Exchanges");
    let day = on_day(&dataset, truth.date);
    assert_eq!(day.iter().filter(|t| t.queue.as_deref() == Some("Returns and Exchanges")).count(), 30);
    assert!((truth.multiplier - 3.0).abs() < 0.05, "{}", truth.multiplier);
    assert_eq!((truth.actual_day, truth.anomaly_tickets.len()), (217, 20));
    let asked = GenerateOptions { queue: Some("Billing and Payments".into()), ..weeks(Scenario::Segment) };
    assert_eq!(
        anomaly(&generate(&asked).unwrap()).segment.as_ref().unwrap().to_string(),
        "queue=Billing and Payments"
    );
}

#[test]
fn a_theme_replaces_tickets_and_a_ramp_adds_more_every_day() {
    let dataset = autumn(Scenario::Theme);
    assert_eq!((anomaly(&dataset).actual_day, injected(&dataset).len()), (197, 30));
    let dataset = autumn(Scenario::SlowRamp);
    let truth = anomaly(&dataset);
    assert_eq!(truth.days.iter().map(|d| d.date.day()).collect::<Vec<_>>(), [5, 6, 7, 8, 9]);
    let extra: Vec<f64> = truth.days.iter().map(|d| d.actual as f64 / d.expected - 1.0).collect();
    assert!(extra.is_sorted() && (extra[4] - 0.3).abs() < 0.01, "{extra:?}");
    assert_eq!((truth.verdict, truth.theme), (Verdict::Localized, Some(Theme::BatteryDrain)));
}

#[test]
fn a_spam_flood_has_many_senders_of_nearly_one_text_with_links() {
    let dataset = autumn(Scenario::SpamFlood);
    let spam = injected(&dataset);
    assert_eq!(spam.len(), 158);
    assert!(spam.iter().all(|t| t.body.contains("https://") && t.body.contains("backlink")));
    let distinct = |of: fn(&Ticket) -> String| spam.iter().map(|t| of(t)).collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(|t| format!("{:?}", t.requester)), spam.len());
    assert_eq!(distinct(|t| t.body.clone()), spam.len());
    let customers: BTreeSet<_> = CALM.tickets.iter().map(|t| &t.requester).collect();
    assert!(spam.iter().all(|t| !customers.contains(&t.requester)));
}

#[test]
fn bulk_entry_is_one_person_in_twenty_minutes() {
    let dataset = autumn(Scenario::BulkEntry);
    let (truth, bulk) = (anomaly(&dataset), injected(&dataset));
    assert!(bulk.len() >= 100, "{}", bulk.len());
    assert_eq!(bulk.iter().map(|t| &t.requester).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(truth.end, truth.onset + 20.minutes());
    assert!(bulk.iter().all(|t| truth.onset <= t.created_at && t.created_at < truth.end));
    assert_eq!(truth.nature, Nature::BulkEntry);
}

#[test]
fn a_gap_is_empty_and_a_backlog_lands_late_and_together() {
    let gap = autumn(Scenario::DataGap);
    let truth = anomaly(&gap);
    assert_eq!(truth.end, truth.onset + 9.hours());
    assert!(!gap.tickets.iter().any(|t| truth.onset <= t.created_at && t.created_at < truth.end));
    assert!(truth.actual_day < 70 && truth.actual_day > 0, "{}", truth.actual_day);

    let late = autumn(Scenario::Backlog);
    let truth = anomaly(&late);
    assert_eq!(truth.actual_day, 197);
    assert!(truth.anomaly_tickets.len() > 60, "{}", truth.anomaly_tickets.len());
    for ticket in injected(&late) {
        assert!(truth.onset + 5.hours() < ticket.landed_at && ticket.landed_at < truth.end, "{ticket:?}");
        assert!(ticket.created_at < truth.onset + 5.hours());
    }
}

#[test]
fn days_are_those_of_the_zone_even_when_clocks_change() {
    let (from, to) = (date(2023, 3, 20), date(2023, 4, 2));
    let zone = "America/New_York".to_owned();
    let dataset = generate(&GenerateOptions {
        from,
        to,
        time_zone: zone,
        anomaly_date: date(2023, 3, 26),
        ..options(Scenario::None)
    });
    let dataset = dataset.unwrap();
    let sunday = dataset.daily_counts().into_iter().find(|(d, _)| *d == date(2023, 3, 26)).unwrap();
    assert_eq!(sunday.0.weekday(), Weekday::Sunday);
    assert!((67..=91).contains(&sunday.1), "{sunday:?}");
    let files = bytes(&dataset);
    assert!(rows(&files[0].1).iter().all(|row| row[1].ends_with("-04:00")));
}

#[test]
fn a_csv_corpus_lends_its_texts_and_fields_unchanged() {
    let mut text = String::from("\u{feff}subject,body,type,queue,priority,language,tag_1\n");
    for i in 0..40 {
        let queue = if i % 20 == 0 { "Rare" } else { "Frequent" };
        text += &format!(
            "s{i},body {i},Incident,{queue},{},fr,\"a,b\"\n",
            if i % 4 == 0 { "critical" } else { "low" }
        );
    }
    let corpus = Corpus::read_csv(text.as_bytes()).unwrap();
    let dataset = generate_from(&weeks(Scenario::Segment), &corpus).unwrap();
    let truth = anomaly(&dataset);
    assert_eq!(truth.segment.as_ref().unwrap().to_string(), "queue=Rare");
    assert!(dataset.tickets.iter().all(|t| t.body.starts_with("body ") && t.tags == ["a", "b"]));
    assert_eq!(dataset.tickets[0].language.as_deref(), Some("fr"));
    let composition = generate_from(&weeks(Scenario::Composition), &corpus).unwrap();
    let critical = share(&injected(&composition), |t| t.priority == Some(Priority::Critical));
    // A quarter of the rows with weight 5: 5 / (5 + 3).
    assert!((critical - 0.625).abs() < 0.12, "{critical}");
    let nowhere = GenerateOptions { corpus: Some("/nowhere/corpus.csv".into()), ..options(Scenario::None) };
    assert_eq!(generate(&nowhere).unwrap_err().to_string(), "read /nowhere/corpus.csv");
}

#[test]
fn options_out_of_range_are_refused_with_a_remedy() {
    let fail = |change: fn(&mut GenerateOptions)| {
        let mut options = GenerateOptions::default();
        change(&mut options);
        generate(&options).unwrap_err().to_string()
    };
    assert!(fail(|o| o.from = date(2024, 1, 1)).contains("from 2024-01-01 is after to 2023-12-31"));
    assert!(fail(|o| o.anomaly_date = date(2024, 1, 1)).contains("is not inside 2023-01-01 to 2023-12-31"));
    assert!(
        fail(|o| (o.scenario, o.anomaly_date) = (Scenario::SlowRamp, date(2023, 12, 28)))
            .contains("5 day(s)")
    );
    assert!(fail(|o| o.multiplier = Some(f64::NAN)).contains("above 1"));
    assert!(fail(|o| (o.scenario, o.multiplier) = (Scenario::Drop, Some(1.5))).contains("below 1"));
    assert!(
        fail(|o| (o.scenario, o.multiplier) = (Scenario::DataGap, Some(1.5))).contains("takes no multiplier")
    );
    assert!(fail(|o| o.tickets_per_day = 0.0).contains("above 0"));
    assert!(fail(|o| o.tickets_per_day = 1e9).contains("at most"));
    assert!(fail(|o| o.time_zone = "Mars/Base".into()).contains("Mars/Base"));
    assert!(fail(|o| o.stream = "No Such".into()).contains("stream name"));
    assert!(fail(|o| (o.scenario, o.queue) = (Scenario::Segment, Some("Nope".into()))).contains("it has"));
    assert!("nope".parse::<Scenario>().unwrap_err().contains("slow-ramp"));
    assert!(Scenario::ALL.iter().all(|s| s.to_string().parse() == Ok(*s)));
    assert!(Theme::ALL.iter().all(|t| t.to_string().parse() == Ok(*t)));
    assert!(Truth::parse(br#"{"version": 9}"#).unwrap_err().to_string().contains("version 9 is unknown"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_multiplier_is_met_to_the_ticket(seed: u64, multiplier in 1.05f64..6.0, rate in 20.0f64..400.0) {
        let (from, to) = (date(2023, 10, 4), date(2023, 10, 6));
        let tickets_per_day = rate;
        for scenario in [Scenario::Uniform, Scenario::Composition, Scenario::Outage, Scenario::SpamFlood] {
            let asked = GenerateOptions {
                seed, from, to, tickets_per_day, multiplier: Some(multiplier), ..options(scenario)
            };
            let dataset = generate(&asked).unwrap();
            prop_assert_eq!(anomaly(&dataset).actual_day, (rate * multiplier).round() as u64);
            prop_assert!((anomaly(&dataset).multiplier - multiplier).abs() <= 0.5 / rate + 1e-9);
        }
    }
}
