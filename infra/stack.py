"""What infra/deploy.sh asks of a stack: stack.py outputs|destroy|destroy-with-data STACK."""

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ABSENT = ("404", "NoSuchBucket", "ResourceNotFoundException")
KEPT = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret")


def outputs(stack):
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    for output in sorted(described.get("Outputs", []), key=lambda o: o["OutputKey"]):
        print(f"{output['OutputKey']}={output['OutputValue']}")


def destroy(stack, with_data):
    """Deletes the stack, and says or deletes what it leaves behind.

    A deleted stack still answers to its id for 90 days: `destroy-with-data` also works after `destroy`.
    """
    formation = boto3.client("cloudformation")
    found = latest(formation, stack)
    kept = keepable(formation, found["StackId"])
    if found["StackStatus"] != "DELETE_COMPLETE":
        formation.delete_stack(StackName=found["StackId"])
        formation.get_waiter("stack_delete_complete").wait(StackName=found["StackId"])
        print(f"deleted stack {stack}")
    for kind, name in kept:
        if not exists(kind, name):
            continue
        if with_data:
            delete(kind, name)
            print(f"deleted {name}")
        else:
            print(f"left behind: {kind} {name}")


def latest(formation, stack):
    """The stack of this name, or the last one that there was."""
    pages = formation.get_paginator("list_stacks").paginate()
    found = [s for page in pages for s in page["StackSummaries"] if s["StackName"] == stack]
    if not found:
        sys.exit(f"there is no stack {stack} in this region")
    return max(found, key=lambda s: s["CreationTime"])


def keepable(formation, stack_id):
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    resources = [r for page in pages for r in page["StackResourceSummaries"]]
    return [
        (r["ResourceType"], r["PhysicalResourceId"])
        for r in resources
        if r["ResourceType"] in KEPT and r.get("PhysicalResourceId")
    ]


def exists(kind, name):
    try:
        if kind == "AWS::S3::Bucket":
            boto3.client("s3").head_bucket(Bucket=name)
        elif kind == "AWS::DynamoDB::Table":
            boto3.client("dynamodb").describe_table(TableName=name)
        else:
            return "DeletedDate" not in boto3.client("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return False
        raise
    return True


def delete(kind, name):
    if kind == "AWS::S3::Bucket":
        bucket = boto3.resource("s3").Bucket(name)
        bucket.objects.all().delete()
        bucket.delete()
    elif kind == "AWS::DynamoDB::Table":
        boto3.client("dynamodb").delete_table(TableName=name)
    else:
        boto3.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("outputs", "destroy", "destroy-with-data"):
        sys.exit(__doc__)
    try:
        if sys.argv[1] == "outputs":
            outputs(sys.argv[2])
        else:
            destroy(sys.argv[2], sys.argv[1] == "destroy-with-data")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"infra/stack.py: {error}")
