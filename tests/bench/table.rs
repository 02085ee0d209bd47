//! What was measured, in lines.

use std::time::Duration;

/// Lines in the order in which they were added.
#[derive(Default)]
pub struct Table {
    lines: Vec<[String; 6]>,
}

impl Table {
    /// Milliseconds of several runs.
    pub fn times(&mut self, what: &str, values: &[f64], target: &str) {
        self.add(what, values, |value| format!("{value:.1} ms"), target);
    }

    /// Counts of several runs.
    pub fn counts(&mut self, what: &str, values: &[f64]) {
        self.add(what, values, |value| format!("{value:.0}"), "");
    }

    /// Bytes, once.
    pub fn memory(&mut self, what: &str, bytes: u64, target: &str) {
        self.add(what, &[bytes as f64 / 1e6], |value| format!("{value:.1} MB"), target);
    }

    fn add(&mut self, what: &str, values: &[f64], show: impl Fn(f64) -> String, target: &str) {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share| show(percentile(&sorted, share));
        let line = [what.to_owned(), sorted.len().to_string(), at(0.5), at(0.99), at(1.0), target.to_owned()];
        println!("{}", line.join("  "));
        self.lines.push(line);
    }

    /// Prints all of it.
    pub fn print(&self) {
        let heading = ["", "n", "p50", "p99", "most", "target"].map(str::to_owned);
        println!();
        for line in std::iter::once(&heading).chain(&self.lines) {
            let [what, n, median, high, most, target] = line;
            println!("{what:<42} {n:>4} {median:>11} {high:>11} {most:>11}   {target}");
        }
    }
}

/// The smallest value that `share` of the sorted values do not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// Milliseconds of a duration.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
