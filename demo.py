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
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo_stack import devstack
from demo_stack.demo import enrollment, shadow, verdict
from demo_stack.demo.binds import WEB, chosen, url_of
from demo_stack.demo.child import stop_leftovers
from demo_stack.demo.endpoint import DemoEndpoint
from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.interrupts import Interrupts
from demo_stack.demo.launch import configure, metrics_links, open_store, quick_settings, start_servers, start_web, start_worker, ui_links
from demo_stack.demo.picture import Frame
from demo_stack.demo.picture_reader import PictureReader
from demo_stack.demo.steps import Steps
from demo_stack.demo.view import open_view
from demo_stack.demo.web import WebProcess
from demo_stack.demo.worker import WorkerProcess
from demo_stack.demo.world import SimulatedEbay
from settings import PREFIX, Settings, SettingsError, load, read_environment
from store import StoreError

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
    binds, named = chosen(home), bool(read_environment().get(f"{PREFIX}DATABASE_URL"))
    print(f"starting all of it on this machine, with its state in {home.display()}:", flush=True)
    with Steps() as steps:
        ebay = SimulatedEbay(home)
        things.callback(ebay.child.stop)
        ebay.start()
        steps.begin("simulated eBay", "2 s", ebay.has_spoken)
        servers = start_servers(home, steps, things)
        ebay.arrive()
        page = url_of(binds[WEB])
        settings = quick_settings() | {
            f"{PREFIX}SECRET_KEYS": home.key()[0],
            **ebay.settings(),
            **binds,
            f"{PREFIX}DELIVERY_LOOPBACK": "true",
            **shadow.settings(page),
        }
        configure(home, servers, settings)
        store = open_store(servers, steps, things)
        accounts = enrollment.accounts_of(store, ebay.user_ids)
        enrollment.check_database(store, accounts, ebay.new, named)
        worker, web = start_worker(home, steps, things, quick=True), start_web(home, binds[WEB], steps, things)
        ebay.lead_back(f"{page}/ebay/connected")
        reader = PictureReader(store, home)
        endpoint = DemoEndpoint(home, store)  # before the first seller: an endpoint is sent what is recorded from its beginning on
        things.callback(endpoint.stop)
        if missing := enrollment.missing(accounts):
            with steps.step("three sellers, each with a history", "3 s"):
                enrollment.enroll(missing, ebay.refresh_token)
            steps.say(f"enrolled: {', '.join(missing)}")
        worker.arrive()
        web.arrive()
        with steps.step("notifications of eBay's for one of them", "3 s"):
            mode = shadow.begin(store)
    print(mode)

    links = (("page", page), *ui_links(servers), ("simulated eBay", ebay.url), *metrics_links(binds))
    frame = Frame("polls a simulated eBay", links, hints_of(home, page), ends_at(seconds))
    show_live(reader, frame, (worker, web), ebay, interrupts, endpoint)

    print("the simulated eBay stands still; waiting until all of it was polled ...", flush=True)
    visible_from = ebay.stand_still()
    unpolled = verdict.settle(store, worker.look_after, visible_from)
    judged = verdict.JudgedSellers.of(store.status.all(), enrollment.accounts_of(store, ebay.user_ids))
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


def hints_of(home: Home, page: str) -> tuple[tuple[str, str], ...]:
    """What to try, and what it shows."""
    starter = home.display("starter")
    return (
        (f"{page}/#connect", "connect a fourth seller: any id, at eBay you are dora"),
        (f"{starter} pause anna --reason lunch", "then resume anna: nothing is lost"),
        (f"{starter} status bert", "what is polled when, and why then"),
        (f"{starter} snapshot carla inventory", "each stock, where it is from, how old it is"),
        (f"{starter} changes --follow", "the feed of changes"),
        (f"{starter} deliveries", "what was sent to the receiver, and its answers"),
        (f"{starter} reconcile --seller anna", "polling compared with eBay's notifications"),
        (f"kill -9 $(cat {home.display('worker.pid')})", "the worker comes back"),
    )


def real(settings: Settings, home: Home, seconds: float | None, interrupts: Interrupts, things: ExitStack) -> int:
    binds = chosen(home)
    print(f"starting what is needed to poll {settings.ebay_api_url}, with its state in {home.display()}:", flush=True)
    with Steps() as steps:
        servers = start_servers(home, steps, things)
        own = {}
        if not settings.secret_keys:
            own[f"{PREFIX}SECRET_KEYS"], made = home.key()
            key, file = "a new key" if made else "the key", home.display("keys")
            steps.say(f"SELLERBEAT_SECRET_KEYS is not set: {key} in {file} encrypts the sellers' tokens")
        configure(home, servers, own | binds)
        store = open_store(servers, steps, things)
        worker, web = start_worker(home, steps, things), start_web(home, binds[WEB], steps, things)
        worker.arrive()
        web.arrive()

    starter = home.display("starter")
    hints = (
        (f"{starter} enroll SELLER --refresh-token-file FILE", "your first seller"),
        (f"{starter} status SELLER", "what is polled when, and why then"),
        (f"{starter} changes --follow", "the feed of changes"),
    )
    links = (("page", web.url), *ui_links(servers), ("eBay", settings.ebay_api_url), *metrics_links(binds))
    show_live(PictureReader(store, home), Frame("polls eBay", links, hints, ends_at(seconds)), (worker, web), None, interrupts)
    worker.stop()
    print(f"`make up` goes on here: {home.display()}")
    return 0


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


def ends_at(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)


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
