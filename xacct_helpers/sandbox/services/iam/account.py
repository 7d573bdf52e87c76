"""The account as a whole: its alias, its summary, everything in it at once.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.messages import Answer, Call
from ..operation import Operation
from .entities import EVERYTHING
from .permissions import on
from .through_moto import changes, reads

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def _summary(state: State, call: Call, caller: Caller) -> Answer:
    state.backends.iam.count_holdings(caller.account, state.held(caller.account))
    return state.read(call, caller.account)


OPERATIONS = {
    "GetAccountSummary": Operation(permissions=on(EVERYTHING), perform=_summary),
    **changes(EVERYTHING, "CreateAccountAlias DeleteAccountAlias"),
    **reads(EVERYTHING, "ListAccountAliases GetAccountAuthorizationDetails"),
}
