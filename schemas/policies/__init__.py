"""What was promised: a file a maker, each published sentence a clause or out of scope.

clause.py       what every clause has
collecting.py   columns and purposes, consents, gates that records go through
keeping.py      how long, where, how guarded
answering.py    recipients, rights, and those who are told
policy.py       a file as a value, with errors that name file, clause and mistake
shipped.py      the policies of this folder, by maker
gates.py        what a policy asks of one table's records: what the pipeline is driven by
checkers.py     kind of clause -> who checks it
pages.py        what people read: the record of processing, the notice's table, differences
"""

from schemas.policies.policy import Policy
from schemas.policies.shipped import Policies

__all__ = ["Policies", "Policy"]
