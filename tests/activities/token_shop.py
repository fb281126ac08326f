"""A seller whose tokens a test can spoil, and a poller with a database of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from activities.polling.poll import PollResult
from domain.pacing import Stream
from simulator.requests import Request
from tests.support.postgres_clock import PostgresClock, driven
from tests.support.rig import START, Rig, rig

ORDERS = 310  # three windows


class Shop:
    """Two sellers, `anna` and `bert`; one clock for us, Postgres and eBay."""

    def __init__(self, it: Rig, clock: PostgresClock) -> None:
        self.rig, self.clock = it, clock
        self.world, self.store, self.tokens = it.world, it.store, it.tokens
        clock.set(START)

    def advance(self, **by: float) -> None:
        self.rig.advance(**by)
        self.clock.set(self.world.clock.now())

    def token_calls(self) -> int:
        return sum(1 for request in self.world.requests if request.resource.startswith("token"))

    def place_orders(self, since: datetime, count: int = ORDERS) -> list[str]:
        return [self.world.place_order("anna", at=since + timedelta(seconds=k)) for k in range(count)]

    def at_the_second_page(self, happens: Callable[[], object]) -> None:
        """The access token ends there too, so that the third page needs another one."""
        pages = Counter[str]()

        def look(request: Request) -> None:
            pages[request.resource] += 1
            if request.resource == "order" and pages["order"] == 2:
                self.world.accounts.expire("anna")
                happens()

        self.world.faults.before_answer = look

    def scope(self, scopes: tuple[str, ...]) -> None:
        """What eBay lets the stored token do from now on."""
        self.world.accounts.latest["anna"].scopes = frozenset(scopes)

    def connect(self) -> None:
        self.store.sellers.connect("anna", self.world.accounts.renew("anna"), scopes=[])

    def stream(self, stream: Stream, seller: str = "anna") -> dict[str, Any]:
        found: dict[str, Any] = self.store.seller(seller)["streams"][stream.value]
        return found

    def alerts(self) -> list[tuple[str | None, str]]:
        return [(alert["seller_id"], alert["kind"]) for alert in self.store.alerts()]


def database_url(database: str) -> str:
    return driven(database)


def open_shop(database: str, url: str) -> Iterator[Shop]:
    clock = PostgresClock(database)
    with rig(url, "anna", "bert") as it:
        yield Shop(it, clock)
    clock.close()


def attempt(shop: Shop, stream: Stream) -> PollResult | Exception:
    try:
        return shop.rig.poll("anna", stream)
    except Exception as error:
        return error
