//! Whole files through the reader.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;
use std::sync::atomic::Ordering;

const CSV: &str = "id,created_at,subject,body,priority,tags\n\
    1,2024-03-05T10:00:00Z,Printer,\"does not print,\nat all\",high,b;a\n\
    2,2024-03-05 11:00,,\"says \"\"hello\"\"\",,\n";
const NDJSON: &str = concat!(
    r#"{"id": 1, "created_at": "2024-03-05T10:00:00Z", "subject": "Printer", "body": "does not print,\nat all", "#,
    r#""priority": "high", "tags": ["b", "a"]}"#,
    "\n",
    r#"{"id": "2", "created_at": 1709636400, "body": "says \"hello\"", "tags": "", "more": {"deep": [1]}}"#,
    "\n"
);

fn options() -> ReadOptions {
    ReadOptions::new("default", "test", Landing::ColumnOrCreation)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// The rows before an error, and the error.
fn read_with(bytes: &[u8], name: Option<&str>, options: &ReadOptions) -> (Vec<Row>, Option<ReadError>) {
    let mut rows = Vec::new();
    match read_tickets(bytes, name, options) {
        Err(error) => return (rows, Some(error)),
        Ok(reader) => {
            for row in reader {
                match row {
                    Ok(row) => rows.push(row),
                    Err(error) => return (rows, Some(error)),
                }
            }
        }
    }
    (rows, None)
}

fn read(bytes: &[u8], name: Option<&str>) -> Vec<Row> {
    let (rows, error) = read_with(bytes, name, &options());
    assert!(error.is_none(), "{error:?}");
    rows
}

fn tickets(rows: &[Row]) -> Vec<&Ticket> {
    rows.iter().map(|row| row.outcome.as_ref().unwrap()).collect()
}

fn lines(rows: &[Row]) -> Vec<(u64, bool)> {
    rows.iter().map(|row| (row.line, row.outcome.is_ok())).collect()
}

fn reason(row: &Row) -> &str {
    &row.outcome.as_ref().unwrap_err().reason
}

#[test]
fn every_format_gives_the_same_tickets_however_it_is_packed() {
    let tsv = CSV.replace("print,\n", "print;\n").replace(',', "\t").replace("print;\n", "print,\n");
    let array = format!("[{}]", NDJSON.trim().replace("}\n{", "},\n{"));
    let wanted: Vec<Ticket> = tickets(&read(CSV.as_bytes(), None)).into_iter().cloned().collect();
    assert_eq!(wanted.len(), 2);
    assert_eq!(wanted[0].body, "does not print,\nat all");
    assert_eq!(wanted[0].tags, ["a", "b"]);
    assert_eq!(wanted[1].created_at.to_string(), "2024-03-05T11:00:00Z");
    assert_eq!((wanted[1].subject.as_deref(), wanted[1].body.as_str()), (None, "says \"hello\""));
    for (text, format) in [
        (CSV, Format::Csv),
        (&CSV.replace('\n', "\r\n").replace("print,\r\n", "print,\n"), Format::Csv),
        (&tsv, Format::Tsv),
        (NDJSON, Format::Ndjson),
        (&array, Format::JsonArray),
    ] {
        let bytes = text.as_bytes();
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        for packed in [
            bytes.to_vec(),
            gz(bytes),
            zst(bytes),
            [gz(half), gz(rest)].concat(),
            [zst(half), zst(rest)].concat(),
        ] {
            let mut reader = read_tickets(packed.as_slice(), None, &options()).unwrap();
            assert_eq!(reader.format(), format);
            let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
            assert_eq!(tickets(&rows), wanted.iter().collect::<Vec<_>>(), "{format:?}");
            assert_eq!(reader.bytes_read().load(Ordering::Relaxed), packed.len() as u64);
            assert_eq!(reader.summary().tickets, 2);
        }
    }
}

#[test]
fn marks_and_utf_16_are_understood() {
    let wanted = read(CSV.as_bytes(), None);
    let marked = format!("\u{feff}{CSV}");
    assert_eq!(read(marked.as_bytes(), None), wanted);
    let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&little, Some("x.csv")), wanted);
    assert_eq!(read(&gz(&big), None), wanted);
}

#[test]
fn encodings_may_change_from_row_to_row() {
    let mut bytes = "id,date,body\n1,2024-01-01,Größe\n2,2024-01-01,".as_bytes().to_vec();
    bytes.extend_from_slice(b"Gr\xf6\xdfe \x80\n3,2024-01-01,a\x00b\x1bc\n");
    let mut reader = read_tickets(bytes.as_slice(), None, &options()).unwrap();
    let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
    let bodies: Vec<&str> = tickets(&rows).into_iter().map(|ticket| ticket.body.as_str()).collect();
    assert_eq!(bodies, ["Größe", "Größe €", "abc"]);
    assert_eq!(rows[1].warnings, [Warning::Recoded]);
    assert_eq!(reader.summary().recoded(), 1);

    let json = b"{\"id\": 1, \"date\": \"2024-01-01\", \"body\": \"Gr\xf6\xdfe\"}\n";
    let rows = read(json, None);
    assert_eq!(tickets(&rows)[0].body, "Größe");
    assert_eq!(rows[0].warnings, [Warning::Recoded]);
}

#[test]
fn a_truncated_file_gives_its_rows_and_then_says_where_it_ends() {
    let mut text = String::from("id,created_at,body\n");
    for i in 0..20_000u32 {
        text.push_str(&format!("{i},2024-03-05T10:00:00Z,{:08x}\n", i.wrapping_mul(2_654_435_761)));
    }
    for (packed, name) in [(gz(text.as_bytes()), "gzip"), (zst(text.as_bytes()), "zstd")] {
        let cut = packed.len() / 2;
        let (rows, error) = read_with(&packed[..cut], None, &options());
        assert!(rows.len() > 5_000, "{name}: {}", rows.len());
        assert!(tickets(&rows).iter().all(|ticket| ticket.body.len() == 8));
        let Some(ReadError::Truncated { compression, bytes, line }) = error else { panic!("{error:?}") };
        assert_eq!((compression, bytes), (name, cut as u64));
        assert_eq!(line, rows.len() as u64 + 2);
        for cut in [packed.len() - 1, 9, 5] {
            let (_, error) = read_with(&packed[..cut], None, &options());
            assert!(matches!(error, Some(ReadError::Truncated { .. })), "{name} {cut}: {error:?}");
        }
    }
}

#[test]
fn an_empty_file_and_one_without_the_columns_are_fatal() {
    for bytes in [Vec::new(), gz(b""), zst(b"\n\n"), b"\xef\xbb\xbf".to_vec()] {
        assert!(matches!(read_with(&bytes, Some("x.csv"), &options()).1, Some(ReadError::Empty)));
    }
    let (_, error) = read_with(b"nr,when\n1,2\n", None, &options());
    assert!(error.unwrap().to_string().contains("has \"nr\", \"when\""));
    let (_, error) = read_with(b"id,date,id\n", None, &options());
    assert!(matches!(error, Some(ReadError::DuplicateColumn { .. })));
    assert_eq!(read(b"id,date\n", None), []);
    assert_eq!(read(b"[]", None), []);
    let (_, error) = read_with(b"{\n  \"id\": 1\n}\n", None, &options());
    assert!(matches!(error, Some(ReadError::UnknownFormat { .. })), "{error:?}");
    assert_eq!(lines(&read(b"{\n", Some("x.ndjson"))), [(1, false)]);
}

#[test]
fn refused_rows_are_found_at_the_line_where_they_begin() {
    let text = "id,created_at,queue,body\n\
        1,2024-01-01,a,\"two\nlines\"\n\
        \n\
        ,2024-01-01,a,\"no id,\nwell\"\n\
        3,someday,a,x\n\
        4,2024-01-01,a\n\
        5,2024-01-01,a,b,,\n\
        6,2024-01-01,a,b,c\n\
        7,2024-01-01,a,\"it \"was\" so\"\n\
        8,2024-01-01,a,\"open\n\
        9,2024-01-01,a,\"fine\"\n\
        ,,,\n";
    let rows = read(text.as_bytes(), None);
    let wanted = [
        (2, true),
        (5, false),
        (7, false),
        (8, false),
        (9, true),
        (10, false),
        (11, false),
        (12, false),
        (13, true),
    ];
    assert_eq!(lines(&rows), wanted);
    let refusal = |at: usize| rows[at].outcome.as_ref().unwrap_err().to_string();
    assert_eq!(refusal(1), "line 5, column \"id\": is empty; every ticket needs the id it has in its source");
    assert!(refusal(2).starts_with("line 7, column \"created_at\": is not a time"), "{}", refusal(2));
    assert!(refusal(3).starts_with("line 8: the row has 3 fields where the header has 4"));
    assert!(refusal(6).contains("text follows the closing quote"));
    assert!(!rows.iter().filter_map(|row| row.outcome.as_ref().err()).any(|r| r.reason.contains("someday")));
}

#[test]
fn a_huge_field_is_refused_in_bounded_memory() {
    let mut small = options();
    small.max_row_bytes = 1 << 20;
    for (head, tail, line) in [
        ("id,date,body\n1,2024-01-01,\"", "\"\n2,2024-01-01,x\n", 2),
        ("id,date,body\n1,2024-01-01,", "\n2,2024-01-01,x\n", 2),
        ("{\"id\":1,\"date\":\"2024-01-01\",\"body\":\"", "\"}\n{\"id\":2,\"date\":\"2024-01-01\"}\n", 1),
        ("[\n{\"id\":1,\"date\":\"2024-01-01\",\"body\":\"", "\"},\n{\"id\":2,\"date\":\"2024-01-01\"}]", 2),
    ] {
        let middle = std::io::repeat(b'x').take(100_000_000);
        let mut reader =
            read_tickets(head.as_bytes().chain(middle).chain(tail.as_bytes()), None, &small).unwrap();
        let rows: Vec<Row> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(lines(&rows), [(line, false), (line + 1, true)]);
        assert!(reason(&rows[0]).contains("more than 1048576 bytes"), "{}", reason(&rows[0]));
        assert!(reader.window.capacity() <= 4 << 20, "{}", reader.window.capacity());
    }
}

#[test]
fn an_open_quote_in_a_large_file_stops_it_with_the_line() {
    let rows = "2,2024-01-01,x\n".repeat(10_000);
    let text = format!("id,date,body\n1,2024-01-01,x\n9,2024-01-01,\"open\n{rows}");
    let mut small = options();
    small.max_row_bytes = 5_000;
    let (rows, error) = read_with(text.as_bytes(), None, &small);
    assert_eq!(lines(&rows), [(2, true)]);
    assert!(matches!(error, Some(ReadError::UnclosedQuote { line: 3, limit: 5_000 })), "{error:?}");
    let (rows, error) = read_with(text.as_bytes(), None, &options());
    assert!(error.is_none());
    assert_eq!((rows.len(), rows.iter().filter(|row| row.outcome.is_err()).count()), (10_002, 1));
}

#[test]
fn mapped_columns_and_foreign_customs_are_understood() {
    let mut options = options();
    options.time_zone = TimeZone::get("Europe/Berlin").unwrap();
    options.requester_key = Some(RequesterKey::new(&[7; 32]).unwrap());
    for name in ["id=Nr.", "created_at=Eröffnet", "queue=Abteilung", "requester=Kunde", "body="] {
        options.mapping.add(name).unwrap();
    }
    let text = "Nr.;Eröffnet;Abteilung;Kunde;Text\n7;31.03.2024 02:30;Vertrieb;jane@example.org;x\n";
    let (rows, error) = read_with(text.as_bytes(), None, &options);
    assert!(error.is_none(), "{error:?}");
    let ticket = tickets(&rows)[0];
    assert_eq!(ticket.created_at.to_string(), "2024-03-31T01:30:00Z");
    assert_eq!((ticket.queue.as_deref(), ticket.body.as_str()), (Some("Vertrieb"), ""));
    assert_eq!(ticket.requester.as_ref().map(String::len), Some(32));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused = |change: fn(&mut ReadOptions)| {
        let mut options = options();
        change(&mut options);
        matches!(read_with(CSV.as_bytes(), None, &options).1, Some(ReadError::Options { .. }))
    };
    assert!(refused(|o| o.stream = "No Such".into()));
    assert!(refused(|o| o.source = String::new()));
    assert!(refused(|o| o.delimiter = Some(b'"')));
    assert!(!refused(|o| o.delimiter = Some(b',')));
}

fn some_options() -> impl Strategy<Value = ReadOptions> {
    let formats =
        vec![None, Some(Format::Csv), Some(Format::Tsv), Some(Format::JsonArray), Some(Format::Ndjson)];
    (prop::sample::select(formats), prop::sample::select(vec![10usize, 60, 1 << 20]))
        .prop_map(|(format, max_row_bytes)| ReadOptions { format, max_row_bytes, ..options() })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), options in some_options()) {
        let (rows, _) = read_with(&bytes, None, &options);
        prop_assert!(rows.len() <= bytes.len());
        let _ = read_with(&gz(&bytes), None, &options);
    }

    #[test]
    fn no_broken_file_panics_or_invents_rows(
        at in 0usize..160,
        noise in "[\"\\[\\]{},:;\r\n\\\\0a\u{0}]{0,8}",
        source in prop::sample::select(vec![CSV, NDJSON]),
        options in some_options(),
    ) {
        let at = at.min(source.len());
        let text = format!("{}{noise}{}", &source[..at], &source[at..]);
        let (rows, _) = read_with(text.as_bytes(), None, &options);
        let ends = text.bytes().filter(|b| matches!(b, b'\n' | b'\r' | b',')).count();
        prop_assert!(rows.len() <= ends + 1);
        let in_order = rows.windows(2).all(|pair| pair[0].line <= pair[1].line);
        prop_assert!(in_order);
    }

    #[test]
    fn a_damaged_archive_never_panics(at in 0usize..120, flip in 1u8..=255, options in some_options()) {
        for mut packed in [gz(NDJSON.as_bytes()), zst(NDJSON.as_bytes())] {
            let at = at.min(packed.len() - 1);
            packed[at] ^= flip;
            let (rows, _) = read_with(&packed, None, &options);
            prop_assert!(rows.len() <= 200);
        }
    }

    #[test]
    fn what_was_written_is_read_back(
        texts in prop::collection::vec(("[a-z0-9]{1,8}", "\\PC{0,20}", "[\\PC\n\"]{0,40}"), 1..8),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["id", "created_at", "queue", "body"]).unwrap();
        for (id, queue, body) in &texts {
            writer.write_record([id.as_str(), "2024-01-01", queue.as_str(), body.as_str()]).unwrap();
        }
        let rows = read(&writer.into_inner().unwrap(), Some("x.csv"));
        prop_assert_eq!(rows.len(), texts.len());
        for (ticket, (id, queue, body)) in tickets(&rows).into_iter().zip(&texts) {
            prop_assert_eq!(&ticket.id, id);
            prop_assert_eq!(&ticket.body, body);
            prop_assert_eq!(&ticket.queue, &clean::label(queue));
        }
    }
}
