"""What a test waits for the pytest fixture `xacct_lab`: accounts of its own, that refuse.

Timed by pytest itself, in a run of its own. Against the time it may take, and against moto's
mock_aws, which starts no server and refuses nothing, each test with the same calls.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.report import Row, say
from benchmarks.servers import DEADLINE, clean_environment, ran

TESTS = 100
ALLOWED_MS = 50.0
LIMIT = 1.5
"""A whole test against mock_aws: ours decides each call, in another process, and keeps it."""

_TESTS = '''
import boto3
import pytest
from moto import mock_aws

TRUST = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"AWS": "222222222222"}}}"""


def work(iam):
    assert iam.list_roles()["Roles"] == [], "the accounts are fresh"
    iam.create_role(RoleName="puller", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="learner")


@pytest.mark.parametrize("number", range(COUNT))
def test_xacct(xacct_lab, number):
    work(boto3.Session(profile_name="account-a").client("iam"))


@pytest.fixture
def mocked(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    with mock_aws():
        yield


@pytest.mark.parametrize("number", range(COUNT))
def test_moto(mocked, number):
    work(boto3.Session().client("iam"))
'''
_CONFTEST = """
import json
from pathlib import Path

took = {}


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.callspec.params["number"])  # in turns


def pytest_runtest_logreport(report):
    phases = took.setdefault(report.nodeid.partition("::")[2], {})
    phases[report.when] = report.duration


def pytest_sessionfinish():
    Path("took.json").write_text(json.dumps(took))
"""


def measure(tests: int = TESTS) -> list[Row]:
    """A row for the fixture alone, one for a test that uses it. The first test is not counted."""
    say(f"{tests} tests with xacct_lab, {tests} with mock_aws")
    took = _took(tests)
    fresh = median(one["setup"] + one["teardown"] for one in took["xacct"])
    ours, peer = (median(sum(one.values()) for one in took[name]) for name in ("xacct", "moto"))
    return [
        Row(
            what=f"fresh accounts for a test by the fixture xacct_lab (median of {tests - 1})",
            ours=f"{fresh * 1000:.1f} ms",
            peer=f"{ALLOWED_MS:.0f} ms",
            value=fresh * 1000 / ALLOWED_MS,
            limit=1.0,
        ),
        Row(
            what="such a test with three calls of IAM, against moto's mock_aws",
            ours=f"{ours * 1000:.0f} ms",
            peer=f"{peer * 1000:.0f} ms",
            value=ours / peer,
            limit=LIMIT,
        ),
    ]


def _took(tests: int) -> dict[str, list[dict[str, float]]]:
    """The seconds of each test's setup, call and teardown, by whose it is; without the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "conftest.py").write_text(_CONFTEST)
        (folder / "test_fresh.py").write_text(f"COUNT = {tests}\n{_TESTS}")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--basetemp", str(folder / "temporary")]
        environment = clean_environment() | {"AWS_EC2_METADATA_DISABLED": "true"}
        ran(command, folder, environment, seconds=DEADLINE + tests)
        found = json.loads((folder / "took.json").read_text())
    return {
        whose: [phases for test, phases in found.items() if test.startswith(f"test_{whose}[")][1:]
        for whose in ("xacct", "moto")
    }
