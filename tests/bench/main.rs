//! How fast the built functions are, and how much memory they take: a table that fails on nothing.
//!
//! Functions run as processes behind the Runtime API, their storage is the emulator behind a proxy that measures when
//! they wait for it. "Beyond I/O" is an invocation's time without that of waiting. Started by
//! `infra/bench_functions.sh`.
//!
//! # Layout
//! - `history`: a stream of 200 series in the emulator, as far as it was followed
//! - `world`: the emulator's resources and the variables of the functions
//! - `table`: what was measured, in lines

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot measure fails by panicking")]

mod history;
mod table;
mod world;

use history::History;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use table::{Table, ms};
use tests::proxy::{Faults, Proxy};
use tests::runtime::Function;
use world::World;

/// Processes started of each function.
const STARTS: usize = 40;
/// Processes of detect that are invoked once.
const FIRST: usize = 15;
/// Invocations of a process of detect after its first.
const WARM: usize = 30;
/// Requests with tickets to ingest.
const BATCHES: usize = 15;
/// Tickets in a request.
const TICKETS: usize = 1_000;
/// A request as a Function URL hands it on.
const REQUEST: &str = include_str!("../../events/ingest_http_ticket.json");
const DEADLINE: Duration = Duration::from_secs(60);

const INIT_TARGET: &str = "30 ms";
const FIRST_TARGET: &str = "60 ms";
const WARM_TARGET: &str = "150 ms";
const MEMORY_TARGET: &str = "128 MB";

#[tokio::main]
async fn main() {
    let mut table = Table::default();
    let proxy = Proxy::start(Faults::none()).await;
    let world = World::new(proxy.url()).await;
    proxy.forward_to(&world.upstream);

    for name in ["ingest", "detect", "diagnose", "train"] {
        let mut inits = Vec::new();
        for _ in 0..STARTS {
            inits.push(ms(start(&world, name).await.init()));
        }
        table.times(&format!("{name}: start to first `next`"), &inits, INIT_TARGET);
    }
    bench_detect(&world, &proxy, &mut table).await;
    bench_ingest(&world, &proxy, &mut table).await;
    table.print();
}

async fn start(world: &World, name: &str) -> Function {
    Function::start(&bootstrap(name), name, &world.variables()).await
}

/// Under `FUNCTIONS_DIR`, or where `infra/run functions` puts it.
fn bootstrap(name: &str) -> PathBuf {
    let built = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/lambda");
    let path =
        std::env::var_os("FUNCTIONS_DIR").map_or_else(built, PathBuf::from).join(name).join("bootstrap");
    assert!(path.is_file(), "{} is missing: run `infra/run functions`", path.display());
    path
}

/// What an invocation took, in milliseconds.
struct Took {
    whole: f64,
    beyond: f64,
    calls: u64,
    answer: Value,
}

async fn invoke(function: &mut Function, proxy: &Proxy, event: &Value) -> Took {
    let before = proxy.stats();
    let done = function.invoke(event, DEADLINE).await;
    let after = proxy.stats();
    let answer = done.answer.unwrap_or_else(|failure| panic!("{failure:?}\n{}", function.log()));
    let whole = ms(done.took);
    let beyond = whole - ms(after.waiting - before.waiting);
    Took { whole, beyond, calls: after.calls - before.calls, answer }
}

/// Times and number of calls of several invocations.
#[derive(Default)]
struct Series {
    whole: Vec<f64>,
    beyond: Vec<f64>,
    calls: Vec<f64>,
}

impl Series {
    fn add(&mut self, took: &Took) {
        self.whole.push(took.whole);
        self.beyond.push(took.beyond);
        self.calls.push(took.calls as f64);
    }

    fn tell(&self, table: &mut Table, what: &str, target: &str) {
        table.times(&format!("{what}, beyond I/O"), &self.beyond, target);
        table.times(&format!("{what}, whole"), &self.whole, "");
        table.counts(&format!("{what}, calls"), &self.calls);
    }
}

async fn bench_detect(world: &World, proxy: &Proxy, table: &mut Table) {
    let mut history = History::new(&world.blobs).await;
    println!("detect: {}", history.what);
    let mut first = Series::default();
    let mut memory = 0;
    for _ in 0..FIRST {
        let event = history.next_cell(&world.blobs).await;
        let mut function = start(world, "detect").await;
        let took = invoke(&mut function, proxy, &event).await;
        assert_eq!(took.answer["series"], 200, "{}", took.answer);
        memory = memory.max(function.peak_memory().unwrap_or(0));
        first.add(&took);
    }
    first.tell(table, "detect, first invocation", FIRST_TARGET);

    let mut warm = Series::default();
    let mut function = start(world, "detect").await;
    let event = history.next_cell(&world.blobs).await;
    invoke(&mut function, proxy, &event).await;
    for _ in 0..WARM {
        let event = history.next_cell(&world.blobs).await;
        let took = invoke(&mut function, proxy, &event).await;
        assert!(took.answer["rolled_hours"].as_u64() > Some(0), "fresh counts: {}", took.answer);
        warm.add(&took);
    }
    warm.tell(table, "detect, warm, fresh counts", WARM_TARGET);
    memory = memory.max(function.peak_memory().unwrap_or(0));
    table.memory("detect: peak memory", memory, MEMORY_TARGET);
}

async fn bench_ingest(world: &World, proxy: &Proxy, table: &mut Table) {
    let mut function = start(world, "ingest").await;
    let mut series = Series::default();
    for batch in 0..BATCHES {
        let took = invoke(&mut function, proxy, &request(batch)).await;
        assert_eq!(took.answer["statusCode"], 202, "{}", took.answer);
        series.add(&took);
    }
    series.tell(table, &format!("ingest of {TICKETS} tickets"), "");
    table.memory("ingest: peak memory", function.peak_memory().unwrap_or(0), MEMORY_TARGET);
}

/// A request with a batch of new tickets of one day.
fn request(batch: usize) -> Value {
    let ticket = |number: usize| {
        let ticket = json!({
            "id": format!("B{batch:03}-{number:05}"),
            "created_at": format!("2024-03-{:02}T{:02}:{:02}:00Z", 1 + batch, number % 24, number % 60),
            "subject": format!("Order {number} is late"),
            "body": format!("My order {number} should have come on day {}. Where is it?", number % 97),
            "queue": (["Orders", "Billing", "Returns"][number % 3]),
            "priority": "medium",
            "requester": format!("customer{}@example.org", number % 997),
        });
        format!("{ticket}\n")
    };
    let mut request: Value = serde_json::from_str(REQUEST).unwrap();
    request["headers"]["authorization"] = json!(format!("Bearer {}", world::TOKEN));
    request["headers"]["content-type"] = json!("application/x-ndjson");
    request["body"] = json!((0..TICKETS).map(ticket).collect::<String>());
    request
}
