"""A lab of its own for each test; its sandbox ends with the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs import named, start
from xacct_helpers.lab import Lab, open_lab


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder that XACCT_LAB names, not there yet."""
    with named(tmp_path / "lab") as folder:
        yield folder


@pytest.fixture
def lab(folder: Path) -> Lab:
    """A lab on its first day."""
    return open_lab()


@pytest.fixture
def forked(folder: Path) -> Lab:
    """A lab on its first day for a test that is not about starting one: its sandbox is a fork."""
    start(folder)
    return open_lab()


USERS = {
    "AWS_ACCESS_KEY_ID": "AKIAUSERSOWNKEY00001",
    "AWS_SECRET_ACCESS_KEY": "users-own-secret",
    "AWS_SESSION_TOKEN": "users-own-token",
    "AWS_PROFILE": "users-own-profile",
    "AWS_DEFAULT_PROFILE": "users-own-profile",
    "AWS_DEFAULT_REGION": "eu-west-3",
    "AWS_REGION": "eu-west-3",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/users-own",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/users/own",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9",
    "AWS_CA_BUNDLE": "/users/own",
    "MOTO_ACCOUNT_ID": "123456789012",
    "BOTO_CONFIG": "/users/own",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}


@pytest.fixture(scope="module")
def users() -> dict[str, str]:
    """What a user's environment may hold."""
    return USERS


@pytest.fixture(scope="module")
def users_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab opened from an environment full of the user's own settings, with a home of theirs."""
    top = tmp_path_factory.mktemp("users")
    home = top / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIAUSERSOWN\n")
    (home / ".boto").write_text(
        "[Credentials]\naws_access_key_id = AKIAUSERSOWN\naws_secret_access_key = own\n"
    )
    with named(top / "lab"):
        os.environ.update({**USERS, "HOME": str(home)})
        yield open_lab()
