"""Run texts of `aws` commands as they are pasted into a terminal, quickly.

bash reads the text, and tells each command's words; the AWS CLI then runs them in a fork, as
tests.forking tells. What the lab's own launcher of `aws` does is tested in tests/lab.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import islice

from tests.forking import Fork
from xacct_helpers.lab import Lab

# Each call is told as the number of its words, and the words.
_TELL = 'aws() { printf \'%s\\0\' "$#" "$@"; }\n'


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `aws` command of a text, as bash gives them to the program."""
    told = subprocess.run(["bash", "-c", _TELL + text], capture_output=True, text=True, check=True)
    words = iter(told.stdout.split("\0"))
    while count := next(words):
        yield list(islice(words, int(count)))


def run(lab: Lab, text: str) -> None:
    """Run every command of a text in a lab; each must succeed."""
    environment = {**os.environ, "HOME": str(lab.folder / "home")}
    found = list(commands(text))
    assert found
    for arguments in found:
        with tempfile.TemporaryFile("w+") as errors:
            process = Fork(arguments, environment, errors, module="awscli")
            said, _ = process.communicate()
            errors.seek(0)
            assert process.returncode == 0, said + errors.read()
