"""CloudTrail's LookupEvents: what each account sees of the calls, and how to look them up.

Source: IAM User Guide, logging IAM and STS API calls (cross-account AssumeRole; shared facts 6).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.sandbox.images import Image, push
from tests.sandboxes import A, B, C, Forked, Keys, Sandbox, allow, deny, grant, trust
from xacct_helpers.sandbox import services
from xacct_helpers.sandbox.protocol.models import operation_model
from xacct_helpers.sandbox.store import trail

LOOKUP = "cloudtrail:LookupEvents"
SOURCE = f"arn:aws:iam::{B}:role/app/source"
TARGET = f"arn:aws:iam::{A}:role/target"
REPOSITORY = f"arn:aws:ecr:us-east-1:{A}:repository/my-app"
Record = dict[str, Any]


def events(sandbox: Sandbox, who: Keys | str, **params: Any) -> list[Record]:
    """One page of events as LookupEvents gives them."""
    return list(sandbox.do(who, LOOKUP, **params)["Events"])


def by(key: str, value: str) -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def records(sandbox: Sandbox, who: Keys | str, name: str, **params: Any) -> list[Record]:
    """The events of one name themselves, the newest first."""
    found = events(sandbox, who, **by("EventName", name), **params)
    return [json.loads(event["CloudTrailEvent"]) for event in found]


@pytest.fixture
def chain(sandbox: Sandbox) -> Sandbox:
    """A role in B that may assume a role in A, which may do everything."""
    sandbox.role(B, "source", trust(B), allow("sts:*", TARGET), Path="/app/")
    sandbox.role(A, "target", trust(SOURCE), allow("*"))
    return sandbox


def first(sandbox: Sandbox, **more: Any) -> Keys:
    """A session of B's role."""
    return sandbox.assume(B, SOURCE, "one", **more)


# -- who sees what ---------------------------------------------------------------------------


def test_a_session_across_accounts_is_in_both_trails(chain: Sandbox) -> None:
    one = first(chain)
    answer = chain.call(
        one, "sts:AssumeRole", RoleArn=TARGET, RoleSessionName="two", ExternalId="x1"
    )
    [mine, _] = records(chain, B, "AssumeRole")
    [theirs] = records(chain, A, "AssumeRole")

    unique = chain.do(B, "iam:GetRole", RoleName="source")["Role"]["RoleId"]
    identity = mine.pop("userIdentity")
    created = identity["sessionContext"]["attributes"].pop("creationDate")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)
    assert identity == {
        "type": "AssumedRole",
        "principalId": f"{unique}:one",
        "arn": f"arn:aws:sts::{B}:assumed-role/source/one",
        "accountId": B,
        "accessKeyId": one.access_key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": SOURCE,
                "accountId": B,
                "userName": "source",
            },
            "attributes": {"mfaAuthenticated": "false"},
        },
    }
    assert theirs.pop("userIdentity") == {
        "type": "AWSAccount",
        "principalId": f"{unique}:one",
        "accountId": B,
    }
    assert mine.pop("eventID") != theirs.pop("eventID")
    assert (mine.pop("recipientAccountId"), theirs.pop("recipientAccountId")) == (B, A)
    assert mine == theirs  # sharedEventID and requestID among the rest
    assert mine.pop("sharedEventID")
    moment = datetime.fromisoformat(mine.pop("eventTime"))
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert "boto" in mine.pop("userAgent").lower()
    made, user = answer.value["Credentials"], answer.value["AssumedRoleUser"]
    assert mine == {
        "eventVersion": "1.11",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {"roleArn": TARGET, "roleSessionName": "two", "externalId": "x1"},
        "responseElements": {
            "credentials": {
                "accessKeyId": made["AccessKeyId"],
                "expiration": mine["responseElements"]["credentials"]["expiration"],
            },
            "assumedRoleUser": {"assumedRoleId": user["AssumedRoleId"], "arn": user["Arn"]},
        },
        "requestID": answer.request_id,
        "readOnly": True,
        "resources": [{"accountId": A, "type": "AWS::IAM::Role", "ARN": TARGET}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
    }
    written = mine["responseElements"]["credentials"]["expiration"]
    ends = datetime.strptime(written, "%b %d, %Y, %I:%M:%S %p").replace(tzinfo=UTC)
    assert ends == made["Expiration"]
    assert not records(chain, C, "AssumeRole")


def test_a_session_within_an_account_is_in_its_trail_once(chain: Sandbox) -> None:
    first(chain)
    [record] = records(chain, B, "AssumeRole")
    assert record["userIdentity"]["type"] == "IAMUser"
    assert "sessionContext" not in record["userIdentity"]
    assert "sharedEventID" not in record
    assert not records(chain, A, "AssumeRole")


DENIED = {
    "the caller's side": (C, TARGET),
    "the trust policy": (B, TARGET),
    "a role that is not there": (B, f"arn:aws:iam::{A}:role/nobody"),
}


@pytest.mark.parametrize("name", DENIED)
def test_a_refused_session_is_in_the_callers_trail_alone(chain: Sandbox, name: str) -> None:
    account, role = DENIED[name]
    answer = chain.call(account, "sts:AssumeRole", RoleArn=role, RoleSessionName="two")
    assert answer.code == "AccessDenied"
    [record] = records(chain, account, "AssumeRole")
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == answer.message
    assert record["responseElements"] is None
    assert record["requestParameters"]["roleArn"] == role
    assert record["requestID"] == answer.request_id
    assert record["userIdentity"]["type"] == "IAMUser"
    assert "sharedEventID" not in record
    assert not records(chain, A, "AssumeRole")


def test_a_session_that_fails_after_the_gate_is_not_the_targets_business(chain: Sandbox) -> None:
    answer = chain.call(
        first(chain),
        "sts:AssumeRole",
        RoleArn=TARGET,
        RoleSessionName="two",
        DurationSeconds=7200,
    )
    [record, _] = records(chain, B, "AssumeRole")
    assert (record["errorCode"], record["errorMessage"]) == (answer.code, answer.message)
    assert not records(chain, A, "AssumeRole")


def test_a_chained_session_and_its_source_identity(chain: Sandbox) -> None:
    chain.put(B, "role", "source", allow(["sts:AssumeRole", "sts:SetSourceIdentity"], TARGET))
    allowed = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    for account, role, who in ((B, "source", B), (A, "target", SOURCE)):
        chain.do(
            account,
            "iam:UpdateAssumeRolePolicy",
            RoleName=role,
            PolicyDocument=trust(who, allowed),
        )
    two = chain.assume(first(chain, SourceIdentity="alice"), TARGET, "two")
    chain.whoami(two)
    [record] = records(chain, A, "GetCallerIdentity")
    identity = record["userIdentity"]
    assert identity["arn"] == f"arn:aws:sts::{A}:assumed-role/target/two"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == TARGET
    assert identity["sessionContext"]["sourceIdentity"] == "alice"
    assert record["requestParameters"] is None
    assert record["responseElements"] is None
    assert not records(chain, B, "GetCallerIdentity")
    # the session is found in the event that began it, by its access key
    [begun] = records(chain, A, "AssumeRole")
    assert begun["responseElements"]["credentials"]["accessKeyId"] == identity["accessKeyId"]
    assert begun["responseElements"]["sourceIdentity"] == "alice"


def test_the_session_of_a_users_own_key(sandbox: Sandbox) -> None:
    made = Keys.of(sandbox.do(B, "sts:GetSessionToken")["Credentials"])
    sandbox.whoami(made)
    [record] = records(sandbox, B, "GetCallerIdentity")
    identity = record["userIdentity"]
    assert (identity["type"], identity["userName"]) == ("IAMUser", identity["arn"].split("/")[-1])
    assert identity["accessKeyId"] == made.access_key_id
    assert list(identity["sessionContext"]) == ["attributes"]
    [record] = records(sandbox, B, "GetSessionToken")
    credentials = record["responseElements"]["credentials"]
    assert credentials["accessKeyId"] == made.access_key_id


def test_calls_that_nobody_made(sandbox: Sandbox) -> None:
    for keys, code in (
        (Keys("AKIAIOSFODNN7EXAMPLE", "x"), "InvalidClientTokenId"),
        (sandbox.admins[A]._replace(secret="wrong"), "SignatureDoesNotMatch"),
    ):
        assert sandbox.call(keys, "sts:GetCallerIdentity").code == code
    for account in (A, B, C):
        assert events(sandbox, account, **by("EventSource", "sts.amazonaws.com")) == []


def test_calls_of_a_checkpoint_are_events(sandbox: Sandbox) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    agent = {"User-Agent": f"boto3 {trail.CHECK_AGENT}"}
    reply = sandbox.send(sandbox.signed(sandbox.admins[A], "sts", body, headers=agent))
    assert reply.status == 200
    [record] = records(sandbox, A, "GetCallerIdentity")
    assert trail.CHECK_AGENT in record["userAgent"]


def test_changes_show_what_was_asked_and_answered(sandbox: Sandbox) -> None:
    sandbox.role(A, "made", trust(B), Tags=[{"Key": "Team", "Value": "x"}])
    [record] = records(sandbox, A, "CreateRole")
    assert record["readOnly"] is False
    assert record["requestParameters"] == {
        "roleName": "made",
        "assumeRolePolicyDocument": trust(B),
        "tags": [{"key": "Team", "value": "x"}],
    }
    assert record["responseElements"]["role"]["arn"] == f"arn:aws:iam::{A}:role/made"
    assert re.fullmatch(
        r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M",
        record["responseElements"]["role"]["createDate"],
    )
    sandbox.put(A, "role", "made", allow("ecr:*"))
    [record] = records(sandbox, A, "PutRolePolicy")
    assert record["requestParameters"]["policyDocument"] == allow("ecr:*")
    assert record["responseElements"] is None


# -- ECR -------------------------------------------------------------------------------------


@pytest.fixture
def image(chain: Sandbox) -> Sandbox:
    """The chain, and an image in A's repository."""
    chain.do(A, "ecr:CreateRepository", repositoryName="my-app")
    push(chain, A, Image(b"a layer"), repositoryName="my-app")
    return chain


def test_a_pull_by_the_assumed_role_is_in_the_roles_account(image: Sandbox) -> None:
    two = image.assume(first(image), TARGET, "two")
    wanted = {"repositoryName": "my-app", "imageIds": [{"imageTag": "v1"}]}
    image.do(two, "ecr:BatchGetImage", **wanted)
    [record] = records(image, A, "BatchGetImage")
    assert record["userIdentity"]["type"] == "AssumedRole"
    assert record["userIdentity"]["accessKeyId"] == two.access_key_id
    assert record["requestParameters"] == wanted
    assert record["responseElements"] is None
    assert record["resources"] == [{"accountId": A, "ARN": REPOSITORY}]
    assert not records(image, B, "BatchGetImage")


def test_a_pull_through_the_registry(image: Sandbox) -> None:
    two = image.assume(first(image), TARGET, "two")
    data = image.do(two, "ecr:GetAuthorizationToken")["authorizationData"]
    headers = {
        "Host": f"{A}.dkr.ecr.us-east-1.amazonaws.com",
        "Authorization": f"Basic {data[0]['authorizationToken']}",
    }
    assert image.http("GET", "/v2/my-app/manifests/v1", headers=headers).status == 200
    [record] = records(image, A, "BatchGetImage")
    assert record["userIdentity"]["type"] == "AssumedRole"
    assert record["userIdentity"]["arn"] == f"arn:aws:sts::{A}:assumed-role/target/two"
    context = record["userIdentity"]["sessionContext"]
    assert context["sessionIssuer"]["arn"] == TARGET
    assert context["attributes"]["creationDate"] <= record["eventTime"]
    assert record["resources"] == [{"accountId": A, "ARN": REPOSITORY}]
    assert not records(image, B, "BatchGetImage")


def test_a_pull_by_repository_policy_is_in_both_trails(image: Sandbox) -> None:
    wanted = {"repositoryName": "my-app", "imageIds": [{"imageTag": "v1"}], "registryId": A}
    refused = image.call(B, "ecr:BatchGetImage", **wanted)
    [record] = records(image, B, "BatchGetImage")
    assert record["errorCode"] == refused.code == "AccessDeniedException"
    assert not records(image, A, "BatchGetImage")
    image.do(A, "ecr:SetRepositoryPolicy", repositoryName="my-app", policyText=grant(B))
    image.do(B, "ecr:BatchGetImage", **wanted)
    mine, theirs = records(image, B, "BatchGetImage")[0], records(image, A, "BatchGetImage")[0]
    assert mine["userIdentity"]["type"] == "IAMUser"
    assert theirs["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": mine["userIdentity"]["principalId"],
        "accountId": B,
    }
    assert mine["sharedEventID"] == theirs["sharedEventID"]


def test_bytes_of_a_layer_are_in_no_event(image: Sandbox) -> None:
    [record, *_] = records(image, A, "UploadLayerPart")
    parameters = {"repositoryName", "uploadId", "partFirstByte", "partLastByte"}
    assert set(record["requestParameters"]) == parameters
    assert record["readOnly"] is False
    [record] = records(image, A, "PutImage")
    assert record["responseElements"]["image"]["imageId"]["imageTag"] == "v1"


# -- looking up ------------------------------------------------------------------------------


def test_an_event_as_lookup_gives_it(chain: Sandbox) -> None:
    one = first(chain)
    two = chain.assume(one, TARGET, "two")
    [event, _] = events(chain, B, **by("EventName", "AssumeRole"))
    record = json.loads(event["CloudTrailEvent"])
    assert event["EventId"] == record["eventID"]
    assert event["ReadOnly"] == "true"
    assert event["AccessKeyId"] == one.access_key_id
    assert event["Username"] == "one"
    assert event["EventSource"] == "sts.amazonaws.com"
    assert event["EventTime"] == datetime.fromisoformat(record["eventTime"])
    unique = chain.do(A, "iam:GetRole", RoleName="target")["Role"]["RoleId"]
    assert [(r["ResourceType"], r["ResourceName"]) for r in event["Resources"]] == [
        ("AWS::IAM::AccessKey", two.access_key_id),
        ("AWS::STS::AssumedRole", f"arn:aws:sts::{A}:assumed-role/target/two"),
        ("AWS::STS::AssumedRole", f"{unique}:two"),
        ("AWS::STS::AssumedRole", "two"),
        ("AWS::IAM::Role", TARGET),
    ]
    [event] = events(chain, A, **by("EventName", "AssumeRole"))
    assert not {"Username", "AccessKeyId"} & set(event)


def test_times_on_the_wire_are_numbers(sandbox: Sandbox) -> None:
    sandbox.whoami(A)
    headers = {
        "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
        "Content-Type": "application/x-amz-json-1.1",
    }
    request = sandbox.signed(sandbox.admins[A], "cloudtrail", b"{}", headers=headers)
    [event] = sandbox.send(request).json["Events"]
    assert isinstance(event["EventTime"], float | int)
    assert isinstance(event["CloudTrailEvent"], str)
    assert event["ReadOnly"] == "true"


# attribute, value, how many of A's events have it
ATTRIBUTES = [
    ("EventName", "CreateUser", 2),
    ("EventName", "createuser", 0),
    ("ReadOnly", "true", 3),
    ("ReadOnly", "false", 6),
    ("EventSource", "iam.amazonaws.com", 7),
    ("EventSource", "sts.amazonaws.com", 1),
    ("Username", "ann", 1),
    ("AccessKeyId", "KEY", 1),
    ("ResourceType", "AWS::IAM::User", 5),
    ("ResourceName", "ann", 3),
    ("ResourceName", "r", 2),
    ("ResourceType", "AWS::ECR::Repository", 1),
    ("ResourceName", REPOSITORY, 1),
    ("EventId", "ID", 1),
    ("EventId", "none", 0),
]


def test_attributes(sandbox: Sandbox) -> None:
    ann = sandbox.user(A, "ann", allow("*"))  # three calls
    sandbox.user(A, "bob")  # two
    sandbox.whoami(ann)
    sandbox.call(A, "ecr:DescribeImages", repositoryName="my-app")
    sandbox.role(A, "r", trust(B))
    sandbox.do(A, "iam:GetRole", RoleName="r")
    end = {"EndTime": _now(sandbox) + timedelta(hours=1)}
    sandbox.advance(7200)  # so that no look-up finds those before it
    newest = events(sandbox, A, **end)[0]["EventId"]
    for key, value, count in ATTRIBUTES:
        wanted = {"KEY": ann.access_key_id, "ID": newest}.get(value, value)
        found = events(sandbox, A, **by(key, wanted), **end)
        assert len(found) == count, (key, value, [event["EventName"] for event in found])


def test_a_look_up_is_an_event(sandbox: Sandbox) -> None:
    assert events(sandbox, A) == []
    [event] = events(sandbox, A)
    assert (event["EventName"], event["Resources"]) == ("LookupEvents", [])
    moment = datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)
    events(sandbox, A, StartTime=moment, **by("ReadOnly", "true"))
    record = records(sandbox, A, "LookupEvents")[0]
    assert record["requestParameters"] == {
        "lookupAttributes": [{"attributeKey": "ReadOnly", "attributeValue": "true"}],
        "startTime": "Jan 2, 2026, 3:04:05 PM",
    }


def test_pages_show_each_event_once_the_newest_first(sandbox: Sandbox) -> None:
    for number in range(7):
        sandbox.do(A, "iam:ListRoles", PathPrefix=f"/p{number}/")
    question = {**by("EventName", "ListRoles"), "MaxResults": 3}
    pages, token = [], {}
    while True:
        answer = sandbox.do(A, LOOKUP, **question, **token)
        shown = [json.loads(event["CloudTrailEvent"]) for event in answer["Events"]]
        pages.append([record["requestParameters"]["pathPrefix"][2] for record in shown])
        sandbox.do(A, "iam:ListRoles")  # newer than the first page
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


def test_a_page_has_fifty_events_unless_told_otherwise(sandbox: Sandbox) -> None:
    for _ in range(51):
        sandbox.whoami(B)
    answer = sandbox.do(B, LOOKUP)
    assert len(answer["Events"]) == 50
    [last, *_] = sandbox.do(B, LOOKUP, NextToken=answer["NextToken"])["Events"]
    assert last["EventName"] == "GetCallerIdentity"
    found = sandbox.client("cloudtrail", B).get_paginator("lookup_events").paginate()
    assert len([event for page in found for event in page["Events"]]) == 53


def test_a_token_belongs_to_its_question(sandbox: Sandbox) -> None:
    for account in (A, B):
        for _ in range(3):
            sandbox.whoami(account)
    question = {**by("EventName", "GetCallerIdentity"), "MaxResults": 1}
    token = sandbox.do(A, LOOKUP, **question)["NextToken"]
    assert sandbox.call(A, LOOKUP, **question | {"MaxResults": 2}, NextToken=token).ok
    for who, asked in (
        (B, question),
        (A, {**by("EventName", "ListRoles"), "MaxResults": 1}),
        (A, {}),
    ):
        answer = sandbox.call(who, LOOKUP, **asked, NextToken=token)
        assert (answer.code, answer.status) == ("InvalidNextTokenException", 400)
    forged = base64.b64encode(b"1").decode()
    for wrong in ("", "x", forged, token[:-4]):
        answer = sandbox.call(A, LOOKUP, **question, NextToken=wrong)
        assert (answer.code, answer.status) == ("InvalidNextTokenException", 400)
    sandbox.reset()
    assert sandbox.call(A, LOOKUP, **question, NextToken=token).code == "InvalidNextTokenException"


def _now(sandbox: Sandbox) -> datetime:
    return datetime.fromisoformat(sandbox.control("GET", "status").json["now"])


def test_a_time_range_by_the_labs_clock(sandbox: Sandbox) -> None:
    def roles(**params: Any) -> list[str]:
        return [
            one["requestParameters"]["roleName"] for one in records(sandbox, A, "GetRole", **params)
        ]

    start = _now(sandbox)
    for name in ("one", "two", "three"):
        sandbox.call(A, "iam:GetRole", RoleName=name)
        sandbox.advance(3600)
    hour = timedelta(hours=1)
    slack = timedelta(minutes=10)
    assert roles() == ["three", "two", "one"]
    assert roles(StartTime=start + hour - slack) == ["three", "two"]
    assert roles(EndTime=start + hour + slack) == ["two", "one"]
    assert roles(StartTime=start + hour - slack, EndTime=start + hour + slack) == ["two"]
    exact = datetime.fromisoformat(records(sandbox, A, "GetRole")[1]["eventTime"])
    assert roles(StartTime=exact, EndTime=exact) == ["two"]
    assert exact - start - hour < slack
    sandbox.advance(90 * 86400 - 9000)
    assert roles() == ["three", "two"]  # CloudTrail shows ninety days


def test_events_are_in_the_region_of_the_call(sandbox: Sandbox) -> None:
    sandbox.do(A, "ecr:DescribeRepositories", region="eu-west-1")
    sandbox.do(A, "iam:ListRoles", region="eu-west-1")  # IAM has no region
    here, there = events(sandbox, A), events(sandbox, A, region="eu-west-1")
    assert [event["EventName"] for event in here] == ["ListRoles"]
    assert [event["EventName"] for event in there] == ["DescribeRepositories"]
    assert json.loads(there[0]["CloudTrailEvent"])["awsRegion"] == "eu-west-1"
    assert json.loads(here[0]["CloudTrailEvent"])["awsRegion"] == "us-east-1"
    answer = sandbox.call(A, LOOKUP, region="xx-nowhere-1")
    assert (answer.code, answer.status) == ("InvalidSignatureException", 400)


# -- refusals --------------------------------------------------------------------------------

ONE = {"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two attributes": ({"LookupAttributes": [ONE, ONE]}, "LookupAttributes"),
    "an unknown attribute": (by("Colour", "red"), "LookupAttributes"),
    "an empty value": (by("EventName", ""), "LookupAttributes"),
    "a value too long": (by("EventName", "x" * 2001), "LookupAttributes"),
    "an attribute without a value": (
        {"LookupAttributes": [{"AttributeKey": "EventName"}]},
        "LookupAttributes",
    ),
    "no results": ({"MaxResults": 0}, "MaxResults"),
    "too many results": ({"MaxResults": 51}, "MaxResults"),
    "a start after the end": (
        {
            "StartTime": datetime(2026, 1, 2, tzinfo=UTC),
            "EndTime": datetime(2026, 1, 1, tzinfo=UTC),
        },
        "TimeRange",
    ),
    "a time before all times": ({"StartTime": datetime(1960, 1, 1, tzinfo=UTC)}, "TimeRange"),
    "no token": ({"NextToken": "x"}, "NextToken"),
    "another category": ({"EventCategory": "management"}, "EventCategory"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_lookup_refuses(sandbox: Sandbox, name: str) -> None:
    params, what = REFUSED[name]
    answer = sandbox.call(A, LOOKUP, **params)
    assert (answer.code, answer.status) == (f"Invalid{what}Exception", 400)
    assert answer.message
    [record] = records(sandbox, A, "LookupEvents")  # such a request does no harm to later ones
    assert record["errorCode"] == answer.code


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("1e300", "InvalidTimeRangeException"),
        ("1" + "0" * 400, "InvalidTimeRangeException"),
        ("Infinity", "InvalidTimeRangeException"),
        ("NaN", "SerializationException"),
        ('"today"', "SerializationException"),
        ("true", "SerializationException"),
        ("[]", "SerializationException"),
    ],
)
def test_odd_times(sandbox: Sandbox, moment: str, code: str) -> None:
    headers = {
        "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
        "Content-Type": "application/x-amz-json-1.1",
    }
    body = f'{{"EndTime": {moment}}}'.encode()
    reply = sandbox.send(sandbox.signed(sandbox.admins[A], "cloudtrail", body, headers=headers))
    assert (reply.status, reply.json["__type"]) == (400, code)
    assert len(events(sandbox, A)) == 1


def test_insights_there_are_none(sandbox: Sandbox) -> None:
    sandbox.whoami(A)
    assert events(sandbox, A, EventCategory="insight") == []


def test_the_permission(sandbox: Sandbox) -> None:
    nobody = sandbox.user(A, "nobody")
    answer = sandbox.call(nobody, LOOKUP)
    assert answer.error == (
        "AccessDeniedException",
        400,
        f"User: arn:aws:iam::{A}:user/nobody is not authorized to perform: {LOOKUP} because no "
        f"identity-based policy allows the {LOOKUP} action",
    )
    sandbox.put(A, "user", "nobody", allow(LOOKUP, f"arn:aws:cloudtrail:us-east-1:{A}:trail/x"))
    assert sandbox.call(nobody, LOOKUP).code == "AccessDeniedException"
    sandbox.put(A, "user", "nobody", allow(LOOKUP))
    assert sandbox.call(nobody, LOOKUP).ok
    sandbox.put(A, "user", "nobody", deny(LOOKUP), "p1")
    assert sandbox.call(nobody, LOOKUP).message.endswith(
        "explicit deny in an identity-based policy"
    )
    told = sandbox.decision(answer.request_id)["asked"][0]
    assert (told["action"], told["resource"]) == (LOOKUP, "*")


# -- secrets ---------------------------------------------------------------------------------


def test_no_secret_is_in_any_event(image: Sandbox) -> None:
    image.do(A, "iam:CreateUser", UserName="ann")
    made = image.do(A, "iam:CreateAccessKey", UserName="ann")["AccessKey"]
    sessions = [first(image), Keys.of(image.do(B, "sts:GetSessionToken")["Credentials"])]
    sessions.append(image.assume(sessions[0], TARGET, "two"))
    image.call(B, "sts:AssumeRole", RoleArn=SOURCE, RoleSessionName="no", TokenCode="123456")
    registry = image.do(A, "ecr:GetAuthorizationToken")["authorizationData"][0]
    secrets = [made["SecretAccessKey"], registry["authorizationToken"], image.line["lab_token"]]
    secrets += [keys.secret for keys in (*image.admins.values(), *sessions)]
    secrets += [keys.token or "" for keys in sessions]
    secrets += ["123456", base64.b64decode(registry["authorizationToken"]).decode()]
    shown = ""
    for account in (A, B, C):
        for page in image.client("cloudtrail", account).get_paginator("lookup_events").paginate():
            shown += json.dumps(page["Events"], default=str)
    assert made["AccessKeyId"] in shown  # the events are there
    for secret in secrets:
        assert len(secret) >= 6
        assert secret not in shown
        assert json.dumps(secret)[1:-1] not in shown
    assert not re.search(r"\b(secretAccessKey|sessionToken|tokenCode)", shown, re.I)


def _members(shape: Shape | None, name: str = "") -> Iterator[tuple[str, Shape]]:
    if shape is None:
        return
    yield name, shape
    if isinstance(shape, StructureShape):
        for member, inner in shape.members.items():
            yield from _members(inner, member)
    elif isinstance(shape, ListShape):
        yield from _members(shape.member, name)
    elif isinstance(shape, MapShape):
        yield from _members(shape.value, name)


# Of Organizations, names, notes and ids are marked: personal data, which the lab makes up.
@pytest.mark.parametrize("service", sorted(set(services.BY_SERVICE) - {"organizations"}))
def test_what_botocore_calls_sensitive_is_a_secret_of_the_trail(service: str) -> None:
    for operation in services.served(service):
        model = operation_model(service, operation)
        for shape in (model.input_shape, model.output_shape):
            for name, member in _members(shape):
                if member.metadata.get("sensitive") or member.name == "tokenType":
                    assert name in trail.SECRETS, (operation, name)


def test_the_trail_itself_holds_no_secret() -> None:
    answer = {"AccessKey": {"AccessKeyId": "AKIA", "SecretAccessKey": "a/b"}}
    kept = trail.kept_answer("CreateAccessKey", answer)
    assert kept == {"AccessKey": {"AccessKeyId": "AKIA"}}
    assert trail.kept_answer("GetRole", answer) is None
    params = {"TokenCode": "123456", "Tags": [{"Key": "a", "SessionToken": "b"}], "blob": b"x"}
    assert trail.kept_parameters(params) == {"Tags": [{"Key": "a"}]}
    assert trail.kept_parameters({"manifest": "x" * 200_000}) == {}


# -- what is kept ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_restart_forgets_the_events(tmp_path: Any) -> None:
    with Forked("--state", str(tmp_path)) as lab:
        lab.role(A, "kept", trust(B))
        assert len(events(lab, A)) == 1
    with Forked("--state", str(tmp_path), accounts=()) as lab:
        assert lab.do(A, "iam:GetRole", RoleName="kept")
        assert [event["EventName"] for event in events(lab, A)] == ["GetRole"]
