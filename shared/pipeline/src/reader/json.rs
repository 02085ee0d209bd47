//! Rows of NDJSON, elements of a JSON array, and the fields of either.
//!
//! Elements are found by counting brackets, without recursion and without a parser's tree; only one element that
//! is within the limit is parsed. `serde_json` refuses more than 128 levels by itself.

use super::Piece;
use super::delimited::too_long_reason;
use super::error::ReadError;
use super::mapping::{Field, Mapping, is_numbered_tag, plain, recognise, shown};
use super::source::Window;
use super::ticket::{Draft, Problem, Tag, Warning};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::io::Read;

/// Splits a window into lines.
pub(super) struct Lines {
    limit: usize,
    line: u64,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, line: 1 }
    }

    /// The next line that is not blank; the caller consumes it.
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Piece, ReadError> {
        loop {
            let line = self.line;
            let Some((len, too_long)) = self.measure(window)? else { return Ok(Piece::End) };
            self.line += 1;
            if too_long {
                return Ok(Piece::Refused { line, reason: too_long_reason(self.limit) });
            }
            if !window.bytes().iter().take(len).all(u8::is_ascii_whitespace) {
                return Ok(Piece::Record { line, len });
            }
            window.consume(len);
        }
    }

    /// Length of the line with its end, and whether it was too long and is consumed already.
    fn measure<R: Read>(&self, window: &mut Window<R>) -> Result<Option<(usize, bool)>, ReadError> {
        let (mut scanned, mut too_long) = (0, false);
        loop {
            let end = window.bytes().iter().skip(scanned).position(|b| *b == b'\n');
            scanned = end.map_or(window.bytes().len(), |end| scanned + end + 1);
            if too_long || scanned > self.limit {
                too_long = true;
                window.consume(scanned);
                scanned = 0;
            }
            if end.is_some() {
                return Ok(Some((scanned, too_long)));
            }
            if !window.more(self.line)? {
                return Ok((scanned > 0 || too_long).then_some((scanned, too_long)));
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    BeforeFirst,
    BeforeElement,
    AfterElement,
    AfterArray,
}

/// Splits a window that holds one JSON array into its elements.
pub(super) struct Array {
    limit: usize,
    line: u64,
    place: Place,
}

impl Array {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, line: 1, place: Place::Start }
    }

    /// The next element; the caller consumes it.
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Piece, ReadError> {
        loop {
            let b = self.skip_space(window)?;
            let line = self.line;
            let broken = |reason| Err(ReadError::BrokenArray { line, reason });
            match (self.place, b) {
                (Place::AfterArray, None) => return Ok(Piece::End),
                (Place::AfterArray, Some(_)) => return broken("there is more after the array's end"),
                (_, None) => {
                    return broken("the file ends before the array does; check that its export finished");
                }
                (Place::Start, Some(b'[')) => self.place = Place::BeforeFirst,
                (Place::Start, Some(_)) => return broken("it does not begin with ["),
                (Place::BeforeFirst | Place::AfterElement, Some(b']')) => self.place = Place::AfterArray,
                (Place::AfterElement, Some(b',')) => self.place = Place::BeforeElement,
                (Place::AfterElement, Some(_)) => return broken("a comma or ] is missing between elements"),
                (_, Some(b',' | b']' | b'}' | b':')) => return broken("an element is missing"),
                (_, Some(_)) => {
                    self.place = Place::AfterElement;
                    return self.element(window);
                }
            }
            window.consume(1);
        }
    }

    fn skip_space<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<u8>, ReadError> {
        loop {
            let bytes = window.bytes();
            let space = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
            self.line += line_feeds(&bytes[..space]);
            window.consume(space);
            if let Some(b) = window.bytes().first() {
                return Ok(Some(*b));
            }
            if !window.more(self.line)? {
                return Ok(None);
            }
        }
    }

    fn element<R: Read>(&mut self, window: &mut Window<R>) -> Result<Piece, ReadError> {
        let line = self.line;
        let (mut scan, mut at, mut too_long) = (Element::default(), 0, false);
        loop {
            let bytes = window.bytes();
            let (used, done) = scan.run(&bytes[at..]);
            self.line += line_feeds(&bytes[at..at + used]);
            at += used;
            if too_long || at > self.limit {
                too_long = true;
                window.consume(at);
                at = 0;
            }
            if done {
                break;
            }
            if !window.more(self.line)? {
                let reason =
                    "the element that begins there is never closed; check that the file's export finished";
                return Err(ReadError::BrokenArray { line, reason });
            }
        }
        if too_long {
            return Ok(Piece::Refused { line, reason: too_long_reason(self.limit) });
        }
        Ok(Piece::Record { line, len: at })
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}

/// Where a scan is within one element.
#[derive(Default)]
struct Element {
    depth: u64,
    in_string: bool,
    escaped: bool,
    bare: bool,
}

impl Element {
    /// Scans on: bytes used, and whether the element ends there.
    fn run(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(&b) = bytes.get(at) {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                let rest = &bytes[at..];
                at += rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len());
                match bytes.get(at) {
                    Some(b'"') => self.in_string = false,
                    Some(_) => self.escaped = true,
                    None => return (at, false),
                }
                if !self.in_string && self.depth == 0 {
                    return (at + 1, true);
                }
            } else {
                let closes = self.depth == 0 && (b.is_ascii_whitespace() || matches!(b, b',' | b']' | b'}'));
                if closes && self.bare {
                    return (at, true);
                }
                match b {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    _ => self.bare = self.bare || self.depth == 0,
                }
            }
            at += 1;
        }
        (at, false)
    }
}

/// Which keys hold which fields.
pub(super) struct Keys {
    named: Vec<(Field, Vec<String>)>,
}

impl Keys {
    pub(super) fn new(mapping: &Mapping) -> Self {
        let named = |field| mapping.named(field).map(|names| (field, names.to_vec()));
        Self { named: Field::ALL.into_iter().filter_map(named).collect() }
    }

    /// The key of a field as messages show it.
    pub(super) fn name(&self, field: Field) -> String {
        let named = self.named.iter().find(|(named, _)| *named == field).and_then(|(_, names)| names.first());
        shown(named.map_or(field.name(), String::as_str))
    }

    /// The fields of one row. Fails on text that is not one JSON object, and on an `id`, `created_at`, `subject`
    /// or `body` that is not a plain value.
    pub(super) fn draft(&self, text: &str, warnings: &mut Vec<Warning>) -> Result<Draft<'static>, Problem> {
        let row: Value = serde_json::from_str(text).map_err(|error| Problem {
            field: None,
            reason: format!("the row is not valid JSON (near its byte {})", byte_of(text, &error)),
        })?;
        let Value::Object(row) = row else {
            return Err(Problem { field: None, reason: "the row is not a JSON object".to_owned() });
        };
        let mut draft = Draft::default();
        for found in self.choose(&row) {
            match found.field {
                Field::Tags => tags(&found, &mut draft, warnings),
                field => draft.cells[field as usize] = scalar(field, found.value, warnings)?.map(Cow::Owned),
            }
        }
        Ok(draft)
    }

    fn choose<'a>(&self, row: &'a Map<String, Value>) -> Vec<Found<'a>> {
        let mut out = Vec::new();
        for (field, names) in &self.named {
            for name in names {
                let several = !is_numbered_tag(&plain(name));
                out.extend(lookup(row, name).map(|value| Found { field: *field, several, value }));
            }
        }
        let mut best: [Option<(usize, &Value)>; Field::ALL.len()] = [None; Field::ALL.len()];
        for (key, value) in row {
            let name = plain(key);
            let Some((field, rank)) = recognise(&name) else { continue };
            if value.is_null() || self.named.iter().any(|(named, _)| *named == field) {
                continue;
            }
            if field == Field::Tags {
                out.push(Found { field, several: !is_numbered_tag(&name), value });
            } else if best[field as usize].is_none_or(|(other, _)| rank < other) {
                best[field as usize] = Some((rank, value));
            }
        }
        let chosen = Field::ALL.into_iter().zip(best);
        out.extend(chosen.filter_map(|(field, best)| Some(Found { field, several: false, value: best?.1 })));
        out
    }
}

/// The value of a field.
struct Found<'a> {
    field: Field,
    /// Whether a text holds several tags.
    several: bool,
    value: &'a Value,
}

/// Position of a parser's error. The columns count bytes within a line.
fn byte_of(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column()
}

/// A key as it is, else a dotted path, else a key that differs in spelling only.
fn lookup<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(name) {
        return Some(value);
    }
    let mut steps = name.split('.');
    let first = row.get(steps.next()?);
    let nested = steps.try_fold(first, |value, step| value.map(|value| value.get(step)));
    if let Some(Some(value)) = nested {
        return Some(value);
    }
    let wanted = plain(name);
    row.iter().find(|(key, _)| plain(key) == wanted).map(|(_, value)| value)
}

fn scalar(field: Field, value: &Value, warnings: &mut Vec<Warning>) -> Result<Option<String>, Problem> {
    let wrong = |reason: String| Err(Problem { field: Some(field), reason });
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) if field == Field::Id && number.is_f64() => {
            wrong("is a number that is not exact; write ids of more than 19 digits as text".to_owned())
        }
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Array(_) | Value::Object(_) => match field {
            Field::Id | Field::CreatedAt | Field::Subject | Field::Body => wrong(format!(
                "holds a list or an object; name the key inside it, as {}=KEY.INNER",
                shown(field.name())
            )),
            _ => {
                warnings.push(Warning::NotPlain(field));
                Ok(None)
            }
        },
    }
}

fn tags(found: &Found<'_>, draft: &mut Draft<'static>, warnings: &mut Vec<Warning>) {
    let mut push = |value: &Value, several: bool| match value {
        Value::Null => {}
        Value::String(text) => draft.tags.push(Tag { text: Cow::Owned(text.clone()), several }),
        Value::Number(number) => {
            draft.tags.push(Tag { text: Cow::Owned(number.to_string()), several: false })
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => warnings.push(Warning::NotPlain(Field::Tags)),
    };
    match found.value {
        Value::Array(values) => values.iter().for_each(|value| push(value, false)),
        value => push(value, found.several),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str, limit: usize) -> (Vec<(u64, String)>, Option<ReadError>) {
        let mut window = Window::open(text.as_bytes()).unwrap();
        let mut array = Array::new(limit);
        let mut out = Vec::new();
        loop {
            match array.next(&mut window) {
                Err(error) => return (out, Some(error)),
                Ok(Piece::End) => return (out, None),
                Ok(Piece::Refused { line, .. }) => out.push((line, "refused".to_owned())),
                Ok(Piece::Record { line, len }) => {
                    out.push((line, String::from_utf8_lossy(&window.bytes()[..len]).into_owned()));
                    window.consume(len);
                }
            }
        }
    }

    #[test]
    fn an_array_is_cut_into_its_elements() {
        let text = "\n[ {\"a\": \"]},\\\"{\"},\n\n{\"b\":[{}]} , 12,null\n,\"x\\\\\" ,[1]]\n";
        let (found, error) = elements(text, 100);
        assert!(error.is_none(), "{error:?}");
        let wanted = ["{\"a\": \"]},\\\"{\"}", "{\"b\":[{}]}", "12", "null", "\"x\\\\\"", "[1]"];
        assert_eq!(found.iter().map(|(_, e)| e.as_str()).collect::<Vec<_>>(), wanted);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 4, 4, 5, 5]);
        let (found, error) = elements("[]", 9);
        assert!(found.is_empty() && error.is_none());
    }

    #[test]
    fn what_is_wrong_with_an_array_is_said_with_its_line() {
        for (text, line, rows, reason) in [
            ("[1,\n2] x", 2, 2, "more after"),
            ("[1,\n2]\n]", 3, 2, "more after"),
            ("[1\n2]", 2, 1, "comma"),
            ("[1,\n]", 2, 1, "an element is missing"),
            ("[,1]", 1, 0, "an element is missing"),
            ("[1,", 1, 1, "before the array does"),
            ("[1,\n{\"a\": [\n", 2, 1, "never closed"),
            ("[\"a\n", 1, 0, "never closed"),
            ("{}", 1, 0, "does not begin"),
        ] {
            let (found, error) = elements(text, 100);
            assert_eq!(found.len(), rows, "{text}");
            let error = error.unwrap();
            assert!(
                matches!(error, ReadError::BrokenArray { line: l, .. } if l == line),
                "{text}: {error:?}"
            );
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_large_element_is_refused_and_a_deep_one_does_no_harm() {
        let deep = "[".repeat(300_000) + &"]".repeat(300_000);
        let (found, error) = elements(&format!("[{{\"a\":1}},\n{deep},\n{{\"b\":2}}]"), 1000);
        assert!(error.is_none(), "{error:?}");
        let found: Vec<(u64, &str)> = found.iter().map(|(line, e)| (*line, e.as_str())).collect();
        assert_eq!(found, [(1, "{\"a\":1}"), (2, "refused"), (3, "{\"b\":2}")]);
        let deep = "[".repeat(400) + &"]".repeat(400);
        let problem = Keys::new(&Mapping::automatic()).draft(&deep, &mut Vec::new()).unwrap_err();
        assert!(problem.reason.contains("not valid JSON"), "{}", problem.reason);
    }

    #[test]
    fn lines_are_counted_and_long_ones_refused() {
        let text = format!("a\n\n \r\n{}\nb", "x".repeat(100_000));
        let mut window = Window::open(text.as_bytes()).unwrap();
        let mut lines = Lines::new(10);
        let mut seen = Vec::new();
        loop {
            match lines.next(&mut window).unwrap() {
                Piece::End => break,
                Piece::Refused { line, .. } => seen.push((line, 0)),
                Piece::Record { line, len } => {
                    seen.push((line, len));
                    window.consume(len);
                }
            }
        }
        assert_eq!(seen, [(1, 2), (4, 0), (5, 1)]);
    }

    fn draft(mapping: &[&str], text: &str) -> Result<(Draft<'static>, Vec<Warning>), Problem> {
        let mut names = Mapping::automatic();
        mapping.iter().for_each(|m| names.add(m).unwrap());
        let mut warnings = Vec::new();
        Keys::new(&names).draft(text, &mut warnings).map(|draft| (draft, warnings))
    }

    fn cell(draft: &Draft<'_>, field: Field) -> Option<String> {
        draft.cells[field as usize].as_ref().map(|cell| cell.to_string())
    }

    #[test]
    fn keys_are_recognised_or_named_by_a_path() {
        let text = r#"{"ID": 18446744073709551615, "summary": "s", "title": null, "via": {"channel": "web"},
            "requester": {"email": "a"}, "tags": ["x,y", 7, null, {}], "tag_1": "p,q", "labels": "u,v"}"#;
        let (found, warnings) = draft(&["channel=via.channel", "requester=requester.email"], text).unwrap();
        assert_eq!(cell(&found, Field::Id).as_deref(), Some("18446744073709551615"));
        assert_eq!(cell(&found, Field::Subject).as_deref(), Some("s"));
        assert_eq!(cell(&found, Field::Channel).as_deref(), Some("web"));
        assert_eq!(cell(&found, Field::Requester).as_deref(), Some("a"));
        let tags: Vec<(&str, bool)> = found.tags.iter().map(|tag| (&*tag.text, tag.several)).collect();
        assert_eq!(tags, [("u,v", true), ("p,q", false), ("x,y", false), ("7", false)]);
        assert_eq!(warnings, [Warning::NotPlain(Field::Tags)]);
    }

    #[test]
    fn values_of_the_wrong_kind_are_told_apart_by_how_much_they_matter() {
        let (found, warnings) = draft(&[], r#"{"id": "1", "via": {"channel": "web"}}"#).unwrap();
        assert_eq!(cell(&found, Field::Channel), None);
        assert_eq!(warnings, [Warning::NotPlain(Field::Channel)]);
        let problem = draft(&[], r#"{"id": "1", "body": {"text": "x"}}"#).unwrap_err();
        assert_eq!(problem.reason, "holds a list or an object; name the key inside it, as body=KEY.INNER");
        assert!(draft(&[], r#"{"id": 123456789012345678901234567890}"#).is_err());
        assert_eq!(draft(&[], "[1]").unwrap_err().reason, "the row is not a JSON object");
        let problem = draft(&[], "{\"id\":\n secret}").unwrap_err();
        assert_eq!(problem.reason, "the row is not valid JSON (near its byte 9)");
    }
}
