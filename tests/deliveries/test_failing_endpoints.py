"""An endpoint that takes nothing is said after half a minute, with its last answer and its next try; its alert comes after an hour."""

from __future__ import annotations

import pytest

from domain.health import HealthPart, findings
from tests.deliveries.hand import Hand
from tests.support.receivers import Receiver, answering


def said(hand: Hand) -> list[str]:
    return [one.line() for one in findings(hand.store.health.facts()) if one.part is HealthPart.DELIVERY]


def test_an_endpoint_that_takes_nothing_is_named_with_its_answer_and_its_next_try_until_it_takes_something(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500, 500, 200)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.store.endpoints.change(endpoint, name="shop")
        hand.change("anna")
        hand.pass_time(seconds=-29)
        waited = hand.run(endpoint).wait_s
        early = said(hand)
        hand.pass_time(seconds=-2)
        with hand.store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE sellerbeat.endpoints SET failing_since = failing_since - interval '2 seconds'")
        (late,) = said(hand)
        alerts = hand.store.alerts()
        hand.pass_time(seconds=(waited or 0) + 2)
        hand.run(endpoint)
        hand.pass_time(minutes=6)
        hand.run(endpoint)

    assert early == []
    assert f"1 endpoint fails: shop ({endpoint}), last answer refused (500), next try at " in late
    assert " UTC, since 2" in late
    assert "starter.py deliveries --failed" in late
    assert alerts == []
    assert said(hand) == []


@pytest.mark.parametrize("kind", ["chat", "mail"])
def test_one_for_people_that_was_never_answered_is_named_without_an_answer(hand: Hand, kind: str) -> None:
    with hand.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sellerbeat.endpoints (id, url, types, thin, kind, created_at, failures, failing_since) "
            f"VALUES ('ep-1', 'x', '{{}}', false, '{kind}', now(), 2, now() - interval '1 minute')"
        )

    (only,) = said(hand)

    assert only.startswith("1 endpoint fails: ep-1, since ")
