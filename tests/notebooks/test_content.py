"""What the course promises on paper, held: `make check` runs this.

In the spirit of rustlings' own check: every exercise fails as shipped, every answer passes, three
hints exist, and nothing that a notebook states or links to is wrong.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests import prepared
from tests.notebooks import course_map
from tests.notebooks.cells import ASKS, IDS, PATHS
from tests.notebooks.plain import run_cell
from tests.notebooks.prose import (
    GLOSSARY,
    MAP,
    Term,
    anchors,
    linked,
    links,
    prose,
    spoken,
    terms,
)
from tests.tools import ROOT
from xacct_helpers import course
from xacct_helpers.lab import Lab
from xacct_helpers.lessons.checks import GOALS, WHY, passed
from xacct_helpers.lessons.hints import HINTS

PAGES = [GLOSSARY, MAP]

# -- the exercises ---------------------------------------------------------------------------

# 00 is about the accounts of the first day, which are right as the lab makes them.
NOTHING_TO_DO = {"00"}


def _typed(name: str) -> list[str]:
    """The cells that a learner runs to reach a notebook's goals: the first one, and the answer.

    A notebook that builds nothing (13) breaks the accounts and has them mended: all its cells, but
    for those that are meant to be refused.
    """
    path = next(path for path in PATHS if path.name.startswith(name))
    if not course.tagged(path, "build"):
        code = [cell for cell in course.cells(path) if cell["cell_type"] == "code"]
        return [course.source(c) for c in code if "denied" not in c["metadata"].get("tags", [])]
    opening = next(text for text in course.tagged(path, "build") if "open_lab()" in text)
    return [opening, *(text for text in course.answer(name) if text != opening)]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with prepared.lab() as lab:
        yield lab


# The answer to 09 calls the AWS CLI; the accounts of 13 are broken and mended five times.
LONG = {"09", "13"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in GOALS]
)
def test_every_exercise_fails_as_shipped_and_every_answer_passes(
    name: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where each notebook begins, as catch_up leaves it: its check fails; its answer is run,
    and the check passes."""
    monkeypatch.chdir(course.pristine())
    prepared.begin(lab, max(0, int(name) - 1))
    assert passed(name) == (name in NOTHING_TO_DO)
    names: dict[str, Any] = {}
    for source in _typed(name):
        run_cell(source, names)
    assert passed(name)


def test_every_check_has_three_hints_and_says_why_it_passed() -> None:
    assert set(HINTS) == set(WHY) == set(GOALS) == set(course.checked())
    for name, hints in HINTS.items():
        assert len({*hints}) == 3, name
        assert all(hints), name
        assert course.answer(name), name


def test_every_goal_says_what_to_look_at() -> None:
    for name, goals in GOALS.items():
        for goal in goals:
            assert goal.look_at, name
            assert goal.expects.words, name


# -- what a copy leaves to the learner ----------------------------------------


def _names(text: str, *, stored: bool) -> set[str]:
    """The names that a cell's code gives a value to, or those that it uses."""
    if text.startswith("%%"):
        return set()
    nodes = list(ast.walk(ast.parse(text)))
    found = {
        n.id for n in nodes if isinstance(n, ast.Name) if isinstance(n.ctx, ast.Store) is stored
    }
    if stored:
        found |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
        imports = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
        found |= {alias.asname or alias.name for n in imports for alias in n.names}
    return found


def untold(cells: list[dict[str, Any]]) -> list[str]:
    """What a learner who does as the tasks say could not know: "cell: name" for each name that
    only a cell left to them makes, that a later cell uses, and that neither its task says nor the
    code that they complete."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    found, made = [], set()
    for number, cell in enumerate(code):
        names, task = _names(course.source(cell), stored=True), course.task(cell)
        if task is None:
            made |= names
            continue
        made |= _names(course.given(cell) or "", stored=True)
        used = {n for c in code[number + 1 :] for n in _names(course.source(c), stored=False)}
        missing = sorted(names & used - made)
        found += [f"{cell['id']}: {n}" for n in missing if not re.search(rf"\b{n}\b", task)]
    return found


@pytest.mark.parametrize("path", [p for p in PATHS if p.name[:2] != "13"], ids=IDS[:-1])
def test_a_task_says_every_name_that_later_cells_need(path: Path) -> None:
    """In 13 the answers are alternatives to the learner's own way, and nothing after needs them."""
    assert untold(course.cells(path)) == []


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_every_answer_has_a_task(path: Path) -> None:
    for cell in course.cells(path):
        if "answer" in cell["metadata"].get("tags", []):
            assert course.task(cell), cell["id"]


def tasks(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook that are the learner's to write."""
    return [cell for cell in course.cells(path) if course.task(cell) is not None]


def whole(cell: dict[str, Any]) -> bool:
    """Whether a task is written from its requirement alone."""
    return course.given(cell) is None


def test_learners_write() -> None:
    """At least three tasks in each of 02 to 12, sixty in all; twenty from a requirement alone."""
    count = {path.name[:2]: len(tasks(path)) for path in PATHS}
    assert {name: n for name, n in count.items() if "02" <= name <= "12" and n < 3} == {}
    assert sum(count.values()) >= 60
    assert sum(whole(cell) for path in PATHS for cell in tasks(path)) >= 20


def test_no_two_tasks_ask_the_same() -> None:
    asked = [
        (course.task(cell), course.given(cell))
        for path in PATHS
        for cell in tasks(path)
        if not ASKS.match(course.given(cell) or "")
    ]
    assert len(set(asked)) == len(asked)


def test_every_repair_is_checked() -> None:
    """After "Now break it" the last check of the notebook passes."""
    for path in PATHS:
        code = [cell for cell in course.cells(path) if cell["cell_type"] == "code"]
        checks = [cell for cell in code if f'check("{path.name[:2]}")' in course.source(cell)]
        said = "".join("".join(output.get("text", "")) for output in checks[-1]["outputs"])
        assert "\nPassed: " in said or said.startswith("Passed: "), path.name


def test_the_course_is_short() -> None:
    """Its prose and its tasks, in words."""
    count = sum(words(text) for path in PATHS for _, text in prose(path))
    count += sum(words(str(course.task(cell))) for path in PATHS for cell in tasks(path))
    assert count <= 11_000


def words(text: str) -> int:
    return len(re.findall(r"[A-Za-z0-9][\w'’:/.*-]*", re.sub(r"\]\([^)]*\)", "]", text)))


def test_the_teachers_page_says_what_is_left_to_the_learner() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d\d) \| (\d+) \|", page, re.M))
    assert rows == {path.name[:2]: str(len(tasks(path))) for path in PATHS}


# -- the prose -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_every_notebook_states_what_it_is(path: Path) -> None:
    """Minutes, needs and what it leaves behind; and it catches up to what it needs."""
    said = course_map.opening(path)
    assert 5 <= said.minutes <= 60
    code = "\n".join(course.source(c) for c in course.cells(path) if c["cell_type"] == "code")
    caught_up = re.search(r"^lab\.catch_up\(through=(\d+)\)", code, re.M)
    if caught_up is not None:
        assert said.needs == f"{int(caught_up[1]):02}"


def test_the_map_is_made_from_the_notebooks() -> None:
    assert MAP.read_text(encoding="utf-8") == course_map.written(), "make notebooks rewrites it"


def test_the_readme_states_the_same_minutes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d\d) \| \[.*?\]\(.*?\) \| (\d+) \|", readme, re.M))
    said = {path.name[:2]: str(course_map.opening(path).minutes) for path in PATHS}
    assert {name: rows.get(name) for name in said} == said


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_headings_are_in_order(path: Path) -> None:
    whole = "\n\n".join(text for _, text in prose(path))
    found = re.findall(r"^(#+) \S", re.sub(r"^```.*?^```", "", whole, flags=re.M | re.S), re.M)
    assert found[0] == "#"
    assert set(found[1:]) == {"###"}


def unannounced(path: Path) -> list[str]:
    """The Markdown cells that end in a colon, and what they announce does not follow."""
    found = course.cells(path)
    return [
        cell["id"]
        for cell, after in zip(found, [*found[1:], None], strict=True)
        if cell["cell_type"] == "markdown"
        and course.source(cell).rstrip().endswith(":")
        and (after is None or after["cell_type"] != "code")
    ]


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_what_a_colon_announces_follows(path: Path) -> None:
    assert unannounced(path) == []


def _targets(path: Path) -> list[tuple[str, str, str]]:
    texts = [path.read_text(encoding="utf-8")] if path.suffix == ".md" else []
    if path.suffix == ".ipynb":
        texts = [text for _, text in prose(path)]
    return [(text, words, target) for text in texts for words, target in links(text)]


DOCUMENTS = [
    *PATHS,
    *PAGES,
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for _, words, target in _targets(path):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = path.parent / name if name else path
        assert other.exists(), target
        assert words.strip(), f"a link without words: {target}"
        if not anchor:
            continue
        if other.suffix == ".md":
            found = anchors(other.read_text(encoding="utf-8"))
        else:
            found = set().union(*(anchors(text) for _, text in prose(other)))
        assert anchor in found, target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_picture_has_words(path: Path) -> None:
    """An image has an alternative text; a diagram is followed by what it shows, in words."""
    whole = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        whole = "\n\n".join(text for _, text in prose(path))
    assert not re.search(r"!\[\s*\]\(", whole)
    for image in re.findall(r"<img\b[^>]*>", whole):
        assert re.search(r'\balt="[^"]+"', image), image
    for after in re.findall(r"^```mermaid\n.*?^```\n+(.*)$", whole, re.M | re.S):
        assert after.lstrip().startswith("*In words: "), "a diagram without words"


# -- the glossary ----------------------------------------------------------------------------

TERMS = terms()


def first_use(term: Term) -> tuple[Path, int, str, int | None, int | None]:
    """The first cell of the course that says or links the term: where it does each."""
    for path in PATHS:
        for number, text in prose(path):
            said = term.pattern.search(spoken(text))
            at = linked(text, term)
            if said or at is not None:
                return path, number, text, at, said.start() if said else None
    raise AssertionError(f"no notebook says {term.name}")


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.slug)
def test_each_term_is_linked_where_it_is_first_used(term: Term) -> None:
    path, number, _, at, said = first_use(term)
    assert at is not None, f"cell {number} of {path.name} says it without a link"
    assert said is None or at < said, f"cell {number} of {path.name} links a later use"
    assert term.first == path.name[:2], "the glossary names another notebook"


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.slug)
def test_each_entry_is_two_sentences_under_a_heading_that_links_find(term: Term) -> None:
    meaning = term.text.rpartition(" First in ")[0]
    bare = re.sub(r"`[^`]*`|\([^)]*\)", "x", meaning)
    assert len(re.findall(r"[.!?](?:\s|$)", bare)) == 2, meaning
    assert term.name == term.name.lower(), "JupyterLab's anchors keep capitals, GitHub's do not"


def test_the_glossary_is_in_order_and_says_nothing_twice() -> None:
    names = [term.name for term in TERMS]
    assert names == sorted(names)
    forms = [form.lower() for term in TERMS for form in term.forms]
    assert len(forms) == len(set(forms))
    assert len(TERMS) >= 35


def test_the_content_checks_are_real(tmp_path: Path) -> None:
    """A notebook with one of each slip is complained about for each."""
    notebook = nbformat.read(PATHS[3], as_version=4)
    text = notebook.cells[0]["source"]
    for gone, missing in (
        ("12 minutes", "minutes"),
        ("eeds 02", "needs"),
        ("eaves ", "leaves"),
        ("# 03", "title"),
    ):
        notebook.cells[0]["source"] = text.replace(gone, "")
        broken = tmp_path / PATHS[3].name
        nbformat.write(notebook, broken)
        with pytest.raises(ValueError, match=missing):
            course_map.opening(broken)
    task = next(cell for cell in notebook.cells if cell["id"] == "trust-account")["metadata"]
    task["xacct"]["task"] = "Save it."
    assert untold(notebook.cells) == ["trust-account: trust_account_b"]
    notebook.cells[-1]["source"] += "\nThe code that never comes:"
    nbformat.write(notebook, broken)
    assert unannounced(broken) == ["close"]
    term = next(term for term in TERMS if term.slug == "trust-policy")
    assert linked("A [trust policy](glossary.md#trust-policy)", term) == 2
    assert linked("A [role](glossary.md#trust-policy)", term) is None
    assert term.pattern.search(spoken("# trust policy\n`trust policy` Trust policies")) is not None
    assert term.pattern.search(spoken("# trust policy\n`trust policy`")) is None
    assert anchors("# Two words: `x`\n```\n# no heading\n```") == {"two-words-x"}
