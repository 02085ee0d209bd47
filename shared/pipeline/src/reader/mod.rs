//! Ticket files, read as streams.
//!
//! CSV, TSV, a JSON array or NDJSON; plain, gzip (of several members too) or zstd; UTF-8, UTF-16 with a byte order
//! mark, or a mixture of UTF-8 and windows-1252. Memory is bounded by the limit for a row, whatever the size of the
//! file; the decoder of zstd adds at most 128 MiB, if the file's compressor asked for it.
//!
//! # What becomes of a row
//! - A ticket, perhaps with [`Warning`]s: text was recoded, an unknown priority or an unreadable `updated_at` was left
//!   out. An optional value that makes no sense costs the value, never the ticket.
//! - A [`Refusal`] with the line where the row begins: no id, no readable `created_at`, a wrong number of fields,
//!   broken quotes or JSON, something too long. Nothing is cut to fit.
//! - Rows without any content are passed over.
//!
//! A [`ReadError`] ends the reading; what was given out before stays valid. Messages and reasons name columns and
//! lines, never the text of a ticket; only where a file has no header are its first fields taken for columns, of
//! which a message shows the beginnings.
//!
//! # Layout
//! - `source`: bytes, decompressed and decoded, in a bounded window
//! - `format`: which format it is
//! - `delimited`, `json`: where rows begin and end
//! - `mapping`: which column holds which field
//! - `clean`, `time`, `requester`: values
//! - `ticket`: values into a ticket
//! - `refused`: the list of refusals

mod clean;
mod delimited;
mod error;
mod format;
mod json;
mod mapping;
mod refused;
mod requester;
mod source;
#[cfg(test)]
mod tests;
mod ticket;
mod time;

pub use error::ReadError;
pub use format::Format;
pub use mapping::{Field, Mapping};
pub use refused::{RefusedList, RefusedWriter};
pub use requester::RequesterKey;
pub use ticket::{MAX_LABEL_BYTES, MAX_SUBJECT_BYTES, MAX_TAGS, Warning};
pub use time::DayOrder;

use delimited::{Delimited, Span};
use domain::stream::validate_name;
use domain::ticket::Ticket;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use json::{Array, Keys, Lines};
use mapping::Columns;
use source::Window;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use ticket::{Builder, Draft, Problem, Tag};

/// Bytes a row may have unless the options say otherwise: 1 MiB, some 500 pages.
pub const DEFAULT_MAX_ROW_BYTES: usize = 1 << 20;

/// When the tickets of a file reached us.
///
/// A ticket written more than a day after it landed is refused, for a column or a clock is wrong; with the default of
/// [`Landing::ColumnOr`] it is kept, as landed when written, with a warning: the default knows nothing of the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// All at this time, whatever the file says.
    At(Timestamp),
    /// When the column `landed_at` says, else at this time.
    ColumnOr(Timestamp),
    /// When the column `landed_at` says, else when it was written.
    ColumnOrCreation,
}

/// How to read a file.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The format; `None` recognises it by name and content.
    pub format: Option<Format>,
    /// The delimiter of CSV, one ASCII character; `None` recognises it by the header. TSV always has tabs.
    pub delimiter: Option<u8>,
    /// Which column holds which field.
    pub mapping: Mapping,
    /// The zone of times without an offset.
    pub time_zone: TimeZone,
    /// The order of day and month where a date leaves it open; `None` refuses such dates.
    pub day_order: Option<DayOrder>,
    /// What separates tags within one text; `None` means each of `;`, `|` and `,`.
    pub tag_separator: Option<char>,
    /// The system the tickets came from.
    pub source: String,
    /// The stream they belong to.
    pub stream: String,
    /// When they landed.
    pub landing: Landing,
    /// Bytes a row may have in the file, decompressed and as UTF-8.
    pub max_row_bytes: usize,
    /// The key to hash requesters with; without one they are left out.
    pub requester_key: Option<RequesterKey>,
}

impl ReadOptions {
    /// Everything recognised, times without an offset in UTC, rows of at most [`DEFAULT_MAX_ROW_BYTES`], no key.
    pub fn new(stream: impl Into<String>, source: impl Into<String>, landing: Landing) -> Self {
        Self {
            format: None,
            delimiter: None,
            mapping: Mapping::automatic(),
            time_zone: TimeZone::UTC,
            day_order: None,
            tag_separator: None,
            source: source.into(),
            stream: stream.into(),
            landing,
            max_row_bytes: DEFAULT_MAX_ROW_BYTES,
            requester_key: None,
        }
    }

    fn validate(&self) -> Result<(), ReadError> {
        let wrong = |reason: String| Err(ReadError::Options { reason });
        validate_name(&self.stream).or_else(wrong)?;
        if clean::label(&self.source).as_ref() != Some(&self.source) || self.source.len() > MAX_LABEL_BYTES {
            return wrong(format!("the source must be a name of 1 to {MAX_LABEL_BYTES} bytes on one line"));
        }
        match self.delimiter {
            Some(b)
                if !b.is_ascii() || b.is_ascii_alphanumeric() || matches!(b, b'"' | b'\n' | b'\r' | b' ') =>
            {
                wrong("the delimiter must be an ASCII character such as \",\", \";\" or \"|\"".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the decompressed file in which the row begins, from 1.
    pub line: u64,
    /// The ticket, or why it is none.
    pub outcome: Result<Ticket, Refusal>,
    /// What was not as it should be with the ticket; each kind once.
    pub warnings: Vec<Warning>,
}

/// Why a row is no ticket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {reason}", .column.as_ref().map_or_else(String::new, |c| format!(", column \"{c}\"")))]
pub struct Refusal {
    /// Line of the decompressed file in which the row begins, from 1.
    pub line: u64,
    /// The column it is about.
    pub column: Option<String>,
    /// What is wrong and what to do, in lower case; never the text of a ticket.
    pub reason: String,
}

/// What was read so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Rows that became tickets.
    pub tickets: u64,
    /// Rows that did not.
    pub refused: u64,
    /// How many tickets have each warning.
    pub warnings: BTreeMap<Warning, u64>,
}

impl ReadSummary {
    /// Tickets whose text was not UTF-8.
    pub fn recoded(&self) -> u64 {
        self.warnings.get(&Warning::Recoded).copied().unwrap_or(0)
    }
}

/// Where the next row lies in the window.
enum Piece {
    End,
    /// To be consumed by the caller.
    Record {
        line: u64,
        len: usize,
    },
    /// Consumed already.
    Refused {
        line: u64,
        reason: String,
    },
}

enum Rows {
    Delimited(Delimited, Box<Columns>),
    Lines(Lines, Keys),
    Array(Array, Keys),
}

/// The rows of one file, in their order.
///
/// After an error there is nothing more.
pub struct TicketReader<R: Read> {
    window: Window<R>,
    rows: Rows,
    builder: Builder,
    summary: ReadSummary,
    format: Format,
    guessed: bool,
    done: bool,
}

/// Opens a ticket file. `name` is the file's name, if it has one; only its endings matter.
///
/// Compression is recognised by the first bytes, whatever the name says. Fails on an empty file, one of another
/// format, a header without the columns that are needed, options that contradict themselves, and a source that fails.
pub fn read_tickets<R: Read>(
    input: R,
    name: Option<&str>,
    options: &ReadOptions,
) -> Result<TicketReader<R>, ReadError> {
    options.validate()?;
    let mut window = Window::open(input)?;
    let detected = format::detect(&mut window, name, options.format)?;
    let limit = options.max_row_bytes;
    let rows = match detected.format {
        Format::Csv => {
            let delimiter = options.delimiter.map_or_else(|| format::delimiter(&mut window), Ok)?;
            open_delimited(&mut window, Delimited::new(delimiter, limit), &options.mapping)?
        }
        Format::Tsv => open_delimited(&mut window, Delimited::new(b'\t', limit), &options.mapping)?,
        Format::Ndjson => Rows::Lines(Lines::new(limit), Keys::new(&options.mapping)),
        Format::JsonArray => Rows::Array(Array::new(limit), Keys::new(&options.mapping)),
    };
    Ok(TicketReader {
        window,
        rows,
        builder: Builder::new(options),
        summary: ReadSummary::default(),
        format: detected.format,
        guessed: detected.guessed,
        done: false,
    })
}

fn open_delimited<R: Read>(
    window: &mut Window<R>,
    mut delimited: Delimited,
    mapping: &Mapping,
) -> Result<Rows, ReadError> {
    match delimited.next(window)? {
        Piece::End => Err(ReadError::Empty),
        Piece::Refused { line, reason } => Err(ReadError::UnknownFormat {
            reason: format!("the header in line {line} cannot be read: {reason}"),
        }),
        Piece::Record { len, .. } => {
            let record = &window.bytes()[..len];
            let header: Vec<String> =
                delimited.spans().iter().map(|span| decode(span, record).0.trim().to_owned()).collect();
            window.consume(len);
            Ok(Rows::Delimited(delimited, Box::new(Columns::find(&header, mapping)?)))
        }
    }
}

fn decode<'a>(span: &Span, record: &'a [u8]) -> (Cow<'a, str>, bool) {
    match span.of(record) {
        Cow::Borrowed(field) => clean::decode(field),
        Cow::Owned(field) => {
            let (text, recoded) = clean::decode(&field);
            (Cow::Owned(text.into_owned()), recoded)
        }
    }
}

impl<R: Read> TicketReader<R> {
    /// Counts of what was given out so far.
    pub fn summary(&self) -> &ReadSummary {
        &self.summary
    }

    /// The format that was given or recognised.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Counter of the bytes taken from the source so far, which is the compressed file: for a progress bar. It runs
    /// ahead of the rows by what is buffered.
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        self.window.counter()
    }

    fn advance(&mut self) -> Result<Option<Row>, ReadError> {
        loop {
            let piece = match &mut self.rows {
                Rows::Delimited(rows, _) => rows.next(&mut self.window)?,
                Rows::Lines(rows, _) => rows.next(&mut self.window)?,
                Rows::Array(rows, _) => rows.next(&mut self.window)?,
            };
            let (line, len) = match piece {
                Piece::End => return Ok(None),
                Piece::Refused { line, reason } => {
                    let outcome = Err(Refusal { line, column: None, reason });
                    return Ok(Some(Row { line, outcome, warnings: Vec::new() }));
                }
                Piece::Record { line, len } => (line, len),
            };
            let mut warnings = Vec::new();
            let made = self.ticket(&self.window.bytes()[..len], &mut warnings);
            self.window.consume(len);
            let outcome = match made {
                Ok(None) => continue,
                Ok(Some(ticket)) => Ok(ticket),
                Err(problem) => {
                    self.check_guess(&problem)?;
                    warnings.clear();
                    let column = problem.field.map(|field| self.column(field));
                    Err(Refusal { line, column, reason: problem.reason })
                }
            };
            warnings.sort_unstable();
            warnings.dedup();
            return Ok(Some(Row { line, outcome, warnings }));
        }
    }

    /// The ticket of a record; `None` when the record is empty.
    fn ticket(&self, record: &[u8], warnings: &mut Vec<Warning>) -> Result<Option<Ticket>, Problem> {
        let draft = match &self.rows {
            Rows::Delimited(rows, columns) => match cells(rows.spans(), columns, record, warnings)? {
                Some(draft) => draft,
                None => return Ok(None),
            },
            Rows::Lines(_, keys) | Rows::Array(_, keys) => {
                let (text, recoded) = clean::decode(record);
                if recoded {
                    warnings.push(Warning::Recoded);
                }
                keys.draft(&text, warnings)?
            }
        };
        self.builder.ticket(&draft, warnings).map(Some)
    }

    fn column(&self, field: Field) -> String {
        match &self.rows {
            Rows::Delimited(_, columns) => columns.name(field),
            Rows::Lines(_, keys) | Rows::Array(_, keys) => keys.name(field),
        }
    }

    /// A file taken for NDJSON by its first byte alone, whose first line is not JSON, is something else.
    fn check_guess(&self, problem: &Problem) -> Result<(), ReadError> {
        if self.guessed && problem.field.is_none() && self.summary == ReadSummary::default() {
            let reason = "it begins with {, but its first line is not one complete JSON object".to_owned();
            return Err(ReadError::UnknownFormat { reason });
        }
        Ok(())
    }
}

impl<R: Read> Iterator for TicketReader<R> {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.advance();
        match &next {
            Ok(Some(row)) if row.outcome.is_ok() => {
                self.summary.tickets += 1;
                for warning in &row.warnings {
                    *self.summary.warnings.entry(*warning).or_insert(0) += 1;
                }
            }
            Ok(Some(_)) => self.summary.refused += 1,
            Ok(None) | Err(_) => self.done = true,
        }
        next.transpose()
    }
}

/// The fields of a delimited record; `None` when all are empty.
fn cells<'a>(
    spans: &[Span],
    columns: &Columns,
    record: &'a [u8],
    warnings: &mut Vec<Warning>,
) -> Result<Option<Draft<'a>>, Problem> {
    if spans.iter().all(|span| span.is_empty()) {
        return Ok(None);
    }
    let extra = spans.get(columns.width..).unwrap_or_default();
    if spans.len() < columns.width || !extra.iter().all(|span| span.is_empty()) {
        let reason = format!(
            "the row has {} fields where the header has {}; quote fields that contain the delimiter",
            spans.len(),
            columns.width
        );
        return Err(Problem { field: None, reason });
    }
    let mut read = |at: usize| {
        let (text, recoded) = decode(spans.get(at)?, record);
        if recoded {
            warnings.push(Warning::Recoded);
        }
        Some(text)
    };
    let cells = columns.of.map(|at| at.and_then(&mut read));
    let tags =
        columns.tags.iter().filter_map(|(at, several)| Some(Tag { text: read(*at)?, several: *several }));
    Ok(Some(Draft { tags: tags.collect(), cells }))
}
