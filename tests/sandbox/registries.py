"""A client of the registry under /v2/ for the tests: requests with a token, and pushes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox.images import MANIFEST_TYPE, Image, digest_of
from tests.sandboxes import A, Keys, Reply, Sandbox

HOST = f"{A}.dkr.ecr.us-east-1.amazonaws.com"
Error = tuple[int, str, str]


@dataclass(frozen=True)
class Client:
    """Who asks a registry, and where: `host` and what stands before the names in paths."""

    sandbox: Sandbox
    basic: str
    host: str = HOST
    prefix: str = ""

    @classmethod
    def of(cls, sandbox: Sandbox, keys: Keys | str = A, **more: Any) -> Client:
        data = sandbox.do(keys, "ecr:GetAuthorizationToken")["authorizationData"]
        return cls(sandbox, str(data[0]["authorizationToken"]), **more)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A request; path as in a Location, or without /v2/."""
        target = path if path.startswith("/") else f"/v2{self.prefix}/{path}"
        signed = {"Host": self.host, "Authorization": f"Basic {self.basic}"}
        if method in ("POST", "PUT", "PATCH"):
            signed["Content-Length"] = str(len(body))
        return self.sandbox.http(method, target, body, {**signed, **(headers or {})})

    def begin(self, name: str = "my-app") -> str:
        """A new upload; its path."""
        reply = self.send("POST", f"{name}/blobs/uploads/")
        assert reply.status == 202, reply.body
        return reply.headers["location"]

    def blob(self, data: bytes, name: str = "my-app") -> str:
        """Push a blob; its digest."""
        reply = self.send("PUT", with_digest(self.begin(name), digest_of(data)), data)
        assert reply.status == 201, reply.body
        return reply.headers["docker-content-digest"]

    def manifest(
        self, text: str, reference: str = "v1", name: str = "my-app", kind: str = MANIFEST_TYPE
    ) -> Reply:
        """Put a manifest, whatever comes of it."""
        path = f"{name}/manifests/{reference}"
        return self.send("PUT", path, text.encode(), {"Content-Type": kind})

    def push(self, image: Image, reference: str = "v1", name: str = "my-app") -> Reply:
        """Push an image; the answer to its manifest."""
        self.blob(image.layer, name)
        self.blob(image.config, name)
        return self.manifest(image.manifest, reference, name)


def with_digest(location: str, digest: str) -> str:
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def error_of(reply: Reply) -> Error:
    [error] = json.loads(reply.body)["errors"]
    return reply.status, error["code"], error["message"]
