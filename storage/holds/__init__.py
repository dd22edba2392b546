"""A region's hold bucket: what is held, and copies of held rows that were due.

    _holds/H-2026-3.json                                                     a hold's record
    H-2026-3/telemetry/date=2026-11-21/expires=2026-12-05T14/<uuid>.parquet  a copy
    H-2026-3/telemetry/date=2026-11-21/expires=2026-12-05T14/00000000.json   its manifest

A copy is a file of its table, in the folder of its source, under pseudonyms of the hold's own. It
counts once a manifest names it. In the bucket of rows a sign shows that a hold lasts.
"""

from storage.holds.copies import CopyFolder, Manifest, copied_holds, copy_folders, drop_copies
from storage.holds.records import drop_record, put_record, read_record, read_records
from storage.holds.signs import drop_sign, put_sign, signs_in

__all__ = [
    "CopyFolder",
    "Manifest",
    "copied_holds",
    "copy_folders",
    "drop_copies",
    "drop_record",
    "drop_sign",
    "put_record",
    "put_sign",
    "read_record",
    "read_records",
    "signs_in",
]
