"""How many calls are left today (eBay docs: getRateLimits)."""

from typing import Any

from simulator.answers import Answer
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.state.quotas import NAMES, SHARED
from simulator.times import DAY, SECOND, iso
from simulator.world import World


def get_rate_limits(world: World, request: Request) -> Answer:
    """Each API of the application by itself; `api_context` and `api_name` choose. 204 where there is none."""
    world.quotas.roll()
    apis: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for resource, (context, api, version, name) in NAMES.items():
        if request.query.get("api_context", context).lower() != context or request.query.get("api_name", api).lower() != api.lower():
            continue
        limit, count = world.quotas.limits[resource], world.quotas.used[resource]
        reset = iso(world.quotas.reset_ms)
        rate = {"count": count, "limit": limit, "remaining": max(0, limit - count), "reset": reset, "timeWindow": DAY // SECOND}
        shown = apis.setdefault((context, api, version), [])
        shown.append({"name": name if world.switches.dotted_names or resource in SHARED else resource, "rates": [rate]})
        shown += [{"name": one, "rates": [rate]} for one in SHARED.get(resource, ())]
    if not apis:
        return Answer(204)
    limits = [
        {"apiContext": context, "apiName": api, "apiVersion": version, "resources": found}
        for (context, api, version), found in apis.items()
    ]
    return Answer(200, dumps({"rateLimits": limits}))
