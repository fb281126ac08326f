"""The end of a demo: wait until all that happened was polled, then compare what was recorded with what really happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.service import RPCError

from simulator.judge import Verdict, judge
from simulator.ledger import read
from stage import sellers as cast
from store import Store
from workflows.client import TemporalUnavailableError

PATIENCE_S = 30.0  # a loaded machine; some 3 s are usual
LOOK_S = 0.1
NOT_POLLED = ("paused", "removed")  # somebody tried `starter.py pause`: no loss
ENTITIES = "orders", "fulfillments", "inventory"
Finished = dict[tuple[str, str], str | None]  # (seller, stream) -> when its last good poll ended


@dataclass(frozen=True)
class Court:
    """Who is judged, and who not and why."""

    judged: list[str]
    excused: dict[str, str]

    @classmethod
    def of(cls, statuses: Sequence[Mapping[str, Any]]) -> Court:
        excused = {
            one["seller_id"]: f"{one['state']}" + (f" ({one['reason']})" if one["state"] == "paused" else "")
            for one in statuses
            if one["state"] in NOT_POLLED
        }
        return cls([one["seller_id"] for one in statuses if one["seller_id"] not in excused], excused)


def settle(store: Store, look_after: Callable[[], None], poll_now: Callable[[Sequence[str]], None] = cast.poll_now) -> list[str]:
    """Wait until every stream of every polled seller was polled by a poll that began after this call.

    One seller's steps run one after another: a poll may have been in hand when we came, so the end of a second one proves it.
    Returns what was not polled, in words; [] when all went well.
    """
    seen = {key: [moment] for key, moment in _finished(store).items()}
    deadline, rounds = time.monotonic() + PATIENCE_S, 0
    while True:
        for key, moment in _finished(store).items():
            moments = seen.setdefault(key, [None])
            if moment != moments[-1]:
                moments.append(moment)
        polled = min((len(moments) - 1 for key, moments in seen.items() if key in _finished(store)), default=2)
        busy = _busy(store)
        if polled >= 2 and not busy:
            return []
        if time.monotonic() > deadline:
            late = sorted({f"{seller}'s {stream}" for (seller, stream), moments in seen.items() if len(moments) < 3} | set(busy))
            return [f"not polled within {PATIENCE_S:.0f} s: {', '.join(late)}"]
        if polled == rounds and rounds < 2:
            with suppress(TemporalUnavailableError, RPCError):  # they are polled by their own timers, or it shows at the deadline
                poll_now(Court.of(store.status.all()).judged)
            rounds += 1
        look_after()
        time.sleep(LOOK_S)


def _finished(store: Store) -> Finished:
    return {
        (one["seller_id"], stream): told["last_good_at"]
        for one in store.status.all()
        if one["state"] not in NOT_POLLED
        for stream, told in one["streams"].items()
        if stream != "backfill"
    }


def _busy(store: Store) -> list[str]:
    """What is known to be unread: an unfinished backfill, parcels that an order announced."""
    found = []
    for one in store.status.all():
        if one["state"] in NOT_POLLED:
            continue
        if one["streams"].get("backfill", {}).get("reading"):
            found.append(f"{one['seller_id']}'s backfill")
        if store.parcels_due(one["seller_id"], 1):
            found.append(f"{one['seller_id']}'s parcels")
    return found


def compare(store: Store, ledger: Path, court: Court) -> Verdict:
    """The ledger against the feed and the snapshots, over all runs in this folder."""
    snapshots = {(seller, entities): store.snapshot(seller, entities) for seller in court.judged for entities in ENTITIES}
    rows = (row for row in read(ledger) if row["seller"] in court.judged)
    return judge(rows, _events(store, court.judged), snapshots, at=datetime.now(UTC))


def _events(store: Store, sellers: Sequence[str]) -> Iterator[dict[str, Any]]:
    position = 0
    while page := store.feed.read(position, 1000):
        position = page[-1]["position"]
        yield from (event for event in page if event["seller_id"] in sellers)


def report(verdict: Verdict, court: Court, calls: Mapping[str, int], changes: int, unpolled: Sequence[str]) -> str:
    """What is printed at the end, some lines."""
    lines = []
    if court.judged:
        lines += ["compared with what happened at the simulated eBay, over all runs in this folder:", f"  {verdict}"]
        lines += [f"  {example}" for example in verdict.examples]
    if verdict.set_aside:
        lines.append(f"  {verdict.set_aside} documents set aside: see starter.py set-aside")
    lines += [f"  {seller} is {why}: not judged" for seller, why in court.excused.items()]
    lines += list(unpolled)
    words = ", ".join(f"{resource.partition(':')[0]} {count:,}" for resource, count in sorted(calls.items()))
    lines += [f"in this run: {changes:,} changes", f"  calls at eBay: {words or 'none'}"]
    return "\n".join(lines)
