//! Where output goes: data to standard output, progress and remarks to standard error.

use crate::args::Global;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Prints one JSON value and a line feed.
pub fn json<T: Serialize>(value: &T) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints text.
pub fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        writeln!(out)?;
    }
    Ok(())
}

/// A remark for a person; nothing with `--quiet`.
pub fn remark(global: &Global, text: &str) {
    if !global.quiet {
        anstream::eprintln!("{text}");
    }
}

/// Whether standard output is a terminal that wants colours.
pub fn color() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Columns of the terminal, 100 elsewhere.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    columns.unwrap_or(100).clamp(60, 120)
}

/// A progress bar on a terminal, nothing elsewhere. `length` 0 is a spinner.
pub fn progress(global: &Global, length: u64, what: &'static str) -> ProgressBar {
    if global.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if length == 0 { "{spinner} {msg} {pos} [{elapsed}]" } else { "{msg} {wide_bar} {percent}% [{eta}]" };
    let bar = if length == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(length) };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Milliseconds since `start`, for the steps that take their clock as an argument.
pub fn stopwatch(start: Instant) -> impl Fn() -> f64 {
    move || start.elapsed().as_secs_f64() * 1e3
}
