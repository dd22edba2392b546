"""The key that every S3 server of the tests knows."""

from storage.s3 import Credentials

KEYS = Credentials("fortnight", "fortnight-test")
