"""A plugin for pytest: `xacct_lab`, AWS accounts of a test's own that refuse what AWS would refuse.

    def test_the_role_may_pull(xacct_lab):
        iam = boto3.Session(profile_name="account-a").client("iam")
        ...

The sandbox starts with the first test that asks for it and is emptied before each. While a test
runs, boto3 and the `aws` command reach the lab and nothing else. A test that fails with a refusal
is told which side refused. Started by pytest in every project where xacct is installed, so it
imports nothing before a test asks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..lab import Lab
    from ..workspace import Running


@pytest.fixture(scope="session")
def _xacct_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The sandbox that all tests of this process share, in a folder of pytest's."""
    from .. import workspace  # 15 ms

    folder = workspace.absolute(tmp_path_factory.mktemp("xacct") / "lab")
    try:
        yield workspace.join(folder)
    finally:
        workspace.stop(folder)


@pytest.fixture
def xacct_lab(_xacct_running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Four AWS accounts as on their first day, and an environment that points at them.

    Gives the `Lab` that notebooks open: `lab.clock.advance`, `lab.trail`, `lab.running.endpoint`
    and so on. Profiles: `account-a` (111111111111), `account-b-admin` (222222222222), `stranger`
    (333333333333) and `management` (444444444444), an administrator of each.
    """
    import boto3  # 150 ms
    from botocore.loaders import Loader

    from .. import lab as labs
    from .. import sdk_clock, workspace
    from ..aws import sdk_models

    for name, value in workspace.environment(_xacct_running, os.environ).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    models = sdk_models.folder(_xacct_running.folder)
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(models))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    _xacct_running.reset()
    workspace.forget_cached_credentials(_xacct_running.folder)
    before, lab = labs.opened(), labs.Lab(_xacct_running)
    labs.use(lab)
    yield lab
    labs.use(before)
    sdk_clock.follow(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Under a test that a refusal ended: who refused it, and the smallest change."""
    report = yield
    if call.excinfo is not None and "xacct_lab" in getattr(item, "fixturenames", ()):
        explanation = _explained(call.excinfo.value)
        if explanation:
            report.sections.append(("which side refused", explanation))
    return report


def _explained(error: BaseException) -> str:
    """The explanation of a refused AWS call; "" for any other error."""
    response = getattr(error, "response", None)
    if not isinstance(error, Exception) or not isinstance(response, dict):
        return ""
    from ..view import explain  # 90 ms
    from ..workspace import LabError

    try:
        return repr(explain(error))
    except (LabError, KeyError):  # not the lab's, or no policy had a part in it
        return ""
