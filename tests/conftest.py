"""What holds for the tests of every part."""

import os

from hypothesis import settings

from tests.tools import ROOT

# With the other caches, not in a visible place of its own; before Hypothesis first looks.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))

# Hypothesis's own settings (on CI these draw the same examples each time), but no deadline for one
# example: a busy machine is no fault of the code.
settings.register_profile("xacct", settings(deadline=None))
settings.load_profile("xacct")
