"""Imported before anything else (make says `-p tests.startup`), this makes test processes quick.

A process of the tests starts others: kernels, sandboxes, the `aws` command. Where the environment
forbids Python to keep bytecode, as many container images do, each of them compiles all that it
imports, which takes longer than most tests.

jsonschema's check of IRIs builds a parser when it is imported, which takes more than a second, and
nbformat, which nbval's pytest plugin imports, brings jsonschema. From here on it is as if that
checker were not installed, which jsonschema allows for.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
