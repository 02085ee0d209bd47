use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An upstream that takes 50 ms, answers what it was asked, and counts.
async fn upstream() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| {
                    count.fetch_add(1, Ordering::SeqCst);
                    echo(request)
                });
                let io = TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            });
        }
    });
    (url, seen)
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let host = head.headers.get("host").map_or("", |host| host.to_str().unwrap());
    let signed = head.headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let text = format!("{} {} {host} {signed} {}", head.method, head.uri, body.len());
    Ok(Response::new(Full::new(text.into())))
}

type Asked = Result<(StatusCode, String), hyper_util::client::legacy::Error>;

async fn ask(client: &Client<HttpConnector, Full<Bytes>>, url: &str, body: &str) -> Asked {
    let request = Request::put(format!("{url}/bucket/a%2Fb?x-id=PutObject"))
        .header("host", "bucket.example.org")
        .header("authorization", "AWS4-HMAC-SHA256")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    let answer = client.request(request).await?;
    let status = answer.status();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    Ok((status, String::from_utf8(text.to_vec()).unwrap()))
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

#[tokio::test]
async fn a_call_passes_as_it_was_signed() {
    let (url, seen) = upstream().await;
    let proxy = Proxy::start(Faults::none()).await;
    assert_eq!(ask(&client(), proxy.url(), "").await.unwrap().0, StatusCode::BAD_GATEWAY);
    proxy.forward_to(&url);
    let body = "x".repeat(3_000_000);
    let (status, text) = ask(&client(), proxy.url(), &body).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text, "PUT /bucket/a%2Fb?x-id=PutObject bucket.example.org AWS4-HMAC-SHA256 3000000");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn waiting_at_once_is_waiting_once() {
    let (url, _) = upstream().await;
    let proxy = Proxy::start(Faults::none()).await;
    proxy.forward_to(&url);
    let client = client();
    let one = || ask(&client, proxy.url(), "body");
    let begun = Instant::now();
    let (a, b, c) = tokio::join!(one(), one(), one());
    let took = begun.elapsed();
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    tokio::time::sleep(Duration::from_millis(120)).await;
    let stats = proxy.stats();
    assert_eq!((stats.calls, stats.failed()), (3, 0));
    assert!(stats.waiting >= Duration::from_millis(50) && stats.waiting <= took, "{stats} in {took:?}");
}

#[tokio::test]
async fn calls_fail_in_four_ways_that_take_turns() {
    let (url, seen) = upstream().await;
    let faults = Faults { seed: 7, share: 1.0, hold: Duration::from_millis(200) };
    let proxy = Proxy::start(faults).await;
    proxy.forward_to(&url);
    let forwarded = || seen.load(Ordering::SeqCst);

    assert_eq!(ask(&client(), proxy.url(), "a").await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(forwarded(), 0);
    assert!(ask(&client(), proxy.url(), "b").await.is_err());
    assert_eq!(forwarded(), 0);
    assert!(ask(&client(), proxy.url(), "c").await.is_err());
    assert_eq!(forwarded(), 1, "what was asked for has happened");
    let client = client();
    let impatient = tokio::time::timeout(Duration::from_millis(120), ask(&client, proxy.url(), "d")).await;
    assert!(impatient.is_err(), "the answer is held back");
    assert_eq!(forwarded(), 2);

    let stats = proxy.stats();
    assert_eq!((stats.unavailable, stats.reset_before, stats.reset_after, stats.held), (1, 1, 1, 1));
}

#[tokio::test]
async fn a_reset_looks_like_one() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let proxy = Proxy::start(Faults { seed: 1, share: 1.0, hold: Duration::ZERO }).await;
    let address = proxy.url().trim_start_matches("http://").to_owned();
    for expected in ["HTTP/1.1 503", "reset"] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        match stream.read_to_string(&mut answer).await {
            Ok(_) => assert!(answer.starts_with(expected), "{answer}"),
            // Linux hands over what came before a reset, or the reset alone.
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{expected}"),
        }
    }
}

#[tokio::test]
async fn one_percent_is_one_percent_and_the_same_again() {
    let draw = |seed| {
        let mut state = State {
            upstream: None,
            dice: ChaCha8Rng::seed_from_u64(seed),
            stats: Stats::default(),
            outstanding: 0,
            since: Instant::now(),
        };
        let drawn: Vec<_> = (0..40_000).map(|_| state.draw(Faults::one_percent(seed))).collect();
        (drawn, state.stats)
    };
    let (first, stats) = draw(42);
    assert!(first == draw(42).0 && first != draw(43).0);
    assert!((320..=480).contains(&stats.failed()), "{stats}");
    let ways = [stats.unavailable, stats.reset_before, stats.reset_after, stats.held];
    assert!(ways.iter().max().unwrap() - ways.iter().min().unwrap() <= 1, "{stats}");
}
