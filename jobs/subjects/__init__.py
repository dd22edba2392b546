"""The rights of those whom the data is about: who is meant, and what an officer does for them.

`roll` reads `fleet.devices` once; `subject` says who is meant, and by which pseudonyms rows know
them; `case` is an open request that an officer answers; `marks` tells the workers what to withhold.
Raw identifiers live here for as long as a command runs, and are in no error, log or entry.
"""
