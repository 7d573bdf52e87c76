"""What holds for the tests of every part."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import startup  # noqa: F401 - for those who call pytest without make
from tests.sandboxes import Sandbox
from tests.soak import scaled
from tests.tools import ROOT
from xacct_helpers.aws import sdk_models

pytest_plugins = ["pytester", "tests.marks", "tests.scheduling", "tests.skips", "tests.timing"]

# With the other caches, not in a visible place of its own; before Hypothesis first looks.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))

# `make fast` and `make test` draw the same examples each time, `make soak` more, and others each
# time. There is no deadline for one: a busy machine is no fault of the code.
settings.register_profile("fast", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("test", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("soak", deadline=None, max_examples=scaled(100))
settings.load_profile("test" if scaled(1) == 1 else "soak")

# botocore would parse its data files again for each of the many sessions that the tests make.
sdk_models.parse_once()


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One sandbox process for all the tests that speak to one, as the tests before left it."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox, its accounts as on the first day."""
    running_sandbox.reset()
    return running_sandbox
