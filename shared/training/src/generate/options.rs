//! What to generate, and why it may be refused.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What happens to an otherwise ordinary stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Nothing.
    None,
    /// A day of more tickets, drawn by weights on priority, type, tags and queue: every mix moves, no theme.
    Composition,
    /// A sudden failure that many customers tell in their own words.
    Outage,
    /// A day of more tickets of the usual mix.
    Uniform,
    /// One queue grows for a day, everything else is as usual.
    Segment,
    /// Tickets on one theme take the place of ordinary ones: the volume stays.
    Theme,
    /// A theme grows over five days.
    SlowRamp,
    /// A day of fewer tickets of the usual mix.
    Drop,
    /// Near-identical promotional mails from many alleged senders within four hours.
    SpamFlood,
    /// One person enters tickets of one form within twenty minutes.
    BulkEntry,
    /// No tickets for nine business hours; they never come.
    DataGap,
    /// Tickets of five hours reach the system late and together.
    Backlog,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Composition,
        Self::Outage,
        Self::Uniform,
        Self::Segment,
        Self::Theme,
        Self::SlowRamp,
        Self::Drop,
        Self::SpamFlood,
        Self::BulkEntry,
        Self::DataGap,
        Self::Backlog,
    ];

    /// The name on the command line and in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Composition => "composition",
            Self::Outage => "outage",
            Self::Uniform => "uniform",
            Self::Segment => "segment",
            Self::Theme => "theme",
            Self::SlowRamp => "slow-ramp",
            Self::Drop => "drop",
            Self::SpamFlood => "spam-flood",
            Self::BulkEntry => "bulk-entry",
            Self::DataGap => "data-gap",
            Self::Backlog => "backlog",
        }
    }

    /// Tickets of the affected day (of the affected queue for `segment`, of the last day for `slow-ramp`) in
    /// multiples of what is usual; `None` where the scenario has no such figure.
    pub fn default_multiplier(self) -> Option<f64> {
        match self {
            Self::None | Self::Theme | Self::DataGap | Self::Backlog => None,
            Self::Composition => Some(1.5),
            Self::Outage | Self::Uniform => Some(2.0),
            Self::Segment => Some(3.0),
            Self::SlowRamp => Some(1.3),
            Self::Drop => Some(0.4),
            Self::SpamFlood => Some(1.8),
            Self::BulkEntry => Some(1.6),
        }
    }

    /// How many days, from the anomaly date on, differ from ordinary ones.
    pub fn days(self) -> i64 {
        match self {
            Self::None => 0,
            Self::SlowRamp => 5,
            _ => 1,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|s| s.name()).collect();
            format!("unknown scenario {name:?}; expected one of {}", names.join(", "))
        })
    }
}

/// What the tickets of a coherent incident are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Single sign-on redirects for ever; default of `outage`.
    SignOnLoop,
    /// Cards are charged twice.
    DoubleCharge,
    /// Exported files hold question marks for accents; default of `theme`.
    BrokenExport,
    /// The mobile app drains batteries; default of `slow-ramp`.
    BatteryDrain,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 4] = [Self::SignOnLoop, Self::DoubleCharge, Self::BrokenExport, Self::BatteryDrain];

    /// The name on the command line and in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignOnLoop => "sign-on-loop",
            Self::DoubleCharge => "double-charge",
            Self::BrokenExport => "broken-export",
            Self::BatteryDrain => "battery-drain",
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Theme {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|t| t.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|t| t.name()).collect();
            format!("unknown theme {name:?}; expected one of {}", names.join(", "))
        })
    }
}

/// What to generate. The default is a year with a composition shift on 2023-10-05.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateOptions {
    /// What happens.
    pub scenario: Scenario,
    /// Equal seeds give equal bytes.
    pub seed: u64,
    /// First day (in the zone).
    pub from: Date,
    /// Last day, included.
    pub to: Date,
    /// The day on which it happens, or begins.
    pub anomaly_date: Date,
    /// See [`Scenario::default_multiplier`], which `None` stands for.
    pub multiplier: Option<f64>,
    /// Share of the day's tickets that the `theme` scenario replaces, above 0 and at most 1.
    pub theme_share: f64,
    /// What `outage`, `theme` and `slow-ramp` are about; `None` is the scenario's own.
    pub theme: Option<Theme>,
    /// The queue that grows in `segment`; `None` is the largest with less than a tenth of the tickets.
    pub queue: Option<String>,
    /// Tickets of a day of weight 1.00, a Wednesday or Thursday.
    pub tickets_per_day: f64,
    /// IANA name of the zone of days and hours.
    pub time_zone: String,
    /// Name of the stream.
    pub stream: String,
    /// CSV file to draw texts and fields from; `None` is the built-in corpus.
    pub corpus: Option<PathBuf>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            scenario: Scenario::Composition,
            seed: 42,
            from: date(2023, 1, 1),
            to: date(2023, 12, 31),
            anomaly_date: date(2023, 10, 5),
            multiplier: None,
            theme_share: 0.15,
            theme: None,
            queue: None,
            tickets_per_day: 197.4,
            time_zone: "UTC".to_owned(),
            stream: "default".to_owned(),
            corpus: None,
        }
    }
}

/// More tickets than this in one dataset are refused: they are held in memory.
const MAX_TICKETS: f64 = 20_000_000.0;

impl GenerateOptions {
    /// Checks every field and gives the zone. Fails with the option at fault and what it may be.
    pub fn validate(&self) -> Result<TimeZone, GenerateError> {
        let refuse = |reason: String| Err(GenerateError::Options(reason));
        let zone = domain::stream::StreamConfig::new(&self.stream, &self.time_zone);
        zone.validate().map_err(GenerateError::Options)?;
        if self.from > self.to {
            return refuse(format!("from {} is after to {}", self.from, self.to));
        }
        if self.from.year() < 1970 || self.to.year() > 2100 {
            return refuse(format!("period {} to {} leaves the years 1970 to 2100", self.from, self.to));
        }
        let rate = self.tickets_per_day;
        let days = f64::from(1 + (self.to - self.from).get_days());
        if !rate.is_finite() || rate <= 0.0 || rate * days > MAX_TICKETS {
            return refuse(format!(
                "tickets per day {rate} must be above 0, and at most {MAX_TICKETS} tickets in the {days} days"
            ));
        }
        if !(self.theme_share > 0.0 && self.theme_share <= 1.0) {
            return refuse(format!("theme share {} must be above 0 and at most 1", self.theme_share));
        }
        self.validate_anomaly()?;
        zone.zone().map_err(GenerateError::Options)
    }

    fn validate_anomaly(&self) -> Result<(), GenerateError> {
        let refuse = |reason: String| Err(GenerateError::Options(reason));
        let scenario = self.scenario;
        let last = self.anomaly_date.checked_add(jiff::Span::new().days((scenario.days() - 1).max(0)));
        if scenario != Scenario::None
            && (self.anomaly_date < self.from || !last.is_ok_and(|last| last <= self.to))
        {
            return refuse(format!(
                "anomaly date {} with the {} day(s) of scenario {scenario} is not inside {} to {}",
                self.anomaly_date,
                scenario.days(),
                self.from,
                self.to
            ));
        }
        match (self.multiplier, scenario.default_multiplier()) {
            (Some(_), None) => refuse(format!("scenario {scenario} takes no multiplier")),
            (Some(m), Some(default)) => {
                let in_range = if default < 1.0 { (0.0..1.0).contains(&m) } else { m > 1.0 && m <= 1000.0 };
                let range = if default < 1.0 { "at least 0 and below 1" } else { "above 1 and at most 1000" };
                if in_range {
                    Ok(())
                } else {
                    refuse(format!("multiplier {m} of scenario {scenario} must be {range}"))
                }
            }
            (None, _) => Ok(()),
        }
    }
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// An option is out of range.
    #[error("generate tickets: {0}")]
    Options(String),
    /// A line of the corpus file cannot be used; 0 stands for the whole file.
    #[error("read corpus, line {line}: {reason}")]
    Corpus {
        /// Physical line, the header is 1.
        line: u64,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Metadata cannot be understood.
    #[error("read metadata: {0}")]
    Metadata(String),
    /// A file cannot be read or written.
    #[error("{action} {path}")]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}
