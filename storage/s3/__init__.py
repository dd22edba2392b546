"""S3, and whatever speaks like it; the only room that knows boto3.

`location.py` says where a bucket is and who asks, `store.py` keeps objects in it, `bucket.py` makes
and inspects it, `inspection.py` says of its content what a store does not need to know, `errors.py`
is the door where boto's errors become ours.
"""

from storage.s3.bucket import BucketState, S3Bucket
from storage.s3.inspection import Inspection, Upload, Version
from storage.s3.location import Credentials, S3Location
from storage.s3.store import S3Store

__all__ = [
    "BucketState",
    "Credentials",
    "Inspection",
    "S3Bucket",
    "S3Location",
    "S3Store",
    "Upload",
    "Version",
]
