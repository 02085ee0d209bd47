//! What the environment says.

use anyhow::{Context, Result, anyhow, ensure};
use domain::stream::StreamConfig;

/// Settings of the function; see `infra/template.yaml`.
#[derive(Debug)]
pub struct Config {
    /// Name, zone and alarm budget of the stream.
    pub stream: StreamConfig,
    /// The bucket of all objects.
    pub bucket: String,
    /// The table of incidents.
    pub incidents_table: String,
    /// The table of reports, where leases lie too.
    pub reports_table: String,
    /// Days that a report is kept.
    pub retention_days: u32,
    /// The queue that messages come from.
    pub queue_url: String,
    /// Where messages go that can never succeed.
    pub dead_letter_queue_url: String,
}

impl Config {
    /// Reads the variables. Fails on one that is missing or makes no sense.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required =
            |name: &str| given(name).with_context(|| format!("read variable {name}: it is not set"));
        let or = |name: &str, default: &str| given(name).unwrap_or_else(|| default.to_owned());
        let mut stream = StreamConfig::new(or("STREAM", "default"), or("TIME_ZONE", "UTC"));
        stream.alarm_budget =
            or("ALARM_BUDGET", "24").parse().context("read variable ALARM_BUDGET: it is no number")?;
        stream.validate().map_err(|e| anyhow!("read variables STREAM, TIME_ZONE and ALARM_BUDGET: {e}"))?;
        let retention_days =
            or("RETENTION_DAYS", "400").parse().context("read variable RETENTION_DAYS: it is no number")?;
        ensure!(retention_days > 0, "read variable RETENTION_DAYS: it is zero");
        Ok(Self {
            stream,
            bucket: required("BUCKET")?,
            incidents_table: required("INCIDENTS_TABLE")?,
            reports_table: required("REPORTS_TABLE")?,
            retention_days,
            queue_url: required("QUEUE_URL")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changed: &[(&str, &str)]) -> Result<Config> {
        Config::read(|name| {
            let found = changed.iter().find(|(changed, _)| *changed == name);
            let needed = ["BUCKET", "INCIDENTS_TABLE", "REPORTS_TABLE", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL"];
            found
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| needed.contains(&name).then(|| name.to_lowercase()))
        })
    }

    #[test]
    fn what_is_not_set_has_a_default_or_is_named() {
        let config = read(&[]).unwrap();
        assert_eq!((config.stream, config.retention_days), (StreamConfig::default(), 400));
        let error = read(&[("DEAD_LETTER_QUEUE_URL", "")]).unwrap_err().to_string();
        assert!(error.contains("DEAD_LETTER_QUEUE_URL"), "{error}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (name, value) in
            [("STREAM", "A"), ("TIME_ZONE", "?"), ("ALARM_BUDGET", "0"), ("RETENTION_DAYS", "0")]
        {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
    }
}
