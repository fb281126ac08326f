"""Process: all of Sellerbeat on one machine, with a live view. Exit 0: all went well; 1: something is lost, twice, wrong or did not run.

`make demo`: Postgres, Temporal, a simulated eBay, the worker, three sellers of very different sizes; at the end, what was recorded is
compared with what really happened. `make up` (`--real`): the same against the eBay that `.env` names, without simulator, judge and example
sellers. State stays in `.sellerbeat/`: the next run goes on where this one stopped.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded is no garbage, and to look through it again and again takes a tenth of the start and more

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo_stack import devstack
from demo_stack.demo import enrollment, shadow, verdict
from demo_stack.demo.child import stop_leftovers
from demo_stack.demo.endpoint import DemoEndpoint
from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.picture import Frame
from demo_stack.demo.picture_reader import PictureReader
from demo_stack.demo.sellers import QUOTA
from demo_stack.demo.view import open_view
from demo_stack.demo.web import WebProcess
from demo_stack.demo.worker import WorkerProcess
from demo_stack.demo.world import SimulatedEbay
from settings import PREFIX, Settings, SettingsError, load, read_environment
from store import Store, StoreError
from store.schema.migrate import upgrade
from workflows.attributes import FLAGS
from workflows.connection import TemporalUnavailableError, connect
from workflows.visibility import AttributesMissingError, make, unknown

PACE = {"ORDERS_EVERY": "2s", "FULFILLMENT_EVERY": "5s", "INVENTORY_EVERY": "5s", "ORDER_OVERLAP": "10s", "TASK_QUEUE": "sellerbeat-demo"}
QUOTAS = {f"QUOTA_{resource}": str(QUOTA) for resource in ("ORDERS", "INVENTORY", "TRADING", "FEED")}
PAUSE_S, MANY_SELLERS, LONG_PAUSE_S = 0.5, 20, 2.0


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        settings = load(*(("ebay_client_id", "ebay_client_secret") if options.real else ()))
        with Interrupts() as interrupts, ExitStack() as things:
            home = things.enter_context(Home.locked(options.folder / "real" if options.real else options.folder))
            stop_leftovers(home)
            if options.real:
                return real(settings, home, options.seconds, interrupts, things)
            return demo(home, options.seconds, interrupts, things)
    except SettingsError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except (DemoError, devstack.DevstackError, StoreError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped before the end", file=sys.stderr)
        return 130


def demo(home: Home, seconds: float | None, interrupts: Interrupts, things: ExitStack) -> int:
    print("starting Postgres, Temporal, a simulated eBay, the worker and the page ...", flush=True)
    ebay = SimulatedEbay(home)
    things.callback(ebay.child.stop)
    ebay.start()
    servers = start_servers(home, things)
    ebay.arrive()
    bind = f"127.0.0.1:{home.port('web')}"
    settings = {PREFIX + name: value for name, value in (PACE | QUOTAS).items()} | {
        f"{PREFIX}SECRET_KEYS": home.key()[0],
        **ebay.settings(),
        f"{PREFIX}WEB_BIND": bind,
        f"{PREFIX}DELIVERY_LOOPBACK": "true",
        **shadow.settings(bind),
    }
    configure(home, servers, settings)
    store = open_store(servers, things)
    enrollment.check_database(store, ebay.new)
    worker = start_worker(home, things, quick=True)
    web = start_web(home, bind, things)
    ebay.lead_back(f"{web.url}/ebay/connected")
    reader = PictureReader(store, home)
    endpoint = DemoEndpoint(home, store)  # before the first seller: an endpoint is sent what is recorded from its beginning on
    things.callback(endpoint.stop)
    if enrolled := enrollment.enroll(store, ebay):
        print(f"enrolled: {', '.join(enrolled)}")
    worker.arrive()
    web.arrive()
    print(shadow.begin(store))

    links = (("page", web.url), *ui_links(servers), ("simulated eBay", ebay.url))
    starter = home.display("starter")
    hints = (
        (f"{starter} pause anna --reason lunch", "then resume anna: nothing is lost"),
        (f"{starter} status bert", "what is polled when, and why then"),
        (f"{starter} snapshot carla inventory", "each stock, where it is from, how old it is"),
        (f"{starter} changes --follow", "the feed of changes"),
        (f"{starter} deliveries", "what was sent to the receiver, and its answers"),
        (f"{starter} reconcile --seller anna", "polling compared with eBay's notifications"),
        (f"kill -9 $(cat {home.display('worker.pid')})", "the worker comes back"),
    )
    frame = Frame("polls a simulated eBay", links, hints, ends_at(seconds))
    show_live(reader, frame, (worker, web), ebay, interrupts, endpoint)

    print("the simulated eBay stands still; waiting until all of it was polled ...", flush=True)
    visible_from = ebay.stand_still()
    unpolled = verdict.settle(store, worker.look_after, visible_from)
    judged = verdict.JudgedSellers.of(store.status.all())
    undelivered = endpoint.settle()
    picture, calls = reader.read(), ebay.calls()
    worker.stop()
    found = verdict.compare(store, home.ledger, judged)
    print(verdict.report(found, judged, calls, picture.changes, unpolled, picture.stock_in_words()))
    print(endpoint.report(undelivered))
    print(shadow.end(store))
    if unpolled or undelivered:
        print(worker.child.end_of_log(), file=sys.stderr)
    print(f"`make demo` goes on here: {home.display()} (`make clean` forgets it)")
    return verdict.exit_code(found, unpolled, undelivered)


def real(settings: Settings, home: Home, seconds: float | None, interrupts: Interrupts, things: ExitStack) -> int:
    print(f"starting what is needed to poll {settings.ebay_api_url} ...", flush=True)
    servers = start_servers(home, things)
    own = {}
    if not settings.secret_keys:
        own[f"{PREFIX}SECRET_KEYS"], made = home.key()
        key, file = "a new key" if made else "the key", home.display("keys")
        print(f"SELLERBEAT_SECRET_KEYS is not set: {key} in {file} encrypts the sellers' tokens")
    bind = read_environment().get(f"{PREFIX}WEB_BIND") or f"127.0.0.1:{home.port('web')}"
    configure(home, servers, own | {f"{PREFIX}WEB_BIND": bind})
    store = open_store(servers, things)
    worker, web = start_worker(home, things), start_web(home, bind, things)
    worker.arrive()
    web.arrive()

    starter = home.display("starter")
    hints = (
        (f"{starter} enroll SELLER --refresh-token-file FILE", "your first seller"),
        (f"{starter} status SELLER", "what is polled when, and why then"),
        (f"{starter} changes --follow", "the feed of changes"),
    )
    links = (("page", web.url), *ui_links(servers), ("eBay", settings.ebay_api_url))
    show_live(PictureReader(store, home), Frame("polls eBay", links, hints, ends_at(seconds)), (worker, web), None, interrupts)
    worker.stop()
    print(f"`make up` goes on here: {home.display()}")
    return 0


def start_servers(home: Home, things: ExitStack) -> devstack.Stack:
    environment = read_environment()
    database_url, temporal_address = environment.get(f"{PREFIX}DATABASE_URL"), environment.get("TEMPORAL_ADDRESS")
    return things.enter_context(
        devstack.stack(home.path, database_url=database_url or None, temporal_address=temporal_address or None, extra=FLAGS)
    )


def configure(home: Home, servers: devstack.Stack, own: dict[str, str]) -> None:
    """From here on our environment is that of the children, and of the second terminal."""
    values = {f"{PREFIX}DATABASE_URL": servers.database_url, "TEMPORAL_ADDRESS": servers.temporal.address} | own
    if f"{PREFIX}LOG_FORMAT" not in read_environment():
        values[f"{PREFIX}LOG_FORMAT"] = "text"  # people read the children's logs
    if servers.temporal.ui_url:
        values["TEMPORAL_NAMESPACE"] = "default"  # our own server has no other
    os.environ.update(values)
    home.write_starter({name: value for name, value in os.environ.items() if name.startswith((PREFIX, "TEMPORAL_"))})


def open_store(servers: devstack.Stack, things: ExitStack) -> Store:
    """As `starter.py migrate` does it: the tables, and the search attributes of a Temporal that is not our own."""
    settings = load("secret_keys")
    upgrade(servers.database_url, schema=settings.database_schema)
    if not servers.temporal.ui_url:
        asyncio.run(list_sellers())
    store = Store.connect(servers.database_url, settings.keys(), pool_size=2, schema=settings.database_schema)
    things.callback(store.close)
    return store


async def list_sellers() -> None:
    """Where they cannot be made, the worker may start all the same: they may be there."""
    try:
        client = await connect(read_environment())
        if await make(client) is None:
            print(unknown(client))
    except (TemporalUnavailableError, AttributesMissingError) as error:
        print(f"{error}")


def start_worker(home: Home, things: ExitStack, quick: bool = False) -> WorkerProcess:
    worker = WorkerProcess(home, quick)
    things.callback(worker.stop)
    worker.start()
    return worker


def start_web(home: Home, bind: str, things: ExitStack) -> WebProcess:
    web = WebProcess(home, bind)
    things.callback(web.stop)
    web.start()
    return web


def show_live(
    reader: PictureReader,
    frame: Frame,
    processes: tuple[WorkerProcess, WebProcess],
    ebay: SimulatedEbay | None,
    interrupts: Interrupts,
    endpoint: DemoEndpoint | None = None,
) -> None:
    """Show what happens until the time is over or somebody ends it."""
    for what, where in frame.links:
        print(f"{what}: {where}")
    for command, shows in frame.hints:
        print(f"  {command}  # {shows}")
    sys.stdout.flush()
    with interrupts.awaited(), open_view(frame) as view:
        while not interrupts.came and (frame.ends_at is None or datetime.now(UTC) < frame.ends_at):
            began = time.monotonic()
            for process in processes:
                process.look_after()
            if ebay:
                ebay.look_after()
            picture = replace(reader.read(), restarts=processes[0].restarts, delivered=endpoint.tally.words() if endpoint else "")
            view.show(picture)
            pause = PAUSE_S if len(picture.states) <= MANY_SELLERS else LONG_PAUSE_S
            while not interrupts.came and time.monotonic() < began + pause:
                view.wait(0.05)


def ui_links(servers: devstack.Stack) -> tuple[tuple[str, str], ...]:
    return (("Web UI", servers.temporal.ui_url),) if servers.temporal.ui_url else (("Temporal", servers.temporal.address),)


def ends_at(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)


class Interrupts:
    """Ctrl-C, SIGTERM, and the terminal's end. While they are awaited, the first one only asks for an orderly end; any other stops us at
    once, by KeyboardInterrupt, and with us everything that was started."""

    SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

    def __init__(self) -> None:
        self.came = self.waiting = False

    def __enter__(self) -> Interrupts:
        self.before = {number: signal.signal(number, self.on_signal) for number in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False

    def on_signal(self, *_: object) -> None:
        if not self.waiting or self.came:
            raise KeyboardInterrupt
        self.came = True


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser("demo.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--seconds", type=positive, metavar="N", help="end by itself after so long (without: at Ctrl-C)")
    found.add_argument("--real", action="store_true", help="poll the eBay that .env names (make up)")
    found.add_argument("--folder", type=Path, default=HOUSE / ".sellerbeat", help="where it keeps its state (default .sellerbeat)")
    return found


def positive(text: str) -> float:
    if not 0 < (seconds := float(text)) < 1e7:
        raise ValueError
    return seconds


if __name__ == "__main__":
    gc.freeze()  # and stays to the end
    gc.enable()
    sys.exit(main())
