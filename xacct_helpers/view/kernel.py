"""How this kernel shows AWS's answers and errors. The values and exceptions are not touched.

Under a refusal that ends a cell stands its denial card, folded.

boto3 adds to each answer how HTTP carried it (request id, headers, date), which is not taught and
differs each time; and the traceback of a refused call is a page of boto3's insides above the one
line that matters. Errors of the learner's own Python keep their traceback.
"""

from __future__ import annotations

import json
from subprocess import CalledProcessError
from typing import Any

from ..lab import opened
from ..workspace import LabError, NotThere
from . import moved_accounts, refusals
from .gaps import StillToWrite, refuse_cells_with_gaps, unmade

_KEYS = ("SecretAccessKey", "SessionToken")
_NOT_SHOWN = "(not shown)"
_AGAIN = "The sandbox does not answer. Run the cell with open_lab() again: it starts it."


def show_plainly() -> None:
    """Short answers and short errors, where there is a notebook. Called again, it does nothing."""
    try:
        from IPython import get_ipython  # 60 ms
    except ImportError:
        return
    shell = get_ipython()
    if shell is None or getattr(shell, "xacct_shows_plainly", False):
        return
    shell.xacct_shows_plainly = True
    _shorten_answers(shell)
    _shorten_errors(shell)
    refuse_cells_with_gaps(shell)
    lab = opened()
    if lab is not None:
        moved_accounts.watch(shell, lab.folder)
    shell.events.register("post_run_cell", _explain_refusal)


def _shorten_answers(shell: Any) -> None:
    formatter = shell.display_formatter.formatters["text/plain"]
    usual = formatter.type_printers.get(dict)
    formatter.for_type(dict, lambda value, printer, cycle: _show(value, printer, cycle, usual))


def _show(value: dict[str, Any], printer: Any, cycle: bool, usual: Any) -> None:
    metadata = value.get("ResponseMetadata")
    if not isinstance(metadata, dict) or "HTTPStatusCode" not in metadata:
        usual(value, printer, cycle)
        return
    rest = {name: item for name, item in value.items() if name != "ResponseMetadata"}
    if rest:
        usual(_without_keys(rest), printer, cycle)
    else:
        printer.text(f"done (HTTP {metadata['HTTPStatusCode']})")


def _without_keys(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as it may stand in a notebook: it gets saved, sent and shown."""
    return {
        name: {key: _NOT_SHOWN if key in _KEYS else item for key, item in value.items()}
        if name in ("Credentials", "AccessKey") and isinstance(value, dict)
        else value
        for name, value in answer.items()
    }


def _shorten_errors(shell: Any) -> None:
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError  # 10 ms

    from ..images import TransferError

    plain = (
        *(ClientError, BotoCoreError, LabError, TransferError),
        *(json.JSONDecodeError, StillToWrite),
    )
    formatter = shell.InteractiveTB
    usual = formatter.structured_traceback

    def structured_traceback(etype: Any, value: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(value, CalledProcessError):  # of a %%bash cell
            return [f"The cell ended with exit code {value.returncode}; what it said is above."]
        if not isinstance(value, plain):
            lines = usual(etype, value, *rest, **more)
            said = unmade(value.name) if isinstance(value, NameError) and value.name else None
            return [*lines, said] if said else lines
        lines = [f"{etype.__name__}: {value}"]
        if isinstance(value, ConnectionError):
            lines.append(_AGAIN)
        return lines

    formatter.structured_traceback = structured_traceback


def _explain_refusal(result: Any) -> None:
    """Put the card of a refused call under the error that ended a cell, folded.

    AWS's error is shown already, whatever happens here. Not for a refusal that the cell itself has
    explained, nor for one of which the lab's trail knows nothing.
    """
    error = getattr(result, "error_in_exec", None)
    told = refusals.take_explained()
    lab = opened()
    if lab is None or not refusals.is_refusal(error) or refusals.request_id(error) in told:
        return
    from IPython.display import display  # 60 ms

    try:
        found = lab.running.decision(refusals.request_id(error))
    except NotThere:
        return
    except LabError as trouble:
        print(f"Why this was refused cannot be told now: {trouble}")
        return
    if found.denied:
        display(refusals.folded(found), raw=True)  # type: ignore[no-untyped-call]
