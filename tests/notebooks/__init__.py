"""The notebooks of the course: what they say, and what happens when they are run."""

from tests import startup  # noqa: F401 - before anything here imports nbformat
