"""eBay's notifications through the real processes: set up by the command line, sent signed over HTTP, told in the feed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from simulator import World
from simulator.sending import Sender
from simulator.state.notices import REVOCATION, Unrest
from tests.support.dumps import postgres_columns
from tests.support.histories import raw
from tests.support.house import ROOT, House, Said
from tests.support.receivers import stored_port
from tests.support.waiting import PATIENCE_S, eventually_here, least

SELLERS = ("anna", "bert")
TOKEN = "verification-token_of-the-tests-0123456789"
FEW = ("ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED", "ORDER_CANCELLATION_ACTIVITY", "LISTING")
SLOW = {"orders_every": "1h", "fulfillment_every": "1h", "inventory_every": "1h"}
CANARY = "Canary4711Tweety"


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> Iterator[House]:
    """A worker, a web process that the world reaches, and two sellers who are polled once an hour."""
    with stored_port() as port:
        world = World(seed=31)
        house = open_house(
            world,
            **SLOW,
            web_bind=f"127.0.0.1:{port}",
            public_url=f"http://127.0.0.1:{port}",
            notification_token=TOKEN,
            notification_email="ops@example.com",
        )
        for seller in SELLERS:
            house.enroll(seller)
        house.worker()
        web = house.child("web", str(ROOT / "web.py"))
        eventually_here(lambda: "web listens" in web.output())
        eventually_here(lambda: all(one.next_poll_at for seller in SELLERS for one in house.status(seller).streams.values()))
        yield house
        assert CANARY not in web.output()


def shown(said: Said) -> dict[tuple[str, str | None, str], str]:
    return {(row["what"], row["seller_id"], row["name"]): row["found"] for row in said.objects if "what" in row}


@pytest.fixture(scope="module")
def arranged(house: House) -> dict[tuple[str, str | None, str], str]:
    """What the first `setup` said."""
    return shown(house.command("notifications", "setup", "--json"))


def test_setting_up_makes_all_that_ebay_needs_to_tell_us(house: House, arranged: dict[tuple[str, str | None, str], str]) -> None:
    notices, url = house.world.notices, house.environment["SELLERBEAT_PUBLIC_URL"]

    assert notices.email == "ops@example.com"
    assert {one.endpoint: one.status for one in notices.destinations.values()} == {
        f"{url}/ebay/notifications{path}": "ENABLED" for path in ("", "/anna", "/bert")
    }
    found = {(one.seller, one.topic) for one in notices.subscriptions.values()}
    application = {("", "AUTHORIZATION_REVOCATION"), ("", "MARKETPLACE_ACCOUNT_DELETION")}
    assert found == {(seller, topic) for seller in SELLERS for topic in FEW} | application
    assert arranged["alert e-mail", None, "ops@example.com"] == "set"


def test_an_order_is_in_the_feed_within_two_seconds(house: House, arranged: object) -> None:
    def took_s() -> float:
        began = time.monotonic()
        order = house.world.place_order("anna", change={"buyerCheckoutNotes": CANARY})
        eventually_here(lambda: any(event["entity_id"] == order for event in house.events("anna")))
        return time.monotonic() - began

    with Sender(house.world.notices) as sender:
        assert least(took_s, 2.0) < 2.0

    assert sender.notices.sent
    assert {event["source"] for event in house.events("anna") if event["type"] != "seller.connected"} == {"notification"}


def test_losses_copies_disorder_and_forgeries_tell_nothing_wrong(house: House, arranged: object) -> None:
    notices = house.world.notices
    notices.unrest = Unrest(lost=0.1, doubled=0.2, late=0.3, late_s=1.0, early=0.3, early_s=2.0)
    sent_before = len(notices.sent)
    with Sender(notices, forged=0.5) as sender:
        sender.http.timeout = PATIENCE_S  # eBay's 3 s would judge how busy this machine is
        orders = [house.world.place_order("bert") for _ in range(20)]
        for order in orders[:10]:
            house.world.ship("bert", order)
        while not any(notice.lost for notice in notices.sent[sent_before:]):  # which are, depends on how many there were before
            orders.append(house.world.place_order("bert"))
        sent = notices.sent[sent_before:]
        reported = {notice.entity_ids[0] for notice in sent if not notice.lost}
        eventually_here(lambda: reported <= {event["entity_id"] for event in house.events("bert")})
        eventually_here(lambda: not notices.waiting and not house.rows("SELECT FROM sellerbeat.notifications WHERE state = 'pending'"))
    notices.unrest = Unrest()

    assert {status for _, status in sender.forgeries} == {412}
    assert {status for notice in sent for status in notice.statuses} == {204}
    assert any(notice.lost for notice in sent)
    rows = dict(house.rows("SELECT notification_id, copies FROM sellerbeat.notifications WHERE seller_id = 'bert'"))
    assert rows == {notice.id: notice.copies for notice in sent if not notice.lost}
    house.command("poll-now", "bert")  # the safety net finds what nobody told
    eventually_here(lambda: set(orders) <= {event["entity_id"] for event in house.events("bert")})


def test_a_revoked_authorization_is_known_at_once(house: House, arranged: object) -> None:
    house.enroll("carla")
    house.command("notifications", "setup", "carla")
    house.world.accounts.revoke("carla", access_too=False)
    body = (
        '{"metadata":{"topic":"AUTHORIZATION_REVOCATION"},"notification":{"notificationId":"revoked","data":{"userId":"' + CANARY + '"}}}'
    ).encode()

    answer = httpx.post(
        f"{house.environment['SELLERBEAT_PUBLIC_URL']}/ebay/notifications/carla",
        content=body,
        headers={"X-EBAY-SIGNATURE": house.world.notices.signature(body)},
        timeout=PATIENCE_S,
    )

    assert answer.status_code == 204
    eventually_here(lambda: "seller.needs_reauthorization" in {event["type"] for event in house.events("carla")})


def test_a_revocation_at_the_applications_address_finds_its_seller_by_the_account(house: House, arranged: object) -> None:
    house.enroll("dora")
    house.store.accounts.bind("dora", house.world.accounts.user_id("dora"))
    house.world.accounts.revoke("dora", access_too=False)

    with Sender(house.world.notices):
        house.world.notices.say(REVOCATION, "dora", (), {"userId": house.world.accounts.user_id("dora")}, house.world.clock.now_ms())
        eventually_here(lambda: "seller.needs_reauthorization" in {event["type"] for event in house.events("dora")})


def test_what_ebay_marked_down_is_repaired_and_nothing_else_is_touched(house: House, arranged: object) -> None:
    notices = house.world.notices
    down = next(one for one in notices.destinations.values() if one.endpoint.endswith("/anna"))
    down.status = "MARKED_DOWN"
    gone = next(id_ for id_, one in notices.subscriptions.items() if (one.seller, one.topic) == ("bert", "LISTING"))
    del notices.subscriptions[gone]
    off = next(one for one in notices.subscriptions.values() if (one.seller, one.topic) == ("anna", "ITEM_MARKED_SHIPPED"))
    off.status = "DISABLED"

    seen = shown(house.command("notifications", "show", "--json"))
    repaired = {seller: shown(house.command("notifications", "repair", seller, "--json")) for seller in SELLERS}
    again = house.command("notifications", "repair", "anna")

    wrong = {key[1:]: found for key, found in seen.items() if found not in ("ENABLED", "as it should be") and key[1] in SELLERS}
    assert wrong[("anna", down.endpoint)] == "MARKED_DOWN"
    assert wrong[("bert", "LISTING")] == "missing"
    assert repaired["anna"] == {
        ("destination", "anna", down.endpoint): "enabled again: it was MARKED_DOWN",
        ("subscription", "anna", "ITEM_MARKED_SHIPPED"): "put right: DISABLED",
    }
    assert repaired["bert"] == {("subscription", "bert", "LISTING"): "made"}
    assert (down.status, off.status, again.out) == ("ENABLED", "ENABLED", "nothing to repair\n")


def test_an_app_has_ebay_tell_of_one_seller_over_http(house: House, arranged: object) -> None:
    notices = house.world.notices
    down = next(one for one in notices.destinations.values() if one.endpoint.endswith("/bert"))
    down.status = "MARKED_DOWN"
    path = f"{house.environment['SELLERBEAT_PUBLIC_URL']}/v1/sellers/bert/notifications"

    repaired, again, whole = [httpx.post(f"{path}/{act}", timeout=PATIENCE_S) for act in ("repair", "repair", "setup")]
    unknown = httpx.post(path.replace("bert", "nobody") + "/setup", timeout=PATIENCE_S)

    assert [(part["what"], part["found"]) for part in repaired.json()["parts"]] == [("destination", "enabled again: it was MARKED_DOWN")]
    assert (again.json(), down.status) == ({"parts": [], "wrong": 0}, "ENABLED")
    assert {part["seller_id"] for part in whole.json()["parts"]} == {"bert"}
    assert "ops@example.com" not in repaired.text + again.text + whole.text
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_seller")
    acts = [(one["author"], one["action"], one["seller_id"], one["outcome"]) for one in house.store.audit.read(limit=2)]
    assert acts == [("here", "notifications.setup", "bert", "done"), ("here", "notifications.repair", "bert", "done")]


def test_nothing_that_a_notification_says_of_people_is_kept_or_said(house: House, arranged: object) -> None:
    """Its ids alone are kept; whom a deletion is about stands encrypted."""
    url, name = house.environment["SELLERBEAT_PUBLIC_URL"], "Canary4712Buyer"
    for topic, path in (("ORDER_CONFIRMATION", "/anna"), ("MARKETPLACE_ACCOUNT_DELETION", ""), ("SOMETHING_NEW", "/anna")):
        data = {
            "username": name,
            "userId": name,
            "eiasToken": name,
            "user": {"username": name},
            "order": {"orderId": "03-1-1", "note": name},
        }
        document = {"metadata": {"topic": topic}, "notification": {"notificationId": f"canary-{topic}", "data": data}}
        body = json.dumps(document).encode()
        good, bad = house.world.notices.signature(body), house.world.notices.signature(body + b"x")
        for header, status in ((good, 204), (bad, 412), (name, 412)):
            answer = httpx.post(f"{url}/ebay/notifications{path}", content=body, headers={"X-EBAY-SIGNATURE": header}, timeout=PATIENCE_S)
            assert (answer.status_code, name in answer.text) == (status, False)

    stored = postgres_columns(house.database)
    logs = {child.log.name: child.log.read_bytes() for child in house.children}
    histories = {str(number): raw(history) + history.to_json().encode() for number, history in enumerate(house.histories())}

    assert b"canary-ORDER_CONFIRMATION" in stored["notifications.notification_id"]
    assert [place for place, content in {**stored, **logs, **histories}.items() if name.encode() in content] == []
    assert TOKEN.encode() not in b"".join([*stored.values(), *logs.values(), *histories.values()])


def test_showing_counts_what_came(house: House, arranged: object) -> None:
    done = "SELECT notification_id FROM sellerbeat.notifications WHERE seller_id = 'anna' AND state = 'done'"
    sent_before = len(house.world.notices.sent)
    with Sender(house.world.notices):
        house.world.place_order("anna")
        sent = {notice.id for notice in house.world.notices.sent[sent_before:]}
        eventually_here(lambda: sent <= {id_ for (id_,) in house.rows(done)})

    counted = [row for row in house.command("notifications", "show", "anna", "--json").objects if "topic" in row]

    assert ("ORDER_CONFIRMATION", "done") in {(row["topic"], row["state"]) for row in counted}
    assert "ORDER_CONFIRMATION" in house.command("notifications", "show", "anna").out
    answer = httpx.get(f"{house.environment['SELLERBEAT_PUBLIC_URL']}/v1/sellers/anna/notifications", timeout=PATIENCE_S)
    assert {(row["topic"], row["state"], row["notifications"]) for row in answer.json()["topics"]} == {
        (row["topic"], row["state"], row["notifications"]) for row in counted
    }


def test_where_the_world_does_not_reach_us_the_line_says_so(house: House, arranged: object) -> None:
    said = house.command("notifications", "setup", "anna", SELLERBEAT_PUBLIC_URL="http://127.0.0.1:1")

    assert "SELLERBEAT_NOTIFICATION_TOKEN" in said.err
    assert (said.code, said.err.count("\n")) == (1, 1)


def test_without_its_settings_nothing_is_set_up(house: House) -> None:
    for name in ("PUBLIC_URL", "NOTIFICATION_TOKEN", "NOTIFICATION_EMAIL"):
        assert f"SELLERBEAT_{name}" in house.command("notifications", "setup", variables={f"SELLERBEAT_{name}": None}).failure(2)


def test_a_dead_token_or_a_narrow_consent_of_one_seller_stops_no_other(house: House, arranged: object) -> None:
    said = house.command("notifications", "setup", "--json")

    wrong = [row for row in said.objects if row["mark"] == "x"]
    warned = {(row["seller_id"], row["name"]) for row in said.objects if row["mark"] == "!"}
    assert {row["seller_id"] for row in wrong} == {"carla", "dora"}
    assert any("starter.py connect" in row["found"] for row in wrong)
    assert warned == {(seller, "ORDER_RETURN_ACTIVITY") for seller in SELLERS}
    assert (said.code, "of" in said.err) == (1, True)


def test_a_seller_who_is_not_enrolled_is_named(house: House) -> None:
    assert "nobody" in house.command("notifications", "setup", "nobody").failure(1)


def test_a_check_calls_the_public_address_as_ebay_would(house: House) -> None:
    said = house.command("notifications", "check", "anna", "--json")

    assert (said.code, [(row["asked"], row["ok"]) for row in said.objects]) == (
        0,
        [("challenge", True), ("challenge", True), ("unsigned", True)],
    )
