"""The account as a whole: its alias, its summary, everything in it at once.

Source: IAM API Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol.messages import Answer, Call
from ..operation import Operation
from .permissions import permissions
from .through_moto import changes, reads

if TYPE_CHECKING:
    from ...callers import Caller
    from ...store.state import State


def _summary(state: State, call: Call, caller: Caller) -> Answer:
    state.backends.iam.count_holdings(caller.account, state.held(caller.account))
    return state.read(call, caller.account)


OPERATIONS = {
    "GetAccountSummary": Operation(permissions=permissions, perform=_summary),
    **changes("CreateAccountAlias DeleteAccountAlias"),
    **reads("ListAccountAliases GetAccountAuthorizationDetails"),
}
