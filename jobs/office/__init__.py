"""Officers at work: each act is told in its region's ledger, and some take a second person.

`office` says who acts where; `second_person` is how an act waits for its approval; `requests`,
`assurances` and `disclosures` are acts that touch no row; `bookkeeping` checks what was told.
"""

from jobs.office.office import (
    Office,
    key_file,
    make_keys,
    open_ledger,
    open_office,
    public_keys,
)

__all__ = ["Office", "key_file", "make_keys", "open_ledger", "open_office", "public_keys"]
