"""Deliveries as OpenAPI's `webhooks`: what an endpoint gets, by Standard Webhooks."""

from __future__ import annotations

from typing import Any

from operations.catalogue.reading import EVENTS
from operations.catalogue.samples import sample
from operations.catalogue.schemas import definitions, name_of, said

PREFIX = "Event"  # of names that the API's own models may have too
HEADERS = {
    "webhook-id": ("the event's id, the same at each attempt", {"type": "string", "examples": ["b6ad2a0f-0f3f-5d0c-9d0b-2f0c4a1c7a11"]}),
    "webhook-timestamp": (
        "when this attempt was signed: seconds since 1970; refuse what is off by more than five minutes",
        {"type": "string"},
    ),
    "webhook-signature": (
        "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in Base64; several, with spaces between, while a secret is replaced",
        {"type": "string"},
    ),
}
ANSWERS = {
    "2XX": {"description": "taken; it is not sent again"},
    "410": {"description": "this endpoint wants no more: it is switched off"},
    "default": {"description": "not taken: it is sent again, over 75 hours, and then once a day"},
}


def webhooks() -> tuple[dict[str, Any], dict[str, Any]]:
    """OpenAPI's `webhooks`, one a type, and the schemas that they refer to."""
    found = {type_: {"post": _operation(type_)} for type_ in EVENTS}
    return found, {PREFIX + name: _pointing(schema) for name, schema in definitions().items()}


def _operation(type_: str) -> dict[str, Any]:
    event, name = sample(type_), name_of(type_)
    example = {"type": type_, "timestamp": event["occurred_at"], "data": event}
    schema = {"$ref": f"#/components/schemas/{PREFIX}{name}Delivery"}
    return {
        "operationId": f"deliver{name}",
        "summary": type_,
        "description": said(EVENTS[type_]),
        "tags": ["Deliveries"],
        "security": [],
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": words, "schema": kind}
            for header, (words, kind) in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
        "responses": ANSWERS,
    }


def _pointing(value: Any) -> Any:
    """References within the document of the API."""
    if isinstance(value, list):
        return [_pointing(one) for one in value]
    if not isinstance(value, dict):
        return value
    moved = {name: _pointing(one) for name, one in value.items()}
    if isinstance(moved.get("$ref"), str):
        moved["$ref"] = moved["$ref"].replace("#/$defs/", f"#/components/schemas/{PREFIX}")
    return moved
