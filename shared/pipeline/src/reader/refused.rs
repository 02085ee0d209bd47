//! The rows that were no tickets, as a file for whoever corrects them.

use super::Refusal;
use std::fs::File;
use std::io;
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
                writer.write_record(["line", "column", "reason"])?;
                none.insert(writer)
            }
        };
        let column = harmless(refusal.column.as_deref().unwrap_or(""));
        writer.write_record([refusal.line.to_string().as_str(), &column, &refusal.reason])?;
        Ok(())
    }

    /// Writes what is buffered; the path of the file, if there is one.
    pub fn finish(mut self) -> io::Result<Option<PathBuf>> {
        match &mut self.writer {
            Some(writer) => writer.flush().map(|()| Some(self.path)),
            None => Ok(None),
        }
    }
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
}
