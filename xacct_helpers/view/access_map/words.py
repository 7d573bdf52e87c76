"""The access map in words: what its picture shows, line by line, and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape as html

from ...lab_api.access_map import Edge, Mark, account_of
from ...workspace import account_name
from .model import Bundle, Map

_VERBS = {"can-assume": "can assume", "can-pull": "can pull"}
_THINGS = {"can-assume": "role", "can-pull": "repository"}


def verb(relation: str) -> str:
    """What an edge says: "can assume"."""
    return _VERBS[relation]


def account(number: str) -> str:
    """An account as people say it: "Account A", "the stranger's account"."""
    name = account_name(number)
    return f"Account {name}" if len(name) == 1 or name == number else f"Account “{name}”"


def accounts(numbers: Iterable[str]) -> str:
    """ "account A" or "accounts A and B"."""
    names = [account_name(one) for one in numbers]
    return f"account{'s' if len(names) > 1 else ''} {_and(names)}"


def _and(names: list[str]) -> str:
    if not names:
        return ""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def halves(edge: Edge) -> str:
    """Who has agreed: "both accounts have agreed", "A has agreed, B has not"."""
    if edge.full:
        return "both accounts have agreed" if edge.crosses else "its account has agreed"
    agreed, other = edge.source, edge.target
    if edge.resource_agrees:
        agreed, other = other, agreed
    denies = ": it denies it" if edge.verdict == "explicitDeny" else ""
    names = [account_name(account_of(one)) for one in (agreed, other)]
    return f"{names[0]} has agreed, {names[1]} has not{denies}"


def missing(edge: Edge) -> str:
    """Of a half edge, who stands off: "B has not agreed"."""
    other = edge.target if edge.caller_agrees else edge.source
    does = "denies it" if edge.verdict == "explicitDeny" else "has not agreed"
    return f"{account_name(account_of(other))} {does}"


def spoken(found: Map, line: Edge | Bundle) -> str:
    """An edge as a sentence, for those who hear the map."""
    label = found.by_arn[line.source].label
    if isinstance(line, Bundle):
        count = f"{len(line.edges)} {_plural(line.relation)}"
        return f"{label} {verb(line.relation)} {count} of {accounts([line.account])}"
    start = f"{label} {verb(line.relation)} {found.by_arn[line.target].label}"
    if not line.full:
        start = start.replace(" can ", " cannot ", 1)
    return f"{start}{_with(line.external_id)}: {halves(line)}"


def _plural(relation: str) -> str:
    return "roles" if relation == "can-assume" else "repositories"


def _with(external_id: str | None) -> str:
    return f", with the external id {external_id}" if external_id else ""


def text(found: Map) -> str:
    """The map as plain text: a line for each edge, then what is no edge."""
    return "\n".join([heading(found), *_edge_lines(found), *notes(found)])


def heading(found: Map) -> str:
    """What the map is of, in one line."""
    principals = sum(n.kind != "repository" and n.account in found.drawn for n in found.nodes)
    repositories = sum(n.kind == "repository" for n in found.nodes)
    counted = [_count(principals, "principal", "principals")]
    counted += [_count(repositories, "repository", "repositories")] if repositories else []
    return f"Access map of {accounts(found.drawn)}: {_and(counted)}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _edge_lines(found: Map) -> Iterator[str]:
    if not found.edges:
        yield "Nobody can assume a role or pull an image yet."
    for line in found.lines:
        yield _line(found, line)


def _line(found: Map, line: Edge | Bundle) -> str:
    start = f"{found.by_arn[line.source].label} —{verb(line.relation)}→ "
    if isinstance(line, Bundle):
        names = ", ".join(found.by_arn[edge.target].name for edge in line.edges)
        count = f"{len(line.edges)} {_plural(line.relation)}"
        return f"{start}{count} of {accounts([line.account])}: {names}"
    end = found.by_arn[line.target].label + _with(line.external_id)
    return f"{start}{end}" if line.full else f"{start}{end}; half: {halves(line)}"


def notes(found: Map) -> list[str]:
    """What is no edge: agreement with everybody, administrators, and who has no edge at all."""
    labels_by_phrase: dict[str, list[str]] = {}
    for mark in single_marks(found):
        labels_by_phrase.setdefault(phrase(mark), []).append(found.by_arn[mark.arn].label)
    for node in found.nodes:
        if node.account not in found.drawn:
            continue
        if node.arn in found.administrators:
            labels_by_phrase.setdefault(ADMINISTRATOR, []).append(node.label)
        elif node.arn not in found.touched:
            labels_by_phrase.setdefault("without an edge", []).append(node.label)
    left_out = [one for one in found.accounts if one not in found.drawn]
    if left_out:
        labels_by_phrase["not shown, with an administrator only"] = [accounts(left_out)]
    return [
        f"{what[0].upper()}{what[1:]}: {', '.join(names)}"
        for what, names in labels_by_phrase.items()
    ]


ADMINISTRATOR = "allowed everything by its own account"


def single_marks(found: Map) -> list[Mark]:
    """The marks that are told one by one; what an administrator may is told at once."""
    return [
        mark
        for mark in found.marks
        if mark.arn not in found.administrators and found.by_arn[mark.arn].account in found.drawn
    ]


def phrase(mark: Mark) -> str:
    """A mark as the end of a sentence: "trusts all of account B"."""
    whom = "anybody" if mark.everyone else f"all of {accounts(mark.accounts)}"
    if mark.side == "resource":
        start = "trusts" if mark.relation == "can-assume" else "lets in"
        return f"{start} {whom}{_with(mark.external_id)}"
    thing = "assume any role" if mark.relation == "can-assume" else "pull any image"
    where = "" if mark.everyone else f" of {accounts(mark.accounts)}"
    return f"allowed by its own account to {thing}{where}"


def table(found: Map) -> str:
    """The same as an HTML table, with the notes under it."""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("who", "can", "what", "agreed"))
    rows = "".join(_row(found, line) for line in found.lines)
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    listed = [] if rows else list(_edge_lines(found))
    items = "".join(f"<li>{html(note)}</li>" for note in [*listed, *notes(found)])
    return body + (f"<ul>{items}</ul>" if items else "")


def _row(found: Map, line: Edge | Bundle) -> str:
    if isinstance(line, Bundle):
        count = f"{len(line.edges)} {_plural(line.relation)} of {accounts([line.account])}: "
        what = count + ", ".join(found.by_arn[edge.target].name for edge in line.edges)
        agreed = halves(line.edges[0])
    else:
        what, agreed = found.by_arn[line.target].label + _with(line.external_id), halves(line)
    who = html(found.by_arn[line.source].label)
    cells = [verb(line.relation).removeprefix("can "), what, agreed]
    row = "".join(f"<td>{html(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{who}</th>{row}</tr>'


def brief(mark: Mark) -> str:
    """A mark in the few words that fit on a card."""
    names = _and([account_name(one) for one in mark.accounts])
    if mark.side == "resource":
        start = "trusts" if mark.relation == "can-assume" else "open to"
        if mark.external_id:
            return f"{start} {'anybody' if mark.everyone else names} by external id"
        return f"{start} {'anybody' if mark.everyone else f'all of {names}'}"
    start = "any role" if mark.relation == "can-assume" else "any image"
    return start if mark.everyone else f"{start} of {names}"


def changed(before: Map, after: Map) -> frozenset[str]:
    """The keys of the edges of `after` that are new, or a half more or less than they were."""
    was = {edge.key: edge.full for edge in before.edges}
    return frozenset(edge.key for edge in after.edges if was.get(edge.key) is not edge.full)


def news(before: Map, after: Map) -> str:
    """What has changed, for everybody to read and to hear; "" when no edge has."""
    keys, now = changed(before, after), {edge.key for edge in after.edges}
    changes = [spoken(after, edge) for edge in after.edges if edge.key in keys]
    gone = [edge for edge in before.edges if edge.key not in now]
    changes += [f"no more: {spoken(before, edge)}" for edge in gone]
    if not changes:
        return ""
    more = f"; and {len(changes) - _TOLD} more" if len(changes) > _TOLD else ""
    return f"Changed: {'; '.join(changes[:_TOLD])}{more}."


_TOLD = 4
