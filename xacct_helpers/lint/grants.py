"""Warnings about grants that are wider than they look."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..policy.language.conditions import operator as parsed
from ..policy.language.patterns import is_account, like
from .findings import Fault
from .statement_view import Look, strings_in


def wildcard_principal(look: Look) -> Iterator[Fault]:
    named = look.statement.principals
    if look.allows and named and named.anyone and not look.statement.conditions:
        yield (
            f"{look.path}.Principal",
            "Everybody in every account of AWS is let in, and no condition says otherwise. Name an "
            "account or a role, or add a Condition.",
        )


_THIRD_PARTY_GUARDS = ("sts:externalid", "aws:principalorgid", "aws:principalorgpaths")


def _demands(operator: str, values: tuple[str, ...]) -> bool:
    """Whether a condition is met only by a request that has the key, with a value that is named."""
    named = parsed(operator)
    if named is None:
        return True  # an operator that there is not is told by itself
    lax = named.if_exists or named.rule.negated or named.name == "Null"
    return not lax and any(value.strip("*") for value in values)


def third_party(look: Look) -> Iterator[Fault]:
    principal = look.raw.get("Principal")
    guarded = any(
        key.lower() in _THIRD_PARTY_GUARDS and _demands(operator, values)
        for _, operator, key, values in look.conditions()
    )
    opens = any(like(action.lower(), "sts:assumerole") for _, action in look.values("Action"))
    if not look.allows or guarded or not opens or not isinstance(principal, dict):
        return
    for path, value in strings_in(principal.get("AWS"), f"{look.path}.Principal.AWS"):
        match = re.fullmatch(r"arn:[^:]*:iam::(\d{12}):root", value)
        account = match[1] if match else value
        if is_account(account) and account not in look.own:
            yield (
                path,
                f"Account {account} is trusted as a whole, and no sts:ExternalId is asked for. If "
                "it is a third party's, ask for one; if it is yours, say so with "
                f"`--own {account}`.",
            )


def not_action(look: Look) -> Iterator[Fault]:
    if look.allows and "NotAction" in look.raw:
        yield (
            f"{look.path}.NotAction",
            "Allow with NotAction allows all else, also of services yet to come. List what is "
            "needed in Action.",
        )


def not_resource(look: Look) -> Iterator[Fault]:
    if look.allows and "NotResource" in look.raw:
        yield (
            f"{look.path}.NotResource",
            "Allow with NotResource allows it on all else, also on what is yet to be made. List "
            "what is needed in Resource.",
        )


def not_principal(look: Look) -> Iterator[Fault]:
    if "NotPrincipal" in look.raw and not (look.allows and look.kind == "trust"):
        yield (
            f"{look.path}.NotPrincipal",
            "AWS advises against NotPrincipal, which has to name each account, role and session "
            'that it spares. Use "Principal": "*" with a Condition on aws:PrincipalArn.',
        )


def allow_everything(look: Look) -> Iterator[Fault]:
    actions, resources = look.statement.actions or (), look.statement.resources or ()
    whole = any(one in ("*", "*:*") for one in actions) and "*" in resources
    if look.allows and whole and not look.statement.conditions and look.kind in _GRANTING:
        yield f"{look.path}.Action", "Every action on every resource: this makes an administrator."


_GRANTING = ("inline", "managed", "other")
