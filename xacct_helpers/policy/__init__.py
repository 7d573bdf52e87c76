"""IAM's policy evaluation, pure: documents in, a decision with its reasons out.

No I/O, no SDK, no clock; only the standard library. `parse` or `check` a document, put what is
asked into a `Request` and what applies into `Policies`, and `evaluate`.
"""

from .counterfactuals import Counterfactual, counterfactuals
from .decide import decide_line
from .decision import REASONS, Decision, LayerResult, Mismatch, StatementResult
from .document import (
    Condition,
    Kind,
    PolicyDocument,
    PolicyError,
    Principals,
    Statement,
    check,
    map_principals,
    parse,
    principal_values,
)
from .evaluate import evaluate
from .explain import Side, refusal, refusal_context, sentences, sides
from .principals import Principal, PrincipalKind, is_service_linked, refused_to
from .request import NamedPolicy, Policies, Request, derived_context
from .suggest import Suggestion, suggest
from .who_can import Answer, Asker, Target, asked, who_can

__all__ = [
    "REASONS",
    "Answer",
    "Asker",
    "Condition",
    "Counterfactual",
    "Decision",
    "Kind",
    "LayerResult",
    "Mismatch",
    "NamedPolicy",
    "Policies",
    "PolicyDocument",
    "PolicyError",
    "Principal",
    "PrincipalKind",
    "Principals",
    "Request",
    "Side",
    "Statement",
    "StatementResult",
    "Suggestion",
    "Target",
    "asked",
    "check",
    "counterfactuals",
    "decide_line",
    "derived_context",
    "evaluate",
    "is_service_linked",
    "map_principals",
    "parse",
    "principal_values",
    "refusal",
    "refusal_context",
    "refused_to",
    "sentences",
    "sides",
    "suggest",
    "who_can",
]
