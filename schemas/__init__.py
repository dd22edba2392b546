"""What a record is, and what was promised about it.

Pure: values and rules, without I/O, clock or framework. Whoever asks brings the time along.

Reading order: `tables` (one module a table: as sent, as stored, its rules), `privacy` (what class a
column is of, and pseudonyms), `lineage` and `batches` (where a record came from, and its states on
the path), `retention` and `regions` (when a row must be gone, and where it may lie), `policies`
(makers' promises as clauses), `acts` and `ledger` (what officers do, and how it is told), `errors`
(everything that can go wrong, by who has to act), `settings`.
"""
