"""What a hostile run came to, beside the judge's word: what sweeps recorded, and what was set aside. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.chaos.findings import Found
from simulator.judge.normal import digest
from simulator.ledger import loads
from simulator.state.orders import PERSONAL


@dataclass
class HostileOutcome:
    found: Found
    swept: tuple[int, int]  # by the sweeps' own count: changes without a date, which no poll could see, and missed ones
    undated: int  # the first of them, as the ledger knows it
    overlooked: list[str]  # the second: with a date, and recorded by a sweep
    reports: tuple[int, int]  # of all listings, that were asked for, and what they found that polling had missed
    aside: int  # documents without an id


def of_sweeps(rows: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """What a sweep recorded: changes that had moved no date, and those that had, as the ledger knows it."""
    versions: defaultdict[tuple[str, str], list[tuple[bytes, bool]]] = defaultdict(list)
    latest: dict[tuple[str, str], str] = {}
    for row in rows:
        if row["kind"] == "order":
            key = (row["seller"], row["entity_id"])
            versions[key].append((digest("order", row["document"]), row["modified_at"] > latest.get(key, "")))
            latest[key] = row["modified_at"]
    undated, overlooked = 0, []
    for event in events:
        if event["source"] == "sweep" and event["type"] in ("order.created", "order.updated"):
            recorded = digest("order", event["data"])
            if any(dated for content, dated in versions[event["seller_id"], event["entity_id"]] if content == recorded):
                overlooked.append(f"{event['seller_id']}/{event['entity_id']} version {event['version']}")
            else:
                undated += 1
    return undated, overlooked


def without_trace(rows: Iterable[Mapping[str, Any]], aside: Iterable[str]) -> list[str]:
    """Orders that eBay showed last without an id, and that were not set aside as they were, but for what vanishes by age."""
    newest = {(row["seller"], row["entity_id"]): row for row in rows if row["kind"] == "order"}
    there_still = {key: row["document"] for key, row in newest.items() if not row["removed"]}
    nameless = {
        key: document for key, document in there_still.items() if not (isinstance(document.get("orderId"), str) and document["orderId"])
    }
    there = {digest("order", loads(raw), PERSONAL) for raw in aside}
    return [
        f"order {'/'.join(key)} has no id, and is not set aside"
        for key, document in nameless.items()
        if digest("order", document, PERSONAL) not in there
    ]
