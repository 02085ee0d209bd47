//! `anomalyze import`

use super::Outcome;
use crate::args::{DateOrder, FileFormat, Global, Import, Reading};
use crate::output;
use crate::workspace::{Workspace, now, zone_name};
use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use pipeline::ingest::{Ingested, ingest};
use pipeline::reader::{
    DayOrder, Format, Landing, Mapping, ReadOptions, RefusedWriter, RequesterKey, TicketReader, read_tickets,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Tickets of a batch: few enough to keep memory flat, many enough that an hour's object is written once.
const BATCH_TICKETS: usize = 20_000;
/// Bytes of text of a batch.
const BATCH_BYTES: usize = 32 << 20;

/// What became of a file.
#[derive(Serialize)]
struct Imported {
    file: String,
    read: u64,
    landed: u64,
    updated: u64,
    duplicates: u64,
    refused: u64,
    refused_file: Option<PathBuf>,
    warnings: BTreeMap<String, u64>,
}

/// Lands every file; a file that cannot be read to its end is an error after its readable rows have landed.
pub async fn run(global: &Global, args: Import) -> Result<Outcome> {
    let workspace = Workspace::create(global, |config| {
        if let Some(zone) = &args.reading.timezone {
            config.time_zone = zone_name(zone);
        }
        if let Some(budget) = args.alarm_budget {
            config.alarm_budget = budget;
        }
    })
    .await?;
    let key = requester_key(&global.dir, args.requester_key_env.as_deref())?;
    let mut outcome = Outcome::Done;
    let mut imported = Vec::new();
    for file in &args.files {
        let mut options =
            read_options(&args.reading, &global.stream, &workspace.zone, Landing::ColumnOr(now()))?;
        options.requester_key = Some(RequesterKey::new(&key)?);
        let (summary, failure) = import(global, &workspace, file, &options).await?;
        if summary.refused > 0 {
            outcome = Outcome::Refused;
        }
        if !global.json {
            output::text(&describe(&summary))?;
        }
        imported.push(summary);
        if let Some(failure) = failure {
            if global.json {
                output::json(&imported)?;
            }
            return Err(failure);
        }
    }
    if global.json {
        output::json(&imported)?;
    }
    Ok(outcome)
}

async fn import(
    global: &Global,
    workspace: &Workspace,
    file: &Path,
    options: &ReadOptions,
) -> Result<(Imported, Option<anyhow::Error>)> {
    let (mut reader, length) = open(file, options)?;
    let counter = reader.bytes_read();
    let bar = output::progress(global, length, "importing");
    let mut refused = refused_writer(file, &global.dir);
    let mut totals = Ingested::default();
    let mut read = 0;
    let mut failure = None;
    loop {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_TICKETS && bytes < BATCH_BYTES {
            match reader.next() {
                Some(Ok(row)) => {
                    read += 1;
                    match row.outcome {
                        Ok(ticket) => {
                            bytes += ticket.body.len() + ticket.subject.as_ref().map_or(0, String::len);
                            batch.push(ticket);
                        }
                        Err(refusal) => refused.write(&refusal).context("write the list of refused rows")?,
                    }
                }
                Some(Err(error)) => {
                    let context = format!("read {} to its end ({read} rows before are safe)", file.display());
                    failure = Some(anyhow::Error::new(error).context(context));
                    break;
                }
                None => break,
            }
        }
        if batch.is_empty() {
            break;
        }
        totals.add(ingest(workspace.ports().ingest(), &workspace.config.stream, batch).await?);
        bar.set_position(counter.load(Ordering::Relaxed));
    }
    bar.finish_and_clear();
    let summary = reader.summary();
    let imported = Imported {
        file: file.display().to_string(),
        read,
        landed: totals.landed,
        updated: totals.updated,
        duplicates: totals.duplicates,
        refused: summary.refused,
        refused_file: refused.finish().context("write the list of refused rows")?,
        warnings: summary.warnings.iter().map(|(w, n)| (w.to_string(), *n)).collect(),
    };
    Ok((imported, failure))
}

/// The list of refused rows: beside the file, or in the data folder where nothing can be written there.
pub fn refused_writer(file: &Path, otherwise: &Path) -> RefusedWriter {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default();
    if tempfile::tempfile_in(folder).is_err() && otherwise.is_dir() {
        return RefusedWriter::beside(&otherwise.join(name));
    }
    RefusedWriter::beside(file)
}

fn describe(imported: &Imported) -> String {
    let mut text = format!(
        "{}: {} read, {} landed, {} updated, {} duplicates, {} refused\n",
        imported.file,
        imported.read,
        imported.landed,
        imported.updated,
        imported.duplicates,
        imported.refused
    );
    if let Some(path) = &imported.refused_file {
        text += &format!("  refused rows and reasons: {}\n", path.display());
    }
    for (warning, count) in &imported.warnings {
        text += &format!("  {count} tickets: {warning}\n");
    }
    text
}

/// Opens a ticket file; also returns its length in bytes.
pub fn open(file: &Path, options: &ReadOptions) -> Result<(TicketReader<impl Read>, u64)> {
    let name = || format!("read {}", file.display());
    let input = File::open(file).with_context(name)?;
    let length = input.metadata().with_context(name)?.len();
    let file_name = file.file_name().map(|n| n.to_string_lossy().into_owned());
    let reader = read_tickets(BufReader::with_capacity(1 << 16, input), file_name.as_deref(), options)
        .with_context(name)?;
    Ok((reader, length))
}

/// How the command line says a file is to be read.
pub fn read_options(
    reading: &Reading,
    stream: &str,
    zone: &TimeZone,
    landing: Landing,
) -> Result<ReadOptions> {
    let mut mapping = Mapping::automatic();
    for entry in &reading.mapping {
        mapping.add(entry)?;
    }
    Ok(ReadOptions {
        format: reading.format.map(|format| match format {
            FileFormat::Csv => Format::Csv,
            FileFormat::Tsv => Format::Tsv,
            FileFormat::Json => Format::JsonArray,
            FileFormat::Ndjson => Format::Ndjson,
        }),
        mapping,
        time_zone: reading.timezone.clone().unwrap_or_else(|| zone.clone()),
        day_order: reading.date_order.map(|order| match order {
            DateOrder::DayFirst => DayOrder::DayFirst,
            DateOrder::MonthFirst => DayOrder::MonthFirst,
        }),
        tag_separator: reading.tag_separator,
        max_row_bytes: reading.max_row,
        ..ReadOptions::new(stream, &reading.source, landing)
    })
}

/// The key that requesters are hashed with: from the variable, else the data folder's own, made on first use.
fn requester_key(dir: &Path, variable: Option<&str>) -> Result<Vec<u8>> {
    if let Some(name) = variable {
        let key =
            std::env::var(name).with_context(|| format!("read the requester key from variable {name}"))?;
        return Ok(key.into_bytes());
    }
    let path = dir.join("requester.key");
    if let Ok(key) = std::fs::read(&path)
        && key.len() >= 32
    {
        return Ok(key);
    }
    let mut key = vec![0; 32];
    File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut key)).context("make a requester key")?;
    let write = || -> std::io::Result<()> {
        // Readable by the owner alone, and there whole or not at all.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&key)?;
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("store the requester key in {}", path.display()))?;
    Ok(key)
}
