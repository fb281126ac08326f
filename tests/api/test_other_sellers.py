"""A token of one seller, whatever it asks: not a byte of another seller comes back."""

from __future__ import annotations

import random
from typing import Any

import httpx

from domain.scopes import Scope
from domain.streams import Stream
from store import Store
from store.schema.kinds import AlertKind
from tests.api.worked import caller
from tests.store.documents import enroll, item, order, refused_title, sale
from tests.support.examples import times
from tests.web.site import Site

OTHER, CANARY = "otherseller", "leakedword"  # the second in each id, text, address and document of the first
CALLS = 400 * times()  # EXAMPLES=625: ten thousand
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


def fill(store: Store, seller: str, word: str) -> dict[str, Any]:
    """All that there can be of a seller, with the word in it. Returns the ids by which paths name it."""
    enroll(store, seller)
    with store.commit(store.begin(seller, Stream.ORDERS)) as commit:
        orders = [order(f"{word}-o-{number}", buyer={"username": f"{word}-buyer"}, **sale(f"{word}-line-{number}")) for number in (1, 2)]
        commit.store_orders([*orders, refused_title(f"{word}-o-3")], store.levels.clock(), "poll")
    with store.commit(store.begin(seller, Stream.INVENTORY)) as commit:
        commit.store_inventory([item(f"{word}-sku", title=f"{word}-title")], store.levels.clock())
    store.open_alert(AlertKind.LATE, f"of {word}", seller)
    store.audit.begin(f"token:{word}", "seller.pause", seller, after={"paused": word})
    endpoint, _ = store.endpoints.add(f"https://{word}.example/hook", ["*"], seller, False)
    token = store.api_tokens.create(f"app-of-{word}", Scope.READ, by="os:test", ebay=False, sellers=[seller])
    (aside,) = store.set_aside(seller)
    return {"aside_id": aside["id"], "endpoint_id": endpoint, "token_id": token.id}


def standing(store: Store, ids: dict[str, Any]) -> tuple[Any, ...]:
    """What stands under these ids."""
    tokens = [row for row in store.api_tokens.all() if row["id"] == ids["token_id"]]
    return store.endpoints.one(ids["endpoint_id"]), tokens, [row for row in store.set_aside() if row["id"] == ids["aside_id"]]


async def test_a_sellers_token_gets_no_byte_of_another_seller(site: Site, store: Store) -> None:
    theirs = fill(store, OTHER, CANARY)
    fill(store, "anna", "own")
    before = standing(store, theirs)
    routes = [
        (method.upper(), path, [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"])
        for path, methods in (await site.program.get("/v1/openapi.json")).json()["paths"].items()
        for method, operation in methods.items()
    ]
    chance, statuses = random.Random(18), []
    apps = [caller(site, store, scope, "anna", ebay=True) for scope in Scope]
    for number in range(CALLS):
        method, path, names = routes[number % len(routes)]
        answer = await made_up(chance, chance.choice(apps), method, path, names, theirs)
        statuses.append(answer.status_code)
        given, asked = answer.text + str(answer.headers), f"{answer.request.url} {answer.request.content!r}"
        assert CANARY not in given, (method, asked, given)
        assert OTHER not in given or OTHER in asked, (method, asked, given)
    for app in apps:
        await app.aclose()

    assert {200, 403, 404, 422} <= set(statuses)
    assert statuses.count(200) > CALLS / 20
    assert standing(store, theirs) == before
    shown = ("alerts", "changes", "audit", "endpoints", "tokens", "set-aside", f"sellers/{OTHER}/snapshot/orders")
    for path in (f"/v1/{one}" for one in shown):
        assert CANARY in (await site.program.get(path)).text


async def made_up(
    chance: random.Random, app: httpx.AsyncClient, method: str, path: str, names: list[str], theirs: dict[str, Any]
) -> httpx.Response:
    """One request of a route, with ids and parameters that ask for one's own seller, for the other's things and for nonsense."""
    parts: dict[str, tuple[Any, ...]] = {part: (id_, id_, 1, "ep-1", "tok-1") for part, id_ in theirs.items()}
    parts |= {"seller_id": ("anna", "anna", OTHER), "entities": ("orders", "fulfillments", "inventory", "offers"), "type": (1, "ep-1")}
    for part, choices in parts.items():
        path = path.replace(f"{{{part}}}", str(chance.choice(choices)))
    values = VALUES | {"endpoint": (*VALUES["endpoint"], theirs["endpoint_id"])}
    query = {name: chance.choice(values[name]) for name in names if name in values and chance.random() < 0.3}
    body = None if method == "GET" else chance.choice(BODIES)
    return await app.request(method, path, params=query, json=body)
