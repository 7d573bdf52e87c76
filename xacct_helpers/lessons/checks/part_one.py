"""The goals of the notebooks 00 to 06, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...workspace import ACCOUNT_A, ACCOUNT_B
from ..answers import Answer
from ..marked_calls import attempt
from . import on_record, probes
from .goals import ANSWERED, DENIED, OUT_OF_RANGE, SHUT, Expectation, Goal, in_account, session_of
from .probes import REPOSITORY, ROLE_A, ROLE_B, Tries

_PERMISSIONS_OF_A = "the permission policy of account-a-role-name"
_IN_A = "the session of account A's role"


def _chain(tries: Tries) -> Answer:
    """The session of account A's role that B's role gets."""
    return tries.hold(_IN_A, probes.assume(tries, "account-b", ROLE_A))


def _anybody(tries: Tries) -> Answer:
    """A session of account A's role, by whichever way is open: B's role, B's admin or A's own."""
    profiles = ("account-b", "account-b-admin", "account-a")
    return tries.hold(_IN_A, probes.assume_first(tries, profiles, ROLE_A))


def _from_account_b(tries: Tries) -> Answer:
    # The refusal that is shown is the last one's: some-role-name is made in 04 only.
    profiles = ("account-b", "account-b-admin")
    return tries.hold(_IN_A, probes.assume_first(tries, profiles, ROLE_A))


def _pull(tries: Tries) -> Answer:
    return probes.pull(tries.acting(_IN_A, "ecr"))


def _in_a(service: str, make: Callable[[Any], Any]) -> Callable[[Tries], Answer]:
    """A call with the session of account A's role."""
    return lambda tries: attempt(lambda: make(tries.acting(_IN_A, service)))


# -- goals that several notebooks share ------------------------------------------------------

CHAIN = Goal(
    "some-role-name can become account-a-role-name",
    _chain,
    ANSWERED,
    "both halves, A's trust policy and B's permission policy: make the call yourself, and "
    "explain() says which",
)

# A pull policy must not allow these. None of them would do harm if it went through.
_GONE = [{"imageTag": "not-there"}]
_TOO_MUCH = "the permission policy: does an Action or a Resource cover more than the pull?"
NOTHING_ELSE = tuple(
    Goal(text, _in_a(service, make), SHUT, _TOO_MUCH)
    for text, service, make in (
        (
            "… but from no other repository",
            "ecr",
            lambda ecr: ecr.batch_get_image(repositoryName="some-other", imageIds=_GONE),
        ),
        ("… nor push", "ecr", lambda ecr: ecr.initiate_layer_upload(repositoryName=REPOSITORY)),
        (
            "… nor delete an image",
            "ecr",
            lambda ecr: ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=_GONE),
        ),
        (
            "… nor delete a policy",
            "ecr",
            lambda ecr: ecr.delete_repository_policy(repositoryName=REPOSITORY + "-not-there"),
        ),
        ("… nor look around in IAM", "iam", lambda iam: iam.list_roles()),
        (
            "… nor use STS for more",
            "sts",
            lambda sts: sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
        ),
    )
)

_WHOM = "the Principal of the trust policy: whom does it name?"
OTHERS_STAY_OUT = (
    Goal(
        "a stranger (account 333333333333) cannot become it",
        lambda tries: probes.assume(tries, "stranger", ROLE_A),
        DENIED,
        _WHOM,
    ),
    Goal(
        "another one (account 444444444444) cannot become it",
        lambda tries: probes.assume(tries, "management", ROLE_A),
        DENIED,
        _WHOM,
    ),
)

# -- the notebooks ---------------------------------------------------------------------------

_ROLE_B_OR_REFUSED = Expectation(
    "a refusal by a policy, or a session of some-role-name when you are further on",
    lambda answer: answer.denied or session_of(ROLE_B).holds(answer),
    session_of(ROLE_B).found,
)


def _how_account_b_fares(answer: Answer) -> str:
    if answer.ok:
        return "account-b has become some-role-name (you are further on than notebook 00)"
    return "account-b is refused: its role does not exist yet"


_00 = (
    Goal(
        f"account-a answers, and is in account {ACCOUNT_A}",
        lambda tries: probes.identity(tries, "account-a"),
        in_account(ACCOUNT_A),
        "run the first cell again; lab.reset() if that does not help",
    ),
    Goal(
        f"account-b-admin answers, and is in account {ACCOUNT_B}",
        lambda tries: probes.identity(tries, "account-b-admin"),
        in_account(ACCOUNT_B),
        "run the first cell again; lab.reset() if that does not help",
    ),
    Goal(
        _how_account_b_fares,
        lambda tries: probes.identity(tries, "account-b"),
        _ROLE_B_OR_REFUSED,
        "run the first cell again",
    ),
)

_01 = (
    Goal(
        "my-app:v1 is in account A, whole: every digest is right",
        lambda tries: probes.pull(tries.client("account-a", "ecr")),
        ANSWERED,
        "the cells that make the repository and push the image",
    ),
    Goal(
        "account B's administrator cannot pull it",
        lambda tries: probes.get_image(
            tries.client("account-b-admin", "ecr"), registryId=ACCOUNT_A
        ),
        DENIED,
        "the repository policy of my-app (get_repository_policy shows it)",
    ),
)

_02 = (
    Goal(
        "somebody can become account-a-role-name to try it",
        _anybody,
        ANSWERED,
        "whether the role exists, and its trust policy",
    ),
    Goal(
        "the role may log in: ecr:GetAuthorizationToken",
        _in_a("ecr", lambda ecr: ecr.get_authorization_token()),
        ANSWERED,
        "on which Resource the permission policy allows GetAuthorizationToken",
    ),
    Goal(
        "the role may pull my-app:v1, manifest and layers",
        _pull,
        ANSWERED,
        "the actions of the permission policy, and the ARN of the repository in it",
    ),
    *NOTHING_ELSE,
)

_03 = (
    Goal(
        "account B can become account-a-role-name",
        _from_account_b,
        ANSWERED,
        "the Principal of the trust policy of account-a-role-name",
    ),
    *OTHERS_STAY_OUT,
    Goal(
        "and as that role it pulls my-app:v1",
        _pull,
        ANSWERED,
        "the permission policy of notebook 02",
    ),
)

_04 = (
    Goal(
        "some-role-name exists, and account B's administrator can become it",
        lambda tries: probes.identity(tries, "account-b"),
        session_of(ROLE_B),
        "the role some-role-name in account B, and its trust policy",
    ),
    CHAIN,
    Goal(
        "account B's administrator cannot, other than by way of that role",
        lambda tries: probes.assume(tries, "account-b-admin", ROLE_A),
        DENIED,
        "the Principal of A's trust policy: the whole account, or the one role?",
    ),
    *OTHERS_STAY_OUT,
    Goal(
        "and some-role-name may become no other role",
        lambda tries: probes.assume_decoy(tries, "account-b"),
        DENIED,
        "the Resource of its permission policy: one role, or more?",
    ),
)


def _with_evidence(text: str) -> Callable[[Answer], str]:
    """The text of a goal about what was done, which a check that has passed need not see again."""
    return lambda answer: f"{text} ({answer.value})" if answer.value else text


def _on_record(words: str) -> Expectation:
    return Expectation(words, ANSWERED.holds, lambda answer: str(answer.message))


_05 = (
    Goal(CHAIN.text, _chain, ANSWERED, "notebook 04; lab.catch_up(through=4) puts it right"),
    Goal(
        "and is then a principal of account A",
        _in_a("sts", lambda sts: sts.get_caller_identity()),
        session_of(ROLE_A),
        "which role was assumed",
    ),
    Goal("it pulls my-app:v1 and every digest is right", _pull, ANSWERED, _PERMISSIONS_OF_A),
    *NOTHING_ELSE,
    Goal(
        "two hours are refused: role chaining",
        lambda tries: probes.assume(tries, "account-b", ROLE_A, DurationSeconds=7200),
        OUT_OF_RANGE,
        "whether the profile account-b still uses a role",
    ),
    Goal(
        _with_evidence(
            "you did it yourself: you assumed the role, and pulled with what that gave you"
        ),
        on_record.unless_passed("05", on_record.pulled_in_a_chain),
        _on_record(
            "a pull of my-app in the lab's trail, by a session of account-a-role-name that "
            "some-role-name got; what a check or lab.catch_up() calls does not count"
        ),
        "the cells that assume the role and pull with it; a terminal will do as well. The trail "
        "begins anew with the lab and with accounts built from nothing: then do both once more",
    ),
)

_06 = (
    *_04,
    Goal("and the whole chain ends in the image", _pull, ANSWERED, _PERMISSIONS_OF_A),
    Goal(
        _with_evidence(
            "and some-role-name is not the first of its name: it was made anew, and trusted anew"
        ),
        on_record.unless_passed("06", on_record.remade),
        _on_record("a some-role-name that was deleted, and made anew"),
        '"Now break it: the same name, another role", in notebook 06',
    ),
)

GOALS = {"00": _00, "01": _01, "02": _02, "03": _03, "04": _04, "05": _05, "06": _06}
