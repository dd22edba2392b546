"""Files are rewritten: what compaction, erasure and restriction share.

`selection` says which rows, `look` asks one file for them and `find` all of a destination,
`take_out` takes them out, `move` brings them elsewhere before, `change` gives them other values:
each by a `remake` of these files. `source` reads a file that is rewritten, `written` makes the one
that stands for it, and commits; `offsets` compares the two.
"""

from jobs.rewriting.find import Found, Match, Orphan, Search, find
from jobs.rewriting.move import move
from jobs.rewriting.remake import First
from jobs.rewriting.selection import Selection
from jobs.rewriting.take_out import Taken, take_out, take_out_found

__all__ = [
    "First",
    "Found",
    "Match",
    "Orphan",
    "Search",
    "Selection",
    "Taken",
    "find",
    "move",
    "take_out",
    "take_out_found",
]
