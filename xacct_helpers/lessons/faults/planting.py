"""A world made real: the calls that the two accounts' administrators would make.

They are the same calls whatever the fault is, so that the trail's list of them gives nothing away;
only the documents in them differ.
"""

from __future__ import annotations

import configparser
import json
from pathlib import Path
from typing import get_args

from ... import workspace
from ...aws import profile_files
from ...aws.policy_documents import POLICY_CALLS
from ...lab import Lab
from ...view.calls import ApiCall
from ...workspace import ACCOUNT_A, ACCOUNT_B, MANAGEMENT, STRANGER, Running
from . import calls
from .world import (
    BOUNDARY_ARN,
    BOUNDARY_NAME,
    CONTROL_NAME,
    NAME_A,
    NAME_B,
    PERMISSION_NAME,
    PULL_NAME,
    REPOSITORY,
    ROLE_B,
    SOUND,
    TOOLS_NAME,
    Document,
    Place,
    World,
    allow,
    document,
)

PASTED = "pasted"
"""A profile whose keys somebody copied out of an answer of AssumeRole."""
OPEN_DOOR = f"arn:aws:iam::{STRANGER}:role/open-door"
"""A role of the stranger's that trusts account B: whoever may assume everything gets in there."""
_EXPIRES_SECONDS = 900
_SCP = "SERVICE_CONTROL_POLICY"


def plant(lab: Lab, world: World) -> str:
    """Make the company around the two accounts, then write every document of the world.

    The accounts must be as after notebook 12. Some keys of B's role are left in the profile
    `pasted`; they have expired when the world's deployment uses them. Gives my-app:v1's digest.
    """
    running = lab.running
    digest = _digest(running)
    _make_company(running)
    _remake_roles(running, world)
    _paste_keys(running)
    if world.deployment.profile == PASTED:
        lab.clock.advance(minutes=61)
    for place in get_args(Place):
        # _remake_roles has written the trust policy, before or after B's role was made, and no
        # permission: where it is to be missing there is nothing to delete.
        if place != "trust" and getattr(world, place) is not None:
            write(running, world, place)
    return digest


def write(running: Running, world: World, place: Place) -> None:
    """Write one document of a world, by the one call that a learner would make."""
    call = call_for(running, world, place)
    if call is not None:
        _perform(running, call)


def forget_keys(folder: Path) -> None:
    """Take the profile `pasted` away again."""
    _set_section(folder, "")


def pasted_key(folder: Path) -> str:
    """The access key id that the profile `pasted` holds; "" without that profile."""
    file = configparser.RawConfigParser()
    file.read(folder / "aws" / "credentials")
    return file.get(PASTED, "aws_access_key_id", fallback="")


# -- what is the same in every world -----------------------------------------------------------


def _make_company(running: Running) -> None:
    """An organization of both accounts, the service control policy, the boundary, the stranger."""
    organizations = calls.admin(running, MANAGEMENT, "organizations")
    organizations.create_organization()
    for account in (ACCOUNT_A, ACCOUNT_B):
        sent = organizations.invite_account_to_organization(
            Target={"Id": account, "Type": "ACCOUNT"}
        )
        calls.admin(running, account, "organizations").accept_handshake(
            HandshakeId=sent["Handshake"]["Id"]
        )
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType=_SCP)
    made = organizations.create_policy(
        Name=CONTROL_NAME,
        Description="Account B works in one region.",
        Type=_SCP,
        Content=json.dumps(SOUND.control),
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=made["Id"], TargetId=ACCOUNT_B)
    calls.admin(running, ACCOUNT_B, "iam").create_policy(
        PolicyName=BOUNDARY_NAME, PolicyDocument=json.dumps(SOUND.boundary)
    )
    calls.admin(running, STRANGER, "iam").create_role(
        RoleName=OPEN_DOOR.rpartition("/")[2],
        AssumeRolePolicyDocument=json.dumps(
            document(allow(Principal={"AWS": ACCOUNT_B}, Action="sts:AssumeRole"))
        ),
    )


def _remake_roles(running: Running, world: World) -> None:
    """Delete B's role and make it again. A names it afterwards, or has named it before: then A's
    trust policy holds the id of the role that is gone, and must not be written again."""
    if world.remade:
        write(running, world, "trust")
    iam = calls.admin(running, ACCOUNT_B, "iam")
    for name in iam.list_role_policies(RoleName=NAME_B)["PolicyNames"]:
        iam.delete_role_policy(RoleName=NAME_B, PolicyName=name)
    iam.delete_role(RoleName=NAME_B)
    iam.create_role(
        RoleName=NAME_B,
        AssumeRolePolicyDocument=json.dumps(SOUND.caller_trust),
        PermissionsBoundary=BOUNDARY_ARN,
    )
    if not world.remade:
        write(running, world, "trust")


def _digest(running: Running) -> str:
    images = calls.admin(running, ACCOUNT_A, "ecr").describe_images(
        repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}]
    )
    return str(images["imageDetails"][0]["imageDigest"])


def _paste_keys(running: Running) -> None:
    sts = calls.admin(running, ACCOUNT_B, "sts")
    given = sts.assume_role(
        RoleArn=ROLE_B, RoleSessionName="pasted", DurationSeconds=_EXPIRES_SECONDS
    )["Credentials"]

    lines = [
        f"[{PASTED}]",
        f"aws_access_key_id = {given['AccessKeyId']}",
        f"aws_secret_access_key = {given['SecretAccessKey']}",
        f"aws_session_token = {given['SessionToken']}",
    ]
    _set_section(running.folder, "\n" + "\n".join(lines) + "\n")


def _set_section(folder: Path, text: str) -> None:
    """The profile in the credentials file, as this text; what else stands there is left alone."""
    path = folder / "aws" / "credentials"
    before, sections = profile_files.split(path.read_text())
    kept = [before, *(section.text for section in sections if section.name != PASTED)]
    workspace.write(path, "".join(kept).rstrip("\n") + "\n" + text)


# -- what differs ------------------------------------------------------------------------------


def call_for(running: Running, world: World, place: Place) -> ApiCall | None:
    """The call that writes a document of a world as it is there.

    None for what is no part of the accounts: the deployment's settings.
    """
    if place == "deployment":
        return None
    profile, holder, names = _WRITTEN_BY[place]
    calls_for = POLICY_CALLS[holder]
    found: Document | None = getattr(world, place)
    if found is None:  # only B's permission may be missing
        operation, parameters = calls_for.delete, calls_for.named(*names)
    else:
        if place == "control":
            names = (_control_id(running),)
        operation = calls_for.write
        parameters = calls_for.writing(*names, document=json.dumps(found, indent=2))
    return ApiCall(
        service=calls_for.service, operation=operation, parameters=parameters, profile=profile
    )


def _perform(running: Running, call: ApiCall) -> None:
    client = calls.admin(running, _ACCOUNTS[str(call.profile)], call.service)
    client._make_api_call(call.operation, dict(call.parameters))


def _control_id(running: Running) -> str:
    organizations = calls.admin(running, MANAGEMENT, "organizations")
    listed = organizations.list_policies(Filter=_SCP)["Policies"]
    return next(str(policy["Id"]) for policy in listed if policy["Name"] == CONTROL_NAME)


_ACCOUNTS = {"account-a": ACCOUNT_A, "account-b-admin": ACCOUNT_B, "management": MANAGEMENT}
# Whose call writes the document, what has the policy, and which one it is.
_WRITTEN_BY: dict[Place, tuple[str, str, tuple[str, ...]]] = {
    "trust": ("account-a", "trust", (NAME_A,)),
    "pull": ("account-a", "role", (NAME_A, PULL_NAME)),
    "repository": ("account-a", "repository", (REPOSITORY,)),
    "caller_trust": ("account-b-admin", "trust", (NAME_B,)),
    "permission": ("account-b-admin", "role", (NAME_B, PERMISSION_NAME)),
    "tools": ("account-b-admin", "role", (NAME_B, TOOLS_NAME)),
    "boundary": ("account-b-admin", "managed", (BOUNDARY_ARN,)),
    "control": ("management", "organization", ()),  # by its id, which differs in each lab
}
