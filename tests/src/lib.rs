//! What stands between a built function and the world: for the integration tests and for `bench_lambda`.
//!
//! # Layout
//! - [`proxy`]: between a function and its storage; counts, measures and fails calls
//! - [`runtime`]: between Lambda and a function; starts one, invokes it, measures it

#![expect(clippy::expect_used, reason = "who uses this is a test, and fails by panicking")]

pub mod proxy;
pub mod runtime;
