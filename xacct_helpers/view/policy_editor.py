"""The policy editor: a document of an account, in a code editor that knows what AWS would say.

The widget asks (`_QUESTIONS`) and the kernel answers. Without a kernel the document and what
validation says of it stand as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..workspace import LabError
from . import account_watcher, editing
from .calls import boto3_text, cli_text
from .completion import Known, complete
from .editing import Target
from .lint_marks import Mark, marks, refusal_mark, sentence
from .opening import current
from .preview import preview

_STATIC = Path(__file__).parent / "static"
_SIGNS = {"error": "✗", "warning": "⚠"}

Answer = dict[str, Any]


def edit_policy(
    profile: str,
    *,
    role: str | None = None,
    user: str | None = None,
    repository: str | None = None,
    policy: str | None = None,
) -> PolicyEditor:
    """An editor for a document of the accounts, read and saved as `profile`.

    edit_policy(profile, role=NAME)                  the role's trust policy
    edit_policy(profile, role=NAME, policy=NAME)     an inline policy of the role
    edit_policy(profile, user=NAME, policy=NAME)     an inline policy of the user
    edit_policy(profile, repository=NAME)            the repository's policy

    Raises LabError when there is no such document; ClientError when it may not be read.
    """
    target = editing.target(profile, role=role, user=user, repository=repository, policy=policy)
    return PolicyEditor(target)


class PolicyEditor(anywidget.AnyWidget):
    """The widget. Its text form and its HTML form are of the document as it was opened.

    loaded: the document as last loaded or saved; draft: as it stands in the editor.
    """

    _esm = _STATIC / "policy_editor.js"
    _css = _STATIC / "policy_editor.css"
    name = traitlets.Unicode().tag(sync=True)
    where = traitlets.Unicode().tag(sync=True)
    loaded = traitlets.Unicode().tag(sync=True)
    draft = traitlets.Unicode().tag(sync=True)

    def __init__(self, target: Target) -> None:
        self.target = target
        self.in_account = editing.read(target)
        text = self.in_account
        where = f"in account {target.account}, as {target.profile}"
        self._still = _Still(target, where, text)
        super().__init__(
            name=target.name[:1].upper() + target.name[1:], where=where, loaded=text, draft=text
        )
        self.on_msg(_answer)

    def __repr__(self) -> str:
        return self._still.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        live = super()._repr_mimebundle_(**kwargs)
        assert live is not None  # it has a view
        data, metadata = live
        return {**data, "text/plain": self._still.text(), "text/html": self._still.html()}, metadata


class _Still:
    """The document as it was opened, and what validation says of it."""

    def __init__(self, target: Target, where: str, text: str) -> None:
        self.title = f"{target.name[:1].upper()}{target.name[1:]}"
        self.where, self.document = where, text
        self.marks = marks(text, target.kind, _accounts())

    def text(self) -> str:
        head = f"{self.title} {self.where}"
        lines = [sentence(self.marks), *map(_line, self.marks)]
        return "\n".join([head, "", self.document, "", *lines])

    def html(self) -> str:
        items = "".join(f"<li>{escape(_line(one))}</li>" for one in self.marks)
        return (
            f"<p><strong>{escape(self.title)}</strong> {escape(self.where)}</p>"
            f"<pre><code>{escape(self.document)}</code></pre>"
            f"<p>{escape(sentence(self.marks))}</p>" + (f"<ul>{items}</ul>" if items else "")
        )


def _line(mark: Mark) -> str:
    return f"{_SIGNS[mark.severity]} Line {mark.line}, {mark.severity}: {mark.message}"


# -- the kernel's answers --------------------------------------------------------------------


def _answer(editor: PolicyEditor, content: dict[str, Any], _buffers: Any = None) -> None:
    """Answer one question of the widget's; what goes wrong is answered with one sentence."""
    from botocore.exceptions import BotoCoreError, ClientError  # 10 ms

    try:
        answer = _QUESTIONS[content["ask"]](editor, content)
    except (LabError, ClientError, BotoCoreError) as error:
        answer = {"error": str(error)}
    editor.send({"id": content["id"], **answer})


def _check(editor: PolicyEditor, content: dict[str, Any]) -> Answer:
    text = content["text"]
    found = marks(text, editor.target.kind, _accounts())
    return {"sentence": sentence(found), "findings": _findings(text, found)}


def _complete(editor: PolicyEditor, content: dict[str, Any]) -> Answer:
    text = content["text"]
    position = _index(text, content["position"])
    found = complete(text, position, editor.target.kind, known())
    return {
        "start": _units(text, found.start),
        "end": _units(text, found.end),
        "in_string": found.in_string,
        "candidates": [
            {"label": one.label, "detail": one.detail, "insert": one.insert}
            for one in found.candidates
        ],
    }


def _preview(editor: PolicyEditor, content: dict[str, Any]) -> Answer:
    """What a save would change; where AWS would refuse it for what the accounts hold, its words."""
    text, kind = content["text"], editor.target.kind
    if text == editor.loaded:
        return _foreseen("This is the document as it is in the account.")
    if any(one.severity == "error" for one in marks(text, kind, _accounts())):
        return _foreseen("As it stands it cannot be saved, so nothing would change.")
    try:
        found = preview(editor.target, text)
    except LabError as error:
        mark = refusal_mark(text, kind, str(error))
        message = f"AWS would refuse to save this: {error}"
        return {**_foreseen(message), "findings": _findings(text, (mark,) if mark else ())}
    return {**_foreseen(found.sentence), "lines": list(found.lines)}


def _foreseen(message: str) -> Answer:
    return {"sentence": message, "lines": [], "findings": []}


def _load(editor: PolicyEditor, content: dict[str, Any]) -> Answer:
    editor.in_account = editor.loaded = editing.read(editor.target)
    return {
        "text": editor.loaded,
        "sentence": "Loaded what is in the account. Undo brings back yours.",
    }


def _save(editor: PolicyEditor, content: dict[str, Any]) -> Answer:
    """Make the call, unless the document has changed in the account since it was loaded."""
    from botocore.exceptions import ClientError  # 10 ms

    text, target = content["text"], editor.target
    if text == editor.loaded and not content["over"]:
        return _saved("same", "Nothing has changed, so nothing was saved.")
    if not content["over"] and editing.read(target) != editor.in_account:
        return _saved(
            "changed",
            "Not saved: the document has changed in the account since it was loaded here. Load "
            "what is there (undo then brings back yours), or save yours over it.",
        )
    call = target.saving(text)
    texts = {"boto3": boto3_text(call), "cli": cli_text(call)}
    try:
        editing.make(target, call)
    except ClientError as error:
        detail = error.response["Error"]
        mark = refusal_mark(text, target.kind, detail["Message"])
        at = f" (line {mark.line})" if mark else ""
        message = f"AWS refused{at}: {detail['Code']}: {detail['Message']}"
        found = _findings(text, (mark,) if mark else ())
        return {**_saved("refused", message), "findings": found, **texts}
    editor.in_account, editor.loaded = editing.read(target), text
    account_watcher.look()  # an access map on the page shows what has become of it
    return {**_saved("saved", f"Saved. The call was {call.service}:{call.operation}."), **texts}


def _saved(state: str, message: str) -> Answer:
    return {"state": state, "sentence": message, "findings": []}


_QUESTIONS: dict[str, Callable[[PolicyEditor, dict[str, Any]], Answer]] = {
    "check": _check,
    "complete": _complete,
    "preview": _preview,
    "load": _load,
    "save": _save,
}


# -- what the accounts hold ------------------------------------------------------------------


def known() -> Known:
    """What the lab's accounts hold now."""
    accounts = current().running.holdings()
    iam = [arn for one in accounts.values() for arn in one.iam]
    principals = tuple(arn for arn in iam if _kind(arn) in ("user", "role"))
    repositories = tuple(arn for one in accounts.values() for arn in one.repositories)
    return Known(
        accounts=tuple(accounts),
        principals=principals,
        resources=(*repositories, *principals),
        providers=tuple(arn for arn in iam if _kind(arn) in ("oidc-provider", "saml-provider")),
    )


def _kind(arn: str) -> str:
    return arn.split(":", 5)[5].partition("/")[0]


def _accounts() -> tuple[str, ...]:
    return tuple(current().running.accounts)


# -- a browser counts in UTF-16 --------------------------------------------------------------


def _units(text: str, index: int) -> int:
    return len(text[:index].encode("utf-16-le", "surrogatepass")) // 2


def _index(text: str, units: int) -> int:
    before = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return len(before.decode("utf-16-le", "surrogatepass"))


def _findings(text: str, found: Iterable[Mark]) -> list[Answer]:
    return [
        {
            "severity": one.severity,
            "message": one.message,
            "line": one.line,
            "start": _units(text, one.start),
            "end": _units(text, one.end),
        }
        for one in found
    ]
