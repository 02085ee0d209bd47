//! The Runtime API of Lambda, for one function in a process of its own.
//!
//! Speaks what the service speaks to a `bootstrap` (`invocation/next`, `response`, `error`, `init/error`), one
//! invocation at a time, and stops nothing: a deadline is told, not enforced.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// Trace header of every invocation, as X-Ray writes it.
pub const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// Longest that a function may take to ask for work, or to answer.
const PATIENCE: Duration = Duration::from_secs(120);
const PREFIX: &str = "/2018-06-01/runtime/";

/// What a function answered.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Its response, or the error that it reported.
    pub answer: Result<Value, Failure>,
    /// From handing over the event until the answer had come.
    pub took: Duration,
}

/// An error that a function reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Header `lambda-runtime-function-error-type`.
    pub error_type: String,
    /// Its description: `errorType`, `errorMessage`.
    pub body: Value,
}

/// A function's process; it ends with this value.
#[derive(Debug)]
pub struct Function {
    child: Child,
    log: File,
    events: mpsc::UnboundedSender<Handed>,
    heard: mpsc::UnboundedReceiver<(Heard, Instant)>,
    serving: JoinHandle<()>,
    started: Instant,
    init: Duration,
    invocations: u64,
}

/// An event on its way to the function.
#[derive(Debug)]
struct Handed {
    id: String,
    event: Bytes,
    deadline: u128,
}

/// What the function said.
#[derive(Debug)]
enum Heard {
    Next,
    Response { id: String, body: Bytes },
    Error { id: Option<String>, error_type: String, body: Bytes },
}

impl Function {
    /// Starts `bootstrap` with these variables, those that Lambda sets, and nothing of this process's environment;
    /// returns when it first asks for work. Fails with the function's log when it ends before that.
    pub async fn start(bootstrap: &Path, name: &str, variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen on a free port");
        let address = listener.local_addr().expect("the listener has an address").to_string();
        let (events, handed) = mpsc::unbounded_channel();
        let (says, heard) = mpsc::unbounded_channel();
        let serving = tokio::spawn(serve(listener, Arc::new(Mutex::new(handed)), says));
        let log = tempfile::tempfile().expect("make a file for the function's log");
        let output = || Stdio::from(log.try_clone().expect("share the function's log"));
        let mut command = Command::new(bootstrap);
        command
            .env_clear()
            .envs(lambda_variables(name, &address))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().unwrap_or_else(|e| fail(&format!("start {}: {e}", bootstrap.display())));
        let mut function =
            Self { child, log, events, heard, serving, started, init: Duration::ZERO, invocations: 0 };
        match function.hear().await {
            (Heard::Next, at) => function.init = at.duration_since(function.started),
            (said, _) => fail(&format!("{name} said {said:?} before it asked for work")),
        }
        function
    }

    /// From the start of the process until it first asked for work.
    pub fn init(&self) -> Duration {
        self.init
    }

    /// Hands over an event, waits for the answer, and for the function to ask for more work.
    pub async fn invoke(&mut self, event: &Value, deadline: Duration) -> Invocation {
        self.invocations += 1;
        let id = format!("00000000-0000-0000-0000-{:012}", self.invocations);
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let handed = Handed {
            id: id.clone(),
            event: event.to_string().into(),
            deadline: (epoch + deadline).as_millis(),
        };
        let begun = Instant::now();
        self.events.send(handed).expect("the Runtime API is served");
        let (said, at) = self.hear().await;
        let answer = match said {
            Heard::Response { id: of, body } if of == id => Ok(json(&body)),
            Heard::Error { id: of, error_type, body } if of.as_ref() == Some(&id) => {
                Err(Failure { error_type, body: json(&body) })
            }
            said => fail(&format!("asked to answer {id}, the function said {said:?}")),
        };
        match self.hear().await {
            (Heard::Next, _) => {}
            (said, _) => fail(&format!("after its answer the function said {said:?}")),
        }
        Invocation { answer, took: at.duration_since(begun) }
    }

    /// Most memory that the process has held so far, in bytes (resident set).
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok().map(|kib: u64| kib * 1024)
    }

    /// What it has written to standard output and standard error.
    pub fn log(&self) -> String {
        let length = self.log.metadata().map_or(0, |file| file.len());
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        // At a position of its own: the file's is shared with the process, which goes on writing.
        match self.log.read_exact_at(&mut bytes, 0) {
            Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("(its log cannot be read: {error})"),
        }
    }

    async fn hear(&mut self) -> (Heard, Instant) {
        let said = tokio::select! {
            said = self.heard.recv() => said.ok_or_else(|| "the Runtime API has ended".to_owned()),
            ended = self.child.wait() => Err(format!("the function has ended: {ended:?}")),
            () = tokio::time::sleep(PATIENCE) => Err(format!("the function said nothing for {PATIENCE:?}")),
        };
        said.unwrap_or_else(|reason| fail(&format!("{reason}\n{}", self.log())))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[expect(clippy::panic, reason = "who uses this is a test, and fails by panicking")]
fn fail(reason: &str) -> ! {
    panic!("{reason}")
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

/// What Lambda sets, as far as a compiled function can see it.
fn lambda_variables(name: &str, api: &str) -> Vec<(&'static str, OsString)> {
    let set = [
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2024/01/01/[$LATEST]0123456789abcdef"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("_HANDLER", "bootstrap"),
    ];
    set.into_iter().map(|(name, value)| (name, value.into())).collect()
}

type Events = Arc<Mutex<mpsc::UnboundedReceiver<Handed>>>;
type Says = mpsc::UnboundedSender<(Heard, Instant)>;

async fn serve(listener: TcpListener, events: Events, says: Says) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (events, says) = (Arc::clone(&events), says.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&events, &says, request));
            // The connection ends with the process.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    events: &Events,
    says: &Says,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    if head.method == Method::GET && path == "invocation/next" {
        let _ = says.send((Heard::Next, Instant::now()));
        return Ok(match events.lock().await.recv().await {
            Some(handed) => next(handed),
            None => empty(StatusCode::GONE),
        });
    }
    let body = body.collect().await?.to_bytes();
    let at = Instant::now();
    let kind = head.headers.get("lambda-runtime-function-error-type");
    let error_type = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let said = match (head.method, path.split('/').collect::<Vec<_>>().as_slice()) {
        (Method::POST, ["invocation", id, "response"]) => Heard::Response { id: (*id).to_owned(), body },
        (Method::POST, ["invocation", id, "error"]) => {
            Heard::Error { id: Some((*id).to_owned()), error_type, body }
        }
        (Method::POST, ["init", "error"]) => Heard::Error { id: None, error_type, body },
        _ => return Ok(empty(StatusCode::NOT_FOUND)),
    };
    let _ = says.send((said, at));
    Ok(empty(StatusCode::ACCEPTED))
}

fn next(handed: Handed) -> Response<Full<Bytes>> {
    let Handed { id, event, deadline } = handed;
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", deadline.to_string())
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:function",
        )
        .header("lambda-runtime-trace-id", TRACE)
        .body(Full::new(event))
        .expect("these headers are valid")
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
#[path = "runtime_tests.rs"]
mod tests;
