//! The data folder, the stream's settings and the local backend.

use crate::args::Global;
use anyhow::{Context, Result, bail};
use domain::ports::{BlobStore, PutIf};
use domain::stream::StreamConfig;
use domain::{ErrorKind, names};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use local::{Durability, LocalBackend};
use pipeline::replay::Ports;
use std::path::Path;

/// An opened data folder.
pub struct Workspace {
    /// The backend in it.
    pub backend: LocalBackend,
    /// The stream's settings.
    pub config: StreamConfig,
    /// The stream's zone.
    pub zone: TimeZone,
}

impl Workspace {
    /// Opens a data folder that has been written to.
    pub async fn open(global: &Global) -> Result<Self> {
        if !global.dir.exists() {
            bail!("open {}: there is no such data folder; import tickets first", global.dir.display());
        }
        let backend = backend(&global.dir, global.durable)?;
        let Some(config) = stored_config(&backend, &global.stream).await? else {
            bail!("find stream {:?} in {}: import tickets first", global.stream, global.dir.display());
        };
        Self::with(backend, config)
    }

    /// Opens or makes a data folder; `change` may alter the stream's settings.
    pub async fn create(global: &Global, change: impl FnOnce(&mut StreamConfig)) -> Result<Self> {
        let backend = backend(&global.dir, global.durable)?;
        let stored = stored_config(&backend, &global.stream).await?;
        let mut config = stored.clone().unwrap_or_else(|| StreamConfig::new(&global.stream, "UTC"));
        change(&mut config);
        config.validate().map_err(anyhow::Error::msg).context("check the stream's settings")?;
        if let Some(old) = &stored
            && old.time_zone != config.time_zone
        {
            bail!(
                "change the zone of stream {:?} from {} to {}: its days are cut already; use another stream or folder",
                config.stream,
                old.time_zone,
                config.time_zone
            );
        }
        if stored.as_ref() != Some(&config) {
            let key = names::stream_config(&config.stream);
            backend.blobs.put(&key, serde_json::to_vec_pretty(&config)?, PutIf::Always).await?;
        }
        Self::with(backend, config)
    }

    /// A fresh folder for one run.
    pub fn temporary(dir: &Path, config: StreamConfig) -> Result<Self> {
        Self::with(backend(dir, false)?, config)
    }

    fn with(backend: LocalBackend, config: StreamConfig) -> Result<Self> {
        let zone = config.zone().map_err(anyhow::Error::msg)?;
        Ok(Self { backend, config, zone })
    }

    /// The backend's ports.
    pub fn ports(&self) -> Ports<'_> {
        Ports {
            blobs: &self.backend.blobs,
            tickets: &self.backend.tickets,
            queue: &self.backend.queue,
            incidents: &self.backend.incidents,
            reports: &self.backend.reports,
        }
    }
}

fn backend(dir: &Path, durable: bool) -> Result<LocalBackend> {
    let durability = if durable { Durability::Disk } else { Durability::Process };
    LocalBackend::open_with(dir, durability).with_context(|| format!("open data folder {}", dir.display()))
}

async fn stored_config(backend: &LocalBackend, stream: &str) -> Result<Option<StreamConfig>> {
    domain::stream::validate_name(stream).map_err(anyhow::Error::msg)?;
    let key = names::stream_config(stream);
    match backend.blobs.get(&key).await {
        Ok(blob) => {
            let config: StreamConfig =
                serde_json::from_slice(&blob.bytes).with_context(|| format!("read {key}"))?;
            config.validate().map_err(anyhow::Error::msg).with_context(|| format!("read {key}"))?;
            Ok(Some(config))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Bytes that must be free in memory for scratch data to lie there.
const SCRATCH_BYTES: u64 = 2 << 30;

/// A folder for data that is thrown away: in memory where the system has room, for a disk's file system spends a
/// third of a replay on making and deleting small files. `TMPDIR` overrides.
pub fn scratch() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |s| s.f_bavail * s.f_frsize);
    let dir = if std::env::var_os("TMPDIR").is_none() && room >= SCRATCH_BYTES {
        tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())
    } else {
        tempfile::tempdir()
    };
    dir.context("make a temporary data folder")
}

/// The present, for commands whose time may be left out.
pub fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_microsecond(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// The name of a zone, for the stream's settings.
pub fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
