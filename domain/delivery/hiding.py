"""A change as people may see it who need not know the buyer: what an erasure would empty (`domain/changes/personal.py`) is hidden.

A parcel's number goes too, but for its end: the whole of it leads to a buyer's door.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.changes.personal import buyer_of, redact_order, redact_parcel

HIDDEN = "(hidden)"
NUMBERS = ("shipmentTrackingNumber", "fulfillmentId")  # of parcels
END, SHORTEST = 4, 8  # of a number so many characters are shown; of one with no more than so many, none
DOCUMENTS = ("data", "previous")


@dataclass(frozen=True, slots=True)
class HiddenEvent:
    """`event`: as the feed has it, without what is hidden. `fields`: what that is, such as `data.buyer.username`, each once."""

    event: dict[str, Any]
    fields: tuple[str, ...]


def hide(event: Mapping[str, Any]) -> HiddenEvent:
    """The same change without its buyer. What was erased before is empty, and stays so: there is nothing to hide."""
    redacted = dict(event)
    parcel = event["type"].startswith("fulfillment.")
    username = next((name for part in DOCUMENTS if (name := buyer_of(event[part]))), "")
    for part in DOCUMENTS:
        if isinstance(event[part], dict):
            redacted[part] = redact_parcel(event[part]) if parcel else redact_order(event[part], username)
    fields: dict[str, None] = {}
    marked = {name: _marked(event[name], value, name, fields) for name, value in redacted.items()}
    dropped = {name for part in DOCUMENTS if isinstance(redacted[part], dict) for name in event[part].keys() - redacted[part].keys()}
    marked["changed"] = [HIDDEN if name in dropped else name for name in event["changed"]]
    numbers = {number for number in _numbers(event) if number}
    return HiddenEvent({name: _shortened(value, numbers, name, fields) for name, value in marked.items()}, tuple(fields))


def _marked(before: Any, after: Any, path: str, fields: dict[str, None]) -> Any:
    """What was emptied says so. Names that went with their values are told of by what held them: they may be a buyer's."""
    if isinstance(before, dict) and isinstance(after, dict):
        if before.keys() != after.keys():
            fields[path] = None
        return {name: _marked(before[name], value, f"{path}.{name}", fields) for name, value in after.items()}
    if isinstance(before, list) and isinstance(after, list):
        return [_marked(*both, path, fields) for both in zip(before, after, strict=True)]
    if before == after:
        return after
    fields[path] = None
    return HIDDEN


def _numbers(event: Mapping[str, Any]) -> Iterator[str]:
    """Of the parcels that a change tells of, as its documents and its entity name them."""
    if event["type"].startswith("fulfillment."):
        _, _, number = event["entity_id"].partition("/")
        yield number.partition("#")[0]
    for part in DOCUMENTS:
        document = event[part] if isinstance(event[part], dict) else {}
        yield from (document[name] for name in NUMBERS if isinstance(document.get(name), str))
        links = document.get("fulfillmentHrefs")
        for link in links if isinstance(links, list) else ():
            if isinstance(link, str):
                yield link.rpartition("/")[2]


def _shortened(value: Any, numbers: set[str], path: str, fields: dict[str, None]) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(inner, numbers, f"{path}.{name}", fields) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner, numbers, path, fields) for inner in value]
    if not isinstance(value, str) or path == "id":
        return value
    for number in numbers:
        if value == number or value.endswith(f"/{number}") or (len(number) > SHORTEST and number in value):
            fields[path] = None
            value = value.replace(number, _end(number)) if len(number) > SHORTEST else value.removesuffix(number) + _end(number)
    return value


def _end(number: str) -> str:
    return f"…{number[-END:]}" if len(number) > SHORTEST else "…"
