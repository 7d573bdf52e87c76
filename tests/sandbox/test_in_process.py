"""`xacct_helpers.Sandbox`: the accounts inside this process, beside moto's own mock_aws."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.in_process import InProcess
from tests.sandboxes import A, B, allow, trust
from xacct_helpers import Sandbox
from xacct_helpers.sandbox.protocol.parse import MAX_API_BODY

ROLE = f"arn:aws:iam::{A}:role/puller"


@pytest.fixture(scope="module")
def opened() -> Iterator[InProcess]:
    with InProcess() as opened:
        yield opened


@pytest.fixture
def sandbox(opened: InProcess) -> InProcess:
    opened.reset()
    return opened


def test_both_accounts_must_agree(sandbox: InProcess) -> None:
    """The mission in one test, by plain boto3."""
    inner = sandbox.inner
    inner.client("iam").create_role(RoleName="puller", AssumeRolePolicyDocument=trust(B))
    caller = sandbox.user(B, "caller")
    sts = inner.client(
        "sts", aws_access_key_id=caller.access_key_id, aws_secret_access_key=caller.secret
    )
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole"):
        sts.assume_role(RoleArn=ROLE, RoleSessionName="me")
    sandbox.put(B, "user", "caller", allow("sts:AssumeRole", ROLE))
    given = sts.assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    session = inner.session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    who = session.client("sts").get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{A}:assumed-role/puller/me"
    inner.advance(3601)
    with pytest.raises(ClientError, match="ExpiredToken"):
        session.client("sts").get_caller_identity()
    actions = [entry["action"] for entry in inner.get("trail/3")["entries"]]
    assert actions == ["sts:AssumeRole", "sts:GetCallerIdentity", "sts:GetCallerIdentity"]


def test_a_profile_that_assumes_a_role_stays_inside(
    sandbox: InProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """botocore's own AssumeRole for a profile is answered here, too."""
    sandbox.role(A, "puller", trust(A))
    key = sandbox.admins[A]
    config = tmp_path / "config"
    config.write_text(
        f"[profile source]\naws_access_key_id = {key.access_key_id}\n"
        f"aws_secret_access_key = {key.secret}\n"
        f"[profile puller]\nrole_arn = {ROLE}\nsource_profile = source\nrole_session_name = me\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    found = sandbox.inner.session(profile_name="puller").client("sts").get_caller_identity()
    assert found["Arn"] == f"arn:aws:sts::{A}:assumed-role/puller/me"


def test_a_layer_goes_in_and_out_by_the_registry(sandbox: InProcess) -> None:
    """Under /v2/, by plain requests: there is no port for an image client."""
    ecr = sandbox.inner.client("ecr")
    ecr.create_repository(repositoryName="my-app")
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    headers = {"Authorization": f"Basic {token}", "Host": f"{A}.dkr.ecr.us-east-1.amazonaws.com"}
    content = b"a layer"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    replies = []
    for named in (f"sha256:{'0' * 64}", digest):
        started = sandbox.http("POST", "/v2/my-app/blobs/uploads/", headers=headers)
        place = started.headers["location"]
        replies.append(sandbox.http("PUT", f"{place}?digest={named}", content, headers))
    wrong, right = replies
    assert (wrong.status, wrong.json["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    assert right.status == 201
    assert sandbox.http("GET", f"/v2/my-app/blobs/{digest}", headers=headers).body == content
    refused = sandbox.http("GET", f"/v2/my-app/blobs/{digest}")
    assert refused.status == 401


def test_what_the_labs_own_api_refuses(sandbox: InProcess) -> None:
    with pytest.raises(ValueError, match="no call with the request id nothing"):
        sandbox.inner.get("decision/nothing")
    with pytest.raises(ValueError, match="moves forward only"):
        sandbox.inner.advance(-1)
    with pytest.raises(KeyError, match="999999999999"):
        sandbox.inner.client("iam", "999999999999")


def test_a_body_that_is_a_file(sandbox: InProcess) -> None:
    """S3 uploads are streams; a service that is not here says so all the same."""
    s3 = sandbox.inner.client("s3")
    with pytest.raises(ClientError, match="This sandbox has IAM, STS, ECR"):
        s3.put_object(Bucket="mine", Key="k", Body=io.BytesIO(b"content"))


def test_a_body_that_is_too_long(sandbox: InProcess) -> None:
    reply = sandbox.http("POST", "/", b"x" * (MAX_API_BODY + 1))
    assert reply.status == 413
    assert f"{MAX_API_BODY} bytes at most".encode() in reply.body


def test_threads_take_turns(sandbox: InProcess) -> None:
    client = sandbox.inner.client("iam")
    names = [f"user-{number}" for number in range(40)]

    def create(part: list[str]) -> None:
        for name in part:
            client.create_user(UserName=name)

    threads = [threading.Thread(target=create, args=(names[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {user["UserName"] for user in client.list_users()["Users"]} == {"admin", *names}


# Each a program of its own: what is imported and what moto holds is a process's whole state.
PROGRAMS = {
    "imports what a server needs only when it is used": """
import sys
from xacct_helpers import Sandbox
late = {"uvicorn", "uvloop", "trustme", "cryptography"}
with Sandbox() as sandbox:
    sandbox.client("iam").create_user(UserName="me")
    assert not late & set(sys.modules), late & set(sys.modules)
    role = sandbox.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument='''{
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}]}''')["Role"]["Arn"]
    sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="me")
    assert "cryptography" in sys.modules
""",
    "a second one is refused until the first is closed": """
from xacct_helpers import Sandbox
from xacct_helpers.sandbox.in_process import SandboxInUse
one = Sandbox()
try:
    Sandbox()
except SandboxInUse as error:
    assert str(error).count(". ") == 1 and "Close it first" in str(error)
else:
    raise AssertionError("two at once")
one.close()
one.close()
with Sandbox() as other:
    other.client("sts").get_caller_identity()
try:
    other.client("sts").get_caller_identity()
except SandboxInUse as error:
    assert str(error) == "This sandbox is closed."
try:
    Sandbox(("1",))
except ValueError as error:
    assert "12 digits" in str(error)
Sandbox().close()
""",
    "beside mock_aws it is refused, and mock_aws works before and after": """
import boto3, moto
from xacct_helpers import Sandbox
from xacct_helpers.sandbox.in_process import SandboxInUse

def ids():
    with moto.mock_aws():
        iam = boto3.client("iam", "us-east-1")
        users = [iam.create_user(UserName=f"u{n}")["User"]["UserId"] for n in range(2)]
        boto3.client("s3", "us-east-1").create_bucket(Bucket="mine")
        try:
            Sandbox()
        except SandboxInUse as error:
            assert "mock_aws is active" in str(error)
        else:
            raise AssertionError("not refused")
        return users

before = ids()
with Sandbox() as sandbox:
    user = sandbox.client("iam").create_user(UserName="u0")["User"]["UserId"]
    assert user.startswith("AIDA") and user not in before
after = ids()
assert len({*before, *after, user}) == 5, "moto draws its ids at random again"
""",
    "mock_aws started inside is told of, not mixed up": """
import boto3, moto
from xacct_helpers import Sandbox
from xacct_helpers.sandbox.in_process import SandboxInUse
with Sandbox() as sandbox:
    sts = sandbox.client("sts")
    with moto.mock_aws():
        try:
            sts.get_caller_identity()
        except SandboxInUse as error:
            assert "mock_aws is active" in str(error)
        else:
            raise AssertionError("not refused")
    try:
        sts.get_caller_identity()
    except SandboxInUse as error:
        assert "emptied its accounts" in str(error)
    else:
        raise AssertionError("not refused")
    sandbox.reset()
    assert sts.get_caller_identity()["Arn"].endswith(":user/admin")
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_in_a_process_of_its_own(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAMS[name]], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_among_the_names_to_import() -> None:
    import xacct_helpers

    assert "Sandbox" in dir(xacct_helpers)
    assert Sandbox.__doc__
