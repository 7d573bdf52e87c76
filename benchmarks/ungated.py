"""python -m benchmarks.ungated serve …: `xacct serve` whose gate is left out.

Every call that is signed rightly is done, and no permission is asked for. It is the peer of the row
that says what the gate adds to a call, and good for nothing else.
"""

from __future__ import annotations

import sys

from xacct_helpers import cli
from xacct_helpers.sandbox.server import pipeline


def main() -> int:
    """`xacct` with these arguments, without the gate."""
    stages = pipeline.STAGES
    pipeline.STAGES = tuple(stage for stage in stages if stage is not pipeline.authorize)
    assert len(pipeline.STAGES) == len(stages) - 1
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
