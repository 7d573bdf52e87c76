"""axe-core on what our outputs draw: no serious violation, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser import jupyterlab
from tests.browser.jupyterlab import PANEL
from tests.tools import npm_installed

Finding = dict[str, str]

# Our outputs alone: JupyterLab's own page has findings of its own. So have the links that it makes
# of addresses in plain text: they are not underlined, and those are its colours.
_RUN = f"""
async () => {{
    const found = await axe.run(
        {{ include: [['{PANEL} .jp-OutputArea-output']] }},
        {{ resultTypes: ['violations'] }});
    if (![...found.passes, ...found.violations].some(rule => rule.id === 'color-contrast'))
        throw new Error('axe-core has judged no colour: something covers the outputs');
    const theirs = (rule, node) => rule.id === 'link-in-text-block'
        && document.querySelector(node.target[0]).matches('.jp-RenderedText a');
    return found.violations.flatMap(rule => rule.nodes
        .filter(node => !theirs(rule, node))
        .map(node => ({{ rule: rule.id, impact: rule.impact, html: node.html.slice(0, 300),
            why: node.failureSummary }})));
}}
"""
# JupyterLab makes a cell when the window comes near it; the browser draws it in the window alone.
_DRAWN = f"""
() => {{
    document.querySelector('{PANEL} .jp-WindowedPanel-outer').scrollTop = 0;
    const outputs = [...jupyterapp.shell.currentWidget.content.model.cells]
        .reduce((sum, cell) => sum + (cell.outputs?.length ?? 0), 0);
    const made = [...document.querySelectorAll('{PANEL} .jp-OutputArea-output')];
    return made.length >= outputs && made.every(output =>
        output.checkVisibility() === output.checkVisibility({{ contentVisibilityAuto: true }}));
}}
"""
_TALLER = 12_000  # than any notebook
# JupyterLab's body has no height, its parts being placed by coordinates, and cuts off what is
# outside of it. Browsers do that at the window's edge; axe-core would find nothing to be visible,
# and judge no colour.
_BODY = "body { height: 100vh; }"


def serious(page: Any) -> list[Finding]:
    """The serious and critical violations in all outputs of the notebook that is shown."""
    with _all_drawn(page):
        return _found(page)


def serious_in_both_schemes(page: Any, screenshot: Path, part: Any = None) -> list[Finding]:
    """The serious and critical violations in the light and in the dark; the page stays as it is.

    screenshot: two are made, "-light" and "-dark" added to the name. part: what they show, by
    default what the window does.
    """
    now, other = jupyterlab.scheme(page), jupyterlab.other_scheme(page)
    for scheme in (now, other):
        jupyterlab.set_scheme(page, scheme)
        (part or page).screenshot(path=screenshot.with_stem(f"{screenshot.stem}-{scheme}"))
    with _all_drawn(page):
        found = _found(page)
        jupyterlab.set_scheme(page, now)
        return found + _found(page)


@contextmanager
def _all_drawn(page: Any) -> Iterator[None]:
    """A window that is taller than the notebook, for as long as axe-core looks."""
    if not page.evaluate("'axe' in window"):
        program = npm_installed(Path(__file__).parent / "axe") / "node_modules/axe-core/axe.min.js"
        # As code and not as a script's address: the page's own policy would refuse that.
        page.evaluate(program.read_text())
    style = page.add_style_tag(content=_BODY)
    usual = page.viewport_size
    page.set_viewport_size({**usual, "height": _TALLER})
    page.wait_for_function(_DRAWN)
    yield
    page.set_viewport_size(usual)
    style.evaluate("style => style.remove()")


def _found(page: Any) -> list[Finding]:
    return [one for one in page.evaluate(_RUN) if one["impact"] in ("serious", "critical")]
