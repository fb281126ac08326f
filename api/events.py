"""`GET /v1/events`: what types of events there are, each with a sample; and each one's JSON Schema."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.fields import Feed
from api.routing import ApiRoute, is_known, problems
from domain.delivery import TYPES
from operations.catalogue.entries import catalogue
from operations.catalogue.schemas import MAJOR, schema_of
from serving.problems import ProblemError

router = APIRouter(route_class=ApiRoute, tags=["Events"])


class EventKind(BaseModel):
    """One type of event."""

    type: str = Field(examples=["order.created"])
    title: str = Field(description="its name in the schemas and clients", examples=["OrderCreated"])
    description: str = Field(description="when it is told")
    schema_url: str = Field(description="where its JSON Schema is", examples=["/v1/events/order.created/schema.json"])
    schema_id: str = Field(description="the schema's `$id`: another one with every version")
    schema_version: str = Field(
        description="the second number grows with optional fields; anything else is a new first one, beside the old", examples=["1.0"]
    )
    sample: dict[str, Any] = Field(description="a whole event of this type, with made-up values")
    other_samples: list[dict[str, Any]] = Field(description="of stock: a listing that the Inventory API does not see")


class EventCatalogue(BaseModel):
    """All types of events."""

    events: list[EventKind]


@router.get("/v1/events", response_model=EventCatalogue, responses=problems(), openapi_extra={"x-command": "events"})
async def events(caller: Feed) -> Response:
    """What types of events there are: when each is told, its schema, and a sample."""
    return Response(_catalogue(), media_type="application/json")


@router.get(
    "/v1/events/{type}/schema.json",
    responses=problems(404)
    | {
        200: {"description": "JSON Schema, 2020-12", "content": {"application/schema+json": {"schema": {"type": "object"}}}},
        304: {"description": "it is the one that you have: its ETag stands in the header `if-none-match`"},
    },
    response_class=Response,
    openapi_extra={"x-command": "events"},
)
async def event_schema(
    request: Request,
    type_: Annotated[str, Path(alias="type", max_length=100, description="such as order.created")],
    caller: Feed,
    version: Annotated[int | None, Query(ge=1, le=9999, description="the first number of its version; left out: the newest")] = None,
) -> Response:
    """The JSON Schema of a type's events: the whole event with its `data`, in `$defs` its thin form and the body of its deliveries."""
    if type_ not in TYPES:
        raise ProblemError(404, "no type of event has this name; GET /v1/events lists them", code="unknown_type")
    if version not in (None, MAJOR):
        raise ProblemError(404, f"the schema of {type_} has version {MAJOR} alone", code="unknown_version")
    body, etag = _schema(type_)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(etag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/schema+json", headers=headers)


@cache
def _catalogue() -> bytes:
    return json.dumps({"events": catalogue()}, ensure_ascii=False).encode()


@cache
def _schema(type_: str) -> tuple[bytes, str]:
    """The schema and its ETag."""
    body = json.dumps(schema_of(type_), ensure_ascii=False).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
