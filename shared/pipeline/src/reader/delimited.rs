//! Records of CSV and TSV.
//!
//! RFC 4180, with any of `\n`, `\r\n` and `\r` as line end. Quotes are taken at their word: what follows a closing
//! quote must be a delimiter or a line end (spaces between are skipped). This is what finds a quote that nobody
//! closed: the next quote in the file then stands in the wrong place. The record that began it is refused and
//! reading goes on with the very next line, so that one bad row costs one row.

use super::Piece;
use super::error::ReadError;
use super::source::Window;
use std::borrow::Cow;
use std::io::Read;

/// Bytes that may be read twice after broken quotes: this many rows' limits and this many times the file so far.
/// Without it, a file made for the purpose costs the square of its size.
const RESCAN: u64 = 64;

/// Where a field lies within its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: usize,
    end: usize,
    doubled_quotes: bool,
}

impl Span {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The field's bytes, with `""` made one quote.
    pub(super) fn of<'a>(&self, record: &'a [u8]) -> Cow<'a, [u8]> {
        let field = record.get(self.start..self.end).unwrap_or_default();
        if !self.doubled_quotes {
            return Cow::Borrowed(field);
        }
        let mut out = Vec::with_capacity(field.len());
        let mut bytes = field.iter();
        while let Some(b) = bytes.next() {
            out.push(*b);
            if *b == b'"' {
                bytes.next();
            }
        }
        Cow::Owned(out)
    }
}

/// Splits a window into records.
pub(super) struct Delimited {
    delimiter: u8,
    limit: usize,
    line: u64,
    /// The record before ended with `\r`: a `\n` that follows belongs to it.
    skip_line_feed: bool,
    rescanned: u64,
    spans: Vec<Span>,
}

impl Delimited {
    pub(super) fn new(delimiter: u8, limit: usize) -> Self {
        Self { delimiter, limit, line: 1, skip_line_feed: false, rescanned: 0, spans: Vec::new() }
    }

    /// The fields of the record that [`Delimited::next`] found last.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The next record that is not a blank line; the caller consumes it.
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Piece, ReadError> {
        loop {
            if window.bytes().is_empty() && !window.more(self.line)? {
                return Ok(Piece::End);
            }
            match window.bytes().first() {
                Some(b'\n') if self.skip_line_feed => window.consume(1),
                Some(b'\n' | b'\r') => {
                    self.skip_line_feed = window.bytes().starts_with(b"\r");
                    window.consume(1);
                    self.line += 1;
                    continue;
                }
                _ => {
                    self.skip_line_feed = false;
                    return self.record(window);
                }
            }
            self.skip_line_feed = false;
        }
    }

    fn record<R: Read>(&mut self, window: &mut Window<R>) -> Result<Piece, ReadError> {
        let line = self.line;
        let mut scan = Scan::new(self.delimiter);
        let mut too_long = false;
        self.spans.clear();
        loop {
            let bytes = window.bytes();
            // Not one byte beyond the limit: what becomes of a row must not depend on how much has arrived.
            let seen = if too_long { bytes.len() } else { bytes.len().min(self.limit.saturating_add(1)) };
            match scan.run(&bytes[..seen], &mut self.spans) {
                Step::Record { ended_by_return } => {
                    self.skip_line_feed = ended_by_return;
                    self.line += scan.line_ends + 1;
                    break;
                }
                Step::WrongQuote if too_long => {
                    return Err(ReadError::UnclosedQuote { line, limit: self.limit });
                }
                Step::WrongQuote => {
                    return self.resume(window, &scan, "text follows the closing quote of a field");
                }
                Step::NeedMore => {}
            }
            if too_long || scan.at > self.limit {
                too_long = true;
                window.consume(scan.at);
                scan.forget();
                self.spans.clear();
            }
            if scan.at < window.bytes().len() || window.more(line)? {
                continue;
            }
            if scan.state == State::Quoted {
                if too_long {
                    return Err(ReadError::UnclosedQuote { line, limit: self.limit });
                }
                return self.resume(window, &scan, "a quoted field is never closed");
            }
            scan.finish(&mut self.spans);
            self.line += scan.line_ends;
            break;
        }
        if too_long || scan.at > self.limit {
            window.consume(scan.at);
            return Ok(Piece::Refused { line, reason: too_long_reason(self.limit) });
        }
        Ok(Piece::Record { line, len: scan.at })
    }

    /// Refuses the record and goes back to the line after its first one.
    fn resume<R: Read>(
        &mut self,
        window: &mut Window<R>,
        scan: &Scan,
        problem: &str,
    ) -> Result<Piece, ReadError> {
        let line = self.line;
        match scan.first_line_end {
            Some(at) => {
                self.rescanned += (scan.at - at) as u64;
                let allowed = (self.limit as u64).saturating_add(window.consumed()).saturating_mul(RESCAN);
                if self.rescanned > allowed {
                    return Err(ReadError::BrokenQuotes { line });
                }
                window.consume(at);
                self.line += 1;
            }
            None => self.skip_line(window)?,
        }
        let reason = format!("{problem}; write a quote inside a field twice (\"\")");
        Ok(Piece::Refused { line, reason })
    }

    fn skip_line<R: Read>(&mut self, window: &mut Window<R>) -> Result<(), ReadError> {
        loop {
            let bytes = window.bytes();
            if let Some(at) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) {
                self.skip_line_feed = bytes.get(at) == Some(&b'\r');
                window.consume(at + 1);
                self.line += 1;
                return Ok(());
            }
            window.consume(bytes.len());
            if !window.more(self.line)? {
                return Ok(());
            }
        }
    }
}

pub(super) fn too_long_reason(limit: usize) -> String {
    format!("the row has more than {limit} bytes; shorten it, or raise the limit for a row")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote that closes the field or is the first of a doubled one.
    Quote,
    AfterQuote,
}

enum Step {
    NeedMore,
    Record { ended_by_return: bool },
    WrongQuote,
}

/// The state within one record; it outlives the arrival of more bytes.
struct Scan {
    delimiter: u8,
    state: State,
    /// Bytes of the record scanned so far.
    at: usize,
    field: Span,
    /// Line ends inside quotes.
    line_ends: u64,
    /// Just behind the first of them.
    first_line_end: Option<usize>,
    /// Just behind a `\r`: a `\n` here belongs to it.
    after_return: Option<usize>,
}

impl Scan {
    fn new(delimiter: u8) -> Self {
        let field = Span { start: 0, end: 0, doubled_quotes: false };
        let (line_ends, first_line_end, after_return) = (0, None, None);
        Self { delimiter, state: State::FieldStart, at: 0, field, line_ends, first_line_end, after_return }
    }

    /// Starts to count from here: the bytes so far are gone.
    fn forget(&mut self) {
        self.after_return = self.after_return.filter(|at| *at == self.at).map(|_| 0);
        self.at = 0;
    }

    fn run(&mut self, bytes: &[u8], spans: &mut Vec<Span>) -> Step {
        while let Some(&b) = bytes.get(self.at) {
            let rest = &bytes[self.at..];
            match self.state {
                State::FieldStart => {
                    let quoted = b == b'"';
                    self.at += usize::from(quoted);
                    self.state = if quoted { State::Quoted } else { State::Unquoted };
                    self.field = Span { start: self.at, end: self.at, doubled_quotes: false };
                }
                State::Unquoted => {
                    let delimiter = self.delimiter;
                    let end = rest.iter().position(|&b| b == delimiter || b == b'\n' || b == b'\r');
                    self.at += end.unwrap_or(rest.len());
                    self.field.end = self.at;
                    if end.is_some() {
                        self.state = State::AfterQuote;
                    }
                }
                State::Quoted => {
                    let end = rest.iter().position(|b| matches!(b, b'"' | b'\n' | b'\r'));
                    self.at += end.unwrap_or(rest.len());
                    match bytes.get(self.at) {
                        Some(b'"') => {
                            self.field.end = self.at;
                            self.state = State::Quote;
                            self.at += 1;
                        }
                        Some(end) => self.line_end(*end),
                        None => {}
                    }
                }
                State::Quote if b == b'"' => {
                    self.field.doubled_quotes = true;
                    self.state = State::Quoted;
                    self.at += 1;
                }
                State::Quote => self.state = State::AfterQuote,
                State::AfterQuote if b == self.delimiter => {
                    spans.push(self.field);
                    self.state = State::FieldStart;
                    self.at += 1;
                }
                State::AfterQuote if b == b'\n' || b == b'\r' => {
                    spans.push(self.field);
                    self.at += 1;
                    return Step::Record { ended_by_return: b == b'\r' };
                }
                State::AfterQuote if b == b' ' || b == b'\t' => self.at += 1,
                State::AfterQuote => return Step::WrongQuote,
            }
        }
        Step::NeedMore
    }

    fn line_end(&mut self, b: u8) {
        let belongs_to_return = b == b'\n' && self.after_return == Some(self.at);
        self.at += 1;
        if belongs_to_return {
            if self.first_line_end == Some(self.at - 1) {
                self.first_line_end = Some(self.at);
            }
            return;
        }
        self.line_ends += 1;
        self.first_line_end = self.first_line_end.or(Some(self.at));
        self.after_return = (b == b'\r').then_some(self.at);
    }

    /// Closes the last field at the end of the text.
    fn finish(&mut self, spans: &mut Vec<Span>) {
        if self.state == State::FieldStart {
            self.field = Span { start: self.at, end: self.at, doubled_quotes: false };
        }
        spans.push(self.field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Records = Vec<(u64, Result<Vec<String>, String>)>;

    /// A source that gives out `step` bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(self.1).min(out.len());
            let (now, later) = self.0.split_at(n);
            out[..n].copy_from_slice(now);
            self.0 = later;
            Ok(n)
        }
    }

    fn split(text: &[u8], limit: usize, step: usize) -> Result<Records, (Records, ReadError)> {
        let mut window = Window::open(Slow(text, step)).unwrap();
        let mut delimited = Delimited::new(b',', limit);
        let mut out = Vec::new();
        loop {
            match delimited.next(&mut window) {
                Err(error) => return Err((out, error)),
                Ok(Piece::End) => return Ok(out),
                Ok(Piece::Refused { line, reason }) => out.push((line, Err(reason))),
                Ok(Piece::Record { line, len }) => {
                    let record = &window.bytes()[..len];
                    let field = |s: &Span| String::from_utf8_lossy(&s.of(record)).into_owned();
                    out.push((line, Ok(delimited.spans().iter().map(field).collect())));
                    window.consume(len);
                }
            }
        }
    }

    fn lines(records: &Records) -> Vec<(u64, Option<usize>)> {
        records.iter().map(|(line, r)| (*line, r.as_ref().ok().map(Vec::len))).collect()
    }

    #[test]
    fn lines_are_counted_where_records_begin_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "\"x", "y\",2", "\"\"\"q\"\"\" ,", "last,"].join(end);
            for step in 1..8 {
                let records = split(text.as_bytes(), 100, step).unwrap();
                let quoted = format!("x{end}y");
                let wanted: Records = vec![
                    (1, Ok(vec!["a".into(), "b".into()])),
                    (3, Ok(vec![quoted, "2".into()])),
                    (5, Ok(vec!["\"q\"".into(), String::new()])),
                    (6, Ok(vec!["last".into(), String::new()])),
                ];
                assert_eq!(records, wanted, "{end:?} {step}");
            }
        }
    }

    #[test]
    fn a_quote_nobody_closed_costs_its_own_row() {
        let text = "1,\"open\n2,b\n3,\"c\"\n4,\"open at the end\n5,e\n";
        for step in [1, 7, 1000] {
            let records = split(text.as_bytes(), 1000, step).unwrap();
            assert_eq!(lines(&records), [(1, None), (2, Some(2)), (3, Some(2)), (4, None), (5, Some(2))]);
        }
    }

    #[test]
    fn a_row_above_the_limit_is_refused_and_the_next_is_read() {
        let long = "x".repeat(200_000);
        for text in [format!("1,{long}\n2,b\n"), format!("1,\"{long}\n\"\"{long}\r\n\",z\n2,b\n")] {
            let records = split(text.as_bytes(), 1000, 4096).unwrap();
            assert_eq!(records.len(), 2);
            assert!(records[0].1.as_ref().unwrap_err().contains("more than 1000 bytes"));
            assert_eq!(records[1].1, Ok(vec!["2".into(), "b".into()]));
        }
        let text = format!("1,\"{long}\n\"\"{long}\r\n\",z\n2,b\n");
        assert_eq!(split(text.as_bytes(), 1000, 4096).unwrap()[1].0, 4);
    }

    #[test]
    fn a_quote_open_beyond_the_limit_ends_with_its_line() {
        let text = format!("1,a\n2,\"{}\n", "x\n".repeat(100_000));
        let (records, error) = split(text.as_bytes(), 1000, 4096).unwrap_err();
        assert_eq!(lines(&records), [(1, Some(2))]);
        assert!(matches!(error, ReadError::UnclosedQuote { line: 2, limit: 1000 }));
    }

    #[test]
    fn quotes_made_to_be_read_again_and_again_are_given_up() {
        // Each line opens a quote at its end whether or not one is open where it begins.
        let block = format!("{}a\"b\"c\n", "a\",\",\n".repeat(160));
        let text = block.repeat(2000);
        let (records, error) = split(text.as_bytes(), 1000, 65_536).unwrap_err();
        assert!(records.len() > 160, "{}", records.len());
        assert!(matches!(error, ReadError::BrokenQuotes { .. }), "{error:?}");
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_writes_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[a\",\r\n é]{0,6}", 2..5), 0..8),
            step in 1usize..20,
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let records = split(&text, 10_000, step).unwrap();
            let read: Vec<Vec<String>> = records.into_iter().map(|(_, row)| row.unwrap()).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn the_size_of_reads_changes_nothing(text in "[a,\" \r\n]{0,60}", step in 1usize..9) {
            let whole = split(text.as_bytes(), 20, 100_000).map_err(|(r, e)| (r, e.to_string()));
            let slow = split(text.as_bytes(), 20, step).map_err(|(r, e)| (r, e.to_string()));
            prop_assert_eq!(whole, slow);
        }
    }
}
