//! Where output goes: data to standard output, progress and remarks to standard error.

use crate::args::Global;
use crate::render::escape::is_deceptive;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Prints one JSON value and a line feed.
pub fn json<T: Serialize>(value: &T) -> Result<()> {
    text(&shown_json(serde_json::to_string_pretty(value)?))
}

/// `json` with every character that a terminal obeys, or that hides text, as an escape: the same value.
///
/// JSON itself asks that only of U+0000 to U+001F, and ids of tickets come as their source wrote them.
pub fn shown_json(json: String) -> String {
    // Between values there is no such character but the line feed.
    let is_escaped = |c: char| c != '\n' && is_deceptive(c);
    if !json.contains(is_escaped) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
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
    let template =
        if length == 0 { "{spinner} {msg} {pos} [{elapsed}]" } else { "{msg} {wide_bar} {percent}% [{eta}]" };
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let json = shown_json(
            serde_json::to_string_pretty(&["a\u{9b}31m\u{202e}b\u{e0041}\u{1b}", "grün 🙂"]).unwrap(),
        );
        assert_eq!(json, "[\n  \"a\\u009b31m\\u202eb\\udb40\\udc41\\u001b\",\n  \"grün 🙂\"\n]");
    }

    proptest! {
        #[test]
        fn the_value_stays_the_same(texts in proptest::collection::vec(any::<String>(), 0..5)) {
            let json = shown_json(serde_json::to_string_pretty(&texts).unwrap());
            prop_assert!(!json.contains(|c| c != '\n' && is_deceptive(c)));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), texts);
        }
    }
}
