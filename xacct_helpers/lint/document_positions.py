"""Where each element of a document stands in its text."""

from __future__ import annotations

from .json_text import Path, read


class Places:
    """Where each element of a JSON text begins: a member at its name, an item at itself.

    A lone statement has the paths of a list of one, as in `policy`.
    """

    def __init__(self, text: str) -> None:
        self._offsets: dict[str, int] = {}
        #: The first element that is given twice, and where.
        self.twice: tuple[str, int] | None = None
        named: set[Path] = set()
        for element in read(text)[0]:
            if not element.is_name:
                self._add(element.path, element.start)
                if element.token == "{" and element.path == ("Statement",):
                    self._add(("Statement", 0), element.start)
                continue
            path = (*element.path, element.name)
            if path in named:
                self.twice = self.twice or (_joined(path), element.start)
            named.add(path)
            self._add(path, element.start)

    def at(self, path: str) -> int:
        """Where an element begins; for one that is missing, what it is missing from."""
        while path and path not in self._offsets:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._offsets.get(path, 0)

    def _add(self, path: Path, offset: int) -> None:
        self._offsets.setdefault(_joined(path), offset)


def _joined(path: Path) -> str:
    """The path as findings write it: Statement[0].Action"""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")
