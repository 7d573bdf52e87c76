"""With CI=true no test skips, but for a named reason: seen from outside, in a run of its own."""

from __future__ import annotations

import pytest

from tests.skips import ALLOWED
from tests.tools import ROOT

(ALLOWED_REASON, *_) = ALLOWED
A_FAILURE = "skipped, and with CI=true that is a failure: "
# A module, what becomes of it elsewhere, and with CI=true.
MODULES = [
    pytest.param(
        "import pytest\ndef test():\n    pytest.skip('no tool')\n",
        {"skipped": 1},
        {"failed": 1},
        id="a test skips itself",
    ),
    pytest.param(
        "import pytest\n@pytest.mark.skipif(True, reason='no tool')\ndef test(): pass\n",
        {"skipped": 1},
        {"errors": 1},
        id="a mark skips it",
    ),
    pytest.param(
        "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no tool')\n"
        "def test(tool): pass\n",
        {"skipped": 1},
        {"errors": 1},
        id="its fixture does",
    ),
    pytest.param(
        "import pytest\npytest.skip('no tool', allow_module_level=True)\n",
        {"skipped": 1},
        {"errors": 1},
        id="the module does",
    ),
    pytest.param(
        f"import pytest\ndef test():\n    pytest.skip({ALLOWED_REASON!r})\n",
        {"skipped": 1},
        {"skipped": 1},
        id="for a reason that is allowed",
    ),
    pytest.param(
        "import pytest\n@pytest.mark.xfail(reason='no tool')\ndef test(): assert False\n",
        {"xfailed": 1},
        {"xfailed": 1},
        id="expected to fail",
    ),
    pytest.param("def test(): pass\n", {"passed": 1}, {"passed": 1}, id="no skip"),
]


@pytest.mark.parametrize("ci", ["", "true"], ids=["elsewhere", "CI"])
@pytest.mark.parametrize(("module", "elsewhere", "on_ci"), MODULES)
def test_a_skip(
    module: str,
    elsewhere: dict[str, int],
    on_ci: dict[str, int],
    ci: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(module)
    done = pytester.runpytest_inprocess("-p", "tests.skips", "-p", "no:cacheprovider")
    expected = on_ci if ci else elsewhere
    assert done.parseoutcomes() == expected
    failed = bool({"failed", "errors"} & set(expected))
    assert (f"{A_FAILURE}no tool" in done.stdout.str()) is failed


def test_every_reason_that_is_allowed_is_a_tests() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [reason for reason in ALLOWED if reason not in sources] == []


def test_this_suite_has_the_hook(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.has_plugin("tests.skips")
