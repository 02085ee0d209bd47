//! Where the built functions are.

use std::path::{Path, PathBuf};

/// Every function.
pub const FUNCTIONS: [&str; 4] = ["ingest", "detect", "diagnose", "train"];

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The bootstrap of a function: under `FUNCTIONS_DIR`, or where `infra/run functions` puts it.
pub fn bootstrap(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("FUNCTIONS_DIR").map_or_else(|| workspace().join(".tools/lambda"), PathBuf::from);
    let path = folder.join(name).join("bootstrap");
    assert!(path.is_file(), "{} is missing: run `infra/run functions`", path.display());
    path
}
