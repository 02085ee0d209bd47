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
}

impl Config {
    /// Reads the variables. Fails on one that is missing or makes no sense.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let variables = Variables(&variable);
        Ok(Self { stream: variables.stream()?, bucket: variables.required("BUCKET")? })
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
