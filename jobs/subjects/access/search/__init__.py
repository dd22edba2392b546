"""One pass over everything that may be of those who ask: files, holds, and records in Kafka."""
