"""moto's IAM and ECR, imported without what a server never uses."""

from __future__ import annotations

from typing import Any

from ..import_stubs import later, without

# What moto imports for mock_aws, the SDK under it and a Flask server; and, for later, what reads
# the server certificates that it is given.
with (
    without(
        "moto.core.models",
        "boto3",
        "botocore.session",
        "werkzeug.serving",
        "werkzeug.test",
    ),
    later(
        "cryptography",
        "cryptography.x509",
        "cryptography.hazmat",
        "cryptography.hazmat.backends",
    ),
):
    import moto.core.responses as core_responses
    import moto.core.serialize as core_serialize
    import moto.core.utils as core_utils
    import moto.ecr.models as ecr_models
    import moto.iam.exceptions as iam_exceptions
    import moto.iam.models as iam_models
    from moto.core.base_backend import BackendDict
    from moto.core.exceptions import ServiceException
    from moto.ecr.responses import ECRResponse
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.responses import IamResponse
    from moto.moto_api._internal import mock_random

__all__ = [
    "PARTITION",
    "BackendDict",
    "ECRResponse",
    "IamResponse",
    "ServiceException",
    "aws_managed_policies_data",
    "core_responses",
    "core_serialize",
    "core_utils",
    "ecr_backend",
    "ecr_models",
    "iam_backend",
    "iam_exceptions",
    "iam_models",
    "mock_random",
]

PARTITION = "aws"


def iam_backend(account: str) -> Any:
    """moto's IAM of an account."""
    return iam_models.iam_backends[account][PARTITION]


def ecr_backend(account: str, region: str) -> Any:
    """moto's ECR of an account in a region."""
    return ecr_models.ecr_backends[account][region]
