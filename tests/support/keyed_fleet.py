"""A fleet whose consents eBay may refuse, by the keys that ask: polled as its last results say, with one clock for all."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from temporalio.exceptions import ApplicationError

from activities.polling.poll import PollResult
from domain.pacing import Stream
from ebay.oauth import OAuth
from store.schema.errors import SupersededError
from tests.support.postgres_clock import PostgresClock
from tests.support.rig import START, Rig

INVALID_GRANT = '{"error":"invalid_grant","error_description":"v^1.1#canary"}'
INVALID_SCOPE = '{"error":"invalid_scope","error_description":"v^1.1#canary"}'
DAY = timedelta(days=1)


class Fleet:
    """Sellers who poll when their last result says so; one clock for us, Postgres and eBay."""

    def __init__(self, it: Rig, clock: PostgresClock, sellers: list[str]) -> None:
        self.rig, self.clock, self.sellers = it, clock, sellers
        self.world, self.store, self.tokens = it.world, it.store, it.tokens
        self.right = it.tokens.oauth
        self.next: dict[str, datetime] = {}
        clock.set(START)
        for seller in sellers:
            it.enroll(seller)
            it.poll(seller)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def advance(self, **by: float) -> None:
        self.rig.advance(**by)
        self.clock.set(self.now)

    def expire(self) -> None:
        """Every access token is over."""
        self.advance(hours=3)

    def keys(self, client_id: str, client_secret: str) -> None:
        """As a worker that is started with these."""
        self.tokens.oauth = OAuth(self.rig.http, self.rig.url, client_id, client_secret)
        self.tokens.known.clear()
        self.tokens.refused.clear()

    def restart(self) -> None:
        """With the keys of before."""
        self.tokens.oauth = self.right
        self.tokens.known.clear()
        self.tokens.refused.clear()

    def refuse(self, body: str = INVALID_GRANT) -> None:
        self.world.faults.force(400, body, times=100_000, resource="token")

    def relent(self) -> None:
        self.world.faults.forced.clear()

    def asked(self) -> int:
        """Calls of the token endpoint."""
        return sum(request.resource.startswith("token") for request in self.world.requests)

    def attempt(self, seller: str, stream: Stream = Stream.ORDERS) -> str:
        """ok, waits or dead."""
        try:
            result = self.rig.poll(seller, stream)
        except ApplicationError as error:
            return "dead" if error.type == "DeadTokenError" else f"{error.type}"
        except SupersededError:
            return "revived meanwhile"
        self.next[seller] = result.next_due
        return reported(result)

    def attempts(self) -> list[str]:
        return [self.attempt(seller) for seller in self.sellers]

    def live(self, **by: float) -> Counter[tuple[str, str]]:
        """For so long each polls when due, as their workflows would; what came of it, by seller."""
        until, outcomes = self.now + timedelta(**by), Counter[tuple[str, str]]()
        while self.now < until:
            for seller in self.sellers:
                if self.next.get(seller, self.now) <= self.now:
                    outcome = self.attempt(seller)
                    outcomes[seller, outcome] += 1
                    if outcome == "dead":
                        self.next[seller] = until + DAY * 1000
            self.advance(seconds=5)
        return outcomes

    def types(self, seller: str) -> list[str]:
        return [one for one in self.rig.types(seller) if not one.startswith("alert")]

    def alerts(self) -> list[tuple[str | None, str]]:
        return sorted(((alert["seller_id"], alert["kind"]) for alert in self.store.alerts()), key=str)

    def states(self) -> Counter[str]:
        return Counter(self.store.seller(seller)["state"] for seller in self.sellers)

    def dead(self) -> list[str]:
        return [seller for seller in self.sellers if self.store.seller(seller)["state"] == "needs_reauthorization"]

    def fleet_alerts(self) -> list[str]:
        return [event["type"] for event in self.rig.events() if event["seller_id"] is None]


def reported(result: PollResult) -> str:
    if result.waiting:
        assert not result.quota
        assert "application's keys" in result.why
        return "waits"
    return "ok"


def forget_keys(fleet: Fleet) -> None:
    """As a version before wrote the rows."""
    with fleet.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE sellerbeat.tokens SET client = NULL, refreshed_at = NULL, refused_at = NULL, tried_at = NULL, tried_client = NULL, "
            "tried_version = NULL"
        )
