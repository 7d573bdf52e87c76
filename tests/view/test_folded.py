"""Under a refusal that ends a cell stands its card, folded; under nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests import kernels

pytestmark = pytest.mark.kernel
ASK = (
    "boto3.Session(profile_name='stranger').client('sts').assume_role(\n"
    "    RoleArn='arn:aws:iam::111111111111:role/account-a-role-name', RoleSessionName='test')"
)
CAUGHT = f"try:\n    {ASK}\nexcept ClientError as error:\n    "
ELSEWHERE = "ClientError({'Error': {'Code': 'AccessDenied', 'Message': 'x'}, **REST}, 'Call')"
# Name -> source, and what its outputs are to be: "error", "card" (folded), "whole", "text".
CELLS = {
    "open": (
        "import os, signal, sys\nimport boto3\nfrom botocore.exceptions import ClientError\n"
        "from xacct_helpers import explain, open_lab\nlab = open_lab()",
        [],
    ),
    "refused": (ASK, ["error", "card"]),
    "refused again": (ASK, ["error", "card"]),
    "debugging still has AWS's error": ("type(sys.last_value).__name__", ["text"]),
    "the cell explains it": (f"{CAUGHT}display(explain(error))\n    raise", ["whole", "error"]),
    "refused once more": (ASK, ["error", "card"]),
    "explained in the next cell": ("explain()", ["whole"]),
    "caught": (f"{CAUGHT}print(error.response['Error']['Code'])", ["text"]),
    "another of AWS's errors": (
        "boto3.Session(profile_name='account-a').client('iam').get_role(RoleName='nobody')",
        ["error"],
    ),
    "the learner's own": ("1 / 0", ["error"]),
    "a refusal of which the lab knows nothing": (
        "REST = {'ResponseMetadata': {'RequestId': 'nope'}}\nraise " + ELSEWHERE,
        ["error"],
    ),
    "one without a request id": ("REST = {}\nraise " + ELSEWHERE, ["error"]),
    "the sandbox is gone": (
        f"{CAUGHT}os.kill(lab.running.pid, signal.SIGKILL)\n    raise",
        ["error", "text"],
    ),
}


@pytest.fixture(scope="module")
def ran() -> dict[str, list[Any]]:
    """The outputs of each cell."""
    shown = kernels.outputs(*(source for source, _ in CELLS.values()))
    return dict(zip(CELLS, shown, strict=True))


def kind(output: Any) -> str:
    if output["output_type"] == "error":
        return "error"
    html = output.get("data", {}).get("text/html", "")
    if html.startswith("<details>"):
        return "card"
    return "whole" if html.startswith("<section") else "text"


@pytest.mark.parametrize("name", CELLS)
def test_what_a_cell_shows(ran: dict[str, list[Any]], name: str) -> None:
    assert [kind(output) for output in ran[name]] == CELLS[name][1]


def test_the_folded_card_is_one_line_until_it_is_opened(ran: dict[str, list[Any]]) -> None:
    data = ran["refused"][1]["data"]
    assert data["text/plain"] == "Why was this refused? explain() tells more."
    assert data["text/html"].startswith(
        "<details><summary>Why was this refused?</summary><section "
    )
    whole = ran["explained in the next cell"][0]["data"]["text/html"]
    assert whole in ran["refused once more"][1]["data"]["text/html"]


def test_awss_error_is_not_hidden(ran: dict[str, list[Any]]) -> None:
    error, told = ran["the sandbox is gone"]
    assert "is not authorized to perform: sts:AssumeRole" in error["evalue"]
    assert told["text"].startswith("Why this was refused cannot be told now: ")
    assert ran["debugging still has AWS's error"][0]["data"]["text/plain"] == "'ClientError'"
