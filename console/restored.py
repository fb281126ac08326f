"""`starter.py restored`: after a restore nothing is given out twice, and what can be known of the lost time is put right."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from textwrap import fill
from typing import Annotated, Any

import typer

from console.erasures import erase_again, read_known, take_known, words_of
from console.output import say, with_json
from operations.audit import recorded
from operations.context import CommandContext
from operations.errors import FailedError
from operations.restoring import RestoreFindings, put_right
from store.events.restores import FeedStanding
from store.schema.kinds import AlertKind

commands = typer.Typer()
WIDTH = 80
FINDINGS = {
    "enroll": "Enrol again, as they were polled until the restore and are not enrolled here",
    "remove": "Remove again, if it was you: in Temporal they ended since they were enrolled",
    "pause": "Paused in Temporal, and now here too",
    "resume": "Not paused in Temporal, and now not here either",
}
UNKNOWN = (
    "Nobody can know from here: tokens, endpoints and links given since the backup; erasures since then, but for those that --erasures "
    "names; and of sellers what Temporal does not know either."
)


@commands.command()
@with_json
def restored(
    erasures: Annotated[
        str | None, typer.Option("--erasures", metavar="F|-", help="What erasures --json printed last before the restore.")
    ] = None,
) -> None:
    """After a restore of the database: new ids and positions, erase again who was erased, and say whom to enrol, remove or pause again."""
    context = CommandContext("database_url", "secret_keys")
    known = read_known(erasures, "--erasures") if erasures else []
    with recorded(context, "restored"):
        _restored(context, erasures or "", known)


def _restored(context: CommandContext, erasures: str, known: list[dict[str, Any]]) -> None:
    taken = take_known(context.store, known, erasures, "--erasures")
    standing, findings, left = asyncio.run(put_right(context))
    if not left or not _has_sellers_to_end(context):
        rows = erase_again(context)
    else:
        rows = {}
        left = f"{left}; sellers who left eBay are not erased again yet"
    said = _words(standing, rows, taken, findings)
    fields: dict[str, Any] = {"position": standing.position, "feed": standing.generation, "rows": rows, "taken": taken}
    say(said, **fields, **(asdict(findings) if findings else {}), temporal=findings is not None)
    if left:
        raise FailedError(f"the database is done, Temporal is left: {left}; run starter.py restored again then")
    context.store.close_alert(AlertKind.RESTORED)


def _has_sellers_to_end(context: CommandContext) -> bool:
    return bool(context.store.deletions.persons(context.store.accounts.all()))


def _words(standing: FeedStanding, rows: dict[str, int], taken: int, findings: RestoreFindings | None) -> str:
    erased = words_of(rows) or "nothing had come back"
    named = {name: ", ".join(sellers) for name, sellers in (asdict(findings) if findings else {}).items()}
    return "\n".join(
        fill(words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for words in (
            f"The feed goes on behind position {standing.position}, as generation {standing.generation}. What is recorded again has "
            "new ids, and readers begin anew: they get 410, or the alert restored.",
            f"Erased again: {erased}; {taken} erasures were not known here.",
            *(f"{words}: {named[name]}." for name, words in FINDINGS.items() if named.get(name)),
            UNKNOWN,
        )
    )
