"""The broken accounts: that each fault is one, that only a narrow repair passes, and the game."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from typing import Any

import boto3
import nbformat
import pytest

from tests import kernels, prepared
from tests.notebooks.cells import PATHS
from xacct_helpers import LabError, break_accounts, check, explain, open_lab, workspace
from xacct_helpers.course import progress
from xacct_helpers.lab import Lab
from xacct_helpers.lessons.faults import catalogue, game, proving, records
from xacct_helpers.lessons.faults.catalogue import FAULTS, compatible, draw, spoilt
from xacct_helpers.lessons.faults.game import Broken
from xacct_helpers.lessons.faults.proving import NotProved
from xacct_helpers.lessons.faults.world import SOUND, World

BASE = prepared.snapshot(12)
NOTEBOOK = next(path for path in PATHS if path.name.startswith("13-"))


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab of this module's own, as after notebook 12; the environment is put back afterwards."""
    with prepared.lab(after=12) as lab:
        yield lab


@pytest.fixture
def whole(lab: Lab) -> Lab:
    """The lab with whole accounts, and no game on record."""
    Broken().leave()
    lab.running.post("restore", name=BASE)
    lab.clock.followed()
    (lab.folder / records.FILE).unlink(missing_ok=True)
    return lab


# -- the proof -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", FAULTS, ids=lambda number: FAULTS[number].name)
def test_every_kind_is_broken_and_mendable(lab: Lab, number: int) -> None:
    proving.prove(lab, draw(0, number=number), snapshot=BASE)


@pytest.mark.parametrize("seed", range(1, 9))
def test_what_a_seed_draws_is_broken_and_mendable(lab: Lab, seed: int) -> None:
    proving.prove(lab, draw(seed), snapshot=BASE)


@pytest.mark.parametrize("seed", range(6))
def test_two_at_once_are_both_needed(lab: Lab, seed: int) -> None:
    proving.prove(lab, draw(seed, faults=2), snapshot=BASE)


def test_the_proof_refuses_what_is_no_fault(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that breaks nothing, one that is elsewhere, and a world that is too wide."""
    (one,) = draw(0, number=17)
    harmless = FAULTS[17].__class__(**{**_as_dict(FAULTS[17]), "spoil": lambda world, _: world})
    with pytest.raises(NotProved, match="ends with None, not AccessDenied"):
        proving.prove(lab, (catalogue.Drawn(fault=harmless, chance="0"),), snapshot=BASE)
    elsewhere = one.fault.__class__(**{**_as_dict(one.fault), "place": "tools"})
    with pytest.raises(NotProved, match="goes through with everything else"):
        proving.prove(lab, (catalogue.Drawn(fault=elsewhere, chance="0"),), snapshot=BASE)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    wide = World(boundary={"Version": "2012-10-17", "Statement": [everything]})
    monkeypatch.setattr(proving, "SOUND", wide)
    with pytest.raises(NotProved, match="reads nothing in IAM"):
        proving.prove(lab, draw(0, number=20), snapshot=BASE)


def _as_dict(fault: Any) -> dict[str, Any]:
    return {each.name: getattr(fault, each.name) for each in fields(fault)}


# -- drawing ---------------------------------------------------------------------------------


def test_numbers_and_texts_are_whole() -> None:
    assert list(FAULTS) == list(range(1, len(FAULTS) + 1))
    assert len({fault.name for fault in FAULTS.values()}) == len(FAULTS)
    for fault in FAULTS.values():
        assert len(set(fault.hints)) == 3
        assert all([fault.what, fault.shown_by, fault.avoid])


def test_a_seed_is_the_same_each_time_and_each_spoils_something() -> None:
    drawn = {}
    for seed in range(200):
        for faults in (1, 2):
            found = draw(seed, faults=faults)
            assert found == draw(seed, faults=faults)
            assert spoilt(found) == spoilt(found) != SOUND
            assert all(spoilt((one,)) != SOUND for one in found)
            drawn[seed, faults] = found
    assert {one.fault.number for found in drawn.values() for one in found} == set(FAULTS)
    assert all(compatible(*(one.fault for one in drawn[seed, 2])) for seed in range(200))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"seed": "seven"}, "A seed is a whole number"),
        ({"seed": True}, "A seed is a whole number"),
        ({"seed": 1, "faults": 3}, "One fault at once, or two"),
        ({"seed": 1, "number": 0}, "the numbers 1 to 27"),
        ({"seed": 1, "number": "a"}, "the numbers 1 to 27"),
    ],
)
def test_what_cannot_be_drawn(whole: Lab, arguments: dict[str, Any], told: str) -> None:
    before = whole.running.get("fingerprint")
    with pytest.raises(LabError, match=told):
        break_accounts(**arguments)
    assert whole.running.get("fingerprint") == before


# -- repairs, narrow and wide ----------------------------------------------------------------

ROLE_A = "arn:aws:iam::111111111111:role/account-a-role-name"
ROLE_B = "arn:aws:iam::222222222222:role/some-role-name"
NODE = "arn:aws:iam::222222222222:role/cluster-node"
REPOSITORY = "arn:aws:ecr:us-east-1:111111111111:repository/my-app"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
WORD = {"StringEquals": {"sts:ExternalId": "customer-4711"}}


def client(profile: str, service: str = "iam") -> Any:
    return boto3.Session(profile_name=profile).client(service)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
    )


def trust(*statements: dict[str, Any]) -> None:
    text = policy(*({"Action": "sts:AssumeRole", **one} for one in statements))
    client("account-a").update_assume_role_policy(
        RoleName="account-a-role-name", PolicyDocument=text
    )


DEPLOYMENT = {"Principal": {"AWS": ROLE_B}, "Condition": WORD}
CLUSTER = {"Principal": {"AWS": NODE}}


def trust_as_it_was() -> None:
    trust(DEPLOYMENT, CLUSTER)


def trust_written_differently() -> None:
    """Equivalent: the account, narrowed to the role, with another operator for the word."""
    condition = {
        "StringLike": {"sts:ExternalId": ["customer-4711"]},
        "ArnEquals": {"aws:PrincipalArn": ROLE_B},
    }
    trust({"Principal": {"AWS": "222222222222"}, "Condition": condition}, CLUSTER)


def trust_star() -> None:
    trust({"Principal": "*"}, CLUSTER)


def trust_star_with_the_word() -> None:
    trust({"Principal": "*", "Condition": WORD}, CLUSTER)


def trust_account() -> None:
    trust({"Principal": {"AWS": "222222222222"}, "Condition": WORD}, CLUSTER)


def trust_without_the_word() -> None:
    trust({"Principal": {"AWS": ROLE_B}}, CLUSTER)


def trust_any_customer() -> None:
    condition = {"StringLike": {"sts:ExternalId": "customer-*"}}
    trust({"Principal": {"AWS": ROLE_B}, "Condition": condition}, CLUSTER)


def trust_the_deployment_only() -> None:
    trust(DEPLOYMENT)


def permission(resource: str, action: str = "sts:AssumeRole") -> None:
    client("account-b-admin").put_role_policy(
        RoleName="some-role-name",
        PolicyName="assume-account-a",
        PolicyDocument=policy({"Action": action, "Resource": resource}),
    )


def permission_as_it_was() -> None:
    permission(ROLE_A)


def permission_under_another_name() -> None:
    client("account-b-admin").put_role_policy(
        RoleName="some-role-name",
        PolicyName="mine",
        PolicyDocument=policy({"Action": "sts:Assume*", "Resource": [ROLE_A]}),
    )


def permission_star() -> None:
    permission("*", "*")


def permission_any_role() -> None:
    permission("arn:aws:iam::*:role/*")


def permission_any_role_of_a() -> None:
    permission("arn:aws:iam::111111111111:role/*")


def boundary(*statements: dict[str, Any]) -> None:
    client("account-b-admin").create_policy_version(
        PolicyArn="arn:aws:iam::222222222222:policy/limits",
        PolicyDocument=policy(*statements),
        SetAsDefault=True,
    )


def boundary_narrow() -> None:
    boundary({"Action": ["ecr:*"], "Resource": "*"}, {"Action": "sts:*", "Resource": ROLE_A})


def boundary_star() -> None:
    boundary({"Action": "*", "Resource": "*"})


def boundary_gone() -> None:
    client("account-b-admin").delete_role_permissions_boundary(RoleName="some-role-name")


def boundary_and_tools_gone() -> None:
    """Another way to the same end: what the boundary kept out is not given any more."""
    boundary_gone()
    client("account-b-admin").delete_role_policy(RoleName="some-role-name", PolicyName="tools")


def control(text: str | None) -> None:
    organizations = client("management", "organizations")
    listed = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    found = next(one["Id"] for one in listed if one["Name"] == "our-region-only")
    if text is None:
        organizations.detach_policy(PolicyId=found, TargetId="222222222222")
        return
    content = organizations.describe_policy(PolicyId=found)["Policy"]["Content"]
    document = json.loads(content)
    document["Statement"][0]["Condition"] = {
        "StringNotEquals": {"aws:RequestedRegion": json.loads(text)}
    }
    organizations.update_policy(PolicyId=found, Content=json.dumps(document))


def control_as_it_was() -> None:
    control('"us-east-1"')


def control_detached() -> None:
    control(None)


def control_one_region_more() -> None:
    control('["us-east-1", "us-east-2"]')


def pull(*statements: dict[str, Any]) -> None:
    client("account-a").put_role_policy(
        RoleName="account-a-role-name", PolicyName="pull", PolicyDocument=policy(*statements)
    )


LOGIN = {"Action": "ecr:GetAuthorizationToken", "Resource": "*"}


def pull_as_it_was() -> None:
    pull(LOGIN, {"Action": [*PULL, "ecr:DescribeImages"], "Resource": REPOSITORY})


def pull_star() -> None:
    pull({"Action": "*", "Resource": "*"})


def pull_everything_there() -> None:
    pull(LOGIN, {"Action": "ecr:*", "Resource": REPOSITORY})


def pull_anywhere() -> None:
    pull(LOGIN, {"Action": [*PULL, "ecr:DescribeImages"], "Resource": "*"})


def pull_and_forget_to_look() -> None:
    pull(LOGIN, {"Action": PULL, "Resource": REPOSITORY})


def repository(**statement: Any) -> None:
    client("account-a", "ecr").set_repository_policy(
        repositoryName="my-app", policyText=policy({"Action": PULL, **statement})
    )


def repository_as_it_was() -> None:
    repository(Principal={"AWS": NODE})


def repository_open() -> None:
    repository(Principal="*")


def repository_without_a_policy() -> None:
    client("account-a", "ecr").delete_repository_policy(repositoryName="my-app")


def home(principal: Any) -> None:
    client("account-b-admin").update_assume_role_policy(
        RoleName="some-role-name",
        PolicyDocument=policy({"Principal": principal, "Action": "sts:AssumeRole"}),
    )


def home_to_the_account() -> None:
    home({"AWS": "222222222222"})


def home_to_all() -> None:
    home({"AWS": "*"})


def told(**settings: Any) -> Callable[[], None]:
    def change() -> None:
        Broken().redeploy(**settings)

    return change


IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/my-app:v1"
SMALL = asdict(SOUND)["deployment"]["session_policy"]
ADMIN = "account B's administrator does not become A's role"
CASES: list[tuple[str, int, Callable[[], None], str | None]] = [
    # what, the kind of fault, the repair, the goal that is missed (None: passes)
    ("trust as it was", 9, trust_as_it_was, None),
    ("trust written differently", 13, trust_written_differently, None),
    ("trust everybody", 9, trust_star, "some-role-name does not become A's role without the word"),
    ("trust everybody with the word", 21, trust_star_with_the_word, ADMIN),
    ("trust the account", 13, trust_account, ADMIN),
    (
        "trust without the word",
        6,
        trust_without_the_word,
        "some-role-name does not become A's role without the word",
    ),
    ("trust any customer", 19, trust_any_customer, "… nor with another word"),
    ("trust the deployment only", 3, trust_the_deployment_only, "cluster-node still becomes"),
    ("the remade role trusted again", 16, trust_as_it_was, None),
    ("permission as it was", 11, permission_as_it_was, None),
    ("permission under another name", 17, permission_under_another_name, None),
    ("permission for everything", 17, permission_star, "some-role-name becomes no other role"),
    ("permission for any role", 23, permission_any_role, "some-role-name becomes no other role"),
    (
        "permission for any role of A",
        4,
        permission_any_role_of_a,
        "… and its own half allows no other role of account A",
    ),
    ("boundary a narrow version", 20, boundary_narrow, None),
    ("boundary without limits", 20, boundary_star, "… and reads nothing in IAM"),
    ("boundary taken away", 20, boundary_gone, "… and reads nothing in IAM"),
    ("boundary and what it held back", 20, boundary_and_tools_gone, None),
    ("control as it was", 14, control_as_it_was, None),
    ("control detached", 14, control_detached, "account B does not work in eu-west-1"),
    (
        "control one region more",
        14,
        control_one_region_more,
        "account B does not work in us-east-2",
    ),
    ("pull as it was", 1, pull_as_it_was, None),
    ("pull everything", 18, pull_star, "… but pulls from no repository that is called nearly so"),
    ("pull and push and delete", 10, pull_everything_there, "… nor pushes"),
    (
        "pull from anywhere",
        24,
        pull_anywhere,
        "… but pulls from no repository that is called nearly so",
    ),
    (
        "pull and no look",
        10,
        pull_and_forget_to_look,
        "account-a-role-name still may look at my-app",
    ),
    ("repository as it was", 5, repository_as_it_was, None),
    ("repository open", 5, repository_open, "account B's administrator does not pull directly"),
    ("repository without a policy", 5, repository_without_a_policy, "… and still pulls directly"),
    ("home to the account", 2, home_to_the_account, None),
    ("home to all", 2, home_to_all, "a stranger does not become some-role-name"),
    ("image put right", 15, told(image=IMAGE), None),
    ("image by its repository", 22, told(image=IMAGE), None),
    ("image by its tag", 7, told(image=IMAGE), None),
    ("session small", 12, told(session_policy=json.dumps(SMALL)), None),
    (
        "session without a policy",
        12,
        told(session_policy=None),
        "the deployment's session only logs in and pulls",
    ),
    ("keys renewed by a profile", 25, told(profile="account-b"), None),
    ("an hour", 26, told(duration=3600), None),
    ("the word", 27, told(external_id="customer-4711"), None),
    (
        "another way to the image",
        22,
        told(profile="account-b-admin", role_arn=NODE, external_id=None, image=IMAGE),
        "… as some-role-name",
    ),
]


@pytest.mark.parametrize(
    ("number", "repair", "missed"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_repairs(
    whole: Lab,
    capsys: pytest.CaptureFixture[str],
    number: int,
    repair: Callable[[], None],
    missed: str | None,
) -> None:
    """Only what lets in those who must, and nobody else, passes; and the check changes nothing."""
    broken = break_accounts(number=number)
    broken.check()
    assert "✗ the deployment pulls my-app:v1" in capsys.readouterr().out
    repair()
    before = whole.running.get("fingerprint")
    broken.check()
    said = capsys.readouterr().out
    assert whole.running.get("fingerprint") == before
    if missed is None:
        assert "✗" not in said
        assert "Mended, by" in said
        assert FAULTS[number].what in said
    else:
        assert f"✗ {missed}" in said
        assert "Mended" not in said


# -- the game --------------------------------------------------------------------------------


def test_the_game_outlives_kernel_and_sandbox(
    whole: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    break_accounts(number=13)
    trust_account()
    workspace.stop(whole.folder)
    opened = open_lab()
    whole.running = opened.running
    capsys.readouterr()
    broken = break_accounts()
    assert "in the middle" in capsys.readouterr().out
    assert "Your changes so far: 1." in repr(broken)
    assert "Your changes so far: 1." in repr(break_accounts(number=13))
    trust_as_it_was()
    broken.changes()
    assert (
        capsys.readouterr().out.splitlines()[-2:]
        == ["iam:UpdateAssumeRolePolicy in account 111111111111"] * 2
    )
    broken.check()
    assert "Mended, by 2 changes; 1 would do. Score: 50." in capsys.readouterr().out
    broken.check()
    capsys.readouterr()
    broken.scores()
    assert capsys.readouterr().out == "break_accounts(seed=1, number=13): 2 changes, score 50\n"
    assert "Your changes so far: 0." in repr(broken.again())


def test_settings_and_pasted_keys_count(whole: Lab) -> None:
    broken = break_accounts(number=25)
    with pytest.raises(Exception, match="expired"):
        broken.run()
    with pytest.raises(Exception, match="expired"):
        broken.redeploy(duration=1800)
    path = whole.folder / "aws" / "credentials"
    path.write_text(path.read_text().replace("[pasted]\naws_access_key_id = A", "[pasted]\n"
                                             "aws_access_key_id = B"))  # fmt: skip
    assert "Your changes so far: 2." in repr(broken)
    broken.leave()
    assert "pasted" not in path.read_text()
    assert whole.clock.ahead == ""


def test_reading_and_what_failed_is_free(whole: Lab) -> None:
    broken = break_accounts(number=9)
    client("account-a").get_role(RoleName="account-a-role-name")
    with pytest.raises(Exception, match="Invalid principal"):
        trust({"Principal": {"AWS": "arn:aws:iam::222222222222:role/no-such-role"}})
    broken.check()
    with pytest.raises(Exception, match="not authorized"):
        broken.run()
    assert "Your changes so far: 0." in repr(broken)


def test_leaving_puts_everything_back(whole: Lab) -> None:
    before = whole.running.get("fingerprint")
    break_accounts(seed=3, faults=2)
    assert whole.running.get("fingerprint") != before
    break_accounts(number=25).leave()
    assert whole.running.get("fingerprint") == before
    assert "Nothing is broken" in repr(Broken())


def test_elsewhere_in_the_course_and_back(whole: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    broken = break_accounts(number=9)
    whole.catch_up(through=3)
    with pytest.raises(LabError, match="not the broken accounts any more"):
        broken.check()
    whole.restore()
    assert "Your changes so far: 0." in repr(broken)
    whole.catch_up(through=3)
    here = whole.running.get("fingerprint")
    capsys.readouterr()
    broken.leave()
    assert "left as they are" in capsys.readouterr().out
    assert whole.running.get("fingerprint") == here
    client("account-a").create_user(UserName="mine")
    break_accounts(number=9)
    assert "They were different before" in capsys.readouterr().out


def test_hints_and_the_answer(whole: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    broken = break_accounts(number=13)
    for _ in range(4):
        broken.hint()
    said = capsys.readouterr().out.splitlines()[-4:]
    assert [line[:11] for line in said] == ["Hint 1 of 3", "Hint 2 of 3", *["Hint 3 of 3"] * 2]
    broken.answer()
    trust_as_it_was()
    broken.check()
    assert "No score: you have seen the answer." in capsys.readouterr().out
    broken.scores()
    assert "with the answer" in capsys.readouterr().out


@pytest.mark.parametrize("number", [n for n, f in FAULTS.items() if f.place != "deployment"])
def test_the_answers_call_is_all_it_takes(
    whole: Lab, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    """The text that answer() shows is pasted and run."""
    broken = break_accounts(number=number)
    lab, found = game._game()
    (answer,) = game._answers(lab, found)
    exec(answer[answer.index("import boto3") :], {})
    broken.check()
    assert "Mended, by 1 change; no fewer would do. Score: 100." in capsys.readouterr().out


def test_what_is_won_is_progress(whole: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """check("13") wants one fault and two at once; who saw the answer plays again."""
    broken = break_accounts(number=27)
    broken.answer()
    broken.redeploy(external_id="customer-4711")
    broken.check()
    check("13")
    assert "✗ you have found and mended a fault" in capsys.readouterr().out
    broken.again().redeploy(external_id="customer-4711")
    broken.check()
    check("13")
    assert "✗ … and two at once" in capsys.readouterr().out
    assert "13" not in progress.read(whole.folder).passed
    broken = break_accounts(seed=3, faults=2)
    trust_as_it_was()
    broken.redeploy(image=IMAGE)
    broken.check()
    check("13")
    assert "Passed: found, mended" in capsys.readouterr().out
    assert "13" in progress.read(whole.folder).passed


def test_skip_goes_on(whole: Lab) -> None:
    broken = break_accounts(number=27)
    assert "number=1)" in repr(broken.skip())
    broken = break_accounts(seed=4, faults=2)
    assert "seed=5, faults=2)" in repr(broken.skip())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"imgae": IMAGE}, "has no setting 'imgae'"),
        ({"image": "my-app:v1"}, "An image in ECR is"),
        ({"image": IMAGE.removesuffix(":v1")}, "neither a tag nor a digest"),
        ({"image": None}, "image is text"),
        ({"duration": "3600"}, "whole number of seconds"),
        ({"session_policy": "{"}, "no JSON"),
        ({"session_policy": []}, "a policy document"),
        ({"external_id": 4711}, "external_id is text or None"),
    ],
)
def test_settings_that_cannot_be(whole: Lab, settings: dict[str, Any], said: str) -> None:
    broken = break_accounts(number=22)
    before = broken.deployment
    with pytest.raises(LabError, match=said):
        broken.redeploy(**settings)
    assert broken.deployment == before


def test_an_unreadable_record_is_none(whole: Lab) -> None:
    break_accounts(number=9)
    (whole.folder / records.FILE).write_text("{")
    assert "Nothing is broken" in repr(Broken())


def test_a_break_that_is_cut_short_leaves_whole_accounts(
    whole: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whole.running.get("fingerprint")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "mark", interrupted)
    with pytest.raises(KeyboardInterrupt):
        break_accounts(number=9)
    assert whole.running.get("fingerprint") == before


# -- what gives nothing away -----------------------------------------------------------------


def test_nothing_names_the_fault(whole: Lab) -> None:
    """Not the game's text, not what it holds, not its file."""
    for number in (3, 20):
        broken = break_accounts(number=number)
        shown = repr(broken) + str(vars(broken)) + (whole.folder / records.FILE).read_text()
        shown += str([name for name in dir(broken) if not name.startswith("_")])
        assert FAULTS[number].name not in shown
        assert "NobodyElse" not in shown
        assert "boundary" not in shown


def test_the_trail_is_the_same_whatever_the_fault(whole: Lab) -> None:
    """The same calls of the same callers, all marked as not the learner's."""
    seen = set()
    for number in (1, 2, 6, 8, 13, 14, 20):
        latest = whole.running.get("trail/1")["entries"][-1]["number"]
        break_accounts(number=number)
        entries = whole.running.get("trail/5000")["entries"]
        made = [one for one in entries if one["number"] > latest]
        planting = [one for one in made if one["check"]]
        assert all(one["caller"].endswith(":user/admin") for one in planting)
        assert {one["action"] for one in made if not one["check"]} <= {
            "sts:AssumeRole",
            "ecr:GetAuthorizationToken",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        }
        seen.add(tuple((one["caller"], one["action"]) for one in planting))
    assert len(seen) == 1


def test_explain_is_about_this_game(whole: Lab) -> None:
    """Not about the refusal before it, and not about what a check has asked since."""
    break_accounts(number=5)
    broken = break_accounts(number=9)
    broken.check()
    assert "No statement of the role trust policy of account 111111111111" in repr(explain())


@pytest.mark.kernel
def test_the_notebook_fails_without_its_answers() -> None:
    """As a learner gets it, every check says what is wrong; nbval sees that the answers pass."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [
        cell for cell in notebook.cells if "answer" not in cell["metadata"].get("tags", [])
    ]
    with prepared.lab(after=12):
        kernels.execute(notebook, NOTEBOOK.parent)
    checks = [c for c in notebook.cells if "check" in c["metadata"].get("tags", [])]
    assert len(checks) >= 4
    for cell in checks:
        missed = "… and two at once" if cell["id"] == "check" else "the deployment pulls my-app:v1"
        assert f"✗ {missed}" in cell["outputs"][0]["text"], cell["id"]
