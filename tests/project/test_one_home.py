"""Facts that the code states in one place: a second place would have to be kept in step by hand."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.tools import ROOT
from xacct_helpers import workspace
from xacct_helpers.aws.policy_documents import POLICY_CALLS, PolicyCalls
from xacct_helpers.aws.services import SERVICES, AwsService
from xacct_helpers.lessons import answers
from xacct_helpers.policy import LAYER_NAMES
from xacct_helpers.policy.evaluation.decision import LayerName
from xacct_helpers.sandbox import in_process, services
from xacct_helpers.sandbox.protocol.models import service_model
from xacct_helpers.sandbox.store import trail

PACKAGE = ROOT / "xacct_helpers"


def texts(tree: ast.AST) -> Iterator[str]:
    """The string literals of a module, the parts of f-strings included; no docstrings."""
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@cache
def package() -> dict[Path, list[str]]:
    """The string literals of each module of the package."""
    return {
        path.relative_to(PACKAGE): list(texts(ast.parse(path.read_text())))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@pytest.mark.parametrize(
    ("pattern", "homes"),
    [
        pytest.param(r"us-east-1", ["aws/regions.py"], id="the default region"),
        pytest.param(
            r"\.dkr\.ecr\..*|.*\\\.dkr\\\.ecr.*", ["aws/ecr_hosts.py"], id="ECR's host names"
        ),
        pytest.param(
            "|".join(re.escape(one.target or one.version) for one in SERVICES.values()),
            ["aws/services.py"],
            id="how requests name a service",
        ),
        pytest.param(
            "(an? )?((role )?trust|(identity|resource)-based|session|(service|resource) control) "
            "polic(y|ies)",
            ["policy/evaluation/layer_names.py"],
            id="the kinds of policy in words",
        ),
        pytest.param("AWS4-HMAC-SHA256.*", ["aws/sigv4.py"], id="Signature Version 4"),
    ],
)
def test_a_fact_is_stated_in_one_place(pattern: str, homes: list[str]) -> None:
    stating = [
        path.as_posix()
        for path, found in package().items()
        if any(re.fullmatch(pattern, text, re.S) for text in found)
    ]
    assert stating == homes


def test_the_calls_that_write_a_policy_are_named_in_one_place() -> None:
    """Apart from the operations themselves, and from the services' own rules on them."""
    names = {calls.write for calls in POLICY_CALLS.values()}
    stating = {
        path.as_posix()
        for path, found in package().items()
        if not path.is_relative_to("sandbox/services") and names & set(found)
    }
    assert stating == {"aws/policy_documents.py"}


@pytest.mark.parametrize("calls", POLICY_CALLS.values(), ids=POLICY_CALLS)
def test_the_calls_for_a_policy_are_as_the_sdk_knows_them(calls: PolicyCalls) -> None:
    model = service_model(calls.service)
    writing = {*calls.names, calls.document, *calls.options}
    assert writing <= model.operation_model(calls.write).input_shape.members.keys()
    for operation, parameter in calls.creates.items():
        assert parameter in model.operation_model(operation).input_shape.members
    for operation in filter(None, (calls.read, calls.delete)):
        assert set(calls.names) <= members(model.operation_model(operation).input_shape)
    if calls.read:
        shape = model.operation_model(calls.read).output_shape
        for name in calls.answer:
            shape = shape.members[name]
        assert shape.type_name == "string"


def members(shape: Any) -> set[str]:
    """The parameters of an operation, which may have none."""
    return set(shape.members) if shape is not None else set()


def test_each_kind_of_policy_has_a_name() -> None:
    assert set(LAYER_NAMES) == set(get_args(LayerName))


def test_each_service_is_registered() -> None:
    assert list(services.BY_SERVICE) == list(SERVICES)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_service_is_as_the_sdk_knows_it(service: AwsService) -> None:
    metadata = service_model(service.name).metadata
    assert service.protocol == metadata["protocol"]
    assert service.version == metadata["apiVersion"]
    assert service.target == metadata.get("targetPrefix", "")
    assert metadata["endpointPrefix"] in service.hosts


def test_both_sides_of_the_control_api_agree() -> None:
    """What a notebook uses and the sandbox cannot import from one another."""
    assert answers.CHECK_AGENT == trail.CHECK_AGENT
    assert (workspace.ACCOUNT_A, workspace.ACCOUNT_B) == in_process.ACCOUNTS
