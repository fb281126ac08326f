"""Starting what a run needs, in the order in which one part needs another; each is ticked off as it comes up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import ExitStack

from demo_stack import devstack
from demo_stack.demo.binds import METRICS, next_port, url_of
from demo_stack.demo.home import Home
from demo_stack.demo.sellers import QUOTA
from demo_stack.demo.steps import Steps
from demo_stack.demo.web import WebProcess
from demo_stack.demo.worker import WorkerProcess
from demo_stack.devstack.binaries import temporal_is_there
from settings import PREFIX, load, read_environment
from store import Store
from store.schema.migrate import upgrade
from workflows.attributes import FLAGS
from workflows.connection import TemporalUnavailableError, connect
from workflows.visibility import AttributesMissingError, make, unknown

PACE = {"ORDERS_EVERY": "2s", "FULFILLMENT_EVERY": "5s", "INVENTORY_EVERY": "5s", "ORDER_OVERLAP": "10s", "TASK_QUEUE": "sellerbeat-demo"}
QUOTAS = {f"QUOTA_{resource}": str(QUOTA) for resource in ("ORDERS", "INVENTORY", "TRADING", "FEED")}


def quick_settings() -> dict[str, str]:
    """For a simulated eBay, whose world is quicker."""
    return {PREFIX + name: value for name, value in (PACE | QUOTAS).items()}


def start_servers(home: Home, steps: Steps, things: ExitStack) -> devstack.Stack:
    """Postgres and Temporal side by side, or those that settings name."""
    environment = read_environment()
    database_url, temporal_address = environment.get(f"{PREFIX}DATABASE_URL"), environment.get("TEMPORAL_ADDRESS")
    usual = {}
    if not database_url:
        usual["Postgres"] = "1 s" if (home / "postgres" / "data").exists() else "3 s, as it makes its files"
    if not temporal_address:
        usual["Temporal"] = "2 s" if temporal_is_there() else "1 min, as its program is loaded first"
    begun = {name: steps.begin(name, words) for name, words in usual.items()}
    return things.enter_context(
        devstack.stack(
            home.path,
            database_url=database_url or None,
            temporal_address=temporal_address or None,
            extra=FLAGS,
            answers=lambda name: steps.done(begun[name]),
        )
    )


def configure(home: Home, servers: devstack.Stack, own: dict[str, str]) -> None:
    """From here on our environment is that of the children, and of the second terminal."""
    values = {f"{PREFIX}DATABASE_URL": servers.database_url, "TEMPORAL_ADDRESS": servers.temporal.address} | own
    if f"{PREFIX}LOG_FORMAT" not in read_environment():
        values[f"{PREFIX}LOG_FORMAT"] = "text"  # people read the children's logs
    if servers.temporal.ui_url:
        values |= {"TEMPORAL_NAMESPACE": "default", f"{PREFIX}TEMPORAL_UI_URL": servers.temporal.ui_url}  # our own server has no other
    os.environ.update(values)
    home.write_starter({name: value for name, value in os.environ.items() if name.startswith((PREFIX, "TEMPORAL_"))})


def open_store(servers: devstack.Stack, steps: Steps, things: ExitStack) -> Store:
    """As `starter.py migrate` does it: the tables, and the search attributes of a Temporal that is not our own."""
    settings = load("secret_keys")
    with steps.step("tables in Postgres", "1 s"):
        upgrade(servers.database_url, schema=settings.database_schema)
        if not servers.temporal.ui_url:
            asyncio.run(list_sellers(steps))
    store = Store.connect(servers.database_url, settings.keys(), pool_size=2, schema=settings.database_schema)
    things.callback(store.close)
    return store


async def list_sellers(steps: Steps) -> None:
    """Where they cannot be made, the worker may start all the same: they may be there."""
    try:
        client = await connect(read_environment())
        if await make(client) is None:
            steps.say(f"{unknown(client)}")
    except (TemporalUnavailableError, AttributesMissingError) as error:
        steps.say(f"{error}")


def start_worker(home: Home, steps: Steps, things: ExitStack, quick: bool = False) -> WorkerProcess:
    worker = WorkerProcess(home, quick)
    things.callback(worker.stop)
    worker.start()
    steps.begin("worker", "3 s", worker.ready)
    return worker


def start_web(home: Home, bind: str, steps: Steps, things: ExitStack) -> WebProcess:
    web = WebProcess(home, bind)
    things.callback(web.stop)
    web.start()
    steps.begin("page", "3 s", web.ready)
    return web


def ui_links(servers: devstack.Stack) -> tuple[tuple[str, str], ...]:
    return (("Web UI", servers.temporal.ui_url),) if servers.temporal.ui_url else (("Temporal", servers.temporal.address),)


def metrics_links(binds: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Of the worker's and the page's metrics, where the setting is given."""
    return tuple(("metrics", f"{url_of(bind)}/metrics") for given in [binds.get(METRICS)] if given for bind in (given, next_port(given)))
