//! Settings from the environment.

use domain::stream::StreamConfig;

/// A variable that is missing or makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("read variable {name}: {reason}")]
pub struct VariableError {
    /// Its name; several where they make sense only together.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl VariableError {
    fn new(name: &str, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), reason: reason.into() }
    }
}

/// The variables that `infra/template.yaml` sets; an empty one counts as not set.
pub struct Variables<'a>(pub &'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn given(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.trim().is_empty())
    }

    /// A variable that must be set.
    pub fn required(&self, name: &str) -> Result<String, VariableError> {
        self.given(name).ok_or_else(|| VariableError::new(name, "it is not set"))
    }

    /// A variable, or what it is when it is not set.
    pub fn or(&self, name: &str, default: &str) -> String {
        self.given(name).unwrap_or_else(|| default.to_owned())
    }

    /// The stream's settings: `STREAM` (default `default`), `TIME_ZONE` (UTC), `ALARM_BUDGET` (24).
    pub fn stream(&self) -> Result<StreamConfig, VariableError> {
        let mut stream = StreamConfig::new(self.or("STREAM", "default"), self.or("TIME_ZONE", "UTC"));
        if let Some(budget) = self.given("ALARM_BUDGET") {
            stream.alarm_budget =
                budget.parse().map_err(|_| VariableError::new("ALARM_BUDGET", "it is no number"))?;
        }
        match stream.validate() {
            Ok(()) => Ok(stream),
            Err(reason) => Err(VariableError::new("STREAM, TIME_ZONE or ALARM_BUDGET", reason)),
        }
    }

    /// Days that items of the tables are kept: `RETENTION_DAYS` (400), at least one.
    pub fn retention_days(&self) -> Result<u32, VariableError> {
        let wrong = || VariableError::new("RETENTION_DAYS", "it is no number of days, at least 1");
        self.or("RETENTION_DAYS", "400").parse().ok().filter(|days| *days > 0).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(name: &str, value: &str, read: impl Fn(&Variables<'_>) -> T) -> T {
        read(&Variables(&|asked| (asked == name).then(|| value.to_owned())))
    }

    #[test]
    fn what_is_not_set_has_a_default_or_is_named() {
        let stream = with("NONE", "", |v| v.stream().unwrap());
        assert_eq!(stream, StreamConfig::default());
        assert_eq!(with("RETENTION_DAYS", " ", |v| v.retention_days().unwrap()), 400);
        assert_eq!(with("BUCKET", "b", |v| v.required("BUCKET").unwrap()), "b");
        let error = with("BUCKET", " ", |v| v.required("BUCKET").unwrap_err());
        assert_eq!(error.to_string(), "read variable BUCKET: it is not set");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (name, value) in
            [("STREAM", "A"), ("TIME_ZONE", "?"), ("ALARM_BUDGET", "-1"), ("ALARM_BUDGET", "x")]
        {
            let error = with(name, value, |v| v.stream().unwrap_err());
            assert!(error.to_string().contains(name), "{name}={value}: {error}");
        }
        for value in ["0", "-1", "x"] {
            assert!(with("RETENTION_DAYS", value, |v| v.retention_days()).is_err(), "{value}");
        }
    }
}
