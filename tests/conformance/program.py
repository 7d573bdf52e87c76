"""The conformance program at one commit: fetched, built, and run against a sandbox of its own.

Source: opencontainers/distribution-spec, conformance/README.md.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

from tests.sandboxes import A, Sandbox
from tests.tools import ROOT

COMMIT = "967efdc079b91785ad18c77cc4f8991a47feefbf"  # 2026-07-16
SOURCE = "https://github.com/opencontainers/distribution-spec"
REPOSITORIES = ("conformance/repo1", "conformance/repo2")
# Of what the program leaves out by default: what the sandbox does have.
_MORE = (
    "OCI_API_BLOBS_UPLOAD_CANCEL",
    "OCI_API_BLOBS_DIGEST_HEADER",
    "OCI_API_MANIFESTS_DIGEST_HEADER",
)


class NotBuilt(Exception):
    """The program could not be fetched or built."""


def built(source: str = SOURCE) -> Path:
    """The program. It is made once; `source` is a URL or a folder that git can fetch COMMIT from.

    Go finds the program's four modules as its own settings say (GOPROXY, GOWORK, …).
    """
    folder = ROOT / ".cache" / "conformance" / COMMIT
    program = folder / "program"
    if not program.exists():
        for tool in ("git", "go"):
            if shutil.which(tool) is None:
                raise NotBuilt(f"{tool} is missing; the program needs git and Go 1.24 or newer")
        folder.mkdir(parents=True, exist_ok=True)
        _run(folder, "git", "init", "--quiet")
        _run(folder, "git", "fetch", "--quiet", "--depth=1", source, COMMIT)
        _run(folder, "git", "checkout", "--quiet", "--force", "FETCH_HEAD")
        _run(folder / "conformance", "go", "build", "-o", str(program), ".")
    return program


def report(program: Path, results: Path) -> str:
    """Run the program as A's administrator; its JUnit report. results: where it leaves its pages.

    Raises NotBuilt when it ends without a report.
    """
    with Sandbox() as sandbox:
        for name in REPOSITORIES:
            sandbox.do(A, "ecr:CreateRepository", repositoryName=name)
        token = sandbox.do(A, "ecr:GetAuthorizationToken")["authorizationData"][0]
        user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
        settings = {
            "OCI_VERSION": "1.1",
            "OCI_REGISTRY": f"127.0.0.1:{sandbox.port}",
            "OCI_TLS": "disabled",
            "OCI_REPO1": f"{A}/{REPOSITORIES[0]}",
            "OCI_REPO2": f"{A}/{REPOSITORIES[1]}",
            "OCI_USERNAME": user,
            "OCI_PASSWORD": password,
            "OCI_RESULTS_DIR": str(results),
            "OCI_LOG": "error",
            **dict.fromkeys(_MORE, "true"),
        }
        others = {k: v for k, v in os.environ.items() if not k.startswith("OCI_")}
        done = subprocess.run(
            [program], env=others | settings, capture_output=True, text=True, timeout=600
        )
    found = results / "junit.xml"
    if not found.exists():
        raise NotBuilt(f"the program ended without a report: {done.stdout}{done.stderr}")
    return found.read_text()


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotBuilt(f"{' '.join(command)}: {done.stderr or done.stdout}")
