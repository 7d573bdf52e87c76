"""Which values can name a principal at all, by their very form.

Whether the one that a value names exists is for the one who knows the accounts: see
`document.principal_values`.
Sources: IAM User Guide, "AWS JSON policy elements: Principal": no wildcards within a name or ARN
(read 2026-11-24); the words on Federated are those of public logs
(terraform-aws-modules/terraform-aws-eks#2594, terraform-aws-modules/terraform-aws-iam#202).
"""

from __future__ import annotations

import re

from .patterns import is_account

#: Identity providers that a policy names without one of IAM's own.
LOGIN_PROVIDERS = frozenset(
    {
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    }
)
_FEDERATED_FORM = "Federated principals must be valid domain names or SAML metadata ARNs"
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PROVIDER = re.compile(r"arn:[a-z-]+:iam::\d{12}:(saml-provider/[\w.-]+|oidc-provider/\S+)")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_UNIQUE_ID = re.compile(r"A(?:ID|RO)A[A-Z0-9]{12,124}(:[\w+=,.@-]{2,64})?")


def form_fault(kind: str, value: str) -> str | None:
    """AWS's words for a principal that cannot be, or None.

    kind: "AWS", "Service", "Federated" or "CanonicalUser"; the last is S3's alone.
    """
    if kind == "Federated" and not (_PROVIDER.fullmatch(value) or _DOMAIN.fullmatch(value)):
        return _FEDERATED_FORM
    return None if _formed(kind, value) else invalid(kind, value)


def invalid(kind: str, value: str) -> str:
    """AWS's words for a value that is no principal."""
    return f'Invalid principal in policy: "{kind.upper()}":"{value}"'


def _formed(kind: str, value: str) -> bool:
    if kind == "Service":
        return _SERVICE.fullmatch(value) is not None
    if kind == "Federated":
        return value in LOGIN_PROVIDERS or _PROVIDER.fullmatch(value) is not None
    return kind == "AWS" and _formed_by_aws(value)


def _formed_by_aws(value: str) -> bool:
    if value == "*" or is_account(value):
        return True
    if "*" in value or "?" in value:
        return False
    if _UNIQUE_ID.fullmatch(value):
        return True
    parts = value.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[3] or not is_account(parts[4]):
        return False
    if parts[2] == "iam":
        return parts[5] == "root" or re.fullmatch(r"(user|role)/.*[^/]", parts[5]) is not None
    named = re.fullmatch(r"(assumed-role/[^/]+|federated-user)/[^/]+", parts[5])
    return parts[2] == "sts" and named is not None
