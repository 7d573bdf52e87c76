"""Per service: which permissions a call needs, and what performing it means here."""

from __future__ import annotations

from types import ModuleType

from . import ecr, iam, sts

BY_SERVICE: dict[str, ModuleType] = {"iam": iam, "sts": sts, "ecr": ecr}


def served(service: str) -> frozenset[str]:
    """The operations of a service that the sandbox has."""
    operations: frozenset[str] = BY_SERVICE[service].OPERATIONS
    return operations
