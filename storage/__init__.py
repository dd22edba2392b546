"""Rows at rest: bytes and places.

What is in a table is what its log says, and whoever changes a table commits to its log: the sink,
compaction, erasure and expiry alike. Nothing here knows Kafka, and nothing here decides which rows
may be stored.

Reading order: `store` (objects under names; `directory` and `s3` keep them), `layout` (a path says
when its file must be gone), `log` and `receipts` (what a commit says), `lake` (a table in a region:
compare, commit, replace), `parquet` and `tiles` (rows and maps as bytes), `places` (from settings
to all of these), `dataset` (what readers see).
"""
