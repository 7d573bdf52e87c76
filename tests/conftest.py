"""What holds for the tests of every part."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.sandboxes import Sandbox
from tests.soak import scaled
from tests.tools import ROOT

pytest_plugins = ["pytester", "tests.skips"]

# With the other caches, not in a visible place of its own; before Hypothesis first looks.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))

# Hypothesis's own settings (on CI these draw the same examples each time), but more examples in
# `make soak`, and no deadline for one: a busy machine is no fault of the code.
settings.register_profile("xacct", deadline=None, max_examples=scaled(settings().max_examples))
settings.load_profile("xacct")


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
