"""The lab's own certificate authority: what makes a tool take the sandbox for AWS's host names.

Its certificate lies in the lab's folder for tools to trust; its key beside it, for the owner only.
Nothing outside the lab trusts it; `https_front` uses it for AWS's names on the loopback
interface.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...atomic_files import write_whole

if TYPE_CHECKING:
    import trustme

CERTIFICATE, _KEY = "ca.pem", "ca-key.pem"
_ORGANIZATION = "xacct lab, this machine only"


def ensure(folder: Path) -> Path:
    """The authority's certificate in a folder, made now when it is missing.

    Raises OSError when the folder cannot be written.
    """
    certificate, key = folder / CERTIFICATE, folder / _KEY
    if not (certificate.is_file() and key.is_file()):
        import trustme  # 0.1 s: only a new lab pays it

        made = trustme.CA(organization_name=_ORGANIZATION)
        # The certificate last: when it is there, the key is.
        write_whole(key, made.private_key_pem.bytes())
        write_whole(certificate, made.cert_pem.bytes())
    return certificate


@lru_cache(maxsize=256)
def context(folder: Path, host: str) -> ssl.SSLContext:
    """What a TLS server needs to be `host`."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.set_alpn_protocols(["http/1.1"])
    _authority(folder).issue_cert(host, organization_name=_ORGANIZATION).configure_cert(made)
    return made


@lru_cache(maxsize=4)
def _authority(folder: Path) -> trustme.CA:
    import trustme  # 60 ms

    return trustme.CA.from_pem((folder / CERTIFICATE).read_bytes(), (folder / _KEY).read_bytes())
