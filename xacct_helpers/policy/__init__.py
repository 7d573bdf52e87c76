"""IAM's policy evaluation, pure: documents in, a decision with its reasons out.

No I/O, no SDK, no clock; only the standard library. `parse` or `check` a document, put what is
asked into a `Request` and what applies into `Policies`, and `evaluate`.
"""

from .advice.counterfactuals import Counterfactual, counterfactuals
from .advice.explain import Side, refusal, refusal_context, sentences, sides
from .advice.suggest import Suggestion, suggest
from .decide import decide_line
from .evaluation.access_matrix import Answer, Requester, Target, build_request, who_can
from .evaluation.decision import REASONS, Decision, LayerResult, Mismatch, StatementResult
from .evaluation.evaluate import evaluate
from .evaluation.layer_names import LAYER_NAMES
from .evaluation.principals import Principal, PrincipalKind, is_service_linked, refused_to
from .evaluation.request import NamedPolicy, Policies, Request, derived_context
from .language.document import (
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

__all__ = [
    "LAYER_NAMES",
    "REASONS",
    "Answer",
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
    "Requester",
    "Side",
    "Statement",
    "StatementResult",
    "Suggestion",
    "Target",
    "build_request",
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
