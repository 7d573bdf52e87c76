"""`xacct-credential-provider`: the kubelet's image credential provider, for the lab.

The kubelet writes an image's name to its standard input and reads a login from its standard output.
AWS's own provider for ECR asks as the node's role or, where the kubelet sends a Pod's service
account token, as the role in its annotation. This one can assume a role of another account from
there: args: [--role-arn=…] in the CredentialProviderConfig.
Source: Kubernetes reference, kubelet CredentialProvider (v1) and kubelet configuration (v1),
CredentialProviderConfig; kubernetes/cloud-provider-aws, cmd/ecr-credential-provider (cache for half
of the token's life, and the annotation that names a service account's role).
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import Any

from ..workspace import LabError
from . import login

API = "credentialprovider.kubelet.k8s.io/v1"
ROLE_ANNOTATION = "eks.amazonaws.com/ecr-role-arn"
_SESSION_NAME = "xacct-credential-provider"


def main(arguments: list[str] | None = None) -> int:
    """Run the provider; the exit code. The kubelet logs what stands on standard error."""
    parser = argparse.ArgumentParser(
        prog="xacct-credential-provider",
        description="Reads a CredentialProviderRequest from standard input, prints the response.",
    )
    parser.add_argument("--role-arn", default=None, help="a role to assume before logging in")
    options = parser.parse_args(arguments)
    try:
        print(json.dumps(respond(sys.stdin.read(), options.role_arn)))
    except LabError as error:
        print(f"xacct-credential-provider: {error}", file=sys.stderr)
        return 1
    return 0


def respond(text: str, role_arn: str | None = None) -> dict[str, Any]:
    """The CredentialProviderResponse to a CredentialProviderRequest.

    An image that is not the lab's gets a response without credentials, which for the kubelet means
    that this provider has none. Raises LabError for what is no request, and when AWS refuses.
    """
    request = _read(text)
    registry = login.registry_of(request["image"])
    response: dict[str, Any] = {"apiVersion": API, "kind": "CredentialProviderResponse"}
    if registry is None:
        return {**response, "cacheKeyType": "Image", "cacheDuration": "0s", "auth": {}}
    found = login.log_in(
        registry,
        role_arn=role_arn,
        web_identity=_web_identity(request),
        session_name=_SESSION_NAME,
    )
    left = (found.expires - datetime.now(UTC)).total_seconds()
    return {
        **response,
        "cacheKeyType": "Registry",
        "cacheDuration": f"{max(0, round(left / 120))}m",  # half of what is left
        "auth": {registry.host: {"username": found.user, "password": found.password}},
    }


def _read(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabError(f"The request is not JSON: {error}.") from error
    if not isinstance(request, dict) or request.get("kind") != "CredentialProviderRequest":
        raise LabError("The request is not a CredentialProviderRequest.")
    if request.get("apiVersion") != API:
        raise LabError(f"This provider speaks {API}, not {request.get('apiVersion')}.")
    if not isinstance(request.get("image"), str) or not request["image"]:
        raise LabError("The request names no image.")
    return request


def _web_identity(request: dict[str, Any]) -> dict[str, str] | None:
    """The Pod's service account, when the kubelet sends its token along."""
    token = request.get("serviceAccountToken")
    if not token:
        return None
    annotations = request.get("serviceAccountAnnotations") or {}
    if not isinstance(token, str) or not isinstance(annotations, dict):
        raise LabError("serviceAccountToken must be text, serviceAccountAnnotations an object.")
    role = annotations.get(ROLE_ANNOTATION)
    if not role or not isinstance(role, str):
        raise LabError(f"The service account has no annotation {ROLE_ANNOTATION}.")
    return {"RoleArn": role, "WebIdentityToken": token}


if __name__ == "__main__":
    sys.exit(main())
