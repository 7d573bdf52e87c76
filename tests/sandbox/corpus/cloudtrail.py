"""CloudTrail: the calls that were made, as LookupEvents shows them."""

from __future__ import annotations

from tests.sandbox.corpus.steps import no, ok, scenario
from tests.sandboxes import A, B, trust

LOOKUP = "cloudtrail:LookupEvents"


def by(key: str, value: str) -> dict[str, list[dict[str, str]]]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


EVENTS = scenario(
    "events",
    ok("a role", "iam:CreateRole", RoleName="worker", AssumeRolePolicyDocument=trust(B)),
    ok("the role assumed", "sts:AssumeRole", by="B", RoleArn=f"arn:aws:iam::{A}:role/worker",
       RoleSessionName="shift", keep="session"),
    no("a refused call", "ecr:DescribeRepositories", "AccessDeniedException",
       "is not authorized to perform", by="session"),
    ok("calls with a name", LOOKUP, **by("EventName", "CreateRole")),
    ok("calls of a caller", LOOKUP, **by("Username", "shift")),
    ok("calls of another account", LOOKUP, **by("EventName", "AssumeRole")),
    ok("the latest call", LOOKUP, MaxResults=1, keep="page"),
    ok("the one before it", LOOKUP, MaxResults=1, NextToken="{page.NextToken}"),
    ok("calls of another region", LOOKUP, region="eu-west-1"),
    no("two attributes at once", LOOKUP, "InvalidLookupAttributesException",
       "You can specify only one lookup attribute.", LookupAttributes=[
           {"AttributeKey": "EventName", "AttributeValue": "CreateRole"},
           {"AttributeKey": "Username", "AttributeValue": "admin"}]),
    no("an end before the start", LOOKUP, "InvalidTimeRangeException",
       "The start time is after the end time.", StartTime=1000000001, EndTime=1000000000),
    no("a page of none", LOOKUP, "InvalidMaxResultsException",
       "1 validation error detected: Value", MaxResults=0),
    no("a token that is not one", LOOKUP, "InvalidNextTokenException", "The token is not valid",
       NextToken="?"),
)  # fmt: skip

SCENARIOS = (EVENTS,)
