"""Certificates and keys for the corpus: the same bytes in each run, and valid to the year 9999."""

from __future__ import annotations

import textwrap

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = """\
-----BEGIN CERTIFICATE-----
MIIBCzCBs6ADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHJvb3QwIBcN
MjYwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMA8xDTALBgNVBAMMBHJvb3Qw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARrF9Hy4SxCR/i85uVjpEDydwN9gS3r
M6D0oTlF2JjClk/jQuL+Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1MAoGCCqG
SM49BAMCA0cAMEQCIBOPTbKcQIalVq9udjVNX/xQXkYMQe2NtvbXO6oAAc0CAiA0
G5iWqOpbGPv0FVfTF8BALrddwy1IhCZdY0jENYWI7A==
-----END CERTIFICATE-----
"""
LEAF = """\
-----BEGIN CERTIFICATE-----
MIIBFzCBvqADAgECAgECMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHJvb3QwIBcN
MjYwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBoxGDAWBgNVBAMMD3d3dy5l
eGFtcGxlLm9yZzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHzyexiNA09+ilI4
AwS1GsPAiWnid/IbNaYLSPxHZpl4B3dVENuO0EApPZrGn3Qw27p9reY86YIpngS3
nSJ4c9EwCgYIKoZIzj0EAwIDSAAwRQIhAPas5pYR6A/ynh1t70NNBRTXYOMsXlI/
qIrv6PKaLCbyAiARpEfLrDyNqx5scT/FCXFSh28caXqbGVSIonQn0mIF+A==
-----END CERTIFICATE-----
"""
ONE = """\
-----BEGIN CERTIFICATE-----
MIIBCjCBsaADAgECAgEDMAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA2FubjAgFw0y
NjAxMDEwMDAwMDBaGA85OTk5MTIzMTIzNTk1OVowDjEMMAoGA1UEAwwDYW5uMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXsvk0aYzCkTI9++VHUvxZebGtyHvramF
+0FmG8bn/WyHNGQMSZj/fjdLBs4aZKLs2CqwNjhPuD2aebEnon1QMjAKBggqhkjO
PQQDAgNIADBFAiBborppSegp5JatnW3HUSnoeglABhCFeZjdE79xW6gU7gIhAO/b
5kL+HUHRDRB70x45XMD6H0yBiJ8MQCDmoqDN+75X
-----END CERTIFICATE-----
"""
TWO = """\
-----BEGIN CERTIFICATE-----
MIIBFjCBvaADAgECAgEEMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWFubiBhZ2Fp
bjAgFw0yNjAxMDEwMDAwMDBaGA85OTk5MTIzMTIzNTk1OVowFDESMBAGA1UEAwwJ
YW5uIGFnYWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4lNKNTLQj7ugLd5l
nuYr0AMf4tt4VZbvUJMCRGsDCFLg8VdaTGM8xxnf7l/ahi12TvyWw/MO4AVcQsI/
GE7YxjAKBggqhkjOPQQDAgNIADBFAiEAlebvv+L8Cpmb7hAg6vi91bRL1S+dciR7
nP80ktaC/AcCIAN5/QvDbG5fsiObwB3HsiVdeD+S9JQy8iiyN5/h0G4U
-----END CERTIFICATE-----
"""
THREE = """\
-----BEGIN CERTIFICATE-----
MIIBHzCBxaADAgECAgEFMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWFubiBvbmNl
IG1vcmUwIBcNMjYwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBgxFjAUBgNV
BAMMDWFubiBvbmNlIG1vcmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARRWQt6
UVFA0teEyFYIZo/f74yC/R9b5SQhVUoNw9Az7eDBfaiQSnJ9iuG/Nr+KeSYNAS8A
1NgIiNHQu0T9oW2kMAoGCCqGSM49BAMCA0kAMEYCIQDKtfCIDTyvmf0rAye69YEw
x7pobrp4SfupPvCOj5w++gIhAI8oq/lfEBMjvQUpYiH0ZT/Oq0XgRWSIeabi80TV
Mxfv
-----END CERTIFICATE-----
"""
SSH_KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJeM0baIGCeRHDJjI0jpaFlQcm99g6xdHXdzNHFnNAL6tE/p1JZk"
    "mnXUW6gF4QUGwucEqDindXPppu0ET45ctpRAN4u9MwB8wbDNJJScny8OcE4lzJP62IZI9zLovERCQQhx4KF2SCgwrk"
    "fMBxieBSqt4kMK2jS40t6BmgkXGEmF5n5lf7ShHKQlrZA/JaTwwV+D7a+8DcL/2TqC6tS4JdhMi1mlGjBQUPdpixBS"
    "0LnfAc9N+86IGazM6sG+Y4lluxonHrgX7sqnHoZ1Rfi6giW4VXUSVLIrvl8R0YIL0kOiLeAtmqxqvM/gqoNuebVCA9"
    "o80PXASyolphWpKFBv5n"
)


def private_key(number: int) -> str:
    """Make the private key of this number: 1 belongs to ROOT, 2 to LEAF, 3 to ONE."""
    key = ec.derive_private_key(number, ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


def metadata(entity: str) -> str:
    """Make the metadata of an identity provider, which signs with ROOT."""
    body = "".join(ROOT.splitlines()[1:-1])
    return textwrap.dedent(f"""\
        <?xml version="1.0"?><!-- {"." * 600} -->
        <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
        <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
        <X509Data><X509Certificate>{body}</X509Certificate></X509Data>
        </KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>
        """)
