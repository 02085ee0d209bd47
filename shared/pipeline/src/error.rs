//! Why a step could not finish.

use domain::{ErrorKind, StoreError};
use jiff::Timestamp;

/// Failure of a step.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A port failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// What is stored under `key` cannot be read.
    #[error("read {key}: {reason}; delete or restore it")]
    Corrupt {
        /// The object's key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no artifact to score with.
    #[error("find a trained model for stream {stream:?}; train one first")]
    NoModel {
        /// The stream.
        stream: String,
    },
    /// History is too short, or empty.
    #[error("train stream {stream:?}: {reason}")]
    Train {
        /// The stream.
        stream: String,
        /// What is missing.
        reason: String,
    },
    /// The run's time lies before what the stream has been followed up to: an older run came again.
    #[error("detect at {now}: the stream has been followed up to {upto} already; begin there, or restart")]
    Followed {
        /// The run's time (UTC).
        now: Timestamp,
        /// Where the state stands (UTC).
        upto: Timestamp,
    },
    /// An argument is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Someone else replaced the state at the same time, repeatedly.
    #[error("replace {0}: another run keeps changing it")]
    Contended(String),
}

impl PipelineError {
    /// Whether the same call may succeed later without a person doing something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Precondition),
            Self::Contended(_) => true,
            _ => false,
        }
    }
}

/// Result of a step.
pub type Result<T> = std::result::Result<T, PipelineError>;
