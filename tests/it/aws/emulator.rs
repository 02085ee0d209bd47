//! Starts and ends the emulator.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Starts the program in the background and ends it when standard input closes: with the test process, however that
/// ends.
const KEEPER: &str = r#""$@" >log 2>&1 & child=$!; read -r _; kill "$child"; wait "$child""#;
/// Longest that the emulator may take to answer; it takes 0.5 s on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something that stands in for AWS.
pub struct Emulator {
    /// Its address.
    pub url: String,
    /// Kept for as long as it runs, if it is ours.
    _running: Option<Box<dyn Send + Sync>>,
}

/// A process and its folder.
struct Running {
    keeper: Child,
    _folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

impl Emulator {
    /// One for all tests that run at the same time; it ends with the last of them.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Emulator>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let emulator = Arc::new(Self::found_or_started());
            *shared = Arc::downgrade(&emulator);
            emulator
        })
    }

    fn found_or_started() -> Self {
        match env::var("AWS_ENDPOINT_URL") {
            Ok(url) if !url.is_empty() => Self { url, _running: None },
            #[cfg(feature = "localstack")]
            _ => {
                let (url, container) = super::localstack::start();
                Self { url, _running: Some(Box::new(container)) }
            }
            #[cfg(not(feature = "localstack"))]
            _ => Self::start(&[]),
        }
    }

    /// The pinned emulator, for this caller alone. `environment` is added to its own; functions inherit it.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let program = root().join(".tools/emulator/bin/ministack");
        assert!(
            program.exists(),
            "{} is missing: run `infra/run setup all`, or set AWS_ENDPOINT_URL to what stands in for AWS",
            program.display()
        );
        // Another process may take the port between the search and the start.
        for _ in 0..3 {
            let port = free_port();
            let url = format!("http://127.0.0.1:{port}");
            let mut running = run(&program, port, &url, environment);
            match wait_for(port, &mut running.keeper) {
                Ok(()) => return Self { url, _running: Some(Box::new(running)) },
                Err(error) => {
                    let log = fs::read_to_string(running._folder.path().join("log")).unwrap_or_default();
                    println!("the emulator at {url} did not start: {error}\n{log}");
                }
            }
        }
        panic!("the emulator {} does not start", program.display());
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn run(program: &Path, port: u16, url: &str, environment: &[(&str, &str)]) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(program)
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_HOST", "localhost")
        .env("SFTP_ENABLED", "0")
        .env("IOT_MTLS_ENABLED", "0")
        .env("AWS_ENDPOINT_URL", url)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start a shell");
    Running { keeper, _folder: folder }
}

fn wait_for(port: u16, keeper: &mut Child) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match is_healthy(port) {
            Ok(true) => return Ok(()),
            _ if keeper.try_wait()?.is_some() => return Err(io::Error::other("its shell ended")),
            _ if begun.elapsed() > PATIENCE => return Err(io::ErrorKind::TimedOut.into()),
            _ => sleep(Duration::from_millis(50)),
        }
    }
}

fn is_healthy(port: u16) -> io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    Ok(head.ends_with(b"200"))
}

/// The process behind a test must not outlive it, even one that is killed.
#[test]
fn the_emulator_ends_with_its_keeper() {
    let emulator = Emulator::start(&[]);
    let port: u16 = emulator.url.rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(is_healthy(port).unwrap());
    drop(emulator);
    assert!(is_healthy(port).is_err(), "nothing answers any more");
}
