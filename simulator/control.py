"""What eBay would not tell, nor let itself be told: for programs beside the simulator. Addresses below /simulator/.

GET  /simulator/counters             calls by seller and resource, quota used, what hostility did
GET  /simulator/sellers              client id and secret, each seller's newest refresh token
POST /simulator/quiet                the world stands still, answers go on; tells from when on all of it is shown
POST /simulator/calm                 answers, connections and tokens are as they should be (after `quiet`: nothing hostile is left)
POST /simulator/hostility?late=0.5   switches of `hostility.py`; eBay need not have been hostile before
POST /simulator/seller?seller=dora   a new seller with their token; &orders_a_day= &skus= &listings= &published= as in `World.add_seller`
GET  /simulator/notices              every notification that was due: of what, when it was sent first, lost or not, what was answered
POST /simulator/unrest?lost=0.05     how eBay tells: switches of `Unrest` in `state/notices.py`
POST /simulator/revoke?seller=anna   the seller's refresh tokens die; gives the token of a new consent
POST /simulator/redirect?name=RUNAME&accepted=URL   where the consent page leads; &declined=URL where that is another address
"""

import json
import math
from dataclasses import asdict, replace
from typing import Any

from simulator import answers
from simulator.answers import Answer
from simulator.hostility import Hostility
from simulator.requests import Request
from simulator.times import iso, to_ms
from simulator.world import World


def answer(world: World, request: Request) -> Answer:
    """One call, never spoilt, never counted. A switch that does not exist, or a seller: 400."""
    call = CALLS.get((request.method, request.path.removeprefix("/simulator/")))
    if not call:
        return answers.not_found().answer
    with world.lock:
        try:
            return Answer(200, json.dumps(call(world, request.query)))
        except (KeyError, ValueError) as error:
            return Answer(400, json.dumps({"error": str(error)}))


def counters(world: World, _: dict[str, str]) -> dict[str, Any]:
    """Calls by seller and resource, quota used, what hostility did."""
    sellers: dict[str, dict[str, int]] = {}
    for (seller, resource), count in sorted(world.calls.items()):
        sellers.setdefault(seller, {})[resource] = count
    did = dict(world.hostility.done) if world.hostility else {}
    return {"calls": sellers, "quota_used": dict(world.quotas.used), "hostile": did}


def sellers(world: World, _: dict[str, str]) -> dict[str, Any]:
    """Client id and secret, each seller's newest refresh token."""
    shown = [{"seller": name, "refresh_token": world.refresh_token(name)} for name in world.sellers]
    return {"client_id": world.accounts.client_id, "client_secret": world.accounts.client_secret, "sellers": shown}


def quiet(world: World, _: dict[str, str]) -> dict[str, Any]:
    """The world stands still."""
    shown_at = world.quiet()
    return {"now": iso(world.clock.now_ms()), "shown_at": iso(to_ms(shown_at))}


def calm(world: World, _: dict[str, str]) -> dict[str, Any]:
    """Answers, connections and tokens are as they should be."""
    if world.hostility:
        world.hostility.calm = True
    return {"now": iso(world.clock.now_ms())}


def hostility(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Sets switches of `Hostility`."""
    switches = world.hostility or Hostility(world.seed)
    for name, value in query.items():
        switches.set(name, float(value))
    world.hostility = switches
    return {name: getattr(switches, name) for name in query}


def seller(world: World, query: dict[str, str]) -> dict[str, Any]:
    """A new seller moves in."""
    name = query["seller"]
    if not name or name in world.sellers:
        raise ValueError(f"there is a seller {name}" if name else "a seller needs a name")
    numbers = {count: int(query.get(count, "0")) for count in ("skus", "listings", "published")}
    a_day = float(query.get("orders_a_day", "0"))
    if not 0 <= a_day < math.inf or min(numbers.values()) < 0 or unknown(query, "seller", "orders_a_day", *numbers):
        raise ValueError("a seller has numbers from 0 on: orders_a_day, skus, listings, published")
    world.add_seller(name, a_day, numbers["skus"], listings=numbers["listings"], published=numbers["published"])
    world.move_in(name)
    return {"seller": name, "refresh_token": world.refresh_token(name)}


def notices(world: World, _: dict[str, str]) -> dict[str, Any]:
    """Every notification that was due."""
    return {"notices": world.notices.as_json()}


def unrest(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Sets switches of `Unrest`."""
    switches = asdict(world.notices.unrest)
    if unknown(query, *switches):
        raise ValueError(f"there are {', '.join(switches)}")
    given = {name: float(value) for name, value in query.items()}
    if not all(0 <= value < math.inf for value in given.values()):
        raise ValueError("a switch is a number from 0 on")
    world.notices.unrest = replace(world.notices.unrest, **given)
    return given


def unknown(query: dict[str, str], *names: str) -> bool:
    """Whether the query has other names than these."""
    return bool(query.keys() - set(names))


def revoke(world: World, query: dict[str, str]) -> dict[str, Any]:
    """The seller's refresh tokens die, and there is a new consent."""
    seller = query["seller"]
    scopes = world.accounts.latest[seller].scopes
    world.accounts.revoke(seller)
    return {"seller": seller, "refresh_token": world.accounts.renew(seller, scopes)}


def redirect(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Where the consent page leads."""
    world.accounts.redirects[query["name"]] = query["accepted"], query.get("declined", query["accepted"])
    return {"name": query["name"]}


CALLS = {
    ("GET", "counters"): counters,
    ("GET", "sellers"): sellers,
    ("GET", "notices"): notices,
    ("POST", "unrest"): unrest,
    ("POST", "quiet"): quiet,
    ("POST", "calm"): calm,
    ("POST", "hostility"): hostility,
    ("POST", "revoke"): revoke,
    ("POST", "redirect"): redirect,
    ("POST", "seller"): seller,
}
