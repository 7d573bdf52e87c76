"""The access map as an SVG picture, of its layout.

No ids and no references, so that several pictures on a page do not mix. Colours are JupyterLab's,
with their own where it has none; what they say is said by shape, too: an agreed half is a solid
line and a filled half-disc, one that is missing a dotted line and a hollow half-disc that stands
off. The picture is one image with a name; the widget makes its edges buttons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path as File

from ...lab_api.access_map import Edge
from . import words
from .layout import Card, Frame, Layout, Path, Point, Route, Stub, layout, on
from .model import Bundle, Map

_STATIC = File(__file__).parent.parent / "static"
_LABELS_UP_TO = 14
_BADGE, _SMALL_BADGE = 8.0, 5.0
_SMALL_OVER = 40
_NAME_LENGTH, _STORE_LENGTH = 26, 15
_LEGEND = 30.0


def svg(found: Map, changed: Collection[str] = ()) -> str:
    """The picture. changed: keys of the edges to point out as new."""
    placed = layout(found)
    height = placed.height + _LEGEND
    width = max(placed.width, 680.0)
    description = escape(words.text(found), quote=True)
    many = " many" if sum(map(_joined, placed.paths)) > _SMALL_OVER else ""
    parts = [
        f'<svg class="xacct-map{many}" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" '
        f'style="max-width:100%;height:auto" xmlns="http://www.w3.org/2000/svg" '
        f'aria-label="{escape(words.heading(found), quote=True)}">',
        f"<title>{escape(words.heading(found))}</title>",
        f"<desc>{description}</desc>",
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        *map(_frame, placed.frames),
        *_edges(found, placed, changed),
        *(_card(found, card) for card in placed.cards),
        _legend(placed.height + 8),
        "</svg>",
    ]
    return "".join(parts)


@cache
def _style() -> str:
    return (_STATIC / "access_map_picture.css").read_text().replace("\n", "")


# -- frames and cards ------------------------------------------------------------------------


def _frame(frame: Frame) -> str:
    box = frame.box
    title = words.account(frame.account)
    number = "" if frame.account in title else f'<tspan class="soft"> · {frame.account}</tspan>'
    folded = ""
    if frame.folded:
        text = f"and {frame.folded} more without an edge of their own"
        folded = (
            f'<text class="soft small" x="{box.x + 18:.0f}" y="{box.bottom - 10:.0f}">{text}</text>'
        )
    return (
        f'<g class="frame"><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="10"/>'
        f'<text class="account" x="{box.x + 16:.1f}" y="{box.y + 24:.1f}">{escape(title)}{number}'
        f"</text>{folded}</g>"
    )


def _card(found: Map, card: Card) -> str:
    node, box = card.node, card.box
    quiet = " quiet" if node.arn in found.administrators else ""
    longest = (_STORE_LENGTH if node.kind == "repository" else _NAME_LENGTH) - (not card.roomy)
    title = "; ".join([f"{node.kind} {node.label}", *_phrases_of(found, node.arn)])
    x, y = box.x + 34, box.middle + (-2 if card.roomy else 4)
    parts = [
        f'<g class="card {node.kind}{quiet}" data-arn="{escape(node.arn)}">',
        f"<title>{escape(title)}</title>",
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" ',
        f'height="{box.height:.1f}" rx="7"/>',
        _ICONS[node.kind].format(x=box.x + 10, y=box.middle - 8),
        f'<text class="name" x="{x:.1f}" y="{y:.1f}">{escape(_short(node.name, longest))}</text>',
    ]
    if card.roomy:
        under = escape(_under(found, card))
        parts.append(f'<text class="soft small" x="{x:.1f}" y="{y + 15:.1f}">{under}</text>')
    return "".join([*parts, "</g>"])


def _phrases_of(found: Map, arn: str) -> list[str]:
    if arn in found.administrators:
        return [words.ADMINISTRATOR]
    return [words.phrase(mark) for mark in words.single_marks(found) if mark.arn == arn]


def _under(found: Map, card: Card) -> str:
    """The second line of a card: what it is, or how widely it agrees."""
    node = card.node
    if node.arn in found.administrators:
        return f"{node.kind} · allowed everything"
    marks = [mark for mark in words.single_marks(found) if mark.arn == node.arn]
    letting = next((words.brief(mark) for mark in marks if mark.side == "resource"), "")
    return letting or " · ".join([node.kind, *(words.brief(mark) for mark in marks[:1])])


def _short(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    tail = longest // 3
    return f"{name[: longest - tail - 1]}…{name[-tail:]}"


# Drawn in a square of 16.
_ICONS = {
    "user": (
        '<g class="icon" transform="translate({x:.1f} {y:.1f})"><circle cx="8" cy="5" r="3.2"/>'
        '<path d="M1.8 14.5c.6-3.6 3-5.2 6.2-5.2s5.6 1.6 6.2 5.2z"/></g>'
    ),
    "role": (
        '<g class="icon" transform="translate({x:.1f} {y:.1f})">'
        '<path d="M8 1.2 14 3.6v4.2c0 3.6-2.4 6-6 7.2-3.6-1.2-6-3.6-6-7.2V3.6z"/>'
        '<path class="cut" d="M5.2 8l2 2 3.6-4"/></g>'
    ),
    "repository": (
        '<g class="icon" transform="translate({x:.1f} {y:.1f})">'
        '<path d="M8 1l6.500 3.300v7.400L8 15l-6.5-3.3V4.3z"/>'
        '<path class="cut" d="M1.500 4.300 8 7.600l6.500-3.300M8 7.600V15"/></g>'
    ),
}


# -- edges -----------------------------------------------------------------------------------


def _edges(found: Map, placed: Layout, changed: Collection[str]) -> Iterator[str]:
    crossing = sum(_joined(path) for path in placed.paths)
    radius = _SMALL_BADGE if crossing > _SMALL_OVER else _BADGE
    joints = [on(path.route.curve, path.route.joint) for path in placed.paths if _joined(path)]
    labels = _Labels(joints) if len(placed.paths) <= _LABELS_UP_TO else None
    if len(placed.stubs) <= _LABELS_UP_TO:
        for stub in placed.stubs:
            yield _stub(found, stub, radius)
    for path in placed.paths:
        yield _edge(found, path, radius, labels, changed)


def _joined(path: Path) -> bool:
    """Whether two accounts meet on it."""
    line = path.line
    if isinstance(line, Bundle):
        return any(edge.crosses for edge in line.edges)
    return line.crosses


def _quiet(path: Path) -> bool:
    return isinstance(path.line, Bundle) or path.line.blanket


def _edge(
    found: Map, path: Path, radius: float, labels: _Labels | None, changed: Collection[str]
) -> str:
    line, route = path.line, path.route
    full = isinstance(line, Bundle) or line.full
    classes = ["edge", line.relation]
    classes += ["quiet"] if _quiet(path) else []
    classes += [] if full else ["half"]
    keys = [edge.key for edge in line.edges] if isinstance(line, Bundle) else [line.key]
    classes += ["changed"] if any(key in changed for key in keys) else []
    label = words.spoken(found, line)
    parts = [
        f'<g class="{" ".join(classes)}" data-key="{escape(line.key, quote=True)}" '
        f'data-ends="{escape(_ends(line), quote=True)}" aria-label="{escape(label, quote=True)}">'
        f"<title>{escape(label)}</title>",
        f'<path class="near" d="{_d(route)}"/>',
    ]
    if not _joined(path):
        parts.append(f'<path class="line" d="{_d(route)}"/>{_head(route)}')
        where = on(route.curve, 0.5) if line.relation == "can-pull" else None
    else:
        caller = isinstance(line, Bundle) or line.caller_agrees
        resource = isinstance(line, Bundle) or line.resource_agrees
        parts += [
            _half(route, caller, first=True),
            _half(route, resource, first=False),
            _head(route, hollow=not resource),
            _badge(route, radius, caller, resource),
        ]
        where = on(route.curve, route.joint)
    if labels is not None and where is not None and not _quiet(path):
        lift = radius if _joined(path) else 0
        text = words.verb(line.relation)
        if isinstance(line, Edge) and not line.full:
            text = words.missing(line)
        parts.append(labels.put(text, (where[0], where[1] - lift - 7)))
    return "".join([*parts, "</g>"])


def _ends(line: Edge | Bundle) -> str:
    if isinstance(line, Bundle):
        return " ".join([line.source, *(edge.target for edge in line.edges)])
    return f"{line.source} {line.target}"


def _stub(found: Map, stub: Stub, radius: float) -> str:
    title = f"{found.by_arn[stub.mark.arn].label} {words.phrase(stub.mark)}"
    return (
        f'<g class="stub half {stub.mark.relation}" '
        f'data-ends="{escape(stub.mark.arn, quote=True)}"><title>{escape(title)}</title>'
        + _half(stub.route, False, first=True)
        + _half(stub.route, True, first=False)
        + _badge(stub.route, radius, False, True)
        + "</g>"
    )


class _Labels:
    """Words beside edges, as long as they cover neither each other nor a joint."""

    def __init__(self, joints: Iterable[Point]) -> None:
        self._taken = list(joints)

    def put(self, text: str, place: Point) -> str:
        if any(abs(place[0] - x) < 48 and -13 < y - place[1] < 13 for x, y in self._taken):
            return ""
        self._taken += [place, (place[0], place[1] + 15)]
        return f'<text class="label" x="{place[0]:.1f}" y="{place[1]:.1f}">{text}</text>'


def _d(route: Route) -> str:
    (a, _), (c, d), (e, f), (g, h) = route.curve
    text = f"M{route.start[0]:.1f} {route.start[1]:.1f}"
    if route.start != route.curve[0]:
        text += f"H{a:.1f}"
    text += f"C{c:.1f} {d:.1f} {e:.1f} {f:.1f} {g:.1f} {h:.1f}"
    return text if route.end == route.curve[3] else f"{text}H{route.end[0]:.1f}"


def _half(route: Route, agrees: bool, *, first: bool) -> str:
    """The part of an edge before or behind its joint (the curve cut by de Casteljau)."""
    kind = "line" if agrees else "missing"
    p, t = route.curve, route.joint
    ab, bc, cd = (_between(p[i], p[i + 1], t) for i in range(3))
    abc, bcd = _between(ab, bc, t), _between(bc, cd, t)
    middle = _between(abc, bcd, t)
    if first:
        points, lead, tail = (p[0], ab, abc, middle), route.start, middle
    else:
        points, lead, tail = (middle, bcd, cd, p[3]), middle, route.end
    half = Route(start=lead, curve=points, end=tail)
    return f'<path class="{kind}" d="{_d(half)}"/>'


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _head(route: Route, hollow: bool = False) -> str:
    """The arrow's head; edges end level."""
    x, y = route.end
    back = -8 if route.curve[2][0] <= route.curve[3][0] else 8
    kind = "head hollow" if hollow else "head"
    return f'<path class="{kind}" d="M{x:.1f} {y:.1f}l{back} -4.500v9z"/>'


def _badge(route: Route, radius: float, caller: bool, resource: bool) -> str:
    """Two half-discs: the caller's account and the resource's. They touch when both agree."""
    x, y = on(route.curve, route.joint)
    apart = 1.0 if caller and resource else 4.0
    swapped = route.curve[0][0] > route.curve[3][0]  # the caller stands on the right
    left, right = (resource, caller) if swapped else (caller, resource)
    discs = (
        f'<path class="{"agreed" if left else "open"}" '
        f'd="M{x - apart:.1f} {y - radius:.1f}a{radius} {radius} 0 0 0 0 {2 * radius}z"/>'
        f'<path class="{"agreed" if right else "open"}" '
        f'd="M{x + apart:.1f} {y - radius:.1f}a{radius} {radius} 0 0 1 0 {2 * radius}z"/>'
    )
    return f'<circle class="hole" cx="{x:.1f}" cy="{y:.1f}" r="{radius + apart:.1f}"/>{discs}'


def _legend(y: float) -> str:
    """What the signs mean."""
    return (
        f'<g class="legend" transform="translate(14 {y:.0f})" aria-hidden="true">'
        '<g class="can-assume"><path class="line" d="M0 8h34"/>'
        + _badge(_level(17), 6, True, True)
        + '</g><text x="42" y="12">both accounts agree</text>'
        '<g class="can-assume half"><path class="line" d="M172 8h17"/>'
        '<path class="missing" d="M189 8h17"/>'
        + _badge(_level(189), 6, True, False)
        + '</g><text x="214" y="12">one agrees, the other not yet</text>'
        '<g class="can-assume quiet"><path class="line" d="M396 8h30"/></g>'
        '<text x="434" y="12">no one named: a “*”, a whole account</text></g>'
    )


def _level(x: float) -> Route:
    curve = ((x - 1, 8.0), (x, 8.0), (x, 8.0), (x + 1, 8.0))
    return Route(start=curve[0], curve=curve, end=curve[3])
