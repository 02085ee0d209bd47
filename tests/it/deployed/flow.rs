//! An outage becomes a report.

use super::stack::{Stack, eventually};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::incident::{IncidentMessage, Status};
use domain::names;
use domain::ports::{BlobStore, IncidentStore, PutIf, Queue, ReportStore};
use domain::report::Report;
use domain::ticket::Ticket;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use training::generate::{GenerateOptions, Scenario, generate};

const HISTORY_DAYS: i64 = 42;

/// A generated outage, moved so that its first three hours end now: tickets then land when they are written.
struct Outage {
    history: Vec<Ticket>,
    fresh: Vec<Ticket>,
    onset: Timestamp,
    now: Timestamp,
}

fn outage() -> Outage {
    let options = GenerateOptions { scenario: Scenario::Outage, ..GenerateOptions::default() };
    let day = options.anomaly_date;
    let from = day.checked_sub(jiff::Span::new().days(HISTORY_DAYS)).unwrap();
    let dataset = generate(&GenerateOptions { from, to: day, ..options }).unwrap();
    let onset = dataset.truth.anomaly.expect("an outage has an onset").onset;
    let cell = 15 * 60;
    let now = Timestamp::from_second(Timestamp::now().as_second().div_euclid(cell) * cell).unwrap();
    let shift = now.duration_since(onset) - SignedDuration::from_hours(3);
    let moved = |mut ticket: Ticket| {
        ticket.created_at += shift;
        ticket.updated_at = None;
        ticket
    };
    let tickets: Vec<Ticket> =
        dataset.tickets.into_iter().map(moved).filter(|ticket| ticket.created_at < now).collect();
    let onset = onset + shift;
    let (history, fresh) =
        tickets.into_iter().partition(|t| t.created_at < onset - SignedDuration::from_hours(1));
    Outage { history, fresh, onset, now }
}

/// A ticket as a help desk would send it.
pub fn sent(ticket: &Ticket) -> Value {
    let mut value = serde_json::to_value(ticket).unwrap();
    let fields = value.as_object_mut().unwrap();
    for ours in ["stream", "source", "landed_at"] {
        fields.remove(ours);
    }
    value
}

pub fn ndjson(tickets: &[Ticket]) -> Vec<u8> {
    tickets.iter().flat_map(|t| format!("{}\n", sent(t)).into_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Every item of a table.
async fn items(stack: &Stack, output: &str) -> Vec<HashMap<String, AttributeValue>> {
    let client = stack.clients().dynamodb;
    let scan =
        client.scan().table_name(stack.output(output)).consistent_read(true).into_paginator().items().send();
    let items: Result<Vec<_>, _> = scan.collect().await;
    items.expect("scan a table")
}

/// A value as text, maps in the order of their keys.
fn sorted(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => {
            let fields: BTreeMap<&String, String> = map.iter().map(|(k, v)| (k, sorted(v))).collect();
            format!("{fields:?}")
        }
        AttributeValue::L(list) => format!("{:?}", list.iter().map(sorted).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}

/// The reports table without the leases: what a redelivery must leave as it is.
async fn written(stack: &Stack) -> BTreeMap<String, String> {
    let text =
        |value: Option<&AttributeValue>| value.and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
    let all = items(stack, "ReportsTableName").await.into_iter();
    all.filter(|item| !text(item.get("sk")).starts_with("lease#"))
        .map(|item| {
            let key = format!("{} {}", text(item.get("pk")), text(item.get("sk")));
            (key, sorted(&AttributeValue::M(item)))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_becomes_a_report() {
    let stack = Stack::deploy("outage", &[]);
    let sdk = stack.sdk();
    let blobs = aws::S3BlobStore::new(&sdk, stack.output("BucketName"));
    let incidents = aws::DynamoIncidentStore::new(
        &sdk,
        stack.output("IncidentsTableName"),
        stack.output("ReportsTableName"),
        400,
    );
    let reports = aws::DynamoReportStore::new(&sdk, stack.output("ReportsTableName"), 400);
    let queue = aws::SqsQueue::new(
        &sdk,
        stack.output("QueueUrl"),
        Some(stack.output("DeadLetterQueueUrl").to_owned()),
    );
    let token = stack.secret("IngestTokenSecretArn").await;
    let bearer = format!("Bearer {token}");
    let outage = outage();

    // History: a dropped file, whose key S3 encodes in its event.
    let file = gzip(&ndjson(&outage.history));
    blobs.put("inbox/desk export 2024+x.ndjson.gz", file.clone(), PutIf::Always).await.unwrap();
    let hours: std::collections::BTreeSet<i64> =
        outage.history.iter().map(|t| domain::time::Hour::of(t.created_at).0).collect();
    eventually("the dropped file has landed", async || {
        let marked = blobs.list(&names::dirty_prefix("default")).await.ok()?;
        let marked: std::collections::BTreeSet<_> =
            marked.iter().filter_map(|key| names::dirty_hour("default", key)).map(|hour| hour.0).collect();
        (marked.len() >= hours.len()).then_some(())
    })
    .await;

    // The artifact: trained by the command line on the same history, and published to the bucket.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("history.ndjson.gz"), &file).unwrap();
    stack.anomalyze(&["import", "history.ndjson.gz", "--quiet"], folder.path());
    stack.anomalyze(&["train", "--quiet"], folder.path());
    stack.anomalyze(&["publish", "--bucket", stack.output("BucketName")], folder.path());

    // A first run takes in the history and finds nothing.
    let before = outage.onset - SignedDuration::from_hours(1);
    let calm = stack.invoke("DetectFunctionName", &json!({ "scheduled_at": before.to_string() }));
    println!("detect over {HISTORY_DAYS} days of fresh history: {calm}");
    assert_eq!(calm["revisions"], json!([]), "{calm}");

    // Who has no token, or a wrong one, lands nothing.
    for headers in [vec![], vec![("authorization", "Bearer wrong")], vec![("authorization", token.as_str())]]
    {
        let refused = stack.post("", &headers, b"{}");
        assert_eq!((refused.status, refused.body["status"].as_u64()), (401, Some(401)), "{refused:?}");
    }
    // The outage, as a help desk sends it: single tickets, then batches, one of them compressed.
    let json_headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let (single, batch) = outage.fresh.split_at(3);
    for ticket in single {
        let answer = stack.post("?source=desk", &json_headers, sent(ticket).to_string().as_bytes());
        assert_eq!((answer.status, answer.body["landed"].as_u64()), (202, Some(1)), "{answer:?}");
    }
    let (array, lines) = batch.split_at(batch.len() / 2);
    let array = Value::from(array.iter().map(sent).collect::<Vec<_>>()).to_string();
    let answer = stack.post("?source=desk", &json_headers, array.as_bytes());
    assert_eq!(answer.status, 202, "{answer:?}");
    let gzip_headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/x-ndjson"),
        ("content-encoding", "gzip"),
    ];
    let answer = stack.post("?source=desk", &gzip_headers, &gzip(&ndjson(lines)));
    assert_eq!(
        (answer.status, answer.body["landed"].as_u64()),
        (202, Some(lines.len() as u64)),
        "{answer:?}"
    );

    // Poison lies in the queue beside what detect will announce.
    let raw = stack.clients().sqs;
    raw.send_message()
        .queue_url(stack.output("QueueUrl"))
        .message_body("no message of ours")
        .send()
        .await
        .unwrap();
    let unknown = IncidentMessage {
        stream: "default".into(),
        incident: "0123456789abcdef".into(),
        revision: 1,
        traceparent: None,
    };
    queue.send(std::slice::from_ref(&unknown)).await.unwrap();

    // Two runs at once at the same scheduled time write each revision once.
    let event = json!({ "scheduled_at": outage.now.to_string() });
    let runs: Vec<Value> = std::thread::scope(|scope| {
        let run = || scope.spawn(|| stack.invoke("DetectFunctionName", &event));
        [run(), run()].map(|run| run.join().unwrap()).into()
    });
    println!("detect, twice at once: {runs:?}");
    let told: usize = runs.iter().filter_map(|run| run["revisions"].as_array()).map(Vec::len).sum();
    let open = incidents.list("default", Some(Status::Open)).await.unwrap();
    assert!(!open.is_empty(), "the outage is open");
    assert_eq!(told, open.len(), "each revision is written by one run: {runs:?}");
    // Both may announce one. Then whichever diagnosis comes second finds the first at it, and its message stays hidden
    // for the queue's visibility timeout, longer than this test waits.
    let announced: u64 = runs.iter().filter_map(|run| run["announced"].as_u64()).sum();
    let twice = u32::try_from(announced).unwrap() - u32::try_from(open.len()).unwrap();

    let found: Vec<Report> = eventually("the reports are there", async || {
        let found = reports.list("default", Timestamp::MIN, Timestamp::MAX).await.ok()?;
        (found.len() == open.len()).then_some(found)
    })
    .await;
    let report = found.iter().max_by_key(|r| r.severity).unwrap();
    println!("report: {} ({}, {})", report.title, report.severity.name(), report.onset);
    assert!(report.tickets > report.expected && report.onset >= outage.onset - SignedDuration::from_mins(30));
    assert!(!report.sample_complaints.is_empty() && !report.evidence.is_empty());

    // The poison, each with its reason.
    let letters = eventually("the poison is dead", async || {
        let got = raw
            .receive_message()
            .queue_url(stack.output("DeadLetterQueueUrl"))
            .message_attribute_names("All")
            .max_number_of_messages(10)
            .visibility_timeout(0)
            .send()
            .await
            .ok()?;
        let letters: BTreeMap<String, String> = got
            .messages()
            .iter()
            .filter_map(|m| {
                let reason = m.message_attributes()?.get("reason")?.string_value()?;
                Some((m.body()?.to_owned(), reason.to_owned()))
            })
            .collect();
        (letters.len() == 2).then_some(letters)
    })
    .await;
    assert!(letters.contains_key("no message of ours"), "{letters:?}");
    assert!(letters.iter().any(|(body, reason)| body.contains("0123456789abcdef") && !reason.is_empty()));

    // The same messages again change nothing.
    let before = written(&stack).await;
    let again: Vec<IncidentMessage> = open
        .iter()
        .map(|i| IncidentMessage {
            stream: i.stream.clone(),
            incident: i.id.clone(),
            revision: i.revision,
            traceparent: None,
        })
        .collect();
    queue.send(&again).await.unwrap();
    eventually("the redelivered messages are gone", async || {
        let attributes = raw
            .get_queue_attributes()
            .queue_url(stack.output("QueueUrl"))
            .attribute_names(aws_sdk_sqs::types::QueueAttributeName::All)
            .send()
            .await
            .ok()?;
        let attributes = attributes.attributes()?;
        let waiting = |name: &str| {
            let name = aws_sdk_sqs::types::QueueAttributeName::from(name);
            attributes.get(&name).and_then(|n| n.parse::<u32>().ok())
        };
        let (visible, hidden) =
            (waiting("ApproximateNumberOfMessages")?, waiting("ApproximateNumberOfMessagesNotVisible")?);
        (visible == 0 && hidden <= twice).then_some(())
    })
    .await;
    assert_eq!(written(&stack).await, before, "a redelivery changes nothing");
    let repeated = stack.invoke("DetectFunctionName", &event);
    assert_eq!((&repeated["revisions"], &repeated["announced"]), (&json!([]), &json!(0)), "{repeated}");

    // The indexes answer without a scan, and so do the statements that README shows.
    let table = stack.output("ReportsTableName");
    let (severity, service) = (report.severity.name(), &report.affected_services[0]);
    for (index, key, value) in [
        ("by_severity", "listed_severity", format!("default#{severity}")),
        ("by_service", "listed_service", format!("default#{service}")),
    ] {
        let values = AttributeValue::S(value.clone());
        let client = stack.clients().dynamodb;
        let query = client.query().table_name(table).index_name(index);
        let query =
            query.key_condition_expression(format!("{key} = :v")).expression_attribute_values(":v", values);
        let found = query.send().await.unwrap();
        let title = |item: &HashMap<String, AttributeValue>| item.get("title")?.as_s().ok().cloned();
        assert!(found.items().iter().filter_map(title).any(|t| t == report.title), "{index}: {found:?}");
        let statement =
            format!("SELECT window_start, title FROM \"{table}\".\"{index}\" WHERE {key} = '{value}'");
        let found = client.execute_statement().statement(&statement).send().await.unwrap();
        assert!(found.items().iter().filter_map(title).any(|t| t == report.title), "{statement}: {found:?}");
    }

    // The command line reads the same table.
    let table = stack.output("ReportsTableName");
    let listed = stack.anomalyze(&["reports", "list", "--table", table, "--json"], folder.path());
    let listed: Vec<Report> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed, found);
    let shown = stack.anomalyze(&["reports", "show", &report.incident[..6], "--table", table], folder.path());
    assert!(shown.contains("Window"), "{shown}");

    // The weekly training judges itself against the artifact in use and says why it moved the pointer or not.
    let trained = stack.invoke("TrainFunctionName", &json!({ "scheduled_at": outage.now.to_string() }));
    println!("train: {trained}");
    assert!(
        trained["decision"].is_string() && trained["reason"].as_str().is_some_and(|r| r.len() > 20),
        "{trained}"
    );
}
