"""Answers that are not eBay's word: errors that pass, wrong counts, dying tokens, connections that end. None of it is in the ledger.

The world is locked.
"""

import re
from datetime import timedelta
from random import Random
from urllib.parse import quote

from simulator import refusals
from simulator.answers import Answer
from simulator.hostile import answers_xml
from simulator.hostility import Hostility, Leap
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.wire import Wire
from simulator.world import World

TOTAL = re.compile(r'"total":(\d+)')
ROWS = '"orders":[', '"inventoryItems":[', '"fulfillments":['
HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><p>Guru meditation: {1}</p></body></html>"
SINGLE = re.compile(r"/sell/fulfillment/v1/order/[^/]+(/shipping_fulfillment)?")
GATEWAY = (400, "Bad Request"), (403, "Forbidden"), (404, "Not Found")
WARNING = {
    "errorId": 30999,
    "domain": "API_FULFILLMENT",
    "category": "APPLICATION",
    "message": "Some results may be incomplete.",
    "parameters": [{"name": "hint", "value": None}],
}


def tokens(world: World, hostility: Hostility, request: Request) -> None:
    """Who asks may find that the token they hold is over."""
    seller, about = request.seller, (request.resource, request.number)
    if hostility.calm or not seller:
        return
    if hostility.hits("revoked", seller, *about):
        scopes = world.accounts.latest[seller].scopes
        world.accounts.revoke(seller)
        token = world.accounts.renew(seller, scopes)
        if hostility.on_revoked:
            hostility.on_revoked(seller, token)
    elif seller in hostility.spared:
        hostility.spared.discard(seller)  # a fresh token refused as well would say: this scope is missing
    elif hostility.hits("expired", seller, *about):
        world.accounts.expire(seller)
        hostility.spared.add(seller)


def instead(hostility: Hostility, request: Request) -> Answer | None:
    """An answer instead of the true one; None: there is nothing wrong."""
    seller, about = request.seller, (request.resource, request.number)
    if hostility.calm:
        return None
    if rng := hostility.hits("failure", seller, *about):
        return _failure(rng, request)
    if request.resource == "trading" and hostility.hits("ack_failure", seller, *about):
        return refusals.system_error(request, request.at_ms).answer
    if rng := hostility.hits("too_many", seller, *about):
        seconds = max(1, round(hostility.retry_after_s * hostility.scale))
        return refusals.quota_spent(request, request.at_ms, seconds if rng.random() < 0.5 else None).answer
    if rng := hostility.hits("html", seller, *about):
        return _html(200, "We'll be right back", rng)
    return _refused(hostility, request)


def _refused(hostility: Hostility, request: Request) -> Answer | None:
    """A gateway's no, which says nothing of the record: eBay's own has an errorId. Once a record, and of lists never."""
    record = request.seller, request.path
    if request.resource not in ("order", "shipping_fulfillment") or not SINGLE.fullmatch(request.path) or record in hostility.refused:
        return None
    rng = hostility.hits("html_4xx", *record)
    if not rng:
        return None
    hostility.refused.add(record)
    status, words = rng.choice(GATEWAY)
    return _html(status, f"{status} {words}", rng)


def leap(world: World, request: Request, answer: Answer, seconds: float) -> None:
    """A Date header that is off by so much: ahead, or behind where it is less than 0."""
    answer.date_behind_s = -seconds
    if world.hostility:
        true = world.clock.now()
        world.hostility.leaps.append(Leap(request.seller, true + timedelta(seconds=seconds), true))


def spoil(world: World, hostility: Hostility, request: Request, answer: Answer) -> None:
    """What stands in the answer, and how it travels."""
    seller, about = request.seller, (request.resource, request.number)
    if hostility.calm:
        return
    if answer.status == 200 and request.resource == "trading":
        answers_xml.spoil(hostility, request, answer)
    if answer.status == 200 and isinstance(answer.body, str):
        if request.resource != "trading" and (rng := hostility.hits("warnings", seller, *about)):
            answer.body = _with_warnings(answer.body, rng)
        if "orderIds" not in request.query and request.resource in ("order", "inventory_item") and request.method == "GET":
            _paging(hostility, request, answer)
        if rng := hostility.hits("truncated", seller, *about):
            answer.body = answer.body[: int(len(answer.body) * rng.random())]
    if rng := hostility.hits("reset", seller, *about):
        answer.wire = Wire(after=int(_length(answer) * rng.random()), end="reset", silent=rng.random() < 0.3)
    elif rng := hostility.hits("cut", seller, *about):
        answer.wire = Wire(after=int(_length(answer) * rng.random()), end="close", silent=rng.random() < 0.2)
    elif hostility.hits("slow", seller, *about):
        answer.wire = Wire(seconds=hostility.slow_s * hostility.scale)
    leapt = seller in hostility.leapt
    hostility.leapt.discard(seller)
    if hostility.hits("dateless", seller, *about):
        answer.headers["Date"] = ""
    elif leapt:
        return
    elif rng := hostility.hits("date_leaps", seller, *about):
        leap(world, request, answer, rng.choice((-1, 1)) * rng.uniform(30, 180) * 60)
        hostility.leapt.add(seller)
    elif rng := hostility.hits("date_behind", seller, *about):
        answer.date_behind_s = rng.uniform(0, hostility.date_behind_s * hostility.scale)


def _length(answer: Answer) -> int:
    if answer.stream:
        answer.body, answer.stream = b"".join(answer.stream), None
    return len(answer.body)


def _paging(hostility: Hostility, request: Request, answer: Answer) -> None:
    seller, about = request.seller, (request.resource, request.number)
    assert isinstance(answer.body, str)
    head, rows, rest = _parted(answer.body)
    if not rows:
        return
    if rng := hostility.hits("wrong_total", seller, *about):
        head = TOTAL.sub(lambda match: f'"total":{_other(int(match[1]), rng)}', head, count=1)
    if hostility.hits("empty_page", seller, *about):
        rest = "]}"
        if '"next":' not in head:
            head = f'{head}"next":{dumps(_following(request))},'
    answer.body = head + rows + rest


def _other(total: int, rng: Random) -> int:
    return rng.choice([n for n in (total - 1, total + 1, total + 7, total * 2 + 1, 0, 10_000) if n >= 0 and n != total])


def _following(request: Request) -> str:
    """Where a next page would be: rows for orders; for inventory the page or the row that is never there."""
    limit = int(request.query.get("limit", "50"))
    offset = int(request.query.get("offset", "0")) + limit
    rest = "&".join(f"{name}={quote(value)}" for name, value in request.query.items() if name not in ("limit", "offset"))
    return f"{request.path}?{rest}{'&' if rest else ''}limit={limit}&offset={offset}"


def _with_warnings(text: str, rng: Random) -> str:
    head, rows, rest = _parted(text)
    if not rows:
        return text
    head = head.replace('"warnings":', '"oldWarnings":')
    return f'{head}"warnings":{dumps([WARNING] * rng.randint(1, 3))},"pageToken":null,{rows}{rest}'


def _parted(text: str) -> tuple[str, str, str]:
    """Up to the rows, the rows' name, and from the first row on; the second is "" where there are none."""
    start, name = min(((at, name) for name in ROWS if (at := text.find(name)) >= 0), default=(0, ""))
    return text[:start], name, text[start + len(name) :]


def _failure(rng: Random, request: Request) -> Answer:
    status, words = rng.choice(((500, ""), (500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable"), (503, "")))
    if words:
        return _html(status, f"{status} {words}", rng)
    answer = refusals.system_error(request, request.at_ms).answer
    answer.status = status
    return answer


def _html(status: int, words: str, rng: Random) -> Answer:
    return Answer(status, HTML.format(words, rng.randrange(10**6)), {"Content-Type": "text/html;charset=utf-8"})
