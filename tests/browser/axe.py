"""axe-core on what our outputs draw: no serious violation, in the light and in the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tools import npm_installed

# Our outputs alone: JupyterLab's own page has findings of its own.
_RUN = """
async () => {
    const found = await axe.run(
        { include: [['.jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output']] },
        { resultTypes: ['violations'] });
    return found.violations.flatMap(rule => rule.nodes.map(node => ({
        rule: rule.id, impact: rule.impact, html: node.html.slice(0, 300),
        why: node.failureSummary })));
}
"""


def serious(page: Any) -> list[dict[str, str]]:
    """The serious and critical violations in the outputs of the notebook that is shown."""
    program = npm_installed(Path(__file__).parent / "axe") / "node_modules/axe-core/axe.min.js"
    # As code and not as a script's address: the page's own policy would refuse that.
    page.evaluate(program.read_text())
    found: list[dict[str, str]] = page.evaluate(_RUN)
    return [one for one in found if one["impact"] in ("serious", "critical")]
