"""What people call the kinds of policy that decide a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One kind of policy in words.

    name: as AWS's refusals have it. denying: its article where AWS says that one denies.
    article: where it is said which one, as the text of a change does: "the" where there is one.
    heading: of the layer's part of a denial card; plural where there can be many.
    """

    name: str
    denying: str
    article: str
    heading: str

    @property
    def particular(self) -> str:
        """With its article: "an identity-based policy", "the permissions boundary"."""
        return f"{self.article} {self.name}"


LAYER_NAMES: Mapping[str, Words] = {
    "identity": Words(
        name="identity-based policy",
        denying="an",
        article="an",
        heading="identity-based policies",
    ),
    "trust": Words(name="role trust policy", denying="the", article="the", heading="trust policy"),
    "resource": Words(
        name="resource-based policy", denying="a", article="the", heading="resource-based policy"
    ),
    "boundary": Words(
        name="permissions boundary", denying="a", article="the", heading="permissions boundary"
    ),
    "session": Words(name="session policy", denying="a", article="the", heading="session policies"),
    "scp": Words(
        name="service control policy",
        denying="a",
        article="a",
        heading="service control policies",
    ),
    "rcp": Words(
        name="resource control policy",
        denying="a",
        article="a",
        heading="resource control policies",
    ),
}
