#!/usr/bin/env bash
# Figures on data that is not part of the project: infra/figures.sh DATA_DIR
#
#   seed      DATA_DIR/seed/daily_{train,test}.csv: `score` with every trained model at 99 %. Prints the alarms; fails
#             unless the one known anomaly is the one alarm of each.
#   firefox   DATA_DIR/real/firefox_*.csv.gz: `replay` of five days around a known incident, after five months of
#             history. Prints the incidents; fails unless one falls into the known window. Prints no ticket text.
#
# A part whose files are missing is skipped, and says so.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=${1:?usage: infra/figures.sh DATA_DIR}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

anomalyze() { bash "$root/infra/run" anomalyze "$@"; }

seed() {
  local train=$data/seed/daily_train.csv test=$data/seed/daily_test.csv counts=$scratch/counts.csv first
  if [[ ! -f $train || ! -f $test ]]; then
    echo "seed: skipped, $train or $test is missing"
    return
  fi
  cp "$train" "$counts"
  chmod u+w "$counts"
  tail -n +2 "$test" >>"$counts"
  first=$(sed -n '2s/,.*//p' "$test")
  for model in panel lightgbm prophet sarima; do
    echo "seed, $model:"
    anomalyze score "$counts" --train-until "$first" --model "$model" --interval 0.99 >"$scratch/scored.csv"
    python3 "$root/infra/compare_score.py" alarms "$scratch/scored.csv" --expect 2023-10-05
  done
}

firefox() {
  local files=("$data"/real/firefox_*.csv.gz) begun=$SECONDS
  if [[ ! -f ${files[0]} ]]; then
    echo "firefox: skipped, there is no $data/real/firefox_*.csv.gz"
    return
  fi
  # 3: done, but rows were refused.
  anomalyze replay "${files[0]}" --timezone America/Los_Angeles --train-until 2019-05-01T00:00:00-07:00 \
    --to 2019-05-06T00:00:00-07:00 --out "$scratch/incidents.ndjson" >"$scratch/replay.log" || (($? == 3))
  echo "firefox: replayed 5 days after 5 months of history in $((SECONDS - begun)) s"
  # The certificate that disabled every add-on expired at 17:00 on 3 May 2019 in this zone.
  python3 - "$scratch/incidents.ndjson" 2019-05-04T00:00:00+00:00 2019-05-05T07:00:00+00:00 <<'PYTHON'
import json, sys
from datetime import datetime

path, onset, end = sys.argv[1], *map(datetime.fromisoformat, sys.argv[2:])
with open(path, encoding="utf-8") as file:
    lines = [json.loads(line) for line in file if line.strip()]
openings = [line for line in lines if line["revision"] == 1]
print(f"firefox: {len(openings)} incidents, {len(lines)} revisions")
hits = []
for line in openings:
    start = datetime.fromisoformat(line["window_start"])
    stop = datetime.fromisoformat(line["window_end"])
    hit = line["direction"] == "up" and start < end and stop > onset
    hits += [line] if hit else []
    print(
        f"  opened {line['opened_at']}, {line['severity']}, {line['verdict']}/{line['nature']}: "
        f"{line['tickets']:.0f} tickets, {line['expected']:.1f} expected{', the known one' if hit else ''}"
    )
if not hits:
    sys.exit("firefox: the known incident was not found")
PYTHON
}

seed
firefox
