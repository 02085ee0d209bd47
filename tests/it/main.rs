//! The integration tests, one binary.
//!
//! # Layout
//! - `cli`: the built command line, from ordinary use to damaged files and kills
//! - `contract`: every backend through the suite of every port
//! - `crash`: what the local backend keeps when its process is killed
//! - `hostile`: tickets that attack their readers, through the whole command line
//! - `scenario`: generated streams with known truth through the whole pipeline

#[cfg(test)]
mod cli;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod scenario;
