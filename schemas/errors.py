"""Every error of Fortnight, by who has to act.

    FortnightError
    |- RecordError                 its producer: the record becomes a dead letter
    |  |- DecodeError                 its bytes are not the format they claim
    |  |- ContractError               its values break the table's contract
    |  `- UnroutableError             no region may hold it
    |- RetryableError              time: back off, then try the same batch again
    |  |- StoreUnavailableError       no answer, or a server error
    |  |- StoreThrottledError         asked to slow down
    |  `- ConflictError               somebody else committed: read again and redo
    `- FatalError                  an operator: the worker stops, nothing is committed
       |- SettingsError               a setting is missing or contradicts another
       |  `- AccessDeniedError           rights end before what was asked for
       |- PolicyError                 what would be done breaks what was promised
       |- PrivacyError                identifying data was about to be stored
       `- IntegrityError              stored bytes are not the bytes we wrote

A message names the place (a position, an object key, a setting), never the value.
"""


class FortnightError(Exception):
    """Anything that Fortnight raises on purpose."""


class RecordError(FortnightError):
    """One record cannot be processed; its neighbours can.

    `reason` is a fixed phrase: it is stored with the dead letter and labels a metric.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DecodeError(RecordError):
    """The record's bytes are not the format that they claim to be."""


class ContractError(RecordError):
    """The record's values break the contract of its table."""


class UnroutableError(RecordError):
    """No region may hold the record."""


class RetryableError(FortnightError):
    """Nothing was decided; try the same again after a while."""


class StoreUnavailableError(RetryableError):
    """The store gave no answer, or a server error."""


class StoreThrottledError(RetryableError):
    """The store asked to slow down."""


class ConflictError(RetryableError):
    """The log refused the commit, for somebody else's came first: read again and redo."""


class FatalError(FortnightError):
    """An operator has to act; nothing was committed."""


class SettingsError(FatalError):
    """A setting is missing, wrong, or contradicts another or the world."""


class AccessDeniedError(SettingsError):
    """Whoever was asked knows who asks, and says that they may not."""


class PolicyError(FatalError):
    """What would be done breaks what was promised."""


class PrivacyError(FatalError):
    """Identifying data was about to be stored."""


class IntegrityError(FatalError):
    """Stored bytes are not the bytes that were written, or the log went back."""
