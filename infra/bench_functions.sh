#!/usr/bin/env bash
# Start time, latency beyond I/O and memory of the built functions: infra/bench_functions.sh
#
# Needs what `infra/run setup all` and `infra/run functions` leave in .tools. Prints a table beside the targets and
# never fails on a time. Other work on the machine shows in p99: run it on an idle one.
#
#   FUNCTIONS_DIR      the functions' folder, <name>/bootstrap in it (default .tools/lambda)
#   AWS_ENDPOINT_URL   something else that stands in for AWS (default: an emulator of its own)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
functions=${FUNCTIONS_DIR:-$root/.tools/lambda}
export FUNCTIONS_DIR
FUNCTIONS_DIR=$(cd "$functions" 2>/dev/null && pwd) || {
  echo "bench_functions: $functions is missing: run infra/run functions" >&2
  exit 1
}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/anomalyze/target}"
cd "$root"
echo "$(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
exec cargo run --quiet --locked -p tests --example bench_lambda
