//! A stream of 200 series in the emulator, as far as it was followed.

use aws::S3BlobStore;
use domain::anomaly::Granularity;
use domain::names;
use domain::ports::{BlobStore, IncidentStore, PutIf, Queue, ReportStore, TicketIndex};
use domain::report::Report;
use domain::stream::StreamConfig;
use domain::ticket::Ticket;
use domain::time::Hour;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use models::{Calendar, Model};
use pipeline::ingest::{IngestPorts, ingest};
use pipeline::replay::{Ports, ReplayOptions, Watcher, replay};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use testing::MemoryBackend;
use training::generate::{GenerateOptions, Scenario, generate};
use training::lightgbm::TreeOptions;
use training::{PooledOptions, fit_pooled};

const STREAM: &str = "default";
const FIRST_DAY: Date = date(2023, 3, 1);
const HISTORY_DAYS: i64 = 120;
/// Enough that each of 200 values has tickets for a series of its own.
const TICKETS_A_DAY: f64 = 800.0;
/// The generated tickets have no product, and 65 other values: with these there are more than 200.
const PRODUCTS: u64 = 160;
/// Hours whose tickets detect may read again.
const RECENT_HOURS: i64 = 48;
/// Bytes of the artifact as stored.
const ARTIFACT_BYTES: usize = 2_000_000;
const CELL: SignedDuration = SignedDuration::from_mins(15);

/// Where the stream is.
pub struct History {
    /// What was made, in words.
    pub what: String,
    /// Identities of what has landed.
    known: MemoryBackend,
    /// Tickets that have not landed, by creation.
    coming: std::iter::Peekable<std::vec::IntoIter<Ticket>>,
    now: Timestamp,
}

struct Nobody;

impl Watcher for Nobody {
    fn report(&mut self, _report: &Report) -> Result<(), String> {
        Ok(())
    }

    fn tick(&mut self, _now: Timestamp) {}
}

impl History {
    /// Generates a stream, trains on its history and follows it up to one morning in memory, then puts what that left
    /// into the bucket.
    pub async fn new(bucket: &S3BlobStore) -> Self {
        let last = FIRST_DAY.checked_add((HISTORY_DAYS + 1).days()).unwrap();
        let options = GenerateOptions {
            scenario: Scenario::None,
            from: FIRST_DAY,
            to: last,
            tickets_per_day: TICKETS_A_DAY,
            ..GenerateOptions::default()
        };
        let mut dataset = generate(&options).unwrap();
        for (number, ticket) in (0..).zip(&mut dataset.tickets) {
            let product: u64 = number * 7919 % (PRODUCTS * PRODUCTS);
            // Large ones and small ones, as products are.
            ticket.product = Some(format!("Product {}", product.isqrt()));
        }
        let morning = FIRST_DAY.checked_add(HISTORY_DAYS.days()).unwrap().at(7, 0, 0, 0);
        let now = morning.to_zoned(dataset.zone.clone()).unwrap().timestamp();
        let (past, coming): (Vec<Ticket>, Vec<Ticket>) =
            dataset.tickets.into_iter().partition(|ticket| ticket.created_at < now);
        let tickets = past.len();

        let known = MemoryBackend::default();
        let ports = Ports {
            blobs: &known.blobs as &dyn BlobStore,
            tickets: &known.tickets as &dyn TicketIndex,
            queue: &known.queue as &dyn Queue,
            incidents: &known.incidents as &dyn IncidentStore,
            reports: &known.reports as &dyn ReportStore,
        };
        let config = StreamConfig::new(STREAM, &options.time_zone);
        let span = ReplayOptions { config, train_until: now, to: now, step: CELL };
        replay(ports, &span, past, &training::fitters::ALL, &|| 0.0, &mut Nobody).await.unwrap();

        grow(&known, now).await;
        let objects = put_all(&known, bucket, now).await;
        let (stored, unpacked) = artifact(&known).await;
        let what = format!(
            "{tickets} tickets in {HISTORY_DAYS} days, {objects} objects, an artifact of {:.2} MB ({:.2} MB unpacked)",
            stored as f64 / 1e6,
            unpacked as f64 / 1e6
        );
        Self { what, known, coming: coming.into_iter().peekable(), now }
    }

    /// Lands the tickets of the next 15 minutes; the event of the run that is due then.
    pub async fn next_cell(&mut self, bucket: &S3BlobStore) -> Value {
        self.now += CELL;
        let mut batch = Vec::new();
        while let Some(ticket) = self.coming.next_if(|ticket| ticket.created_at < self.now) {
            batch.push(ticket);
        }
        let ports = IngestPorts { blobs: bucket, tickets: &self.known.tickets };
        ingest(ports, STREAM, batch).await.unwrap();
        json!({ "scheduled_at": self.now.to_string() })
    }
}

/// Publishes an artifact that has grown to [`ARTIFACT_BYTES`] by a model of many trees: what a first invocation reads at
/// the worst.
async fn grow(known: &MemoryBackend, now: Timestamp) {
    let mut artifact = pipeline::artifact::load(&known.blobs, STREAM, None).await.unwrap().artifact;
    let hours = 24 * 60;
    let first = Hour::of(now).plus(-hours);
    let calendar: Vec<Calendar> =
        (0..hours).map(|hour| Calendar::of_hour(first.plus(hour), &TimeZone::UTC)).collect();
    let mut dice = ChaCha8Rng::seed_from_u64(42);
    let series: Vec<Vec<f64>> =
        (0..20).map(|_| calendar.iter().map(|_| f64::from(dice.random_range(0..40u8))).collect()).collect();
    let views: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    let trees = TreeOptions { leaves: 31, min_rows_in_leaf: 5, ..PooledOptions::default().trees };
    let options = PooledOptions { trees, folds: 0, ..PooledOptions::default() };
    while encoded(&artifact) < ARTIFACT_BYTES {
        // Each on other rows, for equal models would compress to one.
        let from = artifact.hour.models.len() % 10;
        let options = PooledOptions { trees: TreeOptions { trees: 400, ..trees }, ..options };
        let fitted =
            fit_pooled(Granularity::Hour, &calendar, views.get(from..from + 10).unwrap(), &options).unwrap();
        artifact.hour.models.push(Model::LightGbm(fitted.model));
    }
    artifact.trained_at += SignedDuration::from_secs(1);
    pipeline::artifact::publish(&known.blobs, &artifact).await.unwrap();
}

fn encoded(artifact: &pipeline::artifact::Artifact) -> usize {
    zstd::encode_all(&serde_json::to_vec(artifact).unwrap()[..], 1).unwrap().len()
}

/// Puts what detect may read into the bucket; returns how many objects.
async fn put_all(from: &MemoryBackend, bucket: &S3BlobStore, now: Timestamp) -> usize {
    let mut prefixes: Vec<String> = ["rollups/", "dirty/", "state/", "models/"].map(str::to_owned).into();
    for hour in 0..RECENT_HOURS {
        prefixes.push(names::tickets_prefix(STREAM, Hour::of(now).plus(-hour)));
    }
    let mut objects = 0;
    for prefix in prefixes {
        for key in from.blobs.list(&prefix).await.unwrap() {
            let bytes = from.blobs.get(&key).await.unwrap().bytes;
            bucket.put(&key, bytes, PutIf::Always).await.unwrap();
            objects += 1;
        }
    }
    objects
}

/// Sizes of the artifact in bytes: as stored, and unpacked.
async fn artifact(from: &MemoryBackend) -> (usize, usize) {
    let mut largest = Vec::new();
    for key in from.blobs.list("models/").await.unwrap() {
        let bytes = from.blobs.get(&key).await.unwrap().bytes;
        if bytes.len() > largest.len() {
            largest = bytes;
        }
    }
    let unpacked = zstd::decode_all(&largest[..]).map_or(largest.len(), |bytes| bytes.len());
    (largest.len(), unpacked)
}
