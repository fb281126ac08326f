"""Process: `make tour`, the promise in five steps: a sale, its change, its signed webhook, a `kill -9`, and nothing lost.
Exit 0: so it was; 1: it was not, or something did not run.

One step a key press; without a terminal it goes on by itself. It uses servers and a folder of its own, which it empties first.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from demo_stack import devstack
from demo_stack.demo import enrollment, tour_text, verdict
from demo_stack.demo.child import stop_leftovers
from demo_stack.demo.endpoint import DemoEndpoint
from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.interrupts import Interrupts
from demo_stack.demo.keys import PressedKeys, pressed_keys
from demo_stack.demo.launch import configure, open_store, quick_settings, start_worker
from demo_stack.demo.sellers import LATE_S, SEED
from demo_stack.demo.steps import Steps
from demo_stack.demo.worker import WorkerProcess
from demo_stack.demo.world import settings_of
from settings import PREFIX, SettingsError, load
from simulator.server import serve
from simulator.world import World
from store import Store, StoreError
from workflows.attributes import FLAGS

SELLER, SKUS = "anna", 40
BURST, BURST_EVERY_S = 30, 0.2  # sales around the kill: some six seconds of them
PATIENCE_S = 60.0  # a loaded machine; some 2 s are usual
PAUSE_S = 0.1
T = TypeVar("T")


class TourStoppedError(Exception):
    """Somebody pressed q."""


class Tour:
    """What the steps share. Each step gives what is to be shown of it.

    Attributes:
        well: whether the last step found nothing lost, twice or out of order.
    """

    def __init__(self, world: World, store: Store, worker: WorkerProcess, endpoint: DemoEndpoint) -> None:
        self.world, self.store, self.worker, self.endpoint = world, store, worker, endpoint
        self.order_id, self.since, self.sold = "", store.feed.last(), 0
        self.event: dict[str, Any] = {}
        self.well = False

    def steps(self) -> tuple[Callable[[], list[str]], ...]:
        return self.sale, self.change, self.webhook, self.kill, self.restart

    def sell(self) -> str:
        order_id = self.world.place_order(SELLER)
        self.world.take(SELLER, order_id)
        self.sold += 1
        return order_id

    def sale(self) -> list[str]:
        self.order_id = self.sell()
        return tour_text.sale(self.world.order(SELLER, self.order_id))

    def change(self) -> list[str]:
        self.event = self.until(self.change_of_sale, "the change of the sale is not recorded")
        return tour_text.change(self.event)

    def change_of_sale(self) -> dict[str, Any] | None:
        found = (one for one in self.recorded() if (one["type"], one["entity_id"]) == ("order.created", self.order_id))
        return next(found, None)

    def recorded(self) -> list[dict[str, Any]]:
        return list(self.store.feed.read(self.since, 1000))

    def webhook(self) -> list[str]:
        headers, body = self.until(self.delivery_of_sale, "the webhook of the sale did not come")
        return tour_text.webhook(headers, body, self.endpoint.receiver.url)

    def delivery_of_sale(self) -> tuple[Any, bytes] | None:
        return next((one for one in list(self.endpoint.tally.newest) if one[0].get("webhook-id") == self.event["id"]), None)

    def kill(self) -> list[str]:
        """In the middle of a burst of sales, as soon as some of it is recorded; the rest is sold while nobody polls."""
        selling = threading.Thread(target=self.sell_many, name="buyers", daemon=True)
        selling.start()
        self.until(lambda: self.orders() > 2, "no sale of the burst is recorded")
        assert self.worker.child.process
        killed, at = self.worker.child.process.pid, self.sold
        os.kill(killed, signal.SIGKILL)
        self.worker.child.process.wait()
        selling.join()
        return tour_text.kill(killed, at, self.sold, self.orders())

    def sell_many(self) -> None:
        for _ in range(BURST):
            self.sell()
            time.sleep(BURST_EVERY_S)

    def orders(self) -> int:
        """Recorded since the tour began."""
        return sum(one["type"] == "order.created" for one in self.recorded())

    def restart(self) -> list[str]:
        self.worker.look_after()
        unpolled = verdict.settle(self.store, self.worker.look_after, self.world.quiet())
        undelivered = self.endpoint.settle()
        found = verdict.compare(self.store, Path(str(self.world.ledger.path)), verdict.JudgedSellers({SELLER: SELLER}))
        counts = tour_text.TourCounts(
            sold=self.sold,
            recorded=self.orders(),
            delivered=len(self.endpoint.tally.ids),
            again=self.endpoint.tally.twice,
            lost=found.lost,
            twice=found.twice,
            out_of_order=found.wrong + self.endpoint.out_of_order(),
        )
        wrong = [*found.examples, *unpolled, *undelivered]
        self.well = verdict.exit_code(found, unpolled, undelivered) == 0 and self.sold == counts.recorded
        return [*tour_text.counted(counts), *wrong]

    def until(self, look: Callable[[], T | None], wrong: str) -> T:
        """Raises DemoError: it does not come."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := look()):
            if time.monotonic() > deadline:
                raise DemoError(f"{wrong} after {PATIENCE_S:.0f} s; {self.worker.child.end_of_log()}")
            time.sleep(PAUSE_S)
        return found


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        load()
        with Interrupts(), ExitStack() as things:
            home = things.enter_context(Home.locked(options.folder))
            stop_leftovers(home)
            empty(home)
            return tour(home, things)
    except SettingsError as error:
        sys.stderr.write(f"tour: {error}\n")
        return 2
    except (DemoError, devstack.DevstackError, StoreError) as error:
        sys.stderr.write(f"tour: {error}\n")
        return 1
    except (KeyboardInterrupt, TourStoppedError):
        sys.stderr.write("tour: stopped; everything that it started has ended\n")
        return 130


def tour(home: Home, things: ExitStack) -> int:
    say(*tour_text.OPENING)
    shown = begin(home, things)
    keys = things.enter_context(pressed_keys())
    for number, (heading, step) in enumerate(zip(tour_text.HEADINGS, shown.steps(), strict=True), 1):
        go_on(keys, heading)
        say("", f"{number}. {heading}", "")
        say(*(f"   {line}".rstrip() for line in step()))
    say(*tour_text.NEXT)
    return 0 if shown.well else 1


def begin(home: Home, things: ExitStack) -> Tour:
    with Steps() as steps:
        world = things.enter_context(closing(World(SEED, ledger=home.ledger)))
        world.switches.listing_late_s = LATE_S
        world.add_seller(SELLER, skus=SKUS)
        world.move_in(SELLER)
        ebay = things.enter_context(serve(world))
        begun = {"Postgres": steps.begin("Postgres", "3 s, as it makes its files"), "Temporal": steps.begin("Temporal", "2 s")}
        servers = things.enter_context(devstack.stack(home.path, extra=FLAGS, answers=lambda name: steps.done(begun[name])))
        own = {f"{PREFIX}SECRET_KEYS": home.key()[0], f"{PREFIX}DELIVERY_LOOPBACK": "true"}
        accounts = world.accounts
        configure(home, servers, quick_settings() | own | settings_of(ebay.url, accounts.client_id, accounts.client_secret))
        store = open_store(servers, steps, things)
        worker = start_worker(home, steps, things, quick=True)
        endpoint = DemoEndpoint(home, store)
        things.callback(endpoint.stop)
        with steps.step("a seller, polled every two seconds", "8 s"):
            enrollment.enroll([SELLER], world.refresh_token)
            worker.arrive()
            if unpolled := verdict.settle(store, worker.look_after, datetime.now(UTC), patience_s=PATIENCE_S):
                raise DemoError(f"{'; '.join(unpolled)}; {worker.child.end_of_log()}")
    return Tour(world, store, worker, endpoint)


def go_on(keys: PressedKeys, heading: str) -> None:
    """Raises TourStoppedError."""
    if not keys.there:
        return
    say("", f"[any key: {heading[0].lower()}{heading[1:]}; q ends the tour]")
    while not (pressed := keys.pressed(1.0)):
        if not keys.there:
            return
    if pressed.lower().startswith("q"):
        raise TourStoppedError


def say(*lines: str) -> None:
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()


def empty(home: Home) -> None:
    """What the tour before left; the lock is ours."""
    for name in ("postgres", "temporal"):
        shutil.rmtree(home / name, ignore_errors=True)
    home.ledger.unlink(missing_ok=True)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser("tour.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--folder", type=Path, default=HOUSE / ".sellerbeat" / "tour", help="emptied first (default .sellerbeat/tour)")
    return found


if __name__ == "__main__":
    sys.exit(main())
