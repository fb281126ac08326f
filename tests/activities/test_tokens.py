"""Tokens that eBay refuses, delays or gives no more of: whatever happens and whenever, the state is right and no order is lost."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from ebay.errors import AccessDeniedError, EbayUnavailableError
from ebay.oauth import OAuth
from simulator.state.accounts import GRANTED, INVENTORY
from store.schema.every_table import metadata
from tests.activities.token_shop import ORDERS, Shop, attempt, database_url, open_shop
from tests.support.rig import START

url = pytest.fixture(database_url)
shop = pytest.fixture(open_shop)

TOKEN = "token:refresh_token"
REFUSED = '{"error":"%s","error_description":"v^1.1#canary"}'


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
    shop.place_orders(START, 10)
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


# Each refusal at the first call, and behind a page of orders or of the past: there by turns.
OFTEN = [("503", prepare_backfill), ("invalid_scope", prepare_middle_of_paging), ("401 client", prepare_backfill)]
OFTEN += [("429", prepare_middle_of_paging), ("time-out", prepare_middle_of_paging), ("403/1100", prepare_backfill)]


@pytest.mark.parametrize(
    ("fault", "prepare"),
    [
        pytest.param(
            FAULTS[name], prepare, id=f"{name}-{prepare.__name__}", marks=[pytest.mark.repeats] if (name, prepare) in OFTEN else []
        )
        for name in FAULTS
        for prepare in (prepare_first_call, prepare_middle_of_paging, prepare_backfill)
    ],
)
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
