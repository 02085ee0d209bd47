//! What a sender is told.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlResponse;
use domain::{ErrorKind, StoreError};
use pipeline::PipelineError;
use pipeline::ingest::Ingested;
use pipeline::reader::Refusal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::error::Error;

/// Seconds after which a throttled sender may come again: capacity grows within minutes.
const THROTTLED_SECONDS: u32 = 30;
/// Seconds after which a sender may come again while storage is out of reach.
const UNAVAILABLE_SECONDS: u32 = 5;

/// Part of the codes with which AWS says "too fast".
const THROTTLED: [&str; 6] = [
    "Throttl",
    "ThroughputExceeded",
    "SlowDown",
    "RequestLimitExceeded",
    "TooManyRequests",
    "Please reduce your request rate",
];

/// A row that was not landed.
#[derive(Debug, Serialize)]
pub struct RefusedRow {
    line: u64,
    column: Option<String>,
    reason: String,
}

impl From<Refusal> for RefusedRow {
    fn from(Refusal { line, column, reason }: Refusal) -> Self {
        Self { line, column, reason }
    }
}

/// What became of a request's rows; status 202.
#[derive(Debug, Serialize)]
pub struct Accepted {
    /// Landed, updated, duplicates.
    #[serde(flatten)]
    pub counts: Ingested,
    /// Rows that are no tickets.
    pub refused: u64,
    /// The first of them.
    pub errors: Vec<RefusedRow>,
    /// How many tickets have which warning.
    pub warnings: BTreeMap<String, u64>,
}

impl Accepted {
    /// As an HTTP response.
    pub fn response(&self) -> LambdaFunctionUrlResponse {
        respond(202, "application/json", self, &[])
    }
}

/// Why a request was not taken in, as RFC 9457 wants it told.
#[derive(Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    /// HTTP status.
    pub status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RefusedRow>,
    #[serde(skip)]
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        // "about:blank": the title is the status's own, there is no page about it.
        Self {
            kind: "about:blank",
            title,
            status,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    fn with(mut self, header: &'static str, value: impl ToString) -> Self {
        self.headers.push((header, value.to_string()));
        self
    }

    /// 400: the request is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "Bad Request", detail)
    }

    /// 400: not one row is a ticket.
    pub fn all_refused(errors: Vec<RefusedRow>) -> Self {
        Self { errors, ..Self::bad_request("every row was refused") }
    }

    /// 401: no token, or a wrong one.
    pub fn unauthorized() -> Self {
        let detail = "send the ingest token as Authorization: Bearer <token>";
        Self::new(401, "Unauthorized", detail).with("www-authenticate", "Bearer")
    }

    /// 405: not a POST.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "Method Not Allowed", "send tickets with POST").with("allow", "POST")
    }

    /// 413: more than a request may bring.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(413, "Content Too Large", detail)
    }

    /// 415: a format or a compression that is not read.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(415, "Unsupported Media Type", detail)
    }

    /// 429 or 503 for what may succeed later, else 500; logs the error, of which the sender learns nothing.
    pub fn of_store(error: &StoreError) -> Self {
        let throttled = is_throttled(error);
        let problem = match error.kind {
            _ if throttled => {
                Self::new(429, "Too Many Requests", "storage is busy; send the request again later")
                    .with("retry-after", THROTTLED_SECONDS)
            }
            ErrorKind::Unavailable | ErrorKind::Precondition => Self::unavailable(),
            _ => Self::failed(),
        };
        problem.logged(error)
    }

    /// The same for a step's error.
    pub fn of_step(error: &PipelineError) -> Self {
        match error {
            PipelineError::Store(error) => Self::of_store(error),
            error if error.is_transient() => Self::unavailable().logged(error),
            error => Self::failed().logged(error),
        }
    }

    fn unavailable() -> Self {
        Self::new(503, "Service Unavailable", "storage is out of reach; send the request again")
            .with("retry-after", UNAVAILABLE_SECONDS)
    }

    fn failed() -> Self {
        Self::new(500, "Internal Server Error", "the function's log says why; its operator has to look")
    }

    fn logged(self, error: &dyn Error) -> Self {
        tracing::error!(status = self.status, error = %chain(error), "request failed");
        self
    }

    /// As an HTTP response.
    pub fn response(&self) -> LambdaFunctionUrlResponse {
        respond(self.status, "application/problem+json", self, &self.headers)
    }
}

/// An error and its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn is_throttled(error: &StoreError) -> bool {
    error.kind == ErrorKind::Unavailable && {
        let text = chain(error);
        THROTTLED.iter().any(|code| text.contains(code))
    }
}

fn respond<T: Serialize>(
    status: u16,
    content_type: &str,
    body: &T,
    headers: &[(&'static str, String)],
) -> LambdaFunctionUrlResponse {
    let mut response = LambdaFunctionUrlResponse::default();
    response.status_code = i64::from(status);
    // A struct of strings and numbers always serialises.
    response.body = serde_json::to_string(body).ok();
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in [("content-type", content_type)].into_iter().chain(headers) {
        if let Ok(value) = value.parse() {
            response.headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_decides_whether_to_come_again() {
        let with = |kind, source: &str| StoreError::with_source(kind, "claim tickets", source.to_owned());
        for (kind, source, status, retry) in [
            (ErrorKind::Unavailable, "ThrottlingException: rate exceeded", 429, Some("30")),
            (ErrorKind::Unavailable, "ProvisionedThroughputExceededException", 429, Some("30")),
            (ErrorKind::Unavailable, "connection reset", 503, Some("5")),
            (ErrorKind::Precondition, "", 503, Some("5")),
            (ErrorKind::Corrupt, "", 500, None),
            (ErrorKind::NotFound, "secret arn:aws:secretsmanager:x", 500, None),
        ] {
            let response = Problem::of_store(&with(kind, source)).response();
            assert_eq!(response.status_code, status, "{source}");
            let told = response.headers.get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(told, retry, "{source}");
            let body = response.body.unwrap();
            assert!(source.is_empty() || !body.contains(source), "the sender learns nothing of it: {body}");
        }
    }

    #[test]
    fn a_problem_has_the_members_of_its_rfc() {
        let response = Problem::method_not_allowed().response();
        let body: serde_json::Value = serde_json::from_str(&response.body.unwrap()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "about:blank",
                "title": "Method Not Allowed",
                "status": 405,
                "detail": "send tickets with POST",
            })
        );
        assert_eq!(response.headers["content-type"], "application/problem+json");
    }
}
