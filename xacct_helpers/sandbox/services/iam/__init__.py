"""IAM: every operation that the sandbox serves, by entity. moto keeps most of the entities.

What the course does not use is in `beyond_the_course`.
Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.errors import ApiError, authentication
from ...protocol.messages import Call
from ..operation import Service
from . import (
    account,
    groups,
    instance_profiles,
    mfa,
    oidc_providers,
    passwords,
    policies,
    roles,
    service_linked,
    simulator,
    users,
)
from .beyond_the_course import (
    credential_report,
    saml_providers,
    server_certificates,
    service_credentials,
    signing_certificates,
    ssh_keys,
)

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def _prepare(state: State, call: Call, caller: Caller) -> None:
    """What AWS refuses before it looks at any permission."""
    session = caller.session
    if session is not None and session.role_name is None and session.mfa is None:
        # GetSessionToken's credentials reach no IAM API without MFA (STS API Reference).
        raise authentication("invalid-token", "query")
    marker = call.params.get("Marker", "0")
    if not (marker.isascii() and marker.isdigit() and len(marker) < 10):
        raise ApiError("ValidationError", "Invalid Marker.")


SERVICE = Service(
    operations={
        **roles.OPERATIONS,
        **users.OPERATIONS,
        **groups.OPERATIONS,
        **policies.OPERATIONS,
        **instance_profiles.OPERATIONS,
        **account.OPERATIONS,
        **oidc_providers.OPERATIONS,
        **simulator.OPERATIONS,
        **mfa.OPERATIONS,
        **passwords.OPERATIONS,
        **service_linked.OPERATIONS,
        **ssh_keys.OPERATIONS,
        **signing_certificates.OPERATIONS,
        **server_certificates.OPERATIONS,
        **saml_providers.OPERATIONS,
        **service_credentials.OPERATIONS,
        **credential_report.OPERATIONS,
    },
    prepare=_prepare,
)
