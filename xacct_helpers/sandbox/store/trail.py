"""What happened: one entry for each call, found again by its request id."""

from __future__ import annotations

import json
import re
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...aws.regions import GLOBAL_REGION
from ...lab_api.decisions import TRAIL_HOLDS
from ...policy import Principal
from ..protocol.messages import Answer

if TYPE_CHECKING:
    from ..callers import Caller
    from ..permission_checks import CheckedPermission
    from ..protocol.errors import ApiError

KEEP = TRAIL_HOLDS
KEEP_BYTES = 64 * 1024 * 1024
CHECK_AGENT = "xacct-check"

# Members of requests and answers that the trail never holds, whichever call has them.
SECRETS = frozenset(
    {"SecretAccessKey", "SessionToken", "TokenCode", "WebIdentityToken", "authorizationToken"}
    | {"Password", "AuthenticationCode1", "AuthenticationCode2", "Base32StringSeed", "QRCodePNG"}
    | {"PrivateKey", "AddPrivateKey", "ServicePassword", "ServiceCredentialSecret"}
)
# CloudTrail leaves out what is longer, and cuts texts (CloudTrail User Guide, record contents:
# requestParameters and responseElements 100 KB, userAgent and errorMessage 1 KB).
_LONGEST = 100 * 1024
_LONGEST_TEXT = 1024
_READING = re.compile("Get|List|Describe|Simulate|Lookup|BatchGet|BatchCheck|AssumeRole")
_GIVES_CREDENTIALS = ("AssumeRole", "GetSessionToken", "GetFederationToken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The caller as CloudTrail tells of it; no secret in it.

    user_id: as in aws:userid; issued: when a session began, None for a long-term key;
    provider: the identity provider behind the session, if there is one;
    mfa: whether a one-time code was shown for the session;
    access_key_id: under /v2/ the one that the registry's token was asked for with.
    """

    principal: Principal
    user_id: str
    access_key_id: str = ""
    issued: datetime | None = None
    source_identity: str | None = None
    provider: str | None = None
    mfa: bool = False

    @property
    def anonymous(self) -> bool:
        """Whether the caller has no account: the call says itself who is asking."""
        return self.principal.kind == "anonymous"

    @classmethod
    def of(cls, caller: Caller) -> Who:
        session = caller.session
        return cls(
            principal=caller.principal,
            user_id=caller.user_id,
            access_key_id=caller.access_key_id,
            issued=session.issued if session else None,
            source_identity=session.source_identity if session else None,
            provider=session.provider if session else None,
            mfa=session is not None and session.mfa is not None,
        )


# dict is found at once; asking whether something is a Mapping takes longer than all the rest.
_MAPPINGS = (dict, Mapping)


def kept_parameters(value: Any) -> Any:
    """A call's parameters, or its answer's members, without what an event does not hold.

    That is: secrets, bytes, members without a value, and texts that are too long.
    """
    if isinstance(value, str):  # first, because most values are
        return value
    if isinstance(value, _MAPPINGS):
        return {
            name: kept_parameters(item)
            for name, item in value.items()
            if name not in SECRETS
            and item is not None
            and not isinstance(item, bytes)
            and not (isinstance(item, str) and len(item) > _LONGEST)
        }
    if isinstance(value, list | tuple):
        return [kept_parameters(item) for item in value]
    return value


def kept_text(text: str) -> str:
    """A text of the client's choice, cut where an event cuts it."""
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _weight(value: Any) -> int:
    """About how many bytes a value of an entry takes."""
    if isinstance(value, str | bytes):
        return 50 + len(value)
    if isinstance(value, _MAPPINGS):
        return 100 + sum(100 + len(str(name)) + _weight(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return 100 + sum(map(_weight, value))
    return 50


def kept_answer(operation: str, answer: Answer) -> Answer | None:
    """What CloudTrail tells of an answer, without secrets; None of other answers.

    Source: CloudTrail User Guide, record contents, responseElements: of calls that change
    something. Those that hand out credentials are told of as well.
    """
    recorded = not reads(operation) or operation.startswith(_GIVES_CREDENTIALS)
    if not recorded or _too_long(answer):
        return None
    kept: Answer = kept_parameters(answer)
    return kept


def _too_long(answer: Answer) -> bool:
    # Weighing is quick and gives more than the text has.
    return _weight(answer) > _LONGEST and len(json.dumps(answer, default=str)) > _LONGEST


def reads(operation: str) -> bool:
    """Whether CloudTrail calls an operation read-only."""
    return _READING.match(operation) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call and what became of it.

    checked: for every permission the call needed, the question, the policies and the decision.
    error_code is None when the call succeeded.
    who: None when nobody was recognised.
    served: whether it is an operation that the sandbox has, or one that a service makes by itself.
    parameters: by the model's names, without secrets; None when they could not be read.
    answer: what CloudTrail's responseElements are made of, without secrets.
    """

    number: int
    request_id: str
    time: datetime
    service: str
    operation: str
    caller: str | None
    account: str | None
    source_ip: str
    user_agent: str
    error_code: str | None
    error_message: str | None
    checked: tuple[CheckedPermission, ...]
    who: Who | None = None
    region: str = ""
    parameters: Mapping[str, Any] | None = None
    answer: Answer | None = None
    served: bool = True

    @property
    def check(self) -> bool:
        """Whether a checkpoint of the course made the call, to see what happens."""
        return CHECK_AGENT in self.user_agent

    @property
    def denied(self) -> bool:
        """Whether a policy refused the call."""
        return any(not checked.decision.allowed for checked in self.checked)

    @property
    def gave(self) -> str | None:
        """The access key id of the credentials that the call was answered with, if any."""
        given = (self.answer or {}).get("Credentials") if self.service == "sts" else None
        return given["AccessKeyId"] if given else None

    @property
    def resources(self) -> list[str]:
        """What the call was about, for every permission that it needed."""
        return [checked.request.resource for checked in self.checked]


class Trail:
    """The latest KEEP entries; fewer when they hold more than KEEP_BYTES."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._weights: OrderedDict[str, int] = OrderedDict()
        self._weight = 0
        self._count = 0

    def write(
        self,
        *,
        request_id: str,
        time: datetime,
        service: str,
        operation: str,
        region: str,
        caller: Caller | None,
        source_ip: str,
        user_agent: str,
        checked: tuple[CheckedPermission, ...],
        failure: ApiError | None,
        parameters: Mapping[str, Any] | None = None,
        answer: Answer | None = None,
        served: bool = True,
    ) -> None:
        """Keep a call: what may be kept of its texts, parameters and answer, under the next number.

        caller: None when nobody was recognised. answer: None when the call failed.
        """
        self._count += 1
        self.add(
            Entry(
                number=self._count,
                request_id=request_id,
                time=time,
                service=service,
                operation=kept_text(operation),
                caller=caller.principal.arn if caller else None,
                account=caller.principal.account if caller else None,
                source_ip=source_ip,
                user_agent=kept_text(user_agent),
                error_code=failure.code if failure else None,
                error_message=kept_text(failure.message) if failure else None,
                checked=checked,
                who=Who.of(caller) if caller else None,
                region=GLOBAL_REGION if service == "iam" else region,
                parameters=None if parameters is None else kept_parameters(parameters),
                answer=None if answer is None else kept_answer(operation, answer),
                served=served,
            )
        )

    def add(self, entry: Entry) -> None:
        texts = (entry.resources, entry.operation, entry.user_agent, entry.error_message or "")
        weight = _weight(entry.parameters) + _weight(entry.answer) + _weight(texts)
        self._entries[entry.request_id] = entry
        self._weights[entry.request_id] = weight
        self._weight += weight
        while len(self._entries) > KEEP or (self._weight > KEEP_BYTES and len(self._entries) > 1):
            self._entries.popitem(last=False)
            self._weight -= self._weights.popitem(last=False)[1]

    def find(self, request_id: str) -> Entry | None:
        return self._entries.get(request_id)

    def latest_refusal(self) -> Entry | None:
        """The newest call that a policy refused; a checkpoint's own calls do not count."""
        for entry in reversed(self._entries.values()):
            if entry.denied and not entry.check:
                return entry
        return None

    def latest(self, count: int) -> list[Entry]:
        """The newest entries, oldest of them first."""
        return list(self._entries.values())[-count:] if count > 0 else []

    def newest_first(self) -> Iterator[Entry]:
        """All the entries, the newest first."""
        return reversed(self._entries.values())
