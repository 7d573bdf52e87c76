"""`docker-credential-xacct`: podman, skopeo, buildah and docker log in to the lab by themselves.

With {"credHelpers": {"111111111111.dkr.ecr.us-east-1.amazonaws.com": "xacct"}} in their auth.json a
tool asks here for the password each time, and nobody runs `login`.
Source: docker/docker-credential-helpers, README, "Development" (the protocol).
"""

from __future__ import annotations

import json
import os
import sys

from ..aws.ecr_hosts import ecr_host
from ..aws.regions import DEFAULT_REGION
from ..workspace import ACCOUNT_A, ACCOUNT_B, LabError
from . import login

USAGE = """\
usage: docker-credential-xacct get | list

Called by podman, skopeo, buildah and docker. `get` reads a registry's host from standard input and
prints a user and a password for it, as the AWS profile or environment has them (AWS_PROFILE).
`list` prints the registries it knows. store and erase have nothing to do: ECR's passwords are made
anew for each login."""
# The tools know this text, and go on without credentials.
_NOT_FOUND = "credentials not found in native keychain"


def main(arguments: list[str] | None = None) -> int:
    """Run the helper; the exit code. Errors go to standard output, where the tools look."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if len(arguments) != 1 or arguments[0] not in ("get", "list", "store", "erase"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        if arguments[0] == "get":
            print(json.dumps(get(sys.stdin.read())))
        elif arguments[0] == "list":
            print(json.dumps(listed()))
        else:
            raise LabError(
                f"docker-credential-xacct does not {arguments[0]}: ECR's passwords are made anew "
                "for each login, from the AWS profile."
            )
    except LabError as error:
        print(error)
        return 1
    return 0


def get(server: str) -> dict[str, str]:
    """The answer to `get`; LabError when the lab has no such registry."""
    registry = login.registry_of(server)
    if registry is None:
        raise LabError(_NOT_FOUND)
    found = login.log_in(registry, session_name="docker-credential-xacct")
    return {"ServerURL": server.strip(), "Username": found.user, "Secret": found.password}


def listed() -> dict[str, str]:
    """The answer to `list`: the registries of the two accounts."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    accounts = (ACCOUNT_A, ACCOUNT_B)
    return {ecr_host(account, region): "AWS" for account in accounts}


if __name__ == "__main__":
    sys.exit(main())
