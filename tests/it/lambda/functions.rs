//! Each function as a process behind the Runtime API, without any storage.

use super::bootstrap::{FUNCTIONS, bootstrap};
use super::proxy::{Faults, Proxy};
use super::runtime::Function;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest that a function may take to start, on a machine that does other things too: a hundred times what it takes.
const START: Duration = Duration::from_secs(3);
/// Where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:9";

async fn start(name: &str, endpoint: &str) -> Function {
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("BUCKET", "bucket"),
        ("TICKETS_TABLE", "tickets"),
        ("INCIDENTS_TABLE", "incidents"),
        ("REPORTS_TABLE", "reports"),
        ("QUEUE_URL", "http://127.0.0.1:9/000000000000/queue"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/000000000000/dead"),
        ("INGEST_TOKEN_SECRET_ARN", "token"),
        ("REQUESTER_KEY_SECRET_ARN", "key"),
    ];
    Function::start(&bootstrap(name), name, &variables).await
}

async fn answered(function: &mut Function, event: &Value) -> Result<Value, String> {
    let done = function.invoke(event, Duration::from_secs(30)).await;
    // The header says only that the handler, not the runtime, reported it.
    done.answer.map_err(|failure| failure.body["errorType"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn functions_start_at_once_and_small() {
    for name in FUNCTIONS {
        let function = start(name, NOWHERE).await;
        let memory = function.peak_memory().unwrap();
        println!("{name}: first asked for work after {:?}, {:.1} MB", function.init(), memory as f64 / 1e6);
        assert!(function.init() < START, "{name} took {:?}", function.init());
        assert!(memory < 128_000_000, "{name} holds {memory} bytes");
    }
}

#[tokio::test]
async fn an_event_that_makes_no_sense_is_an_error_with_a_name() {
    let mut ingest = start("ingest", NOWHERE).await;
    for event in [json!({}), json!([]), json!("text"), json!({ "Records": [] })] {
        assert_eq!(answered(&mut ingest, &event).await, Err("UnknownEvent".to_owned()), "{event}");
    }
    let mut detect = start("detect", NOWHERE).await;
    let far = json!({ "scheduled_at": "2999-01-01T00:00:00Z" });
    assert_eq!(answered(&mut detect, &far).await, Err("ScheduledTooFarAhead".to_owned()));
}

#[tokio::test]
async fn an_empty_batch_has_no_failures() {
    let mut diagnose = start("diagnose", NOWHERE).await;
    let answer = answered(&mut diagnose, &json!({ "Records": [] })).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
}

#[tokio::test]
async fn storage_that_is_away_is_an_error_with_a_name_and_the_function_goes_on() {
    // A proxy that leads nowhere answers 502.
    let proxy = Proxy::start(Faults::none()).await;
    let mut detect = start("detect", proxy.url()).await;
    for round in 1..=2 {
        let before = proxy.stats().calls;
        let answer = answered(&mut detect, &json!({ "scheduled_at": "2024-01-01T00:00:00Z" })).await;
        assert_eq!(answer, Err("StorageUnavailable".to_owned()), "{}", detect.log());
        assert!(proxy.stats().calls > before + 1, "round {round} tried again");
    }
}
