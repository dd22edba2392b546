"""Homes that nobody lives in: rooms, doors, furniture, and how a robot meets them.

Lengths are in cells of 5 cm; positions are (y, x).
"""
