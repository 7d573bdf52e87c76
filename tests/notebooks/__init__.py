"""The notebooks of the course: what they say, and what happens when they are run."""

import sys

# jsonschema, which nbformat brings, would make a grammar of all IRIs as soon as it is imported:
# most of a second in each process, for a format that no schema of a notebook asks for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
