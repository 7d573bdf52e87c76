"""The access map's layout, picture, table and text; and in a kernel, the widget that follows."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html import unescape
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest

from tests import kernels, prepared
from tests.tools import ROOT
from tests.view.maps import COURSE, WHOLE, A, B, arn, large, told
from xacct_helpers.lab_api.access_map import AccessMap
from xacct_helpers.view.access_map import widget, words
from xacct_helpers.view.access_map.layout import Box, Layout, layout
from xacct_helpers.view.access_map.model import Map, read
from xacct_helpers.view.access_map.svg import svg
from xacct_helpers.view.access_map.widget import Widget, live, still
from xacct_helpers.view.opening import current

SVG = "{http://www.w3.org/2000/svg}"
EMPTY = told([])
BACK = told(COURSE, ["A:role/a assume B:role/b both"])
LOOP = told(COURSE, ["A:role/a assume A:role/a both", "B:role/b assume A:role/a both"])
ROUND = told(
    ["A:role/a", "B:role/b", "C:role/c"],
    [
        "A:role/a assume B:role/b both",
        "B:role/b assume C:role/c both",
        "C:role/c assume A:role/a both",
    ],
)
STACKED = told(
    [*COURSE, "C:role/c"],
    [
        "B:role/b assume A:role/a both",
        "C:role/c assume A:role/a caller",
        "C:role/c assume B:role/b both",
    ],
)
MAPS = {
    "two administrators": EMPTY,
    "the course": WHOLE,
    "nobody trusts anybody": told(COURSE),
    "A's role enters B": BACK,
    "a role that may assume itself": LOOP,
    "round in a circle": ROUND,
    "three accounts": STACKED,
    "a pull across accounts": told(COURSE, ["B:role/b pull A:repository/my-app both"]),
    "A trusts all of B": told(COURSE, [], ["A:role/a assume resource B"]),
    "an administrator that may everything of another account": told(
        [f"A:role/r{at}" for at in range(9)],
        [f"B:user/admin assume A:role/r{at} blanket" for at in range(9)],
    ),
    "each with each": told(
        [f"{one}:role/r{at}" for one in "AB" for at in range(7)],
        [f"B:role/r{at} assume A:role/r{to} both" for at in range(7) for to in range(7)],
    ),
    "many that trust an account": told(
        [f"A:role/r{at}" for at in range(20)],
        [],
        [f"A:role/r{at} assume resource B" for at in range(20)],
    ),
    "200 principals": large(200),
}


@pytest.fixture(params=list(MAPS.values()), ids=list(MAPS))
def found(request: pytest.FixtureRequest) -> Map:
    return read(request.param)


def with_external_id(external_id: str) -> AccessMap:
    """A map of one edge, which takes this external id."""
    found = told(COURSE, ["B:role/b assume A:role/a both"])
    return replace(found, edges=(replace(found.edges[0], external_id=external_id),))


# -- layout ----------------------------------------------------------------------------------


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def apart(one: Box, other: Box) -> bool:
    beside = one.right < other.x or other.right < one.x
    return beside or one.bottom < other.y or other.bottom < one.y


def test_nothing_covers_anything(found: Map) -> None:
    placed = layout(found)
    for one, other in itertools.combinations([frame.box for frame in placed.frames], 2):
        assert apart(one, other)
    for one, other in itertools.combinations([card.box for card in placed.cards], 2):
        assert apart(one, other)
    frames = {frame.account: frame.box for frame in placed.frames}
    page = Box(x=0, y=0, width=placed.width, height=placed.height)
    for card in placed.cards:
        assert inside(card.box, frames[card.node.account])
    assert all(inside(box, page) for box in frames.values())


def test_the_same_map_has_the_same_layout(found: Map) -> None:
    again = Map(found.accounts, found.nodes, found.edges, found.marks)
    assert layout(found) == layout(again)


def test_edges_keep_to_the_page_and_end_at_their_cards(found: Map) -> None:
    placed = layout(found)
    boxes = {card.node.arn: card.box for card in placed.cards}
    for path in placed.paths:
        for x, y in (path.route.start, *path.route.curve, path.route.end):
            assert 0 <= x <= placed.width
            assert 0 <= y <= placed.height
        assert touches(path.route.start, boxes[path.line.source])
        target = getattr(path.line, "target", None)
        assert target is None or touches(path.route.end, boxes[target])


def touches(point: tuple[float, float], box: Box) -> bool:
    return point[0] in (box.x, box.right) and box.y <= point[1] <= box.bottom


def places(placed: Layout) -> dict[str, Box]:
    return {card.node.arn: card.box for card in placed.cards}


def test_who_is_let_in_stands_to_the_right() -> None:
    at = places(layout(read(WHOLE)))
    assert at[arn("B:role/b")].right < at[arn("A:role/a")].x
    assert at[arn("A:role/a")].right < at[arn("A:repository/my-app")].x
    back = places(layout(read(BACK)))
    assert back[arn("A:role/a")].right < back[arn("B:role/b")].x


def test_a_pull_across_accounts_crosses_no_card() -> None:
    placed = layout(read(MAPS["a pull across accounts"]))
    (path,) = placed.paths
    height = path.route.end[1]
    over = [
        card.node.name
        for card in placed.cards
        if card.node.account == A and card.box.y <= height <= card.box.bottom
    ]
    assert over == ["my-app"]


def test_neighbours_are_put_side_by_side() -> None:
    """Ten pairs in opposite orders: no two edges cross."""
    names = [f"{one}:role/r{at}" for one in "AB" for at in range(10)]
    edges = [f"B:role/r{at} assume A:role/r{9 - at} both" for at in range(10)]
    placed = layout(read(told(names, edges)))
    ends = sorted((path.route.start[1], path.route.end[1]) for path in placed.paths)
    assert [end for _, end in ends] == sorted(end for _, end in ends)


def test_an_account_with_nothing_but_an_administrator_is_left_out() -> None:
    assert read(WHOLE).drawn == (A, B)
    assert len(read(ROUND).drawn) == 3


def test_in_a_crowd_those_without_an_edge_are_counted() -> None:
    names = [f"A:role/r{at}" for at in range(30)]
    found = read(told(names, ["A:role/r3 assume A:role/r4 both"]))
    frame = next(one for one in layout(found).frames if one.account == A)
    assert frame.folded == 29, "28 roles and the administrator"
    assert "and 29 more without an edge of their own" in svg(found)
    assert "r29 (A)" in words.text(found)


def test_what_an_administrator_may_is_one_line() -> None:
    names = [f"A:role/r{at}" for at in range(9)]
    few = [f"A:user/admin assume A:role/r{at} blanket" for at in range(3)]
    many = [f"A:user/admin assume A:role/r{at} blanket" for at in range(9)]
    assert len(read(told(names, few)).lines) == 3
    found = read(told(names, many))
    assert len(found.lines) == 1
    listed = ", ".join(f"r{at}" for at in range(9))
    assert f"admin (A) —can assume→ 9 roles of account A: {listed}" in words.text(found)


# -- picture ---------------------------------------------------------------------------------


def test_the_picture_is_well_formed_and_told(found: Map) -> None:
    page = ElementTree.fromstring(svg(found))
    assert page.find(f"{SVG}title").text == words.heading(found)  # type: ignore[union-attr]
    assert page.find(f"{SVG}desc").text == words.text(found)  # type: ignore[union-attr]
    edges = [one for one in page.iter(f"{SVG}g") if "edge" in one.get("class", "").split()]
    assert [one.get("aria-label") for one in edges] == [
        words.spoken(found, line) for line in found.lines
    ]
    assert not [one for one in page.iter() if one.get("id")], "several share a page"


HALVES = [
    ("both", ["line", "line"], ["agreed", "agreed"], "can assume"),
    ("caller", ["line", "missing"], ["agreed", "open"], "A has not agreed"),
    ("resource", ["missing", "line"], ["open", "agreed"], "B has not agreed"),
]


@pytest.mark.parametrize(("agreed", "strokes", "discs", "label"), HALVES)
@pytest.mark.parametrize(("source", "target"), [("B:role/b", "A:role/a"), ("A:role/a", "B:role/b")])
def test_a_half_edge_is_half_drawn(
    source: str, target: str, agreed: str, strokes: list[str], discs: list[str], label: str
) -> None:
    page = ElementTree.fromstring(svg(read(told(COURSE, [f"{source} assume {target} {agreed}"]))))
    (edge,) = [one for one in page.iter(f"{SVG}g") if "edge" in one.get("class", "").split()]
    shapes = [one.get("class") for one in edge.iter(f"{SVG}path")]
    assert [shape for shape in shapes if shape in ("line", "missing")] == strokes
    assert [shape for shape in shapes if shape in ("agreed", "open")] == discs
    swapped = {"A has not agreed": "B has not agreed", "B has not agreed": "A has not agreed"}
    text = swapped.get(label, label) if source.startswith("A") else label
    assert [one.text for one in edge.iter(f"{SVG}text")] == [text]


def test_a_long_name_is_cut_in_the_middle() -> None:
    """The longest name that IAM takes; all of it is in the card's title and in the text."""
    name = "begin" + "-" * 55 + "last"
    found = read(told([f"A:role/{name}"]))
    page = ElementTree.fromstring(svg(found))
    shown = [one.text or "" for one in page.iter(f"{SVG}text") if one.get("class") == "name"]
    [cut] = [one for one in shown if one.startswith("begin")]
    assert re.fullmatch("begin-+…-+last", cut)
    assert len(cut) < len(name)
    assert name in words.text(found)


def test_names_cannot_break_out() -> None:
    page = live(read(with_external_id('"><script>alert(1)</script>')))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# -- words -----------------------------------------------------------------------------------

TEXT = """\
Access map of accounts A and B: 5 principals and 1 repository
admin (B) —can assume→ b (B)
b (B) —can assume→ a (A)
admin (A) —can pull→ my-app (A)
a (A) —can pull→ my-app (A)
Trusts all of account B: b (B)
Allowed everything by its own account: admin (A), admin (B)
Without an edge: bob (B)
Not shown, with an administrator only: account stranger"""
LINES = [
    ("B:role/b assume A:role/a caller", "b (B) —can assume→ a (A); half: B has agreed, A has not"),
    (
        "B:role/b assume A:role/a resource",
        "b (B) —can assume→ a (A); half: A has agreed, B has not",
    ),
    ("B:user/bob pull A:repository/my-app both", "bob (B) —can pull→ my-app (A)"),
]
MARKS = [
    ("A:role/a assume resource B", "Trusts all of account B: a (A)"),
    ("A:role/a assume resource BC", "Trusts all of accounts B and stranger: a (A)"),
    ("A:role/a assume resource everyone", "Trusts anybody: a (A)"),
    ("A:repository/my-app pull resource B", "Lets in all of account B: my-app (A)"),
    (
        "B:role/b assume caller A",
        "Allowed by its own account to assume any role of account A: b (B)",
    ),
    ("B:role/b pull caller everyone", "Allowed by its own account to pull any image: b (B)"),
]


def test_the_text_is_a_line_an_edge() -> None:
    assert words.text(read(WHOLE)) == TEXT


@pytest.mark.parametrize(("edge", "line"), LINES)
def test_a_half_says_whose_it_is(edge: str, line: str) -> None:
    assert line in words.text(read(told(COURSE, [edge]))).splitlines()


@pytest.mark.parametrize(("mark", "line"), MARKS)
def test_agreement_with_everybody_is_said(mark: str, line: str) -> None:
    found = read(told(COURSE, [], [mark]))
    assert line in words.text(found).splitlines()
    name = line.rsplit(": ", 1)[1].split()[0]
    node = next(one for one in found.nodes if one.name == name)
    card = re.search(rf'data-arn="{re.escape(node.arn)}"><title>([^<]*)</title>', svg(found))
    assert card is not None
    assert line.split(":")[0].lower() in card[1].lower()


def test_the_table_says_what_the_text_says(found: Map) -> None:
    plain = unescape(re.sub(r"<[^>]+>", " ", words.table(found)))
    said = set(re.findall(r"[\w.-]+", re.sub(r"—|→|; half:", " ", words.text(found))))
    heading = set(re.findall(r"[\w.-]+", words.heading(found)))
    assert said - heading - {"can"} <= set(re.findall(r"[\w.-]+", plain))


def test_an_external_id_is_said() -> None:
    found = read(with_external_id("customer-1"))
    assert "b (B) —can assume→ a (A), with the external id customer-1" in words.text(found)


CHANGES = [
    ([], ["B:role/b assume A:role/a caller"],
     "Changed: b (B) cannot assume a (A): B has agreed, A has not."),
    (["B:role/b assume A:role/a caller"], ["B:role/b assume A:role/a both"],
     "Changed: b (B) can assume a (A): both accounts have agreed."),
    (["B:role/b assume A:role/a both"], [],
     "Changed: no more: b (B) can assume a (A): both accounts have agreed."),
    (["B:role/b assume A:role/a both"], ["B:role/b assume A:role/a both"], ""),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "said"), CHANGES)
def test_what_has_changed_is_said(before: list[str], after: list[str], said: str) -> None:
    assert words.news(read(told(COURSE, before)), read(told(COURSE, after))) == said


# -- where there is no kernel ----------------------------------------------------------------


def test_without_a_kernel_there_is_no_widget() -> None:
    found = read(WHOLE)
    data, metadata = widget.AccessMap(found)._repr_mimebundle_()
    assert (data, metadata) == ({"text/plain": TEXT, "text/html": still(found)}, {})


@pytest.mark.slow
def test_an_edge_is_explained() -> None:
    """As the browser asks for it; an edge that is gone has no explanation."""
    gone = "<p>This edge is not there any more.</p>"
    with prepared.lab(after=4):
        found = read(current().running.access_map())
        widget = Widget(found)
        key = f"can-assume {arn('B:role/some-role-name')} {arn('A:role/account-a-role-name')}"
        assert key in {line.key for line in found.lines}
        widget._asked(widget, {"why": key}, [])
        assert widget.asked == key
        assert "✓ Allowed: sts:AssumeRole" in widget.why
        for nonsense in ("text", {}, {"why": 7}):
            widget._asked(widget, nonsense, [])
            assert widget.asked == key
        widget.show(read(EMPTY))
        assert (widget.asked, widget.why) == (key, gone)
        widget._asked(widget, {"why": ""}, [])
        assert (widget.asked, widget.why) == ("", "")
        widget.show(found)
        assert widget.why == "", "nothing is asked any more"


# -- in a kernel -----------------------------------------------------------------------------

CELLS = [
    "from xacct_helpers import access_map, open_lab\nimport boto3\nlab = open_lab()\n"
    "lab.catch_up(through=4)",
    "access_map()",
    'iam = boto3.Session(profile_name="account-b-admin").client("iam")\n'
    'for name in iam.list_role_policies(RoleName="some-role-name")["PolicyNames"]:\n'
    '    iam.delete_role_policy(RoleName="some-role-name", PolicyName=name)',
    "lab.clock.advance(minutes=1)",
    "from xacct_helpers import workspace\nworkspace.stop(lab.folder)",
]


@pytest.mark.kernel
def test_in_a_kernel_it_follows_the_accounts() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
    client = kernels.client(notebook, ROOT / "notebooks")
    seen: list[dict[str, Any]] = []

    def after(cell: Any, cell_index: int, **_: Any) -> None:
        states = [one for one in client.widget_state.values() if "content" in one]
        assert len(states) <= 1
        seen.append(dict(states[0]) if states else {})

    client.on_cell_executed = after
    with prepared.lab(after=4):
        client.execute()
    (output,) = notebook.cells[1]["outputs"]
    assert "application/vnd.jupyter.widget-view+json" in output["data"]
    shown = "some-role-name (B) —can assume→ account-a-role-name (A)"
    assert shown in output["data"]["text/plain"].splitlines()
    assert output["data"]["text/html"].startswith(
        '<div class="xacct-map-still"><img alt="Access map'
    )
    assert not seen[1].get("news")
    half = "some-role-name (B) cannot assume account-a-role-name (A): A has agreed, B has not"
    assert seen[2]["news"] == f"Changed: {half}."
    assert half in seen[2]["content"]
    assert seen[3]["content"] == seen[2]["content"].replace(" changed", "")
    assert seen[4]["news"].startswith("This map is as it was before. The sandbox")
    assert [one["output_type"] for cell in notebook.cells[2:] for one in cell["outputs"]] == [
        "execute_result"
    ], "nothing of it is printed"
