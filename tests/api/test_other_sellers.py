"""A token of one seller, whatever it asks: not a byte of another seller comes back."""

from __future__ import annotations

import os
import random
from typing import Any

import httpx

from domain.scopes import Scope
from domain.streams import Stream
from store import Store
from store.schema.kinds import AlertKind
from tests.api.worked import caller
from tests.store.documents import enroll, item, order, sale
from tests.web.site import Site

OTHER, CANARY = "otherseller", "leakedword"  # the second in each id, text, address and document of the first
CALLS = 400 * max(1, int(os.environ.get("EXAMPLES", "25")) // 25)  # EXAMPLES=625: ten thousand
NAMES = ("anna", OTHER, "nobody", f"anna,{OTHER}", "%00", "..", "*")
VALUES: dict[str, Any] = {
    "seller": (*["anna"] * 6, *NAMES),
    "after": (0, 1, "latest", "anna", OTHER, f"{OTHER}-o-1", "zzz", ""),
    "before": (1, 2**62),
    "limit": (1, 500, 1000),
    "type": ("*", "order.*", "alert.*", "seller.*"),
    "q": ("", "o", OTHER[:4]),
    "id": (f"{OTHER}-o-1", "SKU-1", "*"),
    "endpoint": ("ep-1", "*"),
    "author": ("os:test",),
    "closed": ("true",),
    "failed": ("true",),
    "plan": (600,),
    "state": ("polling", "paused"),
    "erase": ("false",),
    "since": ("2020-01-01",),
}
BODIES: tuple[Any, ...] = (
    {"sellers": ["anna", OTHER]},
    {"sellers": [OTHER]},
    {"seller": OTHER},
    {"reason": "x"},
    {"ids": ["e-1"], "seller": OTHER},
    {"stream": "orders"},
    {"every": "30s", "for": "10m"},
    {"refresh_token": "v^1.1#made-up"},
    {},
)


def fill(store: Store, seller: str, word: str) -> None:
    """All that there can be of a seller, with the word in it."""
    enroll(store, seller)
    with store.commit(store.begin(seller, Stream.ORDERS)) as commit:
        orders = [order(f"{word}-o-{number}", buyer={"username": f"{word}-buyer"}, **sale(f"{word}-line-{number}")) for number in (1, 2)]
        commit.store_orders(orders, store.levels.clock(), "poll")
    with store.commit(store.begin(seller, Stream.INVENTORY)) as commit:
        commit.store_inventory([item(f"{word}-sku", title=f"{word}-title")], store.levels.clock())
    store.open_alert(AlertKind.SET_ASIDE, f"of {word}", seller)
    store.audit.begin(f"token:{word}", "seller.pause", seller, after={"paused": word})
    store.endpoints.add(f"https://{word}.example/hook", ["*"], seller, False)
    store.api_tokens.create(f"app-of-{word}", Scope.READ, by="os:test", ebay=False, sellers=[seller])


async def test_a_sellers_token_gets_no_byte_of_another_seller(site: Site, store: Store) -> None:
    fill(store, OTHER, CANARY)
    fill(store, "anna", "own")
    routes = [
        (method.upper(), path, [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"])
        for path, methods in (await site.program.get("/v1/openapi.json")).json()["paths"].items()
        for method, operation in methods.items()
    ]
    chance, statuses = random.Random(18), []
    apps = [caller(site, store, scope, "anna", ebay=True) for scope in Scope]
    for number in range(CALLS):
        method, path, names = routes[number % len(routes)]
        answer = await made_up(chance, chance.choice(apps), method, path, names)
        statuses.append(answer.status_code)
        given, asked = answer.text + str(answer.headers), f"{answer.request.url} {answer.request.content!r}"
        assert CANARY not in given, (method, asked, given)
        assert OTHER not in given or OTHER in asked, (method, asked, given)
    for app in apps:
        await app.aclose()

    assert {200, 403, 404, 422} <= set(statuses)
    assert statuses.count(200) > CALLS / 20
    for path in ("/v1/alerts", "/v1/changes", "/v1/audit", "/v1/endpoints", "/v1/tokens", f"/v1/sellers/{OTHER}/snapshot/orders"):
        assert CANARY in (await site.program.get(path)).text


async def made_up(chance: random.Random, app: httpx.AsyncClient, method: str, path: str, names: list[str]) -> httpx.Response:
    """One request of a route, with ids and parameters that ask for one's own seller, for the other and for nonsense."""
    for part in ("seller_id", "endpoint_id", "token_id", "aside_id", "entities", "type"):
        choices = {"seller_id": ("anna", "anna", OTHER), "entities": ("orders", "fulfillments", "inventory", "offers")}.get(
            part, (1, "ep-1", "tok-1")
        )
        path = path.replace(f"{{{part}}}", str(chance.choice(choices)))
    query = {name: chance.choice(VALUES[name]) for name in names if name in VALUES and chance.random() < 0.3}
    body = None if method == "GET" else chance.choice(BODIES)
    return await app.request(method, path, params=query, json=body)
