"""Text for everybody, and the same as HTML where there is a notebook."""

from __future__ import annotations


def show(text: str, html: str) -> None:
    """Display HTML with its text form; outside of a notebook the text is printed."""
    try:
        from IPython import get_ipython  # 60 ms
        from IPython.display import display
    except ImportError:
        print(text)
        return
    if get_ipython() is None:
        print(text)
    else:
        display({"text/plain": text, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]
