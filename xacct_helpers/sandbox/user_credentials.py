"""What an account and its users hold that moto does not keep as AWS does.

MFA devices, SSH public keys, certificates, SAML providers and service-specific credentials, in
plain values. Who owns one is told by the user's unique id, which outlives a new name and dies with
the user. Secrets are not here, but for the seeds of MFA devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDevice:
    """A virtual device. seed: base 32; last_step: of the latest code that was used."""

    serial: str
    seed: str
    tags: Mapping[str, str]
    user_id: str | None = None
    enabled: datetime | None = None
    last_step: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class SshPublicKey:
    """body: as OpenSSH writes a public key, or PEM; fingerprint: MD5, with colons."""

    id: str
    user_id: str
    body: str
    fingerprint: str
    uploaded: datetime
    status: str = "Active"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningCertificate:
    id: str
    user_id: str
    body: str
    uploaded: datetime
    status: str = "Active"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate:
    """The private key that came with it was looked at and is not kept: nothing here serves TLS."""

    name: str
    path: str
    arn: str
    id: str
    body: str
    chain: str | None
    uploaded: datetime
    expires: datetime
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlProvider:
    arn: str
    uuid: str
    document: str
    created: datetime
    valid_until: datetime
    encryption: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCredential:
    """name: the service user name, or the alias; expires: None for one that never does."""

    id: str
    user_id: str
    service: str
    name: str
    created: datetime
    expires: datetime | None
    status: str = "Active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A credential report: CSV, as it was when it was made."""

    text: str
    made: datetime


@dataclass(slots=True)
class Holdings:
    """Of one account: each thing by its id, serial number, name or ARN, in the order made."""

    mfa_devices: dict[str, MfaDevice] = field(default_factory=dict)
    ssh_keys: dict[str, SshPublicKey] = field(default_factory=dict)
    signing_certificates: dict[str, SigningCertificate] = field(default_factory=dict)
    server_certificates: dict[str, ServerCertificate] = field(default_factory=dict)
    saml_providers: dict[str, SamlProvider] = field(default_factory=dict)
    service_credentials: dict[str, ServiceCredential] = field(default_factory=dict)
    report: Report | None = None

    def devices_of(self, user_id: str) -> list[MfaDevice]:
        """The MFA devices that are enabled for a user."""
        return [one for one in self.mfa_devices.values() if one.user_id == user_id]

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of an MFA device, a server certificate or a SAML provider."""
        certificates = {one.arn: one for one in self.server_certificates.values()}
        found = self.mfa_devices.get(arn) or self.saml_providers.get(arn) or certificates.get(arn)
        return found.tags if found is not None else {}

    def describe(self) -> dict[str, Any]:
        """Everything but times and secrets, as far as there is anything."""
        found: dict[str, Any] = {
            "mfa_devices": [
                [one.serial, one.user_id, sorted(one.tags.items())]
                for one in self.mfa_devices.values()
            ],
            "ssh_keys": [
                [one.id, one.user_id, one.fingerprint, one.status] for one in self.ssh_keys.values()
            ],
            "signing_certificates": [
                [one.id, one.user_id, one.body, one.status]
                for one in self.signing_certificates.values()
            ],
            "server_certificates": [
                [one.arn, one.id, one.body, one.chain, sorted(one.tags.items())]
                for one in self.server_certificates.values()
            ],
            "saml_providers": [
                [one.arn, one.uuid, one.document, one.encryption, sorted(one.tags.items())]
                for one in self.saml_providers.values()
            ],
            "service_credentials": [
                [one.id, one.user_id, one.service, one.name, one.status]
                for one in self.service_credentials.values()
            ],
        }
        return {name: value for name, value in found.items() if value}
