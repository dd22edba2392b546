"""The steps of a record, one pure function a file; none knows Kafka, S3 or another step.

In order: `decode`, `unpack` (map tiles), `validate`, `admit`, `obscure`, `pseudonymise`, `route`.
A step returns the next state and how the records ended that stay behind; it raises only what
concerns the whole batch.
"""
