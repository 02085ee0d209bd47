#!/usr/bin/env bash
# Runs the tests that take minutes and gigabytes: ten million tickets through the command line, and the demo.
# Needs 8 GB below TMPDIR (default: /tmp). Times and peak memory go to standard output.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/anomalyze/target}"

cargo build --locked -p cli
cargo test --locked -p tests -- --ignored --nocapture --test-threads 1 ten_million_rows the_demo
