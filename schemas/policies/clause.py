"""What every clause of a policy file has: its name, its place in what was published, its rule."""

from collections.abc import Mapping

import msgspec


class Clause(
    msgspec.Struct, tag_field="kind", frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One promise of a published policy; its kind is the subclass, `kind` in the file.

    Attributes:
        id: Unique in its file; reports, ledgers and commits name it.
        source: Section of the published policy -> the sentences in it that say so, from 1; a
            heading is none, an item of a list is one.
        rule: What was promised, in our own words.
    """

    id: str
    source: Mapping[str, tuple[int, ...]]
    rule: str

    @property
    def kind(self) -> str:
        """What the file calls it."""
        return str(self.__struct_config__.tag)


class OutOfScope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sentences that bind no telemetry and map pipeline.

    Attributes:
        source: As a clause's.
        reason: Why they do not.
    """

    source: Mapping[str, tuple[int, ...]]
    reason: str
