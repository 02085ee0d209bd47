#!/usr/bin/env bash
# Deploys and removes the stacks of samconfig.toml, with the credentials and the region of the AWS command line.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools
sam=$tools/sam/bin/sam
export SAM_CLI_TELEMETRY=0

usage() {
  cat <<'USAGE'
usage: infra/deploy.sh COMMAND

  deploy [ENV] [ARGS...]        builds the functions and deploys them; ARGS go to `sam deploy`
  destroy [ENV] [--data] [--yes] deletes the stack; with --data also what it leaves behind: bucket, tables, requester
                                key. Asks for the stack's name, unless --yes is given.
  outputs [ENV]                 prints the stack's outputs, one NAME=VALUE on each line
  logs FUNCTION [ENV] [ARGS...] follows a log: ingest, detect, diagnose or train; ARGS go to `sam logs`

ENV is a section of samconfig.toml: dev (the default) or prod.
USAGE
}

say() { printf '%s\n' "infra/deploy.sh: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# The same folder and mark as infra/run makes.
install_sam() {
  local wanted=$root/infra/requirements/sam.txt
  cmp -s "$wanted" "$tools/sam/installed.txt" && return
  say "installing sam into .tools ..."
  mkdir -p "$tools"
  python3 -m venv --clear "$tools/sam"
  "$tools/sam/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$tools/sam/installed.txt"
}

# stack ENV: its name, as samconfig.toml has it.
stack() {
  sed -n "/^\[$1\.global\.parameters\]/,/^\[/s/^stack_name = \"\(.*\)\"/\1/p" "$root/samconfig.toml"
}

# python ACTION STACK: sam brings boto3 along; the AWS command line need not be there.
python() { "$tools/sam/bin/python" "$root/infra/stack.py" "$@"; }

env=dev
# takes_env ARGS...: whether the first argument names an environment rather than an option.
takes_env() { [[ $# -gt 0 && $1 != -* ]]; }

command=${1:-}
[[ $# -eq 0 ]] || shift
function=
if [[ $command == logs ]]; then
  [[ $# -gt 0 ]] || { usage >&2; exit 2; }
  function=$1
  shift
fi
if takes_env "$@"; then
  env=$1
  shift
fi

case $command in
  deploy | destroy | outputs | logs) ;;
  help | -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

cd "$root"
name=$(stack "$env")
[[ -n $name ]] || die "samconfig.toml has no environment $env"
install_sam

case $command in
  deploy)
    infra/run functions
    "$sam" deploy --config-env "$env" "$@"
    ;;
  destroy)
    action=destroy sure=
    for option in "$@"; do
      case $option in
        --data) action=destroy-with-data ;;
        --yes) sure=yes ;;
        *) die "destroy takes --data and --yes, not $option" ;;
      esac
    done
    if [[ -z $sure ]]; then
      [[ -t 0 ]] || die "this deletes $name: say so with --yes"
      read -rp "This deletes $name${action#destroy}. Its name, to go on: " sure
      [[ $sure == "$name" ]] || die "nothing was deleted"
    fi
    python "$action" "$name"
    ;;
  outputs) python outputs "$name" ;;
  logs) exec "$sam" logs --cw-log-group "/aws/lambda/$name-$function" --tail "$@" ;;
esac
