//! What ends the reading of a file.

use super::mapping::Field;
use std::io;

/// Why a file cannot be read, or not any further; every row before it has been given out.
///
/// Messages name the byte of the (compressed) file and the line where that helps to find the place.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The options contradict themselves; correct the call.
    #[error("read tickets with these options: {reason}")]
    Options {
        /// What is wrong with them.
        reason: String,
    },
    /// The file has no content; look whether its export finished.
    #[error("read tickets from an empty file; check that its export finished")]
    Empty,
    /// The content is none of the known formats; export it in another one.
    #[error(
        "recognise the file's format: {reason}; give a CSV, TSV, JSON array or NDJSON file (plain, .gz or .zst)"
    )]
    UnknownFormat {
        /// What was seen instead.
        reason: String,
    },
    /// The header lacks columns without which there is no ticket; map them.
    #[error("{}", missing_message(missing, found, *more))]
    MissingColumns {
        /// The fields without a column, with the name asked for where the mapping gives one.
        missing: Vec<(Field, Option<String>)>,
        /// The columns the file has, shortened.
        found: Vec<String>,
        /// How many columns are left out of `found`.
        more: usize,
    },
    /// Two columns claim one field; map the right one or rename one.
    #[error(
        "choose the column for {}: the header has \"{column}\" {times} times; rename all but one",
        field.name()
    )]
    DuplicateColumn {
        /// The field.
        field: Field,
        /// The repeated name.
        column: String,
        /// How often it is there.
        times: usize,
    },
    /// The compressed file stops in the middle; fetch it again and read it again.
    #[error(
        "decompress the {compression} file: it ends in the middle, after {bytes} bytes (in line {line} of its text); every earlier row was read; copy the file again"
    )]
    Truncated {
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// Bytes of the compressed file that were read.
        bytes: u64,
        /// Line of the text, from 1, in which it breaks off.
        line: u64,
    },
    /// The compressed file is damaged; fetch it again.
    #[error(
        "decompress the {compression} file after {bytes} bytes (in line {line} of its text); copy the file again"
    )]
    Damaged {
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// Bytes of the compressed file that were read.
        bytes: u64,
        /// Line of the text, from 1, where it was noticed.
        line: u64,
        /// The decoder's own error.
        #[source]
        source: io::Error,
    },
    /// The source failed; the same call may succeed later.
    #[error("read the file after {bytes} bytes (in line {line})")]
    Io {
        /// Bytes of the file that were read.
        bytes: u64,
        /// Line of the text, from 1.
        line: u64,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A quoted field does not end within a row's limit; correct the file.
    #[error(
        "read past line {line}: the quoted field that begins there does not end properly within {limit} bytes; write a quote inside a field twice (\"\"), or raise the limit for a row"
    )]
    UnclosedQuote {
        /// Line where the row begins, from 1.
        line: u64,
        /// Bytes a row may have.
        limit: usize,
    },
    /// So many quotes are wrong that reading on costs more than it is worth; correct the file.
    #[error(
        "read past line {line}: too many quoted fields do not end properly; write a quote inside a field twice (\"\"), or check the delimiter"
    )]
    BrokenQuotes {
        /// Line where the last of them begins, from 1.
        line: u64,
    },
    /// The JSON array itself is broken; correct the file.
    #[error("read the JSON array past line {line}: {reason}")]
    BrokenArray {
        /// Line, from 1.
        line: u64,
        /// What is wrong there.
        reason: &'static str,
    },
}

fn missing_message(missing: &[(Field, Option<String>)], found: &[String], more: usize) -> String {
    let wanted: Vec<String> = missing
        .iter()
        .map(|(field, column)| match column {
            Some(column) => format!("{} (mapped to \"{column}\")", field.name()),
            None => field.name().to_owned(),
        })
        .collect();
    let found: Vec<String> = found.iter().map(|name| format!("\"{name}\"")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let first = missing.first().map_or("id", |(field, _)| field.name());
    format!(
        "find a column for {}; the header has {}{more}; say which one it is, as {first}=COLUMN",
        wanted.join(", "),
        found.join(", ")
    )
}
