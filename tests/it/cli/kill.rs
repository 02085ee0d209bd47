//! Processes that are killed at any moment, and processes at the same time. What is there in the end is what one
//! undisturbed process leaves.

use super::fixture::{DETECT_FROM, DETECT_TO, Kind, copy, copy_folder, detected, files, folder};
use super::program::{finish, kill_after, run, start};
use domain::ports::{IncidentStore, Queue};
use domain::rollup::HourRollup;
use domain::segment::Segment;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Rows of the file whose import is killed: two batches, the second not full.
const ROWS: u64 = 30_000;

/// What the stored tickets come to.
#[derive(Debug, PartialEq)]
pub struct Counts {
    /// Every rollup by its key.
    rollups: BTreeMap<String, HourRollup>,
    /// Tickets of all of them.
    pub tickets: u64,
}

/// Rolls every hour of the data folder and reads the counts.
pub fn counts(dir: &Path) -> Counts {
    let data = dir.join("data");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let backend = local::LocalBackend::open(&data).unwrap();
    let end = "2030-01-01T00:00:00Z".parse().unwrap();
    runtime.block_on(pipeline::rollup::roll_dirty_hours(&backend.blobs, "default", end)).unwrap();
    let root = data.join("objects");
    let mut counts = Counts { rollups: BTreeMap::new(), tickets: 0 };
    for path in files(&root.join("rollups"), "hour=") {
        let bytes = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
        let rollup: HourRollup = serde_json::from_slice(&bytes).unwrap();
        counts.tickets += rollup.segment(&Segment::total()).iter().map(|c| u64::from(c.tickets)).sum::<u64>();
        let key = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        counts.rollups.insert(key, rollup);
    }
    counts
}

/// Runs `command` on a copy of `fresh` and kills it, again and again, each time with less of the work left, until
/// `kills` have hit a process at work. Whenever the command was faster than the kill, the copy begins anew and the
/// kills come earlier: the work's duration `whole` is only a first guess.
fn kill_often(
    fresh: &Path,
    kills: u32,
    mut whole: Duration,
    command: impl Fn(&Path, u32) -> Vec<String>,
) -> TempDir {
    let mut dir = folder();
    copy_folder(fresh, dir.path());
    let mut hits = 0;
    for attempt in 0..30 {
        // Delays in an order without a pattern, from a twentieth of the work to half of it.
        let delay = whole.mul_f64(0.05 + f64::from(attempt * 7 % 10) / 20.0);
        if kill_after(dir.path(), &command(dir.path(), hits), delay) {
            hits += 1;
        } else {
            (whole, hits) = (whole.mul_f64(0.7), 0);
            dir = folder();
            copy_folder(fresh, dir.path());
        }
        if hits == kills {
            return dir;
        }
    }
    panic!("the kills miss: {hits} of {kills} hit in {whole:?}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn write_tickets(dir: &Path) {
    let mut text = "id,created_at,landed_at,subject,body,queue\n".to_owned();
    for row in 0..ROWS {
        let at = 1_690_848_000 + row * 30;
        let words = format!("w{} w{} w{}", row % 97, row % 89, row % 83);
        writeln!(text, "{row},{at},{at},subject {words},customer {row} writes {words},queue {}", row % 5)
            .unwrap();
    }
    fs::write(dir.join("t.csv"), text).unwrap();
}

#[test]
fn a_killed_import_is_completed_by_the_next() {
    let undisturbed = folder();
    write_tickets(undisturbed.path());
    let begun = Instant::now();
    run(undisturbed.path(), &["import", "t.csv"]).ok();
    let whole = begun.elapsed();
    let expected = counts(undisturbed.path());
    assert_eq!(expected.tickets, ROWS);

    let fresh = folder();
    write_tickets(fresh.path());
    let dir = kill_often(fresh.path(), 6, whole, |_, _| words(&["import", "t.csv"]));
    let at = dir.path();
    let summary = run(at, &["import", "t.csv", "--json"]).ok().json()[0].take();
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(number("landed") + number("duplicates"), ROWS, "{summary}");
    assert_eq!((number("updated"), number("refused")), (0, 0), "{summary}");
    assert!(counts(at) == expected, "the counts are those of an undisturbed import");
    let again = run(at, &["import", "t.csv", "--json"]).ok().json();
    assert_eq!(again[0]["duplicates"], ROWS);
}

#[test]
fn two_imports_of_one_file_land_every_ticket_once() {
    let dir = folder();
    let at = dir.path();
    write_tickets(at);
    let imports: Vec<_> = (0..2).map(|_| start(at, &["import", "t.csv", "--json"])).collect();
    for import in imports {
        let summary = finish(import).ok().json()[0].take();
        let number = |name: &str| summary[name].as_u64().unwrap();
        assert_eq!(number("landed") + number("duplicates"), ROWS, "{summary}");
        assert_eq!(number("updated"), 0, "{summary}");
    }
    assert_eq!(counts(at).tickets, ROWS);
}

/// The time up to which the folder's stream has been followed, or [`DETECT_FROM`].
fn followed(dir: &Path) -> String {
    let done = run(dir, &["detect", "--now", "2023-09-01"]);
    let reached =
        done.err.split_once("has been followed up to ").and_then(|(_, rest)| rest.split(' ').next());
    reached.unwrap_or(DETECT_FROM).to_owned()
}

/// All incident revisions, by id and revision.
fn revisions(dir: &Path) -> BTreeMap<(String, u32), Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let backend = local::LocalBackend::open(dir.join("data")).unwrap();
    let mut found = BTreeMap::new();
    runtime.block_on(async {
        for latest in backend.incidents.list("default", None).await.unwrap() {
            for revision in 1..=latest.revision {
                let incident = backend.incidents.get("default", &latest.id, revision).await.unwrap();
                found.insert((latest.id.clone(), revision), serde_json::to_value(incident).unwrap());
            }
        }
        assert!(backend.incidents.unannounced("default").await.unwrap().is_empty(), "all are announced");
    });
    found
}

/// The latest reports, without what was looked at when.
fn reports(dir: &Path) -> Vec<Value> {
    run(dir, &["reports", "list", "--json"]).ok().json().as_array().unwrap().clone()
}

/// Says where two runs differ, in few words.
fn differences(left: &BTreeMap<(String, u32), Value>, right: &BTreeMap<(String, u32), Value>) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mut lines = Vec::new();
    for key in keys {
        match (left.get(key), right.get(key)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => {
                for (name, value) in a.as_object().unwrap() {
                    if b[name] != *value && name != "counts" {
                        lines.push(format!("{key:?} {name}: {value} and {}", b[name]));
                    }
                }
            }
            (a, b) => lines.push(format!("{key:?}: {} and {}", a.is_some(), b.is_some())),
        }
    }
    lines
}

#[test]
fn a_killed_detection_is_completed_by_the_next() {
    let fresh = copy(Kind::Noisy);
    let undisturbed = copy(Kind::Noisy);
    let begun = Instant::now();
    run(undisturbed.path(), &["detect", "--from", DETECT_FROM, "--to", DETECT_TO]).ok();
    let whole = begun.elapsed();
    let expected = revisions(undisturbed.path());
    assert!(expected.len() >= 5, "there is something to lose: {}", expected.len());

    // A first run makes the state, so that the time that it has reached can be asked for.
    run(fresh.path(), &["detect", "--now", DETECT_FROM]).ok();
    let rest = |dir: &Path| words(&["detect", "--from", &followed(dir), "--to", DETECT_TO]);
    let dir = kill_often(fresh.path(), 4, whole, |dir, _| rest(dir));
    let at = dir.path();
    run(at, &rest(at)).ok();
    let found = revisions(at);
    assert!(found == expected, "{:#?}", differences(&expected, &found));
    run(at, &["diagnose"]).ok();
    run(undisturbed.path(), &["diagnose"]).ok();
    assert_eq!(reports(at), reports(undisturbed.path()));
}

#[test]
fn a_killed_diagnosis_is_completed_by_the_next() {
    let undisturbed = detected(Kind::Noisy);
    let fresh = folder();
    copy_folder(undisturbed.path(), fresh.path());
    let begun = Instant::now();
    run(undisturbed.path(), &["diagnose"]).ok();
    let whole = begun.elapsed();
    let expected = reports(undisturbed.path());
    assert!(expected.len() >= 2, "there is something to lose: {}", expected.len());

    // Every run is an hour after the one before: what a killed one held is free again.
    let hour = |run: u32| format!("2024-01-01T{run:02}:00:00Z");
    let dir = kill_often(fresh.path(), 3, whole, |_, kill| words(&["diagnose", "--now", &hour(kill)]));
    let at = dir.path();
    run(at, &["diagnose", "--now", &hour(10)]).ok();
    assert_eq!(reports(at), expected, "one report for each incident, none lost");
    assert_eq!(run(at, &["diagnose", "--now", &hour(20)]).ok().out, "nothing to diagnose\n");
}

#[test]
fn what_a_stopped_diagnosis_holds_is_told() {
    let dir = detected(Kind::Noisy);
    let at = dir.path();
    // What a run does first; it is stopped before it does anything else.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let backend = local::LocalBackend::open(at.join("data")).unwrap();
    let begun = "2024-01-01T00:00:00Z".parse().unwrap();
    let received = backend.queue.receive(usize::MAX, pipeline::diagnose::VISIBILITY, begun);
    assert!(!runtime.block_on(received).unwrap().is_empty());
    drop(backend);
    let done = run(at, &["diagnose", "--now", "2024-01-01T00:05"]).ok();
    assert_eq!(done.out, "nothing to diagnose\n");
    assert!(done.err.contains("try again in six minutes"), "{}", done.err);
    let done = run(at, &["diagnose", "--now", "2024-01-01T00:06"]).ok();
    assert!(done.out.contains("Root cause") && done.err.is_empty(), "{done:?}");
}

#[test]
fn two_detections_at_once_tell_everything_once() {
    let undisturbed = copy(Kind::Noisy);
    let dir = folder();
    let at = dir.path();
    copy_folder(undisturbed.path(), at);
    for now in
        ["2023-10-03T00:00", "2023-10-04T18:00", "2023-10-05T10:00", "2023-10-05T12:00", "2023-10-05T23:00"]
    {
        run(undisturbed.path(), &["detect", "--now", now]).ok();
        let both: Vec<_> = (0..2).map(|_| start(at, &["detect", "--now", now])).collect();
        both.into_iter().for_each(|child| drop(finish(child).ok()));
    }
    let (expected, found) = (revisions(undisturbed.path()), revisions(at));
    assert!(expected.len() >= 2, "there is something to tell twice: {}", expected.len());
    assert!(found == expected, "{:#?}", differences(&expected, &found));
    let diagnoses: Vec<_> = (0..2).map(|_| start(at, &["diagnose"])).collect();
    diagnoses.into_iter().for_each(|child| drop(finish(child).ok()));
    run(undisturbed.path(), &["diagnose"]).ok();
    assert_eq!(reports(at), reports(undisturbed.path()));
}

#[test]
fn of_two_detections_over_a_span_one_gets_through_and_nothing_is_told_twice() {
    let undisturbed = detected(Kind::Noisy);
    let dir = copy(Kind::Noisy);
    let at = dir.path();
    let span = ["detect", "--from", DETECT_FROM, "--to", DETECT_TO];
    let both: Vec<_> = (0..2).map(|_| start(at, &span)).collect();
    let done: Vec<_> = both.into_iter().map(finish).collect();
    assert!(done.iter().any(|done| done.code == 0), "{done:?}");
    for left_behind in done.into_iter().filter(|done| done.code != 0) {
        left_behind.fails(&["has been followed up to"]);
    }
    let (expected, found) = (revisions(undisturbed.path()), revisions(at));
    assert!(found == expected, "{:#?}", differences(&expected, &found));
}
