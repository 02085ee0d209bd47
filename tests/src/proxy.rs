//! A reverse proxy between a function and its storage that measures waiting and lets calls fail.
//!
//! It hands on every header but those of the connection, `Host` too, so that a signature stays valid.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderMap, TRANSFER_ENCODING};
use hyper::http::uri::{Authority, Scheme, Uri};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Which calls fail.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Equal seeds fail the same calls, by the order in which they arrive.
    pub seed: u64,
    /// Share of the calls that fail, 0 to 1; the four ways take turns.
    pub share: f64,
    /// How long an answer is held back: longer than a client waits.
    pub hold: Duration,
}

impl Faults {
    /// No call fails.
    pub fn none() -> Self {
        Self { seed: 0, share: 0.0, hold: Duration::ZERO }
    }

    /// One call in a hundred fails; an answer that is held back comes after 12 s, when the SDK of a function has given
    /// up on it (after 8 s).
    pub fn one_percent(seed: u64) -> Self {
        Self { seed, share: 0.01, hold: Duration::from_secs(12) }
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Answered 503 without being forwarded.
    Unavailable,
    /// The connection is reset; nothing is forwarded.
    ResetBefore,
    /// Forwarded; the connection is reset instead of an answer: what was asked for has happened.
    ResetAfter,
    /// Forwarded; the answer comes after the client has given up.
    Held,
}

const FAULTS: [Fault; 4] = [Fault::Unavailable, Fault::ResetBefore, Fault::ResetAfter, Fault::Held];

/// What went through the proxy so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls that arrived, those that failed included.
    pub calls: u64,
    /// Calls answered 503 without being forwarded.
    pub unavailable: u64,
    /// Calls whose connection was reset without being forwarded.
    pub reset_before: u64,
    /// Calls whose connection was reset after they were forwarded.
    pub reset_after: u64,
    /// Calls whose answer was held back.
    pub held: u64,
    /// Time during which at least one call was waiting for the upstream.
    pub waiting: Duration,
}

impl Stats {
    /// Calls that failed in any of the four ways.
    pub fn failed(&self) -> u64 {
        self.unavailable + self.reset_before + self.reset_after + self.held
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls, {} failed (503: {}, reset before: {}, reset after: {}, held back: {}), {:.1} s waiting",
            self.calls,
            self.failed(),
            self.unavailable,
            self.reset_before,
            self.reset_after,
            self.held,
            self.waiting.as_secs_f64()
        )
    }
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1. Calls are answered 502 until [`Proxy::forward_to`] says where they go.
    pub async fn start(faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen on a free port");
        let url = format!("http://{}", listener.local_addr().expect("the listener has an address"));
        let state = State {
            upstream: None,
            dice: ChaCha8Rng::seed_from_u64(faults.seed),
            stats: Stats::default(),
            outstanding: 0,
            since: Instant::now(),
        };
        let shared = Arc::new(Shared {
            faults,
            state: Mutex::new(state),
            client: Client::builder(TokioExecutor::new()).build_http(),
        });
        let serving = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { url, shared, serving }
    }

    /// Where clients go, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the upstream, such as `http://127.0.0.1:4566`; paths of the calls are kept.
    pub fn forward_to(&self, upstream: &str) {
        let authority = upstream.trim_start_matches("http://").trim_end_matches('/');
        self.shared.state().upstream =
            Some(authority.parse().expect("an upstream like http://127.0.0.1:4566"));
    }

    /// What went through so far; an interval of waiting that has not ended is counted up to now.
    pub fn stats(&self) -> Stats {
        let state = self.shared.state();
        let mut stats = state.stats;
        if state.outstanding > 0 {
            stats.waiting += state.since.elapsed();
        }
        stats
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Debug)]
struct Shared {
    faults: Faults,
    state: Mutex<State>,
    client: Client<HttpConnector, Full<Bytes>>,
}

#[derive(Debug)]
struct State {
    upstream: Option<Authority>,
    dice: ChaCha8Rng,
    stats: Stats,
    outstanding: usize,
    since: Instant,
}

impl State {
    /// Counts a call and says how it fails, if it does.
    fn draw(&mut self, faults: Faults) -> Option<Fault> {
        self.stats.calls += 1;
        if !self.dice.random_bool(faults.share) {
            return None;
        }
        let turn = usize::try_from(self.stats.failed() % 4).unwrap_or(0);
        let fault = FAULTS[turn];
        match fault {
            Fault::Unavailable => self.stats.unavailable += 1,
            Fault::ResetBefore => self.stats.reset_before += 1,
            Fault::ResetAfter => self.stats.reset_after += 1,
            Fault::Held => self.stats.held += 1,
        }
        Some(fault)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that waits for the upstream; dropped when it no longer does, also by a client that goes away.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let mut state = shared.state();
        if state.outstanding == 0 {
            state.since = Instant::now();
        }
        state.outstanding += 1;
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.outstanding -= 1;
        if state.outstanding == 0 {
            let waited = state.since.elapsed();
            state.stats.waiting += waited;
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            let io = TokioIo::new(stream);
            let mut connection = hyper::server::conn::http1::Builder::new().serve_connection(io, service);
            // A service that fails leaves the connection without an answer: closed like this, it is reset.
            if (&mut connection).await.is_err() {
                let _ = connection.into_parts().io.into_inner().set_zero_linger();
            }
        });
    }
}

/// One call. An error resets the connection.
async fn answer(shared: &Shared, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let fault = shared.state().draw(shared.faults);
    match fault {
        Some(Fault::Unavailable) => return Ok(plain(StatusCode::SERVICE_UNAVAILABLE)),
        Some(Fault::ResetBefore) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::ResetAfter | Fault::Held) | None => {}
    }
    let upstream = shared.state().upstream.clone();
    let Some(upstream) = upstream else { return Ok(plain(StatusCode::BAD_GATEWAY)) };
    let answer = {
        let _waiting = Waiting::begin(shared);
        forward(&shared.client, upstream, Request::from_parts(head, body)).await
    };
    match fault {
        Some(Fault::ResetAfter) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::Held) => tokio::time::sleep(shared.faults.hold).await,
        _ => {}
    }
    Ok(answer.unwrap_or_else(|_| plain(StatusCode::BAD_GATEWAY)))
}

async fn forward(
    client: &Client<HttpConnector, Full<Bytes>>,
    upstream: Authority,
    request: Request<Bytes>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (mut head, body) = request.into_parts();
    let mut uri = head.uri.into_parts();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(upstream);
    head.uri = Uri::from_parts(uri)?;
    drop_connection_headers(&mut head.headers);
    let answer = client.request(Request::from_parts(head, Full::new(body))).await?;
    let (mut head, body) = answer.into_parts();
    drop_connection_headers(&mut head.headers);
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(head, Full::new(body)))
}

/// Bodies are held whole, so their framing is this side's own.
fn drop_connection_headers(headers: &mut HeaderMap) {
    headers.remove(CONNECTION);
    headers.remove("keep-alive");
    headers.remove(TRANSFER_ENCODING);
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
