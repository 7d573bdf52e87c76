"""moto's mock_aws in the same process as a sandbox: it keeps working, and is never active with it.

This must be imported before the rest of this folder, which imports moto without what a server
never uses.
"""

from __future__ import annotations

# All that `import_stubs` would otherwise leave out for the rest of this process.
import boto3
import botocore.session
import moto.core.models
import werkzeug.serving
import werkzeug.test

_LOADED = (boto3, botocore.session, werkzeug.serving, werkzeug.test)


def is_active() -> bool:
    """Whether code of this process runs under mock_aws."""
    return bool(moto.core.models.MockAWS._mocks_active)
