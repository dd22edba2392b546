"""`fortnight subject erase`."""

import typer

from jobs.cli.desk import Desk, From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.erase import Erased, Eraser
from jobs.subjects.inputs import KafkaInputs
from jobs.subjects.waiting import insist, say_places
from schemas.requests import Right


@group.command()
def erase(
    whom: Whom = "",
    *,
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    by: By = "",
) -> None:
    """Erase a subject's rows, and store no new ones until the device is bound anew.

    Pending, with status 75, as long as something that came before is on its way: the same command
    again goes on. Complete once a search after that found nothing.
    """
    with desk(whom, file, number, rights=(Right.ERASE,), region=region, by=by) as at:
        erase_all(at)


def erase_all(at: Desk) -> None:
    """Erase the subjects of every case, and say how far each came.

    Raises:
        RetryableError: Some are pending, or somebody does not answer: call again.
    """
    done = _eraser(at).erase(at.cases, at.office.ledger.entries())
    for one in done:
        typer.echo(_said(one))
    insist(sum(not one.is_complete for one in done))


def _eraser(at: Desk) -> Eraser:
    estate = at.estate()
    raw_for = at.chosen.topic_retention + at.chosen.topic_segment
    inputs = KafkaInputs(at.cluster, at.roll)
    return Eraser(at.office.region, estate, inputs, at.keyring(), raw_for)


def _said(one: Erased) -> str:
    what = f"{one.case.request.number}: {one.rows} rows erased"
    if one.former:
        what += f" ({one.former} devices are the subject's no more: only what was before goes)"
    if one.is_complete:
        return f"{what}; complete: a search of {one.files} files found nothing that is left"
    if one.restricted:
        return (
            f"{what}; pending: {one.restricted} devices are restricted, and their rows wait until "
            "that is lifted: `fortnight subject restrict --lift`, then this command again"
        )
    if one.lost:
        return (
            f"{what}; pending: {one.lost} devices that were the subject's are not any more, and "
            "nobody can name them by now: `fortnight follow` clears what was cancelled or bound "
            "anew; else name device:ID, by a request of its own"
        )
    return f"{what}; pending: {say_places(one.waiting)}"
