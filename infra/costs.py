#!/usr/bin/env python3
"""What a deployment costs in a month, from list prices and from the calls that the steps make.

    infra/costs.py                    prints the table
    infra/costs.py --check README.md  fails unless the file has exactly this table

No free tier is deducted, no tax added. Storage is that of a stream that has reached its retention. Counts of calls
follow the code (ingest.rs, rollup.rs, detect.rs, compact.rs, diagnose.rs of `pipeline`); durations and sizes are assumptions, not
measurements on AWS, and are all in the two blocks below.
"""

import math
import sys

# List prices of us-east-1 in US dollars, without volume discounts, as known in November 2026; not read by a program.
# Source of each: the service's page under https://aws.amazon.com/, named in the comment.
MILLION = 1_000_000
LAMBDA_REQUEST = 0.20 / MILLION  # lambda/pricing
LAMBDA_GB_SECOND = 0.0000166667  # lambda/pricing, x86, first tier
S3_PUT_OR_LIST = 0.005 / 1000  # s3/pricing, Standard; a delete is free
S3_GET = 0.0004 / 1000  # s3/pricing
S3_GB_MONTH = 0.023  # s3/pricing, first 50 TB
DYNAMODB_WRITE = 0.625 / MILLION  # dynamodb/pricing/on-demand, a unit of 1 KB; twice that in a transaction
DYNAMODB_READ = 0.125 / MILLION  # dynamodb/pricing/on-demand, a unit of 4 KB; half of it if not consistent
DYNAMODB_GB_MONTH = 0.25  # dynamodb/pricing/on-demand
DYNAMODB_BACKUP_GB_MONTH = 0.20  # dynamodb/pricing/on-demand, point-in-time recovery
SQS_REQUEST = 0.40 / MILLION  # sqs/pricing, standard queue
SCHEDULER_INVOCATION = 1.00 / MILLION  # eventbridge/pricing
LOGS_GB = 0.50  # cloudwatch/pricing, ingested
LOGS_GB_MONTH = 0.03  # cloudwatch/pricing, stored
ALARM = 0.10  # cloudwatch/pricing, standard resolution
DASHBOARD = 3.00  # cloudwatch/pricing
SECRET = 0.40  # secrets-manager/pricing
SECRET_CALL = 0.05 / 10_000  # secrets-manager/pricing
TRACE = 5.00 / MILLION  # xray/pricing, recorded

# Assumptions.
DAYS = 30
RETENTION_DAYS = 400
TICKET_BYTES = {1: 1_000, 100: 400}  # by tickets in an object, compressed
IDENTITY_BYTES = 350  # an item of the tickets table with what DynamoDB adds
ROLLUP_BYTES = {1_000: 5_000, 100_000: 50_000, 10_000_000: 500_000}  # of an hour, compressed
HOURS_OF_A_REQUEST = {1: 1, 100: 2}  # hours in which the tickets of a request were written
REPORTS = 20  # incident revisions that get a report
INCIDENT_KB, REPORT_KB, SERVICES = 10, 30, 5
WINDOW_HOURS = 9
INGEST_SECONDS = {1: 0.15, 100: 0.5}
DETECT_SECONDS, SECONDS_PER_CALL, SECONDS_PER_TICKET = 1.0, 0.015, 0.0003
DIAGNOSE_SECONDS, TRAIN_SECONDS = 12, 300
LOG_BYTES = 1_200  # of an invocation
LOG_DAYS = 30
PROCESSES = 500  # that are started in a month, each reading its two secrets

# Constants of the code and of the template.
RUNS = 4 * 24 * DAYS
ROLLS_OF_AN_HOUR = 4  # the hour that goes on is rolled by each run, and read from its beginning
READ_AGAIN = 2.5  # 1/4 + 2/4 + 3/4 + 4/4 of its objects
BACKGROUND_HOURS = 28 * 24
TRAIN_RUNS = DAYS / 7
MEMORY_GB, TRAIN_MEMORY_GB = 0.5, 2.0
ALARMS = 11
POLLERS, POLL_SECONDS = 5, 20  # Lambda's, of an idle queue

VOLUMES = (1_000, 100_000, 10_000_000)
# One webhook call for each ticket, or batches: a run of detect reads the objects of the hour that goes on, so that a busy
# stream has to send batches.
TICKETS_OF_A_REQUEST = {1_000: 1, 100_000: 1, 10_000_000: 100}


def month(tickets):
    """Costs by service of a month with so many tickets."""
    batch = TICKETS_OF_A_REQUEST[tickets]
    requests = tickets / batch
    objects = requests * HOURS_OF_A_REQUEST[batch]
    hours = min(DAYS * 24, objects)
    rolled = min(hours * ROLLS_OF_AN_HOUR, objects)
    # The fewer objects an hour has, the fewer of them are read again.
    reads = objects * min(READ_AGAIN, max(1.0, READ_AGAIN * objects / hours / ROLLS_OF_AN_HOUR))
    gb = 1e9

    puts = 2 * objects  # the tickets and their marker
    puts += 2 * rolled + RUNS  # rollup and day; state, at most
    lists = RUNS + objects / 1000 + rolled + reads / 1000  # markers, tickets
    gets = RUNS * 3 + reads + 2 * rolled  # pointer and two days, state and artifact being warm; tickets; rollup and day
    # Of each hour that has settled, its objects into one.
    lists += hours
    gets += objects if objects > hours else 0
    puts += hours if objects > hours else 0
    gets += REPORTS * (BACKGROUND_HOURS + WINDOW_HOURS * (1 + objects / (DAYS * 24)))
    lists += REPORTS * WINDOW_HOURS
    gets += TRAIN_RUNS * RETENTION_DAYS
    puts += TRAIN_RUNS * 2
    kept = tickets * RETENTION_DAYS / DAYS
    stored = kept * TICKET_BYTES[batch] + RETENTION_DAYS * 24 * ROLLUP_BYTES[tickets] * hours / (DAYS * 24)

    writes = 2 * tickets  # claim, confirm
    writes += REPORTS * (3 * 2 * INCIDENT_KB + INCIDENT_KB + 2)  # revision, latest, outbox; index; outbox deleted
    # Report and latest, the latest's two indexes, run, services with theirs, lease.
    writes += REPORTS * (2 * 2 * REPORT_KB + 2 * REPORT_KB + 2 + 3 * SERVICES + 2)
    units = RUNS * 2 + REPORTS * (INCIDENT_KB + REPORT_KB)
    table = kept * IDENTITY_BYTES

    ingest = requests * INGEST_SECONDS[batch]
    work = RUNS * DETECT_SECONDS + (reads + objects + 4 * rolled) * SECONDS_PER_CALL
    work += reads * batch / HOURS_OF_A_REQUEST[batch] * SECONDS_PER_TICKET
    seconds = (ingest + work + REPORTS * DIAGNOSE_SECONDS) * MEMORY_GB + TRAIN_RUNS * TRAIN_SECONDS * TRAIN_MEMORY_GB
    invocations = requests + RUNS + REPORTS + TRAIN_RUNS

    polls = POLLERS * DAYS * 86_400 / POLL_SECONDS
    logs = invocations * LOG_BYTES
    # The first request of each second, and 5 % of the rest.
    rate = requests / (DAYS * 86_400)
    sampled = (1 - math.exp(-rate)) * DAYS * 86_400
    traces = sampled + 0.05 * (requests - sampled) + RUNS + REPORTS

    return {
        "Lambda": invocations * LAMBDA_REQUEST + seconds * LAMBDA_GB_SECOND,
        "S3, requests": (puts + lists) * S3_PUT_OR_LIST + gets * S3_GET,
        "S3, storage": stored / gb * S3_GB_MONTH,
        "DynamoDB, requests": writes * DYNAMODB_WRITE + units * DYNAMODB_READ,
        "DynamoDB, storage and recovery": table / gb * (DYNAMODB_GB_MONTH + DYNAMODB_BACKUP_GB_MONTH),
        "SQS": (polls + 3 * REPORTS) * SQS_REQUEST,
        "Scheduler": (RUNS + TRAIN_RUNS) * SCHEDULER_INVOCATION,
        "CloudWatch, logs": logs / gb * (LOGS_GB + LOGS_GB_MONTH * LOG_DAYS / DAYS),
        "CloudWatch, alarms and dashboard": ALARMS * ALARM + DASHBOARD,
        "Secrets Manager": 2 * SECRET + 2 * PROCESSES * SECRET_CALL,
        "X-Ray": traces * TRACE,
    }


def table():
    """The table in Markdown."""
    months = [month(tickets) for tickets in VOLUMES]
    rows = [
        "| US dollars a month | " + " | ".join(f"{tickets:,} tickets" for tickets in VOLUMES) + " |",
        "|---|" + "---:|" * len(VOLUMES),
        "| tickets in a request | " + " | ".join(str(TICKETS_OF_A_REQUEST[t]) for t in VOLUMES) + " |",
    ]
    for service in months[0]:
        rows.append(f"| {service} | " + " | ".join(f"{costs[service]:,.2f}" for costs in months) + " |")
    rows.append("| **together** | " + " | ".join(f"**{sum(costs.values()):,.2f}**" for costs in months) + " |")
    return "\n".join(rows)


def main(arguments):
    if not arguments:
        print(table())
    elif len(arguments) == 2 and arguments[0] == "--check":
        with open(arguments[1], encoding="utf-8") as file:
            if table() not in file.read():
                sys.exit(f"{arguments[1]} does not have the table that infra/costs.py prints")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
