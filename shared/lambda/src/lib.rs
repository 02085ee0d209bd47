//! What the functions have in common.
//!
//! # Layout
//! - [`variables`]: settings from the environment
//! - [`schedule`]: the time that a scheduled run stands for
//! - [`logs`]: JSON lines

pub mod logs;
pub mod schedule;
pub mod variables;

pub use variables::{VariableError, Variables};
