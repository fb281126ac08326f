"""A deployment to break: servers, a world, watchers of what must never happen, and the verdict."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from lab.chaos.artifacts import save_artifacts
from lab.chaos.findings import Found, found_of
from lab.chaos.follower import Follower
from lab.chaos.servers import KillableServers
from lab.chaos.workers import Crew
from simulator import World, serve
from simulator.judge import SLACK, judge
from store import StoreError
from store.schema import migrate
from tests.support.histories import forget_dead_worker
from tests.support.house import House
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

FAST = {"orders_every": "1s", "fulfillment_every": "2s", "inventory_every": "3s", "order_overlap": "10s", "ebay_timeout": "5s"}
KINDS = ("order", "fulfillment", "inventory")
SNAPSHOTS = {"order": "orders", "fulfillment": "fulfillments", "inventory": "inventory"}
SETTLED_WITHIN_S = 180.0  # a loaded machine; some 5 s are usual
LATE = 0.6  # so much of the time that listings are read behind eBay's clock, eBay shows them late at most
ASK_AGAIN_S = 3.0
# What is due beside the streams' own time: parcels and orders to be read alone, again too, and stock that a sale moved
STREAMS = ("orders", "fulfillment", "inventory", "listings", "backfill", "report")
UNREAD = """
    (s.stream = 'fulfillment' AND (
        EXISTS (SELECT FROM sellerbeat.orders o WHERE o.seller_id = s.seller_id AND (o.parcels_due OR o.single_due))
        OR EXISTS (SELECT FROM sellerbeat.rereads r WHERE r.seller_id = s.seller_id)))
    OR (s.stream = 'inventory' AND EXISTS (SELECT FROM sellerbeat.stock_due d WHERE d.seller_id = s.seller_id AND d.asked_at IS NULL))
"""
WATCH = """
    CREATE TABLE IF NOT EXISTS cursors_back (seller_id text, stream text, was timestamptz, became timestamptz);
    CREATE OR REPLACE FUNCTION note_cursor_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO cursors_back VALUES (NEW.seller_id, NEW.stream, OLD.cursor, NEW.cursor); RETURN NULL; END $$;
    CREATE OR REPLACE TRIGGER cursor_back AFTER UPDATE OF cursor ON sellerbeat.streams
        FOR EACH ROW WHEN (NEW.cursor IS NULL AND OLD.cursor IS NOT NULL OR NEW.cursor < OLD.cursor) EXECUTE FUNCTION note_cursor_back();
"""


class Deployment:
    def __init__(self, house: House) -> None:
        self.house, self.world = house, house.world
        self.crew = Crew(house.folder, house.environment)
        self.crew.ahead_s = self.world.clock.skew.total_seconds()
        self.sellers: list[str] = []
        self.judged: Found | None = None  # the whole, once the world stood still
        self.world.switches.listing_late_s = min(self.world.switches.listing_late_s, self.crew.lag_s * LATE)
        self.execute(WATCH)
        self.follower = Follower(house)

    def execute(self, statements: str) -> None:
        with self.house.store.engine.begin() as connection:
            connection.exec_driver_sql(statements)

    def enroll(self, sellers: Sequence[str], backfill: str = "1d") -> None:
        for seller in sellers:
            self.house.enroll(seller, "--backfill", backfill)
            self.sellers.append(seller)

    def forget_dead_workers(self) -> None:
        """Temporal would wait 5 s for the cache of a worker that is dead."""
        with suppress(RuntimeError):
            forget_dead_worker(self.house.environment["TEMPORAL_ADDRESS"])

    def signal(self, seller: str, signal: Any, message: BaseModel | None = None) -> None:
        self.house.signal(seller, signal, message)

    def poll_all(self, within: float = SETTLED_WITHIN_S) -> float:
        """Wait until every stream of every seller was polled with success from now on; seconds it took.

        Stock that a sale moved is due some seconds after it, and what eBay's answers disagree about is read again, later each time: nothing
        of either may be left.

        Raises:
            TimeoutError: some were not; it names them.
        """
        began = time.monotonic()
        since = self.world.quiet()
        time.sleep(max(0.0, (since - self.world.clock.now()) / timedelta(seconds=1)))
        (now,) = self.house.rows("SELECT clock_timestamp()")[0]
        open_ = {(seller, stream) for seller in self.sellers for stream in STREAMS}

        def left() -> list[tuple[str, str]]:
            """Once is enough: on a busy machine some stream of so many sellers is always in the middle of a read."""
            open_.intersection_update(self._unpolled(now))
            return [*open_, *self._left(UNREAD)]

        self._ask_while(left, within)
        return time.monotonic() - began

    def read_all(self, within: float = SETTLED_WITHIN_S) -> None:
        """Wait until nothing is due that was announced, moved by a sale or not agreed about.

        Raises:
            TimeoutError: something is; it names whose.
        """
        self._ask_while(lambda: self._left(UNREAD), within)

    def _ask_while(self, unread: Callable[[], list[tuple[str, str]]], within: float) -> None:
        began = time.monotonic()
        asked: dict[str, float] = {}
        while left := unread():
            for seller in {seller for seller, _ in left}:  # asked for, a stream does not wait for its backoff
                if time.monotonic() - asked.get(seller, 0.0) > ASK_AGAIN_S:
                    self.signal(seller, SellerPolling.poll_now, PollNow())
                    asked[seller] = time.monotonic()
            if time.monotonic() - began > within:
                raise TimeoutError(f"not polled within {within:.0f} s: {left[:5]}")
            time.sleep(0.1)

    def _unpolled(self, since: Any) -> list[tuple[str, str]]:
        """A scan counts when its first page was read since then: one that was broken off goes on with what it had read before.

        Listings are read some seconds behind eBay's clock: they count when they are read up to then.
        """
        polled = """
            (s.stream IN ('orders', 'fulfillment', 'inventory')
                AND (coalesce(s.last_good_at, '-infinity') < :since OR s.reading IS NOT NULL))
            OR (s.stream = 'inventory' AND coalesce(s.scanned_at, '-infinity') < :ebays)
            OR (s.stream = 'listings' AND (coalesce(s.cursor, '-infinity') < :ebays OR s.reading IS NOT NULL))
            OR (s.stream IN ('backfill', 'report') AND s.reading IS NOT NULL)
        """
        # scans and listings are dated by eBay's clock
        return self._left(polled, since=since, ebays=since + self.world.clock.skew)

    def _left(self, condition: str, **values: Any) -> list[tuple[str, str]]:
        """Streams of sellers, of which it is true."""
        statement = f"""
            SELECT s.seller_id, s.stream FROM sellerbeat.streams s JOIN sellerbeat.sellers e USING (seller_id)
            WHERE e.removed_at IS NULL AND s.seller_id = ANY (:sellers) AND ({condition})
        """
        return [(row[0], row[1]) for row in self.house.rows(statement, sellers=self.sellers, **values)]

    def slack(self) -> timedelta:
        """So much later than an answer's `Date` eBay may have shown what is in it."""
        hostility = self.world.hostility
        return SLACK + timedelta(seconds=hostility.date_behind_s * hostility.scale if hostility else 0)

    def verdict(self, sellers: Sequence[str] | None = None, kinds: Sequence[str] = KINDS) -> Found:
        """Of some sellers and kinds, or of all; cursors and the reader only with all."""
        return self.verdicts([(sellers, kinds)])[0]

    def verdicts(self, queries: Sequence[tuple[Sequence[str] | None, Sequence[str]]]) -> list[Found]:
        """Each seller is judged once for all that ask; sellers have nothing to do with each other."""
        rows, events = _by_seller(self.world.rows(), "seller"), _by_seller(self.house.events(), "seller_id")

        @cache
        def one(seller: str, kinds: tuple[str, ...]) -> Found:
            snapshots = {(seller, SNAPSHOTS[kind]): list(self.house.store.snapshot(seller, SNAPSHOTS[kind])) for kind in kinds}
            return found_of(judge(rows[seller], events[seller], snapshots, at=self.world.clock.now(), kinds=kinds, slack=self.slack()))

        found = []
        for sellers, kinds in queries:
            whole = Found()
            for seller in self.sellers if sellers is None else sellers:
                whole.add(one(seller, tuple(kinds)))
            if sellers is None:
                self.with_watchers(whole)
            found.append(whole)
        self.judged = self.judged or found[0]
        return found

    def with_watchers(self, found: Found) -> Found:
        self.follower.stop()
        back = self.house.rows("SELECT seller_id, stream FROM cursors_back")
        found.back = len(back)
        found.findings += [f"back: {seller}/{stream}" for seller, stream in back]
        events = self.house.events()  # in the order of their positions
        positions = [event["position"] for event in events]
        there = [event["id"] for event in events]
        found.wrong += sum(1 for before, after in pairwise(positions) if after <= before) + len(there) - len(set(there))
        found.findings += [f"wrong: position {after} after {before}" for before, after in pairwise(positions) if after <= before]
        followed = set(self.follower.ids)
        found.missed = 0 if there == self.follower.ids else max(1, len(set(there) - followed))
        found.findings += [f"missed: the event at position {event['position']}" for event in events if event["id"] not in followed]
        return found

    def close(self) -> None:
        self.follower.over.set()
        self.crew.close()


def _by_seller(rows: Iterable[Any], name: str) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


@contextmanager
def deployment(world: World, keep_in: Path | None = None, **settings: str) -> Iterator[tuple[Deployment, KillableServers]]:
    """A fresh deployment with servers of its own, that can be killed. `keep_in`: a folder for what it came to (`artifacts.py`)."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        with KillableServers(folder) as servers, serve(world) as ebay:
            database = servers.create_database()
            migrate.upgrade(database)
            house = House(folder, world, ebay.url, database, servers.temporal_address, **(FAST | settings))
            here = Deployment(house)
            try:
                yield here, servers
            finally:
                if keep_in:
                    if "postgres" not in servers.running:
                        servers.start("postgres")
                    save_artifacts(here, keep_in)
                here.close()
                house.close()


def until(seen: Callable[[], Any], within: float, what: str, pause: float = 0.05) -> Any:
    """
    Raises:
        TimeoutError: not seen in time.
    """
    deadline = time.monotonic() + within
    while True:
        with suppress(StoreError, SQLAlchemyError):
            if answer := seen():
                return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:.0f} s: {what}")
        time.sleep(pause)
