"""SSH public keys, signing certificates, service-specific credentials and the credential report.

Sources: the modules of the same names in services/iam/.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.sandboxes import A, B, Forked, Sandbox, allow

SSH = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
PEM = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo


def ssh_key(bits: int = 2048) -> rsa.RSAPublicKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()


def certificate(name: str) -> str:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


KEY = ssh_key()
LINE = KEY.public_bytes(*SSH).decode()
ONE, TWO, THREE = (certificate(name) for name in ("one", "two", "three"))


@pytest.fixture
def ann(sandbox: Sandbox) -> Sandbox:
    """The sandbox with a user ann in account A."""
    sandbox.do(A, "iam:CreateUser", UserName="ann")
    return sandbox


def upload(sandbox: Sandbox, body: str = LINE, user: str = "ann") -> Any:
    return sandbox.do(A, "iam:UploadSSHPublicKey", UserName=user, SSHPublicKeyBody=body)[
        "SSHPublicKey"
    ]


def sign(sandbox: Sandbox, body: str = ONE) -> Any:
    return sandbox.do(A, "iam:UploadSigningCertificate", UserName="ann", CertificateBody=body)[
        "Certificate"
    ]


def create(sandbox: Sandbox, service: str = "codecommit.amazonaws.com", **more: Any) -> Any:
    return sandbox.do(
        A, "iam:CreateServiceSpecificCredential", UserName="ann", ServiceName=service, **more
    )["ServiceSpecificCredential"]


def conflict(sandbox: Sandbox, text: str) -> None:
    kept = sandbox.call(A, "iam:DeleteUser", UserName="ann")
    assert kept.error == ("DeleteConflict", 409, text)


def test_an_ssh_keys_life(ann: Sandbox) -> None:
    made = upload(ann)
    assert re.fullmatch("APKA[A-Z2-7]{17}", made["SSHPublicKeyId"])
    digest = hashlib.md5(base64.b64decode(LINE.split()[1]), usedforsecurity=False)
    assert made["Fingerprint"] == digest.digest().hex(":")
    one = {"UserName": "ann", "SSHPublicKeyId": made["SSHPublicKeyId"]}
    listed = ann.do(A, "iam:ListSSHPublicKeys", UserName="ann")["SSHPublicKeys"]
    assert listed == [{**one, "Status": "Active", "UploadDate": made["UploadDate"]}]
    ann.do(A, "iam:UpdateSSHPublicKey", **one, Status="Inactive")
    for encoding, form in (("SSH", SSH), ("PEM", PEM)):
        shown = ann.do(A, "iam:GetSSHPublicKey", **one, Encoding=encoding)["SSHPublicKey"]
        assert shown["SSHPublicKeyBody"] == KEY.public_bytes(*form).decode()
        assert shown["Status"] == "Inactive"
    conflict(ann, "Cannot delete entity, must remove referenced objects first.")
    ann.do(A, "iam:DeleteSSHPublicKey", **one)
    assert ann.do(A, "iam:ListSSHPublicKeys", UserName="ann")["SSHPublicKeys"] == []
    ann.do(A, "iam:DeleteUser", UserName="ann")


def test_a_key_in_pem(ann: Sandbox) -> None:
    made = upload(ann, KEY.public_bytes(*PEM).decode())
    shown = ann.do(
        A,
        "iam:GetSSHPublicKey",
        UserName="ann",
        SSHPublicKeyId=made["SSHPublicKeyId"],
        Encoding="SSH",
    )
    assert shown["SSHPublicKey"]["SSHPublicKeyBody"] == LINE


SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
OTHER_KIND = ec.generate_private_key(ec.SECP256R1()).public_key()
BAD_KEYS = [
    ("no key", "hello", "UnrecognizedPublicKeyEncoding"),
    ("a broken key", "ssh-rsa AAAA", "InvalidPublicKey"),
    ("a broken PEM", "-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----",
     "InvalidPublicKey"),
    ("a short key", SHORT.public_bytes(*SSH).decode(), "InvalidPublicKey"),
    ("another kind", OTHER_KIND.public_bytes(*PEM).decode(), "InvalidPublicKey"),
    ("the same key", LINE, "DuplicateSSHPublicKey"),
    ("the same key in PEM", KEY.public_bytes(*PEM).decode(), "DuplicateSSHPublicKey"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "code"), BAD_KEYS, ids=[row[0] for row in BAD_KEYS])
def test_an_ssh_key_that_is_refused(ann: Sandbox, name: str, body: str, code: str) -> None:
    upload(ann)
    answer = ann.call(A, "iam:UploadSSHPublicKey", UserName="ann", SSHPublicKeyBody=body)
    assert (answer.code, answer.status) == (code, 400)
    assert len(ann.do(A, "iam:ListSSHPublicKeys", UserName="ann")["SSHPublicKeys"]) == 1


def test_five_ssh_keys(ann: Sandbox) -> None:
    for _ in range(5):
        upload(ann, ssh_key().public_bytes(*SSH).decode())
    sixth = ann.call(A, "iam:UploadSSHPublicKey", UserName="ann", SSHPublicKeyBody=LINE)
    assert sixth.error == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for SSHPublicKeysPerUser: 5",
    )


def test_a_signing_certificates_life(ann: Sandbox) -> None:
    made = sign(ann)
    assert (made["CertificateBody"], made["Status"]) == (ONE, "Active")
    one = {"UserName": "ann", "CertificateId": made["CertificateId"]}
    ann.do(A, "iam:UpdateSigningCertificate", **one, Status="Inactive")
    listed = ann.do(A, "iam:ListSigningCertificates", UserName="ann")
    assert listed["Certificates"] == [{**made, "Status": "Inactive"}]
    assert listed["IsTruncated"] is False
    conflict(ann, "Cannot delete entity, must delete signing certificates first.")
    ann.do(A, "iam:DeleteSigningCertificate", **one)
    assert ann.do(A, "iam:ListSigningCertificates", UserName="ann")["Certificates"] == []


PASSWORDS = [
    ("codecommit.amazonaws.com", "ServiceUserName", "ServicePassword"),
    ("cassandra.amazonaws.com", "ServiceUserName", "ServicePassword"),
    ("bedrock.amazonaws.com", "ServiceCredentialAlias", "ServiceCredentialSecret"),
]


@pytest.mark.parametrize(("service", "name", "secret"), PASSWORDS)
def test_a_service_credentials_life(ann: Sandbox, service: str, name: str, secret: str) -> None:
    made, second = create(ann, service), create(ann, service)
    assert re.fullmatch("ACCA[A-Z2-7]{17}", made["ServiceSpecificCredentialId"])
    assert [made[name], second[name]] == [f"ann-at-{A}", f"ann+1-at-{A}"]
    one = {"UserName": "ann", "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    reset = ann.do(A, "iam:ResetServiceSpecificCredential", **one)["ServiceSpecificCredential"]
    assert reset[secret] != made[secret]
    ann.do(A, "iam:UpdateServiceSpecificCredential", **one, Status="Inactive")
    listed = ann.do(A, "iam:ListServiceSpecificCredentials", UserName="ann", ServiceName=service)
    shown = {k: v for k, v in made.items() if k != secret}
    assert listed["ServiceSpecificCredentials"][0] == {**shown, "Status": "Inactive"}
    third = ann.call(A, "iam:CreateServiceSpecificCredential", UserName="ann", ServiceName=service)
    assert third.code == "LimitExceeded"
    conflict(ann, "Cannot delete entity, must remove referenced objects first.")
    everybodys = ann.do(A, "iam:ListServiceSpecificCredentials", AllUsers=True)
    assert len(everybodys["ServiceSpecificCredentials"]) == 2
    ann.do(A, "iam:DeleteServiceSpecificCredential", **one)
    left = ann.do(A, "iam:ListServiceSpecificCredentials", UserName="ann")
    assert len(left["ServiceSpecificCredentials"]) == 1


def test_a_credential_that_expires(ann: Sandbox) -> None:
    made = create(ann, "bedrock.amazonaws.com", CredentialAgeDays=30)
    assert made["ExpirationDate"] - made["CreateDate"] == timedelta(days=30)
    never = ann.call(
        A,
        "iam:CreateServiceSpecificCredential",
        UserName="ann",
        ServiceName="codecommit.amazonaws.com",
        CredentialAgeDays=30,
    )
    assert never.code == "InvalidInput"


NOBODY = "The user with name nobody cannot be found."
NO_KEY = {"SSHPublicKeyId": "APKAXXXXXXXXXXXXXXXXX"}
NO_CERTIFICATE = {"CertificateId": "NONEXISTENTCERTID12345678901"}
NO_CREDENTIAL = {"ServiceSpecificCredentialId": "satisfiesregexbutstillinvalid"}
NO_PATTERN = {"ServiceSpecificCredentialId": "not-of-the-right-form-at-all"}
PATTERN = (
    "1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy "
    r"constraint: Member must satisfy regular expression pattern: [\w]+"
)
KEY_TEXT = "The Public Key with id APKAXXXXXXXXXXXXXXXXX cannot be found."
CERTIFICATE_TEXT = "The Certificate with id NONEXISTENTCERTID12345678901 cannot be found."
CREDENTIAL_TEXT = "No such credential satisfiesregexbutstillinvalid exists"
UNKNOWN = ("nonexistentservice.amazonaws.com", "o3on3n3onosneo", "lambda.amazonaws.com")
NO_SERVICE = "No such service {} is supported for Service Specific Credentials"
# Every row is recorded from AWS.
REFUSED: list[tuple[str, str, dict[str, Any], str, int, str]] = [
    ("GetSSHPublicKey", "ann", {**NO_KEY, "Encoding": "SSH"}, "NoSuchEntity", 404, KEY_TEXT),
    ("UpdateSSHPublicKey", "ann", {**NO_KEY, "Status": "Inactive"},
     "NoSuchEntity", 404, KEY_TEXT),
    ("DeleteSSHPublicKey", "ann", NO_KEY, "NoSuchEntity", 404, KEY_TEXT),
    ("UploadSigningCertificate", "nobody", {"CertificateBody": THREE},
     "NoSuchEntity", 404, NOBODY),
    ("ListSigningCertificates", "nobody", {}, "NoSuchEntity", 404, NOBODY),
    ("DeleteSigningCertificate", "nobody", NO_CERTIFICATE, "NoSuchEntity", 404, NOBODY),
    ("UpdateSigningCertificate", "nobody", {**NO_CERTIFICATE, "Status": "Inactive"},
     "NoSuchEntity", 404, NOBODY),
    ("UploadSigningCertificate", "ann", {"CertificateBody": "invalid-certificate-body"},
     "MalformedCertificate", 400, "Certificate invalid-certificate-body is malformed."),
    ("UpdateSigningCertificate", "ann", {**NO_CERTIFICATE, "Status": "Inactive"},
     "NoSuchEntity", 404, CERTIFICATE_TEXT),
    ("DeleteSigningCertificate", "ann", NO_CERTIFICATE, "NoSuchEntity", 404, CERTIFICATE_TEXT),
    ("UploadSigningCertificate", "ann", {"CertificateBody": THREE},
     "LimitExceeded", 409, "Cannot exceed quota for CertificatesPerUser: 2"),
    ("CreateServiceSpecificCredential", "nobody", {"ServiceName": "codecommit.amazonaws.com"},
     "NoSuchEntity", 404, NOBODY),
    ("CreateServiceSpecificCredential", "nobody", {"ServiceName": UNKNOWN[0]},
     "NoSuchEntity", 404, NOBODY),
    *(("CreateServiceSpecificCredential", "ann", {"ServiceName": name},
       "NoSuchEntity", 404, NO_SERVICE.format(name)) for name in UNKNOWN),
    ("ListServiceSpecificCredentials", "ann", {"ServiceName": UNKNOWN[0]},
     "NoSuchEntity", 404, NO_SERVICE.format(UNKNOWN[0])),
    *((f"{verb}ServiceSpecificCredential", user, {**number, **more}, code, status, text)
      for user, number, code, status, text in (
          ("nobody", NO_CREDENTIAL, "NoSuchEntity", 404, NOBODY),
          ("ann", NO_CREDENTIAL, "NoSuchEntity", 404, CREDENTIAL_TEXT),
          ("ann", NO_PATTERN, "ValidationError", 400, PATTERN),
      )
      for verb, more in (("Update", {"Status": "Inactive"}), ("Reset", {}), ("Delete", {}))),
    ("UpdateServiceSpecificCredential", "ann", {**NO_CREDENTIAL, "Status": "Invalid"},
     "ValidationError", 400, "1 validation error detected: Value at 'status' failed to satisfy "
     "constraint: Member must satisfy enum value set"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "user", "parameters", "code", "status", "message"), REFUSED)
def test_refused(
    ann: Sandbox,
    operation: str,
    user: str,
    parameters: dict[str, Any],
    code: str,
    status: int,
    message: str,
) -> None:
    sign(ann, ONE)
    sign(ann, TWO)
    answer = ann.call(A, f"iam:{operation}", UserName=user, **parameters)
    assert answer.error == (code, status, message)


def test_a_signing_certificate_is_uploaded_once(ann: Sandbox) -> None:
    """Source: IAM API Reference, UploadSigningCertificate, DuplicateCertificate; the words are
    unsettled."""
    sign(ann, ONE)
    again = ann.call(A, "iam:UploadSigningCertificate", UserName="ann", CertificateBody=ONE)
    assert again.error == ("DuplicateCertificate", 409, "The same certificate exists already.")
    assert len(ann.do(A, "iam:ListSigningCertificates", UserName="ann")["Certificates"]) == 1


def test_without_a_user_name_it_is_the_callers(sandbox: Sandbox) -> None:
    keys = sandbox.user(A, "u", allow("iam:*"))
    sandbox.do(keys, "iam:UploadSigningCertificate", CertificateBody=ONE)
    [shown] = sandbox.do(A, "iam:ListSigningCertificates", UserName="u")["Certificates"]
    sandbox.do(
        keys,
        "iam:UpdateSigningCertificate",
        CertificateId=shown["CertificateId"],
        Status="Inactive",
    )
    assert sandbox.do(keys, "iam:ListSSHPublicKeys")["SSHPublicKeys"] == []
    listed = sandbox.do(keys, "iam:ListServiceSpecificCredentials")
    assert listed["ServiceSpecificCredentials"] == []


def test_another_users_things_are_not_there(ann: Sandbox) -> None:
    ann.do(A, "iam:CreateUser", UserName="bob")
    key = upload(ann)["SSHPublicKeyId"]
    answer = ann.call(A, "iam:DeleteSSHPublicKey", UserName="bob", SSHPublicKeyId=key)
    assert answer.code == "NoSuchEntity"
    assert ann.call(B, "iam:ListSSHPublicKeys", UserName="ann").code == "NoSuchEntity"


# -- the credential report -------------------------------------------------------------------


def report(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    found = sandbox.do(A, "iam:GetCredentialReport")
    assert found["ReportFormat"] == "text/csv"
    return {row["user"]: row for row in csv.DictReader(io.StringIO(found["Content"].decode()))}


def test_the_credential_report(ann: Sandbox) -> None:
    none = ann.call(A, "iam:GetCredentialReport")
    assert none.error == ("ReportNotPresent", 410, "")
    ann.do(A, "iam:CreateLoginProfile", UserName="ann", Password="Secret-of-Ann-7")
    ann.do(A, "iam:UpdateAccountPasswordPolicy", MaxPasswordAge=90)
    ann.do(A, "iam:CreateAccessKey", UserName="ann")
    second = ann.do(A, "iam:CreateAccessKey", UserName="ann")["AccessKey"]["AccessKeyId"]
    ann.do(A, "iam:UpdateAccessKey", UserName="ann", AccessKeyId=second, Status="Inactive")
    sign(ann)
    assert ann.do(A, "iam:GenerateCredentialReport")["State"] == "STARTED"
    assert ann.do(A, "iam:GenerateCredentialReport")["State"] == "COMPLETE"
    rows = report(ann)
    assert list(rows) == ["<root_account>", "admin", "ann"]
    assert rows["<root_account>"]["arn"] == f"arn:aws:iam::{A}:root"
    row = rows["ann"]
    expected = {
        "password_enabled": "true",
        "password_last_used": "no_information",
        "mfa_active": "false",
        "access_key_1_active": "true",
        "access_key_2_active": "false",
        "access_key_2_last_used_date": "N/A",
        "cert_1_active": "true",
        "cert_2_active": "false",
        "cert_2_last_rotated": "N/A",
    }
    assert {name: row[name] for name in expected} == expected
    changed = datetime.fromisoformat(row["password_last_changed"])
    rotation = datetime.fromisoformat(row["password_next_rotation"])
    assert rotation - changed == timedelta(days=90)
    assert rows["admin"]["password_enabled"] == "false"
    ann.do(A, "iam:CreateUser", UserName="zoe")
    assert "zoe" not in report(ann), "a report is as old as it is"
    ann.advance(4 * 3600)
    assert ann.call(A, "iam:GetCredentialReport").error == ("ReportExpired", 410, "")
    assert ann.do(A, "iam:GenerateCredentialReport")["State"] == "STARTED"
    assert "zoe" in report(ann)


@pytest.mark.slow
def test_no_secret_is_kept_and_the_rest_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    with Forked("--state", str(folder)) as sandbox:
        sandbox.do(A, "iam:CreateUser", UserName="ann")
        upload(sandbox)
        sign(sandbox)
        secrets = [create(sandbox)["ServicePassword"]]
        made = create(sandbox, "bedrock.amazonaws.com")
        secrets.append(made["ServiceCredentialSecret"])
        reset = sandbox.do(
            A,
            "iam:ResetServiceSpecificCredential",
            UserName="ann",
            ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"],
        )
        secrets.append(reset["ServiceSpecificCredential"]["ServiceCredentialSecret"])
        sandbox.do(A, "iam:GenerateCredentialReport")
        before = sandbox.fingerprint(), report(sandbox)
        told = str(sandbox.control("GET", "trail/100").json)
        told += str(sandbox.do(A, "cloudtrail:LookupEvents")["Events"])
        assert "CreateServiceSpecificCredential" in told
        sandbox.kill()
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files
    for secret in secrets:
        assert secret not in told
        assert all(secret.encode() not in content for content in files)
    with Forked("--state", str(folder)) as sandbox:
        assert (sandbox.fingerprint(), report(sandbox)) == before
