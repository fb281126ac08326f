"""Process: HTTP. The status page, the feed of changes, health. SIGTERM or Ctrl-C: exit 0 once the answers in hand are given."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded is no garbage, and to look through it again and again takes a tenth of the start and more

import asyncio
import logging
import resource
import signal
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import uvicorn

from activities.delivering.alert_messenger import THREADS as ALERT_THREADS
from activities.delivering.alert_messenger import AlertMessenger
from ebay.topics import ACCOUNT_DELETION
from inbox.forgetting import forget
from inbox.inbox import THREADS, Inbox
from inbox.waker import Waker
from operations.alert_endpoints import senders
from operations.diagnosis import diagnose
from operations.endpoints import policy_of
from outbound import Client as Poster
from pages import figures
from pages.app import build
from runtime import logs
from runtime.metering import runtime
from runtime.metering.meters import SILENT, Meters
from runtime.metering.metrics import CONNECTIONS_CLOSED
from runtime.metering.runtime import MetricsBindError
from runtime.shutdown import leave
from serving.connections import Closing, ConnectionLimits, Connections
from serving.context import CONNECTIONS, WebContext
from serving.guarded_protocol import LONGEST_HEAD, GuardedProtocol, close, guarded
from settings import Settings, SettingsError, load, read_environment
from store import Store, StoreError

GRACE_S = 10
BACKLOG = 256  # connections that come at one moment
MOST_DESCRIPTORS = 65_536
REPORT_S = 15.0  # of connections that were closed: a line for all of them, however many
logger = logging.getLogger("sellerbeat.web")


class BindError(Exception):
    """The address is taken, or not ours. Act: SELLERBEAT_WEB_BIND."""


class Server(uvicorn.Server):
    """Ends at a signal by itself; uvicorn's own would raise it again afterwards, and the exit code would be the signal's."""

    def __init__(self, config: uvicorn.Config, context: WebContext) -> None:
        super().__init__(config)
        self.context = context

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.end)
        yield

    def end(self) -> None:
        self.context.change_waiter.close()  # who waits for changes is answered now
        self.should_exit = True


def listen(bind: str) -> socket.socket:
    """A socket at `host:port` (port 0: any free one). Raises BindError."""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    try:
        listening = socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG)
        # uvicorn writes head and body apart, and asyncio sets this on sockets of its own making only: without it the body waits 40 ms
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise BindError(f"SELLERBEAT_WEB_BIND: cannot listen on {bind}: {error.strerror or error}") from None


async def serve(settings: Settings, store: Store, meters: Meters | None = None) -> None:
    context = WebContext(settings, store, read_environment())
    inbox = Inbox(settings, store, {ACCOUNT_DELETION: forget}, meters=meters or SILENT)
    inbox.meters.begin_inbox()
    connections: Connections[GuardedProtocol] = Connections(limits_of_connections(), close)
    config = uvicorn.Config(
        build(context, inbox),
        http=guarded(connections),
        backlog=BACKLOG,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=LONGEST_HEAD,  # longer ones are answered by 414 and 431
        timeout_graceful_shutdown=GRACE_S,
    )
    with listen(settings.web_bind) as listening:
        host, port = listening.getsockname()[:2]
        logger.info("web listens", extra={"url": f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"})
        if not context.access.by_login:
            logger.warning("SELLERBEAT_ADMIN_TOKEN is not set: only this machine itself is served")
        warming = asyncio.create_task(warm(context))
        poster = Poster(policy_of(settings))
        lasting = [asyncio.create_task(report(connections, meters or SILENT))]
        lasting += [asyncio.create_task(Waker(inbox, context.temporal).keep())]
        messenger = AlertMessenger(store, senders(settings, poster, elsewhere_too=True), partial(diagnose, context))
        lasting.append(asyncio.create_task(messenger.run()))
        if meters:
            lasting += [asyncio.create_task(one(context, meters)) for one in (figures.refresh_figures, figures.refresh_health)]
        await Server(config, context).serve([listening])
        await warming
        for task in lasting:
            task.cancel()
        poster.close()
        inbox.close()
    logger.info("web has ended")


def limits_of_connections() -> ConnectionLimits:
    """As many as this process may open files for, which is asked to be as many as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        soft = wished
    trusted = tuple(one.strip() for one in read_environment().get("FORWARDED_ALLOW_IPS", "127.0.0.1").split(","))
    return ConnectionLimits(trusted=trusted).within(MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft)


async def report(connections: Connections[GuardedProtocol], meters: Meters) -> None:
    """A flood is a line in the log each time, and not one a connection."""
    for why in Closing:
        meters.add(CONNECTIONS_CLOSED, 0, why)
    before: Counter[Closing] = Counter()
    while True:
        await asyncio.sleep(REPORT_S)
        lately = connections.closed - before
        before = connections.closed.copy()
        for why, count in lately.items():
            meters.add(CONNECTIONS_CLOSED, count, why)
        if lately:
            logger.warning(
                "connections were closed", extra={**{str(why): count for why, count in lately.items()}, "open": len(connections)}
            )


async def warm(context: WebContext) -> None:
    """A whole day is added up once, before somebody waits for it."""
    with suppress(StoreError):  # whoever comes meets it
        await context.ask(context.day.sums, [])


def main() -> int:
    try:
        settings = load("database_url", "secret_keys")
        logs.configure(settings.log_format)
        logging.getLogger("uvicorn").setLevel(logging.ERROR)  # it warns of each request that is none
        assert settings.database_url
        running = runtime.start(settings.metrics_bind)
        url, connections = settings.database_url.get_secret_value(), CONNECTIONS + THREADS + ALERT_THREADS + 1
        store = Store.connect(url, settings.keys(), connections, schema=settings.database_schema)
        store.check()
        asyncio.run(serve(settings, store, runtime.meters(running) if settings.metrics_bind else None))
        store.close()
    except SettingsError as error:
        sys.stderr.write(f"web: {error}\n")
        return 2
    except (StoreError, BindError, MetricsBindError) as error:
        sys.stderr.write(f"web: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    gc.freeze()  # and stays to the end
    gc.enable()
    leave(main())
