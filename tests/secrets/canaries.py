"""A canary buyer and canary tokens, taken through every path; all that was kept or said is collected."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from domain.pacing import Stream
from domain.streams import POLLED
from simulator.state.accounts import Grant
from tests.support.canary import BUYER, everything, put_buyer
from tests.support.house import House, Said
from tests.support.waiting import eventually_here
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

SELLERS = ("anna", "bert", "carla", "dora")
SLOW = {"orders_every": "1h", "fulfillment_every": "1h", "inventory_every": "1h", "ebay_timeout": "3s"}
BELONGS = {  # where a buyer may stand in Postgres
    "orders.data",
    "fulfillments.data",
    "inventory.data",
    "change_events.data",
    "change_events.previous",
    "set_aside.raw",
}
ROTATED = "v^1.1#i^1#r^1#ROTATEDCANARY4711refresh"  # a refresh token that eBay puts in place of the old one
UNUSABLE = "v^1.1#i^1#r^1#UNUSABLECANARY4711access"  # in answers that are no good
MISTYPED = "v^1.1#i^1#r^1#MISTYPEDCANARY4711refresh"  # given to a command, and refused
PASSWORDS = ("CANARYpassword4711", "CANARYfernet4711notAKey", "short4711CANARY")
WORDS = "Sellerbeat-canary-secret-4711"  # the application's secret


@dataclass
class Reported:
    """All that was kept or said, by place."""

    postgres: dict[str, bytes] = field(default_factory=dict, repr=False)
    temporal: dict[str, bytes] = field(default_factory=dict, repr=False)
    logs: dict[str, bytes] = field(default_factory=dict, repr=False)
    commands: dict[str, bytes] = field(default_factory=dict, repr=False)  # by the words typed
    feed: dict[str, bytes] = field(default_factory=dict, repr=False)  # what hands out documents, on purpose
    secrets: list[str] = field(default_factory=list, repr=False)
    bad_answers: int = 0

    def heard(self, said: Said, *words: str, feed: bool = False) -> Said:
        (self.feed if feed else self.commands)[" ".join(words)] = (said.out + said.err).encode()
        return said


@contextmanager
def logged() -> Iterator[list[str]]:
    """Whatever this process logs: the commands run in it."""
    lines: list[str] = []
    root, level = logging.getLogger(), logging.getLogger().level

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))  # with its traceback

    keep = Keep()
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(keep)
    root.setLevel(level)


def first_orders(house: House, seller: str) -> bool:
    return scanned(house, seller) and "order.created" in kinds(house, seller)


def tell(house: House, reported: Reported) -> bytes:
    """Gives the worker's log at DEBUG."""
    for name in SELLERS:
        reported.heard(house.enroll(name, "--backfill", "7d"), "enroll", name)
    worker = house.worker(talkative=True)
    for name in SELLERS:
        eventually_here(partial(first_orders, house, name))
    good_documents(house)
    malformed_documents(house)
    reported.bad_answers = bad_answers(house)
    bad_tokens(house, reported)
    commands(house, reported)
    assert worker.end(signal.SIGTERM) == 0
    return worker.log.read_bytes()


def kinds(house: House, name: str) -> set[str]:
    return {event["type"] for event in house.events(name)}


def scanned(house: House, name: str) -> bool:
    """The first scan of the stock is over: one that begins now sees what is new."""
    return bool(
        house.rows(
            "SELECT 1 FROM sellerbeat.streams WHERE seller_id = :name AND stream = 'inventory' AND scanned_at IS NOT NULL", name=name
        )
    )


def poll_until(house: House, seen: Callable[[], Any], *streams: Stream, sellers: tuple[str, ...] = SELLERS) -> None:
    """Again and again: a poll may be the end of a read that was broken off before, or fail as it should."""
    for left in range(60, -1, -1):
        for name in sellers:
            for stream in streams or (Stream.ORDERS, Stream.INVENTORY):
                house.signal(name, SellerPolling.poll_now, PollNow(stream=stream))
        try:
            eventually_here(seen, within=2)
        except AssertionError:
            if not left:
                raise
        else:
            return


def good_documents(house: House) -> None:
    """A buyer in orders, their changes, parcels and goods."""
    world = house.world
    for name in SELLERS[:2]:
        order = world.order_ids(name)[0]
        world.modify(name, order, lambda document: document["buyer"].update(username="somebody-else"))
        parcel = world.ship(name, order)
        world.modify_parcel(name, order, parcel, {"note": everything()})
        world.modify_sku(name, world.skus(name)[0], lambda item: item["product"].update(description=everything()))
    awaited = {"fulfillment.created", "inventory.updated", "order.updated"}
    poll_until(house, lambda: all(kinds(house, name) >= awaited for name in SELLERS[:2]))


def malformed_documents(house: House) -> None:
    """Documents without an id, with one that no database keeps, that are no objects, hold NUL, are too deep: all with a buyer in them."""
    world = house.world
    quoted = json.dumps(everything())
    for spoil in (
        lambda text: text.replace('"orderId"', '"orderNumber"'),
        lambda text: text.replace('"orderId":"', f'"orderId":"{"x" * 600}'),
        lambda text: text.replace('"orderId":"', '"orderId":"\\u0000\\ud800'),
        lambda text: f"[{quoted}]",
        lambda text: f"[[[[{quoted}]]]]",
        lambda text: f'{text[:-1]},"odd":NaN,"huge":1e400,"nul":"\\u0000\\ud800"}}',
        lambda text: text.replace('"lineItems":[', f'"lineItems":7,"was":[{quoted},'),
        lambda text: text.replace('"buyer":{', f'"buyer":[{quoted}],"_":{{'),
        lambda text: f'{text[:-1]},"deep":{"[" * 300}{quoted}{"]" * 300}}}',
    ):
        world.place_order("anna", change=put_buyer, raw=spoil)
    skus = world.skus("anna")
    world.modify_sku("anna", skus[1], {"note": everything()}, raw=lambda text: text.replace('"sku"', '"SKU"'))
    world.modify_sku("anna", skus[2], {"note": everything(), "locale": [everything()]})
    shipped = world.place_order("anna", change=put_buyer)
    parcel = world.ship("anna", shipped)
    world.modify_parcel("anna", shipped, parcel, lambda document: document.update(fulfillmentId=None, note=everything()))
    awaited = {"order", "inventory", "fulfillment"}
    poll_until(house, lambda: {row["kind"] for row in house.store.set_aside("anna")} == awaited, sellers=("anna",))


def bad_answers(house: House) -> int:
    """Answers that quote the buyer and the caller's token: refusals, pages, bodies cut off, headers. Gives how many were given."""
    world, faults = house.world, house.world.faults
    quote = f"{everything()} {UNUSABLE}"
    error = json.dumps({"errors": [{"errorId": 30500, "domain": quote, "message": quote, "parameters": [{"name": quote, "value": quote}]}]})
    page = f"<!DOCTYPE html><html><title>{quote}</title><body>{quote}</body></html>"
    answers: list[tuple[int, str, dict[str, Any]]] = [
        (200, f'{{"total":1,"orders":[{{"buyer":"{BUYER["username"]} {UNUSABLE}', {}),
        (200, page, {"Content_Type": "text/html"}),
        (200, json.dumps({"total": quote, "orders": quote, "inventoryItems": quote, "fulfillments": quote, "next": quote}), {}),
        (200, json.dumps([quote]), {}),
        (200, "[" * 5000 + quote, {}),
        (200, error, {"Content_Encoding": "gzip"}),
        (200, error, {"Content_Encoding": BUYER["username"]}),
        (302, page, {"Location": f"http://canary.example/?token={UNUSABLE}", "Set_Cookie": f"token={UNUSABLE}"}),
        (400, error, {}),
        (400, page, {}),
        (404, error, {}),
        (409, error, {}),
        (500, error, {"Date": BUYER["username"]}),
        (503, page, {"Retry_After": UNUSABLE}),
        (429, error, {"Retry_After": "1"}),
    ]
    for resource in ("order", "inventory_item"):
        for status, body, headers in answers:
            faults.force(status, body, resource=resource, **headers)
    order = world.place_order("bert", change=put_buyer)
    world.ship("bert", order)
    for status, body, headers in answers[:3]:
        faults.force(status, body, resource="shipping_fulfillment", **headers)

    poll_until(house, lambda: not faults.forced, *POLLED)
    healed(house)
    return 2 * len(answers) + 3


def healed(house: House) -> None:
    """Every stream of every seller polled well at last."""
    failing = "SELECT seller_id, stream, failures, last_error, why FROM sellerbeat.streams WHERE failures > 0 AND stream = ANY (:polled)"
    left: list[Any] = []

    def seen() -> bool:
        left[:] = house.rows(failing, polled=[stream.value for stream in POLLED])
        return not left

    try:
        poll_until(house, seen, *POLLED)
    except AssertionError:
        raise AssertionError(f"still failing: {left}") from None


def bad_tokens(house: House, reported: Reported) -> None:
    """A token that eBay replaces, refusals at the token endpoint that quote it, its death, and a new consent."""
    faults, accounts = house.world.faults, house.world.accounts
    accounts.grants[ROTATED] = Grant("carla", ROTATED, accounts.latest["carla"].scopes)
    token, seconds = accounts.refresh(accounts.refresh_token("carla"), [])
    faults.force(200, json.dumps({"access_token": token, "expires_in": seconds, "refresh_token": ROTATED}), resource="token")
    accounts.expire("carla")
    refreshed = asked(house, "carla")
    poll_until(house, lambda: asked(house, "carla") > refreshed and not faults.forced, Stream.ORDERS, sellers=("carla",))
    accounts.latest["carla"].alive = False  # from here on the new one must do

    for name in SELLERS[1:]:
        accounts.expire(name)
    quote = f"{everything()} {UNUSABLE} {ROTATED} {accounts.refresh_token('bert')}"
    refusal = json.dumps({"error": "invalid_request", "error_description": quote, "error_uri": quote})
    faults.force(400, refusal, resource="token")
    faults.force(500, f"<html>{quote}</html>", resource="token")
    faults.force(200, f"<html>{quote}</html>", resource="token")
    faults.force(200, json.dumps({"access_token": [UNUSABLE], "expires_in": quote, "refresh_token": UNUSABLE}), resource="token")
    faults.force(429, quote, resource="token", Retry_After="1")

    poll_until(house, lambda: not faults.forced, Stream.ORDERS, sellers=SELLERS[1:])
    healed(house)

    accounts.revoke("dora")
    poll_until(house, lambda: house.store.seller("dora")["state"] == "needs_reauthorization", Stream.ORDERS, sellers=("dora",))
    reported.heard(house.command("status", "dora"), "status", "dora")
    said = house.command("connect", "dora", "--refresh-token-file", "-", stdin=accounts.renew("dora"))
    assert reported.heard(said, "connect", "dora").code == 0
    eventually_here(lambda: "seller.reauthorized" in kinds(house, "dora"))


def asked(house: House, name: str) -> int:
    return len([one for one in house.world.requests if one.seller == name])


def commands(house: House, reported: Reported) -> None:
    """All that an operator can ask, in words and with --json; and what goes wrong when they mistype a secret."""
    aside = house.store.set_aside("anna")[0]["id"]
    asks: list[tuple[str, ...]] = [("list",), ("alerts",), ("alerts", "--closed"), ("set-aside",), ("quota",), ("doctor",)]
    asks += [("set-aside", "--retry", f"{aside}"), ("poll-now", "anna"), ("active", "anna"), ("set-cadence", "anna", "--orders", "1h")]
    asks += [("speed-up", "bert", "--every", "30m", "--for", "1m"), ("pause", "bert"), ("resume", "bert")]
    asks += [("status", name) for name in SELLERS]
    for words in asks:
        reported.heard(house.command(*words), *words)
        reported.heard(house.command(*words, "--json"), *words, "--json")
    feed: list[tuple[str, ...]] = [("changes",), *(("snapshot", "anna", kind) for kind in ("orders", "fulfillments", "inventory"))]
    for words in feed:
        reported.heard(house.command(*words), *words)  # in words there is nobody's data; with --json it is the feed
        reported.heard(house.command(*words, "--json"), *words, "--json", feed=True)
    mistakes(house, reported)


def mistakes(house: House, reported: Reported) -> None:
    file = house.folder / "token"
    file.write_text(f"{MISTYPED}\nand a second line")
    quoted = f"{MISTYPED} {everything()}"
    house.world.faults.force(400, json.dumps({"error": "invalid_grant", "error_description": quoted}), resource="token")
    runs: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("enroll", "eve", "--refresh-token-file", "-"), {}),
        (("enroll", "eve", "--refresh-token-file", "-"), {}),  # now eBay itself says no
        (("enroll", "eve", "--refresh-token-file", str(file)), {}),
        (("connect", "dora", "--refresh-token-file", "-"), {"SELLERBEAT_EBAY_CLIENT_SECRET": PASSWORDS[0]}),
        (("list",), {"SELLERBEAT_DATABASE_URL": f"postgresql://postgres:{PASSWORDS[0]}@127.0.0.1:9/none"}),
        (("list",), {"SELLERBEAT_DATABASE_URL": f"mysql://postgres:{PASSWORDS[0]}@127.0.0.1:9/none"}),
        (("list",), {"SELLERBEAT_SECRET_KEYS": PASSWORDS[1]}),
        (("doctor",), {"SELLERBEAT_SECRET_KEYS": PASSWORDS[1]}),
        (("list",), {"SELLERBEAT_ADMIN_TOKEN": PASSWORDS[2]}),
    ]
    for number, (words, environment) in enumerate(runs):
        said = house.command(*words, stdin=MISTYPED, variables=environment)
        assert said.code != 0, words
        reported.heard(said, f"mistake {number}:", *words[:2])
