//! `anomalyze replay`

use super::{Outcome, import};
use crate::args::{Global, Replay, instant};
use crate::output;
use crate::workspace::{Workspace, zone_name};
use anyhow::{Context, Result, bail};
use domain::report::Report;
use domain::stream::StreamConfig;
use domain::ticket::Ticket;
use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use pipeline::reader::Landing;
use pipeline::replay::{Line, ReplayOptions, Watcher, replay};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

/// Writes lines as they come, so that a stopped replay leaves what it knew.
struct Lines<'a> {
    out: Box<dyn Write + 'a>,
    bar: ProgressBar,
    start: Timestamp,
    /// Why writing ended: the pipeline keeps only the message, and who stops reading is no failure.
    failure: Option<std::io::Error>,
}

impl Watcher for Lines<'_> {
    fn report(&mut self, report: &Report) -> Result<(), String> {
        let mut write = || -> std::io::Result<()> {
            let line = output::shown_json(serde_json::to_string(&Line::from(report))?);
            self.out.write_all(line.as_bytes())?;
            self.out.write_all(b"\n")?;
            self.out.flush()
        };
        write().map_err(|error| {
            let message = format!("write an incident line: {error}");
            self.failure = Some(error);
            message
        })
    }

    fn tick(&mut self, now: Timestamp) {
        self.bar.set_position(now.duration_since(self.start).as_hours().unsigned_abs());
    }
}

/// Replays a file in a fresh data folder.
pub async fn run(global: &Global, args: Replay) -> Result<Outcome> {
    let start = Instant::now();
    let zone = args.reading.timezone.clone().unwrap_or(TimeZone::UTC);
    let train_until = instant(&args.train_until, &zone)?;
    let (tickets, refused) = read(global, &args, &zone)?;
    let Some(last) = tickets.iter().map(|t| t.landed_at).max() else {
        bail!("replay {}: it holds no ticket", args.file.display());
    };
    let to = match &args.to {
        Some(text) => instant(text, &zone)?,
        None => last,
    };
    if to < train_until {
        bail!("replay from {train_until} to {to}: the end lies before the beginning");
    }
    let mut config = StreamConfig::new(&global.stream, zone_name(&zone));
    config.alarm_budget = args.alarm_budget;
    let temporary = crate::workspace::scratch()?;
    let dir = args.keep.as_deref().unwrap_or(temporary.path());
    if args.keep.is_some() && dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("replay into {}: the folder is not empty", dir.display());
    }
    let workspace = Workspace::temporary(dir, config.clone())?;
    let out: Box<dyn Write> = match &args.out {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).with_context(|| format!("write {}", path.display()))?))
        }
        None => Box::new(std::io::stdout()),
    };
    let hours = to.duration_since(train_until).as_hours().unsigned_abs();
    let bar = output::progress(global, hours.max(1), "replaying");
    let mut lines = Lines { out, bar: bar.clone(), start: train_until, failure: None };
    let options = ReplayOptions { config, train_until, to, step: args.step };
    let clock = output::stopwatch(start);
    let replayed =
        replay(workspace.ports(), &options, tickets, &training::fitters::ALL, &clock, &mut lines).await;
    bar.finish_and_clear();
    if let Some(error) = lines.failure.take() {
        return Err(anyhow::Error::new(error).context("write an incident line"));
    }
    let replayed = replayed?;
    output::remark(
        global,
        &format!(
            "{} tickets of history, {} replayed in {} steps and {} trainings: {} incidents, {} revisions ({:.1} s)",
            replayed.history,
            replayed.landed,
            replayed.steps,
            replayed.trainings,
            replayed.incidents,
            replayed.revisions,
            start.elapsed().as_secs_f64()
        ),
    );
    Ok(if refused > 0 { Outcome::Refused } else { Outcome::Done })
}

/// The folder of the replay's own output, for a list of refused rows that cannot lie beside its input.
fn output_folder(args: &Replay) -> std::path::PathBuf {
    let folder = args.out.as_deref().and_then(std::path::Path::parent).filter(|p| !p.as_os_str().is_empty());
    folder.map_or_else(|| std::path::PathBuf::from("."), std::path::Path::to_path_buf)
}

fn read(global: &Global, args: &Replay, zone: &TimeZone) -> Result<(Vec<Ticket>, u64)> {
    let options = import::read_options(&args.reading, &global.stream, zone, Landing::ColumnOrCreation)?;
    let (mut reader, length) = import::open(&args.file, &options)?;
    let counter = reader.bytes_read();
    let bar = output::progress(global, length, "reading");
    let mut refused = import::refused_writer(&args.file, &output_folder(args));
    let mut tickets = Vec::new();
    for row in reader.by_ref() {
        let row = row.with_context(|| format!("read {}", args.file.display()))?;
        match row.outcome {
            Ok(ticket) => tickets.push(ticket),
            Err(refusal) => refused.write(&refusal).context("write the list of refused rows")?,
        }
        bar.set_position(counter.load(std::sync::atomic::Ordering::Relaxed));
    }
    bar.finish_and_clear();
    let count = reader.summary().refused;
    if let Some(path) = refused.finish().context("write the list of refused rows")? {
        output::remark(global, &format!("{count} rows refused, see {}", path.display()));
    }
    Ok((tickets, count))
}
