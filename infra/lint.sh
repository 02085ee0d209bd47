#!/usr/bin/env bash
# Checks the template: infra/lint.sh. Says nothing unless there is something to say. Needs no AWS account.
#
# Two checks, because each sees what the other does not: cfn-lint knows more rules, `sam validate --lint` reads the
# template as the deployment does. Their environments come to .tools when they are missing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools
export SAM_CLI_TELEMETRY=0

# tool NAME: a folder .tools/NAME with what infra/requirements/NAME.txt pins.
tool() {
  local venv=$tools/$1 wanted=$root/infra/requirements/$1.txt
  cmp -s "$wanted" "$venv/installed.txt" && return
  echo "infra/lint.sh: installing $1 tools into .tools ..." >&2
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$venv/installed.txt"
}

mkdir -p "$tools"
tool lint
tool sam

failed=0
cd "$root"
"$tools/lint/bin/cfn-lint" infra/template.yaml || failed=1
# It says so when it finds nothing, too.
if ! said=$("$tools/sam/bin/sam" validate --lint --region us-east-1 --template infra/template.yaml 2>&1); then
  printf '%s\n' "$said" >&2
  failed=1
fi
exit "$failed"
