//! The binary and what it did.

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Longest that a command of these tests may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The binary that cargo put beside the folder of this test, and that is not older than what it is made of.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().and_then(Path::parent).unwrap();
        let path = folder.join(format!("anomalyze{}", std::env::consts::EXE_SUFFIX));
        let built = fs::metadata(&path).and_then(|m| m.modified());
        let built =
            built.unwrap_or_else(|e| panic!("{} is missing ({e}): run `cargo build -p cli`", path.display()));
        // Cargo's list of the files that the binary is made of; spaces in names are escaped.
        let list = fs::read_to_string(folder.join("anomalyze.d")).expect("cargo writes anomalyze.d");
        let (_, sources) = list.split_once(": ").expect("anomalyze.d names a target");
        for source in sources.replace("\\ ", "\u{0}").split_whitespace() {
            let source = PathBuf::from(source.replace('\u{0}', " "));
            let changed = fs::metadata(&source).and_then(|m| m.modified());
            assert!(
                changed.is_ok_and(|changed| changed <= built),
                "{} is older than {}: run `cargo build -p cli`",
                path.display(),
                source.display()
            );
        }
        path
    })
}

/// A command that has ended.
#[derive(Debug)]
pub struct Done {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Done {
    /// Fails unless the command succeeded.
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Fails unless the command ended with this code.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard error:\n{}\nstandard output:\n{}", self.err, self.out);
        self
    }

    /// Fails unless the command failed with an error that names all of `parts`, and nothing looks like a crash.
    pub fn fails(self, parts: &[&str]) -> Self {
        let done = self.exits(1);
        for part in parts {
            assert!(done.err.contains(part), "{part:?} is not in:\n{}", done.err);
        }
        assert!(done.err.contains("error: failed to "), "{}", done.err);
        assert!(!done.err.contains("panicked"), "{}", done.err);
        done
    }

    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in:\n{}", self.out))
    }

    fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

/// A command that is not started yet, in the folder `dir`, with the data folder `dir/data`.
pub fn command<S: AsRef<OsStr>>(dir: &Path, args: &[S]) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(dir).args(["--dir", "data"]).args(args);
    // Nothing of the developer's terminal may show in the output.
    command.env_remove("NO_COLOR").env_remove("COLUMNS").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run<S: AsRef<OsStr>>(dir: &Path, args: &[S]) -> Done {
    Done::of(command(dir, args).output().unwrap())
}

/// Starts a command whose output nobody reads before its end, which [`finish`] waits for.
pub fn start<S: AsRef<OsStr>>(dir: &Path, args: &[S]) -> Child {
    command(dir, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a started command.
pub fn finish(child: Child) -> Done {
    Done::of(child.wait_with_output().unwrap())
}

/// Runs a command, kills it after `delay`, and says whether it was still at work.
pub fn kill_after<S: AsRef<OsStr>>(dir: &Path, args: &[S], delay: Duration) -> bool {
    let mut child = command(dir, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    let at_work = child.try_wait().unwrap().is_none();
    // SIGKILL: nothing is cleaned up.
    child.kill().unwrap();
    child.wait().unwrap();
    at_work
}

/// Runs a command to its end and returns the largest memory it held, in bytes (Linux: `VmHWM`).
pub fn run_measured<S: AsRef<OsStr>>(dir: &Path, args: &[S], patience: Duration) -> (Done, u64) {
    // Files, not pipes: nobody empties them while the memory is watched.
    let (out, err) = (dir.join("measured.out"), dir.join("measured.err"));
    let mut child = command(dir, args)
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let mut peak = 0;
    let status = loop {
        peak = peak_memory(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > patience {
            child.kill().unwrap();
            panic!("the command takes longer than {patience:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(peak > 1 << 20, "the memory of the process was seen: {peak}");
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    (Done { code: status.code().unwrap_or(-1), out: text(&out), err: text(&err) }, peak)
}

/// [`run_measured`] with the patience of these tests.
pub fn run_lean<S: AsRef<OsStr>>(dir: &Path, args: &[S]) -> (Done, u64) {
    run_measured(dir, args, PATIENCE)
}

fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}
