"""The secrets that make pseudonyms, from their file to their end.

`keyring_file` keeps them, `rotation` makes and changes versions, `links` joins two of them while
there is something to join, `destruction` ends one when no row, as `rows` finds them, needs it.
"""

from jobs.keys.keyring_file import KeyLine, change, create, describe, look, read

__all__ = ["KeyLine", "change", "create", "describe", "look", "read"]
