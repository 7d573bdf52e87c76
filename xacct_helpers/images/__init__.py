"""The tiny container image of the course: built from bytes, pushed and pulled through ECR's API.

program.py    the program inside: a static executable that prints one greeting
build.py      the OCI image around it, the same bytes on every machine
transfer.py   push and pull with a boto3 ECR client, so that IAM decides
run.py        unpack a pulled image and run it
"""

from xacct_helpers.images.build import (
    INDEX_MEDIA_TYPE,
    LAYER_MEDIA_TYPE,
    MANIFEST_MEDIA_TYPE,
    Descriptor,
    Image,
    Index,
    Manifest,
    build_image,
)
from xacct_helpers.images.program import ARCHITECTURES, GREETING, hello_program
from xacct_helpers.images.run import ImageRunError
from xacct_helpers.images.transfer import PulledImage, TransferError, pull_image, push_image

__all__ = [
    "ARCHITECTURES",
    "GREETING",
    "INDEX_MEDIA_TYPE",
    "LAYER_MEDIA_TYPE",
    "MANIFEST_MEDIA_TYPE",
    "Descriptor",
    "Image",
    "ImageRunError",
    "Index",
    "Manifest",
    "PulledImage",
    "TransferError",
    "build_image",
    "hello_program",
    "pull_image",
    "push_image",
]
