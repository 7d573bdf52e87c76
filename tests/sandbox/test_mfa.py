"""Virtual MFA devices, and what their codes open.

Sources: see services/iam/mfa.py and auth/one_time_codes.py.
"""

from __future__ import annotations

import base64
import io
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import segno

from tests.sandboxes import A, B, Forked, Keys, Sandbox, allow, policy, statement, trust
from xacct_helpers.sandbox.auth import one_time_codes

SERIAL = f"arn:aws:iam::{A}:mfa/phone"
PRESENT = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
EVERYTHING = allow("*")
WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."
NOT_YOURS = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial "
    "number is valid and associated with this user."
)
NOT_BOTH = (
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
)


class Phone:
    """What shows the codes: it knows the seed, and the lab's time as the lab's people do."""

    def __init__(self, sandbox: Sandbox, account: str = A, name: str = "phone") -> None:
        made = sandbox.do(account, "iam:CreateVirtualMFADevice", VirtualMFADeviceName=name)
        self.sandbox, self.account = sandbox, account
        self.serial: str = made["VirtualMFADevice"]["SerialNumber"]
        self.seed: str = made["VirtualMFADevice"]["Base32StringSeed"].decode()
        self.picture: bytes = made["VirtualMFADevice"]["QRCodePNG"]

    @property
    def step(self) -> int:
        now = self.sandbox.control("GET", "status").json["now"]
        return one_time_codes.step_at(datetime.fromisoformat(now))

    def code(self, later: int = 0) -> str:
        return one_time_codes.code(self.seed, self.step + later)

    def fresh(self) -> dict[str, str]:
        """SerialNumber and TokenCode of a time when no code was used yet."""
        self.sandbox.advance(90)
        return {"SerialNumber": self.serial, "TokenCode": self.code()}

    def enable(self, user: str = "ann", **more: Any) -> Any:
        codes = {"AuthenticationCode1": self.code(-1), "AuthenticationCode2": self.code()}
        return self.sandbox.call(
            self.account,
            "iam:EnableMFADevice",
            UserName=user,
            SerialNumber=self.serial,
            **{**codes, **more},
        )


@pytest.fixture
def ann(sandbox: Sandbox) -> Keys:
    """A user of account A who may do everything."""
    return sandbox.user(A, "ann", EVERYTHING)


@pytest.fixture
def phone(sandbox: Sandbox, ann: Keys) -> Phone:
    """Ann's device, enabled."""
    made = Phone(sandbox)
    assert made.enable().ok
    return made


RFC_6238 = [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
            (2000000000, "279037"), (20000000000, "353130")]  # fmt: skip


@pytest.mark.parametrize(("seconds", "expected"), RFC_6238)
def test_the_examples_of_rfc_6238(seconds: int, expected: str) -> None:
    """Appendix B; its codes have eight digits, of which ours are the last six."""
    seed = base64.b32encode(b"12345678901234567890").decode()
    assert one_time_codes.code(seed, seconds // one_time_codes.PERIOD) == expected


def test_a_devices_life(sandbox: Sandbox, ann: Keys) -> None:
    phone = Phone(sandbox)
    assert phone.serial == SERIAL
    assert re.fullmatch("[A-Z2-7]{64}", phone.seed)
    assert phone.picture.startswith(b"\x89PNG")
    assert devices(sandbox) == [{"SerialNumber": SERIAL}], "the seed is shown once"
    assert sandbox.do(ann, "iam:ListMFADevices")["MFADevices"] == []
    assert phone.enable().ok
    [of_ann] = sandbox.do(ann, "iam:ListMFADevices")["MFADevices"]
    assert (of_ann["UserName"], of_ann["SerialNumber"]) == ("ann", SERIAL)
    [shown] = devices(sandbox, AssignmentStatus="Assigned")
    assert shown["User"]["UserName"] == "ann"
    assert shown["EnableDate"] == of_ann["EnableDate"]
    assert devices(sandbox, AssignmentStatus="Unassigned") == []
    summary = sandbox.do(A, "iam:GetAccountSummary")["SummaryMap"]
    assert (summary["MFADevices"], summary["MFADevicesInUse"]) == (1, 1)
    used = sandbox.call(A, "iam:DeleteVirtualMFADevice", SerialNumber=SERIAL)
    assert used.error == ("DeleteConflict", 409, "MFA VirtualDevice in use. Must deactivate first")
    sandbox.do(ann, "iam:DeactivateMFADevice", SerialNumber=SERIAL)
    assert devices(sandbox, AssignmentStatus="Unassigned") == [{"SerialNumber": SERIAL}]
    sandbox.do(A, "iam:DeleteVirtualMFADevice", SerialNumber=SERIAL)
    assert devices(sandbox) == []


def devices(sandbox: Sandbox, **more: Any) -> Any:
    return sandbox.do(A, "iam:ListVirtualMFADevices", **more)["VirtualMFADevices"]


def test_paths_and_pages(sandbox: Sandbox) -> None:
    for name, path in (("a", "/"), ("b", "/team//phones/"), ("c", "/team/")):
        made = sandbox.do(A, "iam:CreateVirtualMFADevice", VirtualMFADeviceName=name, Path=path)
        assert made["VirtualMFADevice"]["SerialNumber"] == f"arn:aws:iam::{A}:mfa{path}{name}"
    first = sandbox.do(A, "iam:ListVirtualMFADevices", MaxItems=2)
    assert (len(first["VirtualMFADevices"]), first["IsTruncated"]) == (2, True)
    rest = sandbox.do(A, "iam:ListVirtualMFADevices", Marker=first["Marker"])
    assert (len(rest["VirtualMFADevices"]), rest["IsTruncated"]) == (1, False)


PATH_TEXT = (
    "The specified value for path is invalid. It must begin and end with / and contain only "
    "alphanumeric characters and/or / characters."
)
GONE = f"arn:aws:iam::{A}:mfa/gone"
NO_DEVICE = f"MFA Device with serial number {GONE} does not exist."
NO_USER = "The user with name nobody cannot be found."
CODES = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
REFUSED: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"},
     "EntityAlreadyExists", 409, "MFA device already exists."),
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "p", "Path": "x/"},
     "ValidationError", 400, PATH_TEXT),
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "p", "Path": "/x"},
     "ValidationError", 400, PATH_TEXT),
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "n" * 227}, "ValidationError", 400,
     "1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: "
     "Member must have length less than or equal to 226"),
    ("DeleteVirtualMFADevice", {"SerialNumber": GONE}, "NoSuchEntity", 404, NO_DEVICE),
    ("DeactivateMFADevice", {"SerialNumber": GONE, "UserName": "ann"},
     "NoSuchEntity", 404, NO_DEVICE),
    ("DeactivateMFADevice", {"SerialNumber": SERIAL, "UserName": "nobody"},
     "NoSuchEntity", 404, NO_USER),
    ("DeactivateMFADevice", {"SerialNumber": SERIAL, "UserName": "admin"},
     "NoSuchEntity", 404, "MFA Device invalid for user."),
    ("EnableMFADevice", {"SerialNumber": SERIAL, "UserName": "nobody", **CODES},
     "NoSuchEntity", 404, NO_USER),
    ("EnableMFADevice", {"SerialNumber": GONE, "UserName": "ann", **CODES},
     "NoSuchEntity", 404, NO_DEVICE),
    ("EnableMFADevice", {"SerialNumber": SERIAL, "UserName": "ann", **CODES},
     "EntityAlreadyExists", 409, "MFA Device is already in use."),
    ("ListVirtualMFADevices", {"Marker": "x"}, "ValidationError", 400, "Invalid Marker."),
    ("DeleteUser", {"UserName": "bob"}, "DeleteConflict", 409,
     "Cannot delete entity, must delete MFA device first."),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "parameters", "code", "status", "message"), REFUSED)
def test_refused(
    sandbox: Sandbox,
    phone: Phone,
    operation: str,
    parameters: dict[str, Any],
    code: str,
    status: int,
    message: str,
) -> None:
    sandbox.do(A, "iam:CreateUser", UserName="bob")
    assert Phone(sandbox, name="bobs").enable("bob").ok
    before = sandbox.fingerprint()
    answer = sandbox.call(A, f"iam:{operation}", **parameters)
    assert answer.error == (code, status, message)
    assert sandbox.fingerprint() == before


def test_eight_devices(sandbox: Sandbox, ann: Keys) -> None:
    for number in range(8):
        assert Phone(sandbox, name=f"phone{number}").enable().ok
    ninth = Phone(sandbox, name="phone9").enable()
    assert (ninth.code, ninth.message) == (
        "LimitExceeded",
        "Cannot exceed quota for MFADevicesPerUser: 8",
    )


# (which codes are sent, counted from the present one; whether they enable the device)
PAIRS = [((-1, 0), True), ((0, 1), True), ((-2, -1), True), ((0, 0), False), ((1, 0), False),
         ((-1, 1), False), ((-3, -2), False), ((1, 2), False)]  # fmt: skip


@pytest.mark.parametrize(("pair", "good"), PAIRS)
def test_two_consecutive_codes_enable_a_device(
    sandbox: Sandbox, ann: Keys, pair: tuple[int, int], good: bool
) -> None:
    phone = Phone(sandbox)
    into_the_step(sandbox)
    first, second = map(phone.code, pair)
    answer = phone.enable(AuthenticationCode1=first, AuthenticationCode2=second)
    assert answer.ok is good
    if not good:
        assert answer.error == (
            "InvalidAuthenticationCode",
            403,
            "Authentication code for device is not valid.",
        )
        assert phone.enable().ok, "a wrong code spends nothing"


def into_the_step(sandbox: Sandbox) -> None:
    """Move the clock to the first seconds of a half minute, so that none ends in the test."""
    now = datetime.fromisoformat(sandbox.control("GET", "status").json["now"])
    sandbox.advance(one_time_codes.PERIOD - now.timestamp() % one_time_codes.PERIOD + 2)


ROLE = f"arn:aws:iam::{A}:role/guarded"


def guarded(sandbox: Sandbox, *documents: str) -> None:
    """A role that may be assumed with MFA only."""
    named = trust(f"arn:aws:iam::{A}:user/ann", Condition=PRESENT)
    sandbox.role(A, "guarded", named, *documents)


def assume(sandbox: Sandbox, keys: Keys, **more: Any) -> Any:
    return sandbox.call(keys, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", **more)


def test_a_trust_policy_that_asks_for_mfa(sandbox: Sandbox, ann: Keys, phone: Phone) -> None:
    guarded(sandbox, allow("iam:ListUsers", Condition=PRESENT))
    without = assume(sandbox, ann)
    assert (without.code, without.status) == ("AccessDenied", 403)
    assert without.message.endswith(
        f"not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    )
    shown = phone.fresh()
    opened = assume(sandbox, ann, **shown)
    assert opened.ok, opened.message
    sandbox.do(Keys.of(opened.value["Credentials"]), "iam:ListUsers")
    again = assume(sandbox, ann, **shown)
    assert again.error == ("AccessDenied", 403, WRONG), "a code is good once"


# (which code, counted from the present one; whether it is good after one of long ago)
CLOCKS = [(-2, False), (-1, True), (0, True), (1, True), (2, False)]


@pytest.mark.parametrize(("later", "good"), CLOCKS)
def test_how_far_clocks_may_differ(
    sandbox: Sandbox, ann: Keys, phone: Phone, later: int, good: bool
) -> None:
    sandbox.advance(300)
    into_the_step(sandbox)
    answer = sandbox.call(
        ann, "sts:GetSessionToken", SerialNumber=SERIAL, TokenCode=phone.code(later)
    )
    assert answer.error == (("", 200, "") if good else ("AccessDenied", 403, WRONG))


def test_codes_are_spent_in_order(sandbox: Sandbox, ann: Keys, phone: Phone) -> None:
    """Enabling spends both codes; one that was taken spends the older ones."""
    into_the_step(sandbox)
    sandbox.advance(300)

    def shows(later: int) -> bool:
        code = phone.code(later)
        return sandbox.call(ann, "sts:GetSessionToken", SerialNumber=SERIAL, TokenCode=code).ok

    assert [shows(1), shows(1), shows(0), shows(-1)] == [True, False, False, False]


def of_nobody(sandbox: Sandbox, phone: Phone) -> dict[str, str]:
    sandbox.do(A, "iam:DeactivateMFADevice", UserName="ann", SerialNumber=SERIAL)
    return phone.fresh()


def of_bob(sandbox: Sandbox, phone: Phone) -> dict[str, str]:
    sandbox.do(A, "iam:CreateUser", UserName="bob")
    other = Phone(sandbox, name="bobs")
    assert other.enable("bob").ok
    return other.fresh()


NOT_GOOD = [
    ("a wrong code", lambda s, p: {**p.fresh(), "TokenCode": "000000"}, WRONG),
    ("another user's device", of_bob, NOT_YOURS),
    ("a device that was deactivated", of_nobody, NOT_YOURS),
    ("no device of this number", lambda s, p: {**p.fresh(), "SerialNumber": GONE}, NOT_YOURS),
    ("a device's number alone", lambda s, p: {"SerialNumber": SERIAL},
     NOT_BOTH),
    ("a code alone", lambda s, p: {"TokenCode": "123456"},
     NOT_BOTH),
]  # fmt: skip


@pytest.mark.parametrize("operation", ["AssumeRole", "GetSessionToken"])
@pytest.mark.parametrize(("name", "shown", "message"), NOT_GOOD, ids=[row[0] for row in NOT_GOOD])
def test_codes_that_are_not_good(
    sandbox: Sandbox, ann: Keys, phone: Phone, name: str, shown: Any, message: str, operation: str
) -> None:
    guarded(sandbox)
    parameters = shown(sandbox, phone)
    if parameters.get("TokenCode") == "000000" == phone.code():
        parameters["TokenCode"] = "000001"
    if operation == "AssumeRole":
        parameters |= {"RoleArn": ROLE, "RoleSessionName": "session"}
    answer = sandbox.call(ann, f"sts:{operation}", **parameters)
    assert answer.error == ("AccessDenied", 403, message)


def test_a_role_session_has_no_device(sandbox: Sandbox, ann: Keys, phone: Phone) -> None:
    sandbox.role(A, "plain", trust(f"arn:aws:iam::{A}:user/ann"), EVERYTHING)
    session = sandbox.assume(ann, f"arn:aws:iam::{A}:role/plain")
    answer = sandbox.call(
        session, "sts:AssumeRole", RoleArn=ROLE, RoleSessionName="session", **phone.fresh()
    )
    assert answer.error == ("AccessDenied", 403, NOT_YOURS)


def test_a_session_token_with_mfa(sandbox: Sandbox, ann: Keys, phone: Phone) -> None:
    """It reaches IAM, opens what asks for MFA, and tells how old it is."""
    guarded(sandbox)
    young = {**PRESENT, "NumericLessThan": {"aws:MultiFactorAuthAge": "600"}}
    sandbox.put(A, "user", "ann", policy(
        statement("Allow", "iam:ListUsers", "*", Condition=young),
        statement("Allow", ["sts:AssumeRole", "iam:ListRoles"], "*"),
    ))  # fmt: skip
    plain = Keys.of(sandbox.do(ann, "sts:GetSessionToken")["Credentials"])
    assert sandbox.call(plain, "iam:ListRoles").code == "InvalidClientTokenId"
    assert sandbox.call(ann, "iam:ListUsers").code == "AccessDenied", "a long-term key has none"
    keys = Keys.of(sandbox.do(ann, "sts:GetSessionToken", **phone.fresh())["Credentials"])
    assert sandbox.whoami(keys) == f"arn:aws:iam::{A}:user/ann"
    assert sandbox.call(keys, "iam:ListUsers").ok
    assert assume(sandbox, keys).ok, "the session brings its MFA along"
    assert not assume(sandbox, plain).ok
    sandbox.advance(601)
    old = sandbox.call(keys, "iam:ListUsers")
    assert old.code == "AccessDenied"
    assert sandbox.call(keys, "iam:ListRoles").ok


def test_a_chained_session_has_no_mfa(sandbox: Sandbox, ann: Keys, phone: Phone) -> None:
    guarded(sandbox, EVERYTHING)
    sandbox.role(A, "next", trust(ROLE), allow("iam:ListUsers", Condition=PRESENT))
    first = Keys.of(assume(sandbox, ann, **phone.fresh()).value["Credentials"])
    second = sandbox.assume(first, f"arn:aws:iam::{A}:role/next")
    assert sandbox.call(second, "iam:ListUsers").code == "AccessDenied"


def test_across_accounts(sandbox: Sandbox) -> None:
    bert = sandbox.user(B, "bert", EVERYTHING)
    phone = Phone(sandbox, B)
    assert phone.enable("bert").ok
    sandbox.role(A, "guarded", trust(f"arn:aws:iam::{B}:root", Condition=PRESENT))
    assert assume(sandbox, bert).code == "AccessDenied"
    assert assume(sandbox, bert, **phone.fresh()).ok


def test_who_may(sandbox: Sandbox) -> None:
    """Resources as the reference has them; the listing's as a public log has it."""
    start = f"arn:aws:iam::{A}:mfa/"
    keys = sandbox.user(A, "u", allow("iam:CreateVirtualMFADevice", f"{start}mine"))
    sandbox.do(keys, "iam:CreateVirtualMFADevice", VirtualMFADeviceName="mine")
    asked = [
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "x", "Path": "/p/"}, f"{start}p/x"),
        ("DeleteVirtualMFADevice", {"SerialNumber": f"{start}mine"}, f"{start}mine"),
        ("ListVirtualMFADevices", {}, start),
        ("ListMFADevices", {}, f"arn:aws:iam::{A}:user/u"),
    ]
    for operation, parameters, resource in asked:
        answer = sandbox.call(keys, f"iam:{operation}", **parameters)
        assert answer.code == "AccessDenied"
        assert f"iam:{operation} on resource: {resource} because" in answer.message


def test_a_devices_tags_are_condition_keys(sandbox: Sandbox) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    keys = sandbox.user(A, "u", allow("iam:DeleteVirtualMFADevice", Condition=condition))
    for name, team in (("one", "blue"), ("two", "red")):
        tags = [{"Key": "team", "Value": team}]
        made = sandbox.do(A, "iam:CreateVirtualMFADevice", VirtualMFADeviceName=name, Tags=tags)
        serial = made["VirtualMFADevice"]["SerialNumber"]
        assert made["VirtualMFADevice"]["Tags"] == tags
        deleted = sandbox.call(keys, "iam:DeleteVirtualMFADevice", SerialNumber=serial)
        assert deleted.ok is (team == "blue")


def test_a_new_name_keeps_the_device_and_a_new_user_does_not(
    sandbox: Sandbox, ann: Keys, phone: Phone
) -> None:
    sandbox.do(A, "iam:UpdateUser", UserName="ann", NewUserName="anne")
    assert len(sandbox.do(A, "iam:ListMFADevices", UserName="anne")["MFADevices"]) == 1
    sandbox.do(ann, "sts:GetSessionToken", **phone.fresh())


def test_cloudtrail_tells_of_mfa_and_of_no_seed(sandbox: Sandbox, ann: Keys, phone: Phone) -> None:
    shown = phone.fresh()
    keys = Keys.of(sandbox.do(ann, "sts:GetSessionToken", **shown)["Credentials"])
    sandbox.do(keys, "iam:ListUsers")
    events = sandbox.do(A, "cloudtrail:LookupEvents")["Events"]
    records = {one["EventName"]: json.loads(one["CloudTrailEvent"]) for one in events}
    attributes = records["ListUsers"]["userIdentity"]["sessionContext"]["attributes"]
    assert attributes["mfaAuthenticated"] == "true"
    created = records["CreateVirtualMFADevice"]["responseElements"]["virtualMFADevice"]
    assert created == {"serialNumber": SERIAL}
    told = str(events) + str(sandbox.control("GET", "trail/500").json)
    told += str(sandbox.control("GET", "describe").json)
    picture = base64.b64encode(phone.picture).decode()
    for secret in (phone.seed, base64.b64encode(phone.seed.encode()).decode(), picture):
        assert secret not in told
    assert f"'{shown['TokenCode']}'" not in told
    assert f'"{shown["TokenCode"]}"' not in told


@pytest.mark.slow
def test_it_outlives_a_restart(tmp_path: Path) -> None:
    """Device, owner, what was spent, and the session; a code used before the end stays used."""
    folder = tmp_path / "lab"
    with Forked("--state", str(folder)) as before:
        ann = before.user(A, "ann", EVERYTHING)
        phone = Phone(before)
        assert phone.enable().ok
        shown = phone.fresh()
        keys = Keys.of(before.do(ann, "sts:GetSessionToken", **shown)["Credentials"])
        fingerprint = before.fingerprint()
        changes = before.control("GET", "changes/0").json["changes"]
        assert [one["action"] for one in changes[-2:]] == [
            "iam:CreateVirtualMFADevice",
            "iam:EnableMFADevice",
        ], "a code that is spent changes no account"
        before.kill()
    assert shown["TokenCode"].encode() not in re.sub(
        rb'"t":[\d.]+', b"", (folder / "journal.jsonl").read_bytes()
    )
    with Forked("--state", str(folder)) as after:
        assert after.fingerprint() == fingerprint
        spent = after.call(ann, "sts:GetSessionToken", **shown)
        assert spent.error == ("AccessDenied", 403, WRONG)
        assert after.call(keys, "iam:ListUsers").ok
        phone.sandbox = after
        assert after.call(ann, "sts:GetSessionToken", **phone.fresh()).ok


def test_the_picture_is_a_qr_code_of_the_seed(sandbox: Sandbox) -> None:
    """Which text it holds is documented (API Reference, VirtualMFADevice)."""
    phone = Phone(sandbox)
    expected = io.BytesIO()
    text = f"otpauth://totp/phone@{A}?secret={phone.seed}"
    segno.make_qr(text).save(expected, kind="png", scale=6)
    assert phone.picture == expected.getvalue()
