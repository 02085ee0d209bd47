//! The integration tests, one binary.
//!
//! # Layout
//! - `aws`: the AWS backend against an emulator
//! - `cli`: the built command line, from ordinary use to damaged files and kills
//! - `contract`: every backend through the suite of every port
//! - `crash`: what the local backend keeps when its process is killed
//! - `deployed`: the template with the built functions, from a ticket's POST to its report
//! - `hostile`: tickets that attack their readers, through the whole command line
//! - `lambda`: the built functions, their files and their processes
//! - `scenario`: generated streams with known truth through the whole pipeline

#[cfg(test)]
mod aws;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod deployed;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lambda;
#[cfg(test)]
mod scenario;
