"""The API's description, as those read it who write clients from it: its routes, what each answers, and what a reference stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI

from api.described import document
from api.routes import ROUTERS

Json = Mapping[str, Any]


@cache
def described() -> Json:
    """`/v1/openapi.json`."""
    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    for router in ROUTERS:
        app.include_router(router)
    return document(app)


def operations() -> Iterator[tuple[str, str, Json]]:
    """Method, path and description of each route, in the order of the paths."""
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def answer_of(operation: Json) -> Json | None:
    """The schema of what is answered when all is well; None: nothing."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            for content in answer.get("content", {}).values():
                schema: Json = content["schema"]
                return schema
    return None


def paged_of(operation: Json) -> tuple[str, str, str] | None:
    """Where a list is answered page by page: the field with the rows, their model, and the parameter that goes on.

    Rows of the feed have no model here: they are read by `Feed`.
    """
    schema = answer_of(operation)
    fields = resolved(schema).get("properties", {}) if schema else {}
    rows = [(name, name_of(one["items"])) for name, one in fields.items() if one.get("type") == "array"]
    cursors = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query" and one["name"] in ("after", "before")]
    if "next" not in fields or len(rows) != 1 or not cursors:
        return None
    ((name, row),) = rows
    return (name, row, cursors[0]) if row else None


def resolved(schema: Json) -> Json:
    """What a reference refers to; a schema that is none as it is."""
    if "$ref" in schema:
        found: Json = described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def name_of(schema: Json) -> str | None:
    """Of the model that a schema is; None: it is none."""
    if "$ref" not in schema or "properties" not in resolved(schema):
        return None
    return str(schema["$ref"].rpartition("/")[2])
