"""Alerts written to people in a chat, by a real post and with their turns in Postgres: each at least once, once a minute at most."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from activities.delivering import alert_messenger
from activities.delivering.alert_messenger import AlertMessenger
from activities.delivering.alert_senders import ChatSender, MessageOutcome
from domain.delivery import alert_turns
from domain.delivery.alert_notice import AlertNotice
from domain.delivery.schedule import OFF_AFTER
from domain.health import Finding, HealthPart
from outbound import Client
from store import Store
from store.events.many_alerts import SellersAlert
from store.schema.kinds import AlertKind
from tests.deliveries.hand import Hand
from tests.deliveries.paging import PagingHand, blocks, first_lines, texts
from tests.support.receivers import Receiver, answering
from tests.support.waiting import eventually


@pytest.fixture
def paging(store: Store, client: Client) -> PagingHand:
    return PagingHand(store, client)


def test_an_alert_is_written_with_what_to_do_and_a_link(paging: PagingHand, hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint = paging.chat(receiver.url)
        hand.change("anna")
        paging.store.open_alert(AlertKind.FAILING, "orders: 4 failures in a row", "anna", "orders")

        assert paging.look() == 0  # what comes with it is waited for
        assert paging.look_later() == 1
        assert paging.look_later(minutes=10) == 0

    (message,) = texts(receiver)
    assert message.startswith("Open: polls fail (orders): anna since ")
    assert "What to do: See the last error: starter.py status anna." in message
    assert "https://sellerbeat.example.com/sellers/anna" in message
    assert [one["type"] for one in blocks(receiver)] == ["header", "section", "context"]
    assert receiver.posts[0].headers["content-type"] == "application/json"
    (row,) = paging.store.deliveries.log(endpoint)
    assert (row["outcome"], row["status"], row["type"], row["attempt"]) == ("delivered", 200, "alert.opened", 1)
    assert paging.store.deliveries.waiting(endpoint).changes == 0


def test_what_comes_within_a_minute_waits_for_the_next_message(paging: PagingHand) -> None:
    with Receiver() as receiver:
        paging.chat(receiver.url)
        paging.page("orders")
        assert paging.look_later() == 1
        paging.page("inventory")
        paging.calm("orders")
        paging.page("feed")
        paging.calm("feed")
        assert paging.look_later(seconds=55) == 0

        assert paging.look_later(seconds=6) == 1

    marks = [[line.partition(" since ")[0].partition(", after")[0] for line in message] for message in first_lines(receiver)]
    assert marks == [
        ["Open: a day's calls are nearly used up (orders)"],
        [
            "Open: a day's calls are nearly used up (inventory)",
            "Opened and closed: a day's calls are nearly used up (feed)",
            "Closed: a day's calls are nearly used up (orders)",
        ],
    ]


def test_three_thousand_sellers_of_one_cause_are_one_message(paging: PagingHand, hand: Hand) -> None:
    sellers = [f"s-{number:02}" for number in range(30)]
    hand.enroll(*sellers)
    with Receiver() as receiver:
        paging.chat(receiver.url)
        paging.store.open_alert(AlertKind.PLANNER_LATE, "the planner has not run")
        paging.store.many_alerts.open(SellersAlert(one, "late:orders", "orders: no good poll") for one in sellers)
        assert paging.look_later() == 1

    assert [line.partition(" since ")[0] for line in first_lines(receiver)[0]] == [
        "Open: the planner does not run",
        "Open: polls are late (orders): 30 sellers",
    ]


def test_a_kill_between_sending_and_recording_repeats_the_message_after_the_minute(paging: PagingHand, client: Client) -> None:
    class Dying(ChatSender):
        def send(self, address: str, notice: AlertNotice, key: str) -> MessageOutcome:
            super().send(address, notice, key)
            raise SystemExit

    with Receiver() as receiver:
        paging.chat(receiver.url)
        paging.page("orders")
        paging.pass_time(seconds=10)
        with suppress(SystemExit):
            paging.look(AlertMessenger(paging.store, {"chat": Dying(client, None)}))
        assert paging.look_later(seconds=59) == 0
        assert len(receiver.posts) == 1

        assert paging.look_later(seconds=60) == 1
        assert paging.look_later(minutes=5) == 0

    first, second = first_lines(receiver)
    assert first == second


def test_what_an_older_turn_finds_out_late_is_not_recorded(paging: PagingHand, client: Client) -> None:
    """It stood still for minutes behind its post, and another process has said more by then."""

    class Slow(ChatSender):
        def send(self, address: str, notice: AlertNotice, key: str) -> MessageOutcome:
            paging.page("inventory")
            assert paging.look_later(minutes=3) == 1
            return super().send(address, notice, key)

    with Receiver() as receiver:
        endpoint = paging.chat(receiver.url)
        paging.page("orders")
        paging.pass_time(seconds=10)
        paging.look(AlertMessenger(paging.store, {"chat": Slow(client, None)}))
        assert paging.look_later(minutes=5) == 0

    assert len(receiver.posts) == 2
    assert len(paging.store.deliveries.log(endpoint)) == 1


def test_of_several_processes_one_writes(paging: PagingHand, client: Client) -> None:
    with Receiver() as receiver:
        paging.chat(receiver.url)
        paging.page("orders")
        paging.pass_time(seconds=10)
        (reader,) = paging.store.alert_endpoints.readers()
        late = reader.now + paging.ahead

        claims = [paging.store.alert_endpoints.claim(reader, reader.turn.claimed(name, late)) for name in ("a", "b")]

    assert claims == [receiver.url, None]


def test_a_chat_that_fails_is_tried_on_and_its_own_alert_goes_to_others(paging: PagingHand) -> None:
    with Receiver(answering(500)) as ill, Receiver() as well:
        endpoint, other = paging.chat(ill.url), paging.chat(well.url)
        paging.page("orders")
        for _ in range(4):
            paging.look_later(minutes=35)
        posts = len(ill.posts)
        paging.look_later(seconds=70)
        (alert,) = [one for one in paging.store.alerts() if one["kind"].startswith("endpoint_failing")]

        assert alert["kind"] == f"endpoint_failing:{endpoint}"
        assert paging.store.endpoints.one(endpoint).state == "failing"
        assert any("an endpoint takes nothing" in line for message in first_lines(well) for line in message)
        assert all("an endpoint takes nothing" not in one for one in texts(ill))
        assert len(ill.posts) == posts <= 4
        assert paging.store.endpoints.one(other).state == "on"


def test_a_chat_that_is_well_again_gets_what_waits_and_its_alert_closes(paging: PagingHand) -> None:
    with Receiver(answering(500, 500, 200)) as receiver:
        endpoint = paging.chat(receiver.url)
        paging.page("orders")
        paging.look_later()
        paging.store.open_alert(AlertKind.ENDPOINT_FAILING, "words", about=endpoint)
        paging.page("inventory")
        paging.look_later(minutes=10)
        assert paging.look_later(minutes=40) == 1
        assert paging.look_later(minutes=40) == 0

    assert [line.partition(" since ")[0] for line in first_lines(receiver)[-1]] == [
        "Open: a day's calls are nearly used up (inventory, orders)"
    ]
    assert paging.store.endpoints.one(endpoint).state == "on"
    assert [one for one in paging.store.alerts() if one["kind"].startswith("endpoint_failing")] == []
    assert [row["attempt"] for row in paging.store.deliveries.log(endpoint)] == [3, 2, 1]


@pytest.mark.parametrize(("status", "later", "reason"), [(410, timedelta(), "410"), (404, timedelta(seconds=OFF_AFTER + 60), "5 days")])
def test_a_chat_that_is_gone_is_switched_off(paging: PagingHand, status: int, later: timedelta, reason: str) -> None:
    with Receiver(answering(status)) as receiver:
        endpoint = paging.chat(receiver.url)
        paging.page("orders")
        paging.look_later()
        paging.pass_time(seconds=later.total_seconds())
        paging.look()

        assert reason in str(paging.store.endpoints.one(endpoint).off_reason)
        paging.page("inventory")
        assert paging.look_later(days=2) == 0
        paging.store.endpoints.switch_on(endpoint)
        assert paging.look_later(minutes=1) == 1
        assert "inventory, orders" in texts(receiver)[-1]


def test_alerts_of_before_and_changes_that_are_no_alerts_are_not_written(paging: PagingHand, hand: Hand) -> None:
    hand.enroll("anna")
    paging.page("orders")
    with Receiver() as receiver:
        endpoint = paging.chat(receiver.url)
        hand.change("anna", orders=3)
        assert paging.look_later(minutes=10) == 0
        (reader,) = paging.store.alert_endpoints.readers()
        assert reader.turn.position == reader.newest
        assert paging.store.backlog.behind() == set()
        with paging.store.engine.begin() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.delivery_lanes").scalar() == 0

        paging.calm("orders")
        assert paging.look_later() == 1

    assert first_lines(receiver)[0][0].startswith("Closed: a day's calls are nearly used up (orders), after ")
    assert [row["seller_id"] for row in paging.store.deliveries.log(endpoint)] == [None]


def test_what_is_wrong_with_the_whole_is_written_once_by_who_sees_it_and_that_it_is_over(paging: PagingHand) -> None:
    worker = Finding(HealthPart.WORKER, None, "no worker is seen", "restart it")
    now = paging.store.levels.clock()
    with Receiver() as receiver:
        endpoint = paging.chat(receiver.url)
        for minutes in (0, 3):
            paging.messenger.health.look([worker], now + timedelta(minutes=minutes))
        sent = [paging.look_later(minutes=3) for _ in range(2)]
        paging.messenger.health.look([], now + timedelta(minutes=9))
        sent += [paging.look_later(minutes=3) for _ in range(2)]

    assert sent == [1, 0, 1, 0]
    assert first_lines(receiver) == [["Open: no worker is seen"], ["Closed: no worker is seen"]]
    assert "What to do: restart it" in texts(receiver)[0]
    assert [row["type"] for row in paging.store.deliveries.log(endpoint)] == ["health", "health"]


async def test_the_messenger_looks_by_itself_and_outlives_what_goes_wrong(paging: PagingHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_turns, "GATHER", timedelta())
    monkeypatch.setattr(alert_messenger, "LOOK_S", 0.01)
    looks = count()

    async def diagnose() -> list[Finding]:
        if next(looks) == 0:
            raise RuntimeError
        return []

    with Receiver() as receiver:
        paging.chat(receiver.url)
        paging.messenger.diagnose = diagnose
        running = asyncio.create_task(paging.messenger.run())
        await asyncio.to_thread(paging.page, "orders")
        await eventually(lambda: len(receiver.posts) == 1)
        running.cancel()
        await asyncio.wait({running})

    assert next(looks) >= 1


def test_an_address_of_a_private_network_is_not_called(paging: PagingHand) -> None:
    endpoint = paging.chat("http://10.1.2.3/hook")
    paging.page("orders")
    assert paging.look_later() == 1

    (row,) = paging.store.deliveries.log(endpoint)
    assert row["outcome"] == "forbidden"


def test_a_worker_of_the_version_before_finds_nothing_for_it_and_takes_it_for_no_webhook(paging: PagingHand, hand: Hand) -> None:
    """Its dispatcher asks by types, of which there are none; and what it calls the address is only what may be shown."""
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint = paging.chat(receiver.url)
        hand.change("anna")
        paging.page("orders")
        for seller in ("anna", ""):
            assert hand.run(endpoint, seller).why == "all is delivered"

    assert receiver.posts == []
    assert paging.store.endpoints.one(endpoint).url == "http://127.0.0.1/…"


def test_keys_change_under_an_address_as_under_a_secret(paging: PagingHand) -> None:
    endpoint = paging.chat("https://hooks.slack.com/services/T/B/secret")

    assert paging.store.endpoints.secrets(endpoint) == ["https://hooks.slack.com/services/T/B/secret"]
    assert "secret" not in repr(paging.store.endpoints.one(endpoint))
    assert paging.store.endpoint_secrets.reseal() == (0, [])
