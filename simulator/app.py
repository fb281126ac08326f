"""From an HTTP request to eBay's answer: route, token, quota, faults, then the call itself. A plain ASGI application."""

import asyncio
import math
import re
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator import answers, control, refusals
from simulator.answers import Answer, ApiError
from simulator.apis import analytics, consent_page, feed, identity, inventory, notifications, oauth, offers, orders, trading
from simulator.hostile import answers as hostile_answers
from simulator.hostile import events as hostile_events
from simulator.requests import Request
from simulator.state.accounts import BASE, FULFILLMENT, IDENTITY, INVENTORY, SUBSCRIPTIONS
from simulator.wire import send_badly
from simulator.world import World

TOKEN = "/identity/v1/oauth2/token"
UNENCODED = re.compile(r"[\[\]{}|]")  # eBay's web server takes them percent-encoded only
ORDERS = "/sell/fulfillment/v1/order"
ITEMS = inventory.PATH
RATE_LIMITS = "/developer/analytics/v1_beta/rate_limit"
SCOPES = {
    "order": FULFILLMENT,
    "shipping_fulfillment": FULFILLMENT,
    "inventory_item": INVENTORY,
    "offer": INVENTORY,
    "feed": INVENTORY[:1],  # reading alone is not enough
    "rate_limit": (BASE,),
    "user": IDENTITY,
    "notification": (BASE, *SUBSCRIPTIONS),
}
OF_THE_APPLICATION = ("rate_limit", "notification")  # may be asked without a seller
CALL_NAME = re.compile("[A-Za-z]{1,60}")
Call = Callable[[World, Request], Answer]


def routed(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, Call]:
    """The resource that is counted, and what answers. Paths are still percent-encoded, so that a SKU may hold a slash."""
    if method == "POST" and path == "/sell/inventory/v1/bulk_get_inventory_item":
        return "inventory_item", lambda world, request: inventory.bulk_get_inventory_item(world, request, body)
    if method == "POST" and path == trading.PATH:
        return "trading", lambda world, request: trading.call(world, request, headers, body)
    if method == "POST" and path == feed.TASKS:
        return "feed", lambda world, request: feed.create_task(world, request, headers, body)
    if notifications.handles(path):
        return "notification", lambda world, request: notifications.answer(world, request, body)
    if method != "GET":
        raise answers.not_found()
    if path.rstrip("/") == ORDERS:
        return "order", orders.get_orders
    if path.startswith(f"{ORDERS}/"):
        rest = path.removeprefix(f"{ORDERS}/").split("/")
        if len(rest) == 1:
            return "order", orders.get_order
        if rest[1:] == ["shipping_fulfillment"]:
            return "shipping_fulfillment", orders.get_shipping_fulfillments
    if path.rstrip("/") == ITEMS:
        return "inventory_item", inventory.get_inventory_items
    if path.startswith(f"{ITEMS}/") and path.count("/") == ITEMS.count("/") + 1:
        return "inventory_item", inventory.get_inventory_item
    if path.rstrip("/") == offers.PATH:
        return "offer", offers.get_offers
    if path.startswith(f"{offers.PATH}/") and path.count("/") == offers.PATH.count("/") + 1:
        return "offer", offers.get_offer
    if path.startswith(f"{feed.TASKS}/") and path.count("/") == feed.TASKS.count("/") + 1:
        return "feed", feed.get_task
    if re.fullmatch(f"{feed.FILES}/[^/]+/download_result_file", path):
        return "feed", feed.download
    if path.rstrip("/") == RATE_LIMITS:
        return "rate_limit", analytics.get_rate_limits
    if path.rstrip("/") == identity.PATH:
        return "user", identity.get_user
    raise answers.not_found()


class App:
    """The ASGI application of one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: its answer, sent as it travels."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive)
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
        raw_query = scope["query_string"].decode("latin-1")
        request = Request(
            scope["method"], unquote(path), dict(parse_qsl(raw_query, keep_blank_values=True)), "", at_ms=self.world.clock.now_ms()
        )
        if path.startswith("/simulator/"):
            answer = control.answer(self.world, request)
        elif path == consent_page.PATH:
            answer = consent_page.answer(self.world, request, body)
        else:
            answer = self.answer(request, path, raw_query, headers, body)
            latency = self.world.faults.latency_s
            if delay := latency(request) if callable(latency) else latency:
                await asyncio.sleep(delay)  # after the rows are read: `Date`, set below, is late by as much
        if answer.stream and answer.wire:
            answer.body, answer.stream = b"".join(answer.stream), None
        response = Response(answer.body, answer.status, self._headers(answer))
        if answer.stream:
            await _send_in_pieces(answer.stream, response, send)
        elif answer.wire:
            await send_badly(answer.wire, response.status_code, response.raw_headers, bytes(response.body), receive, send)
        else:
            await response(scope, receive, send)

    def answer(self, request: Request, path: str, raw_query: str, headers: dict[str, str], body: bytes) -> Answer:
        """One call, counted whatever comes of it. `path` and `raw_query` are still percent-encoded."""
        try:
            if path == TOKEN and request.method == "POST":
                answer = self._token(request, headers, body)
            else:
                answer = self._call(request, path, raw_query, headers, body)
        except ApiError as error:
            answer = error.answer
        request.status = answer.status
        with self.world.lock:
            if self.world.hostility and request.number:
                hostile_answers.spoil(self.world, self.world.hostility, request, answer)
            answer.wire = self.world.faults.take_wire(request.resource) or answer.wire
            if seconds := self.world.faults.take_leap(request.resource):
                hostile_answers.leap(self.world, request, answer, seconds)
            self.world.requests.add(request)
        if self.world.faults.after_answer:
            self.world.faults.after_answer(request)
        return answer

    def _token(self, request: Request, headers: dict[str, str], body: bytes) -> Answer:
        request.resource = "token"
        self._before(request)
        with self.world.lock:
            if forced := self.world.faults.take("token"):
                return forced.answer()
            if down := self.world.lasting.down(request):
                return down
            return self._hostile_answer(request) or oauth.token(self.world, request, headers, body)

    def _call(self, request: Request, path: str, raw_query: str, headers: dict[str, str], body: bytes) -> Answer:
        world, faults = self.world, self.world.faults
        if UNENCODED.search(raw_query):
            return Answer(400, "<!doctype html><title>HTTP Status 400 - Bad Request</title>", {"Content-Type": "text/html;charset=utf-8"})
        request.resource, call = routed(request.method, path, headers, body)
        name = CALL_NAME.fullmatch(headers.get("x-ebay-api-call-name", "")) if request.resource == "trading" else None
        request.call = name[0] if name else ""
        with world.lock:
            self._authorize(request, headers)
            if world.hostility:
                self._count(request)
                hostile_answers.tokens(world, world.hostility, request)
                self._authorize(request, headers)
        self._before(request)  # without the lock: a hook may wait for another thread
        with world.lock:
            if forced := faults.take(request.resource):
                return forced.answer()
            if instead := world.lasting.down(request) or self._hostile_answer(request):
                return instead
            buckets = {"shipping_fulfillment": world.switches.parcels_quota, "offer": world.switches.offers_quota}
            if not world.quotas.spend(buckets.get(request.resource, request.resource)):
                raise refusals.quota_spent(request, world.clock.now_ms(), faults.retry_after_s)
            if faults.fails(request.resource):
                raise refusals.system_error(request, world.clock.now_ms())
            if world.hostility:
                hostile_events.before(world, world.hostility, request)
            if request.seller:
                world.settle(request.seller)
            answer = self._answered(call, request, body)
            if world.hostility:
                hostile_events.after(world, world.hostility, request, answer)
            return answer

    def _answered(self, call: Call, request: Request, body: bytes) -> Answer:
        answer = call(self.world, request)
        return self.world.lasting.spoilt(request, body, answer) or answer

    def _count(self, request: Request) -> None:
        if self.world.hostility and not request.number:
            calls = self.world.hostility.calls
            calls[request.seller, request.resource] += 1
            request.number = calls[request.seller, request.resource]

    def _hostile_answer(self, request: Request) -> Answer | None:
        self._count(request)
        return hostile_answers.instead(self.world.hostility, request) if self.world.hostility else None

    def _before(self, request: Request) -> None:
        if self.world.faults.before_answer:
            self.world.faults.before_answer(request)

    def _authorize(self, request: Request, headers: Mapping[str, str]) -> None:
        """Who asks, by the token alone.

        An unknown token is 401/1001; an expired one too, but the Inventory API answers 403/1100, as it does when a scope is missing.
        """
        if request.resource == "trading":
            trading.authorize(self.world, request, headers)
            return
        header = headers.get("authorization", "")
        if not header:
            raise answers.missing_token()
        scheme, _, value = header.partition(" ")
        access = self.world.accounts.access.get(value) if scheme == "Bearer" else None
        if not access:
            raise answers.invalid_token()
        request.seller, request.scopes = access.seller or "", access.scopes
        if not access.good(self.world.clock.now_ms()):
            raise answers.access_denied() if request.resource in ("inventory_item", "offer") else answers.invalid_token()
        needed: Iterable[str] = SCOPES[request.resource]
        if not access.scopes.intersection(needed) or (request.resource not in OF_THE_APPLICATION and access.seller is None):
            raise answers.access_denied()

    def _headers(self, answer: Answer) -> dict[str, str]:
        seconds = math.floor(self.world.clock.now_ms() / 1000 - answer.date_behind_s)
        defaults = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
            "Server": "ebay-proxy-server",
        }
        headers = {**defaults, "Date": formatdate(seconds, usegmt=True), **answer.headers}
        return {name: value for name, value in headers.items() if value}


async def _send_in_pieces(stream: Iterable[bytes], response: Response, send: Send) -> None:
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    for piece in stream:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)  # others are answered between two pieces
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
