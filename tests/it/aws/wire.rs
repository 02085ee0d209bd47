//! A wire between the SDK and the emulator that counts calls and loses answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What every request's first line ends with.
const REQUEST: &[u8] = b" HTTP/1.1\r\n";

/// Forwards connections for as long as the runtime lives.
pub struct Wire {
    /// Where it listens.
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    calls: AtomicUsize,
    to_lose: AtomicUsize,
}

impl Wire {
    /// A wire to `url`.
    pub async fn to(url: &str) -> Self {
        let target = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = Arc::new(State::default());
        let wire = Self { url: format!("http://{}", listener.local_addr().unwrap()), state: state.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.expect("connect to the emulator");
                tokio::spawn(forward(client, server, state.clone()));
            }
        });
        wire
    }

    /// Calls since the last time this was asked.
    pub fn calls(&self) -> usize {
        self.state.calls.swap(0, Ordering::SeqCst)
    }

    /// Loses the next `count` answers: the call has been made, and its connection breaks.
    pub fn lose(&self, count: usize) {
        self.state.to_lose.store(count, Ordering::SeqCst);
    }
}

async fn forward(client: TcpStream, server: TcpStream, state: Arc<State>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let calls = state.clone();
    let requests = async move {
        let mut buffer = vec![0; 1 << 16];
        // The end of what was read before: a first line may come in two pieces.
        let mut tail: Vec<u8> = Vec::new();
        while let Ok(length) = from_client.read(&mut buffer).await
            && length > 0
        {
            tail.extend(&buffer[..length]);
            let found = tail.windows(REQUEST.len()).filter(|window| *window == REQUEST).count();
            calls.calls.fetch_add(found, Ordering::SeqCst);
            tail.drain(..tail.len().saturating_sub(REQUEST.len() - 1));
            if to_server.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    let answers = async move {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length) = from_server.read(&mut buffer).await
            && length > 0
        {
            let less = |count: usize| count.checked_sub(1);
            if state.to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
                break;
            }
            if to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    // When one direction ends, both do.
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}
