"""Whole answers, as bytes on the wire, with what differs from run to run named instead.

Request ids, temporary keys, secrets, tokens and the sandbox's address get a name in angle brackets;
a time gets its distance from the beginning of the scenario.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.sandbox.corpus.running import HEAD_START, Run
from tests.sandbox.corpus.steps import Scenario
from tests.sandboxes import Answer, Keys, Sandbox

RECORDED = Path(__file__).parent / "recorded.jsonl"
Record = dict[str, Any]

# Parameters and members that hold something new in each run.
_CHANCE = (
    "AuthenticationCode1",
    "AuthenticationCode2",
    "Base32StringSeed",
    "Marker",
    "NextToken",
    "QRCodePNG",
    "SAMLProviderUUID",
    "SecretAccessKey",
    "ServiceCredentialSecret",
    "ServicePassword",
    "SessionToken",
    "TokenCode",
    "WebIdentityToken",
    "authorizationToken",
    "nextToken",
)
_NAMES = "|".join(_CHANCE)
_IN_XML = re.compile(rf"<({_NAMES})>[^<]+<")
_IN_JSON = re.compile(rf'"({_NAMES})": "[^"]+"')
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_NO_UUID = "00000000-0000-0000-0000-000000000000"
_TEMPORARY_KEY = re.compile(r"\bASIA[A-Z2-7]{16}\b")
_USER_AGENT = re.compile(r'(\\*"userAgent\\*":\\*")[^"\\]+')
_LAYER = re.compile(r"(expires|signature)=[\w.-]+")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_EPOCH = re.compile(r"(?<= )\d{10}(\.\d+)?\b")
_IN_AN_EVENT = re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M")
_REPORT = re.compile(r"(?<=<Content>)[^<]+(?=</Content>)")
# A scenario begins HEAD_START after the accounts were made, at least. Other times than these are of
# certificates and of AWS.
_WEEK, _CENTURIES = 7 * 86400.0, 200 * 365 * 86400.0
# Every duration in the corpus is a multiple of it; a busy machine may need minutes for a scenario.
_ROUND = 900


class _Ear:
    """Makes calls, and hears what comes back as it was on the wire."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []

    def call(
        self, sandbox: Sandbox, keys: Keys | str, action: str, region: str, params: Any
    ) -> Answer:
        with self._listening(sandbox.client(action.partition(":")[0], keys, region)):
            return sandbox.call(keys, action, region, **params)

    @contextmanager
    def _listening(self, client: Any) -> Iterator[None]:
        def hear(response_dict: Mapping[str, Any], **_: Any) -> None:
            self.heard.append(response_dict)

        client.meta.events.register("before-parse", hear)
        try:
            yield
        finally:
            client.meta.events.unregister("before-parse", hear)


def recorded_scenario(sandbox: Sandbox, scenario: Scenario) -> list[Record]:
    """Run a scenario; each call and its whole answer."""
    ear, began = _Ear(), time.time() + HEAD_START
    made = Run(sandbox, scenario, ear.call).run()
    named = _Named(began, getattr(sandbox, "endpoint", ""))
    return [
        {
            "scenario": call.scenario,
            "case": call.case,
            "by": call.by,
            "action": call.action,
            "region": call.region,
            "params": named.params(call.params),
            "status": heard["status_code"],
            "headers": named.headers(heard["headers"], heard["body"]),
            "body": named.text(heard["body"].decode()),
        }
        for call, heard in zip(made, ear.heard, strict=True)
    ]


def recorded(sandbox: Sandbox, scenarios: Iterable[Scenario] | None = None) -> list[Record]:
    """Run scenarios, all of them unless some are given; each call and its whole answer."""
    from tests.sandbox.corpus import SCENARIOS

    chosen = SCENARIOS if scenarios is None else scenarios
    return [record for one in chosen for record in recorded_scenario(sandbox, one)]


def written(records: Iterable[Record]) -> str:
    """The records as the file holds them: a line for each call."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def read() -> dict[str, list[Record]]:
    """What the file holds, by scenario."""
    found: dict[str, list[Record]] = {}
    for line in RECORDED.read_text().splitlines():
        record = json.loads(line)
        found.setdefault(record["scenario"], []).append(record)
    return found


class _Named:
    """Puts names in the place of what differs from run to run."""

    def __init__(self, began: float, endpoint: str) -> None:
        self.began, self.endpoint = began, endpoint

    def headers(self, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        found = {name.lower(): value for name, value in headers.items()}
        found.pop("date", None)
        if "content-length" in found:
            assert int(found["content-length"]) == len(body)
            found["content-length"] = "<length>"
        return {name: self.text(found[name]) for name in sorted(found)}

    def params(self, value: Any, name: str = "") -> Any:
        if name in _CHANCE and value:
            return f"<{name}>"
        if isinstance(value, Mapping):
            return {key: self.params(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.params(one) for one in value]
        if isinstance(value, bytes):
            value = value.decode()
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        text = _REPORT.sub(self._report, text)
        if self.endpoint:
            text = text.replace(self.endpoint, "<endpoint>")
        text = _IN_XML.sub(r"<\1><\1><", text)
        text = _IN_JSON.sub(r'"\1": "<\1>"', text)
        text = _UUID.sub(lambda found: found[0] if found[0] == _NO_UUID else "<uuid>", text)
        text = _TEMPORARY_KEY.sub("<temporary key>", text)
        text = _USER_AGENT.sub(r"\1<user agent>", text)
        text = _LAYER.sub(r"\1=<\1>", text)
        # First, because the distance that takes a time's place may have ten digits, too.
        text = _EPOCH.sub(lambda found: self._moment(found[0], float(found[0])), text)
        text = _IN_AN_EVENT.sub(lambda found: self._moment(found[0], _told(found[0])), text)
        return _ISO.sub(lambda found: self._moment(found[0], _timestamp(found[0])), text)

    def _report(self, found: re.Match[str]) -> str:
        return base64.b64decode(found[0]).decode()

    def _moment(self, written: str, when: float) -> str:
        distance = when - self.began
        if not -_WEEK < distance < _CENTURIES:
            return written
        if distance < -_ROUND:
            return "<first day>"
        rounded = round(distance / _ROUND) * _ROUND
        return f"<now + {rounded} s>" if rounded else "<now>"


def _timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _told(text: str) -> float:
    return datetime.strptime(text, "%b %d, %Y, %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
