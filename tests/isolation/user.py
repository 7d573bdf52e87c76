"""A user who works with AWS: their home, and all that their environment may say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

KEY = "AKIAUSERSOWNKEY00001"
_PLANTED = {
    "config": "[profile account-b]\nregion = eu-west-3\ncredential_process = /bin/false\n",
    "credentials": f"[account-a]\naws_access_key_id = {KEY}\naws_secret_access_key = own\n",
    "cli/alias": "[toplevel]\nsts = !touch alias-was-used\n",
    "models/sts/2011-06-15/service-2.json": "{}",
}


def plant(home: Path) -> None:
    """Fill a user's home with all that the AWS CLI and botocore look for in `~/.aws`."""
    role = {
        "RoleArn": "arn:aws:iam::222222222222:role/some-role-name",
        "RoleSessionName": "account-b",
    }
    name = hashlib.sha1(json.dumps(role, sort_keys=True).encode()).hexdigest()
    credentials = {
        "AccessKeyId": "ASIAUSERSOWNKEY00001",
        "SecretAccessKey": "own",
        "SessionToken": "own",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    cached = {f"cli/cache/{name}.json": json.dumps({"Credentials": credentials})}
    for path, text in (_PLANTED | cached).items():
        target = home / ".aws" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (home / ".boto").write_text(f"[Credentials]\naws_access_key_id = {KEY}\n")


def settings(home: Path, trap: int) -> dict[str, str]:
    """What such a user may have set, with every address leading to a port that nobody may call."""
    address = f"http://127.0.0.1:{trap}"
    return {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "own",
        "AWS_SESSION_TOKEN": "own",
        "AWS_PROFILE": "account-b",
        "AWS_REGION": "eu-west-3",
        "AWS_ENDPOINT_URL": address,
        "AWS_ENDPOINT_URL_STS": address,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": address,
        "AWS_CA_BUNDLE": str(home / "no-bundle"),
        "MOTO_ACCOUNT_ID": "123456789012",
        **{name: address for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy")},
        "NO_PROXY": "",
        "no_proxy": "",
    }
