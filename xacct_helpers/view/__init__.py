"""What a learner looks at. Everything here has a text form that says the same."""

from .denial import Denial, explain

__all__ = ["Denial", "explain"]
