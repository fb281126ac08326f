"""What eBay refuses: tokens, scopes, quota, and its own breakdowns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.pacing import Stream
from ebay.errors import AccessDeniedError, BadAnswerError, EbayUnavailableError
from tests.support.rig import Rig

DAY = timedelta(days=1)


def test_an_expired_access_token_is_renewed_once_and_the_poll_goes_on(anna: Rig) -> None:
    anna.poll("anna")
    tokens = anna.calls("anna", "token:refresh_token")
    anna.advance(hours=3)
    anna.world.place_order("anna")

    result = anna.poll("anna")

    assert result.changes == 1
    assert anna.calls("anna", "token:refresh_token") == tokens + 1


def test_a_revoked_token_stops_the_seller_with_an_event_and_connecting_catches_up_from_the_cursor(anna: Rig) -> None:
    anna.poll("anna")
    anna.world.accounts.revoke("anna")
    missed = anna.world.place_order("anna")
    anna.advance(minutes=20)

    with pytest.raises(ApplicationError) as refusal:
        anna.step("anna")
    with pytest.raises(ApplicationError):
        anna.step("anna")

    assert (refusal.value.type, refusal.value.non_retryable, refusal.value.details) == ("DeadTokenError", True, (1,))
    assert anna.types("anna") == ["seller.needs_reauthorization", "alert.opened"]
    assert anna.store.seller("anna")["state"] == "needs_reauthorization"

    anna.store.tokens.replace("anna", anna.world.accounts.renew("anna"), [])
    anna.advance(hours=5)
    anna.poll("anna")

    assert set(anna.stored("anna")) == {missed}
    assert anna.types("anna").count("seller.reauthorized") == 1
    assert anna.store.seller("anna")["state"] == "polling"


def test_a_refusal_for_an_older_token_does_not_kill_the_new_one(anna: Rig) -> None:
    anna.world.accounts.revoke("anna")
    anna.store.tokens.replace("anna", anna.world.accounts.renew("anna"), [])

    anna.poll("anna")

    assert anna.store.seller("anna")["state"] == "polling"


def test_a_missing_scope_is_denied_and_kills_no_token(anna: Rig) -> None:
    token = anna.world.accounts.renew("anna", ["https://api.ebay.com/oauth/api_scope/sell.fulfillment.readonly"])
    anna.store.tokens.replace("anna", token, [])

    with pytest.raises(AccessDeniedError):
        anna.step("anna", Stream.INVENTORY)

    assert anna.poll("anna").more is False
    assert anna.store.seller("anna")["state"] != "needs_reauthorization"


def test_a_spent_quota_makes_everybody_wait_for_the_reset_without_a_further_call(anna: Rig) -> None:
    anna.world.add_seller("bert")
    anna.enroll("bert")
    # the database's clock decides whether a reset lies ahead: eBay's must not lie in its past
    anna.world.clock.set(anna.store.begin("anna", Stream.ORDERS).now)
    anna.poll("anna")
    anna.world.quotas.roll()
    anna.world.quotas.limits["order"] = anna.world.quotas.used["order"]

    refused = anna.step("anna")
    before = anna.calls("anna"), anna.calls("bert")
    also = [anna.step(seller) for seller in ("anna", "bert") for _ in range(5)]

    assert refused.waiting
    assert "quota" in refused.why
    assert all(result.waiting and result.next_due > anna.world.clock.now() for result in also)
    assert (anna.calls("anna"), anna.calls("bert")) == before
    assert anna.store.seller("anna")["state"] == "waiting_for_quota"
    assert anna.poll("anna", Stream.INVENTORY).waiting is False  # another resource goes on


def test_a_stray_429_makes_one_seller_wait_a_minute(anna: Rig) -> None:
    anna.world.add_seller("bert")
    anna.enroll("bert")
    anna.world.faults.force(429, '{"errors":[{"errorId":2001,"domain":"ACCESS"}]}', resource="order")

    refused = anna.step("anna")

    assert refused.waiting
    assert timedelta(seconds=59) < refused.next_due - anna.world.clock.now() < timedelta(seconds=75)
    assert anna.step("bert").waiting is False


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, "<html>maintenance</html>", EbayUnavailableError),
        (500, '{"errors":[{"errorId":30500,"domain":"API_FULFILLMENT"}]}', EbayUnavailableError),
        (200, "<html>captive portal</html>", BadAnswerError),
        (200, '{"total":1', BadAnswerError),
    ],
)
def test_a_broken_answer_is_a_retryable_failure_that_status_shows_and_the_next_poll_heals(
    anna: Rig, status: int, body: str, error: type[Exception]
) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.world.faults.force(status, body, resource="order")

    with pytest.raises(error):
        anna.step("anna")
    failing = anna.store.seller("anna")["streams"]["orders"]
    anna.poll("anna")

    assert failing["failures"] == 1
    assert failing["last_error"].startswith(error.__name__)
    assert set(anna.stored("anna")) == {order}
    assert anna.store.seller("anna")["streams"]["orders"]["failures"] == 0


def test_refused_keys_of_the_application_are_one_alert_for_all_and_no_sellers_fault(anna: Rig) -> None:
    secret, anna.world.accounts.client_secret = anna.world.accounts.client_secret, "another"
    waits = [anna.step("anna").why for _ in range(2)]
    open_alerts = [(alert["seller_id"], alert["kind"]) for alert in anna.store.alerts()]
    state, failures = anna.store.seller("anna")["state"], anna.store.seller("anna")["streams"]["orders"]["failures"]

    anna.world.accounts.client_secret = secret
    anna.tokens.keys_refused_until = None  # as after a restart
    anna.poll("anna")

    assert all(why.startswith("eBay refuses the application's keys: waits until") for why in waits)
    assert open_alerts == [(None, "keys_refused")]
    assert (state, failures) == ("failing", 0)
    assert anna.store.seller("anna")["state"] == "polling"
    assert anna.store.alerts() == []
    assert [event["type"] for event in anna.events()] == ["alert.opened", "alert.closed"]
