"""Virtual MFA devices, and the codes that AssumeRole and GetSessionToken take.

Codes are judged by the lab's clock. A code that was taken is spent, whatever became of the call;
that is journalled, so that a restart does not make it good again.
Source: IAM API Reference, CreateVirtualMFADevice and EnableMFADevice; answers recorded from AWS on
2026-02-17 (localstack, tests/aws/services/iam/test_iam_mfa.snapshot.json); public logs for codes
that are wrong and for devices in use.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...auth import one_time_codes
from ...protocol.errors import ApiError
from ...protocol.messages import Answer, Call
from ...user_credentials import MfaDevice
from . import common
from .entities import USER, EntityType, Target, listing
from .own_user import or_own_user
from .without_moto import change, operation

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State

_LONGEST_NAME = 226
_MOST_DEVICES = 8
#: The condition keys of a call that shows a code.
CONTEXT = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}


def _new_number(call: Call, account: str) -> str:
    """The serial number of the device that a call makes, which is its ARN."""
    path = call.params.get("Path", "/")
    return f"arn:aws:iam::{account}:mfa{path}{call.params['VirtualMFADeviceName']}"


def _to_be_made(state: State, call: Call, account: str) -> Target:
    return Target(_new_number(call, account))


def _named(state: State, call: Call, account: str) -> Target:
    number = call.params["SerialNumber"]
    return Target(number, state.held(account).tags(number))


# -- the operations --------------------------------------------------------------------------


def _create(state: State, call: Call, account: str) -> Answer:
    if len(call.params["VirtualMFADeviceName"]) > _LONGEST_NAME:
        raise ApiError(
            "ValidationError",
            "1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy "
            f"constraint: Member must have length less than or equal to {_LONGEST_NAME}",
        )
    number = _new_number(call, account)
    if number.lower() in map(str.lower, state.held(account).mfa_devices):
        raise ApiError("EntityAlreadyExists", "MFA device already exists.", 409)
    made = {"seed": one_time_codes.new_seed()}
    _add(state, call, account, made["seed"])
    state.record(call, account, made)
    device = state.held(account).mfa_devices[number]
    name = quote(call.params["VirtualMFADeviceName"])
    shown = {
        "SerialNumber": device.serial,
        "Base32StringSeed": device.seed.encode(),
        "QRCodePNG": _picture(f"otpauth://totp/{name}@{account}?secret={device.seed}"),
    }
    if device.tags:
        shown["Tags"] = common.shown_tags(dict(device.tags))
    return {"VirtualMFADevice": shown}


def _add(state: State, call: Call, account: str, seed: str) -> None:
    number = _new_number(call, account)
    device = MfaDevice(serial=number, seed=seed, tags=common.tags(call))
    state.held(account).mfa_devices[number] = device


def _add_again(state: State, call: Call, account: str) -> None:
    _add(state, call, account, state.made["seed"])


def _enable(state: State, call: Call, account: str) -> Answer:
    device = _existing(state, call, account)
    user = common.owner(state, call, account)
    if device.user_id is not None:
        raise ApiError("EntityAlreadyExists", "MFA Device is already in use.", 409)
    if len(state.held(account).devices_of(user.unique_id)) >= _MOST_DEVICES:
        raise common.limit("MFADevicesPerUser", _MOST_DEVICES)
    codes = [call.params[f"AuthenticationCode{n}"] for n in (1, 2)]
    step = one_time_codes.accepted(device.seed, codes, state.clock.now(), after=device.last_step)
    if step is None:
        text = "Authentication code for device is not valid."
        raise ApiError("InvalidAuthenticationCode", text, 403)
    # as with TokenCode: which codes they were is nobody's business, only which are spent
    shown = {k: v for k, v in call.params.items() if not k.startswith("AuthenticationCode")}
    call = replace(call, params={**shown, "Step": step})
    _give(state, call, account)
    state.record(call, account)
    return {}


def _give(state: State, call: Call, account: str) -> None:
    devices, number = state.held(account).mfa_devices, call.params["SerialNumber"]
    devices[number] = replace(
        devices[number],
        user_id=common.owner(state, call, account).unique_id,
        enabled=state.clock.second(),
        last_step=call.params["Step"],
    )


def _is_the_users(state: State, call: Call, account: str) -> None:
    device = _existing(state, call, account)
    if device.user_id != common.owner(state, call, account).unique_id:
        raise common.missing("MFA Device invalid for user.")


def _take(state: State, call: Call, account: str) -> None:
    devices, number = state.held(account).mfa_devices, call.params["SerialNumber"]
    devices[number] = replace(devices[number], user_id=None, enabled=None)


def _is_unused(state: State, call: Call, account: str) -> None:
    if _existing(state, call, account).user_id is not None:
        # github.com/hashicorp/terraform-provider-aws/pull/32462
        raise common.conflict("MFA VirtualDevice in use. Must deactivate first")


def _remove(state: State, call: Call, account: str) -> None:
    del state.held(account).mfa_devices[call.params["SerialNumber"]]


def _existing(state: State, call: Call, account: str) -> MfaDevice:
    """The device that a call names; NoSuchEntity when it does not exist."""
    number = call.params["SerialNumber"]
    return common.existing(
        state.held(account).mfa_devices.get(number),
        f"MFA Device with serial number {number} does not exist.",
    )


def _picture(text: str) -> bytes:
    """A text as the PNG of a QR code, for an authenticator to read."""
    import segno  # a fifth of a second that only this call needs

    png = io.BytesIO()
    segno.make_qr(text).save(png, kind="png", scale=6)
    return png.getvalue()


def _users_devices(state: State, call: Call, account: str) -> dict[str, Any]:
    user = common.owner(state, call, account)
    found = [
        {"UserName": user.name, "SerialNumber": one.serial, "EnableDate": one.enabled}
        for one in state.held(account).devices_of(user.unique_id)
    ]
    return common.page(call, "MFADevices", found)


def _devices(state: State, call: Call, account: str) -> dict[str, Any]:
    """Neither seeds nor tags are shown again (recorded)."""
    wanted = call.params.get("AssignmentStatus", "Any")
    owners = state.backends.iam.users_by_id(account)
    found: list[dict[str, Any]] = []
    for one in sorted(state.held(account).mfa_devices.values(), key=lambda one: one.serial):
        user = owners.get(one.user_id or "")
        if wanted not in ("Any", "Assigned" if user else "Unassigned"):
            continue
        shown: dict[str, Any] = {"SerialNumber": one.serial}
        if user is not None:
            shown |= {"User": user, "EnableDate": one.enabled}
        found.append(shown)
    return common.page(call, "VirtualMFADevices", found)


# -- codes of AssumeRole and GetSessionToken -------------------------------------------------


def authenticate(state: State, call: Call, caller: Caller) -> None:
    """Spend the code that a call shows.

    Raises ApiError, in words of public logs, for a device that is not the caller's own and a code
    that is wrong, too old, too early or spent.
    """
    params = call.params
    if "SerialNumber" not in params or "TokenCode" not in params:
        raise _failed(", must provide both MFA serial number and one time pass code.")
    devices = state.held(caller.account).mfa_devices
    device = devices.get(params["SerialNumber"])
    own = caller.principal.kind == "user" and caller.principal.unique_id
    if device is None or not own or device.user_id != own:
        raise _failed(
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and "
            "associated with this user."
        )
    now = state.clock.now()
    step = one_time_codes.accepted(device.seed, [params["TokenCode"]], now, after=device.last_step)
    if step is None:
        raise _failed(" with invalid MFA one time pass code.")
    used = replace(call, params={"SerialNumber": device.serial, "Step": step})
    spend(state, used, caller.account)
    state.record(used, caller.account)


def spend(state: State, call: Call, account: str) -> None:
    """Note, of a code that was taken, that it is spent; also on replay."""
    devices, number = state.held(account).mfa_devices, call.params["SerialNumber"]
    devices[number] = replace(devices[number], last_step=call.params["Step"])


def _failed(how: str) -> ApiError:
    return ApiError("AccessDenied", f"MultiFactorAuthentication failed{how}", 403)


OPERATIONS = {
    "CreateVirtualMFADevice": operation(EntityType(look=_to_be_made), _create, _add_again),
    "EnableMFADevice": operation(USER, _enable, _give),
    "DeactivateMFADevice": or_own_user(change(USER, _take, check=_is_the_users)),
    "DeleteVirtualMFADevice": change(EntityType(look=_named), _remove, check=_is_unused),
    "ListMFADevices": or_own_user(operation(USER, _users_devices)),
    "ListVirtualMFADevices": operation(listing("mfa"), _devices),
}
