"""The only folder that knows moto's insides.

Calls that moto performs are dispatched to its response classes; everything else here reads the
state moto keeps, in the plain values of records.py, for the modules that decide. What moto does not
do as AWS does (ids of users, times, digests, image sizes, permissions boundaries of users) is
mended here. Source: moto 5.2.5, moto/iam, moto/ecr, moto/core/responses.py.
"""

from __future__ import annotations

from typing import Any

from ...aws.regions import DEFAULT_REGION
from ..clock import Clock
from ..protocol.errors import ApiError
from ..protocol.messages import Answer, Call
from ..records import AccessKey
from .dispatch import dispatch
from .ecr import Ecr
from .iam import Iam
from .ids import Ids
from .managed import PREFIX, AwsManaged
from .moto_imports import BackendDict, iam_backend
from .patches import mend
from .service_linked import ServiceLinkedRoles
from .snapshot import Form, compact, contents

__all__ = ["ADMINISTRATOR", "ADMIN_USER", "Backends"]

ADMINISTRATOR = f"{PREFIX}AdministratorAccess"
ADMIN_USER = "admin"
_NAMES = (
    "RoleName",
    "UserName",
    "GroupName",
    "PolicyName",
    "PolicyArn",
    "InstanceProfileName",
    "repositoryName",
)
_PREFIXES = {"CreateUser": "AIDA", "CreateGroup": "AGPA", "CreateInstanceProfile": "AIPA"}
_REINDEX = frozenset(
    {"CreateRole", "DeleteRole", "AddUserToGroup", "RemoveUserFromGroup"}
    | {f"{verb}{kind}" for verb in ("Create", "Update", "Delete") for kind in ("User", "Group")}
)


class Backends:
    """moto's accounts, made to behave: ids from names, the lab's clock, nothing validated twice.

    moto keeps its state in module globals, so a process holds one Backends at a time.
    """

    def __init__(self, seed: bytes, clock: Clock) -> None:
        self._ids = Ids(seed)
        self._managed = AwsManaged(self._ids)
        self.iam = Iam(self._managed)
        self.ecr = Ecr(clock)
        self.service_linked = ServiceLinkedRoles(self._ids, self._managed, self.iam)
        self._put_back = mend(self._ids, clock, self.iam)
        self._seeded: dict[str, Any] = {}

    def close(self) -> None:
        """Leave moto in this process as it was before: empty, and behaving as moto does."""
        self._put_back()
        self._ids.close()
        BackendDict.reset()

    def reset(self) -> None:
        """Empty accounts, as if nothing had ever been made."""
        BackendDict.reset()
        for part in (self._ids, self._managed, self.iam, self.service_linked):
            part.clear()

    def intact(self) -> bool:
        """Whether moto still has the accounts, which its own reset would have emptied."""
        return all(iam_backend(account) is seeded for account, seeded in self._seeded.items())

    def seed_account(self, account: str, secret: str) -> AccessKey:
        """The account's administrator: a user with AWS's AdministratorAccess and one key."""
        backend = self._seeded[account] = iam_backend(account)
        self._managed.load(account, ADMINISTRATOR)
        self._ids.begin(account, "CreateUser", ADMIN_USER)
        self._ids.prefix = "AIDA"
        backend.create_user(DEFAULT_REGION, ADMIN_USER)
        backend.attach_user_policy(ADMINISTRATOR, ADMIN_USER)
        self._ids.begin(account, "CreateAccessKey", ADMIN_USER)
        self._ids.given = secret
        key = backend.create_access_key(ADMIN_USER)
        return AccessKey(
            access_key_id=key.access_key_id,
            secret=key.secret_access_key,
            account=account,
            user_name=ADMIN_USER,
            active=True,
        )

    def new_id(self, account: str, operation: str, name: str, prefix: str, size: int = 17) -> str:
        """A unique id of IAM's form for what moto does not make; the same on replay."""
        self._ids.begin(account, operation, name)
        return prefix + self._ids.letters(size)

    def perform(self, call: Call, account: str, *, secret: str | None = None) -> Answer:
        """What moto answers. secret: given back to a replayed CreateAccessKey.

        Raises ApiError with moto's code and text when moto refuses.
        """
        name = next((str(call.params[k]) for k in _NAMES if k in call.params), "")
        making = call.operation.startswith(("Create", "Put"))
        self._ids.prefix = _PREFIXES.get(call.operation, "AIDA")
        self._ids.given = secret
        if making:
            self._ids.begin(account, call.operation, name)
        if call.service == "iam":
            self._load_for(call, account)
        try:
            answer = dispatch(call, account)
        except ApiError:
            if making:
                self._ids.undo(account, call.operation, name)
            raise
        finally:
            self._ids.given = None
            if call.operation in _REINDEX:
                self.iam.look_again(account)
        return answer

    def _load_for(self, call: Call, account: str) -> None:
        for parameter in ("PolicyArn", "PermissionsBoundary"):
            arn = str(call.params.get(parameter, ""))
            if arn.startswith(PREFIX):
                self._managed.load(account, arn)
        if call.operation == "ListPolicies" and call.params.get("Scope") != "Local":
            self._managed.load_all(account)

    def describe(self, account: str, form: Form = compact) -> dict[str, Any]:
        """Everything an account holds but times and secrets: what two labs are compared by.

        form: how a policy document is written; by default as it is.
        """
        return contents(self.iam, self.ecr, account, form)
