"""JSON Schemas (2020-12) of events, one a type and version, made of the models.

Where the models give None for what came in another form than eBay documents, a schema has a second branch that takes it: so none refuses
what eBay sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from operations.catalogue.lens import EbayDocument
from operations.catalogue.reading import EVENTS
from operations.catalogue.shapes import SCHEMA_VERSION, FeedEvent, ThinEvent

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAJOR = int(SCHEMA_VERSION.partition(".")[0])
AS_SENT = "AsSent"  # behind the name of a document: the same in another form
M = TypeVar("M", bound=BaseModel)


class _Untitled(GenerateJsonSchema):
    """A property's name says as much as a title of it would."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def address(type_: str) -> str:
    """Where a type's schema is, behind the address of the API."""
    return f"/v1/events/{type_}/schema.json"


def identity(type_: str) -> str:
    """The schema's `$id`: another one with every version."""
    return f"urn:sellerbeat:event:{type_}:{SCHEMA_VERSION}"


def name_of(type_: str) -> str:
    """`OrderCreated`."""
    return EVENTS[type_].__name__


def said(model: type[BaseModel]) -> str:
    """A class's docstring as one paragraph."""
    return " ".join((model.__doc__ or "").split())


@cache
def definitions() -> dict[str, Any]:
    """Every model's schema by its name; they refer to each other by `#/$defs/NAME`."""
    found: dict[str, Any] = {}
    models: list[type[BaseModel]] = [*EVENTS.values(), ThinEvent]
    for model in models:
        schema = model.model_json_schema(schema_generator=_Untitled)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    for name, schema in list(found.items()):
        found[name] = _tidied(schema) | {"title": name}
    documents = {one.__name__: one for one in descendants(EbayDocument)}
    for name in documents:
        found[name + AS_SENT] = _as_sent(name, found[name])
    for type_ in EVENTS:
        event = found[name_of(type_)]
        data = event["properties"]["data"]
        branches = data.pop("anyOf", None) or [{"$ref": data.pop("$ref")}]
        names = [branch["$ref"].rpartition("/")[2] for branch in branches]
        others = [_ref(name + AS_SENT) for name in names if name in documents]
        event["properties"]["data"] = ({"anyOf": [*branches, *others]} if others else branches[0]) | data
    for type_, kind in EVENTS.items():
        found[f"{kind.__name__}Delivery"] = _delivery(type_, kind)
    return dict(sorted(found.items()))


def schema_of(type_: str) -> dict[str, Any]:
    """The whole schema of a type's events; `$defs` has its thin form, and the body of its deliveries, too."""
    every, name = definitions(), name_of(type_)
    parts = {"ThinEvent", f"{name}Delivery", *_named(every[name], every)} - {name}
    head: dict[str, Any] = {"$schema": DIALECT, "$id": identity(type_), "version": SCHEMA_VERSION}
    own = {part: every[part] for part in sorted(parts)}
    schema: dict[str, Any] = _pointing(every[name], name)
    return head | schema | {"$defs": _pointing(own, name)}


def _delivery(type_: str, model: type[FeedEvent]) -> dict[str, Any]:
    thin = {"allOf": [_ref("ThinEvent"), {"properties": {"type": {"const": type_}}}]}
    return {
        "title": f"{model.__name__}Delivery",
        "description": "The body that an endpoint gets, by Standard Webhooks.",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": type_, "type": "string"},
            "timestamp": {"type": "string", "format": "date-time", "description": "occurred_at of the event"},
            "data": {"anyOf": [_ref(model.__name__), thin]},
        },
        "additionalProperties": True,
    }


def _as_sent(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Only what makes a document this one is sure."""
    return {
        "title": name + AS_SENT,
        "description": f"{name} as eBay sent it, where a field is in another form than eBay documents. Nothing is refused for that.",
        "type": "object",
        "required": schema["required"],
        "properties": {field: schema["properties"][field] for field in schema["required"]},
        "additionalProperties": True,
    }


def descendants(base: type[M]) -> Iterator[type[M]]:
    """All models that are made of this one, through others too."""
    for one in base.__subclasses__():
        yield one
        yield from descendants(one)


def _tidied(value: Any) -> Any:
    """`{"type": ["string", "null"]}` for what pydantic writes as anyOf, and no default that says nothing."""
    if isinstance(value, list):
        return [_tidied(one) for one in value]
    if not isinstance(value, dict):
        return value
    tidy = {name: _tidied(one) for name, one in value.items() if not (name == "default" and one is None)}
    branches = tidy.get("anyOf")
    if branches and len(branches) == 2 and branches[1] == {"type": "null"} and isinstance(branches[0].get("type"), str):
        del tidy["anyOf"]
        tidy = branches[0] | {"type": [branches[0]["type"], "null"]} | tidy
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split())
    return tidy


def _named(value: Any, every: dict[str, Any]) -> set[str]:
    """All definitions that a schema needs, itself through others."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(every[name])
            waiting += one.values()
    return found


def _pointing(value: Any, root: str) -> Any:
    """The schema with references to `root` as ones to the document itself."""
    if isinstance(value, list):
        return [_pointing(one, root) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("$ref") == f"#/$defs/{root}":
        return {**value, "$ref": "#"}
    return {name: _pointing(one, root) for name, one in value.items()}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}
