"""What was acknowledged lasts: `--state DIR`, through kill -9, a full disk and a damaged file."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.images import Image, digest_of, push, upload
from tests.sandboxes import A, B, Forked, Keys, NotStarted, Sandbox, allow, grant, trust

pytestmark = pytest.mark.slow

IMAGE = Image(b"layer of one")
NAMED = {"repositoryName": "my-app"}


def start(folder: Path, *more: str, **options: Any) -> Sandbox:
    kind = Sandbox if "preexec" in options else Forked
    return kind("--state", str(folder), *more, **options)


def fill(sandbox: Sandbox) -> Keys:
    """Something of everything; the keys of a session."""
    sandbox.role(A, "target", trust(B), allow("*"))
    sandbox.user(B, "ann", allow("*"), Tags=[{"Key": "team", "Value": "red"}])
    sandbox.do(A, "iam:CreateGroup", GroupName="team")
    made = sandbox.do(A, "iam:CreatePolicy", PolicyName="edge", PolicyDocument=allow("ecr:*"))
    sandbox.user(A, "bob", allow("*"), PermissionsBoundary=made["Policy"]["Arn"])
    sandbox.do(A, "iam:AddUserToGroup", GroupName="team", UserName="bob")
    sandbox.do(A, "iam:UpdateUser", UserName="bob", NewUserName="rob", NewPath="/dev/")
    sandbox.advance(3000)
    sandbox.do(A, "ecr:CreateRepository", **NAMED)
    push(sandbox, A, IMAGE, **NAMED)
    push(sandbox, A, Image(b"two", b'{"two": 2}'), **NAMED)  # takes the tag
    sandbox.do(A, "ecr:SetRepositoryPolicy", **NAMED, policyText=grant(B))
    # a role that is trusted, deleted and made again: its trust dangles
    sandbox.role(B, "worker", trust(B))
    sandbox.role(A, "dangling", trust(f"arn:aws:iam::{B}:role/worker"))
    sandbox.do(B, "iam:DeleteRole", RoleName="worker")
    sandbox.role(B, "worker", trust(B), allow("*"))
    return sandbox.assume(B, f"arn:aws:iam::{A}:role/target")


def everything(sandbox: Sandbox) -> Any:
    """All that the accounts show, times included."""
    found: dict[str, Any] = {"fingerprint": sandbox.fingerprint()}
    for account in (A, B):
        for action in (
            "iam:ListRoles",
            "iam:ListUsers",
            "iam:ListGroups",
            "ecr:DescribeRepositories",
        ):
            found[f"{account} {action}"] = sandbox.do(account, action)
        found[f"{account} policies"] = sandbox.do(account, "iam:ListPolicies", Scope="Local")
    found["images"] = sandbox.do(A, "ecr:DescribeImages", **NAMED)
    found["user"] = sandbox.do(A, "iam:GetUser", UserName="rob")
    found["trust"] = sandbox.do(A, "iam:GetRole", RoleName="dangling")
    found["policy"] = sandbox.do(A, "ecr:GetRepositoryPolicy", **NAMED)
    return found


def test_everything_is_there_after_kill_9(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        session = fill(first)
        ann = Keys.of(first.do(B, "iam:CreateAccessKey", UserName="ann")["AccessKey"])
        token = first.do(B, "ecr:GetAuthorizationToken")["authorizationData"][0]
        before, admins = everything(first), first.admins
        first.kill()
    with start(tmp_path, accounts=()) as second:
        assert second.admins == admins
        assert everything(second) == before
        # sessions handed out before still work, and end when they are to end
        assert second.whoami(session) == f"arn:aws:sts::{A}:assumed-role/target/session"
        assert second.whoami(ann) == f"arn:aws:iam::{B}:user/ann"
        reply = second.http(
            "GET", "/v2/", b"", {"Authorization": f"Basic {token['authorizationToken']}"}
        )
        assert reply.status == 200
        found = second.do(
            A, "ecr:GetDownloadUrlForLayer", **NAMED, layerDigest=digest_of(IMAGE.layer)
        )
        target = found["downloadUrl"].removeprefix(second.endpoint)
        assert second.http("GET", target).body == IMAGE.layer
        # what is made next is made as if nothing had happened
        next_id = second.role(A, "next", trust(A))["RoleId"]
        second.advance(3601)
        assert second.call(session, "sts:GetCallerIdentity").code == "ExpiredToken"
    with start(tmp_path) as third:
        assert third.do(A, "iam:GetRole", RoleName="next")["Role"]["RoleId"] == next_id


def test_the_end_by_sigterm_is_clean(tmp_path: Path) -> None:
    with Sandbox("--state", str(tmp_path)) as first:
        first.role(A, "r", trust(A))
        state = json.loads((tmp_path / "sandbox.json").read_text())
        assert state == first.line
        assert first.stop() == ""
        assert first.process.returncode == 0
    assert not (tmp_path / "sandbox.json").exists()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    with start(folder) as sandbox:
        fill(sandbox)
        sandbox.control("POST", "save", {"name": "one"})
        names = ["journal.jsonl", "sandbox.json", "snapshots/one.jsonl"]
        files = [folder / name for name in names]
        files += [path for path in (folder / "blobs").rglob("*") if path.is_file()]
        assert len(files) > 4
        for path in files:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_left_behind_without_state(tmp_path: Path) -> None:
    os.environ["TMPDIR"] = str(tmp_path)
    try:
        with Sandbox() as sandbox:
            sandbox.do(A, "ecr:CreateRepository", **NAMED)
            upload(sandbox, A, b"x", **NAMED)
            assert list(tmp_path.iterdir())
    finally:
        del os.environ["TMPDIR"]
    assert list(tmp_path.iterdir()) == []


# -- damage ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of a lab that was stopped, with a line for each of three roles."""
    folder = tmp_path_factory.mktemp("written")
    with start(folder) as sandbox:
        for number in range(3):
            sandbox.role(A, f"r{number}", trust(A))
    return (folder / "journal.jsonl").read_bytes()


@pytest.fixture
def journal(written: bytes, tmp_path: Path) -> Path:
    """A journal of one's own, in a folder to start a sandbox on."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(written)
    return path


def names(sandbox: Sandbox) -> list[str]:
    return sorted(one["RoleName"] for one in sandbox.do(A, "iam:ListRoles")["Roles"])


@pytest.mark.parametrize("cut", [1, 10])
def test_a_torn_last_line_is_dropped_with_a_notice(journal: Path, tmp_path: Path, cut: int) -> None:
    journal.write_bytes(journal.read_bytes()[:-cut])
    with start(tmp_path) as sandbox:
        assert names(sandbox) == ["r0", "r1"]
        [notice] = sandbox.control("GET", "status").json["notices"]
        assert "cut short" in notice
        sandbox.role(A, "r9", trust(A))
        assert notice in sandbox.stop()
    with start(tmp_path) as sandbox:
        assert names(sandbox) == ["r0", "r1", "r9"]
        assert sandbox.control("GET", "status").json["notices"] == []


@pytest.mark.parametrize("kept", [b"", b"\n", b'{"format":1,"acc'], ids=["", "blank", "half"])
def test_a_journal_without_its_first_line_is_a_new_one(tmp_path: Path, kept: bytes) -> None:
    """Nothing in it was ever acknowledged: a lab says that it runs after its journal's header."""
    (tmp_path / "journal.jsonl").write_bytes(kept)
    with start(tmp_path) as sandbox:
        assert names(sandbox) == []
        sandbox.role(A, "r", trust(A))
    with start(tmp_path) as sandbox:
        assert names(sandbox) == ["r"]


def replace_line(number: int, line: bytes) -> Callable[[bytes], bytes]:
    def change(raw: bytes) -> bytes:
        lines = raw.split(b"\n")
        lines[number - 1] = line
        return b"\n".join(lines)

    return change


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "half a line": (replace_line(3, b'{"t": 1, "a'), "is damaged at line 3"),
    "an empty line": (replace_line(3, b""), "is damaged at line 3"),
    "not text": (replace_line(3, b"\xff\x00\xff"), "is damaged at line 3"),
    "a number": (replace_line(3, b"5"), "is damaged at line 3"),
    "an empty record": (replace_line(3, b"{}"), "is damaged at line 3"),
    "a header without accounts": (replace_line(1, b'{"format": 1}'), "is damaged at line 1"),
    "a call that cannot be": (
        replace_line(
            3,
            b'{"t":1,"a":"111111111111","s":"iam","o":"DeleteRole","r":"x",'
            b'"p":{"RoleName":"nope"}}',
        ),
        "Line 3 of the journal (iam:DeleteRole)",
    ),
    "a service that is not": (
        replace_line(3, b'{"t":1,"a":"111111111111","s":"s3","o":"X","r":"x","p":{}}'),
        "Line 3 of the journal (s3:X)",
    ),
    "a clock that cannot be": (replace_line(3, b'{"clock": -5}'), "Line 3 of the journal"),
    "another format": (
        lambda raw: raw.replace(b'"format":1', b'"format":99', 1),
        "is a journal of format 99; this version reads format 1",
    ),
    "another format, other lines": (
        lambda raw: b'{"format":99}\nsomething else\n',
        "is a journal of format 99",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_journal_is_refused_and_kept(journal: Path, tmp_path: Path, name: str) -> None:
    change, told = DAMAGE[name]
    damaged = change(journal.read_bytes())
    assert damaged != journal.read_bytes()
    journal.write_bytes(damaged)
    with pytest.raises(NotStarted) as caught:
        start(tmp_path)
    assert caught.value.code == 1
    assert told in caught.value.told
    assert "xacct reset" in caught.value.told, "what to do"
    assert "Traceback" not in caught.value.told
    assert journal.read_bytes() == damaged


def test_two_on_one_folder(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        with pytest.raises(NotStarted) as caught:
            start(tmp_path)
        assert caught.value.code == 1
        assert "Another sandbox serves" in caught.value.told
        assert first.call(A, "iam:ListRoles").ok
        first.kill()
    with start(tmp_path) as again:  # the lock ends with its process
        assert again.call(A, "iam:ListRoles").ok


def test_many_that_start_at_once_on_one_folder(tmp_path: Path) -> None:
    """One of them serves; the others say so, and leave it alone."""
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(start, tmp_path) for _ in range(4)]
        failures = [one.exception() for one in running]
    served = [one.result() for one, failed in zip(running, failures, strict=True) if not failed]
    told = [failed.told for failed in failures if isinstance(failed, NotStarted)]
    [sandbox] = served
    with sandbox:
        assert len(told) == 3
        assert all("Another sandbox serves" in text for text in told)
        assert json.loads((tmp_path / "sandbox.json").read_text()) == sandbox.line
        sandbox.role(A, "r", trust(A))
        assert names(sandbox) == ["r"]


@pytest.mark.usefixtures("journal")
def test_other_accounts_than_the_labs(tmp_path: Path) -> None:
    with pytest.raises(NotStarted) as caught:
        start(tmp_path, accounts=(A,))
    assert f"has the accounts {A}, {B}" in caught.value.told


# -- a full disk -----------------------------------------------------------------------------


def limited(size: int) -> Callable[[], None]:
    """For the child: no file longer than this. Python ignores SIGXFSZ, so a write fails as on a
    full disk, after as much as fits has been written."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_a_full_disk(journal: Path, tmp_path: Path) -> None:
    room = journal.stat().st_size + 700
    with start(tmp_path, preexec=limited(room)) as sandbox:
        done, answer = 0, None
        while done < 50:
            before = sandbox.fingerprint()
            answer = sandbox.call(
                A, "iam:CreateRole", RoleName=f"x{done}", AssumeRolePolicyDocument=trust(A)
            )
            if not answer.ok:
                break
            done += 1
        assert answer is not None
        assert (answer.code, answer.status) == ("ServiceFailure", 500)
        assert "could not write its journal" in answer.message
        assert os.strerror(errno.EFBIG) in answer.message
        assert 0 < done < 50
        kept = ["r0", "r1", "r2", *(f"x{number}" for number in range(done))]
        # memory agrees with the journal, and the journal holds whole lines
        assert names(sandbox) == kept
        assert sandbox.fingerprint() == before
        assert journal.read_bytes().endswith(b"}\n")
        # again and again: nothing is left of a half-written line
        for _ in range(3):
            assert sandbox.call(A, "iam:DeleteRole", RoleName="r0").status in (200, 500)
            assert sandbox.call(A, "ecr:CreateRepository", **NAMED).status in (200, 500)
        clock = sandbox.control("POST", "clock", {"advance_seconds": 5.0 + 1e-15})
        assert clock.status in (200, 500)
        before = sandbox.fingerprint()
        sandbox.kill()
    with start(tmp_path) as sandbox:
        assert sandbox.fingerprint() == before
        assert sandbox.control("GET", "status").json["notices"] == []
        assert sandbox.call(A, "ecr:CreateRepository", repositoryName="later").ok


CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


def bound_by_permissions() -> None:
    """For the child: root, too, may write only what the permissions let it write."""
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0


def test_a_folder_that_becomes_read_only(journal: Path, tmp_path: Path) -> None:
    with start(tmp_path, preexec=bound_by_permissions) as sandbox:
        before = sandbox.fingerprint()
        journal.chmod(0o400)
        tmp_path.chmod(0o500)
        try:
            for _ in range(2):
                answer = sandbox.call(A, "iam:DeleteRole", RoleName="r0")
                assert (answer.code, answer.status) == ("ServiceFailure", 500)
                assert f"could not write its journal in {tmp_path} (Permission denied)" in (
                    answer.message
                )
                assert sandbox.fingerprint() == before
            for path in ("reset", "clock", "save"):
                body = {"name": "one", "advance_seconds": 5}
                assert sandbox.control("POST", path, body).status == 500
                assert sandbox.fingerprint() == before
        finally:
            tmp_path.chmod(0o700)
            journal.chmod(0o600)
        sandbox.do(A, "iam:DeleteRole", RoleName="r0")
        assert names(sandbox) == ["r1", "r2"]
    with start(tmp_path) as sandbox:
        assert names(sandbox) == ["r1", "r2"]


# -- a full journal in the middle of what the sandbox does by itself ---------------------------


@contextmanager
def full(sandbox: Sandbox, journal: Path, room: int) -> Iterator[None]:
    """So many bytes more fit into the journal."""
    process = sandbox.process.pid
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    size = journal.stat().st_size + room
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


needs_prlimit = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="Linux limits another process's files"
)


def images_in(sandbox: Sandbox, account: str) -> set[str]:
    answer = sandbox.call(account, "ecr:ListImages", **NAMED)
    return {one["imageDigest"] for one in answer.value.get("imageIds", ())}


def is_whole(sandbox: Sandbox, account: str, image: Image) -> bool:
    """Whether an image can be pulled there, bytes and all."""
    for data in (image.layer, image.config):
        found = sandbox.do(
            account, "ecr:GetDownloadUrlForLayer", **NAMED, layerDigest=digest_of(data)
        )
        target = found["downloadUrl"].removeprefix(sandbox.endpoint)
        if sandbox.http("GET", target).body != data:
            return False
    return True


@needs_prlimit
def test_a_full_disk_while_an_image_is_replicated(tmp_path: Path) -> None:
    """Wherever it gets full: a push that was acknowledged is there, a copy is whole or not there,
    and the next push is copied."""
    journal = tmp_path / "journal.jsonl"
    place = {"region": "us-east-1", "registryId": B}
    pushed: set[str] = set()
    outcomes: set[tuple[bool, bool]] = set()
    with start(tmp_path) as sandbox:
        arn = f"arn:aws:ecr:us-east-1:{B}:repository/*"
        may = grant(A, ["ecr:CreateRepository", "ecr:ReplicateImage"], Resource=arn)
        sandbox.do(B, "ecr:PutRegistryPolicy", policyText=may)
        rules = {"rules": [{"destinations": [place]}]}
        sandbox.do(A, "ecr:PutReplicationConfiguration", replicationConfiguration=rules)
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        for room in range(0, 4000, 250):
            image = Image(f"layer {room}".encode(), json.dumps({"room": room}).encode())
            upload(sandbox, A, image.layer, **NAMED)
            upload(sandbox, A, image.config, **NAMED)
            with full(sandbox, journal, room):
                answer = sandbox.call(A, "ecr:PutImage", imageManifest=image.manifest, **NAMED)
            assert answer.code in ("", "ServerException")
            if answer.ok:
                pushed.add(image.digest)
            assert images_in(sandbox, A) == pushed
            copied = image.digest in images_in(sandbox, B)
            assert not copied or is_whole(sandbox, B, image)
            outcomes.add((answer.ok, copied))
        assert outcomes == {(False, False), (True, False), (True, True)}
        push(sandbox, A, IMAGE, **NAMED)
        assert IMAGE.digest in images_in(sandbox, B)
        before, copies = sandbox.fingerprint(), images_in(sandbox, B)
        sandbox.kill()
    with start(tmp_path) as sandbox:
        assert sandbox.fingerprint() == before
        assert images_in(sandbox, B) == copies
        assert sandbox.control("GET", "status").json["notices"] == []


@needs_prlimit
def test_a_full_disk_when_images_are_to_expire(tmp_path: Path) -> None:
    """They stay as long as that cannot be written down, and go once it can."""
    rule = {
        "rulePriority": 1,
        "description": "keep one image",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }
    with start(tmp_path) as sandbox:
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        text = json.dumps({"rules": [rule]}).ljust(100)
        sandbox.do(A, "ecr:PutLifecyclePolicy", **NAMED, lifecyclePolicyText=text)
        two = set()
        for name in ("one", "two"):
            image = Image(name.encode(), json.dumps({"name": name}).encode())
            two.add(image.digest)
            push(sandbox, A, image, None, **NAMED)
        sandbox.advance(24 * 3600)  # the next request is when they are to go
        with full(sandbox, tmp_path / "journal.jsonl", 20):
            for _ in range(3):
                assert images_in(sandbox, A) == two
        assert images_in(sandbox, A) == two, "it is not tried again with every request"
        sandbox.advance(61)
        [left] = images_in(sandbox, A)
        before = sandbox.fingerprint()
        assert "was not applied" in sandbox.kill()
    with start(tmp_path) as sandbox:
        assert images_in(sandbox, A) == {left}
        assert sandbox.fingerprint() == before


def test_a_full_disk_for_layers(tmp_path: Path) -> None:
    with start(tmp_path, preexec=limited(40_000)) as sandbox:
        sandbox.do(A, "ecr:CreateRepository", **NAMED)
        begun = sandbox.do(A, "ecr:InitiateLayerUpload", **NAMED)["uploadId"]

        def send(first: int, data: bytes) -> Any:
            return sandbox.call(
                A,
                "ecr:UploadLayerPart",
                uploadId=begun,
                partFirstByte=first,
                partLastByte=first + len(data) - 1,
                layerPartBlob=data,
                **NAMED,
            )

        assert send(0, b"x" * 30_000).ok
        full = send(30_000, b"y" * 30_000)
        assert (full.code, full.status) == ("ServerException", 500)
        assert os.strerror(errno.EFBIG) in full.message
        # what fits can still be sent, at the same place
        assert send(30_000, b"z" * 5_000).ok
        whole = b"x" * 30_000 + b"z" * 5_000
        done = sandbox.call(
            A, "ecr:CompleteLayerUpload", uploadId=begun, layerDigests=[digest_of(whole)], **NAMED
        )
        assert done.ok


# -- snapshots -------------------------------------------------------------------------------


@pytest.mark.parametrize("lasting", [True, False])
def test_save_and_restore(tmp_path: Path, lasting: bool) -> None:
    with start(tmp_path) if lasting else Forked() as sandbox:
        session = fill(sandbox)
        before = everything(sandbox)
        assert sandbox.control("POST", "save", {"name": "one"}).status == 200
        sandbox.do(A, "ecr:DeleteRepository", **NAMED, force=True)
        sandbox.advance(9999)
        assert sandbox.fingerprint() != before["fingerprint"]
        assert sandbox.control("POST", "restore", {"name": "one"}).status == 200
        assert everything(sandbox) == before
        assert sandbox.whoami(session)
        assert sandbox.control("POST", "restore", {"name": "two"}).status == 404
        if lasting:
            sandbox.kill()
            with start(tmp_path) as again:
                again.reset()
                assert again.control("POST", "restore", {"name": "one"}).status == 200
                assert again.fingerprint() == before["fingerprint"]
