"""Notifications while something is wrong: eBay fails, an answer is never good, the quota is spent, a process dies."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from activities.polling import notified
from activities.polling.notified import WAITS
from ebay.errors import BadAnswerError, EbayUnavailableError
from tests.activities.notifying import states, stream_of, tell
from tests.support.rig import Rig


def test_a_revoked_authorization_shows_at_once(anna: Rig) -> None:
    anna.poll("anna")
    anna.world.accounts.revoke("anna", access_too=False)
    tell(anna, "AUTHORIZATION_REVOCATION")

    with pytest.raises(ApplicationError) as refused:
        anna.poll_notified("anna")

    assert (refused.value.type, refused.value.details) == ("DeadTokenError", (1,))
    assert anna.types("anna") == ["seller.needs_reauthorization", "alert.opened"]
    assert states(anna) == {"notice-1": "done"}


def test_a_revocation_of_another_consent_does_no_harm(anna: Rig) -> None:
    anna.poll("anna")
    tell(anna, "AUTHORIZATION_REVOCATION")

    result = anna.poll_notified("anna")

    assert (result.done, anna.events("anna"), states(anna)) == (True, [], {"notice-1": "done"})


def test_while_ebay_fails_they_stay_pending_and_no_stream_fails(anna: Rig) -> None:
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))
    anna.world.faults.force(503, "", resource="order")

    with pytest.raises(EbayUnavailableError):
        anna.poll_notified("anna")
    after = anna.store.seller("anna")["streams"]["orders"]["failures"]
    result = anna.poll_notified("anna")

    assert (after, result.changes, result.done) == (0, 1, True)


def test_an_order_whose_answer_is_never_good_keeps_no_other_waiting_for_ever(anna: Rig) -> None:
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))
    anna.world.faults.force(200, "<html>", times=100, resource="order")
    failures = 0
    while "pending" in states(anna).values():
        with pytest.raises(BadAnswerError):
            anna.poll_notified("anna")
        failures += 1
    anna.world.faults.forced.clear()
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))

    result = anna.poll_notified("anna")

    assert (failures, result.done) == (len(WAITS) + 1, True)
    assert states(anna) == {"notice-1": "left", "notice-2": "done"}


def test_an_id_that_is_no_orders_spoils_no_other(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    good = [anna.world.place_order("anna") for _ in range(3)]
    for order in [*good, "no-order-of-anybody's"]:
        tell(anna, "ORDER_CONFIRMATION", order)
    bad = {"errors": [{"errorId": 32100, "domain": "API_FULFILLMENT", "category": "REQUEST", "message": "Invalid order ID"}]}
    anna.world.faults.before_answer = lambda request: (
        anna.world.faults.force(400, bad, resource="order") if "no-order" in request.query.get("orderIds", "") else None
    )

    result = anna.poll_notified("anna")

    assert (result.changes, result.done) == (3, True)
    assert sorted(states(anna).values()) == ["done", "done", "done", "left"]


def test_with_a_spent_quota_they_wait_and_the_next_poll_stays(anna: Rig) -> None:
    anna.poll("anna")
    before = stream_of(anna)
    anna.world.quotas.limits["order"] = anna.world.quotas.used["order"]
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))

    result = anna.poll_notified("anna")

    assert (result.waiting, result.done, result.next_due > anna.world.clock.now()) == (True, False, True)
    assert (states(anna), stream_of(anna)) == ({"notice-1": "pending"}, before)


def test_notifications_may_use_the_reserve_that_polls_may_not(anna: Rig) -> None:
    with anna.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.permits SET \"limit\" = 1000, used = 999, told = true WHERE resource = 'orders'")
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))

    poll = anna.step("anna")
    result = anna.poll_notified("anna")

    assert (poll.waiting, poll.api_calls) == (True, 0)
    assert (result.waiting, result.changes) == (False, 1)


def test_a_crash_between_the_commit_and_the_row_reads_again_and_tells_once(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))

    def crash(*_: object) -> None:
        raise EbayUnavailableError("the worker is gone")

    with monkeypatch.context() as patch:
        patch.setattr(notified.NotificationPoll, "settle", crash)
        with pytest.raises(EbayUnavailableError):
            anna.poll_notified("anna")
    assert states(anna) == {"notice-1": "pending"}

    result = anna.poll_notified("anna")

    assert (result.done, anna.types("anna"), states(anna)) == (True, ["order.created"], {"notice-1": "done"})
