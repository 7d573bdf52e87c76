"""AWS's own managed policies, all of them: what AWS itself has written must pass as written."""

from __future__ import annotations

import json

from moto.iam.aws_managed_policies import aws_managed_policies_data

from xacct_helpers.policy import PolicyError, check


def refusal(document: object) -> str | None:
    try:
        check(json.dumps(document), "managed")
    except PolicyError as error:
        return str(error)
    return None


def test_none_is_refused() -> None:
    policies = json.loads(aws_managed_policies_data)
    assert len(policies) > 1000
    refused = {name: refusal(policy["Document"]) for name, policy in policies.items()}
    assert {name: words for name, words in refused.items() if words} == {}
