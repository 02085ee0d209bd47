//! One invocation: a request or a dropped file.

use crate::config::Config;
use crate::files::{self, Filed};
use crate::http;
use crate::outside::Outside;
use crate::secrets::Secrets;
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::s3::S3Event;
use domain::ports::{BlobStore, TicketIndex};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent};
use pipeline::ingest::IngestPorts;
use pipeline::reader::{Landing, ReadOptions, RequesterKey};
use serde::Serialize;
use serde_json::Value;

/// What the function works with.
#[derive(Clone, Copy)]
pub struct Ingest<'a> {
    /// Its settings.
    pub config: &'a Config,
    /// Where tickets go.
    pub blobs: &'a dyn BlobStore,
    /// Which tickets are known.
    pub tickets: &'a dyn TicketIndex,
    /// What it keeps of its secrets.
    pub secrets: &'a Secrets,
    /// Secrets and dropped files.
    pub outside: &'a dyn Outside,
    /// The time of day.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

impl<'a> Ingest<'a> {
    /// What the step needs.
    pub fn ports(&self) -> IngestPorts<'a> {
        IngestPorts { blobs: self.blobs, tickets: self.tickets }
    }

    /// How tickets are read.
    pub fn options(&self, source: &str, landing: Landing, key: RequesterKey) -> ReadOptions {
        ReadOptions {
            time_zone: self.config.zone.clone(),
            requester_key: Some(key),
            ..ReadOptions::new(&self.config.stream.stream, source, landing)
        }
    }
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a request.
    Http(LambdaFunctionUrlResponse),
    /// To a notification of the bucket; only its log is read.
    Files {
        /// What became of each file.
        files: Vec<Filed>,
    },
}

/// Handles one event; its shape says what it is.
pub async fn function_handler(ingest: &Ingest<'_>, event: LambdaEvent<Value>) -> Result<Answer, Diagnostic> {
    let event = event.payload;
    if event.pointer("/requestContext/http").is_some() {
        return Ok(Answer::Http(match serde_json::from_value::<LambdaFunctionUrlRequest>(event) {
            Ok(request) => http::answer(ingest, &request).await,
            // Nothing of the error is told on: it may quote the request.
            Err(_) => http::unreadable(),
        }));
    }
    if event.pointer("/Records/0/s3").is_some()
        && let Ok(event) = serde_json::from_value::<S3Event>(event)
    {
        let mut filed = Vec::new();
        for record in &event.records {
            filed.push(files::land(ingest, &record.s3).await?);
        }
        return Ok(Answer::Files { files: filed });
    }
    let message = "read the event: expected an HTTP request (payload version 2.0) or an S3 notification";
    tracing::error!(message);
    Err(failure("UnknownEvent", message))
}

/// An error as Lambda records it.
pub fn failure(error_type: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic { error_type: error_type.to_owned(), error_message: message.into() }
}

#[cfg(test)]
mod tests;
