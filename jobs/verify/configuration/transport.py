"""Nothing travels in the clear, and nobody is answered who does not show who they are.

Whatever ends on this machine travels nowhere: what would be wrong there cannot be judged from here
(it may be a tunnel's mouth), and is told as not checkable.
"""

from collections.abc import Iterator

from jobs.verify.configuration.looking import Looking
from jobs.verify.configuration.state import Configured, Hop
from jobs.verify.verdict import Look
from schemas.policies.keeping import Transport
from storage.s3.evidence import Seen, Unseen

_PROBES = {
    "kafka": "openssl s_client -connect BROKER, without a certificate",
    "s3": "aws s3api list-objects-v2 --no-sign-request; the same with http://",
}


def hops(clause: Transport, configured: Configured) -> Iterator[Look]:
    """What speaks in the clear, and strangers, are refused: both are tried."""
    for hop in clause.hops:
        looking = Looking(f"{hop}: what is in the clear is refused", "probes", _PROBES[hop])
        mutual = Looking(f"{hop}: strangers are refused", "probes", _PROBES[hop])
        tried = [one for one in configured.hops if one.hop == hop]
        for one in tried:
            looking.at(one.place, _probed(one, one.in_the_clear, "it answers in the clear"))
            if clause.mutual:
                mutual.at(one.place, _probed(one, one.to_strangers, "it answers strangers"))
        if not tried:
            looking.not_at(hop, "there is nothing that could be probed")
        yield looking.end()
        if clause.mutual:
            yield mutual.end()


def _probed(hop: Hop, tried: Seen[bool], wrong: str) -> Iterator[str | Unseen]:
    """What a probe shows, which is nothing where we are not answered either."""
    if not hop.answers:
        yield Unseen("it does not answer us, so a refusal proves nothing")
    elif isinstance(tried, Unseen):
        yield tried
    elif tried and hop.local:
        yield Unseen(f"{wrong}; it ends on this machine, and what is behind it cannot be seen")
    elif tried:
        yield wrong
