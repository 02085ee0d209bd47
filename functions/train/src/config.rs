//! What the environment says.

use anyhow::{Context, Result, anyhow};
use domain::stream::StreamConfig;

/// Settings of the function; see `infra/template.yaml`.
#[derive(Debug)]
pub struct Config {
    /// Name, zone and alarm budget of the stream.
    pub stream: StreamConfig,
    /// The bucket of all objects.
    pub bucket: String,
}

impl Config {
    /// Reads the variables. Fails on one that is missing or makes no sense.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let or = |name: &str, default: &str| given(name).unwrap_or_else(|| default.to_owned());
        let mut stream = StreamConfig::new(or("STREAM", "default"), or("TIME_ZONE", "UTC"));
        stream.alarm_budget =
            or("ALARM_BUDGET", "24").parse().context("read variable ALARM_BUDGET: it is no number")?;
        stream.validate().map_err(|e| anyhow!("read variables STREAM, TIME_ZONE and ALARM_BUDGET: {e}"))?;
        Ok(Self { stream, bucket: given("BUCKET").context("read variable BUCKET: it is not set")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Config> {
        let bucket = |asked: &str| (asked == "BUCKET").then(|| "bucket".to_owned());
        Config::read(|asked| if asked == name { Some(value.to_owned()) } else { bucket(asked) })
    }

    #[test]
    fn what_is_not_set_has_a_default_or_is_named() {
        let config = read("OTHER", "").unwrap();
        assert_eq!((config.stream, config.bucket.as_str()), (StreamConfig::default(), "bucket"));
        assert!(read("BUCKET", " ").unwrap_err().to_string().contains("BUCKET"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (name, value) in [("STREAM", "A"), ("TIME_ZONE", "?"), ("ALARM_BUDGET", "-1")] {
            let error = read(name, value).unwrap_err().to_string();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
    }
}
