"""The end of a demo: wait until all that happened was polled, then compare what was recorded with what really happened."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.service import RPCError

from demo_stack.demo import enrollment
from simulator.judge import Verdict, judge
from simulator.ledger import read
from store import Store
from workflows.client import TemporalUnavailableError

PATIENCE_S = 120.0  # a loaded machine; some 5 s are usual
PAUSE_S = 0.1
ASK_AGAIN_S = 1.0  # for listings, which are read some seconds behind eBay's clock
NOT_POLLED = ("paused", "removed")  # somebody tried `starter.py pause`: no loss
ENTITIES = "orders", "fulfillments", "inventory"
KINDS = "order", "fulfillment", "inventory"  # offers are read where somebody asks for it, and are in the ledger from then on
POLLED = ("orders", "fulfillment", "inventory", "listings")  # a sweep has a day of its own
AT_START = [(name, name) for name in enrollment.NAMES]
Ends = dict[tuple[str, str], list[str | None]]  # (seller, stream) -> when its good polls ended; the first before we came


@dataclass(frozen=True)
class JudgedSellers:
    """Who is judged, by their account at the simulated eBay, and who not and why."""

    accounts: dict[str, str]
    excused: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, statuses: Sequence[Mapping[str, Any]], accounts: Mapping[str, str]) -> JudgedSellers:
        excused = {
            one["seller_id"]: f"{one['state']}" + (f" ({one['reason']})" if one["state"] == "paused" else "")
            for one in statuses
            if one["state"] in NOT_POLLED
        }
        names = [one["seller_id"] for one in statuses if one["seller_id"] not in excused]
        unknown = dict.fromkeys((name for name in names if name not in accounts), "of an eBay account that nobody knows")
        return cls({name: accounts[name] for name in names if name in accounts}, excused | unknown)

    @property
    def connected(self) -> list[str]:
        """Those whom somebody connected, in words."""
        return [
            name if name == account else f"{name}, the eBay account {account},"
            for name, account in self.accounts.items()
            if (name, account) not in AT_START
        ]


def settle(
    store: Store,
    look_after: Callable[[], None],
    visible_from: datetime,
    poll_now: Callable[[Sequence[str]], None] = enrollment.poll_now,
    patience_s: float = PATIENCE_S,
) -> list[str]:
    """Wait until every stream of every polled seller was polled by a poll that began after this call.

    One seller's steps run one after another: a poll may have been in hand when we came, so the end of a second one proves it.
    `visible_from`: all that happened is shown from then on; listings are read when their cursor has passed it.
    Returns what was not polled, in words; [] when all went well.
    """
    ends: Ends = {}
    deadline, asked, ask_at = time.monotonic() + patience_s, 0, 0.0
    while True:
        statuses = [one for one in store.status.all() if one["state"] not in NOT_POLLED]
        note(ends, statuses)
        waits = {f"{one['seller_id']}'s {what}" for one in statuses for what in unread(store, one, ends, visible_from)}
        if not waits:
            return []
        if time.monotonic() > deadline:
            return [f"not polled within {patience_s:.0f} s: {', '.join(sorted(waits))}"]
        if all(len(moments) > min(asked, 2) for (_, stream), moments in ends.items() if stream in POLLED) and time.monotonic() > ask_at:
            with suppress(TemporalUnavailableError, RPCError):  # they are polled by their own timers, or it shows at the deadline
                poll_now([one["seller_id"] for one in statuses])
            asked, ask_at = asked + 1, time.monotonic() + ASK_AGAIN_S * (asked > 0)
        look_after()
        time.sleep(PAUSE_S)


def note(ends: Ends, statuses: Sequence[Mapping[str, Any]]) -> None:
    """Add the ends of good polls that are new; the first one that we see is of a poll before us."""
    for one in statuses:
        for stream, status in one["streams"].items():
            moments = ends.setdefault((one["seller_id"], stream), [status["last_good_at"]])
            if stream in POLLED and status["last_good_at"] != moments[-1]:
                moments.append(status["last_good_at"])


def unread(store: Store, one: Mapping[str, Any], ends: Ends, visible_from: datetime) -> Iterator[str]:
    """What of a seller may not be read yet. Parcels that an order announced come last: polls of orders announce them."""
    seller = one["seller_id"]
    for stream, status in one["streams"].items():
        left = len(ends[seller, stream]) <= 2 if stream in POLLED else stream in ("backfill", "report") and status["reading"]
        if left or (stream == "listings" and not _reached(status["cursor"], visible_from)):
            yield stream
    if store.parcels_due(seller, 1):
        yield "parcels"


def _reached(cursor: str | None, moment: datetime) -> bool:
    return cursor is not None and datetime.fromisoformat(cursor) >= moment


def compare(store: Store, ledger: Path, judged: JudgedSellers) -> Verdict:
    """The ledger against the feed and the snapshots, over all runs in this folder."""
    snapshots = {(seller, entities): store.snapshot(seller, entities) for seller in judged.accounts for entities in ENTITIES}
    rows = (row for row in read(ledger) if row["seller"] in judged.accounts.values())
    unrecorded = [
        line for seller in judged.accounts for line in store.unrecorded_sales(seller)
    ]  # of runs of an older version in this folder
    events = _events(store, judged.accounts)
    return judge(rows, events, snapshots, at=datetime.now(UTC), sellers=judged.accounts, kinds=KINDS, excused_lines=unrecorded)


def _events(store: Store, sellers: Collection[str]) -> Iterator[dict[str, Any]]:
    position = 0
    while page := store.feed.read(position, 1000):
        position = page[-1]["position"]
        yield from (event for event in page if event["seller_id"] in sellers)


def exit_code(verdict: Verdict, unpolled: Sequence[str], undelivered: Sequence[str]) -> int:
    """0 where all went well, else 1."""
    return 0 if verdict.ok and not unpolled and not undelivered else 1


def report(verdict: Verdict, judged: JudgedSellers, calls: Mapping[str, int], changes: int, unpolled: Sequence[str], stock: str) -> str:
    """What is printed at the end, some lines. `stock`: what the sellers have now."""
    lines = []
    if judged.accounts:
        lines += [
            "orders, parcels and stock compared with what happened at the simulated eBay, over all runs in this folder:",
            f"  {verdict}",
        ]
        lines += [f"  {example}" for example in verdict.examples]
    if verdict.set_aside:
        lines.append(f"  {verdict.set_aside} documents set aside: see starter.py set-aside")
    lines += [f"  {words} was connected on the page: judged too, its sales from then on" for words in judged.connected]
    lines += [f"  {seller} is {why}: not judged" for seller, why in judged.excused.items()]
    lines += list(unpolled)
    counted = Counter[str]()
    for resource, count in calls.items():
        counted[resource.partition(":")[0]] += count  # tokens are counted by their kind
    words = ", ".join(f"{resource} {count:,}" for resource, count in sorted(counted.items()))
    lines += [f"the sellers have {stock}", f"in this run: {changes:,} changes", f"  calls at eBay: {words or 'none'}"]
    return "\n".join(lines)
