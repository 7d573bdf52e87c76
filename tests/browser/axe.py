"""axe-core on what our outputs draw: no serious violation, in the light and in the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.jupyterlab import PANEL
from tests.tools import npm_installed

# Our outputs alone: JupyterLab's own page has findings of its own. So have the links that it makes
# of addresses in plain text: they are not underlined, and those are its colours.
_RUN = f"""
async () => {{
    const found = await axe.run(
        {{ include: [['{PANEL} .jp-OutputArea-output']] }},
        {{ resultTypes: ['violations'] }});
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


def serious(page: Any) -> list[dict[str, str]]:
    """The serious and critical violations in all outputs of the notebook that is shown.

    For as long as axe-core looks, the window is taller than the notebook.
    """
    program = npm_installed(Path(__file__).parent / "axe") / "node_modules/axe-core/axe.min.js"
    # As code and not as a script's address: the page's own policy would refuse that.
    page.evaluate(program.read_text())
    page.add_style_tag(content=_BODY)
    usual = page.viewport_size
    page.set_viewport_size({**usual, "height": _TALLER})
    page.wait_for_function(_DRAWN)
    found: list[dict[str, str]] = page.evaluate(_RUN)
    page.set_viewport_size(usual)
    return [one for one in found if one["impact"] in ("serious", "critical")]
