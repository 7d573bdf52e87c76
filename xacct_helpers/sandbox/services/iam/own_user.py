"""Operations that are about their own caller when they name no user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...protocol.errors import ApiError
from ...protocol.messages import Call

if TYPE_CHECKING:
    from ...callers import Caller

# Source: IAM API Reference, UserName of each: "If you do not specify a user name, IAM determines
# the user name implicitly based on the AWS access key ID used to sign the request."
_ABOUT_CALLER = frozenset(
    [
        "GetUser",
        "ListAccessKeys",
        "CreateAccessKey",
        "DeleteAccessKey",
        "UpdateAccessKey",
        "CreateLoginProfile",
        "GetLoginProfile",
        "DeleteLoginProfile",
        "DeactivateMFADevice",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "UploadSigningCertificate",
        "ListSigningCertificates",
        "UpdateSigningCertificate",
        "DeleteSigningCertificate",
        "CreateServiceSpecificCredential",
        "ListServiceSpecificCredentials",
        "ResetServiceSpecificCredential",
        "UpdateServiceSpecificCredential",
        "DeleteServiceSpecificCredential",
    ]
)


def check(call: Call, caller: Caller) -> None:
    """ValidationError for a call that names no user, by a caller who is not a user either."""
    if _lacks_user(call) and caller.principal.kind != "user":
        raise ApiError(
            "ValidationError", "Must specify userName when calling with non-User credentials"
        )


def named(call: Call, caller: Caller) -> Call:
    """The call with the user that it is about."""
    if _lacks_user(call):
        return replace(call, params={**call.params, "UserName": caller.name})
    return call


def _lacks_user(call: Call) -> bool:
    names_some = "UserName" in call.params or call.params.get("AllUsers")
    return call.operation in _ABOUT_CALLER and not names_some
