//! The events of `events/` and hostile relatives of them, on backends in memory.

mod files;
mod http;

use super::*;
use crate::outside::Incoming;
use async_trait::async_trait;
use domain::ports::{Claim, ClaimRequest, PutIf};
use domain::ticket::{Ticket, TicketKey};
use domain::{ErrorKind, StoreError, StoreResult, names};
use flate2::Compression;
use flate2::write::GzEncoder;
use lambda_runtime::Context;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use testing::MemoryBackend;
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

const NOW: &str = "2023-10-05T09:00:12Z";
const TOKEN: &str = "example-token";
/// The key of the bucket's event.
const DROPPED: &str = "inbox/desk export 2023+10.csv";

/// Secrets and dropped files of a test.
#[derive(Default)]
struct Shelf {
    secrets: Mutex<BTreeMap<String, String>>,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    fetched: AtomicUsize,
    breaks_after: Mutex<Option<usize>>,
}

#[async_trait]
impl Outside for Shelf {
    async fn secret(&self, arn: &str) -> StoreResult<String> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        let kept = self.secrets.lock().unwrap().get(arn).cloned();
        kept.ok_or_else(|| StoreError::new(ErrorKind::Unavailable, format!("get secret {arn}: no answer")))
    }

    async fn open(&self, key: &str) -> StoreResult<Incoming> {
        let file = self.files.lock().unwrap().get(key).cloned();
        let file =
            file.ok_or_else(|| StoreError::new(ErrorKind::NotFound, format!("open {key}: it is not there")))?;
        match *self.breaks_after.lock().unwrap() {
            None => Ok(Box::new(Cursor::new(file))),
            Some(bytes) => {
                let (client, mut server) = duplex(64);
                tokio::spawn(async move {
                    let _ = server.write_all(&file).await;
                });
                Ok(Box::new(Broken { inner: client, left: bytes }))
            }
        }
    }
}

/// A source that fails after some bytes.
struct Broken {
    inner: DuplexStream,
    left: usize,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(std::io::Error::other("connection reset")));
        }
        let before = out.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, out);
        self.left = self.left.saturating_sub(out.filled().len() - before);
        polled
    }
}

/// An index that never takes a claim.
struct Refusing(&'static str);

#[async_trait]
impl TicketIndex for Refusing {
    async fn claim(&self, _: &str, _: &[ClaimRequest]) -> StoreResult<Vec<Claim>> {
        Err(StoreError::with_source(ErrorKind::Unavailable, "claim tickets", self.0))
    }

    async fn confirm(&self, _: &str, _: &[(TicketKey, [u8; 16])]) -> StoreResult<()> {
        Ok(())
    }
}

struct World {
    config: Config,
    backend: MemoryBackend,
    secrets: Secrets,
    shelf: Shelf,
    now: Mutex<Timestamp>,
    refuses: Option<Refusing>,
}

impl World {
    fn new() -> Self {
        let config = Config::read(|name| {
            let needed = ["BUCKET", "TICKETS_TABLE", "INGEST_TOKEN_SECRET_ARN", "REQUESTER_KEY_SECRET_ARN"];
            needed.contains(&name).then(|| name.to_owned())
        });
        let world = Self {
            config: config.unwrap(),
            backend: MemoryBackend::default(),
            secrets: Secrets::default(),
            shelf: Shelf::default(),
            now: Mutex::new(NOW.parse().unwrap()),
            refuses: None,
        };
        world.keep("INGEST_TOKEN_SECRET_ARN", TOKEN);
        world.keep("REQUESTER_KEY_SECRET_ARN", "0123456789abcdef0123456789abcdef");
        world
    }

    fn keep(&self, arn: &str, secret: &str) {
        self.shelf.secrets.lock().unwrap().insert(arn.to_owned(), secret.to_owned());
    }

    fn drop_file(&self, key: &str, content: &[u8]) {
        self.shelf.files.lock().unwrap().insert(key.to_owned(), content.to_owned());
    }

    fn wait(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
    }

    async fn handle(&self, event: Value) -> Result<Value, Diagnostic> {
        let clock = || *self.now.lock().unwrap();
        let ingest = Ingest {
            config: &self.config,
            blobs: &self.backend.blobs,
            tickets: self
                .refuses
                .as_ref()
                .map_or(&self.backend.tickets, |refusing| refusing as &dyn TicketIndex),
            secrets: &self.secrets,
            outside: &self.shelf,
            clock: &clock,
        };
        let answer = function_handler(&ingest, LambdaEvent::new(event, Context::default())).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// Status and body.
    async fn post(&self, event: Value) -> (u64, Value) {
        let answer = self.handle(event).await.unwrap();
        assert_eq!(answer["cookies"], json!([]), "a gateway refuses an answer without");
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    async fn stored(&self) -> Vec<Ticket> {
        let hours = ["2023-10-05T06:00:00Z", "2023-10-05T08:00:00Z"];
        let mut tickets = Vec::new();
        for hour in hours {
            let hour = domain::time::Hour::of(hour.parse().unwrap());
            tickets.extend(pipeline::rollup::read_hour(&self.backend.blobs, "default", hour).await.unwrap());
        }
        tickets
    }
}

fn event(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The single ticket's event with changes.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = event("ingest_http_ticket");
    change(&mut event);
    event
}

fn with_body(content_type: &str, body: &str) -> Value {
    changed(|event| {
        event["headers"]["content-type"] = content_type.into();
        event["body"] = body.into();
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn an_event_of_another_shape_is_refused_by_what_was_expected() {
    for event in [
        Value::Null,
        json!({}),
        json!([1]),
        json!("text"),
        json!({ "Records": [] }),
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": "{}" }] }),
        json!({ "Records": [{ "s3": { "object": { "key": 7 } } }] }),
        json!({ "httpMethod": "POST", "body": "{}" }),
        json!({ "Service": "Amazon S3", "Event": "s3:TestEvent" }),
        event("detect_schedule"),
        event("diagnose_sqs"),
    ] {
        let error = World::new().handle(event.clone()).await.unwrap_err();
        assert_eq!(error.error_type, "UnknownEvent", "{event}");
        assert!(error.error_message.contains("expected"), "{error:?}");
    }
}

/// Lines that were logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_a_text_a_token_or_an_address() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let world = World::new();
    world.post(event("ingest_http_ticket")).await;
    world.post(event("ingest_http_array")).await;
    world.post(with_body("text/csv", "A customer's own words,second\n1,2\n")).await;
    world.post(changed(|event| event["headers"]["authorization"] = "Bearer wrong-token".into())).await;
    world.post(changed(|event| event["headers"]["x-evil"] = "certificate\n".into())).await;
    world.drop_file(DROPPED, b"A customer's own words,second\n1,2\n");
    world.handle(event("ingest_s3_object_created")).await.unwrap();
    world.handle(json!({ "body": "A customer's own words" })).await.unwrap_err();
    let refusing = World { refuses: Some(Refusing("SlowDown")), ..World::new() };
    refusing.post(event("ingest_http_ticket")).await;
    drop(logging);

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.lines().count() >= 8, "{text}");
    for secret in
        [TOKEN, "wrong-token", "0123456789abcdef", "customer's own", "certificate", "jane@", "charged"]
    {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    for line in text.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}
