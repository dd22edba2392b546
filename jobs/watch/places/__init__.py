"""The places that watch asks, each on a thread of its own: Kafka, regions' tables, workers."""
