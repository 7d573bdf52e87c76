"""Where everything on the access map goes: a pure function from the map to places.

Accounts are frames. An account stands to the right of those whose principals it lets in, so that
edges run from left to right. In a frame the principals make one column (roles, users,
administrators) and the repositories another to its right; the order within a column is the one in
which edges cross least. A repository that is pulled from across accounts stands below the column
of principals, so that the edge reaches it without crossing them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...lab_api.access_map import Edge, Mark, account_of
from .model import Bundle, Map, Node

CARD = 204.0  # width of a principal
STORE = 132.0  # width of a repository
GUTTER = 150.0  # between two levels of frames, where the two halves of an edge meet
WIDE_GUTTER = 260.0  # when many do
MARGIN = 12.0
_COLUMN_GAP = 92.0
_FRAME_GAP = 26.0
_TITLE = 40.0
_PAD = 18.0
_ARCS = 46.0  # room at the left of a column for edges within it
_NARROWEST = 300.0  # the account's name and number fit
_SWEEPS = 4
#: With more principals than this in a frame they get one line each, and those without an edge of
#: their own are counted and not drawn.
ROOMY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An account. folded: its principals without an edge that are not drawn one by one."""

    account: str
    box: Box
    folded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A principal or repository. roomy: there is a second line in it."""

    node: Node
    box: Box
    roomy: bool


Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """From start straight to a cubic curve, through it, and straight to the end.

    joint: the share of the curve at which the two halves of an edge meet.
    """

    start: Point
    curve: Curve
    end: Point
    joint: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """An edge on its way."""

    line: Edge | Bundle
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """Agreement of a role or repository with all of an account that is drawn."""

    mark: Mark
    account: str
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Every place; width and height of the whole."""

    width: float
    height: float
    frames: tuple[Frame, ...]
    cards: tuple[Card, ...]
    paths: tuple[Path, ...]
    stubs: tuple[Stub, ...]


def layout(found: Map) -> Layout:
    """The same map has the same layout."""
    levels = _levels(found)
    columns = _columns(found, levels)
    frames: list[Frame] = []
    cards: list[Card] = []
    crossing = sum(edge.crosses for edge in found.edges)
    many = crossing + len(found.marks) > _APART_UP_TO
    x = width = MARGIN
    height = 0.0
    for level in levels:
        y = MARGIN
        stack: list[Frame] = []
        for account in level:
            frame, some = _frame(found, account, columns[account], x, y)
            stack.append(frame)
            cards += some
            y = frame.box.bottom + _FRAME_GAP
        width = max(frame.box.right for frame in stack)
        frames += [replace(one, box=replace(one.box, width=width - x)) for one in stack]
        height = max(height, y - _FRAME_GAP)
        x = width + (WIDE_GUTTER if many else GUTTER)
    by_arn = {card.node.arn: card.box for card in cards}
    by_account = {frame.account: frame.box for frame in frames}
    paths = tuple(_path(line, by_arn, by_account) for line in found.lines)
    stubs = tuple(_stubs(found, by_arn, by_account))
    if many:
        # Where the lines are still apart: beside those from whom they come.
        paths = tuple(
            replace(path, route=replace(path.route, joint=_EARLY))
            if not _within(path.line)
            else path
            for path in paths
        )
    else:
        paths, stubs = _apart(paths, stubs)
    return Layout(
        width=width + MARGIN,
        height=height + MARGIN,
        frames=tuple(frames),
        cards=tuple(cards),
        paths=paths,
        stubs=stubs,
    )


# -- frames ----------------------------------------------------------------------------------


def _levels(found: Map) -> list[list[str]]:
    """The accounts from left to right, those side by side in one list."""
    drawn = found.drawn
    flow: dict[tuple[str, str], int] = {}
    for edge in found.edges:
        if edge.crosses:
            pair = account_of(edge.source), account_of(edge.target)
            flow[pair] = flow.get(pair, 0) + 1
    for mark in found.marks:
        if mark.side == "resource":
            for account in mark.accounts:
                pair = account, account_of(mark.arn)
                if pair[0] != pair[1]:
                    flow.setdefault(pair, 0)
    before: dict[str, list[str]] = {account: [] for account in drawn}
    for at, one in enumerate(drawn):
        for other in drawn[at + 1 :]:
            here, there = flow.get((one, other), -1), flow.get((other, one), -1)
            if here > there:
                before[other].append(one)
            elif there >= 0 or one == drawn[0]:
                # By default the lab's first account is the one that the others want to enter.
                before[one].append(other)
    depth: dict[str, int] = {}

    def deep(account: str, on_the_way: tuple[str, ...]) -> int:
        if account not in depth:
            others = [one for one in before[account] if one not in on_the_way]
            depth[account] = max(
                (deep(one, (*on_the_way, account)) + 1 for one in others), default=0
            )
        return depth[account]

    for account in drawn:
        deep(account, ())
    count = max(depth.values()) + 1
    levels = [[one for one in drawn if depth[one] == level] for level in range(count)]
    return [level for level in levels if level]


Columns = tuple[list[Node], list[Node], int]


def _columns(found: Map, levels: Sequence[Sequence[str]]) -> Mapping[str, Columns]:
    """For each account its principals in order, its repositories, and how many are folded."""
    orders: dict[str, list[Node]] = {}
    folded: dict[str, int] = {}
    for account in found.drawn:
        principals = [n for n in found.nodes if n.account == account and n.kind != "repository"]
        if len(principals) > ROOMY:
            shown = [node for node in principals if node.arn in found.at_a_line]
            folded[account] = len(principals) - len(shown)
            principals = shown
        orders[account] = sorted(principals, key=lambda node: _group(found, node))
    stores = {
        account: [n for n in found.nodes if n.account == account and n.kind == "repository"]
        for account in found.drawn
    }
    _untangle(
        found, [[some[one] for one in level] for level in levels for some in (orders, stores)]
    )
    return {
        account: (orders[account], stores[account], folded.get(account, 0))
        for account in found.drawn
    }


def _group(found: Map, node: Node) -> tuple[int, bool]:
    if node.arn in found.administrators:
        return 2, False
    return (0 if node.kind == "role" else 1), node.arn not in found.touched


def _untangle(found: Map, stacks: Sequence[Sequence[list[Node]]]) -> None:
    """Sort each column, group by group, by where its neighbours stand (the barycentre).

    stacks: the columns that stand over each other.
    """
    near: dict[str, list[str]] = {}
    for line in found.lines:
        if isinstance(line, Edge):
            near.setdefault(line.source, []).append(line.target)
            near.setdefault(line.target, []).append(line.source)
    at: dict[str, float] = {}

    def number(stack: Sequence[list[Node]]) -> None:
        rows = [node for column in stack for node in column]
        at.update({node.arn: place / len(rows) for place, node in enumerate(rows)})

    def key(node: Node) -> tuple[tuple[int, bool], float, str]:
        places = [at[arn] for arn in near.get(node.arn, ()) if arn in at]
        middle = sum(places) / len(places) if places else at[node.arn]
        return _group(found, node), middle, node.name.lower()

    for stack in stacks:
        number(stack)
    for _ in range(_SWEEPS):
        for stack in stacks:
            for column in stack:
                column.sort(key=key)
            number(stack)


def _frame(
    found: Map, account: str, columns: Columns, x: float, y: float
) -> tuple[Frame, list[Card]]:
    principals, stores, folded = columns
    roomy = len(principals) <= ROOMY
    tall, step = (42.0, 54.0) if roomy else (24.0, 29.0)
    arcs = any(
        account_of(line.source) == account and _within(line)
        for line in found.lines
        if line.relation == "can-assume"
    )
    left = x + (_ARCS if arcs else _PAD)
    top = y + _TITLE
    cards = [
        Card(
            node=node,
            box=Box(x=left, y=top + at * step, width=CARD, height=tall),
            roomy=roomy,
        )
        for at, node in enumerate(principals)
    ]
    bottom = top + max(len(principals), 1) * step
    right = left + CARD
    if stores:
        store_x = right + _COLUMN_GAP
        right = store_x + STORE
        entered = {edge.target for edge in found.edges if edge.crosses}
        within = [node for node in stores if node.arn not in entered]
        beside = _beside(found, within, {card.node.arn: card.box for card in cards}, step, top)
        for node, place in zip(within, beside, strict=True):
            cards.append(
                Card(node=node, box=Box(x=store_x, y=place, width=STORE, height=tall), roomy=roomy)
            )
        low = max([bottom, *(place + step for place in beside)])
        for node in stores:
            if node.arn in entered:
                box = Box(x=store_x, y=low, width=STORE, height=tall)
                cards.append(Card(node=node, box=box, roomy=roomy))
                low += step
        bottom = max(bottom, low)
    height = bottom - y + (16.0 if folded else 0.0) + _PAD - (step - tall)
    box = Box(x=x, y=y, width=max(right + _PAD - x, _NARROWEST), height=height)
    return Frame(account=account, box=box, folded=folded), cards


def _beside(
    found: Map, stores: Sequence[Node], boxes: Mapping[str, Box], step: float, top: float
) -> list[float]:
    """How high each repository stands: level with those who pull from it, none over another."""
    places: list[float] = []
    for node in stores:
        pullers = [
            boxes[line.source].y
            for line in found.lines
            if isinstance(line, Edge)
            and line.target == node.arn
            and line.source in boxes
            and line.source not in found.administrators
        ]
        wanted = min(pullers) if pullers else top
        places.append(max([wanted, *(place + step for place in places[-1:])]))
    return places


# -- edges -----------------------------------------------------------------------------------


def _within(line: Edge | Bundle) -> bool:
    if isinstance(line, Bundle):
        return account_of(line.source) == line.account
    return not line.crosses


def _path(line: Edge | Bundle, boxes: Mapping[str, Box], frames: Mapping[str, Box]) -> Path:
    source = boxes[line.source]
    if isinstance(line, Bundle):
        # To the account's name, as to all that it holds.
        frame = frames[line.account]
        if _within(line):
            return Path(
                line=line,
                route=_arc((source.x, source.middle), (frame.x + 14, frame.y + 18), frame.x + 2),
            )
        head = Box(x=frame.x, y=frame.y, width=frame.width, height=36)
        return Path(line=line, route=_across(source, head, frames[account_of(line.source)], frame))
    target = boxes[line.target]
    if not _within(line):
        ends = frames[account_of(line.source)], frames[account_of(line.target)]
        return Path(line=line, route=_across(source, target, *ends))
    if line.relation == "can-assume":
        return Path(line=line, route=_arc((source.x, source.middle), (target.x, target.middle)))
    return Path(line=line, route=_across(source, target, source, target))


def _arc(start: Point, end: Point, leftmost: float = 0) -> Route:
    """Between two cards of a column, round their left."""
    if start == end:  # a role that may assume itself
        start, end = (start[0], start[1] - 8), (end[0], end[1] + 8)
    x = max(leftmost, min(start[0], end[0]) - min(16 + abs(start[1] - end[1]) / 9, 40))
    return Route(start=start, curve=(start, (x, start[1]), (x, end[1]), end), end=end)


def _across(source: Box, target: Box, leaves: Box, enters: Box) -> Route:
    """From side to side, up or down only between what it leaves and what it enters."""
    if leaves.right <= enters.x:
        start, out = (source.right, source.middle), leaves.right
        end, into = (target.x, target.middle), enters.x
    elif enters.right <= leaves.x:
        start, out = (source.x, source.middle), leaves.x
        end, into = (target.right, target.middle), enters.right
    else:  # one above the other
        return _arc((source.x, source.middle), (target.x, target.middle))
    middle = (out + into) / 2
    curve = ((out, start[1]), (middle, start[1]), (middle, end[1]), (into, end[1]))
    return Route(start=start, curve=curve, end=end)


def _stubs(found: Map, boxes: Mapping[str, Box], frames: Mapping[str, Box]) -> Iterator[Stub]:
    """From each role and repository to the frame of an account that it trusts as a whole."""
    for mark in found.marks:
        if mark.side != "resource" or mark.everyone or mark.arn not in boxes:
            continue
        target, frame = boxes[mark.arn], frames[account_of(mark.arn)]
        for account in mark.accounts:
            if account == account_of(mark.arn) or account not in frames:
                continue
            whole = frames[account]
            height = min(max(target.middle + 14, whole.y + 20), whole.bottom - 14)
            source = Box(x=whole.x, y=height, width=whole.width, height=0)
            yield Stub(mark=mark, account=account, route=_across(source, target, whole, frame))


_APART_UP_TO = 60
_APART = 26.0
_EARLY = 0.16
_SHARES = (0.5, 0.36, 0.64, 0.26, 0.74)


def _apart(
    paths: tuple[Path, ...], stubs: tuple[Stub, ...]
) -> tuple[tuple[Path, ...], tuple[Stub, ...]]:
    """With joints that do not cover each other, where the curves leave a choice."""
    taken: list[Point] = []

    def moved(route: Route) -> Route:
        for share in _SHARES:
            x, y = on(route.curve, share)
            if all(abs(x - a) + abs(y - b) >= _APART for a, b in taken):
                break
        else:
            share = _SHARES[0]
        taken.append(on(route.curve, share))
        return replace(route, joint=share)

    return (
        tuple(
            replace(path, route=moved(path.route)) if not _within(path.line) else path
            for path in paths
        ),
        tuple(replace(stub, route=moved(stub.route)) for stub in stubs),
    )


def on(curve: Curve, share: float) -> Point:
    """A point of a curve, 0 at its beginning and 1 at its end."""
    rest = 1 - share
    weights = rest**3, 3 * share * rest**2, 3 * share**2 * rest, share**3
    x, y = (sum(w * p[i] for w, p in zip(weights, curve, strict=True)) for i in (0, 1))
    return x, y
