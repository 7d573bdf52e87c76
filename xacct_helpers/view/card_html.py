"""The denial card as HTML: no script, and it reads well where styles are taken away.

Headings are paragraphs with a heading's role: JupyterLab's table of contents and the notebook's
own outline stay the notebook's. What is drawn beside each other is a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .card_content import CallShown, CardContent, ChangeShown, LayerShown, SideShown
from .statement_lines import Line

_STYLE = """
C{border:1px solid var(--jp-border-color1,#bdbdbd);border-radius:6px;padding:12px 18px;
margin:4px 0;max-width:60rem;line-height:1.5;overflow-wrap:anywhere}
C p{margin:0 0 6px}
C ul{margin:0 0 6px;padding-left:1.3em}
C .xacct-title{font-size:1.15em}
C .xacct-part{margin:16px 0 6px;padding-top:10px;
border-top:1px solid var(--jp-border-color2,#e0e0e0)}
C ul.xacct-plain{list-style:none;padding-left:0}
C ul.xacct-sides{display:flex;flex-wrap:wrap;gap:12px;padding:0;list-style:none}
C .xacct-sides li{flex:1 1 18rem;margin:0;padding:8px 12px;border-radius:4px;
border:1px solid var(--jp-border-color2,#e0e0e0);border-left:4px solid #b3261e}
C .xacct-sides li.xacct-yes{border-left-color:#2e7d32}
C .xacct-sides strong{display:block}
C pre{margin:4px 0 10px;padding:8px 10px;border-radius:4px;white-space:pre-wrap;
word-break:normal;font-size:.92em;background:var(--jp-cell-editor-background,#f5f5f5)}
C mark{background:transparent;color:inherit;font-weight:700;
text-decoration:underline 2px #d9822b;text-underline-offset:3px}
C summary{cursor:pointer;margin:0 0 6px}
C summary:focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2)}
""".replace("\n", "").replace("C", "section.xacct-card.xacct-card")
_LABEL = "Why was this refused?"


def card_html(card: CardContent) -> str:
    """All of the card, as one section. A group and no landmark: a notebook holds many."""
    return (
        f'<section class="xacct-card" role="group" aria-label="{escape(card.title)}">'
        f"<style>{_STYLE}</style>{''.join(_parts(card))}</section>"
    )


def folded_html(card: CardContent) -> str:
    """The card behind one line, to be opened."""
    return f"<details><summary>{_LABEL}</summary>{card_html(card)}</details>"


def _parts(card: CardContent) -> Iterator[str]:
    yield _heading(card.title, 4, "xacct-title")
    named = (("Who asked", card.who), ("For what", card.action), ("On", card.resource))
    items = "".join(f"<li>{label}: <code>{escape(value)}</code></li>" for label, value in named)
    yield f'<ul class="xacct-plain">{items}</ul>'
    yield _heading("The accounts" if len(card.sides) > 1 else "The account", 5, "xacct-part")
    yield f'<ul class="xacct-sides">{"".join(map(_side, card.sides))}</ul>'
    yield "".join(f"<p>{escape(remark)}</p>" for remark in card.remarks)
    yield _heading("What the policies say", 5, "xacct-part")
    yield f'<ul class="xacct-plain">{"".join(map(_layer, card.layers))}</ul>'
    if card.changes:
        yield _heading("The smallest change that would allow it", 5, "xacct-part")
        yield f"<ul>{''.join(map(_change, card.changes))}</ul>"
        yield "".join(map(_call, card.calls))
    if card.what_if:
        yield _heading("What if", 5, "xacct-part")
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in card.what_if)
        yield f'<ul class="xacct-plain">{items}</ul>'


def _heading(text: str, level: int, name: str) -> str:
    return (
        f'<p class="{name}" role="heading" aria-level="{level}"><strong>{escape(text)}</strong></p>'
    )


def _side(side: SideShown) -> str:
    name = ' class="xacct-yes"' if side.agrees else ""
    sentence = f" {escape(side.sentence)}" if side.sentence else ""
    return (
        f"<li{name}>Account {escape(side.account)} ({escape(side.whose)}): "
        f"<strong>{escape(side.verdict)}</strong>{sentence}</li>"
    )


def _layer(layer: LayerShown) -> str:
    of = f" of account {escape(layer.account)}" if layer.account else ""
    statements = "".join(
        f"<p>{escape(one.title)}</p>{_json(one.lines)}" for one in layer.statements
    )
    more = f"<p>{escape(layer.more)}</p>" if layer.more else ""
    title = f"<p><strong>{escape(layer.layer)}</strong>{of}: {escape(layer.outcome)}</p>"
    return f"<li>{title}{statements}{more}</li>"


def _change(change: ChangeShown) -> str:
    return f"<li>{escape(change.sentence)}{_json(change.lines)}</li>"


def _call(call: CallShown) -> str:
    note = f"<p>{escape(call.note)}</p>" if call.note else ""
    return (
        f"<details><summary>Show the call: {escape(call.heading)}</summary>{note}"
        f"<p>with boto3:</p><pre>{escape(call.boto3)}</pre>"
        f"<p>with the AWS CLI:</p><pre>{escape(call.cli)}</pre></details>"
    )


def _json(lines: tuple[Line, ...]) -> str:
    return f"<pre>{chr(10).join(_line(line) for line in lines)}</pre>" if lines else ""


def _line(line: Line) -> str:
    body = line.text.lstrip()
    margin = line.text[: len(line.text) - len(body)]
    shown = margin + (f"<mark>{escape(body)}</mark>" if line.marked else escape(body))
    if not line.remark:
        return shown
    under = f"\n{margin}↑ " if line.text else ""
    return f"{shown}{under}<strong>{escape(line.remark)}</strong>"
