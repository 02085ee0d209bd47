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
