"""Single cases of refused and ending tokens: races with a new consent, waits that eBay names, consents that end soon."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from temporalio.exceptions import ApplicationError

from activities.polling.poll import PollResult
from activities.polling.tokens import StoredTokens
from domain.pacing import Stream
from ebay.errors import BadAnswerError, DeadTokenError, EbayUnavailableError
from simulator.requests import Request
from store import Store, SupersededError
from store.schema.engine import connect
from store.schema.kinds import AlertKind
from tests.activities.token_shop import Shop, attempt, database_url, open_shop
from tests.store.documents import someone_waits
from tests.support.rig import START
from tests.support.waiting import eventually_here

url = pytest.fixture(database_url)
shop = pytest.fixture(open_shop)


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
