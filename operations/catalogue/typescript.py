"""The models as TypeScript: `clients/typescript/src/events.ts`. Types alone: they are gone where the program runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from operations.catalogue.reading import EVENTS
from operations.catalogue.schemas import AS_SENT, definitions
from operations.catalogue.shapes import SCHEMA_VERSION, TEST_PREFIX, Envelope, FeedEvent

HEAD = """// Events of Sellerbeat's, typed. Written by `make docs` from `operations/catalogue/`; change nothing here.
//
// Field names are eBay's own, and Sellerbeat's. A field of eBay's may be absent or null, and eBay adds fields and values unannounced:
// what nobody knows is `unknown`. A type promises what eBay documents; what eBay sent in another form is passed on as it came.
"""
TRIED = "/** Of the id of an event that somebody sent to try an endpoint: it is no change. */"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
SHARED = tuple(Envelope.model_fields)


def typescript() -> str:
    """The file's text."""
    every = definitions()
    events = {model.__name__ for model in EVENTS.values()}
    parts = [name for name in every if name not in {*events, "ThinEvent"} and not name.endswith((AS_SENT, "Delivery"))]
    blocks = [HEAD, f'export const SCHEMA_VERSION = "{SCHEMA_VERSION}";']
    blocks += [f"{TRIED}\nexport const TEST_PREFIX = {_text(TEST_PREFIX)};"]
    blocks += [_interface(name, every[name]) for name in parts]
    blocks += [_envelope(), _event(), _thin(every["ThinEvent"])]
    blocks += [_typed(type_, model, every[model.__name__]) for type_, model in EVENTS.items()]
    blocks += _together()
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _interface(name: str, schema: dict[str, Any]) -> str:
    lines = [f"export interface {name} {{", *_fields(schema)]
    return "\n".join([*_comment(schema.get("description")), *lines, "  [field: string]: unknown;", "}"])


def _fields(schema: dict[str, Any], leaving: tuple[str, ...] = ()) -> Iterator[str]:
    required = schema.get("required", [])
    for name, inner in schema["properties"].items():
        if name not in leaving:
            yield from _comment(inner.get("description"), "  ")
            yield f"  {name}{'' if name in required else '?'}: {types_of(inner)};"


def _envelope() -> str:
    schema = Envelope.model_json_schema()
    lines = ["export interface Envelope<Type extends string = string> {", *_fields(schema)]
    text = "\n".join([*_comment(schema["description"]), *lines, "  [field: string]: unknown;", "}"])
    return text.replace("  type: string;", "  type: Type;")


def _event() -> str:
    schema = FeedEvent.model_json_schema()
    lines = ["export interface FeedEvent<Type extends string = string, Data = unknown> extends Envelope<Type> {", *_fields(schema, SHARED)]
    text = "\n".join([*_comment(schema["description"]), *lines, "}"])
    return text.replace("  data: unknown;", "  data: Data;")


def _thin(schema: dict[str, Any]) -> str:
    lines = ["export interface ThinEvent<Type extends string = EventType> extends Envelope<Type> {", *_fields(schema, SHARED)]
    return "\n".join([*_comment(schema["description"]), *lines, "}"])


def _typed(type_: str, model: type[FeedEvent], schema: dict[str, Any]) -> str:
    data = schema["properties"]["data"]
    branches = [branch for branch in data.get("anyOf", [data]) if not branch["$ref"].endswith(AS_SENT)]
    head = f"export interface {model.__name__} extends FeedEvent<{_text(type_)}, {' | '.join(map(types_of, branches))}> {{"
    own = [name for name in ("seller_id", "sequence") if "null" not in schema["properties"][name]["type"]]
    return "\n".join([*_comment(schema["description"]), head, *(f"  {name}: {types_of(schema['properties'][name])};" for name in own), "}"])


def _together() -> Iterator[str]:
    members = "\n".join(f"  {_text(type_)}: {model.__name__};" for type_, model in EVENTS.items())
    yield f'/** Each type with its event: `EventOf["order.created"]`. */\nexport interface EventOf {{\n{members}\n}}'
    yield "export type EventType = keyof EventOf;"
    yield "/** Any event of a known type; `type` tells which. */\nexport type KnownEvent = EventOf[EventType];"
    names = "\n".join(f"  {_text(type_)}," for type_ in EVENTS)
    yield f"export const EVENT_TYPES: readonly EventType[] = [\n{names}\n];"
    yield (
        "/** The body that an endpoint gets, once its signature is verified. */\n"
        "export interface Delivery<Type extends EventType = EventType> {\n"
        "  type: Type;\n  timestamp: string;\n  data: EventOf[Type] | ThinEvent<Type>;\n}"
    )
    yield (
        "/** Whether this version knows the type of an event: a later Sellerbeat may tell more. */\n"
        "export function isKnown(event: { type: string }): event is KnownEvent {\n"
        "  return (EVENT_TYPES as readonly string[]).includes(event.type) && !isThin(event);\n}"
    )
    yield (
        "/** Whether an event came without its documents: `feed` says where they are. */\n"
        "export function isThin(event: { type: string; thin?: unknown }): event is ThinEvent {\n  return event.thin === true;\n}"
    )


def types_of(schema: dict[str, Any]) -> str:
    """A schema of the few forms that the models have."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(types_of(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    kinds = schema.get("type", [])
    found = [_of_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " | ".join(found) or "unknown"


def _of_kind(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        inner = types_of(schema.get("items", {}))
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        return "Record<string, unknown>"
    return PLAIN[kind]


def _comment(words: str | None, indent: str = "") -> list[str]:
    return [f"{indent}/** {' '.join(words.split())} */"] if words else []


def _text(value: str) -> str:
    return json.dumps(value)
