//! Writes a dataset as files.

use super::options::GenerateError;
use super::{Dataset, GenerateError::File};
use domain::ticket::Ticket;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Columns of the ticket files.
pub const COLUMNS: [&str; 13] = [
    "id",
    "created_at",
    "landed_at",
    "subject",
    "body",
    "type",
    "queue",
    "priority",
    "language",
    "tags",
    "channel",
    "product",
    "requester",
];

/// Writes into `dir`, which is made if need be; files of an earlier run are replaced.
///
/// `tickets.csv` has every ticket in time order (columns [`COLUMNS`]; times RFC 3339 with the zone's offset, tags
/// joined by `;`, absent values empty), `train.csv` those before the first of the anomaly's month, `test.csv` the
/// others, `daily_counts.csv` the columns `timestamp` and `count` with a row for every day, `anomaly_metadata.json`
/// the [`super::Truth`]. Without an anomaly the last quarter of the days is the test part. Fails when a file cannot
/// be written.
pub fn write_dataset(dir: &Path, dataset: &Dataset) -> Result<(), GenerateError> {
    fs::create_dir_all(dir).map_err(|source| File { action: "create", path: dir.to_owned(), source })?;
    for (name, write) in files(dataset) {
        let path = dir.join(name);
        let done = fs::File::create(&path).and_then(|file| {
            let mut out = BufWriter::new(file);
            write(&mut out)?;
            out.flush()
        });
        done.map_err(|source| File { action: "write", path, source })?;
    }
    Ok(())
}

/// Writes the content of one file.
type Content<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;

/// Every file's name and content.
pub(super) fn files(dataset: &Dataset) -> [(&'static str, Content<'_>); 5] {
    let (split, zone) = (dataset.split(), &dataset.zone);
    let part = move |test: bool| dataset.tickets.iter().filter(move |t| (t.created_at >= split) == test);
    [
        ("tickets.csv", Box::new(move |out| tickets(out, dataset.tickets.iter(), zone))),
        ("train.csv", Box::new(move |out| tickets(out, part(false), zone))),
        ("test.csv", Box::new(move |out| tickets(out, part(true), zone))),
        (
            "daily_counts.csv",
            Box::new(|out| {
                writeln!(out, "timestamp,count")?;
                dataset.daily_counts().iter().try_for_each(|(date, count)| writeln!(out, "{date},{count}"))
            }),
        ),
        (
            "anomaly_metadata.json",
            Box::new(|out| {
                serde_json::to_writer_pretty(&mut *out, &dataset.truth)?;
                writeln!(out)
            }),
        ),
    ]
}

fn tickets<'a>(
    out: &mut dyn Write,
    tickets: impl Iterator<Item = &'a Ticket>,
    zone: &TimeZone,
) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(COLUMNS)?;
    for ticket in tickets {
        out.write_record([
            ticket.id.as_str(),
            &with_offset(ticket.created_at, zone),
            &with_offset(ticket.landed_at, zone),
            ticket.subject.as_deref().unwrap_or(""),
            &ticket.body,
            ticket.kind.as_deref().unwrap_or(""),
            ticket.queue.as_deref().unwrap_or(""),
            ticket.priority.map_or("", |p| p.name()),
            ticket.language.as_deref().unwrap_or(""),
            &ticket.tags.join(";"),
            ticket.channel.as_deref().unwrap_or(""),
            ticket.product.as_deref().unwrap_or(""),
            ticket.requester.as_deref().unwrap_or(""),
        ])?;
    }
    out.flush()
}

fn with_offset(at: Timestamp, zone: &TimeZone) -> String {
    at.display_with_offset(zone.to_offset(at)).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::{GenerateOptions, generate};
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let (from, to) = (date(2023, 10, 1), date(2023, 10, 7));
        let dataset = generate(&GenerateOptions { from, to, ..GenerateOptions::default() }).unwrap();
        let error = write_dataset(Path::new("Cargo.toml/dataset"), &dataset).unwrap_err();
        assert_eq!(error.to_string(), "create Cargo.toml/dataset");
    }
}
