//! Which of the formats a file has.

use super::error::ReadError;
use super::mapping::shown;
use super::source::Window;
use std::io::Read;

/// Most bytes looked at before the format must be clear.
const HEAD: usize = 64 * 1024;
/// Bytes of the longest of the signatures of [`known_other`].
const LONGEST_SIGNATURE: usize = 16;
/// Delimiters that are tried, the usual one first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header; `;`, tabs and `|` as delimiters are recognised by the header.
    Csv,
    /// Tab-separated, with a header; quotes mean the same as in CSV.
    Tsv,
    /// One JSON array of objects.
    JsonArray,
    /// One JSON object a line.
    Ndjson,
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) format: Format,
    /// Nothing but its first byte speaks for it.
    pub(super) guessed: bool,
}

/// Finds the format: the given one, else by the name, else by the first line. A name that says JSON leaves it to
/// the first byte whether it is an array.
///
/// Fails on an empty file, on one that is known to be something else, and on one that looks like no format.
pub(super) fn detect<R: Read>(
    window: &mut Window<R>,
    name: Option<&str>,
    given: Option<Format>,
) -> Result<Detected, ReadError> {
    while window.bytes().len() < LONGEST_SIGNATURE && window.more(1)? {}
    let first = first_byte(window)?;
    if let Some(other) = known_other(window.bytes()) {
        return Err(ReadError::UnknownFormat { reason: format!("it is {other}") });
    }
    let sure = |format| Ok(Detected { format, guessed: false });
    if let Some(format) = given {
        return sure(format);
    }
    match (extension(name).as_deref(), first) {
        (Some("csv"), _) => return sure(Format::Csv),
        (Some("tsv" | "tab"), _) => return sure(Format::Tsv),
        (Some("ndjson" | "jsonl" | "json"), b'[') => return sure(Format::JsonArray),
        (Some("ndjson" | "jsonl"), _) => return sure(Format::Ndjson),
        (_, b'[') => return sure(Format::JsonArray),
        (_, b'{') => return Ok(Detected { format: Format::Ndjson, guessed: true }),
        _ => {}
    }
    let line = first_line(window)?;
    if line.contains(&0) {
        let reason = "it holds zero bytes; if it is UTF-16, save it with a byte order mark or as UTF-8";
        return Err(ReadError::UnknownFormat { reason: reason.to_owned() });
    }
    match delimiter_of(line) {
        Some(b'\t') => sure(Format::Tsv),
        Some(_) => sure(Format::Csv),
        None => {
            let name = name
                .map_or_else(String::new, |name| format!(", and its name \"{}\" does not say", shown(name)));
            Err(ReadError::UnknownFormat {
                reason: format!("its first line is neither JSON nor a header{name}"),
            })
        }
    }
}

/// The delimiter of a CSV file by its first line; a comma when there is none.
pub(super) fn delimiter<R: Read>(window: &mut Window<R>) -> Result<u8, ReadError> {
    Ok(delimiter_of(first_line(window)?).unwrap_or(b','))
}

/// The candidate that is most often outside quotes.
fn delimiter_of(line: &[u8]) -> Option<u8> {
    let mut counts = [0usize; DELIMITERS.len()];
    let mut quoted = false;
    for b in line {
        quoted ^= *b == b'"';
        if let Some(at) = DELIMITERS.iter().position(|d| d == b && !quoted) {
            counts[at] += 1;
        }
    }
    let most = counts.into_iter().max().filter(|most| *most > 0)?;
    let at = counts.iter().position(|count| *count == most)?;
    Some(DELIMITERS[at])
}

fn first_byte<R: Read>(window: &mut Window<R>) -> Result<u8, ReadError> {
    loop {
        if let Some(b) = window.bytes().iter().find(|b| !b.is_ascii_whitespace()) {
            return Ok(*b);
        }
        if window.bytes().len() >= HEAD {
            let reason = format!("its first {HEAD} bytes are white space");
            return Err(ReadError::UnknownFormat { reason });
        }
        if !window.more(1)? {
            return Err(ReadError::Empty);
        }
    }
}

/// The first line that is not blank, or as much of it as is looked at.
fn first_line<R: Read>(window: &mut Window<R>) -> Result<&[u8], ReadError> {
    let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
    let (start, end) = loop {
        let bytes = window.bytes();
        let start = bytes.iter().position(|b| !is_end(b)).unwrap_or(0);
        let end = bytes.iter().skip(start).position(is_end).map(|end| start + end);
        let all = bytes.len();
        if end.is_some() || all >= HEAD || !window.more(1)? {
            break (start, end.unwrap_or(all));
        }
    };
    Ok(window.bytes().get(start..end).unwrap_or_default())
}

/// The last part of the name that says something about the format, in lower case.
fn extension(name: Option<&str>) -> Option<String> {
    let name = name?.to_ascii_lowercase();
    let packed = [".gz", ".gzip", ".zst", ".zstd"];
    let name = packed.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    name.rsplit_once('.').map(|(_, extension)| extension.to_owned())
}

/// Files that people take for ticket files.
fn known_other(bytes: &[u8]) -> Option<&'static str> {
    let signatures: [(&[u8], &str); 13] = [
        (b"PK\x03\x04", "a zip archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x1f\x8b", "compressed twice"),
        (b"\x28\xb5\x2f\xfd", "compressed twice"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\x00", "compressed with xz"),
        (b"PAR1", "a Parquet file"),
        (b"Obj\x01", "an Avro file"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"%PDF-", "a PDF"),
        (b"<?xml", "XML"),
        (b"<!DOCTYPE", "a web page, perhaps of a login"),
        (b"<html", "a web page, perhaps of a login"),
    ];
    signatures.iter().find(|(signature, _)| bytes.starts_with(signature)).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &[u8], name: Option<&str>) -> Result<Format, ReadError> {
        detect(&mut Window::open(text).unwrap(), name, None).map(|detected| detected.format)
    }

    #[test]
    fn the_name_decides_before_the_content() {
        for (text, name, wanted) in [
            ("a\tb", Some("x.CSV"), Format::Csv),
            ("a,b", Some("dir.tsv/x.tsv.gz"), Format::Tsv),
            ("\n [", Some("x.json.zst"), Format::JsonArray),
            ("{", Some("x.json"), Format::Ndjson),
            ("[", Some("x.jsonl"), Format::JsonArray),
            ("oops", Some("x.ndjson"), Format::Ndjson),
            ("\r\na\tb,c\td", Some("x.txt"), Format::Tsv),
            ("a;b", None, Format::Csv),
            ("[", None, Format::JsonArray),
        ] {
            assert_eq!(format(text.as_bytes(), name).unwrap(), wanted, "{text:?} {name:?}");
        }
    }

    #[test]
    fn what_is_no_ticket_file_is_named() {
        for (text, reason) in [
            (&b"PK\x03\x04...."[..], "Excel workbook"),
            (b"i\x00d\x00,\x00", "UTF-16"),
            (b"hello", "neither JSON nor a header"),
            (b"<!DOCTYPE html>", "web page"),
        ] {
            let error = format(text, None).unwrap_err().to_string();
            assert!(error.contains(reason), "{reason}: {error}");
        }
        assert!(matches!(format(b" \r\n\n", Some("x.csv")), Err(ReadError::Empty)));
        assert!(matches!(format(b"", None), Err(ReadError::Empty)));
        assert!(format(" ".repeat(HEAD + 1).as_bytes(), None).is_err());
    }

    #[test]
    fn the_delimiter_is_counted_outside_quotes() {
        assert_eq!(delimiter_of(b"\"a,b,c\";d"), Some(b';'));
        assert_eq!(delimiter_of(b"a,b;c"), Some(b','));
        assert_eq!(delimiter_of(b"a"), None);
    }
}
