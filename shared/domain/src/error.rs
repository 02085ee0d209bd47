//! The error every port returns: a kind the caller acts on, and the source a person reads.

use std::error::Error;

/// What the caller of a port can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing is stored under that key.
    NotFound,
    /// Something is stored there already; a put-if-absent lost.
    AlreadyExists,
    /// The stored version is not the expected one; read again and retry.
    Precondition,
    /// The backend is busy, full or out of reach; the same call may succeed later.
    Unavailable,
    /// What is stored cannot be understood; a person must look.
    Corrupt,
    /// The call itself is wrong (a bad key, an oversized body).
    Invalid,
}

/// Failure of a port's call.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What the caller can do about it.
    pub kind: ErrorKind,
    /// What failed, on what; fits after "failed to".
    pub message: String,
    /// The backend's own error.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error without an underlying cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// An error that wraps the backend's own.
    pub fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(source.into()) }
    }
}

/// Result of a port's call.
pub type StoreResult<T> = Result<T, StoreError>;
