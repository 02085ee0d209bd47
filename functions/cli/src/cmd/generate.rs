//! `anomalyze generate`

use super::Outcome;
use crate::args::{Generate, Global};
use crate::output;
use crate::workspace::zone_name;
use anyhow::{Context, Result};
use training::generate::{GenerateOptions, generate, write_dataset};

/// Writes a dataset.
pub fn run(global: &Global, args: Generate) -> Result<Outcome> {
    let defaults = GenerateOptions::default();
    let options = GenerateOptions {
        scenario: args.scenario.parse().map_err(anyhow::Error::msg)?,
        seed: args.seed,
        from: args.from,
        to: args.to,
        anomaly_date: args.date,
        multiplier: args.multiplier,
        tickets_per_day: args.per_day.unwrap_or(defaults.tickets_per_day),
        time_zone: zone_name(&args.timezone),
        stream: global.stream.clone(),
        corpus: args.corpus.clone(),
        ..defaults
    };
    let bar = output::progress(global, 0, "generating");
    let dataset = generate(&options).context("generate tickets")?;
    bar.set_message("writing");
    write_dataset(&args.out, &dataset).context("write the dataset")?;
    bar.finish_and_clear();
    if global.json {
        output::json(&dataset.truth)?;
    } else {
        output::text(&format!("{} tickets in {}", dataset.tickets.len(), args.out.display()))?;
        if let Some(anomaly) = &dataset.truth.anomaly {
            output::text(&format!(
                "{} on {}: {} tickets where {:.0} are usual",
                dataset.truth.scenario, anomaly.date, anomaly.actual_day, anomaly.expected_day
            ))?;
        }
    }
    Ok(Outcome::Done)
}
