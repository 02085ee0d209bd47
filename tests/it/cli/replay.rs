//! `anomalyze replay`: the lines it writes, and that none of them knows the future.

use super::fixture::{Kind, TRAINED_UNTIL, tickets};
use super::program::run;
use jiff::{SignedDuration, Timestamp};
use pipeline::reader::{Landing, ReadOptions, read_tickets};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::OnceLock;

const FIELDS: [&str; 18] = [
    "incident_id",
    "revision",
    "status",
    "opened_at",
    "window_start",
    "window_end",
    "kind",
    "direction",
    "segment",
    "keywords",
    "tickets",
    "expected",
    "score",
    "severity",
    "verdict",
    "nature",
    "title",
    "sample_ticket_ids",
];
const LATE: &str = "2023-10-06T12:00";

/// The lines of a replay of the outage up to `to`. Hourly runs: a quarter of the work.
fn lines(dir: &Path, to: &str) -> String {
    let file = tickets(Kind::Outage);
    let file = file.to_str().unwrap();
    let args = ["replay", file, "--train-until", TRAINED_UNTIL, "--to", to, "--step", "1h"];
    run(dir, &[&args[..], &["--alarm-budget", "3000", "--out", "lines.ndjson", "--quiet"]].concat()).ok();
    fs::read_to_string(dir.join("lines.ndjson")).unwrap()
}

/// The long replay, lived through once.
fn long() -> &'static str {
    static LINES: OnceLock<String> = OnceLock::new();
    LINES.get_or_init(|| lines(tempfile::tempdir().unwrap().path(), LATE))
}

/// When every ticket was written.
fn written() -> BTreeMap<String, Timestamp> {
    let options = ReadOptions::new("default", "file", Landing::ColumnOrCreation);
    let file = File::open(tickets(Kind::Outage)).unwrap();
    let tickets = read_tickets(file, Some("tickets.csv"), &options).unwrap();
    tickets.map(|row| row.unwrap().outcome.unwrap()).map(|t| (t.id, t.created_at)).collect()
}

#[test]
fn every_line_is_as_documented() {
    let dir = tempfile::tempdir().unwrap();
    let help = run(dir.path(), &["replay", "--help"]).ok().out;
    let written = written();
    let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
    for line in long().lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let object = value.as_object().unwrap();
        assert_eq!(object.len(), FIELDS.len(), "{line}");
        for field in FIELDS {
            assert!(object.contains_key(field), "{field} is not in {line}");
            assert!(help.contains(field), "{field} is not in the help");
        }
        let instant = |name: &str| -> Timestamp { value[name].as_str().unwrap().parse().unwrap() };
        let (start, end, decided) = (instant("window_start"), instant("window_end"), instant("opened_at"));
        assert!(start < end && end <= decided, "{line}");
        assert!(end.duration_since(start) <= SignedDuration::from_hours(7 * 24), "{line}");
        check_words(&value);
        let ids = value["sample_ticket_ids"].as_array().unwrap();
        assert!(ids.len() <= 20, "{line}");
        for id in ids {
            let at = written[id.as_str().unwrap()];
            assert!(start <= at && at < end, "ticket {id} of {at} is outside the window of {line}");
        }
        let revision = revisions.entry(value["incident_id"].as_str().unwrap().to_owned()).or_default();
        let next = value["revision"].as_u64().unwrap();
        assert!(next > *revision, "revisions count up: {line}");
        *revision = next;
    }
    assert!(revisions.len() >= 2, "a large alarm budget makes several incidents: {revisions:?}");
}

fn check_words(line: &Value) {
    let one_of = |field: &str, names: &[&str]| {
        assert!(names.contains(&line[field].as_str().unwrap()), "{field} of {line}");
    };
    one_of("kind", &["volume", "theme", "data_quality"]);
    one_of("status", &["open", "escalated", "resolved"]);
    one_of("direction", &["up", "down"]);
    one_of("severity", &["low", "medium", "high", "critical"]);
    for number in ["tickets", "expected", "score"] {
        assert!(line[number].as_f64().unwrap() >= 0.0, "{number} of {line}");
    }
    let keywords = line["keywords"].as_array().unwrap();
    assert!(keywords.len() <= 8, "{line}");
    assert!(keywords.iter().all(|k| k.as_str().is_some_and(|k| !k.trim().is_empty())), "{line}");
    assert!(!line["title"].as_str().unwrap().is_empty(), "{line}");
}

#[test]
fn a_shorter_replay_gives_the_beginning_of_a_longer_one() {
    let dir = tempfile::tempdir().unwrap();
    let known = |until: Timestamp| -> String {
        let decided = |line: &&str| {
            let value: Value = serde_json::from_str(line).unwrap();
            value["opened_at"].as_str().unwrap().parse::<Timestamp>().unwrap() <= until
        };
        long().lines().filter(decided).map(|line| format!("{line}\n")).collect()
    };
    for to in ["2023-10-04T06:00:00Z", "2023-10-05T12:00:00Z"] {
        assert_eq!(lines(dir.path(), to), known(to.parse().unwrap()), "up to {to}");
    }
    assert!(known("2023-10-05T12:00:00Z".parse().unwrap()).lines().count() >= 2);
}

#[test]
fn the_same_replay_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(lines(dir.path(), LATE), long());
}

#[test]
fn a_replay_that_cannot_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let file = tickets(Kind::Outage);
    let file = file.to_str().unwrap();
    run(at, &["replay", file, "--train-until", "2023-10-05", "--to", "2023-10-01"])
        .fails(&["the end lies before the beginning"]);
    run(at, &["replay", file, "--train-until", "2023-08-02"]).fails(&["train stream", "day"]);
    fs::create_dir(at.join("kept")).unwrap();
    fs::write(at.join("kept/something"), "").unwrap();
    run(at, &["replay", file, "--train-until", "2023-10-05", "--keep", "kept"]).fails(&["kept", "not empty"]);
    fs::write(at.join("none.csv"), "id,created_at,body\n").unwrap();
    run(at, &["replay", "none.csv", "--train-until", "2023-10-05"]).fails(&["none.csv", "no ticket"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_ends_a_replay_quietly() {
    use std::process::Stdio;
    let dir = tempfile::tempdir().unwrap();
    let file = tickets(Kind::Outage);
    let args = ["replay", file.to_str().unwrap(), "--train-until", "2023-10-05", "--step", "1h"];
    let mut child = super::program::command(dir.path(), &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = super::program::finish(child).ok();
    assert!(!done.err.contains("error"), "{}", done.err);
}
