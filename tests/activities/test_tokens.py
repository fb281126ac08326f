"""Tokens that eBay refuses, delays or gives no more of: whatever happens and whenever, the state is right and no order is lost."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.polling.poll import Poll, PollResult
from activities.polling.tokens import StoredTokens
from domain.pacing import Stream
from ebay.errors import AccessDeniedError, BadAnswerError, DeadTokenError, EbayUnavailableError
from ebay.oauth import OAuth
from simulator.requests import Request
from simulator.state.accounts import GRANTED, INVENTORY
from store import Store, SupersededError
from store.schema.engine import connect
from store.schema.kinds import AlertKind
from store.schema.tables import metadata
from tests.store.documents import someone_waits
from tests.support.postgres_clock import PostgresClock, driven
from tests.support.rig import START, Rig, rig
from tests.support.waiting import eventually_here

ORDERS = 430  # three windows
TOKEN = "token:refresh_token"
REFUSED = '{"error":"%s","error_description":"v^1.1#canary"}'


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

    def place_orders(self, since: datetime) -> list[str]:
        return [self.world.place_order("anna", at=since + timedelta(seconds=k)) for k in range(ORDERS)]

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


@pytest.fixture
def url(database: str) -> str:
    return driven(database)


@pytest.fixture
def shop(database: str, url: str) -> Iterator[Shop]:
    clock = PostgresClock(database)
    with rig(url, "anna", "bert") as it:
        yield Shop(it, clock)
    clock.close()


# the matrix


@dataclass(frozen=True)
class Fault:
    begin: Callable[[Shop], object]
    end: Callable[[Shop], object]
    holds: Callable[[Shop, Stream, PollResult | Exception], object]  # asserts the state while it lasts


def patience(shop: Shop, timeout_s: float) -> None:
    accounts = shop.world.accounts
    shop.tokens.oauth = OAuth(shop.rig.http, shop.rig.url, accounts.client_id, accounts.client_secret, timeout_s)


def slow_tokens(shop: Shop) -> None:
    patience(shop, 0.3)
    shop.world.faults.latency_s = lambda request: 1.0 if request.resource.startswith("token") else 0.0


def fast_tokens(shop: Shop) -> None:
    patience(shop, 20.0)
    shop.world.faults.latency_s = 0.0


def spend_tokens(shop: Shop) -> None:
    shop.world.quotas.limits[TOKEN] = shop.world.quotas.used[TOKEN]


def more_tokens(shop: Shop) -> None:
    shop.world.quotas.limits[TOKEN] = 50_000
    shop.advance(minutes=2)


def other_keys(shop: Shop) -> None:
    shop.world.accounts.client_secret = "another"


def our_keys(shop: Shop) -> None:
    shop.world.accounts.client_secret = "SIM-secret"
    shop.advance(minutes=2)


def widen(shop: Shop) -> None:
    shop.scope(GRANTED)
    shop.connect()


def needs_reauthorization(shop: Shop, stream: Stream, outcome: PollResult | Exception) -> None:
    assert isinstance(outcome, ApplicationError)
    assert (outcome.type, outcome.non_retryable, outcome.details) == ("DeadTokenError", True, (1,))
    before = len(shop.world.requests)
    for other in (stream, Stream.INVENTORY):
        with pytest.raises(ApplicationError):
            shop.rig.step("anna", other)
    assert len(shop.world.requests) == before  # eBay is asked nothing more
    reported = Counter(shop.rig.types("anna"))
    assert (reported["seller.needs_reauthorization"], reported["alert.opened"]) == (1, 1)
    assert shop.alerts() == [("anna", "needs_reauthorization")]
    assert shop.store.seller("anna")["state"] == "needs_reauthorization"


def application_alerted(shop: Shop, stream: Stream, outcome: PollResult | Exception) -> None:
    assert isinstance(outcome, PollResult)
    assert (outcome.waiting, outcome.quota) == (True, False)
    shop.tokens.known.pop("bert")
    shop.world.accounts.expire("bert")
    before = shop.token_calls()
    assert shop.rig.step("bert").why.startswith("eBay refuses the application's keys: waits until")
    assert shop.token_calls() == before  # within a minute nobody asks again
    assert shop.alerts() == [(None, "keys_refused")]
    for seller in ("anna", "bert"):
        assert shop.store.seller(seller)["state"] == "failing"
    assert shop.stream(stream)["failures"] == 0


def waits_quietly(shop: Shop, stream: Stream, outcome: PollResult | Exception) -> None:
    assert isinstance(outcome, PollResult)
    assert outcome.waiting
    assert "access tokens" in outcome.why
    assert timedelta(seconds=55) < outcome.next_due - shop.world.clock.now() < timedelta(seconds=125)
    before = len(shop.world.requests)
    shop.world.add_seller("carla")
    shop.rig.enroll("carla", backfill=timedelta(days=1))
    for seller in ("anna", "carla"):
        for other in (stream, Stream.INVENTORY):
            assert shop.rig.step(seller, other).waiting
    assert len(shop.world.requests) == before  # neither tokens nor the refused access token nor eBay's own count
    assert shop.rig.step("bert").waiting is False  # who has a token goes on: the orders' quota is another one
    assert shop.store.quota_until("orders") is None
    assert shop.store.seller("anna")["state"] == "waiting_for_quota"
    assert shop.alerts() == []


def retried(shop: Shop, stream: Stream, outcome: PollResult | Exception) -> None:
    assert isinstance(outcome, EbayUnavailableError)
    assert shop.stream(stream)["failures"] == 1
    assert shop.stream(stream)["last_error"].startswith("EbayUnavailableError: ")
    assert shop.store.seller("anna")["state"] == "failing"


def one_stream_denied(shop: Shop, stream: Stream, outcome: PollResult | Exception) -> None:
    assert isinstance(outcome, AccessDeniedError)
    assert shop.stream(stream)["failures"] == 1
    assert shop.rig.poll("anna", Stream.INVENTORY).more is False
    assert shop.store.seller("anna")["state"] == "failing"
    assert shop.alerts() == []


FAULTS = {
    "invalid_grant": Fault(lambda shop: shop.world.accounts.revoke("anna"), Shop.connect, needs_reauthorization),
    "invalid_scope": Fault(
        lambda shop: shop.world.faults.force(400, REFUSED % "invalid_scope", resource="token"), Shop.connect, needs_reauthorization
    ),
    "401 client": Fault(other_keys, our_keys, application_alerted),
    "429": Fault(spend_tokens, more_tokens, waits_quietly),
    "503": Fault(lambda shop: shop.world.faults.force(503, "<html>", resource="token"), lambda shop: None, retried),
    "time-out": Fault(slow_tokens, fast_tokens, retried),
    "403/1100": Fault(lambda shop: shop.scope(INVENTORY), widen, one_stream_denied),
}


def prepare_first_call(shop: Shop, fault: Fault) -> Stream:
    shop.rig.enroll("anna")
    shop.place_orders(START)
    shop.advance(minutes=10)
    fault.begin(shop)
    return Stream.ORDERS


def prepare_middle_of_paging(shop: Shop, fault: Fault) -> Stream:
    shop.rig.enroll("anna")
    shop.rig.poll("anna")
    shop.place_orders(START)
    shop.advance(minutes=10)
    shop.at_the_second_page(lambda: fault.begin(shop))
    return Stream.ORDERS


def prepare_backfill(shop: Shop, fault: Fault) -> Stream:
    shop.place_orders(START - timedelta(days=20))
    shop.rig.enroll("anna", backfill=timedelta(days=30))
    shop.rig.poll("anna")
    shop.at_the_second_page(lambda: fault.begin(shop))
    return Stream.BACKFILL


@pytest.mark.parametrize("prepare", [prepare_first_call, prepare_middle_of_paging, prepare_backfill])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_refusal_leads_to_the_right_state_and_once_it_is_over_nothing_is_lost(
    shop: Shop, fault: Fault, prepare: Callable[[Shop, Fault], Stream]
) -> None:
    shop.rig.enroll("bert")
    shop.rig.poll("bert")
    stream = prepare(shop, fault)

    outcome = attempt(shop, stream)
    there = len(shop.rig.stored("anna"))
    fault.holds(shop, stream, outcome)
    shop.world.faults.before_answer = None
    fault.end(shop)
    for other in (stream, Stream.ORDERS, Stream.INVENTORY):
        shop.rig.poll("anna", other)

    assert 0 < there < ORDERS or (there == 0 and prepare is prepare_first_call)
    created = Counter(event["entity_id"] for event in shop.rig.events("anna") if event["type"] == "order.created")
    assert created == dict.fromkeys(shop.world.order_ids("anna"), 1)
    assert shop.store.seller("anna")["state"] == "polling"
    assert shop.stream(Stream.ORDERS)["failures"] == 0
    assert shop.alerts() == []


def attempt(shop: Shop, stream: Stream) -> PollResult | Exception:
    try:
        return shop.rig.poll("anna", stream)
    except Exception as error:
        return error


# what the matrix does not reach


def test_a_wait_that_ebay_names_is_kept(shop: Shop) -> None:
    shop.rig.enroll("anna")
    shop.world.faults.force(429, "", resource="token", Retry_After="600")

    result = shop.rig.step("anna")

    assert timedelta(minutes=10) <= result.next_due - shop.world.clock.now() < timedelta(minutes=11, seconds=5)


def test_a_token_endpoint_that_does_not_understand_us_does_not_pass_for_an_answer_about_parcels(shop: Shop) -> None:
    shop.rig.enroll("anna")
    order = shop.world.place_order("anna")
    shop.world.ship("anna", order)
    shop.advance(minutes=5)
    shop.rig.poll("anna")
    shop.world.accounts.expire("anna")
    shop.world.faults.force(404, "<html>", resource="token")

    with pytest.raises(BadAnswerError):
        shop.rig.poll("anna", Stream.FULFILLMENT)
    shop.rig.poll("anna", Stream.FULFILLMENT)

    assert len(shop.rig.stored("anna", "fulfillments")) == 1


def test_a_refused_access_token_is_not_sent_again_while_no_other_can_be_had(shop: Shop) -> None:
    shop.rig.enroll("anna")
    shop.rig.poll("anna")
    shop.world.accounts.expire("anna")
    shop.world.faults.force(500, "", times=4, resource="token")
    before = shop.rig.calls("anna", "order")

    for _ in range(4):
        with pytest.raises(EbayUnavailableError):
            shop.rig.step("anna")
    shop.rig.step("anna")

    assert shop.rig.calls("anna", "order") == before + 2  # the refused one, and the one that succeeds


def test_a_token_that_is_only_read_from_postgres_does_not_show_that_the_keys_are_good(shop: Shop) -> None:
    shop.rig.enroll("anna")
    shop.rig.poll("anna")
    shop.store.open_alert(AlertKind.KEYS_REFUSED, "as another seller found out")
    shop.tokens.known.clear()  # as after a restart

    shop.rig.poll("anna")

    assert shop.alerts() == [(None, "keys_refused")]


def test_many_threads_of_two_processes_ask_ebay_for_one_token(shop: Shop, url: str) -> None:
    shop.rig.enroll("anna")
    refused = shop.tokens.current("anna")
    second = Store(connect(url, pool_size=8), shop.store.tokens._vault)  # of another process, with the same keys
    processes = [shop.tokens, StoredTokens(second, shop.tokens.oauth)]
    before, start = shop.token_calls(), Barrier(12)
    shop.world.faults.latency_s = 0.05

    def renew(number: int) -> str:
        start.wait()
        return processes[number % 2].renewed("anna", refused)

    with ThreadPoolExecutor(12) as pool:
        got = set(pool.map(renew, range(12)))
    second.close()

    assert shop.token_calls() == before + 1
    assert len(got) == 1
    assert refused not in got


def test_a_late_refusal_of_the_old_token_does_not_kill_the_one_that_connect_brings_meanwhile(shop: Shop) -> None:
    shop.rig.enroll("anna")
    shop.world.accounts.revoke("anna")
    renewed = shop.world.accounts.renew("anna")
    missed = shop.world.place_order("anna")
    shop.advance(minutes=5)

    with ThreadPoolExecutor() as pool:
        connecting: list[Future[int]] = []

        def while_the_old_one_is_at_ebay(request: Request) -> None:
            if request.resource == "token" and not connecting:
                connecting.append(pool.submit(shop.store.sellers.connect, "anna", renewed, scopes=[]))
                eventually_here(lambda: connecting[0].done() or someone_waits(shop.store))

        shop.world.faults.before_answer = while_the_old_one_is_at_ebay
        outcome = attempt(shop, Stream.ORDERS)
        generation = connecting[0].result()

    assert isinstance(outcome, ApplicationError | SupersededError)  # whether the step or `connect` comes first after the lock
    assert generation == 2
    assert shop.store.seller("anna")["state"] == "polling"
    shop.rig.poll("anna")
    assert set(shop.rig.stored("anna")) == {missed}
    assert shop.alerts() == []


def test_a_step_whose_dead_token_was_replaced_meanwhile_is_tried_again(shop: Shop) -> None:
    shop.rig.enroll("anna")
    with shop.store.tokens.locked("anna") as row:
        row.kill("invalid_grant")

    def read(step: object) -> PollResult:
        shop.connect()
        raise DeadTokenError("the old one")

    steps = shop.rig.activities[Stream.ORDERS].__self__.steps  # type: ignore[attr-defined] # a method of its poll
    shop.rig.activities[Stream.ORDERS] = lambda request: steps.run(request, Stream.ORDERS, read)
    shop.store.tokens.replace("anna", shop.world.accounts.renew("anna"), [])
    with pytest.raises(SupersededError):
        shop.rig.step("anna")

    assert shop.rig.types("anna") == []


# the end of a consent


def test_a_consent_that_ends_within_30_days_is_told_once_and_a_new_one_closes_the_alert(shop: Shop) -> None:
    shop.rig.enroll("anna")
    ends = START + timedelta(seconds=47_304_000)
    shop.rig.poll("anna")
    shop.advance(days=547.5 - 31)
    shop.rig.poll("anna")
    early = shop.alerts()

    for _ in range(3):
        shop.advance(days=1)
        shop.rig.poll("anna")
    late = shop.store.alerts()
    shop.connect()

    assert early == []
    assert [(alert["seller_id"], alert["kind"]) for alert in late] == [("anna", "token_ends")]
    assert f"{ends:%Y-%m-%d}" in late[0]["text"]
    assert "starter.py connect anna" in late[0]["text"]
    assert shop.alerts() == []
    assert shop.rig.types("anna") == ["alert.opened", "alert.closed"]
    assert shop.store.seller("anna")["token_ends_at"] > f"{ends + timedelta(days=500):%Y-%m-%d}"


def test_an_alert_that_connect_could_not_close_any_more_is_closed_with_the_next_token(shop: Shop) -> None:
    shop.rig.enroll("anna")
    shop.advance(days=530)
    shop.rig.poll("anna")
    shop.store.tokens.replace("anna", shop.world.accounts.renew("anna"), [])  # and then the command was killed
    left = shop.alerts()
    shop.advance(hours=3)

    shop.rig.poll("anna")

    assert left == [("anna", "token_ends")]
    assert shop.alerts() == []


# secrecy


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_token_shows_in_errors_logs_or_tables_whatever_happens(shop: Shop, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop.rig.enroll("anna", backfill=timedelta(days=1))
    shop.rig.poll("anna")
    fault.begin(shop)
    shop.world.accounts.expire("anna")
    errors = []
    for stream in (Stream.ORDERS, Stream.BACKFILL, Stream.INVENTORY, Stream.FULFILLMENT):
        outcome = attempt(shop, stream)
        errors += [outcome] if isinstance(outcome, Exception) else []
    accounts = shop.world.accounts
    tokens = [*accounts.grants, *accounts.access, "v^1.1#canary"]

    shown = [caplog.text, repr(shop.tokens), repr(Poll(seller_id="anna"))]
    shown += ["".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) for error in errors]
    with shop.store.tokens.locked("anna") as row:
        shown.append(f"{row!r} {row} {vars(shop.tokens).keys()}")
    with shop.store.engine.begin() as connection:
        for table in metadata.tables:
            shown += connection.exec_driver_sql(f"SELECT row_to_json(t)::text FROM {table} t").scalars()

    assert len(tokens) > 2
    assert len(shown) > 5
    assert [text for text in shown for token in tokens if token in text or token.removeprefix("v^1.1#") in text] == []


def test_who_is_enrolled_anew_with_another_account_is_never_read_by_the_old_ones_token(shop: Shop) -> None:
    shop.rig.enroll("anna")
    shop.rig.step("anna")
    shop.store.sellers.erase("anna")
    shop.rig.enroll("anna", token=shop.world.accounts.refresh_token("bert"))
    shop.advance(minutes=5)
    shop.world.place_order("anna")
    theirs = shop.world.place_order("bert")

    shop.rig.step("anna")
    reported = [event["entity_id"] for event in shop.rig.events("anna") if event["type"] == "order.created"]
    shop.store.sellers.erase("anna")  # an account is a seller: her own is one anew
    shop.rig.enroll("anna")
    shop.advance(minutes=5)
    later = shop.world.place_order("anna")
    shop.rig.step("anna")

    assert reported[0] == theirs
    assert later in shop.rig.stored("anna")
    assert theirs not in shop.rig.stored("anna")
