"""Unpacking: what is written, and what is refused; running: what a learner is told."""

from __future__ import annotations

import gzip
import io
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from xacct_helpers.images import ImageRunError, build_image, hello_program, run
from xacct_helpers.images.build import sha256, tar_of_one_file

here_only = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="needs Linux on x86-64 to run the image",
)


def tar_with(*members: tarfile.TarInfo, content: bytes = b"") -> bytes:
    """An archive made by the standard library; each regular member holds `content`."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in members:
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o755
    return info


def config_for(*tars: bytes, **settings: Any) -> Mapping[str, Any]:
    return {
        "os": "linux",
        "architecture": "amd64",
        "config": settings or {"Entrypoint": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]},
    }


REFUSED = [
    pytest.param(member("../out"), "leaves its folder", id="dot dot"),
    pytest.param(member("a/../../out"), "leaves its folder", id="dot dot inside"),
    pytest.param(member("/../out"), "leaves its folder", id="absolute dot dot"),
    pytest.param(member("..\\out"), "leaves its folder", id="backslashes"),
    pytest.param(member("d", tarfile.SYMTYPE, "/etc"), "not a plain file", id="symbolic link"),
    pytest.param(member("d", tarfile.LNKTYPE, "/etc/passwd"), "not a plain file", id="hard link"),
    pytest.param(member("d", tarfile.CHRTYPE), "not a plain file", id="device"),
    pytest.param(member("d", tarfile.FIFOTYPE), "not a plain file", id="pipe"),
    pytest.param(member("/"), "not a plain file", id="the folder itself"),
    pytest.param(member("a/.wh.b"), "deletes files", id="whiteout"),
]


@pytest.mark.parametrize(("bad", "words"), REFUSED)
def test_a_layer_that_could_reach_outside_is_refused(
    tmp_path: Path, bad: tarfile.TarInfo, words: str
) -> None:
    root = tmp_path / "in" / "root"
    root.mkdir(parents=True)
    tar = tar_with(bad, content=b"x")
    with pytest.raises(ImageRunError, match=words):
        run.unpack(tar, root, diff_id=sha256(tar))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_files_and_folders_land_under_the_root(tmp_path: Path) -> None:
    tar = tar_with(member("./a", tarfile.DIRTYPE), member("/a/b/c"), content=b"x")
    run.unpack(gzip.compress(tar), tmp_path, diff_id=sha256(tar))
    assert (tmp_path / "a/b/c").read_bytes() == b"x"


def test_set_user_id_is_not_kept(tmp_path: Path) -> None:
    tar = tar_of_one_file("hello", b"x", mode=0o6755)
    run.unpack(tar, tmp_path, diff_id=sha256(tar))
    assert (tmp_path / "hello").stat().st_mode & 0o7777 == 0o755


def test_a_file_where_a_folder_must_be_is_an_image_error(tmp_path: Path) -> None:
    tar = tar_with(member("a"), member("a/b"), content=b"x")
    with pytest.raises(ImageRunError, match="cannot be unpacked"):
        run.unpack(tar, tmp_path, diff_id=sha256(tar))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        pytest.param(b"\x1f\x8bnonsense", "not readable gzip", id="not gzip after all"),
        pytest.param(gzip.compress(b"x" * 99)[:-9], "not readable gzip", id="cut short"),
        pytest.param(b"another tar", "its configuration promises", id="wrong diff_id"),
    ],
)
def test_a_layer_that_is_not_what_was_promised_is_refused(
    tmp_path: Path, layer: bytes, words: str
) -> None:
    with pytest.raises(ImageRunError, match=words):
        run.unpack(layer, tmp_path, diff_id=sha256(b"x"))


def test_a_layer_that_swells_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MAX_UNPACKED", 1000)
    with pytest.raises(ImageRunError, match="more than 1000 bytes"):
        run.unpack(gzip.compress(bytes(10_000)), tmp_path, diff_id="")


def test_an_image_for_another_platform_is_explained_in_one_sentence() -> None:
    other = "arm64" if platform.machine() != "aarch64" else "amd64"
    said = run.run_image({"os": "linux", "architecture": other}, [])
    assert said.startswith(f"This image is for linux/{other} and this machine is ")
    assert said.count(".") == 1


@here_only
def test_the_course_image_runs() -> None:
    image = build_image("Hi.\n")
    layer = image.blobs[image.single_platform().layers[0].digest]
    assert run.run_image(config_for(gzip.decompress(layer)), [layer]) == "Hi.\n"


@here_only
def test_a_higher_layer_wins() -> None:
    lower, upper = (
        tar_of_one_file("hello", hello_program("amd64", text), mode=0o755)
        for text in ("lower\n", "upper\n")
    )
    assert run.run_image(config_for(lower, upper), [lower, upper]) == "upper\n"


NOT_A_PROGRAM = tar_of_one_file("hello", b"no program", mode=0o755)


@here_only
@pytest.mark.parametrize(
    ("settings", "layers", "words"),
    [
        pytest.param({"Entrypoint": None}, [NOT_A_PROGRAM], "names no program", id="no entrypoint"),
        pytest.param({"Entrypoint": ["/nope"]}, [NOT_A_PROGRAM], "no file '/nope'", id="missing"),
        pytest.param({"Entrypoint": ["/../x"]}, [NOT_A_PROGRAM], "leaves", id="outside"),
        pytest.param({"Cmd": ["/hello"]}, [NOT_A_PROGRAM], "could not be started", id="no ELF"),
        pytest.param({"Cmd": ["/hello"]}, [], "has 0 layers but", id="layers missing"),
    ],
)
def test_an_image_that_cannot_run_says_why(
    settings: dict[str, Any], layers: list[bytes], words: str
) -> None:
    with pytest.raises(ImageRunError, match=words):
        run.run_image(config_for(NOT_A_PROGRAM, **settings), layers)
