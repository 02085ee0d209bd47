//! `anomalyze train`

use super::Outcome;
use crate::args::{Global, Train, instant};
use crate::output;
use crate::workspace::{Workspace, now};
use anyhow::Result;
use pipeline::artifact::{Artifact, Level, publish};
use pipeline::promote::{Decision, Promotion, train_if_not_worse};
use pipeline::rollup::roll_dirty_hours;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Trained<'a> {
    artifact: &'a str,
    trained_from: jiff::Timestamp,
    trained_until: jiff::Timestamp,
    hour: Summary,
    day: Summary,
}

#[derive(Serialize)]
struct Summary {
    series: usize,
    models: BTreeMap<&'static str, usize>,
    threshold: f64,
    backtest: pipeline::artifact::Backtest,
}

fn summary(level: &Level) -> Summary {
    let mut models = BTreeMap::new();
    for series in level.series.values() {
        let name = level.models.get(series.model).map_or("?", |m| m.detector().name());
        *models.entry(name).or_default() += 1;
    }
    Summary {
        series: level.series.len(),
        models,
        threshold: level.threshold,
        backtest: level.backtest.clone(),
    }
}

/// Fits, calibrates and publishes an artifact.
pub async fn run(global: &Global, args: Train) -> Result<Outcome> {
    let workspace = Workspace::open(global).await?;
    let blobs = &workspace.backend.blobs;
    let now = now();
    let stream = &workspace.config.stream;
    let bar = output::progress(global, 0, "counting");
    roll_dirty_hours(blobs, stream, now).await?;
    let until = match &args.until {
        Some(text) => instant(text, &workspace.zone)?,
        None => pipeline::history::last_hour(blobs, stream).await?.map_or(now, |h| h.end()),
    };
    bar.set_message("training");
    if args.if_not_worse {
        let fitters = &training::fitters::ALL;
        let promotion = train_if_not_worse(blobs, &workspace.config, until, now, fitters).await?;
        bar.finish_and_clear();
        show_decision(global, &promotion)?;
        return Ok(Outcome::Done);
    }
    let artifact =
        pipeline::train::train(blobs, &workspace.config, until, now, &training::fitters::ALL).await?;
    let id = publish(blobs, &artifact).await?;
    bar.finish_and_clear();
    show(global, &id, &artifact)?;
    Ok(Outcome::Done)
}

fn show_decision(global: &Global, promotion: &Promotion) -> Result<()> {
    if global.json {
        return output::json(promotion);
    }
    let decision = match promotion.decision {
        Decision::Promoted => "promoted",
        Decision::Kept => "kept the artifact in use",
        Decision::NotTrained => "not trained",
    };
    let candidate = promotion.candidate.as_deref().map_or(String::new(), |id| format!(" (candidate {id})"));
    output::text(&format!("{decision}{candidate}: {}\n", promotion.reason))
}

fn show(global: &Global, id: &str, artifact: &Artifact) -> Result<()> {
    let trained = Trained {
        artifact: id,
        trained_from: artifact.trained_from,
        trained_until: artifact.trained_until,
        hour: summary(&artifact.hour),
        day: summary(&artifact.day),
    };
    if global.json {
        return output::json(&trained);
    }
    let mut text = format!("artifact {id}, history {} to {}\n", trained.trained_from, trained.trained_until);
    for (name, level) in [("hours", &trained.hour), ("days", &trained.day)] {
        let models: Vec<String> = level.models.iter().map(|(m, n)| format!("{m} {n}")).collect();
        text += &format!(
            "{name}: {} series ({}), threshold {:.2}, back-test of {} steps: {} episodes\n",
            level.series,
            models.join(", "),
            level.threshold,
            level.backtest.steps,
            level.backtest.episodes
        );
    }
    output::text(&text)
}
