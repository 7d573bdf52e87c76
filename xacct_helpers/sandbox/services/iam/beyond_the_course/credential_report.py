"""The account's credential report: who has which credentials, as CSV.

AWS makes one in the background and at most every four hours; here it is made with the first call
that asks, and is as old as that.
Source: IAM User Guide, credential reports (columns, words, four hours); IAM API Reference;
ReportNotPresent, 410 and without a message, recorded from AWS on 2026-02-17 (localstack,
test_iam_credential_report.snapshot.json).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ....protocol.errors import ApiError
from ....protocol.messages import Answer, Call
from ....user_credentials import Report
from ..entities import EVERYTHING
from ..without_moto import operation

if TYPE_CHECKING:
    from ....store.state import State

_LASTS = timedelta(hours=4)
_COLUMNS = """user arn user_creation_time password_enabled password_last_used password_last_changed
    password_next_rotation mfa_active access_key_1_active access_key_1_last_rotated
    access_key_1_last_used_date access_key_1_last_used_region access_key_1_last_used_service
    access_key_2_active access_key_2_last_rotated access_key_2_last_used_date
    access_key_2_last_used_region access_key_2_last_used_service cert_1_active cert_1_last_rotated
    cert_2_active cert_2_last_rotated"""
_NO_KEY = ["false", "N/A", "N/A", "N/A", "N/A"]
_NO_CERTIFICATE = ["false", "N/A"]


def _generate(state: State, call: Call, account: str) -> Answer:
    report = state.held(account).report
    if report is not None and state.clock.now() < report.made + _LASTS:
        return {"State": "COMPLETE"}
    _make(state, call, account)
    state.record(call, account)
    words = "No report exists. Starting a new report generation task"
    return {"State": "STARTED", "Description": words}


def _get(state: State, call: Call, account: str) -> Answer:
    report = state.held(account).report
    if report is None:
        raise ApiError("ReportNotPresent", "", 410)
    if state.clock.now() >= report.made + _LASTS:
        raise ApiError("ReportExpired", "", 410)
    return {
        "Content": report.text.encode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": report.made,
    }


def _make(state: State, call: Call, account: str) -> None:
    now = state.clock.second()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS.split())
    writer.writerows(_rows(state, account))
    state.held(account).report = Report(text=text.getvalue().rstrip("\n"), made=now)


def _rows(state: State, account: str) -> Iterator[list[str]]:
    began = _time(datetime.fromtimestamp(state.header["created"], UTC))
    root = ["<root_account>", f"arn:aws:iam::{account}:root", began, "not_supported", "N/A"]
    nothing = [*_NO_KEY, *_NO_KEY, *_NO_CERTIFICATE, *_NO_CERTIFICATE]
    yield [*root, "not_supported", "not_supported", "false", *nothing]
    held = state.held(account)
    policy = state.backends.iam.password_policy(account) or {}
    for user in sorted(state.backends.iam.users_by_id(account).values(), key=_name):
        name, user_id = user["UserName"], user["UserId"]
        row = [name, user["Arn"], _time(user["CreateDate"])]
        profile = state.backends.iam.login_profile(account, name)
        row += ["false", "N/A", "N/A", "N/A"]
        if profile is not None:
            days = policy.get("MaxPasswordAge")
            rotation = _time(profile.created + timedelta(days=days)) if days else "N/A"
            row[3:] = ["true", "no_information", _time(profile.created), rotation]
        row.append("true" if held.devices_of(user_id) else "false")
        keys = [
            [_active(status), _time(created), "N/A", "N/A", "N/A"]
            for status, created in state.backends.iam.access_key_ages(account, name)
        ]
        certificates = [
            [_active(one.status), _time(one.uploaded)]
            for one in held.signing_certificates.values()
            if one.user_id == user_id
        ]
        for part in (*(*keys, _NO_KEY, _NO_KEY)[:2], *(*certificates, *[_NO_CERTIFICATE] * 2)[:2]):
            row += part
        yield row


def _name(user: dict[str, object]) -> str:
    return str(user["UserName"]).lower()


def _active(status: str) -> str:
    return "true" if status == "Active" else "false"


def _time(moment: datetime) -> str:
    """2026-11-24T12:00:00+00:00"""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


OPERATIONS = {
    "GenerateCredentialReport": operation(EVERYTHING, _generate, _make),
    "GetCredentialReport": operation(EVERYTHING, _get),
}
