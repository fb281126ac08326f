"""A poller that makes no mistake, to try the judge on: it reads the ledger."""

import json
from datetime import datetime, timedelta
from typing import Any

from simulator.judge.normal import digest
from simulator.times import iso, to_ms

Event = dict[str, Any]


def poll(rows: list[Event], every: timedelta, start: datetime, end: datetime) -> list[Event]:
    """What a perfect poller tells: at each poll the newest visible version of everything that differs from what was told."""
    events: list[Event] = []
    recorded: dict[tuple[str, ...], Event] = {}
    states: dict[tuple[str, ...], tuple[bytes, bool]] = {}
    sold: set[tuple[str, str]] = set()
    sequences: dict[str, int] = {}
    polled, unseen = start, list(rows)
    while polled < end + every:
        polled += every
        until = iso(to_ms(polled))
        seen = [row for row in unseen if row["visible_at"] <= until]
        unseen = [row for row in unseen if row["visible_at"] > until]
        newest = {(row["seller"], row["kind"], row["entity_id"]): row for row in seen}
        for key, row in newest.items():
            state = digest(row["kind"], row["document"]), row["removed"]
            if states.get(key) == state or (row["removed"] and states.get(key, (b"", True))[1]) or not has_id(row):
                continue
            if row["kind"] == "order" and row["removed"]:
                continue  # eBay shows it no more, and that is all
            what = "removed" if row["removed"] else "created" if states.get(key, (b"", True))[1] else "updated"
            version = recorded[key]["version"] + 1 if key in recorded else 1
            states[key] = state
            data = json.loads(json.dumps(row["document"]))  # a copy
            recorded[key] = {
                "id": f"{key}{version}{what}",
                "type": f"{key[1]}.{what}",
                "entity_id": key[2],
                "version": version,
                "data": data,
            }
            fresh = [recorded[key], *(sales(row, recorded, states, sold, polled) if key[1] == "order" else [])]
            for event in fresh:
                sequences[key[0]] = sequences.get(key[0], 0) + 1
                event |= {"position": len(events) + 1, "seller_id": key[0], "sequence": sequences[key[0]], "source": "poll"}
                event |= {"detected_at": iso(to_ms(polled))}
                events.append({"occurred_at": event["detected_at"], "changed": [], "previous": {}} | event)
    return events


def sales(
    row: Event,
    recorded: dict[tuple[str, ...], Event],
    states: dict[tuple[str, ...], tuple[bytes, bool]],
    sold: set[tuple[str, str]],
    polled: datetime,
) -> list[Event]:
    """Lines that no order showed before."""
    seller, order, found = row["seller"], row["document"], []
    lines = order.get("lineItems")
    for line in lines if isinstance(lines, list) else []:
        if not isinstance(line, dict) or (seller, line["lineItemId"]) in sold:
            continue
        sold.add((seller, line["lineItemId"]))
        sku, item = (line.get(name) if isinstance(line.get(name), str) else None for name in ("sku", "legacyItemId"))
        key = seller, "inventory", sku if sku and not states.get((seller, "inventory", sku), (b"", True))[1] else f"listing:{item}"
        stands = not states.get(key, (b"", True))[1]
        count = line.get("quantity")
        data = {"orderId": order["orderId"], "lineItemId": line["lineItemId"], "sku": sku, "legacyItemId": item}
        at = order.get("creationDate")
        at = at if isinstance(at, str) and at.startswith("2026-0") else iso(to_ms(polled))
        found.append(
            {
                "id": f"{seller}{line['lineItemId']}sold",
                "type": "inventory.sold",
                "entity_id": key[2],
                "version": recorded[key]["version"] if stands else 0,
                "occurred_at": at,
                "data": {**data, "quantity": count if type(count) is int and count > 0 else None, "soldAt": at},
            }
        )
    return found


def has_id(row: Event) -> bool:
    return bool(row["kind"] != "order" or row["document"].get("orderId") == row["entity_id"])
