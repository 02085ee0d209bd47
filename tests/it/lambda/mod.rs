//! The functions as they are deployed: what their files are made of, and what they do as processes.
//!
//! # Layout
//! - `bootstrap`: where the files are
//! - `elf`: what a file links, how large it is, what was built into it
//! - `functions`: each as a process behind the Runtime API
//! - `proxy`, `runtime`: of this package's library

mod bootstrap;
mod elf;
mod functions;

pub use tests::{proxy, runtime};
