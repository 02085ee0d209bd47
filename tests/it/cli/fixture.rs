//! Data folders with history and a model. Made once by the binary itself, kept beside the build, copied for each
//! test.

use super::program::{binary, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

/// First instant that the models of the folders have not seen.
pub const TRAINED_UNTIL: &str = "2023-10-03";
/// First run of the tests' detection.
pub const DETECT_FROM: &str = "2023-10-03";
/// Last run of the tests' detection.
pub const DETECT_TO: &str = "2023-10-06T12:00";

/// A kind of data folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 60 tickets a day since August; on 2023-10-05 from 09:15 on customers cannot sign on.
    Outage,
    /// The same tickets with an alarm budget so large that ordinary noise makes incidents as well.
    Noisy,
    /// The same weeks, and nothing happens; ends with 2023-10-04.
    Quiet,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Noisy => "noisy",
            Self::Quiet => "quiet",
        }
    }

    fn generate(self) -> [&'static str; 4] {
        match self {
            Self::Outage | Self::Noisy => ["--scenario", "outage", "--to", "2023-10-07"],
            Self::Quiet => ["--scenario", "none", "--to", "2023-10-04"],
        }
    }

    fn budget(self) -> &'static str {
        if self == Self::Noisy { "3000" } else { "24" }
    }
}

/// A folder of the test's own: `data` is a copy of the data folder, `generated` what it was imported from.
pub fn copy(kind: Kind) -> TempDir {
    let dir = folder();
    copy_folder(&made(kind), dir.path());
    dir
}

/// An empty folder where [`copy_folder`] can link.
pub fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// As [`copy`], with everything detected that [`DETECT_FROM`] to [`DETECT_TO`] shows and nothing diagnosed.
pub fn detected(kind: Kind) -> TempDir {
    let dir = copy(kind);
    run(dir.path(), &["detect", "--from", DETECT_FROM, "--to", DETECT_TO]).ok();
    dir
}

/// The generated tickets of a kind.
pub fn tickets(kind: Kind) -> PathBuf {
    made(kind).join("generated/tickets.csv")
}

/// The folder of a kind. Its name says which binary made it, so that no test sees another program's data.
fn made(kind: Kind) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap_or_else(|e| e.into_inner());
    let built = fs::metadata(binary()).and_then(|m| m.modified()).unwrap();
    let stamp = built.duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let prefix = format!("cli-{}-", kind.name());
    let folder = root.join(format!("{prefix}{stamp}"));
    if folder.exists() {
        return folder;
    }
    for old in fs::read_dir(root).unwrap().map(|entry| entry.unwrap()) {
        if old.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let making = tempfile::tempdir_in(root).unwrap();
    make(kind, making.path());
    // Another process may have been faster: then its folder is as good.
    match fs::rename(making.path(), &folder) {
        Ok(()) => {
            let _moved = making.keep();
        }
        Err(error) => assert!(folder.exists(), "{error}"),
    }
    folder
}

fn make(kind: Kind, dir: &Path) {
    let common = ["generate", "--seed", "7", "--from", "2023-08-01", "--per-day", "60", "--out", "generated"];
    run(dir, &[&common[..], &kind.generate()].concat()).ok();
    run(dir, &["import", "generated/tickets.csv", "--alarm-budget", kind.budget()]).ok();
    run(dir, &["train", "--until", TRAINED_UNTIL]).ok();
}

/// Copies a folder's content. Objects become links where that is possible: the program replaces them and never
/// writes into one. Neither may a test, see [`put`].
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            // The lock of the objects is each folder's own.
            let is_object = target.components().any(|part| part.as_os_str() == "objects")
                && !entry.file_name().as_encoded_bytes().starts_with(b".");
            if !is_object || fs::hard_link(entry.path(), &target).is_err() {
                fs::copy(entry.path(), &target).unwrap();
            }
        }
    }
}

/// Puts a file in the place of another, whose links keep their content.
pub fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Every file below `folder` whose path holds `part`, sorted.
pub fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, part));
        } else if path.to_string_lossy().contains(part) {
            found.push(path);
        }
    }
    found.sort();
    found
}
