"""The corpus of API calls: what each ends with, its whole answer, and that no operation is missing.

A change that is meant to alter answers comes with `python -m tests.sandbox.corpus --write`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.in_process import InProcess
from tests.sandbox.corpus import SCENARIOS
from tests.sandbox.corpus.recording import Record, read, recorded_scenario
from tests.sandbox.corpus.steps import Scenario, Step
from tests.sandboxes import Sandbox
from xacct_helpers.aws.service_reference import resource_types
from xacct_helpers.sandbox import services
from xacct_helpers.sandbox.protocol import models

OPERATIONS = sorted(
    f"{service}:{operation}"
    for service in services.BY_SERVICE
    for operation in services.served(service)
)
# No service of the sandbox encodes its refusals, so there is no message to decode.
NEVER_SUCCEED = {"sts:DecodeAuthorizationMessage"}
# Errors that say nothing of the call itself: a fault of AWS's, or calls that come too fast.
NOT_THE_CALLERS = {
    "AccessDeniedForDependencyException",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "EntityTemporarilyUnmodifiable",
    "KMS",
    "KmsException",
    "RegionDisabledException",
    "ServerException",
    "ServiceException",
    "ServiceFailure",
    "TooManyRequestsException",
    "UnsupportedAPIEndpointException",
}


@cache
def kept() -> dict[str, list[Record]]:
    return read()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(sandbox: Sandbox, scenario: Scenario) -> None:
    """Each call ends as its row says, and with the answer that was recorded, byte for byte."""
    assert recorded_scenario(sandbox, scenario) == kept()[scenario.name]


@pytest.fixture(scope="module")
def in_process() -> Iterator[InProcess]:
    with InProcess() as opened:
        yield opened


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario_in_process(in_process: InProcess, scenario: Scenario) -> None:
    """Without a port the same calls have the same answers, byte for byte."""
    assert recorded_scenario(in_process, scenario) == kept()[scenario.name]


def test_nothing_else_is_recorded() -> None:
    assert list(kept()) == [scenario.name for scenario in SCENARIOS]


def test_every_case_has_a_name_of_its_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    for scenario in SCENARIOS:
        cases = [step.case for step in scenario.calls]
        twice = {case for case in cases if cases.count(case) > 1}
        assert not twice, scenario.name


# -- what the corpus covers ------------------------------------------------------------------


def steps_of(action: str) -> list[Step]:
    return [step for one in SCENARIOS for step in one.calls if step.action == action]


@pytest.mark.parametrize("action", OPERATIONS)
def test_every_operation_has_a_success_and_a_refusal(action: str) -> None:
    steps = steps_of(action)
    assert any(not step.code for step in steps) is (action not in NEVER_SUCCEED)
    # A success of an administrator is a refusal of the powerless, too.
    assert any(step.code for step in steps) or any(step.denied for step in steps)


def usual_errors(action: str) -> set[str]:
    """The codes of the errors that AWS documents for an operation and a caller can bring about."""
    service, _, operation = action.partition(":")
    shapes = models.operation_model(service, operation).error_shapes
    return {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes} - (
        NOT_THE_CALLERS
    )


# Of these the sandbox has none of the errors that AWS documents, and why.
WITHOUT = {
    "ecr:DescribeRegistry": "nothing is asked that could be wrong",
    "ecr:GetRegistryScanningConfiguration": "nothing is asked that could be wrong",
    "iam:CreateAccountAlias": "two accounts may have one alias, and one may have several",
    "iam:DeleteAccountAlias": "an alias that is not there is no error",
    "iam:DeleteOpenIDConnectProvider": "a provider that is not there is no error, as AWS says",
    "iam:GenerateCredentialReport": "nothing is asked that could be wrong",
    "iam:UpdateAccountPasswordPolicy": "a bad value is a ValidationError",
    "organizations:ListHandshakesForAccount": "a bad value is a ValidationException",
}


@pytest.mark.parametrize("action", [one for one in OPERATIONS if usual_errors(one)])
def test_every_operation_is_refused_in_a_way_of_its_own(action: str) -> None:
    """Beside what a caller without permissions is told."""
    refusals = {step.code for step in steps_of(action)} - {"", "AccessDeniedException"}
    assert bool(refusals & usual_errors(action)) is (action not in WITHOUT)


# -- what operations are authorised on -------------------------------------------------------

REFUSED = re.compile(r"is not authorized to perform: iam:(\w+) on resource: (.+?) because ")


def refused_resources() -> dict[str, set[str]]:
    """Each operation of IAM, and the resources that callers without permissions are told."""
    found = {operation: set[str]() for operation in services.served("iam")}
    for record in itertools.chain.from_iterable(kept().values()):
        for operation, resource in REFUSED.findall(record.get("body", "")):
            found.setdefault(operation, set()).add(resource)
    return found


@pytest.mark.parametrize(("operation", "resources"), sorted(refused_resources().items()))
def test_every_iam_operation_is_authorised_on_the_type_that_the_reference_names(
    operation: str, resources: set[str]
) -> None:
    types = resource_types("iam", operation)
    if types:
        allowed = rf"arn:aws:iam::\d+:({'|'.join(types)})/.+"
    elif operation.startswith("List") and operation != "ListAccountAliases":
        # Of listings the reference knows no type; AWS names what is under the path.
        allowed = r"arn:aws:iam::\d+:[a-z-]+(/[a-z]*)?/\*?|policy path /"
    else:
        allowed = r"\*"
    assert resources, "no refusal of it is recorded"
    assert [one for one in resources if not re.fullmatch(allowed, one)] == []


def test_only_these_are_open_to_anyone() -> None:
    anyone = {step.action for one in SCENARIOS for step in one.calls
              if not step.code and not step.denied}  # fmt: skip
    assert anyone == {
        "sts:AssumeRoleWithWebIdentity",
        "sts:GetCallerIdentity",
        "sts:GetSessionToken",
    }
