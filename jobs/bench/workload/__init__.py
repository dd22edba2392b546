"""What the benchmark's fleet sends: `readings.py` and registrations, `tiles.py`, `publish.py`."""
