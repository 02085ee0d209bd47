//! The integration tests, one binary.
//!
//! # Layout
//! - `contract`: every backend through the suite of every port
//! - `crash`: what the local backend keeps when its process is killed

#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
