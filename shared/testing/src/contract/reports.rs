//! The contract of `ReportStore`.

use super::{RACERS, assert_fails, minute, race};
use crate::builders::{incident, next_revision, report, run};
use domain::ErrorKind;
use domain::incident::Status;
use domain::ports::ReportStore;
use domain::report::Report;
use domain::time::Window;
use jiff::Timestamp;
use std::sync::Arc;

/// Checks an empty store against every sentence of [`ReportStore`].
pub async fn report_store_contract(store: Arc<dyn ReportStore>) {
    reports_are_written_once(&*store).await;
    the_highest_revision_is_the_latest(&*store).await;
    overlapping_reports_are_listed(&*store).await;
    lists_show_the_latest(&*store).await;
    puts_race(&store).await;
}

/// A report of an incident that was opened at `opened` and has this window.
fn report_of(stream: &str, opened: i64, from: i64, to: i64) -> Report {
    let mut report = report(&incident(stream, minute(opened)));
    report.window = Window::new(minute(from), minute(to));
    report
}

async fn put(store: &dyn ReportStore, report: &Report) {
    store.put(report, &run(report)).await.expect("put a report");
}

async fn titles(store: &dyn ReportStore, stream: &str, from: Timestamp, to: Timestamp) -> Vec<String> {
    let listed = store.list(stream, from, to).await.expect("list reports");
    listed.into_iter().map(|report| report.title).collect()
}

async fn reports_are_written_once(store: &dyn ReportStore) {
    let first = report_of("once", 0, 0, 60);
    assert_fails(
        store.get("once", &first.incident, 1).await,
        ErrorKind::NotFound,
        "a report that was never put",
    );
    assert_fails(
        store.latest("once", &first.incident).await,
        ErrorKind::NotFound,
        "a report that was never put",
    );
    put(store, &first).await;
    let changed = Report {
        title: "Another".to_owned(),
        window: Window::new(minute(500), minute(560)),
        ..first.clone()
    };
    for again in [&first, &changed] {
        assert_fails(
            store.put(again, &run(again)).await,
            ErrorKind::AlreadyExists,
            "a second report of one revision",
        );
    }
    assert_eq!(
        store.get("once", &first.incident, 1).await.expect("get"),
        first,
        "the first report stays as it was put"
    );
    assert_eq!(
        store.list("once", minute(0), minute(60)).await.expect("list"),
        std::slice::from_ref(&first),
        "and where it was"
    );
    assert_eq!(store.list("once", minute(500), minute(560)).await.expect("list"), []);
    assert_fails(
        store.get("once-2", &first.incident, 1).await,
        ErrorKind::NotFound,
        "another stream's report",
    );
    assert_fails(
        store.get("once", &first.incident, 2).await,
        ErrorKind::NotFound,
        "another revision's report",
    );
    let elsewhere = Report { stream: "once-2".to_owned(), ..first };
    put(store, &elsewhere).await;
}

async fn the_highest_revision_is_the_latest(store: &dyn ReportStore) {
    let first = incident("latest", minute(0));
    let second = next_revision(&first, Status::Escalated, minute(15));
    let third = next_revision(&second, Status::Resolved, minute(30));
    for (put_now, highest) in [(&second, 2), (&first, 2), (&third, 3)] {
        put(store, &report(put_now)).await;
        let latest = store.latest("latest", &first.id).await.expect("get the latest");
        assert_eq!(latest.revision, highest, "the highest revision, in whatever order they were put");
        let listed = store.list("latest", minute(-60), minute(0)).await.expect("list");
        assert_eq!(listed, [latest], "is the one that is listed");
    }
}

async fn overlapping_reports_are_listed(store: &dyn ReportStore) {
    assert_eq!(titles(store, "window", minute(0), minute(100)).await, [""; 0]);
    for (title, from, to) in [("b", 10, 20), ("d", 30, 40), ("a", 0, 50), ("c", 20, 30)] {
        let report = report_of("window", from, from, to);
        put(store, &Report { title: title.to_owned(), ..report }).await;
    }
    put(store, &report_of("window-2", 10, 10, 20)).await;
    for (from, to, expected) in [
        (0, 50, "dcba"),
        (-100, 1000, "dcba"),
        (10, 20, "ba"),
        (19, 21, "cba"),
        (20, 30, "ca"),
        (12, 13, "ba"),
        (40, 50, "a"),
        (50, 60, ""),
        (-10, 0, ""),
        (15, 15, ""),
        (30, 10, ""),
    ] {
        let listed = titles(store, "window", minute(from), minute(to)).await.concat();
        assert_eq!(listed, expected, "windows that overlap [{from}, {to}), newest first");
    }
    assert_eq!(titles(store, "window", Timestamp::MIN, Timestamp::MAX).await.concat(), "dcba", "all of time");
}

async fn lists_show_the_latest(store: &dyn ReportStore) {
    let first = report_of("moved", 0, 0, 60);
    let second = Report { revision: 2, window: Window::new(minute(100), minute(160)), ..first.clone() };
    put(store, &first).await;
    put(store, &second).await;
    assert_eq!(
        store.list("moved", minute(0), minute(60)).await.expect("list"),
        [],
        "the latest report's window decides"
    );
    assert_eq!(
        store.list("moved", minute(0), minute(110)).await.expect("list"),
        [second],
        "one report per incident"
    );
}

async fn puts_race(store: &Arc<dyn ReportStore>) {
    for round in 0..10 {
        let report = report_of("race", round, 0, 60);
        let put = |racer: u8| {
            let (store, report) = (store.clone(), Report { title: racer.to_string(), ..report.clone() });
            async move { store.put(&report, &run(&report)).await }
        };
        let results = race((0..RACERS).map(put)).await;
        let winners: Vec<u8> = (0..RACERS).filter(|racer| results[usize::from(*racer)].is_ok()).collect();
        assert_eq!(winners.len(), 1, "exactly one put of a report wins");
        for result in results.into_iter().filter(Result::is_err) {
            assert_fails(result, ErrorKind::AlreadyExists, "a put of a report that lost");
        }
        let stored = store.get("race", &report.incident, 1).await.expect("get");
        assert_eq!(stored.title, winners[0].to_string(), "the winner's report is stored");
    }
}
