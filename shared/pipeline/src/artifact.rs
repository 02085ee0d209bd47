//! The model artifact: everything detection needs, fitted and calibrated beforehand.

use crate::calibrate::Tail;
use crate::{PipelineError, Result, codec};
use domain::anomaly::{Direction, Granularity};
use domain::names;
use domain::ports::{BlobStore, PutIf};
use domain::segment::Segment;
use domain::{ErrorKind, StoreError};
use jiff::Timestamp;
use models::Model;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Format version of [`Artifact`] and of its pointer.
pub const ARTIFACT_VERSION: u32 = 1;
/// Largest artifact that is read, in bytes as stored: ten times what 200 series take.
const MAX_STORED: usize = 20 << 20;

/// How one series is forecast and how far its counts scatter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesModel {
    /// Position in [`Level::models`].
    pub model: usize,
    /// Negative-binomial dispersion of sums over each window (variance = mean + dispersion·mean²), from
    /// out-of-sample residuals; one number for each of [`Level::windows`].
    pub dispersion: Vec<f64>,
    /// Mean count per step over the training window.
    pub rate: f64,
    /// Out-of-sample mean Poisson deviance per step by model name: why this model was chosen.
    pub losses: BTreeMap<String, f64>,
}

/// Models and calibration of one granularity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Hours or days.
    pub granularity: Granularity,
    /// Steps summed before scoring, for instance 1, 3, 8 and 24 hours.
    pub windows: Vec<usize>,
    /// The fitted models; the first is the baseline.
    pub models: Vec<Model>,
    /// The modelled series.
    pub series: BTreeMap<Segment, SeriesModel>,
    /// For series that came up after training.
    pub fallback: SeriesModel,
    /// Calibration of scores for too many tickets, one for each window.
    pub up: Vec<Tail>,
    /// Calibration of scores for too few tickets, one for each window.
    pub down: Vec<Tail>,
    /// Calibrated score from which a window is an anomaly.
    pub threshold: f64,
    /// What the back-test showed.
    pub backtest: Backtest,
}

/// Figures of the rolling-origin back-test behind a level's threshold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Backtest {
    /// Steps that were scored by models that had not seen them.
    pub steps: usize,
    /// Years they span.
    pub years: f64,
    /// Episodes at or above the threshold.
    pub episodes: usize,
    /// Episodes a year that the alarm budget allows this level.
    pub budget: f64,
}

impl Level {
    /// The model of a series, or the fallback.
    pub fn series_model(&self, segment: &Segment) -> &SeriesModel {
        self.series.get(segment).unwrap_or(&self.fallback)
    }

    /// The calibration for a direction.
    pub fn tails(&self, direction: Direction) -> &[Tail] {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    fn check(&self) -> std::result::Result<(), String> {
        let windows = self.windows.len();
        if self.up.len() != windows || self.down.len() != windows {
            return Err("calibration does not match the windows".into());
        }
        for (segment, series) in self.series.iter().map(|(s, m)| (s.to_string(), m)) {
            if series.model >= self.models.len() || series.dispersion.len() != windows {
                return Err(format!("series {segment} has no model or no dispersion"));
            }
        }
        if self.models.is_empty() || self.fallback.model != 0 || self.fallback.dispersion.len() != windows {
            return Err("the fallback is not the first model".into());
        }
        if !self.threshold.is_finite() {
            return Err("the threshold is not a number".into());
        }
        Ok(())
    }
}

/// Everything detection needs of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// [`ARTIFACT_VERSION`].
    pub version: u32,
    /// The stream.
    pub stream: String,
    /// The zone its calendar features were made in.
    pub time_zone: String,
    /// When it was trained (UTC).
    pub trained_at: Timestamp,
    /// First instant of the training window (UTC).
    pub trained_from: Timestamp,
    /// First instant after the training window (UTC).
    pub trained_until: Timestamp,
    /// False alarms a year that thresholds were set for.
    pub alarm_budget: f64,
    /// Hourly models.
    pub hour: Level,
    /// Daily models.
    pub day: Level,
}

/// Names the artifact in use and the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// [`ARTIFACT_VERSION`].
    pub version: u32,
    /// The artifact in use.
    pub current: PointerEntry,
    /// The one before, if any.
    pub previous: Option<PointerEntry>,
}

/// An artifact's name and the SHA-256 of its stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointerEntry {
    /// Its id: when it was trained, and the start of its checksum.
    pub id: String,
    /// SHA-256 of the stored object, hex.
    pub sha256: String,
}

/// Stores the artifact, then moves the pointer to it.
pub async fn publish(blobs: &dyn BlobStore, artifact: &Artifact) -> Result<String> {
    let entry = store(blobs, artifact).await?;
    point(blobs, &artifact.stream, &entry).await?;
    Ok(entry.id)
}

/// Stores the artifact beside the one in use.
pub async fn store(blobs: &dyn BlobStore, artifact: &Artifact) -> Result<PointerEntry> {
    let bytes = codec::encode(artifact)?;
    let sha256 = models::checksum(&bytes);
    let seconds = artifact.trained_at.as_second();
    let id = format!("{seconds}-{}", sha256.get(..12).unwrap_or(&sha256));
    blobs.put(&names::model(&artifact.stream, &id), bytes, PutIf::Always).await?;
    Ok(PointerEntry { id, sha256 })
}

/// Puts a stored artifact to use; the one in use becomes the one before.
pub async fn point(blobs: &dyn BlobStore, stream: &str, entry: &PointerEntry) -> Result<()> {
    let pointer_key = names::model_pointer(stream);
    for _ in 0..codec::REPLACE_TRIES {
        let old = read_pointer(blobs, &pointer_key).await?;
        let (previous, condition) = match old {
            Some((pointer, etag)) if pointer.current != *entry => (Some(pointer.current), PutIf::Match(etag)),
            Some(_) => return Ok(()),
            None => (None, PutIf::Absent),
        };
        let pointer = Pointer { version: ARTIFACT_VERSION, current: entry.clone(), previous };
        let json = serde_json::to_vec_pretty(&pointer)
            .map_err(|e| PipelineError::Invalid(format!("encode pointer: {e}")))?;
        match blobs.put(&pointer_key, json, condition).await {
            Ok(_) => return Ok(()),
            Err(StoreError { kind: ErrorKind::Precondition | ErrorKind::AlreadyExists, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(PipelineError::Contended(pointer_key))
}

async fn read_pointer(blobs: &dyn BlobStore, key: &str) -> Result<Option<(Pointer, String)>> {
    let blob = match blobs.get(key).await {
        Ok(blob) => blob,
        Err(StoreError { kind: ErrorKind::NotFound, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let corrupt = |reason: String| PipelineError::Corrupt { key: key.to_owned(), reason };
    let pointer: Pointer = serde_json::from_slice(&blob.bytes).map_err(|e| corrupt(e.to_string()))?;
    if pointer.version != ARTIFACT_VERSION {
        return Err(corrupt(format!(
            "format version {}, this program reads {ARTIFACT_VERSION}",
            pointer.version
        )));
    }
    Ok(Some((pointer, blob.etag)))
}

/// An artifact that was read, and why the current one was passed over, if it was.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its id.
    pub id: String,
    /// The artifact.
    pub artifact: Artifact,
    /// Why the current artifact was refused and the previous one is in use.
    pub refused: Option<String>,
}

/// Reads the artifact in use; where it is damaged, foreign or of another format, the previous one.
///
/// `warm` is what an earlier call returned: it is given back when the pointer still names it.
pub async fn load(blobs: &dyn BlobStore, stream: &str, warm: Option<Loaded>) -> Result<Loaded> {
    let Some((pointer, _)) = read_pointer(blobs, &names::model_pointer(stream)).await? else {
        return Err(PipelineError::NoModel { stream: stream.to_owned() });
    };
    if let Some(warm) = warm.filter(|w| w.id == pointer.current.id) {
        return Ok(warm);
    }
    match read(blobs, stream, &pointer.current).await {
        Ok(artifact) => Ok(Loaded { id: pointer.current.id, artifact, refused: None }),
        Err(error @ PipelineError::Corrupt { .. }) => match &pointer.previous {
            Some(previous) => {
                let artifact = read(blobs, stream, previous).await?;
                Ok(Loaded { id: previous.id.clone(), artifact, refused: Some(error.to_string()) })
            }
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

async fn read(blobs: &dyn BlobStore, stream: &str, entry: &PointerEntry) -> Result<Artifact> {
    let key = names::model(stream, &entry.id);
    let corrupt = |reason: String| PipelineError::Corrupt { key: key.clone(), reason };
    let blob = match blobs.get(&key).await {
        Ok(blob) => blob,
        Err(error) if error.kind == ErrorKind::NotFound => return Err(corrupt("artifact is missing".into())),
        Err(error) => return Err(error.into()),
    };
    if blob.bytes.len() > MAX_STORED {
        return Err(corrupt(format!("artifact has {} bytes, more than {MAX_STORED}", blob.bytes.len())));
    }
    if models::checksum(&blob.bytes) != entry.sha256 {
        return Err(corrupt("checksum does not match the pointer: the artifact is damaged".into()));
    }
    let artifact: Artifact = codec::decode(&key, &blob.bytes)?;
    if artifact.version != ARTIFACT_VERSION {
        return Err(corrupt(format!(
            "format version {}, this program reads {ARTIFACT_VERSION}",
            artifact.version
        )));
    }
    if artifact.stream != stream {
        return Err(corrupt(format!("artifact belongs to stream {:?}", artifact.stream)));
    }
    artifact.hour.check().map_err(&corrupt)?;
    artifact.day.check().map_err(&corrupt)?;
    Ok(artifact)
}
