"""`python -m tests.sandbox.corpus --write`: record the sandbox's answers of today."""

from __future__ import annotations

import argparse

from tests.sandbox.corpus.recording import RECORDED, recorded, written
from tests.sandboxes import Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.corpus", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RECORDED.name}")
    asked = parser.parse_args()
    with Sandbox() as sandbox:
        text = written(recorded(sandbox))
    if asked.write:
        RECORDED.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
