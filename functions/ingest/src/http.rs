//! A POST with tickets and its answer.
//!
//! # Layout
//! - `body`: the request's tickets as text of one format
//! - `answer`: the counts, or a problem (RFC 9457)

mod answer;
mod body;

use crate::event_handler::Ingest;
use answer::{Accepted, Problem, RefusedRow};
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use body::Body;
use domain::ticket::Ticket;
use pipeline::reader::{Landing, ReadError, ReadOptions, ReadSummary, read_tickets};

/// Rows that one request may bring.
const MAX_ROWS: usize = 10_000;
/// Refused rows that an answer lists.
const LISTED_ROWS: usize = 100;

/// Lands a request's tickets.
pub async fn answer(ingest: &Ingest<'_>, request: &LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
    match land(ingest, request).await {
        Ok(accepted) => {
            let counts = &accepted.counts;
            tracing::info!(
                landed = counts.landed,
                updated = counts.updated,
                duplicates = counts.duplicates,
                refused = accepted.refused,
                "request landed"
            );
            accepted.response()
        }
        Err(problem) => {
            // The detail is for the sender alone: it may show a header's first fields.
            tracing::info!(status = problem.status, "request refused");
            problem.response()
        }
    }
}

/// The answer to a request that is no proper HTTP request.
pub fn unreadable() -> LambdaFunctionUrlResponse {
    let problem = Problem::bad_request("the request has headers or fields that cannot be read");
    tracing::info!(status = problem.status, "request refused");
    problem.response()
}

async fn land(ingest: &Ingest<'_>, request: &LambdaFunctionUrlRequest) -> Result<Accepted, Problem> {
    if request.request_context.http.method.as_deref() != Some("POST") {
        return Err(Problem::method_not_allowed());
    }
    let now = (ingest.clock)();
    let Some(shown) = bearer(request) else { return Err(Problem::unauthorized()) };
    let known = ingest.secrets.is_token(shown, ingest.config, ingest.outside, now).await;
    if !known.map_err(|error| Problem::of_store(&error))? {
        return Err(Problem::unauthorized());
    }
    let body = Body::of(request)?;
    let key = ingest.secrets.requester_key(ingest.config, ingest.outside).await;
    let key = key.map_err(|error| Problem::of_store(&error))?;
    let source = request.query_string_parameters.get("source").unwrap_or(&ingest.config.source);
    let mut options = ingest.options(source, Landing::At(now), key);
    options.format = Some(body.format);
    let read = read(&body, &options)?;
    if read.tickets.is_empty() && read.summary.refused > 0 {
        return Err(Problem::all_refused(read.refused));
    }
    let stream = &ingest.config.stream.stream;
    let counts = pipeline::ingest::ingest(ingest.ports(), stream, read.tickets).await;
    Ok(Accepted {
        counts: counts.map_err(|error| Problem::of_step(&error))?,
        refused: read.summary.refused,
        errors: read.refused,
        warnings: read.summary.warnings.iter().map(|(warning, n)| (warning.to_string(), *n)).collect(),
    })
}

/// The token of an `Authorization: Bearer` header.
fn bearer(request: &LambdaFunctionUrlRequest) -> Option<&str> {
    let (scheme, token) = request.headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The rows of a request.
struct Rows {
    tickets: Vec<Ticket>,
    refused: Vec<RefusedRow>,
    summary: ReadSummary,
}

/// Reads the whole body: a request that cannot be read to its end lands nothing.
fn read(body: &Body, options: &ReadOptions) -> Result<Rows, Problem> {
    let problem = |error: ReadError| Problem::bad_request(error.to_string());
    let mut reader = read_tickets(body.text.as_slice(), None, options).map_err(problem)?;
    let (mut tickets, mut refused, mut rows) = (Vec::new(), Vec::new(), 0);
    for row in reader.by_ref() {
        rows += 1;
        if rows > MAX_ROWS {
            return Err(Problem::too_large(format!(
                "more than {MAX_ROWS} rows; send them in several requests"
            )));
        }
        match row.map_err(problem)?.outcome {
            Ok(ticket) => tickets.push(ticket),
            Err(refusal) if refused.len() < LISTED_ROWS => refused.push(RefusedRow::from(refusal)),
            Err(_) => {}
        }
    }
    Ok(Rows { tickets, refused, summary: reader.summary().clone() })
}
