"""A simulated fleet of robot vacuums: homes, robots that drive in them, and what they publish.

plan.py           what the fleet is like: how many robots, where, and how much goes wrong
home/             floor plans from a seed, what lidar sees in them, where a robot can go
registrations.py  who a robot belongs to, where, and with which consents
robot.py          a robot's life: docked, mapping, cleaning lane by lane, stuck, done
packing.py        a tile's cells as raw, zlib, PNG or runs
firmware.py       from what a robot says to a record's bytes: clocks, formats, unknown fields
faults.py         records that must be rejected, one way each
records.py        a record to be sent, and what should become of it
simulation.py     the fleet: every robot's life, in one endless, repeatable stream of records
replay.py         real maps, and a real robot's own map file, as the same kind of stream
publish.py        to Kafka, with a journal of what should become of each record

Everything here is repeatable: the same plan and seed make the same bytes.
"""
