# The scripts are the interface; these are short names for them.

# This list
default:
    @just --list

# A spike becomes a report, on generated tickets
demo *ARGS:
    infra/run demo {{ARGS}}

# The command line with ARGS
anomalyze *ARGS:
    infra/run anomalyze {{ARGS}}

# Every binary and every test
test:
    infra/run test

# Everything that has to hold before a change lands
ci:
    .ci/run

# Format the source
format:
    cargo fmt --all

# Figures on data outside the project
figures DATA:
    infra/figures.sh {{DATA}}

# `score` beside the same method in Python
compare *COUNTS:
    infra/compare_score.py compare {{COUNTS}}

# Dependencies, licences and advisories
deny *CHECKS:
    infra/deny.sh {{CHECKS}}

# Build the functions and deploy them: `just deploy` for dev, `just deploy prod`
deploy ENV="dev":
    infra/deploy.sh deploy {{ENV}}

# Delete a deployment (its bucket and tables stay where the template says so)
destroy ENV="dev":
    infra/deploy.sh destroy {{ENV}}

# Follow a function's log: `just logs detect`
logs FUNCTION ENV="dev":
    infra/deploy.sh logs {{FUNCTION}} {{ENV}}
