#!/usr/bin/env bash
# Scores generated series with known truth: infra/benchmark.sh SUITE.py [SEED...]
#
# SUITE.py generates folders of daily, hourly and seedgen series with a calendar, and scores predictions:
#   SUITE.py generate --out DIR --seed N
#   SUITE.py score --pred DIR --suite daily|hourly|seedgen --seed N      (JSON: matched, native)
# For each suite, printed as means over the seeds (default 11 12 13 14 15): F1 over events at 2, 6 and 1 false alarms a
# series and year, and what `anomalyze score` flags by itself with a budget of 2, 6 and 0.1: F1, and false alarms a series
# and year. MODEL (default: panel) names another model.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suite=${1:?usage: infra/benchmark.sh SUITE.py [SEED...]}
shift
seeds=("$@")
((${#seeds[@]})) || seeds=(11 12 13 14 15)
declare -A budget=([daily]=2 [hourly]=6 [seedgen]=0.1)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

venv=$root/.tools/benchmark wanted=$root/infra/requirements/benchmark.txt
if ! cmp -s "$wanted" "$venv/installed.txt"; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$venv/installed.txt"
fi
python() { "$venv/bin/python" -W ignore "$@"; }

for seed in "${seeds[@]}"; do
  python "$suite" generate --out "$scratch/$seed" --seed "$seed"
  for name in daily hourly seedgen; do
    bash "$root/infra/run" anomalyze score "$scratch/$seed/$name" --calendar "$scratch/$seed/calendar.json" \
      --model "${MODEL:-panel}" --false-alarms "${budget[$name]}" --out "$scratch/$seed/scores" --quiet
    python "$suite" score --pred "$scratch/$seed/scores" --suite "$name" --seed "$seed" >"$scratch/$name.$seed.json"
  done
done
python - "$scratch" "${seeds[@]}" <<'PYTHON'
import json, statistics, sys

folder, seeds = sys.argv[1], sys.argv[2:]
for suite in ("daily", "hourly", "seedgen"):
    results = [json.load(open(f"{folder}/{suite}.{seed}.json", encoding="utf-8")) for seed in seeds]
    mean = lambda part, key: statistics.mean(r[part][key] for r in results)
    print(
        f"{suite:8} at the same rate: F1 {mean('matched', 'F1'):.3f}; with its own budget: F1 {mean('native', 'F1'):.3f}, "
        f"{mean('native', 'fa_yr'):.2f} false alarms a series and year"
    )
PYTHON
