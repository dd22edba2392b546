"""Faust's way to Kafka, for chunks: an event is what one fetch brought of a partition.

`driver.py` is what Faust sees, `consumer.py` delivers and commits on Faust's loop, `thread.py`
fetches on aiokafka's, `chunks.py` drains what was fetched, `salvage.py` what aiokafka refuses.
"""
