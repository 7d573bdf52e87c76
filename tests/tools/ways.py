"""A way to pull or push: a bash script around one of the programs that people use."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from tests.tools import require
from tests.tools.conftest import Terminal

# A program and the Debian package that holds it.
SKOPEO, PODMAN = ("skopeo", "skopeo"), ("podman", "podman")
ECR_LOGIN = ("docker-credential-ecr-login", "amazon-ecr-credential-helper")
NODE, NPM = ("node", "nodejs"), ("npm", "npm")
# aws-sdk-go-v2 before 2024 sometimes closes a connection whose answer came sooner than it had done
# with its own request (aws/aws-sdk-go-v2#1825, #2737). AWS is too far away for that.
GO_SDK_FAULT = "use of closed network connection"


@dataclass(frozen=True)
class Way:
    """One way to go. tools: program and Debian package of each that it needs."""

    name: str
    tools: tuple[tuple[str, str], ...]
    script: str
    prints: str = ""


def helper(name: str) -> str:
    """The line that makes a credential helper ("xacct", "ecr-login") the registry's."""
    return f"""printf '{{"credHelpers": {{"%s": "{name}"}}}}' $R > $REGISTRY_AUTH_FILE"""


def run(way: Way, terminal: Terminal, javascript: str) -> subprocess.CompletedProcess[str]:
    """Go that way, in an empty folder; once more when the AWS SDK for Go tripped over itself."""
    for tool, package in way.tools:
        require(tool, package)
    for _ in range(5):
        done = terminal.run(f"rm -rf $W/*; {way.script}", JS=javascript)
        if GO_SDK_FAULT not in done.stdout + done.stderr + _helper_log(terminal):
            break
    return done


def _helper_log(terminal: Terminal) -> str:
    """What AWS's credential helper wrote in its log since last time; it tells its caller little."""
    log = terminal.lab.folder / "home" / ".ecr" / "log" / "ecr-login.log"
    if not log.exists():
        return ""
    text = log.read_text()
    log.write_text("")
    return text
