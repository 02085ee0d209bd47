//! The command line.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::path::PathBuf;

/// Support tickets in; anomalies, their causes and reports out.
#[derive(Parser)]
#[command(
    name = "anomalyze",
    version,
    after_help = "Examples:
  anomalyze demo                                        a generated outage, from tickets to report
  anomalyze import tickets.csv.gz --timezone Europe/Berlin
  anomalyze train
  anomalyze detect --now 2023-10-05T18:00:00Z
  anomalyze reports list
  anomalyze replay tickets.csv --train-until 2023-10-01 --out incidents.ndjson

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but rows were refused (see the file beside the input)."
)]
pub struct Args {
    /// Settings that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that every command takes.
#[derive(ClapArgs, Clone)]
pub struct Global {
    /// Folder that holds tickets, models, incidents and reports.
    #[arg(long, global = true, default_value = "anomalyze-data", value_name = "DIR")]
    pub dir: PathBuf,
    /// Stream (one help desk's flow) to work on.
    #[arg(long, global = true, default_value = "default", value_name = "NAME")]
    pub stream: String,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bars.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Survive power loss too: wait for the disk after every write (slower). Without it, data survives a crash of
    /// the program.
    #[arg(long, global = true)]
    pub durable: bool,
}

/// The verbs.
#[derive(Subcommand)]
pub enum Command {
    /// Generate an outage, live through it, and show its report.
    Demo(Demo),
    /// Write a synthetic ticket stream with known truth.
    Generate(Generate),
    /// Land tickets from CSV, TSV, JSON or NDJSON files (also .gz, .zst).
    Import(Import),
    /// Fit and calibrate models on the stream's history.
    Train(Train),
    /// Refresh counts, score, open and resolve incidents.
    Detect(Detect),
    /// Write the reports of announced incidents, or look at one incident or day.
    Diagnose(Diagnose),
    /// Read reports.
    Reports(Reports),
    /// Copy the artifact in use here to a deployment's bucket, and use it there.
    #[cfg(feature = "aws")]
    Publish(Publish),
    /// Score a series of counts.
    Score(Score),
    /// Live through a recorded stream as production would; one line per incident revision.
    Replay(Replay),
}

/// `anomalyze demo`
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  anomalyze demo --seed 7 --scenario segment")]
pub struct Demo {
    /// Random seed.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// What happens on the last day.
    #[arg(long, default_value = "outage")]
    pub scenario: String,
}

/// `anomalyze generate`
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  anomalyze generate --out data                         the seed's year: 1.5 times the tickets on 2023-10-05
  anomalyze generate --scenario outage --seed 7 --out data
  anomalyze generate --corpus tickets.csv --multiplier 3 --out data

Scenarios: none, composition (the default), outage, uniform, segment, theme, slow-ramp, drop, spam-flood,
bulk-entry, data-gap, backlog.
Writes tickets.csv, train.csv, test.csv, daily_counts.csv and anomaly_metadata.json.")]
pub struct Generate {
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What happens on the anomaly's day.
    #[arg(long, default_value = "composition")]
    pub scenario: String,
    /// Random seed.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Tickets of the anomaly's day relative to an ordinary one (default: by scenario, 1.5 for composition).
    #[arg(long)]
    pub multiplier: Option<f64>,
    /// First day.
    #[arg(long, default_value = "2023-01-01")]
    pub from: Date,
    /// Last day.
    #[arg(long, default_value = "2023-12-31")]
    pub to: Date,
    /// The anomaly's day.
    #[arg(long, default_value = "2023-10-05")]
    pub date: Date,
    /// Tickets on an ordinary Wednesday.
    #[arg(long)]
    pub per_day: Option<f64>,
    /// Time zone of the stream.
    #[arg(long, default_value = "UTC", value_parser = zone)]
    pub timezone: TimeZone,
    /// Take texts from a CSV with subject, body, type, queue, priority, language, tag_1 … tag_8.
    #[arg(long, value_name = "CSV")]
    pub corpus: Option<PathBuf>,
}

/// How a ticket file is read; shared by `import` and `replay`.
#[derive(ClapArgs, Clone)]
pub struct Reading {
    /// Format, when neither content nor name tells.
    #[arg(long, value_enum)]
    pub format: Option<FileFormat>,
    /// Where a field comes from, for instance `--map body=description` (repeatable).
    #[arg(long = "map", value_name = "FIELD=COLUMN")]
    pub mapping: Vec<String>,
    /// Zone of times without an offset, and of the stream's days.
    #[arg(long, value_parser = zone)]
    pub timezone: Option<TimeZone>,
    /// What separates tags (default: any of ; | ,).
    #[arg(long, value_name = "CHAR")]
    pub tag_separator: Option<char>,
    /// Name of the system the tickets come from.
    #[arg(long, default_value = "file")]
    pub source: String,
    /// Order of day and month in dates such as 03/04/2023.
    #[arg(long, value_enum)]
    pub date_order: Option<DateOrder>,
    /// Largest row, in bytes.
    #[arg(long, default_value_t = 1 << 20, value_name = "BYTES")]
    pub max_row: usize,
}

/// A ticket file's format.
#[derive(Clone, Copy, ValueEnum)]
pub enum FileFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// Tab-separated values with a header line.
    Tsv,
    /// One JSON array of objects.
    Json,
    /// One JSON object per line.
    Ndjson,
}

/// Order of day and month in numeric dates.
#[derive(Clone, Copy, ValueEnum)]
pub enum DateOrder {
    /// 31/12/2023
    DayFirst,
    /// 12/31/2023
    MonthFirst,
}

/// `anomalyze import`
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  anomalyze import tickets.csv.gz --timezone America/New_York
  anomalyze import export.ndjson --map body=description --map created_at=opened
Refused rows stand, with line number and reason, in FILE.refused.csv.")]
pub struct Import {
    /// Files to read.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub reading: Reading,
    /// Expected false alarms a year over the whole stream (kept with the stream; default 24).
    #[arg(long, value_name = "N")]
    pub alarm_budget: Option<f64>,
    /// Environment variable that holds the key for hashing requesters (default: a key made for this data folder).
    #[arg(long, value_name = "VAR")]
    pub requester_key_env: Option<String>,
}

/// `anomalyze train`
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  anomalyze train --until 2023-10-01
  anomalyze train --if-not-worse")]
pub struct Train {
    /// Use history before this instant or day (default: the latest ticket's hour).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Hold the last two weeks back, and put the artifact to use only if it forecasts them no worse than the one in use.
    #[arg(long)]
    pub if_not_worse: bool,
}

/// `anomalyze detect`
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  anomalyze detect --now 2023-10-05T18:00:00Z
  anomalyze detect --from 2023-10-05 --to 2023-10-06 --step 15m")]
pub struct Detect {
    /// The run's time (default: now).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"])]
    pub now: Option<String>,
    /// First of several runs.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<String>,
    /// Last of several runs.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<String>,
    /// Between two runs.
    #[arg(long, default_value = "15m", value_name = "SPAN", value_parser = span)]
    pub step: jiff::SignedDuration,
    /// Forget what was followed and begin anew from the counts, for instance at an earlier time.
    #[arg(long)]
    pub restart: bool,
}

/// `anomalyze diagnose`
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  anomalyze diagnose                      write the reports of all announced incidents
  anomalyze diagnose 4f6c1d2e3a4b5c6d     one incident, again
  anomalyze diagnose --date 2023-10-05    any day, incident or not
A run that is stopped keeps what it had begun to itself for six minutes.")]
pub struct Diagnose {
    /// An incident's id (or its beginning).
    #[arg(value_name = "INCIDENT", conflicts_with = "date")]
    pub incident: Option<String>,
    /// A day of the stream's zone.
    #[arg(long)]
    pub date: Option<Date>,
    /// The run's time (default: now).
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
}

/// `anomalyze reports`
#[derive(ClapArgs)]
pub struct Reports {
    /// List or show.
    #[command(subcommand)]
    pub command: ReportsCommand,
    /// Read a deployment's reports table instead of the data folder; credentials and region as for the AWS CLI.
    #[cfg(feature = "aws")]
    #[arg(long, global = true, value_name = "NAME")]
    pub table: Option<String>,
    /// Time zone of what is shown from a table (default: UTC).
    #[cfg(feature = "aws")]
    #[arg(long, global = true, value_parser = zone, requires = "table")]
    pub timezone: Option<TimeZone>,
}

/// `anomalyze publish`
#[cfg(feature = "aws")]
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  anomalyze publish --bucket anomalyze-data-123456789012")]
pub struct Publish {
    /// The deployment's bucket (output `BucketName` of its stack).
    #[arg(long, value_name = "NAME")]
    pub bucket: String,
}

/// `anomalyze reports …`
#[derive(Subcommand)]
pub enum ReportsCommand {
    /// The latest report of every incident.
    #[command(after_help = "Example:\n  anomalyze reports list --from 2023-10-01 --to 2023-11-01")]
    List {
        /// Windows that end after this time.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Windows that begin before this time.
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
    },
    /// One report, whole.
    #[command(after_help = "Example:\n  anomalyze reports show 4f6c --format markdown")]
    Show {
        /// An incident's id (or its beginning).
        incident: String,
        /// Revision (default: the latest).
        #[arg(long)]
        revision: Option<u32>,
        /// How to print it.
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
}

/// How a report is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a terminal.
    Text,
    /// For a ticket or a wiki.
    Markdown,
    /// For a program.
    Json,
}

/// `anomalyze score`
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  anomalyze score daily.csv --train-until 2023-10-01 --model lightgbm --interval 0.99 --label 2023-10-05
  anomalyze score hourly.csv --train-until 2023-10-01 --false-alarms 12 --plot scores.svg
  anomalyze score series/ --calendar calendar.json --false-alarms 2 --out scores/
COUNTS.csv has the columns timestamp,count, and counts by segment in columns named dimension:value (queue:Billing,
priority:high), which the panel reads too. Prints timestamp,actual,expected,lower,upper,score,flag; the score is −log10
of the probability that a quiet series is as strange.
CALENDAR.json has for every series of the folder, by the name of its file without .csv:
  {\"freq\": \"D\" or \"h\", \"tz\": zone of its days, \"train_end\": start of its last bucket of training,
   \"holidays\": [dates]}; times without an offset, there and in the series, are UTC.")]
pub struct Score {
    /// Counts to score; several files are read as one, in order. With --calendar: a folder of series.
    #[arg(value_name = "COUNTS.csv", required = true)]
    pub counts: Vec<PathBuf>,
    /// Train on what lies before.
    #[arg(long, value_name = "DATE", required_unless_present = "calendar")]
    pub train_until: Option<String>,
    /// Score every series of a folder, as this file says; the scores go to a folder.
    #[arg(
        long,
        value_name = "CALENDAR.json",
        requires = "out",
        conflicts_with_all = ["train_until", "holiday", "plot", "label", "timezone"]
    )]
    pub calendar: Option<PathBuf>,
    /// The model.
    #[arg(long, value_enum, default_value = "panel")]
    pub model: ModelName,
    /// Days unlike their weekday, in training or later.
    #[arg(long, value_name = "DATE", num_args = 1..)]
    pub holiday: Vec<Date>,
    /// Flag what lies outside the model's own interval of this coverage.
    #[arg(
        long,
        value_name = "SHARE",
        conflicts_with = "false_alarms",
        required_unless_present = "false_alarms"
    )]
    pub interval: Option<f64>,
    /// Flag so that this many false alarms a year are to be expected.
    #[arg(long, value_name = "N")]
    pub false_alarms: Option<f64>,
    /// Write the scores here instead of printing them; a folder with --calendar.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw forecast, interval, counts and anomalies (.png or .svg).
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// True anomalies: also prints precision, recall and F1.
    #[arg(long, value_name = "DATE", num_args = 1..)]
    pub label: Vec<String>,
    /// Zone of times without an offset.
    #[arg(long, default_value = "UTC", value_parser = zone)]
    pub timezone: TimeZone,
}

/// A model of `score`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModelName {
    /// The total and the shares of its segments together, over several windows.
    Panel,
    /// Trend, weekly shape and holidays.
    Prophet,
    /// Seasonal ARIMA.
    Sarima,
    /// Gradient-boosted trees on calendar, lags and rolling statistics.
    Lightgbm,
    /// Seasonal median with negative-binomial scatter.
    Baseline,
}

/// `anomalyze replay`
#[derive(ClapArgs)]
#[command(after_help = "Example:
  anomalyze replay tickets.csv.gz --timezone America/New_York --train-until 2017-01-01 --out incidents.ndjson

One JSON line per incident revision:
  incident_id, revision, status, opened_at (when this revision was decided), window_start, window_end,
  kind (volume|theme|data_quality), direction, segment, keywords (at most 8, ranked), tickets, expected, score,
  severity, verdict, nature, title, sample_ticket_ids (at most 20, all inside the window).
The window is at most 7 days long and ends by the decision. Models are retrained every 7 days.")]
pub struct Replay {
    /// The recorded stream.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is read.
    #[command(flatten)]
    pub reading: Reading,
    /// Everything before is history to train on.
    #[arg(long, value_name = "TIME")]
    pub train_until: String,
    /// Where to end (default: the last ticket).
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Between two detect runs.
    #[arg(long, default_value = "15m", value_name = "SPAN", value_parser = span)]
    pub step: jiff::SignedDuration,
    /// Write the lines here instead of printing them.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Keep the replay's data folder here (default: a temporary one).
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Expected false alarms a year over the whole stream.
    #[arg(long, default_value_t = 24.0, value_name = "N")]
    pub alarm_budget: f64,
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("unknown time zone {name:?}; expected an IANA name such as Europe/Berlin"))
}

fn span(text: &str) -> Result<jiff::SignedDuration, String> {
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| format!("{text:?} is not a span such as 15m, 1h or 1h30m"))?;
    if span < jiff::SignedDuration::from_mins(15) {
        return Err("at least 15m: detection works on 15-minute cells".into());
    }
    Ok(span)
}

/// An instant: RFC 3339, or a date or a local time in `zone` (a date is its first instant).
pub fn instant(text: &str, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let read = || {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(at);
        }
        let local = text
            .parse::<jiff::civil::DateTime>()
            .ok()
            .or_else(|| text.parse::<Date>().ok().map(|d| d.to_datetime(jiff::civil::Time::midnight())))?;
        local.to_zoned(zone.clone()).ok().map(|z| z.timestamp())
    };
    read().ok_or_else(|| {
        anyhow::anyhow!("read time {text:?}: expected 2023-10-05, 2023-10-05T18:00 or 2023-10-05T18:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn a_date_is_its_first_instant_in_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(instant("2023-10-05", &berlin).unwrap().to_string(), "2023-10-04T22:00:00Z");
        assert_eq!(instant("2023-10-05T18:00:00Z", &berlin).unwrap().to_string(), "2023-10-05T18:00:00Z");
        assert!(instant("yesterday", &berlin).is_err());
    }
}
