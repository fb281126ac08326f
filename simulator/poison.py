"""Faults that last: records that eBay cannot show, and whole APIs that are down. They end when somebody ends them, unlike `faults.py`'s.

A record is poison in every answer that would show it, and in every request that names it. The world is locked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from simulator import refusals
from simulator.answers import Answer, ApiError
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.trading_xml import TradingError
from simulator.wire import Wire

GATEWAY = "<!DOCTYPE html><html><head><title>{0} {1}</title></head><body><h1>{1}</h1></body></html>"
HTML = {"Content-Type": "text/html;charset=utf-8"}
TEXTS = re.compile(r'"((?:[^"\\]|\\.)*)"|>([^<]{1,100})<')  # strings of JSON, texts of XML
REFUSALS = {"inventory_item": (25707, "API_INVENTORY", "This is an invalid value for a SKU."), "offer": (25707, "API_INVENTORY", "invalid")}


class How(StrEnum):
    """What eBay says instead."""

    FAILS = "fails"  # 500 with eBay's errorId, Trading's system error
    GATEWAY = "gateway"  # 502, a page in HTML
    REFUSED = "refused"  # 400 with eBay's errorId, Trading's failure
    NO_WORD = "no word"  # 400, a page in HTML
    UNAUTHORIZED = "unauthorized"  # 401: the access token, however fresh
    SILENT = "silent"  # no answer: the connection ends


class Where(StrEnum):
    """In which calls a record cannot be shown."""

    ANYWHERE = "anywhere"
    ALONE = "alone"  # where the request asks for this record and no other
    NAMED = "named"  # where the request names it, among others or alone
    LISTED = "listed"  # where the answer shows it among others, and the request does not name it
    IN_LISTS = "in lists"  # among others, named or shown


@dataclass(frozen=True)
class Poison:
    """One record that eBay cannot show.

    Attributes:
        record: an orderId, a SKU, an ItemID, as it stands in requests and answers.
        resources: of the request; empty: any.
    """

    seller: str
    record: str
    how: How = How.FAILS
    where: Where = Where.ANYWHERE
    resources: frozenset[str] = frozenset()


@dataclass
class Outage:
    """Nothing of these resources is answered as it should be. Empty: all, tokens too; `sellers` empty: everybody's."""

    how: How = How.GATEWAY
    resources: frozenset[str] = frozenset()
    sellers: frozenset[str] = frozenset()
    share: float = 1.0  # of the calls that fail; which ones is drawn, the same in each run
    met: int = 0  # calls so far, answered or not
    draws: Random = field(default_factory=lambda: Random(1))


@dataclass
class Lasting:
    """Records that cannot be shown, and APIs that are down, until somebody ends it."""

    poisons: dict[str, dict[str, Poison]] = field(default_factory=dict)  # by seller and record
    outages: list[Outage] = field(default_factory=list)

    def poison(
        self, seller: str, *records: str, how: How = How.FAILS, where: Where = Where.ANYWHERE, resources: Collection[str] = ()
    ) -> None:
        """These cannot be shown from now on. As many as one likes."""
        mine = self.poisons.setdefault(seller, {})
        mine.update({record: Poison(seller, record, how, where, frozenset(resources)) for record in records})

    def cure(self, *records: str) -> None:
        """These can be shown again; without any, all can."""
        for mine in self.poisons.values():
            for record in records or tuple(mine):
                mine.pop(record, None)

    def stop(self, *resources: str, how: How = How.GATEWAY, sellers: Collection[str] = (), share: float = 1.0) -> Outage:
        """Calls of these resources (`token` is one) fail from now on, or this share of them; without any, all do."""
        outage = Outage(how, frozenset(resources), frozenset(sellers), share)
        self.outages.append(outage)
        return outage

    def start(self) -> None:
        """eBay is back."""
        self.outages.clear()

    def down(self, request: Request) -> Answer | None:
        """The answer of an API that is down; None: it is not."""
        for outage in self.outages:
            mine = (not outage.resources or request.resource in outage.resources) and (
                not outage.sellers or request.seller in outage.sellers
            )
            if mine:
                outage.met += 1
                if outage.draws.random() < outage.share:
                    return _bad(outage.how, request)
        return None

    def spoilt(self, request: Request, body: bytes, answer: Answer) -> Answer | None:
        """The answer where a poisoned record is asked for or shown; None: there is none in it."""
        mine = self.poisons.get(request.seller)
        if not mine:
            return None
        asked = _asked(request, body)
        listed = set[str]()
        if isinstance(answer.body, str):
            listed = {text for pair in TEXTS.findall(answer.body) for text in pair if text}
        for record in sorted((asked | listed) & mine.keys()):
            one, named = mine[record], record in asked
            hit = {
                Where.ANYWHERE: True,
                Where.ALONE: named and len(asked) == 1,
                Where.NAMED: named,
                Where.LISTED: not named,
                Where.IN_LISTS: not named or len(asked) > 1,
            }[one.where]
            if hit and (not one.resources or request.resource in one.resources):
                return _bad(one.how, request)
        return None


def _asked(request: Request, body: bytes) -> set[str]:
    """The records that a request names."""
    if request.resource == "trading":
        found = body.partition(b"<ItemID>")[2].partition(b"</ItemID>")[0].decode("utf-8", "replace")
        return {found} - {""}
    if body:
        try:
            return {one["sku"] for one in json.loads(body)["requests"]}
        except (ValueError, KeyError, TypeError):
            return set()
    parts = request.path.split("/")
    after = (
        parts[parts.index("order") + 1 :]
        if "order" in parts
        else parts[parts.index("inventory_item") + 1 :]
        if "inventory_item" in parts
        else []
    )
    named = [after[0]] if after else []
    return {one for one in (*named, *request.query.get("orderIds", "").split(","), request.query.get("sku", "")) if one}


def _bad(how: How, request: Request) -> Answer:
    if how is How.SILENT:
        return Answer(200, "", wire=Wire(after=0, end="reset", silent=True))
    if how is How.NO_WORD:
        return Answer(400, GATEWAY.format(400, "Bad Request"), HTML)
    if how is How.GATEWAY:
        return Answer(502, GATEWAY.format(502, "Bad Gateway"), HTML)
    if how is How.UNAUTHORIZED:
        return ApiError(401, 1001, "OAuth", "Invalid access token").answer
    if how is How.REFUSED:
        return _refusal(request).answer
    if request.resource.startswith("token"):
        return Answer(500, dumps({"error": "server_error", "error_description": "A system error has occurred."}))
    error = refusals.system_error(request, request.at_ms)
    if request.resource != "trading":
        error.answer.status = 500
    return error.answer


def _refusal(request: Request) -> ApiError | TradingError:
    if request.resource == "trading":
        return TradingError(request.call, request.at_ms, 5, "Input data cannot be shown.", "The item cannot be shown.")
    error_id, domain, words = REFUSALS.get(request.resource, (30800, "API_FULFILLMENT", "The order cannot be shown."))
    return ApiError(400, error_id, domain, words)
