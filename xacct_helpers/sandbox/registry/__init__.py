"""The OCI distribution API (`/v2/`) over ECR's repositories.

Every request is authorised, at that moment, as the principal that asked for the token, by the ECR
actions that AWS checks for it, and changes go through the same functions as those of the ECR API.
A request flows: tokens (who), paths (where), then one of manifests, layers, uploads and listings,
each asking `access` for permission and for the ECR operation that it stands for.
Source: OCI distribution specification 1.1; ECR User Guide, private registry authentication.
"""

from .answering import answer
from .errors import as_json
from .layers import layer

__all__ = ["answer", "as_json", "layer"]
