"""The demo's receiver counts what verifies, and notices what does not, what is out of order and what never came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet

from activities.delivering.signing import signed
from demo_stack.demo.endpoint import DemoEndpoint
from demo_stack.demo.home import Home
from demo_stack.demo.receiver import DeliveryTally, Receiver
from demo_stack.demo.view import line
from domain.delivery import Message
from store import Store
from tests.deliveries.hand import change
from tests.demo_stack.demo.pictures import picture
from tests.store.documents import ENROLLED
from tests.support.waiting import PATIENCE_S

SECRET = "whsec_" + "A" * 32


@pytest.fixture
def tally() -> DeliveryTally:
    tally = DeliveryTally(lambda: {"ep-1": [SECRET]})
    tally.endpoint = "ep-1"
    return tally


def give(tally: DeliveryTally, sequence: int | None, secret: str = SECRET, type_: str = "order.created", **more: Any) -> int:
    event = {"id": f"id-{sequence}-{more}", "seller_id": "anna", "sequence": sequence, "position": sequence or 7} | more
    message = Message(event["id"], json.dumps({"type": type_, "data": event}), thin=False)
    return tally.take(signed(message, [secret], datetime.now(UTC)), message.body.encode())


def test_what_comes_in_order_is_counted_once_and_twice_if_it_comes_twice(tally: DeliveryTally) -> None:
    answers = [give(tally, number) for number in (3, 4, 4, 5)] + [give(tally, None, seller_id=None)]

    assert answers == [204] * 5
    assert (len(tally.ids), tally.twice, tally.early, tally.refused) == (4, 1, [], 0)
    assert tally.words() == "4 delivered and verified"


def test_what_does_not_verify_is_refused_and_counted(tally: DeliveryTally) -> None:
    forged = give(tally, 1, secret="whsec_" + "B" * 32)
    early = give(DeliveryTally(dict), 1)

    assert (forged, early) == (401, 401)
    assert tally.words() == "0 delivered and verified, 1 refused"


def test_what_comes_out_of_order_is_noticed_and_a_replay_of_what_a_run_before_delivered_is_none(tally: DeliveryTally) -> None:
    tally.since = 4
    for number in (2, 5, 7, 6, 3):
        give(tally, number)

    assert tally.early == ["id-6-{}"]


def test_who_is_erased_and_connected_anew_begins_their_sequence_anew_and_nothing_is_out_of_order(tally: DeliveryTally) -> None:
    give(tally, 500)
    give(tally, 1, position=501)

    assert tally.early == []


def test_what_somebody_sends_to_try_the_endpoint_is_taken_and_not_counted(tally: DeliveryTally) -> None:
    assert give(tally, 1, type_="endpoint.test", id="test-1") == 204
    assert give(tally, 9, type_="order.refunded", id="test-2") == 204
    assert give(tally, 2) == 204
    assert (tally.verified, tally.early) == (1, [])


def test_a_new_secret_is_learnt_and_what_was_signed_with_the_one_before_is_taken_still() -> None:
    there = {"ep-1": ["whsec_" + "B" * 32]}
    tally = DeliveryTally(lambda: there)
    tally.endpoint = "ep-1"

    before = give(tally, 1, secret=there["ep-1"][0])
    there["ep-1"] = [SECRET]

    assert (before, give(tally, 2), give(tally, 3, secret="whsec_" + "B" * 32)) == (204, 204, 204)
    assert (len(tally.ids), tally.refused) == (3, 0)


def test_another_endpoint_at_the_same_address_gets_its_answers_and_is_not_counted() -> None:
    other = "whsec_" + "C" * 32
    tally = DeliveryTally(lambda: {"ep-1": [SECRET], "ep-2": [other]})
    tally.endpoint = "ep-1"

    assert [give(tally, 5, secret=other), give(tally, 1), give(tally, 2)] == [204] * 3
    assert (len(tally.ids), tally.twice, tally.early, tally.refused) == (2, 0, [], 0)


def test_the_receiver_answers_over_http_and_keeps_the_connection() -> None:
    receiver = Receiver(lambda headers, body: 204 if body == b"hello" and headers["x-more"] == "1" else 500)
    try:
        with httpx.Client(timeout=PATIENCE_S) as client:
            assert [client.post(receiver.url, content=b"hello", headers={"X-More": "1"}).status_code for _ in range(2)] == [204, 204]
    finally:
        receiver.stop()


@pytest.fixture
def demo_endpoint(database: str, tmp_path: Path) -> Iterator[DemoEndpoint]:
    with closing(Store.connect(database, [Fernet.generate_key().decode()], pool_size=2)) as store, Home.locked(tmp_path / "state") as home:
        store.sellers.enroll("anna", "refresh-1", scopes=[], now_ebay=ENROLLED)
        made = DemoEndpoint(home, store)
        yield made
        made.stop()


def test_what_never_came_is_said_at_the_end(demo_endpoint: DemoEndpoint) -> None:
    change(demo_endpoint.store, "anna", ["o-1", "o-2"])

    wrong = demo_endpoint.settle(patience_s=0.1)

    assert wrong == ["2 changes not delivered"]
    assert demo_endpoint.report(wrong).splitlines()[1] == "  but 2 changes not delivered"


def test_the_next_run_goes_on_with_the_same_endpoint_and_another_secret(demo_endpoint: DemoEndpoint) -> None:
    before = demo_endpoint.store.endpoints.secrets(demo_endpoint.endpoint)
    demo_endpoint.store.endpoints.switch_off(demo_endpoint.endpoint)

    endpoint = demo_endpoint.enter(demo_endpoint.receiver.url)

    assert endpoint == demo_endpoint.endpoint
    assert len(after := demo_endpoint.store.endpoints.secrets(endpoint)) == 1
    assert after != before
    assert demo_endpoint.excuse() is None
    assert len(demo_endpoint.store.endpoints.all()) == 1


def test_an_endpoint_that_somebody_switched_off_moved_or_removed_is_not_waited_for(demo_endpoint: DemoEndpoint) -> None:
    endpoints, name = demo_endpoint.store.endpoints, demo_endpoint.endpoint
    change(demo_endpoint.store, "anna", ["o-1", "o-2"])

    endpoints.switch_off(name)
    said = [(demo_endpoint.settle(patience_s=0.1), demo_endpoint.report([]).splitlines()[-1].strip())]
    endpoints.change(name, url="http://127.0.0.1:9/elsewhere")
    said.append((demo_endpoint.settle(patience_s=0.1), demo_endpoint.report([]).splitlines()[-1].strip()))
    endpoints.remove(name)
    said.append((demo_endpoint.settle(patience_s=0.1), demo_endpoint.report([]).splitlines()[-1].strip()))

    assert said == [
        ([], f"the endpoint {name} is switched off (by hand): 2 changes wait for it, which is not judged"),
        ([], f"the endpoint {name} has another address now: its deliveries are not judged"),
        ([], f"the endpoint {name} was removed: its deliveries are not judged"),
    ]


def test_the_line_of_the_view_has_the_count() -> None:
    assert line(picture(delivered="12 delivered and verified")).endswith("; 12 delivered and verified")
