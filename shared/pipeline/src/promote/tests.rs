//! First training, the same data again, and candidates that have learnt nonsense.

use super::*;
use crate::artifact::Loaded;
use crate::ingest::{IngestPorts, ingest};
use crate::rollup::roll_dirty_hours;
use domain::anomaly::Granularity;
use jiff::SignedDuration;
use models::{Baseline, Calendar, Fitted, Model, SeriesView};
use testing::MemoryBackend;

/// The baseline of what it is shown, moved by some steps: by twelve hours, it takes night for day.
struct Moved(usize);

impl Fitter for Moved {
    fn name(&self) -> &'static str {
        "moved"
    }

    fn fit(
        &self,
        granularity: Granularity,
        calendar: &[Calendar],
        series: &[&[f64]],
        from: usize,
    ) -> std::result::Result<Fitted, String> {
        let moved = |values: &&[f64]| {
            let around = values.iter().cycle().skip(self.0);
            around.take(values.len()).copied().collect()
        };
        let learnt: Vec<Vec<f64>> = series.iter().map(moved).collect();
        let views: Vec<_> =
            learnt.iter().map(|values| SeriesView { granularity, calendar, values }).collect();
        let model = Model::Baseline(Baseline::fit(granularity, &views));
        let means =
            |view: &SeriesView<'_>| model.detector().forecast(*view, from).iter().map(|f| f.mean).collect();
        let means = views.iter().map(means).collect();
        Ok(Fitted { model, means })
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn end() -> Timestamp {
    at("2023-10-05T00:00:00Z")
}

/// Days of more tickets by day than by night, rolled.
async fn history(days: i64) -> MemoryBackend {
    let backend = MemoryBackend::default();
    let ports = IngestPorts { blobs: &backend.blobs, tickets: &backend.tickets };
    let mut batch = Vec::new();
    for hour in 0..24 * days {
        let start = end() - SignedDuration::from_hours(hour + 1);
        let tickets = if (8..20).contains(&((24 - (hour + 1) % 24) % 24)) { 8 + hour % 5 } else { 1 };
        for i in 0..tickets {
            batch.push(testing::ticket(&format!("{hour}-{i}"), start + SignedDuration::from_secs(60 * i)));
        }
    }
    ingest(ports, "default", batch).await.unwrap();
    roll_dirty_hours(&backend.blobs, "default", end()).await.unwrap();
    backend
}

async fn run(backend: &MemoryBackend, until: Timestamp, fitter: &Moved) -> Promotion {
    let config = StreamConfig::default();
    train_if_not_worse(&backend.blobs, &config, until, until, &[fitter]).await.unwrap()
}

async fn in_use(backend: &MemoryBackend) -> Loaded {
    artifact::load(&backend.blobs, "default", None).await.unwrap()
}

#[tokio::test]
async fn too_little_history_is_a_decision() {
    let backend = MemoryBackend::default();
    let none = run(&backend, end(), &Moved(0)).await;
    assert_eq!(none.decision, Decision::NotTrained);
    let backend = history(5).await;
    let few = run(&backend, end(), &Moved(0)).await;
    assert!(few.decision == Decision::NotTrained && few.reason.contains("14 are needed"), "{few:?}");
}

#[tokio::test]
async fn what_is_not_worse_is_put_to_use_and_what_is_worse_is_not() {
    let backend = history(60).await;
    let week_ago = end() - SignedDuration::from_hours(24 * 7);
    let first = run(&backend, week_ago, &Moved(0)).await;
    assert_eq!((first.decision, &first.current), (Decision::Promoted, &None));
    assert_eq!(in_use(&backend).await.artifact.trained_until, week_ago);

    let again = run(&backend, week_ago, &Moved(0)).await;
    assert!(again.decision == Decision::Kept && again.candidate.is_none(), "{again:?}");

    let bad = run(&backend, end(), &Moved(12)).await;
    assert!(bad.decision == Decision::Kept && bad.reason.starts_with("worse on 7 days"), "{bad:?}");
    assert_eq!(Some(in_use(&backend).await.id), first.candidate);
    let kept = backend.blobs.get(&names::backtest("default", &bad.candidate.clone().unwrap())).await.unwrap();
    assert_eq!(serde_json::from_slice::<Promotion>(&kept.bytes).unwrap(), bad);

    let good = run(&backend, end(), &Moved(0)).await;
    assert_eq!(good.decision, Decision::Promoted, "{good:?}");
    let loaded = in_use(&backend).await;
    assert_eq!((Some(loaded.id), loaded.artifact.trained_until), (good.candidate.clone(), week_ago));
    let (hour, day) = (good.hour.unwrap(), good.day.unwrap());
    assert_eq!((hour.days, day.days, hour.difference), (7, 6, 0.0), "{hour:?} {day:?}");
}

#[tokio::test]
async fn an_artifact_that_cannot_be_read_is_replaced() {
    let backend = history(30).await;
    let first = run(&backend, end(), &Moved(0)).await;
    let key = names::model("default", &first.candidate.unwrap());
    backend.blobs.put(&key, b"damaged".to_vec(), PutIf::Always).await.unwrap();
    let second = run(&backend, end() + SignedDuration::from_hours(1), &Moved(0)).await;
    assert!(second.decision == Decision::Promoted && second.reason.contains("cannot be read"), "{second:?}");
    assert_eq!(Some(in_use(&backend).await.id), second.candidate);
}

#[test]
fn far_more_alarms_are_worse() {
    let figures = |episodes| Figures { deviance: 1.0, episodes };
    let compared = |candidate, current| Comparison {
        candidate: figures(candidate),
        current: figures(current),
        budget: 0.2,
        ..Comparison::default()
    };
    assert!(compared(2, 0).worse("hours").is_none() && compared(10, 4).worse("hours").is_none());
    assert!(compared(3, 0).worse("hours").is_some() && compared(12, 4).worse("hours").is_some());
}
