#!/usr/bin/env bash
# Checks dependencies against deny.toml: infra/deny.sh [bans|licenses|sources|advisories...] (default: all four).
#
# Advisories are read from a git repository on GitHub; the other three need no network. Builds cargo-deny when it is
# missing: unoptimised (its run takes 3 s all the same), 1.7 CPU-minutes, once.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=0.20.2
# Beside the build folder, so that a second clone finds it.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/anomalyze/tools
deny=$tools/bin/cargo-deny

if [[ $("$deny" --version 2>/dev/null) != "cargo-deny $version" ]]; then
  echo "infra/deny.sh: building cargo-deny $version ..." >&2
  # Its own build folder: cargo makes a temporary one and removes it afterwards.
  env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=0 \
    cargo install cargo-deny --version "$version" --locked --debug --quiet --force --root "$tools"
fi

cd "$root"
# Errors only: two versions of one crate are a warning, and a long one.
"$deny" --locked --log-level error check "$@"
