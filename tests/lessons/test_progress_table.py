"""progress(), summary() and what a teacher sees: made from what is kept, the same each time."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from tests import kernels, labs
from tests.cli.xacct import xacct
from tests.tools import ROOT, require
from xacct_helpers import LabError, course
from xacct_helpers.course import progress as kept_progress
from xacct_helpers.course.progress import Prediction, Progress
from xacct_helpers.lessons.progress_table import Overview
from xacct_helpers.lessons.summaries import Summary, _page, _rows

OPEN = "from xacct_helpers import open_lab, summary\nlab = open_lab()"
SOME = Progress(
    passed={"00": "2026-11-25T10:00:00+00:00", "01": "2026-11-25T10:00:00+00:00"},
    skipped=("02",),
    predictions=(
        Prediction(notebook="01", cell="a", question=("x", "y"), choice="x", came="", right=True),
        Prediction(notebook="01", cell="b", question=("x", "y"), choice="x", came="", right=False),
    ),
    last="02",
)


def test_the_table_says_the_same_as_text_and_as_html() -> None:
    text, html = repr(Overview(SOME)), Overview(SOME)._repr_html_()
    plain = unescape(re.sub(r"<[^>]+>", " ", html))
    total = len(course.checked())
    for words in (f"2 of {total} checks passed, 1 skipped; 1 of 2 predictions right.",):
        assert words in text
        assert words in plain
    for name, title in ((n, course.titles()[n]) for n in course.checked()):
        assert title in text
        assert title in plain
        assert name in text
    for counted in ("✓ passed", "– skipped", "○ open", "1 of 2 right"):
        assert text.count(counted) == plain.count(counted) > 0
    link = '<a href="03-the-trust-policy.ipynb" style="text-decoration: underline">'
    assert f"Go on with {link}" in html
    assert "2026" not in text + html


def test_every_link_of_it_leads_to_a_notebook() -> None:
    links = set(re.findall(r'href="([^"]+)"', Overview(SOME)._repr_html_()))
    assert links == {path.name for path in course.notebooks() if path.name[:2] in course.checked()}


def test_before_the_beginning_and_after_the_end() -> None:
    assert repr(Overview(Progress())).startswith("Nothing is done yet. Begin with 00")
    assert "<table" not in Overview(Progress())._repr_html_()
    done = Progress(passed=dict.fromkeys(course.checked(), "now"))
    assert "You have been through the whole course." in repr(Overview(done))
    assert "You have been through the whole course." in Overview(done)._repr_html_()


# -- the summary -----------------------------------------------------------------------------


def test_the_summary_is_the_notebooks_own_words() -> None:
    found = Summary(rows=tuple(_rows()))
    assert [title for title, _ in found.rows] == list(course.titles().values())
    for form in (repr(found), re.sub(r"<[^>]+>", "", found._repr_html_()), _page(found)):
        assert "A trust holds an id, not a name." in form
        assert "**" not in form
        assert "](" not in form


@pytest.mark.browser
def test_the_page_fits_one_sheet_of_paper(tmp_path: Path) -> None:
    page, printed = tmp_path / "summary.html", tmp_path / "summary.pdf"
    page.write_text(_page(Summary(rows=tuple(_rows()))), encoding="utf-8")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=require("chromium", "chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page()
        tab.goto(page.as_uri())
        tab.pdf(path=printed, prefer_css_page_size=True)
        browser.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) == 1


@pytest.mark.kernel
def test_it_is_written_beside_the_notebook(tmp_path: Path) -> None:
    with labs.fresh():
        _, (output,) = kernels.run(OPEN, "summary()", folder=tmp_path)
    shown = output["data"]
    assert shown["text/plain"].startswith("Two accounts, one image")
    assert shown["text/html"].count("<dt>") == len(course.notebooks())
    page = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "://" not in page, "nothing is fetched"


@pytest.mark.kernel
def test_the_course_itself_is_not_written_to() -> None:
    _, outputs = kernels.outputs(OPEN, 'summary()\n(lab.folder / "summary.html").exists()')
    assert outputs[-1]["data"]["text/plain"] == "True"
    assert not (ROOT / "notebooks" / "summary.html").exists()


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xacct_helpers.lessons import summaries

    (tmp_path / "summary.html").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabError, match=r"summary\.html cannot be written to .*directory"):
        summaries.summary()


# -- the terminal ----------------------------------------------------------------------------


def keep(folder: Path, progress: Progress) -> Path:
    folder.mkdir(parents=True)
    kept_progress.record(folder, lambda _: progress)
    return folder


def test_status_shows_it(tmp_path: Path) -> None:
    lab = keep(tmp_path / "lab", SOME)
    done = xacct("status", XACCT_LAB=str(lab))
    assert "Progress: 2 of" in done.stdout
    assert "Go on with 03 · Who may become this role?" in done.stdout
    answer = json.loads(xacct("status", "--json", XACCT_LAB=str(lab)).stdout)
    assert answer["progress"] == kept_progress.as_json(SOME)
    assert (answer["endpoint"], answer["kept"]) == (None, False)


def test_status_of_an_unreadable_progress(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "progress.json").write_text("gibberish")
    done = xacct("status", "--json", XACCT_LAB=str(lab))
    assert not any(json.loads(done.stdout)["progress"][key] for key in ("passed", "skipped"))
    assert "cannot be read" in done.stderr


def test_a_class_at_a_glance(tmp_path: Path) -> None:
    keep(tmp_path / "ann" / ".xacct", SOME)
    keep(tmp_path / "bob", Progress(passed=dict.fromkeys(course.checked(), "now")))
    (tmp_path / "cleo").mkdir()
    (tmp_path / "ann" / "my-course").mkdir()
    (tmp_path / "ann" / "my-course" / "00-start-here.ipynb").touch()
    done = xacct("progress", "ann", "bob", "cleo", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    head, ann, bob, cleo = done.stdout.splitlines()
    assert head.split()[:3] == ["learner", "00", "01"]
    assert ann.split()[1:5] == ["✓", "✓", "–", "·"]
    assert ann.endswith("1 of 2       03")
    assert bob.endswith("finished")
    assert cleo.endswith("no lab here")
    answer = json.loads(xacct("progress", "--json", "ann", "cleo", cwd=tmp_path).stdout)
    assert answer[0]["progress"] == kept_progress.as_json(SOME)
    assert answer[1] == {"learner": "cleo", "progress": None}
    answer = json.loads(xacct("progress", "--json", "ann/my-course", cwd=tmp_path).stdout)
    assert answer[0]["progress"] == kept_progress.as_json(SOME), "the lab beside the course"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = xacct("progress", "nobody", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "xacct: There is no folder nobody.\n")
