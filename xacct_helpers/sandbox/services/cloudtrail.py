"""CloudTrail: LookupEvents over the sandbox's own trail.

The trail is in memory: it holds the latest calls (trail.KEEP), and none from before the sandbox
was started or reset. AWS keeps 90 days and shows a call minutes later; here it is there at once.
An event has no tlsDetails, and never a session token (AWS puts one into an AssumeRole's event).
Not known of AWS, and chosen: a refused call shows its request parameters; a call that a repository
policy lets in from another account is in both trails, like AssumeRole.
Source: CloudTrail API Reference, LookupEvents; CloudTrail User Guide, record contents and the
userIdentity element; IAM User Guide, logging IAM and STS calls; names of an AssumeRole's resources
as in an event that the EKS workshop prints.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ..authorization import gate
from ..permission_checks import CheckedPermission
from ..protocol import models, serialize, validation
from ..protocol.errors import ApiError
from ..protocol.messages import Answer, Call
from ..sealed_tokens import SealError, seal, unseal
from ..store import trail
from ..store.trail import Entry, Who
from .operation import Operation, Service, account_wide

if TYPE_CHECKING:
    from ..callers import Caller
    from ..store.state import State

PAGE = 50
_KEPT = timedelta(days=90)
_PURPOSE = "lookup-events"
_MAX_TIME = 253402300800  # the year 10000
_EVENT_VERSION = "1.11"
# The error for a parameter that breaks the model's constraints.
_REFUSALS = {
    "LookupAttributes": "InvalidLookupAttributesException",
    "MaxResults": "InvalidMaxResultsException",
    "EventCategory": "InvalidEventCategoryException",
}
_IDENTITY_TYPES = {
    "user": "IAMUser",
    "role-session": "AssumedRole",
    "federated-user": "FederatedUser",
    "root": "Root",
}
# Parameters that name an IAM entity, and its CloudFormation type.
_NAMED = {
    "RoleName": "AWS::IAM::Role",
    "UserName": "AWS::IAM::User",
    "GroupName": "AWS::IAM::Group",
    "PolicyArn": "AWS::IAM::Policy",
    "AccessKeyId": "AWS::IAM::AccessKey",
}
_ASSUMING = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"})
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

Resource = dict[str, str]


def _check_parameters(call: Call) -> None:
    """Raise ApiError for parameters that CloudTrail does not take."""
    for name, code in _REFUSALS.items():
        if name in call.params:
            try:
                validation.check(replace(call, params={name: call.params[name]}))
            except ApiError as error:
                raise ApiError(code, error.message) from error
    if len(call.params.get("LookupAttributes", ())) > 1:
        raise ApiError(
            "InvalidLookupAttributesException", "You can specify only one lookup attribute."
        )
    times = [call.params[name] for name in ("StartTime", "EndTime") if name in call.params]
    if any(not 0 <= time < _MAX_TIME for time in times):
        raise ApiError("InvalidTimeRangeException", "The time is outside the range of values.")
    if times != sorted(times):
        raise ApiError("InvalidTimeRangeException", "The start time is after the end time.")


def _prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission."""
    if not state.backends.ecr.region_known(call.region):
        raise ApiError(
            "InvalidSignatureException", "Credential should be scoped to a valid region."
        )


def _refused(checked: CheckedPermission, protocol: str) -> ApiError:
    """The error for a denied permission: CloudTrail does not print a resource (public logs)."""
    return gate.refused(replace(checked, request=replace(checked.request, resource="")), protocol)


def _lookup_events(state: State, call: Call, caller: Caller) -> Answer:
    """Answer with a page of the account's own events."""
    if "EventCategory" in call.params:
        return {"Events": []}  # Insights events: nothing here makes them
    query = _query(state, call, caller)
    after = _position(state, call, query)
    size = call.params.get("MaxResults", PAGE)
    found: list[_Event] = []
    for event in _matching(state, call, caller.account):
        if after is not None and event.entry.number >= after:
            continue
        found.append(event)
        if len(found) > size:
            break
    value: dict[str, Any] = {"Events": [event.shown() for event in found[:size]]}
    if len(found) > size:
        content = {"n": found[size - 1].entry.number, "q": query}
        value["NextToken"] = seal(state.key, _PURPOSE, content)
    return value


# -- looking up ------------------------------------------------------------------------------


def _query(state: State, call: Call, caller: Caller) -> str:
    """A digest of what is asked: a token goes on with the same question only."""
    checked = {k: v for k, v in call.params.items() if k not in ("NextToken", "MaxResults")}
    text = json.dumps([state.trail.id, caller.account, call.region, checked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _position(state: State, call: Call, query: str) -> int | None:
    """The number of the last entry that the page before showed; None for the first page."""
    if "NextToken" not in call.params:
        return None
    invalid = ApiError(
        "InvalidNextTokenException",
        "The token is not valid, or was used in a request with different parameters.",
    )
    try:
        content = unseal(state.key, _PURPOSE, call.params["NextToken"])
    except SealError as error:
        raise invalid from error
    if content["q"] != query:
        raise invalid
    return int(content["n"])


def _matching(state: State, call: Call, account: str) -> Iterator[_Event]:
    """The account's events in the call's region, the newest first."""
    params = call.params
    oldest = (state.clock.now() - _KEPT).timestamp()
    start, end = params.get("StartTime", oldest), params.get("EndTime", _MAX_TIME)
    attributes = params.get("LookupAttributes", ())
    for entry in state.trail.newest_first():
        if not max(start, oldest) <= _second(entry).timestamp() <= end:
            continue
        event = _event(entry, account)
        if event is None or event.region != call.region:
            continue
        if all(event.has(one["AttributeKey"], one["AttributeValue"]) for one in attributes):
            yield event


def _second(entry: Entry) -> datetime:
    return entry.time.replace(microsecond=0)


def _event(entry: Entry, account: str) -> _Event | None:
    """The entry as it stands in the account's trail, if it does.

    The caller's account has every call. The resource's account has those that succeeded, and all
    of those whose caller has no account.
    """
    who = entry.who
    if who is None or not entry.served:
        return None
    owners = {checked.request.resource_account for checked in entry.checked}
    if who.anonymous:
        found = account in owners
        return _Event(entry=entry, who=who, account=account, shared=False) if found else None
    shared = entry.error_code is None and bool(owners - {who.principal.account})
    if account == who.principal.account or (shared and account in owners):
        return _Event(entry=entry, who=who, account=account, shared=shared)
    return None


# -- one event -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """An entry as one account sees it. shared: whether another account sees it as well."""

    entry: Entry
    who: Who
    account: str
    shared: bool

    @property
    def own(self) -> bool:
        """Whether the account is the caller's, or the caller has none."""
        return self.who.anonymous or self.account == self.who.principal.account

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.UUID(self.entry.request_id), self.account))

    @property
    def region(self) -> str:
        return self.entry.region

    @property
    def source(self) -> str:
        return f"{self.entry.service}.amazonaws.com"

    @property
    def read_only(self) -> bool:
        return trail.reads(self.entry.operation)

    @property
    def username(self) -> str | None:
        """The user's or the session's name; a web identity's subject."""
        if self.who.anonymous:
            return str(_web_identity(self.entry)["userName"])
        return self.who.principal.arn.rpartition("/")[2] if self.own else None

    @property
    def access_key_id(self) -> str | None:
        return self.who.access_key_id or None if self.own else None

    def has(self, key: str, value: str) -> bool:
        """Whether a lookup attribute is the event's."""
        if key in ("ResourceType", "ResourceName"):
            return any(resource[key] == value for resource in self.resources())
        return value == {
            "EventId": self.id,
            "EventName": self.entry.operation,
            "ReadOnly": str(self.read_only).lower(),
            "Username": self.username,
            "EventSource": self.source,
            "AccessKeyId": self.access_key_id,
        }.get(key)

    def shown(self) -> dict[str, Any]:
        """The event as LookupEvents gives it."""
        return {
            "EventId": self.id,
            "EventName": self.entry.operation,
            "ReadOnly": str(self.read_only).lower(),
            "AccessKeyId": self.access_key_id,
            "EventTime": _second(self.entry),
            "EventSource": self.source,
            "Username": self.username,
            "Resources": self.resources(),
            "CloudTrailEvent": json.dumps(self.record(), separators=(",", ":")),
        }

    def resources(self) -> list[Resource]:
        """What the call is about, for lookups."""
        entry, params = self.entry, self.entry.parameters or {}
        pairs: list[tuple[str, str]] = []
        if entry.operation in _ASSUMING:
            answer = _response(entry) or {}
            if answer:
                user = answer["assumedRoleUser"]
                pairs += [
                    ("AWS::IAM::AccessKey", answer["credentials"]["accessKeyId"]),
                    ("AWS::STS::AssumedRole", user["arn"]),
                    ("AWS::STS::AssumedRole", user["assumedRoleId"]),
                    ("AWS::STS::AssumedRole", user["arn"].rpartition("/")[2]),
                ]
            pairs += [("AWS::IAM::Role", params["RoleArn"])] if "RoleArn" in params else []
        elif entry.service == "iam":
            pairs += [(kind, params[name]) for name, kind in _NAMED.items() if name in params]
        elif entry.service == "ecr":
            pairs += [("AWS::ECR::Repository", arn) for arn in self._arns()]
        return [{"ResourceType": kind, "ResourceName": name} for kind, name in pairs]

    def _arns(self) -> list[str]:
        arns = (checked.request.resource for checked in self.entry.checked)
        return [arn for arn in dict.fromkeys(arns) if arn.startswith("arn:")]

    def record(self) -> dict[str, Any]:
        """The event itself, its fields in CloudTrail's order."""
        entry = self.entry
        value: dict[str, Any] = {
            "eventVersion": _EVENT_VERSION,
            "userIdentity": self._caller(),
            "eventTime": serialize.iso(entry.time),
            "eventSource": self.source,
            "eventName": entry.operation,
            "awsRegion": self.region,
            "sourceIPAddress": entry.source_ip,
            "userAgent": entry.user_agent,
        }
        if entry.error_code is not None:
            value |= {"errorCode": entry.error_code, "errorMessage": entry.error_message}
        value |= {
            "requestParameters": _request(entry),
            "responseElements": _response(entry),
            "requestID": entry.request_id,
            "eventID": self.id,
            "readOnly": self.read_only,
        }
        touched = self._touched()
        if touched:
            value["resources"] = touched
        value |= {
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.account,
        }
        if self.shared:
            value["sharedEventID"] = str(uuid.uuid5(uuid.UUID(entry.request_id), "shared"))
        return value | {"eventCategory": "Management"}

    def _caller(self) -> dict[str, Any]:
        """The userIdentity element."""
        if self.who.anonymous:
            return _web_identity(self.entry)
        return _identity(self.who) if self.own else _stranger(self.who)

    def _touched(self) -> list[Resource]:
        """The record's own resources: the role of an AssumeRole, the repositories of ECR."""
        if self.entry.operation in _ASSUMING:
            kind = {"type": "AWS::IAM::Role"}
        elif self.entry.service == "ecr":
            kind = {}
        else:
            return []
        owner = self.entry.checked[0].request.resource_account if self.entry.checked else ""
        return [{"accountId": owner, **kind, "ARN": arn} for arn in self._arns()]


def _identity(who: Who) -> dict[str, Any]:
    """The userIdentity element in the caller's own account."""
    principal = who.principal
    value: dict[str, Any] = {
        "type": _IDENTITY_TYPES.get(principal.kind, "Unknown"),
        "principalId": who.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
    }
    if who.access_key_id:
        value["accessKeyId"] = who.access_key_id
    if principal.kind == "user":
        value["userName"] = principal.arn.rpartition("/")[2]
    if who.issued is not None:
        session: dict[str, Any] = {}
        if principal.role_arn is not None:
            session["sessionIssuer"] = {
                "type": "Role",
                "principalId": principal.unique_id,
                "arn": principal.role_arn,
                "accountId": principal.account,
                "userName": principal.role_arn.rpartition("/")[2],
            }
        elif principal.user_arn is not None:
            session["sessionIssuer"] = {
                "type": "IAMUser",
                "principalId": principal.unique_id,
                "arn": principal.user_arn,
                "accountId": principal.account,
                "userName": principal.user_arn.rpartition("/")[2],
            }
        if who.provider:
            session["webIdFederationData"] = {
                "federatedProvider": who.provider,
                "attributes": {},
            }
        session["attributes"] = {
            "creationDate": serialize.iso(who.issued),
            "mfaAuthenticated": "true" if who.mfa else "false",
        }
        if who.source_identity:
            session["sourceIdentity"] = who.source_identity
        value["sessionContext"] = session
    return value


def _web_identity(entry: Entry) -> dict[str, Any]:
    """The userIdentity element of a caller who showed a token; only the gate's question tells."""
    context = entry.checked[0].request.context
    provider = str(context["aws:FederatedProvider"])
    name = provider.partition(":oidc-provider/")[2]
    subject = str(context[f"{name}:sub"])
    return {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{context[f'{name}:aud']}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }


def _stranger(who: Who) -> dict[str, Any]:
    """The userIdentity element in another account: who it was, and no more."""
    return {
        "type": "AWSAccount",
        "principalId": who.user_id,
        "accountId": who.principal.account,
    }


# -- parameters and answers in CloudTrail's spelling -----------------------------------------


def _request(entry: Entry) -> Any:
    if not entry.parameters:
        return None
    shape = models.operation_model(entry.service, entry.operation).input_shape
    if shape is None:
        return None
    return _spelt(entry.parameters, shape)


def _response(entry: Entry) -> Any:
    """What the answer said; None for calls that only read."""
    if not entry.answer:
        return None
    model = models.operation_model(entry.service, entry.operation)
    if model.output_shape is None:
        return None
    return _spelt(entry.answer, model.output_shape) or None


def _spelt(value: Any, shape: Shape) -> Any:
    """The value with names in lower camel case and times as CloudTrail writes them; no secrets."""
    if isinstance(shape, StructureShape):
        return {
            name[:1].lower() + name[1:]: _spelt(value[name], member)
            for name, member in shape.members.items()
            if name in value and name not in trail.SECRETS
        }
    if isinstance(shape, ListShape):
        return [_spelt(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: _spelt(item, shape.value) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return _written(value)
    return value


def _written(moment: datetime | float) -> str:
    """Jul 18, 2023, 4:07:39 PM"""
    if not isinstance(moment, datetime):
        if not 0 <= moment < _MAX_TIME:
            return str(moment)
        moment = datetime.fromtimestamp(moment, UTC)
    moment = moment.astimezone(UTC)
    day = f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"
    half = "PM" if moment.hour >= 12 else "AM"
    return f"{day}, {(moment.hour + 11) % 12 + 1}:{moment:%M:%S} {half}"


SERVICE = Service(
    operations={"LookupEvents": Operation(permissions=account_wide, perform=_lookup_events)},
    prepare=_prepare,
    check_parameters=_check_parameters,
    refused=_refused,
)
