"""`starter.py changes`: the feed for people and programs, from where they want it on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len

from console.events import event_line
from console.known import seller_is_known
from console.layout import wrapped
from console.output import Output, out, print_json, width
from operations.context import CommandContext
from store.events.newest import before_last, before_time
from store.schema.times import iso

PAGE = 500
LAST = 20  # changes that people see who name no others
EMPTY = "no changes yet: they come once a seller is polled (starter.py list)"


@dataclass(frozen=True, slots=True)
class AskedChanges:
    """Which changes, as the command line names them. None: not said."""

    seller: str | None = None
    types: Sequence[str] = ()
    after: int | None = None
    last: int | None = None
    since: datetime | None = None

    def begin(self, context: CommandContext, last: int | None) -> int:
        """The position after which they come. `last`: how many where nothing is said."""
        engine = context.store.engine
        after = max(self.after or 0, before_time(engine, self.since) if self.since else 0)
        count = self.last or (last if self.after is None and self.since is None else None)
        return before_last(engine, count, after, self.seller, self.types) if count else after


def show_changes(context: CommandContext, asked: AskedChanges, follow: bool) -> None:
    """Oldest first. Without more said people see the newest ones; programs, and who follows, all that are kept."""
    if asked.seller is not None:
        seller_is_known(context, asked.seller)
    people = not (Output.json or follow)
    after, since = asked.begin(context, LAST if people else None), iso(asked.since)
    printed = 0
    with suppress(KeyboardInterrupt) if follow else nullcontext():  # Ctrl-C is how following ends, not how it fails
        for event in found(context, asked, after, follow):
            if since is None or event["detected_at"] >= since:
                printed += 1
                if Output.json:
                    print_json(event)
                else:
                    out(fitting(event_line(event)))
    if people and not printed:
        limited = asked.seller or asked.types or asked.after is not None or asked.since
        out(["no such changes: leave an option out to see more" if limited else EMPTY])


def fitting(line: str) -> list[str]:
    """A line with its columns where the screen has room for it, else what it says in several."""
    room = width()
    return [line] if room is None or cell_len(line) <= room else wrapped(line, room, rest="    ")


def found(context: CommandContext, asked: AskedChanges, after: int, follow: bool) -> Iterator[dict[str, Any]]:
    """Page by page; while followed it never ends."""
    feed = context.store.feed
    while True:
        page = feed.chosen(after, PAGE, None if asked.seller is None else [asked.seller], asked.types)
        yield from page.events
        after = page.next
        if page.complete and not follow:
            return
        if page.complete:
            time.sleep(0.5)
