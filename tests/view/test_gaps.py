"""A cell with a gap is not run, and one sentence names the gap."""

from __future__ import annotations

import pytest

from tests import kernels
from xacct_helpers.view.gaps import gap

OWN = "This cell is still yours to write"
ROWS = [
    # the cell, what is said of it
    ("...", f"{OWN}."),
    ("# Yours to write: a call\n...", f"{OWN}."),
    ("...  # one statement", f"{OWN}: one statement."),
    ("# Yours to write: x, a call of\n# a name.", f"{OWN}: x, a call of a name."),
    ("%%bash\n# Yours to write: a call.\n", f"{OWN}: a call."),
    ("trust = ...", "`trust` is still `...`."),
    ('trust = {"Principal": {"AWS": ...}}', "`Principal.AWS` is still `...`."),
    ('{"AWS": ...}  # the ARN of B\'s role.', "`AWS` is still `...`: the ARN of B's role."),
    ('policy = {"Statement": [{"Action": ["a", ...]}]}', "An entry of `Statement.Action` is still"),
    ('policy = {"Statement": [...]}', "An entry of `Statement` is still `...`."),
    ('condition = {...: "xyz"}', "A key is still `...`."),
    ('condition = {"StringEquals": {...: "xyz"}}', "A key of `StringEquals` is still `...`."),
    ("iam.get_role(RoleName=...)", "`RoleName` is still `...`."),
    ('iam.get_role(**{"RoleName": ...})', "`RoleName` is still `...`."),
    ("print(json.dumps(...))", "An argument of `dumps` is still `...`."),
    ('sts.assume_role(...)["Credentials"]', "An argument of `assume_role` is still `...`."),
    ("with x:\n    y = ...", "`y` is still `...`."),
    ("!ls\n%time\nx = ...", "`x` is still `...`."),
    ("%%bash\n...", f"{OWN}."),
    ("%%bash\n# ...\naws sts ...  # the call", "What follows `sts` is still `...`: the call."),
    ("%%bash\naws a b --role-arn ... --c", "The option `--role-arn` is still `...`."),
    ("%%bash\naws a b \\\n  --role-arn '...'", "The option `--role-arn` is still `...`."),
]
NO_GAP = [
    "values[...]",
    "def f(): ...",
    "class Error(Exception): ...",
    "def f(x: tuple[int, ...] = (1,)) -> None:\n    return None",
    'print("...")',
    "# ...",
    "# a note",
    "",
    "%%bash\n# a note",
    "x = [1, 2",
    "%%bash\necho '...'",
    "%%bash\necho wait...",
    "%%html\n...",
]


@pytest.mark.parametrize(("cell", "said"), ROWS, ids=[row[0] for row in ROWS])
def test_the_gap_is_named(cell: str, said: str) -> None:
    assert (gap(cell) or "").startswith(said)


@pytest.mark.parametrize("cell", NO_GAP)
def test_what_is_no_gap_runs(cell: str) -> None:
    assert gap(cell) is None


@pytest.mark.kernel
def test_a_cell_with_a_gap_is_not_run() -> None:
    [_, refused, untouched, bash, on] = kernels.outputs(
        "from xacct_helpers import open_lab; lab = open_lab(); x = 1",
        "x = 2\ny = {'Principal': ...}",
        "x",
        "%%bash\naws sts assume-role --role-arn ...",
        "x + 1",
    )
    assert refused[0]["traceback"] == ["StillToWrite: `Principal` is still `...`."]
    assert untouched[0]["data"]["text/plain"] == "1"
    assert bash[0]["traceback"] == ["StillToWrite: The option `--role-arn` is still `...`."]
    assert on[0]["data"]["text/plain"] == "2"


@pytest.mark.kernel
@pytest.mark.parametrize("left", ["...", "# Yours to write: Read them.", ""])
def test_a_name_that_a_task_makes_leads_back_to_the_task(left: str) -> None:
    """In 06 the switches need what the learner was to read, whether or not the gap was seen."""
    [_, _, failed, other] = kernels.outputs(
        "from xacct_helpers import open_lab; lab = open_lab()",
        left,
        "trust_on",
        "nobody_makes_this",
    )
    said = failed[0]["traceback"][-1]
    assert said.startswith("`trust_on` is yours to make, in the cell with this task: Read trust_on")
    assert "yours to make" not in other[0]["traceback"][-1]
