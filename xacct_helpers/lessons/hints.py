"""Three hints for each check: where to look, which rule, and the answer, folded.

The answer's code is that of the pristine notebook: it has one home, and the tests run it.
"""

from __future__ import annotations

import re
from html import escape

from .. import course
from .checks import named
from .display import show

HINTS: dict[str, tuple[str, str, str]] = {
    "00": (
        "Which of the three profiles does the check complain about?",
        "account-a and account-b-admin are users that the lab made; they always answer.",
        "Run the first cell (open_lab) again. If that does not help: lab.reset().",
    ),
    "01": (
        "Is the repository there, does it hold a tag v1, and is there a policy on the repository?",
        "An explicit deny in a repository policy stops even the owner; an allow lets account B in.",
        'ecr_a.delete_repository_policy(repositoryName="my-app") takes the policy away; '
        'push_image(ecr_a, "my-app", "v1", build_image(…)) puts the image there.',
    ),
    "02": (
        "Which of the two fails, the login or the pull?",
        'GetAuthorizationToken works on Resource "*" only; all others on the repository\'s ARN.',
        'Two statements: ecr:GetAuthorizationToken on "*"; ecr:BatchGetImage and '
        "ecr:GetDownloadUrlForLayer on arn:aws:ecr:us-east-1:111111111111:repository/my-app.",
    ),
    "03": (
        "What does the trust policy's Principal say, and does it say more than account B?",
        'An account id as principal invites that account; "*" invites every account there is.',
        '"Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole", Effect "Allow".',
    ),
    "04": (
        "Two documents, in two accounts. Make the call yourself: which one does explain() miss?",
        "A's trust policy names B's role as Principal; B's permission policy names A's role as "
        "Resource.",
        "In A: Principal arn:aws:iam::222222222222:role/some-role-name. In B, on some-role-name: "
        "Allow sts:AssumeRole on arn:aws:iam::111111111111:role/account-a-role-name.",
    ),
    "05": (
        "Does the chain break before A's role is reached, or after?",
        "Before: see the hints of 04. After: the permission policy of account-a-role-name. "
        "Nowhere? Then it is your own pull that is missing: the check looks for it in the lab's "
        "trail.",
        "sts.assume_role with the profile account-b, a boto3.Session from the three strings, and "
        "pull_image with its ECR client: yours must be in the trail, a check's do not count.",
    ),
    "06": (
        "If it worked before you made some-role-name anew: is it still the same role?",
        "A trust policy holds the principal's unique id. A role made anew has another one.",
        "Delete some-role-name, make it anew, and save A's trust policy again, with the ARN in it: "
        "AWS looks up who has the name now. Is it made anew already? Then only the last cell.",
    ),
    "07": (
        "Which of the four calls does the check complain about: right word, wrong word, no word?",
        "A condition on a key that the call does not have is false, unless its operator ends in "
        "IfExists.",
        'Principal {"AWS": "333333333333"}, Condition {"StringEquals": {"sts:ExternalId": '
        '"customer-4711"}}.',
    ),
    "08": (
        "Is it a session that is too short, or one that may too much or too little?",
        "A role's MaxSessionDuration is an hour by default; a chain never gets more.",
        'update_role(RoleName="some-role-name", MaxSessionDuration=43200); and take a leftover '
        "AWSRevokeOlderSessions away.",
    ),
    "09": (
        "Which profile does the check complain about, and does it exist? Names are case-sensitive.",
        "A profile that assumes a role needs role_arn, source_profile or credential_source, and a "
        "region of its own.",
        "aws configure set --profile pull-from-a source_profile account-b, and role_arn, "
        "role_session_name, region in the same way.",
    ),
    "10": (
        'Does the refusal say "identity-based" or "resource-based"? Look at that half.',
        "Without an assumed role the caller stays a principal of account B: A's repository policy "
        "names B's role, and B's role is allowed the pull on A's repository.",
        'In A: set_repository_policy with Principal {"AWS": "arn:aws:iam::222222222222:role/'
        'cluster-node"}, Action ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, no Resource.',
    ),
    "11": (
        "Is it about the machine, which pulls, or about the Pod, whose program has a role?",
        "The machine: cluster-node may assume A's role, and A trusts cluster-node. The Pod: a "
        "condition on aud, and one on sub.",
        '"Condition": {"StringEquals": {"ISSUER:aud": "sts.amazonaws.com", "ISSUER:sub": '
        '"system:serviceaccount:default:my-app"}}, ISSUER being lab.oidc_issuer without https://.',
    ),
    "12": (
        "Is it something the auditor cannot do and should, or can and should not?",
        'cloudtrail:LookupEvents works on Resource "*" only; calls about a role on its ARN.',
        'Two statements: cloudtrail:LookupEvents on "*"; iam:GetRole and '
        "iam:SimulatePrincipalPolicy on arn:aws:iam::111111111111:role/*.",
    ),
    "13": (
        "broken.scores() lists what you have mended. What is missing, one fault or two at once?",
        "A game is won when broken.check() passes. The one in which you asked for the answer does "
        "not count; broken.again() plays it once more.",
        "break_accounts(seed=3, faults=2), and the answers of the notebook.",
    ),
}

_given: dict[str, int] = {}


def hint(notebook: str | int, *, answer: bool = False) -> None:
    """The next hint for a notebook's check; each is more specific than the one before.

    The third holds the answer, folded: click it, or press Enter on it. answer=True prints it.
    Raises LabError for a notebook that has no check.
    """
    name = named(notebook)
    if answer:
        print(_answer(name))
        return
    number = min(_given.get(name, 0), len(HINTS[name]) - 1)
    _given[name] = number + 1
    text = f"Hint {number + 1} of {len(HINTS[name])}: {HINTS[name][number]}"
    if number + 1 < len(HINTS[name]):
        print(text)
        return
    paragraphs = [text, *_begins(name)]
    text = "\n".join([*paragraphs, f'The answer is folded: hint("{name}", answer=True) prints it.'])
    html = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    show(text, html + _folded(_answer(name)))


def _begins(name: str) -> list[str]:
    """Where an answer begins that makes something: what is there already AWS does not make again
    (EntityAlreadyExists)."""
    if not re.search(r"\.create_(?!policy_version)", _answer(name)):
        return []
    return [
        f"The answer begins where lab.catch_up(through={course.begins_after(name)}) leaves you, "
        "after the notebook's first cell. Half way already? Run those of its lines that are "
        "missing; or catch up: what you have is put aside, and lab.restore() brings it back."
    ]


def _answer(name: str) -> str:
    return "\n\n".join(course.answer(name))


def _folded(code: str) -> str:
    style = "text-align: left; overflow-x: auto"
    return (
        f'<details><summary>The answer</summary><pre style="{style}"><code>{escape(code)}</code>'
        "</pre></details>"
    )
