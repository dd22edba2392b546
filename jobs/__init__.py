"""Work that ends: one job a module or a package, a pure plan first, then the doing.

Nothing here is on the path of a record, and `streams` is never imported: a job knows a table by its
log, as any other reader or writer does, and may be killed and run again at any time.

Where to begin: `cli` (every command, and the job that it calls), `kafka` (the only door to Kafka),
`expire` and `sweep` (the shape of a job), `rewriting` (what compaction, erasure and corrections
share), `office` and `subjects` (officers and the rights of subjects), `verify` (the proof, which
shares no code with the rest), `watch` (what operators see), `demo` (the embedded default).
"""
