"""Server certificates and SAML providers.

Sources: the modules of the same names in services/iam/.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sandboxes import A, B, Forked, Sandbox, allow, trust

Key = ec.EllipticCurvePrivateKey
EXPIRES = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def issued(name: str, by: tuple[x509.Certificate, Key] | None) -> tuple[x509.Certificate, Key]:
    """A certificate and its key, issued by another or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(EXPIRES - timedelta(days=3650))
        .not_valid_after(EXPIRES)
        .sign(by[1] if by else key, hashes.SHA256())
    )
    return made, key


def pem(*certificates: x509.Certificate) -> str:
    found = (one.public_bytes(serialization.Encoding.PEM) for one in certificates)
    return b"".join(found).decode()


def private(key: Key, password: bytes | None = None) -> str:
    encrypted: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encrypted = serialization.BestAvailableEncryption(password)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encrypted).decode()


ROOT = issued("root", None)
MIDDLE = issued("middle", ROOT)
LEAF = issued("www.example.org", MIDDLE)
SITE = {"CertificateBody": pem(LEAF[0]), "PrivateKey": private(LEAF[1])}


def test_a_server_certificates_life(sandbox: Sandbox) -> None:
    chain = pem(MIDDLE[0], ROOT[0])
    tags = [{"Key": "team", "Value": "blue"}]
    answer = sandbox.do(
        A,
        "iam:UploadServerCertificate",
        ServerCertificateName="site",
        Path="/web/",
        CertificateChain=chain,
        Tags=tags,
        **SITE,
    )
    made = answer["ServerCertificateMetadata"]
    assert made["Arn"] == f"arn:aws:iam::{A}:server-certificate/web/site"
    assert re.fullmatch("ASCA[A-Z2-7]{17}", made["ServerCertificateId"])
    assert made["Expiration"] == EXPIRES
    assert answer["Tags"] == tags
    shown = sandbox.do(A, "iam:GetServerCertificate", ServerCertificateName="site")
    assert shown["ServerCertificate"] == {
        "ServerCertificateMetadata": made,
        "CertificateBody": SITE["CertificateBody"],
        "CertificateChain": chain,
        "Tags": tags,
    }
    for prefix, expected in (({}, [made]), ({"PathPrefix": "/web/"}, [made]),
                             ({"PathPrefix": "/other/"}, [])):  # fmt: skip
        listed = sandbox.do(A, "iam:ListServerCertificates", **prefix)
        assert listed["ServerCertificateMetadataList"] == expected
    assert sandbox.do(A, "iam:GetAccountSummary")["SummaryMap"]["ServerCertificates"] == 1
    sandbox.do(A, "iam:DeleteServerCertificate", ServerCertificateName="site")
    gone = sandbox.call(A, "iam:GetServerCertificate", ServerCertificateName="site")
    assert gone.error == (
        "NoSuchEntity",
        404,
        "The Server Certificate with name site cannot be found.",
    )


CHAIN = (
    "Unable to validate certificate chain. The certificate chain must start with the immediate "
    "signing certificate, followed by any intermediaries in order. The index within the chain of "
    "the invalid certificate is: {}"
)
IN_PEM = "Unable to parse certificate. Please ensure the certificate is in PEM format."
BAD_KEY = "Unable to parse private key. It must be an unencrypted private key in PEM format."
BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("no certificate", {"CertificateBody": "file://site.pem"}, "MalformedCertificate", IN_PEM),
    ("no private key", {"PrivateKey": "file://key.pem"}, "MalformedCertificate", BAD_KEY),
    ("an encrypted key", {"PrivateKey": private(LEAF[1], b"x")}, "MalformedCertificate", BAD_KEY),
    ("another's key", {"PrivateKey": private(ROOT[1])}, "KeyPairMismatch",
     "The private key does not match the certificate."),
    ("the chain upside down", {"CertificateChain": pem(ROOT[0], MIDDLE[0])},
     "MalformedCertificate", CHAIN.format(0)),
    ("a hole in the chain", {"CertificateChain": pem(MIDDLE[0], LEAF[0])},
     "MalformedCertificate", CHAIN.format(1)),
    ("the certificate itself in the chain", {"CertificateChain": pem(LEAF[0], MIDDLE[0])},
     "MalformedCertificate", CHAIN.format(0)),
    ("no chain", {"CertificateChain": "-"}, "MalformedCertificate", CHAIN.format(-1)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "code", "message"), BAD, ids=[r[0] for r in BAD])
def test_a_server_certificate_that_is_refused(
    sandbox: Sandbox, name: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    answer = sandbox.call(
        A, "iam:UploadServerCertificate", ServerCertificateName="site", **{**SITE, **parameters}
    )
    assert answer.error == (code, 400, message)
    assert sandbox.do(A, "iam:ListServerCertificates")["ServerCertificateMetadataList"] == []


def test_names_are_taken_in_any_case(sandbox: Sandbox) -> None:
    sandbox.do(A, "iam:UploadServerCertificate", ServerCertificateName="site", **SITE)
    taken = sandbox.call(A, "iam:UploadServerCertificate", ServerCertificateName="SITE", **SITE)
    assert taken.error == (
        "EntityAlreadyExists",
        409,
        "The Server Certificate with name SITE already exists.",
    )
    assert sandbox.call(B, "iam:UploadServerCertificate", ServerCertificateName="site", **SITE).ok


def test_twenty_server_certificates_at_most(sandbox: Sandbox) -> None:
    """Source: IAM quotas, server certificates stored in an account."""
    upload = "iam:UploadServerCertificate"
    for number in range(20):
        sandbox.do(A, upload, ServerCertificateName=f"site-{number}", **SITE)
    answer = sandbox.call(A, upload, ServerCertificateName="site-20", **SITE)
    assert answer.error == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for ServerCertificatesPerAccount: 20",
    )
    assert sandbox.call(B, upload, ServerCertificateName="site-20", **SITE).ok


# -- SAML providers --------------------------------------------------------------------------

NAMESPACE = "urn:oasis:names:tc:SAML:2.0:metadata"


def metadata(entity: str = "https://idp.example.com/saml", **attributes: str) -> str:
    """Metadata of an identity provider, with a certificate of its own."""
    body = pem(ROOT[0]).replace("-----BEGIN CERTIFICATE-----", "").split("-----END")[0].strip()
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<?xml version="1.0"?><!-- {"." * 600} -->'
        f'<EntityDescriptor xmlns="{NAMESPACE}" entityID="{entity}"{more}>'
        '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">'
        f"<X509Data><X509Certificate>{body}</X509Certificate></X509Data></KeyInfo>"
        "</KeyDescriptor></IDPSSODescriptor></EntityDescriptor>"
    )


ARN = f"arn:aws:iam::{A}:saml-provider/idp"


def test_a_saml_providers_life(sandbox: Sandbox) -> None:
    document = metadata()
    made = sandbox.do(A, "iam:CreateSAMLProvider", Name="idp", SAMLMetadataDocument=document)
    assert made == {"SAMLProviderArn": ARN}
    shown = sandbox.do(A, "iam:GetSAMLProvider", SAMLProviderArn=ARN)
    assert shown["SAMLMetadataDocument"] == document
    assert shown["AssertionEncryptionMode"] == "Allowed"
    assert (shown["PrivateKeyList"], shown["Tags"]) == ([], [])
    assert shown["ValidUntil"] - shown["CreateDate"] == timedelta(days=36525)
    [listed] = sandbox.do(A, "iam:ListSAMLProviders")["SAMLProviderList"]
    assert listed["Arn"] == ARN
    assert sandbox.do(A, "iam:GetAccountSummary")["SummaryMap"]["Providers"] == 1
    renewed = metadata("https://new.example.com", validUntil="2031-05-06T07:08:09Z")
    updated = sandbox.do(
        A, "iam:UpdateSAMLProvider", SAMLProviderArn=ARN, SAMLMetadataDocument=renewed
    )
    assert updated == {"SAMLProviderArn": ARN}
    again = sandbox.do(A, "iam:GetSAMLProvider", SAMLProviderArn=ARN)
    assert (again["SAMLMetadataDocument"], again["ValidUntil"]) == (renewed, EXPIRES)
    assert again["SAMLProviderUUID"] == shown["SAMLProviderUUID"]
    sandbox.do(A, "iam:DeleteSAMLProvider", SAMLProviderArn=ARN)
    for operation in ("Get", "Delete"):
        gone = sandbox.call(A, f"iam:{operation}SAMLProvider", SAMLProviderArn=ARN)
        assert gone.error == ("NoSuchEntity", 404, f"Manifest not found for arn {ARN}")


PARSE = "Could not parse metadata"
NO_KEY = metadata().replace("KeyDescriptor", "OtherDescriptor")
BOMB = metadata().replace("<!--", '<!DOCTYPE x [<!ENTITY a "b">]><!--')
UNFIT: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("a name that is taken", {"Name": "IDP"}, "EntityAlreadyExists", 409,
     "Provider with name IDP already exists."),
    ("no XML", {"SAMLMetadataDocument": "x" * 1000}, "InvalidInput", 400, PARSE),
    ("another document", {"SAMLMetadataDocument": f"<a>{'x' * 1000}</a>"}, "InvalidInput", 400,
     PARSE),
    ("metadata without a key", {"SAMLMetadataDocument": NO_KEY}, "InvalidInput", 400, PARSE),
    ("a document type", {"SAMLMetadataDocument": BOMB}, "InvalidInput", 400, PARSE),
    ("a short document", {"SAMLMetadataDocument": "<a/>"}, "ValidationError", 400,
     "1 validation error detected: Value '<a/>' at 'sAMLMetadataDocument' failed to satisfy "
     "constraint: Member must have length greater than or equal to 1000"),
    ("a key for assertions", {"AddPrivateKey": private(LEAF[1])}, "InvalidInput", 400,
     "This sandbox takes no SAML assertions, so it keeps no private keys to decrypt them."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parameters", "code", "status", "message"), UNFIT, ids=[row[0] for row in UNFIT]
)
def test_a_saml_provider_that_is_refused(
    sandbox: Sandbox, name: str, parameters: dict[str, Any], code: str, status: int, message: str
) -> None:
    given = {"Name": "other", "SAMLMetadataDocument": metadata()}
    sandbox.do(A, "iam:CreateSAMLProvider", **{**given, "Name": "idp"})
    answer = sandbox.call(A, "iam:CreateSAMLProvider", **{**given, **parameters})
    assert answer.error == (code, status, message)


def test_a_hundred_saml_providers_at_most(sandbox: Sandbox) -> None:
    """Source: IAM quotas, SAML providers per account."""
    create, given = "iam:CreateSAMLProvider", {"SAMLMetadataDocument": metadata()}
    for number in range(100):
        sandbox.do(A, create, Name=f"idp-{number}", **given)
    answer = sandbox.call(A, create, Name="idp-100", **given)
    assert answer.error == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for SAMLProvidersPerAccount: 100",
    )
    assert sandbox.call(B, create, Name="idp-100", **given).ok


def test_an_arn_of_another_kind_of_provider(sandbox: Sandbox) -> None:
    arn = f"arn:aws:iam::{A}:oidc-provider/idp.example.com"
    answer = sandbox.call(A, "iam:GetSAMLProvider", SAMLProviderArn=arn)
    assert answer.error == ("InvalidInput", 400, f"Invalid ARN: {arn}")


def test_a_trust_policy_names_a_provider_that_exists(sandbox: Sandbox) -> None:
    document = trust({"Federated": ARN}, "sts:AssumeRoleWithSAML")
    parameters = {"RoleName": "saml", "AssumeRolePolicyDocument": document}
    before = sandbox.call(A, "iam:CreateRole", **parameters)
    assert before.error == (
        "MalformedPolicyDocument",
        400,
        f'Invalid principal in policy: "FEDERATED":"{ARN}"',
    )
    sandbox.do(A, "iam:CreateSAMLProvider", Name="idp", SAMLMetadataDocument=metadata())
    sandbox.do(A, "iam:CreateRole", **parameters)
    nobody = sandbox.call(
        A,
        "sts:AssumeRoleWithSAML",
        RoleArn=f"arn:aws:iam::{A}:role/saml",
        PrincipalArn=ARN,
        SAMLAssertion="PHNhbWw+",
    )
    assert nobody.code == "InvalidAction"
    assert "does not have sts:AssumeRoleWithSAML" in nobody.message


def test_who_may(sandbox: Sandbox) -> None:
    """Resources as the reference has them; listings by analogy (docs/fidelity.md)."""
    keys = sandbox.user(A, "u", allow("iam:ListUsers"))
    start = f"arn:aws:iam::{A}:"
    for operation, parameters, resource in (
        ("ListServerCertificates", {}, "server-certificate/"),
        ("UploadServerCertificate", {"ServerCertificateName": "x", "Path": "/p/", **SITE},
         "server-certificate/p/x"),
        ("GetServerCertificate", {"ServerCertificateName": "x"}, "server-certificate/x"),
        ("ListSAMLProviders", {}, "saml-provider/*"),
        ("CreateSAMLProvider", {"Name": "idp", "SAMLMetadataDocument": metadata()},
         "saml-provider/idp"),
        ("DeleteSAMLProvider", {"SAMLProviderArn": ARN}, "saml-provider/idp"),
    ):  # fmt: skip
        answer = sandbox.call(keys, f"iam:{operation}", **parameters)
        assert answer.code == "AccessDenied"
        assert f"iam:{operation} on resource: {start}{resource} because" in answer.message


@pytest.mark.slow
def test_no_private_key_is_kept_and_the_rest_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    with Forked("--state", str(folder)) as sandbox:
        sandbox.do(A, "iam:UploadServerCertificate", ServerCertificateName="site", **SITE)
        sandbox.do(A, "iam:CreateSAMLProvider", Name="idp", SAMLMetadataDocument=metadata())
        shown = sandbox.do(A, "iam:GetSAMLProvider", SAMLProviderArn=ARN)
        fingerprint = sandbox.fingerprint()
        told = str(sandbox.control("GET", "trail/100").json)
        told += str(sandbox.do(A, "cloudtrail:LookupEvents")["Events"])
        sandbox.kill()
    assert "UploadServerCertificate" in told
    line = SITE["PrivateKey"].splitlines()[1]
    assert line not in told
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert all(line.encode() not in path.read_bytes() for path in files)
    with Forked("--state", str(folder)) as sandbox:
        assert sandbox.fingerprint() == fingerprint
        assert sandbox.do(A, "iam:GetSAMLProvider", SAMLProviderArn=ARN) == shown
