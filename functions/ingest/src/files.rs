//! A file that was dropped into the bucket, read as it comes.

use crate::event_handler::{Ingest, failure};
use crate::outside::Incoming;
use aws_lambda_events::s3::S3Entity;
use domain::key::check_key;
use domain::ports::PutIf;
use domain::ticket::Ticket;
use domain::{ErrorKind, StoreError, names};
use lambda_runtime::Diagnostic;
use pipeline::PipelineError;
use pipeline::ingest::Ingested;
use pipeline::reader::{Landing, ReadError, ReadOptions, ReadSummary, Refusal, RefusedList, read_tickets};
use serde::Serialize;
use std::io::{self, BufReader};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::spawn_blocking;
use tokio_util::io::SyncIoBridge;

/// Tickets of a batch: memory holds three of them, one being read, one waiting, one being landed.
const BATCH_TICKETS: usize = 20_000;
/// Bytes of text of a batch.
const BATCH_BYTES: usize = 16 << 20;
/// Refused rows that are listed.
const LISTED_ROWS: u64 = 50_000;

/// What became of a file.
#[derive(Debug, Default, Serialize)]
pub struct Filed {
    /// Its key.
    key: String,
    /// Landed, updated, duplicates.
    #[serde(flatten)]
    counts: Ingested,
    /// Rows that are no tickets.
    refused: u64,
    /// Why nothing, or not all of it, was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<&'static str>,
}

/// What reading a file came to.
struct Read {
    summary: ReadSummary,
    list: Option<Vec<u8>>,
    end: Result<(), ReadError>,
}

/// Lands the file of one notification.
///
/// What is wrong with the file is told in the list of its refused rows, and is no error: the same file would be
/// wrong again. An error is what a repeated call may get over; it finds the rows that have landed as duplicates.
pub async fn land(ingest: &Ingest<'_>, entity: &S3Entity) -> Result<Filed, Diagnostic> {
    let encoded = entity.object.key.as_deref().unwrap_or_default();
    let Some(key) = decode(encoded).filter(|key| is_dropped_file(key)) else {
        tracing::warn!(key = encoded, "passed over: it is no file of the inbox");
        return Ok(Filed {
            key: encoded.to_owned(),
            stopped: Some("no file of the inbox"),
            ..Filed::default()
        });
    };
    let input = match ingest.outside.open(&key).await {
        Ok(input) => input,
        Err(error) if error.kind == ErrorKind::NotFound => {
            tracing::warn!(key, "passed over: the file is gone");
            return Ok(Filed { key, stopped: Some("gone"), ..Filed::default() });
        }
        Err(error) => return Err(failed(&key, &error.into())),
    };
    let requester_key = ingest.secrets.requester_key(ingest.config, ingest.outside).await;
    let requester_key = requester_key.map_err(|error| failed(&key, &error.into()))?;
    let landing = Landing::ColumnOr((ingest.clock)());
    let source = source_of(&key).unwrap_or(&ingest.config.source);
    let options = ingest.options(source, landing, requester_key);
    let (counts, read) = stream(ingest, &key, input, options).await.map_err(|error| failed(&key, &error))?;
    if let Err(ReadError::Io { source, .. }) = &read.end {
        let error = StoreError::new(ErrorKind::Unavailable, format!("read {key} to its end: {source}"));
        return Err(failed(&key, &error.into()));
    }
    if let Some(list) = read.list {
        let stored = ingest.blobs.put(&names::refused(&key), list, PutIf::Always).await;
        stored.map_err(|error| failed(&key, &error.into()))?;
    }
    let stopped = read.end.as_ref().err().map(kind);
    let filed = Filed { key, counts, refused: read.summary.refused, stopped };
    report(&filed, &read.summary);
    Ok(filed)
}

/// Reads on a thread of its own while batches land.
async fn stream(
    ingest: &Ingest<'_>,
    key: &str,
    input: Incoming,
    options: ReadOptions,
) -> Result<(Ingested, Read), PipelineError> {
    let name = key.rsplit('/').next().unwrap_or(key).to_owned();
    let (sender, mut batches) = channel(1);
    let input = SyncIoBridge::new(input);
    let reading = spawn_blocking(move || read(input, &name, &options, &sender));
    let mut counts = Ingested::default();
    let mut landed = Ok(());
    while let Some(batch) = batches.recv().await {
        match pipeline::ingest::ingest(ingest.ports(), &ingest.config.stream.stream, batch).await {
            Ok(batch) => counts.add(batch),
            Err(error) => {
                landed = Err(error);
                break;
            }
        }
    }
    // The reader ends when nobody takes its batches; it must not go on into the next invocation.
    drop(batches);
    let read = reading.await;
    landed?;
    let invalid = |reason: String| PipelineError::Invalid(format!("read {key}: {reason}"));
    let read = read.map_err(|error| invalid(error.to_string()))?;
    Ok((counts, read.map_err(|error| invalid(error.to_string()))?))
}

fn read(
    input: SyncIoBridge<Incoming>,
    name: &str,
    options: &ReadOptions,
    batches: &Sender<Vec<Ticket>>,
) -> io::Result<Read> {
    let mut list = RefusedList::new(LISTED_ROWS);
    let mut read = Read { summary: ReadSummary::default(), list: None, end: Ok(()) };
    match read_tickets(BufReader::with_capacity(1 << 16, input), Some(name), options) {
        Err(error) => read.end = Err(error),
        Ok(mut rows) => {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            for row in rows.by_ref() {
                match row.map(|row| row.outcome) {
                    Ok(Ok(ticket)) => {
                        bytes += ticket.body.len() + ticket.subject.as_ref().map_or(0, String::len);
                        batch.push(ticket);
                    }
                    Ok(Err(refusal)) => list.write(&refusal)?,
                    Err(error) => read.end = Err(error),
                }
                if batch.len() >= BATCH_TICKETS || bytes >= BATCH_BYTES {
                    bytes = 0;
                    if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                        break;
                    }
                }
            }
            if !batch.is_empty() {
                // Nobody listens any more: then the landing has failed and tells why.
                let _ = batches.blocking_send(batch);
            }
            read.summary = rows.summary().clone();
        }
    }
    if let Err(error) = &read.end {
        list.write(&Refusal { line: line(error), column: None, reason: error.to_string() })?;
    }
    read.list = list.finish()?;
    Ok(read)
}

fn report(filed: &Filed, summary: &ReadSummary) {
    let Filed { key, counts, refused, stopped } = filed;
    let warnings: u64 = summary.warnings.values().sum();
    let Ingested { landed, updated, duplicates } = counts;
    match stopped {
        None => tracing::info!(key, landed, updated, duplicates, refused, warnings, "file landed"),
        Some(reason) => tracing::warn!(
            key,
            landed,
            updated,
            duplicates,
            refused,
            warnings,
            reason,
            list = names::refused(key),
            "file could not be read to its end"
        ),
    }
}

/// Logs what went wrong and makes Lambda call again.
fn failed(key: &str, error: &PipelineError) -> Diagnostic {
    let error_type = if error.is_transient() { "StorageUnavailable" } else { "StorageFailed" };
    tracing::error!(key, error_type, %error, "file failed");
    failure(error_type, format!("land {key}: {error}"))
}

/// A word for the log: the error itself may show the first fields of a file.
fn kind(error: &ReadError) -> &'static str {
    match error {
        ReadError::Options { .. } => "options",
        ReadError::Empty => "empty",
        ReadError::UnknownFormat { .. } => "unknown format",
        ReadError::MissingColumns { .. } => "missing columns",
        ReadError::DuplicateColumn { .. } => "duplicate column",
        ReadError::Truncated { .. } => "truncated",
        ReadError::Damaged { .. } => "damaged",
        ReadError::Io { .. } => "source failed",
        ReadError::UnclosedQuote { .. } => "unclosed quote",
        ReadError::BrokenQuotes { .. } => "broken quotes",
        ReadError::BrokenArray { .. } => "broken array",
    }
}

fn line(error: &ReadError) -> u64 {
    match error {
        ReadError::Truncated { line, .. }
        | ReadError::Damaged { line, .. }
        | ReadError::Io { line, .. }
        | ReadError::UnclosedQuote { line, .. }
        | ReadError::BrokenQuotes { line }
        | ReadError::BrokenArray { line, .. } => *line,
        _ => 1,
    }
}

/// The source that a key below a folder of `inbox/` names: `inbox/zendesk/2024.csv` is from `zendesk`.
fn source_of(key: &str) -> Option<&str> {
    let (source, _) = key.strip_prefix(names::inbox_prefix())?.split_once('/')?;
    Some(source).filter(|source| !source.is_empty())
}

/// Whether the key names a file that was dropped, and the list of its refused rows can be stored.
fn is_dropped_file(key: &str) -> bool {
    key.starts_with(names::inbox_prefix()) && !key.ends_with('/') && check_key(&names::refused(key)).is_ok()
}

/// The key of a notification: `+` stands for a space, `%XX` for a byte. `None` where that is no UTF-8.
fn decode(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_the_inbox_names_the_source() {
        assert_eq!(source_of("inbox/zendesk/2024/10.csv"), Some("zendesk"));
        for key in ["inbox/2024.csv", "inbox//2024.csv", "refused/zendesk/x.csv"] {
            assert_eq!(source_of(key), None, "{key}");
        }
    }

    #[test]
    fn a_key_is_decoded_as_the_bucket_encodes_it() {
        assert_eq!(decode("inbox/desk+export+2024%2Bx.csv.gz").unwrap(), "inbox/desk export 2024+x.csv.gz");
        assert_eq!(decode("inbox%2F%C3%BCber.csv").unwrap(), "inbox/über.csv");
        for broken in ["%", "%4", "%zz", "%ff", "a%2"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
