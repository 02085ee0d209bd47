//! What the environment says.

use anyhow::Result;
use domain::stream::StreamConfig;
use lambda::Variables;

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
    /// Days that an incident is kept.
    pub retention_days: u32,
    /// The queue of revisions to diagnose.
    pub queue_url: String,
}

impl Config {
    /// Reads the variables. Fails on one that is missing or makes no sense.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let variables = Variables(&variable);
        Ok(Self {
            stream: variables.stream()?,
            bucket: variables.required("BUCKET")?,
            incidents_table: variables.required("INCIDENTS_TABLE")?,
            reports_table: variables.required("REPORTS_TABLE")?,
            retention_days: variables.retention_days()?,
            queue_url: variables.required("QUEUE_URL")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changed: &[(&str, &str)]) -> Result<Config> {
        Config::read(|name| {
            let found = changed.iter().find(|(changed, _)| *changed == name);
            let needed = ["BUCKET", "INCIDENTS_TABLE", "REPORTS_TABLE", "QUEUE_URL"];
            found
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| needed.contains(&name).then(|| name.to_lowercase()))
        })
    }

    #[test]
    fn what_is_not_set_has_a_default_or_is_named() {
        let config = read(&[]).unwrap();
        assert_eq!((config.stream, config.retention_days), (StreamConfig::default(), 400));
        assert!(read(&[("QUEUE_URL", "")]).unwrap_err().to_string().contains("QUEUE_URL"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (name, value) in
            [("STREAM", "A"), ("TIME_ZONE", "?"), ("ALARM_BUDGET", "-1"), ("RETENTION_DAYS", "x")]
        {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
    }
}
