//! The rows that were no tickets, as a file for whoever corrects them.

use super::Refusal;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `<file>.refused.csv` with the columns `line`, `column` and `reason`, once there is something to write.
pub struct RefusedWriter {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
}

impl RefusedWriter {
    /// A writer beside the file `input`; creates nothing yet. A list of an earlier reading is replaced with the
    /// first refusal.
    pub fn beside(input: &Path) -> Self {
        let mut path = input.as_os_str().to_owned();
        path.push(".refused.csv");
        Self { path: path.into(), writer: None }
    }

    /// Adds one refusal. Fails when the file cannot be created or written.
    pub fn write(&mut self, refusal: &Refusal) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let mut writer = csv::Writer::from_path(&self.path)?;
                writer.write_record(HEADER)?;
                none.insert(writer)
            }
        };
        write_refusal(writer, refusal)
    }

    /// Writes what is buffered; the path of the file, if there is one.
    pub fn finish(mut self) -> io::Result<Option<PathBuf>> {
        match &mut self.writer {
            Some(writer) => writer.flush().map(|()| Some(self.path)),
            None => Ok(None),
        }
    }
}

/// The same list in memory, as many rows as its limit; of the rest it says how many there are.
pub struct RefusedList {
    writer: csv::Writer<Vec<u8>>,
    limit: u64,
    refused: u64,
}

impl RefusedList {
    /// An empty list of at most `limit` rows.
    pub fn new(limit: u64) -> Self {
        Self { writer: csv::Writer::from_writer(Vec::new()), limit, refused: 0 }
    }

    /// Adds one refusal.
    pub fn write(&mut self, refusal: &Refusal) -> io::Result<()> {
        if self.refused == 0 {
            self.writer.write_record(HEADER)?;
        }
        self.refused += 1;
        if self.refused <= self.limit { write_refusal(&mut self.writer, refusal) } else { Ok(()) }
    }

    /// The list as CSV; `None` when nothing was refused.
    pub fn finish(mut self) -> io::Result<Option<Vec<u8>>> {
        if self.refused == 0 {
            return Ok(None);
        }
        if let Some(more @ 1..) = self.refused.checked_sub(self.limit) {
            self.writer.write_record(["", "", &format!("{more} more rows were refused")])?;
        }
        self.writer.into_inner().map(Some).map_err(|error| error.into_error())
    }
}

const HEADER: [&str; 3] = ["line", "column", "reason"];

fn write_refusal(writer: &mut csv::Writer<impl Write>, refusal: &Refusal) -> io::Result<()> {
    let column = harmless(refusal.column.as_deref().unwrap_or(""));
    writer.write_record([refusal.line.to_string().as_str(), &column, &refusal.reason])?;
    Ok(())
}

/// A spreadsheet must not take a foreign column's name for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_file_only_when_there_is_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("tickets.csv.gz");
        assert_eq!(RefusedWriter::beside(&input).finish().unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut writer = RefusedWriter::beside(&input);
        let refusal = |column: Option<&str>| Refusal {
            line: 7,
            column: column.map(str::to_owned),
            reason: "is empty, \"or\" not".to_owned(),
        };
        writer.write(&refusal(Some("=cmd()"))).unwrap();
        writer.write(&refusal(None)).unwrap();
        let path = writer.finish().unwrap().unwrap();
        assert_eq!(path, folder.path().join("tickets.csv.gz.refused.csv"));
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            text,
            "line,column,reason\n7,'=cmd(),\"is empty, \"\"or\"\" not\"\n7,,\"is empty, \"\"or\"\" not\"\n"
        );
    }

    #[test]
    fn a_list_in_memory_stops_at_its_limit_and_says_so() {
        assert_eq!(RefusedList::new(1).finish().unwrap(), None);
        let mut list = RefusedList::new(1);
        for line in 1..=3 {
            let refusal = Refusal { line, column: Some("@id".to_owned()), reason: "is empty".to_owned() };
            list.write(&refusal).unwrap();
        }
        let text = String::from_utf8(list.finish().unwrap().unwrap()).unwrap();
        assert_eq!(text, "line,column,reason\n1,'@id,is empty\n,,2 more rows were refused\n");
    }
}
