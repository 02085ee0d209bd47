//! Pages, batches, and how many calls they cost.

use super::resources::{Resources, sdk};
use super::wire::Wire;
use aws::{DynamoTicketIndex, SqsQueue};
use domain::incident::{Incident, SegmentCount};
use domain::ports::{BlobStore, ClaimRequest, IncidentStore, PutIf, Queue, ReportStore, TicketIndex};
use domain::report::{Evidence, Report};
use domain::segment::{Dimension, Segment};
use domain::ticket::TicketKey;
use domain::time::Window;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Instant;
use tokio::io::AsyncReadExt;

fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_709_251_200 + 60 * minutes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_objects_than_a_page_holds_are_listed() {
    let resources = Resources::new().await;
    let blobs = resources.blobs();
    let key = |i: usize| format!("many/hour={:02}/{i:04}", i % 24);
    let mut putting = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let blobs = blobs.clone();
        putting.spawn(async move {
            for i in (worker..1_050).step_by(8) {
                blobs.put(&key(i), Vec::new(), PutIf::Always).await.expect("put");
            }
        });
    }
    putting.join_all().await;
    blobs.put("other", Vec::new(), PutIf::Always).await.expect("put");
    let mut expected: Vec<String> = (0..1_050).map(key).collect();
    expected.sort();
    assert!(blobs.list("many/").await.expect("list") == expected, "all keys, sorted");
    assert_eq!(blobs.list("").await.expect("list").len(), 1_051);

    // What a console calls a folder is an object that is none of ours.
    let put = resources.clients().s3.put_object().bucket(&resources.bucket).key("many/folder/");
    put.send().await.expect("put a folder marker");
    assert_eq!(blobs.list("many/").await.expect("list").len(), 1_050);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_object_is_read_piece_by_piece() {
    let resources = Resources::new().await;
    let blobs = resources.blobs();
    let content: Vec<u8> = (0..9_000_000u32).map(|i| (i % 251) as u8).collect();
    blobs.put("inbox/large.csv", content.clone(), PutIf::Always).await.expect("put");
    let (length, mut reader) = blobs.open("inbox/large.csv").await.expect("open");
    assert_eq!(length, content.len() as u64);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).await.expect("read");
    assert!(read == content, "the content comes back as it was put");
    let missing = blobs.open("inbox/none.csv").await.err().expect("nothing is there");
    assert_eq!(missing.kind, domain::ErrorKind::NotFound, "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_items_than_a_page_holds_are_listed() {
    let resources = Resources::new().await;
    // 60 of 45 kB: three pages of 1 MB.
    let (incidents, reports) = (resources.incidents(), resources.reports());
    let mut putting = tokio::task::JoinSet::new();
    for i in 0..60 {
        let (incidents, reports) = (incidents.clone(), reports.clone());
        putting.spawn(async move {
            let incident = large_incident(i);
            incidents.put_revision(&incident).await.expect("put an incident");
            let report = large_report(&incident);
            reports.put(&report, &testing::run(&report)).await.expect("put a report");
        });
    }
    putting.join_all().await;
    let listed = reports.list("large", minute(0), minute(10_000)).await.expect("list reports");
    let windows: Vec<Timestamp> = listed.iter().map(|report| report.window.start).collect();
    assert_eq!(windows, (0..60).rev().map(|i| minute(60 * i)).collect::<Vec<_>>(), "all, newest first");
    assert_eq!(listed[0], large_report(&large_incident(59)), "as it was put");
    let unannounced = incidents.unannounced("large").await.expect("list");
    let decided: Vec<Timestamp> = unannounced.iter().map(|incident| incident.decided_at).collect();
    assert_eq!(decided, (0..60).map(|i| minute(60 * i)).collect::<Vec<_>>(), "all, oldest first");
    assert_eq!(incidents.list("large", None).await.expect("list").len(), 60);
}

fn large_incident(i: i64) -> Incident {
    let count = |j: u32| SegmentCount {
        segment: Segment::value(Dimension::Queue, format!("A queue with a rather long name {j}")),
        actual: f64::from(j) / 7.0,
        expected: 1.0 / f64::from(j + 1),
    };
    Incident { counts: (0..400).map(count).collect(), ..testing::incident("large", minute(60 * i)) }
}

fn large_report(incident: &Incident) -> Report {
    let evidence = |j: u32| Evidence {
        id: format!("E{j}"),
        kind: "phrase".to_owned(),
        summary: "A phrase that many customers used. ".repeat(20),
        values: BTreeMap::from([("share".to_owned(), 1.0 / f64::from(j + 3)), ("tiny".to_owned(), 1e-99)]),
        tickets: vec!["1".to_owned()],
    };
    let window = Window::new(incident.opened_at, incident.opened_at + SignedDuration::from_hours(1));
    Report { window, evidence: (0..50).map(evidence).collect(), ..testing::report(incident) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tickets_take_fewer_than_two_hundred_calls() {
    let resources = Resources::new().await;
    let wire = Wire::to(&resources.emulator.url).await;
    let index = DynamoTicketIndex::new(&sdk(&wire.url), &resources.tickets, 400);
    let key = |i: i64| TicketKey { source: "desk".to_owned(), id: i.to_string() };
    let requests: Vec<_> = (0..1_000).map(|i| ClaimRequest { key: key(i), created_at: minute(i) }).collect();
    let landed: Vec<_> = (0..1_000).map(|i| (key(i), [i.to_le_bytes()[0]; 16])).collect();
    for (what, most) in [("new", 100), ("known", 110)] {
        let begun = Instant::now();
        let claims = index.claim("default", &requests).await.expect("claim");
        index.confirm("default", &landed).await.expect("confirm");
        assert_eq!(claims.len(), 1_000);
        let calls = wire.calls();
        println!("1,000 {what} tickets: {calls} calls in {:.2} s", begun.elapsed().as_secs_f64());
        assert!(calls < most, "{calls} calls for 1,000 {what} tickets");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_are_sent_ten_at_a_time_and_received_without_limit() {
    let resources = Resources::new().await;
    let wire = Wire::to(&resources.emulator.url).await;
    let queue = SqsQueue::new(&sdk(&wire.url), &resources.queue, None);
    let messages: Vec<_> = (0..45).map(|i| testing::message(&testing::incident("many", minute(i)))).collect();
    queue.send(&messages).await.expect("send");
    assert_eq!(wire.calls(), 5, "45 messages are 5 calls");
    let received =
        queue.receive(usize::MAX, SignedDuration::from_mins(10), minute(0)).await.expect("receive");
    let mut found: Vec<String> = received.into_iter().map(|received| received.message.incident).collect();
    let mut expected: Vec<String> = messages.into_iter().map(|message| message.incident).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "each once");
}
