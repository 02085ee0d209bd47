//! What the environment says.

use anyhow::{Result, anyhow};
use domain::stream::StreamConfig;
use jiff::tz::TimeZone;
use lambda::Variables;

/// Settings of the function; see `infra/template.yaml`.
#[derive(Debug)]
pub struct Config {
    /// Name and zone of the stream that tickets land in.
    pub stream: StreamConfig,
    /// The zone of times without an offset.
    pub zone: TimeZone,
    /// The system that tickets come from, where a request does not say.
    pub source: String,
    /// The bucket of all objects.
    pub bucket: String,
    /// The table of ticket identities.
    pub tickets_table: String,
    /// Days that a ticket's identity is kept.
    pub retention_days: u32,
    /// ARN of the secret that senders show as bearer token.
    pub ingest_token: String,
    /// ARN of the secret that requesters are hashed with.
    pub requester_key: String,
}

impl Config {
    /// Reads the variables. Fails on one that is missing or makes no sense.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let variables = Variables(&variable);
        let stream = variables.stream()?;
        let zone = stream.zone().map_err(|reason| anyhow!("read variable TIME_ZONE: {reason}"))?;
        Ok(Self {
            stream,
            zone,
            source: variables.or("SOURCE", "webhook"),
            bucket: variables.required("BUCKET")?,
            tickets_table: variables.required("TICKETS_TABLE")?,
            retention_days: variables.retention_days()?,
            ingest_token: variables.required("INGEST_TOKEN_SECRET_ARN")?,
            requester_key: variables.required("REQUESTER_KEY_SECRET_ARN")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changed: &[(&str, &str)]) -> Result<Config> {
        let changed: Vec<(String, String)> =
            changed.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Config::read(move |name| {
            let found = changed.iter().find(|(changed, _)| changed == name).map(|(_, value)| value.clone());
            let needed = ["BUCKET", "TICKETS_TABLE", "INGEST_TOKEN_SECRET_ARN", "REQUESTER_KEY_SECRET_ARN"];
            found.or_else(|| needed.contains(&name).then(|| name.to_lowercase()))
        })
    }

    #[test]
    fn what_is_not_set_has_a_default_or_is_named() {
        let config = read(&[]).unwrap();
        assert_eq!((config.stream.stream.as_str(), config.source.as_str()), ("default", "webhook"));
        assert_eq!(config.retention_days, 400);
        assert!(read(&[("BUCKET", " ")]).unwrap_err().to_string().contains("BUCKET"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (name, value) in [
            ("STREAM", "a#b"),
            ("TIME_ZONE", "Mars/Base"),
            ("RETENTION_DAYS", "many"),
            ("RETENTION_DAYS", "0"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
    }
}
