"""What a learner looks at. Everything here has a text form that says the same."""

from .card import Card, card
from .denial import explain

__all__ = ["Card", "card", "explain"]
