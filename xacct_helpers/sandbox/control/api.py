"""The sandbox's own API, under /_lab/: what lab, view and lessons ask that AWS has no call for.

Authorised by the token in the lab's state file, which only its owner can read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...lab_api.access_map import AccessMap, MapChanges
from ...lab_api.codec import to_json
from ...lab_api.decisions import CallReport, PermissionReport, Trail
from ...lab_api.lab_state import (
    ApiRefusal,
    Change,
    Changes,
    Done,
    Fingerprint,
    Refusal,
    ServiceAccountToken,
    Status,
)
from ..auth import oidc_issuer
from ..protocol.errors import ApiError
from ..protocol.messages import HttpRequest, HttpResponse
from ..store.journal import JournalError, TooManySnapshots
from ..store.trail import kept_parameters
from . import access_map, policy_preview
from .decision_report import call_report, permission_report, trail_entry

if TYPE_CHECKING:
    from ..store.state import State

Body = dict[str, Any]


class ControlError(Exception):
    """A control request that cannot be answered; status and one sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(state: State, request: HttpRequest, token: str) -> HttpResponse:
    """The answer to any request under /_lab/."""
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return failure(403, "This needs the token of the lab's state file.")
    name, _, argument = request.path.removeprefix("/_lab/").partition("/")
    handler = _ROUTES.get((request.method, name))
    if handler is None:
        known = ", ".join(f"{method} /_lab/{path}" for method, path in _ROUTES)
        return failure(404, f"The control API has: {known}.")
    try:
        body = json.loads(request.body or b"{}")
        if not isinstance(body, dict):
            raise ControlError(400, "The body must be a JSON object.")
        return _json(200, handler(state, argument, body))
    except ControlError as error:
        return failure(error.status, str(error))
    except ApiError as error:
        return _json(error.status, ApiRefusal(error=error.message, code=error.code))
    except OSError as error:
        text = f"The sandbox could not write to {state.folder} ({error.strerror or error})."
        return failure(500, text)
    except (ValueError, RecursionError) as error:
        return failure(400, str(error))


def _status(state: State, argument: str, body: Body) -> Status:
    return Status(
        pid=os.getpid(),
        version=__version__,
        endpoint=state.endpoint,
        accounts=state.accounts,
        oidc_issuer=oidc_issuer.url(state),
        folder=str(state.folder),
        now=state.clock.now().isoformat(timespec="seconds"),
        clock_offset_seconds=state.clock.offset.total_seconds(),
        notices=tuple(state.notices),
        changes=state.changes,
    )


def _decision(state: State, argument: str, body: Body) -> CallReport:
    entry = state.trail.latest_refusal() if argument == "latest" else state.trail.find(argument)
    if entry is None:
        if argument == "latest":
            raise ControlError(404, "No policy has refused anything yet.")
        raise ControlError(404, f"The trail holds no call with the request id {argument}.")
    return call_report(state, entry)


def _trail(state: State, argument: str, body: Body) -> Trail:
    return Trail(entries=tuple(map(trail_entry, state.trail.latest(int(argument or 100)))))


def _clock(state: State, argument: str, body: Body) -> Status:
    seconds = body.get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ControlError(400, "advance_seconds must be a number.")
    if seconds > 10 * 366 * 86400:
        raise ControlError(400, "The clock can be advanced by ten years at most.")
    state.advance_clock(seconds)
    return _status(state, "", {})


def _reset(state: State, argument: str, body: Body) -> Done:
    state.reset()
    return Done()


def _map(state: State, argument: str, body: Body) -> AccessMap:
    return access_map.map_of(state)


def _why(state: State, argument: str, body: Body) -> PermissionReport:
    checked = access_map.why(
        state, *(_text_of(body, name) for name in ("source", "target", "relation"))
    )
    return permission_report(state, checked)


def _preview(state: State, argument: str, body: Body) -> MapChanges:
    parameters = body.get("parameters")
    if not isinstance(parameters, dict):
        raise ControlError(400, "parameters must be an object.")
    account, operation = _text_of(body, "account"), _text_of(body, "operation")
    return policy_preview.preview(state, account, operation, parameters)


def _text_of(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise ControlError(400, f"{name} must be text.")
    return value


def _fingerprint(state: State, argument: str, body: Body) -> Fingerprint:
    return Fingerprint(fingerprint=state.fingerprint())


def _describe(state: State, argument: str, body: Body) -> Body:
    return {account: state.describe(account) for account in state.accounts}


def _changes(state: State, argument: str, body: Body) -> Changes:
    """From the journal: unlike the trail it outlives the sandbox's process."""
    records = state.journal.records()
    since = int(argument or 0)
    if since < 0:
        raise ControlError(400, "changes/N takes how many records there were before.")
    before = json.dumps(records[:since], sort_keys=True).encode()
    return Changes(
        count=len(records),
        upto=hashlib.sha256(before).hexdigest(),
        changes=tuple(
            Change(
                account=record["a"],
                action=f"{record['s']}:{record['o']}",
                parameters=kept_parameters(record["p"]),
            )
            for record in records[since:]
            # of STS only that a one-time code is spent is recorded, which changes no account
            if "clock" not in record and record["s"] != "sts"
        ),
    )


def _name(body: Body) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"\w{1,64}", name, re.ASCII):
        raise ControlError(400, "name must be a plain word of 64 letters at most.")
    return name


def _save(state: State, argument: str, body: Body) -> Done:
    try:
        state.save(_name(body))
    except TooManySnapshots as error:
        raise ControlError(409, str(error)) from error
    return Done()


def _restore(state: State, argument: str, body: Body) -> Done:
    name = _name(body)
    try:
        found = state.restore(name)
    except JournalError as error:
        text = f"The snapshot {name} cannot be restored; the accounts are as before. {error}"
        raise ControlError(409, text) from error
    if not found:
        raise ControlError(404, "There is no such snapshot.")
    return Done()


def _service_account_token(state: State, argument: str, body: Body) -> ServiceAccountToken:
    """As Kubernetes' TokenRequest: a token of the lab's own issuer for a service account."""
    audience = body.get("audience", oidc_issuer.AUDIENCE)
    audiences = audience if isinstance(audience, list) else [audience]
    namespace, name = body.get("namespace", "default"), body.get("service_account", 0)
    if not all(isinstance(text, str) for text in (namespace, name, *audiences)):
        raise ControlError(
            400, "service_account and namespace must be text; audience text or a list of texts."
        )
    seconds = body.get("expires_in", 3600)
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise ControlError(400, "expires_in must be a whole number of seconds.")
    token, expires = oidc_issuer.service_account_token(state, namespace, name, audiences, seconds)
    return ServiceAccountToken(token=token, issuer=oidc_issuer.url(state), expires=expires)


_ROUTES: dict[tuple[str, str], Callable[[State, str, Body], object]] = {
    ("GET", "status"): _status,
    ("GET", "decision"): _decision,
    ("GET", "trail"): _trail,
    ("GET", "fingerprint"): _fingerprint,
    ("GET", "describe"): _describe,
    ("GET", "map"): _map,
    ("POST", "why"): _why,
    ("POST", "preview"): _preview,
    ("GET", "changes"): _changes,
    ("POST", "clock"): _clock,
    ("POST", "reset"): _reset,
    ("POST", "save"): _save,
    ("POST", "restore"): _restore,
    ("POST", "service-account-token"): _service_account_token,
}


def failure(status: int, text: str) -> HttpResponse:
    """The control API's answer to a request that cannot be answered."""
    return _json(status, Refusal(error=text))


def _json(status: int, message: object) -> HttpResponse:
    return HttpResponse(
        status=status,
        headers={"content-type": "application/json"},
        body=json.dumps(to_json(message)).encode(),
    )
