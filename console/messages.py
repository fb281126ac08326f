"""How one message stands on a screen: what it tells, who it is for, its attempts, and its body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from console.cells import moment
from console.layout import INDENT, printable, wrapped
from console.output import Output, bold, lines_of, out, print_json, width
from operations.messages import MESSAGE_STATES

ENDPOINTS = {"endpoint_id": "endpoint", "state": "state", "attempts": "attempts", "last_at": "last", "next_at": "next try", "why": "why"}
ATTEMPTS = {
    "at": "at",
    "endpoint_id": "endpoint",
    "attempt": "attempt",
    "outcome": "outcome",
    "status": "status",
    "took_ms": "ms",
    "kind": "why",
}


def show_message(found: Mapping[str, Any]) -> None:
    """As `operations.messages` gives it."""
    if Output.json:
        print_json(found)
        return
    recorded = moment(datetime.fromisoformat(found["detected_at"]))
    head = f"{found['type']} {found['position']} of {found['seller_id'] or 'the fleet'}, {found['entity_id']}"
    out([bold(line) for line in wrapped(head, width(), rest=INDENT)])
    out(wrapped(f"recorded {recorded.replace(',', ' UTC,', 1)}; id {found['id']}", width(), rest=INDENT))
    ways = [one | {"why": why(one)} for one in found["endpoints"]]
    out(["", *(lines_of(ways, ENDPOINTS, sentences=("why",), numbers=("attempts",)) or ["no endpoint wants it"])])
    out(["", *(lines_of(found["attempts"], ATTEMPTS, numbers=("attempt", "status", "took_ms")) or ["no attempt is in the log"])])
    out(["", *(printable_json(found["body"]))])
    if found["hidden"]:
        out(["", *wrapped("The buyer is hidden; --reveal shows all of it, and stands in the audit.", width())])


def why(way: Mapping[str, Any]) -> str:
    """The state in words, and what comes before it."""
    words = MESSAGE_STATES[way["state"]]
    if way["before"]:
        words += f"; {'1,000 or more' if way['before'] == 1000 else way['before']} of the seller come before it"
    return words + ("; sent without its documents, as it is large" if way["thin"] else "")


def printable_json(document: Any) -> list[str]:
    """A line each, indented, without what a terminal would obey."""
    written = json.dumps(document, ensure_ascii=False, indent=2)
    return [line[: len(line) - len(line.lstrip(" "))] + printable(line.lstrip(" ")) for line in written.split("\n")]
