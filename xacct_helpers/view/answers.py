"""How an AWS answer is shown when it is the last value of a cell.

boto3 adds to each answer how HTTP carried it: request id, headers, date. None of it is taught, and
it differs each time, so it is left out of what is shown. The value itself is not touched.
"""

from __future__ import annotations

from typing import Any


def shorten_answers() -> None:
    """Show AWS answers without their ResponseMetadata, in this kernel."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
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
        usual(rest, printer, cycle)
    else:
        printer.text(f"done (HTTP {metadata['HTTPStatusCode']})")
