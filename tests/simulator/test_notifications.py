"""The simulated Notification API: as strict as eBay's documents, and as silent where eBay is."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_public_key

from simulator.sending import Sender
from simulator.state.notices import Unrest
from tests.simulator.conftest import Client
from tests.support.manual_world import ManualWorld

BASE = "/commerce/notification/v1"
TOKEN = "verification-token_of-the-tests-0123456789"
PAYLOAD = {"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"}


class Receiver(HTTPServer):
    """Somebody's endpoint: answers challenges with `token`, and notifications with `statuses`, 204 when they are used up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.token, self.statuses, self.received = TOKEN, list[int](), list[tuple[str, bytes]]()
        self.url = f"http://127.0.0.1:{self.server_port}/ebay"


class Answers(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        code = parse_qs(urlsplit(self.path).query)["challenge_code"][0]
        answer = hashlib.sha256(f"{code}{self.server.token}{self.server.url}".encode()).hexdigest()
        self.answer(200, json.dumps({"challengeResponse": answer}).encode())

    def do_POST(self) -> None:
        self.server.received.append((self.headers["X-EBAY-SIGNATURE"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(self.server.statuses.pop(0) if self.server.statuses else 204)

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Application:
    """The application's own calls; `anna`'s go with hers."""

    def __init__(self, anna: Client) -> None:
        self.http, self.anna = anna.http, anna
        granted = anna.post_token({"grant_type": "client_credentials"})
        self.own = {"Authorization": f"Bearer {granted.json()['access_token']}"}

    def ask(self, method: str, path: str, document: Any = None, as_anna: bool = False) -> httpx.Response:
        headers = self.anna.headers() if as_anna else self.own
        return self.http.request(method, BASE + path, headers=headers, json=document)

    def destination(self, endpoint: str, **other: Any) -> httpx.Response:
        config = {"endpoint": endpoint, "verificationToken": TOKEN}
        return self.ask("POST", "/destination", {"name": "mine", "status": "ENABLED", "deliveryConfig": config} | other)

    def subscribe(self, topic: str, destination: str, as_anna: bool = True, **other: Any) -> httpx.Response:
        requested = {"topicId": topic, "status": "ENABLED", "destinationId": destination, "payload": PAYLOAD}
        return self.ask("POST", "/subscription", requested | other, as_anna)


@pytest.fixture
def application(anna: Client) -> Application:
    return Application(anna)


@pytest.fixture
def ready(application: Application, receiver: Receiver) -> str:
    """The id of a destination that works."""
    application.ask("PUT", "/config", {"alertEmail": "ops@example.com"})
    return application.destination(receiver.url).headers["location"].rsplit("/", 1)[1]


def test_nothing_goes_before_the_alert_email(application: Application, receiver: Receiver, code: Callable[..., Any]) -> None:
    assert code(application.ask("GET", "/config")) == (404, 195026)
    assert code(application.destination(receiver.url)) == (409, 195003)
    assert code(application.ask("PUT", "/config", {"alertEmail": "nobody"})) == (400, 195025)
    assert application.ask("PUT", "/config", {"alertEmail": "ops@example.com"}).status_code == 204
    assert application.ask("GET", "/config").json() == {"alertEmail": "ops@example.com"}


def test_a_destination_is_asked_its_challenge(application: Application, receiver: Receiver, ready: str, code: Callable[..., Any]) -> None:
    (shown,) = application.ask("GET", "/destination").json()["destinations"]
    assert (shown["destinationId"], shown["status"], shown["deliveryConfig"]["endpoint"]) == (ready, "ENABLED", receiver.url)

    assert code(application.destination(receiver.url)) == (409, 195021)
    receiver.token = "another-token-of-somebody-else-0123456789"
    assert code(application.destination(receiver.url + "/more")) == (409, 195020)
    config = {"endpoint": receiver.url, "verificationToken": TOKEN}
    requested = {"name": "mine", "status": "ENABLED", "deliveryConfig": config}
    assert code(application.ask("PUT", f"/destination/{ready}", requested)) == (409, 195020)
    assert code(application.destination("http://127.0.0.1:1/x")) == (409, 195020)


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"deliveryConfig": {"endpoint": "ftp://x", "verificationToken": TOKEN}}, 195017),
        ({"deliveryConfig": {"endpoint": "http://example.com/x", "verificationToken": TOKEN}}, 195017),
        ({"deliveryConfig": None}, 195017),
        ({"deliveryConfig": {"endpoint": "https://example.com/x", "verificationToken": "short"}}, 195019),
        ({"deliveryConfig": {"endpoint": "https://example.com/x", "verificationToken": "x" * 81}}, 195019),
        ({"name": "x" * 65}, 195016),
        ({"status": "MARKED_DOWN"}, 195018),
    ],
)
def test_a_malformed_destination_is_refused(application: Application, ready: str, code: Callable[..., Any], other: Any, error: int) -> None:
    assert code(application.destination("http://127.0.0.1:1/y", **other)) == (400, error)


def test_a_sellers_topic_needs_the_sellers_token(application: Application, ready: str, code: Callable[..., Any]) -> None:
    assert code(application.subscribe("ORDER_CONFIRMATION", ready, as_anna=False)) == (403, 195011)
    assert code(application.subscribe("MARKETPLACE_ACCOUNT_DELETION", ready)) == (403, 195011)
    assert code(application.subscribe("ORDER_RETURN_ACTIVITY", ready)) == (403, 195011)  # not in the consent
    assert application.subscribe("ORDER_CONFIRMATION", ready).status_code == 201
    assert code(application.subscribe("ORDER_CONFIRMATION", ready)) == (409, 195012)

    own, annas = (application.ask("GET", "/subscription", as_anna=as_anna) for as_anna in (False, True))

    assert (own.status_code, own.json()["total"]) == (200, 0)  # and no word about why
    assert [one["topicId"] for one in annas.json()["subscriptions"]] == ["ORDER_CONFIRMATION"]


@pytest.mark.parametrize(
    ("other", "status", "error"),
    [
        ({"topicId": "ITEM_SOLD"}, 400, 195027),
        ({"status": "ON"}, 400, 195006),
        ({"destinationId": "nowhere"}, 400, 195007),
        ({"payload": PAYLOAD | {"schemaVersion": "9.9"}}, 400, 195008),
        ({"payload": PAYLOAD | {"format": "XML"}}, 400, 195009),
        ({"payload": PAYLOAD | {"deliveryProtocol": "HTTP"}}, 400, 195010),
    ],
)
def test_a_malformed_subscription_is_refused(
    application: Application, ready: str, code: Callable[..., Any], other: Any, status: int, error: int
) -> None:
    assert code(application.subscribe("ORDER_CONFIRMATION", ready, **other)) == (status, error)


def test_nothing_is_subscribed_to_a_destination_that_is_down(
    application: Application, world: ManualWorld, ready: str, code: Callable[..., Any]
) -> None:
    world.notices.destinations[ready].status = "MARKED_DOWN"

    assert code(application.subscribe("ORDER_CONFIRMATION", ready)) == (409, 195015)


def test_lists_go_on_by_continuation_token(application: Application, world: ManualWorld, ready: str, code: Callable[..., Any]) -> None:
    first = world.notices.destinations[ready]
    for number in range(24):
        world.notices.destinations[f"more-{number}"] = first

    page = application.ask("GET", "/destination?limit=10")
    following = urlsplit(page.json()["next"])
    second = application.http.get(f"{following.path}?{following.query}", headers=application.own)

    assert (page.json()["total"], len(page.json()["destinations"]), len(second.json()["destinations"])) == (25, 10, 10)
    assert code(application.ask("GET", "/destination?limit=5")) == (400, 195004)
    assert code(application.ask("GET", "/destination?limit=10&continuation_token=x")) == (400, 195005)


def test_what_is_the_applications_is_not_a_sellers_to_ask(application: Application, code: Callable[..., Any]) -> None:
    for path in ("/config", "/destination", "/topic", "/public_key/x"):
        assert code(application.ask("GET", path, as_anna=True)) == (403, 1100)
    assert code(application.ask("GET", "/public_key/made-up")) == (404, 195001)
    assert application.http.get(f"{BASE}/topic").status_code == 400


def test_an_order_is_announced_signed_and_once(application: Application, world: ManualWorld, ready: str, receiver: Receiver) -> None:
    application.subscribe("ORDER_CONFIRMATION", ready)
    order = world.place_order("anna")

    with_sender(world)

    header, body = receiver.received[0]
    parts = json.loads(base64.b64decode(header))
    key = application.ask("GET", f"/public_key/{parts['kid']}").json()
    inside = key["key"].removeprefix("-----BEGIN PUBLIC KEY-----").removesuffix("-----END PUBLIC KEY-----")
    public = load_der_public_key(base64.b64decode(inside))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(base64.b64decode(parts["signature"]), body, ec.ECDSA(SHA1()))  # raises where it is not good
    sent = json.loads(body)
    assert (sent["metadata"]["topic"], sent["notification"]["data"]["order"]["orderId"]) == ("ORDER_CONFIRMATION", order)
    assert [(one.entity_ids, one.statuses) for one in world.notices.sent] == [((order,), [204])] * len(receiver.received)


def with_sender(world: ManualWorld, **options: Any) -> Sender:
    """Everything that is due now is sent."""
    sender = Sender(world.notices, **options)
    sender.send_due()
    sender.http.close()
    return sender


def test_what_nobody_acknowledges_is_tried_three_times_and_then_lost(
    application: Application, world: ManualWorld, ready: str, receiver: Receiver
) -> None:
    world.notices.unrest.arrays = 1.0
    application.subscribe("ORDER_CONFIRMATION", ready)
    world.place_order("anna")
    receiver.statuses = [500, 503, 412, 500]

    for _ in range(5):
        with_sender(world)
        world.clock.advance(minutes=10)

    assert [one.statuses for one in world.notices.sent] == [[500, 503, 412]]
    assert [json.loads(body)["notification"]["publishAttemptCount"] for _, body in receiver.received] == [1, 2, 3]


def test_the_ledger_of_notifications_knows_losses_copies_and_forgeries(
    application: Application, world: ManualWorld, ready: str, receiver: Receiver
) -> None:
    application.subscribe("ORDER_CONFIRMATION", ready)
    world.notices.unrest = Unrest(lost=0.2, doubled=0.2, arrays=1.0)
    for _ in range(100):
        world.place_order("anna")

    sender = with_sender(world, forged=0.3)

    sent = world.notices.sent
    lost, doubled = [one for one in sent if one.lost], [one for one in sent if one.copies == 2 and not one.lost]
    assert 10 < len(lost) < 30
    assert 8 < len(doubled) < 30
    assert len(receiver.received) == len(sent) - len(lost) + len(doubled) + sum(sender.forgeries.values())
    assert 15 < sum(sender.forgeries.values()) < 50


def test_a_program_beside_it_reads_what_was_announced_and_makes_it_worse(
    application: Application, world: ManualWorld, ready: str, receiver: Receiver
) -> None:
    application.subscribe("ORDER_CONFIRMATION", ready)
    assert application.http.post("/simulator/unrest?lost=1&arrays=1").json() == {"lost": 1.0, "arrays": 1.0}
    order = world.place_order("anna")
    with_sender(world)

    (notice,) = application.http.get("/simulator/notices").json()["notices"]

    assert (notice["entity_ids"], notice["lost"], notice["statuses"], notice["first_sent_at"]) == ([order], True, [], None)
    assert receiver.received == []
    for wrong in ("lost=-1", "lost=many", "found=1"):
        assert application.http.post(f"/simulator/unrest?{wrong}").status_code == 400


def test_an_order_may_be_announced_before_it_is_shown(application: Application, world: ManualWorld, ready: str, anna: Client) -> None:
    application.subscribe("ORDER_CONFIRMATION", ready)
    world.notices.unrest = Unrest(early=1.0, early_s=8.0, arrays=1.0)
    order = world.place_order("anna")

    announced = [one.entity_ids for one in world.notices.sent]
    before = anna.orders(orderIds=order).json()["orders"]
    world.clock.advance(seconds=8)
    after = anna.orders(orderIds=order).json()["orders"]

    assert (announced, before, [one["orderId"] for one in after]) == ([(order,)], [], [order])
