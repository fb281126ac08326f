"""A world goes on where its ledger ends."""

import re

from simulator.ledger import Body, Head
from simulator.state.entries import own
from simulator.state.inventory import ALONE, BACKED, Inventory, New, Version
from simulator.state.state import State
from simulator.times import from_iso

CREATED = re.compile(r'"creationDate":"([^"]+)"')
STATUS = re.compile(r'"orderFulfillmentStatus":"([A-Z_]+)"')
Key = tuple[str, str, str]  # seller, kind, entity id


def restore(state: State) -> None:
    """All that the ledger has: the newest version of everything that is visible by now, and those that still wait."""
    now = state.clock.now_ms()
    for (name, kind, entity_id), history in _histories(state, now).items():
        inventory = state.inventories.setdefault(name, Inventory(state.seed))
        inventory.loading = True
        entity = None
        for head, body in history:
            text = state.ledger.text(body) if kind == "order" else ""
            created = _found(CREATED, text)
            created_ms = _date(created, head.modified_ms)
            status = _found(STATUS, text) if kind != "listing" else BACKED if head.kind == "listing" else ALONE
            new = New(kind, entity_id, body, head.modified_ms, head.visible_ms, created_ms, status, head.removed)
            entity = entity or inventory.entity_of(new)
            inventory.put(entity, Version(head.version, *new[3:5], body, new.status, new.removed), now)
    for inventory in state.inventories.values():
        inventory.loaded()
        inventory.follows_offers = bool(inventory.offers)


def _histories(state: State, now_ms: int) -> dict[Key, list[tuple[Head, Body]]]:
    histories: dict[Key, list[tuple[Head, Body]]] = {}
    for head, body in state.ledger.stored():
        history = histories.setdefault((head.seller, *own(head)), [])
        if head.visible_ms <= now_ms:
            history.clear()  # the newest visible one is enough, and those that still wait
        history.append((head, body))
    return histories


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _date(text: str, otherwise: int) -> int:
    try:
        return from_iso(text)
    except ValueError:  # none, or a malformed one
        return otherwise
