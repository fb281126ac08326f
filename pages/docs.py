"""`/v1/docs`: the API, readable without a token: what each route takes, gives and refuses, by nouns, with an example to paste."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.described import described
from pages.rendering import render
from serving.problems import USUAL_CODES

METHODS = ("get", "put", "post", "patch", "delete")
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class FieldWords:
    """A parameter, or a field of a body, in words."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class OperationWords:
    """One route, as the page shows it."""

    id: str
    method: str
    path: str
    tag: str
    title: str
    text: str
    scope: str
    ebay: bool
    command: str | None
    parameters: list[FieldWords]
    body: list[FieldWords]
    answers: list[tuple[str, str]]
    example: str
    answer: str | None


@router.api_route("/v1/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> HTMLResponse:
    document = described(request)
    groups: dict[str, list[OperationWords]] = {}
    for one in _operations(document):
        groups.setdefault(one.tag, []).append(one)
    return HTMLResponse(render("api.html", groups=groups.items(), description=document["info"]["description"], codes=USUAL_CODES))


def _operations(document: dict[str, Any]) -> list[OperationWords]:
    schemas = document["components"]["schemas"]
    found = []
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                found.append(_operation(path, method, methods[method], schemas))
    return found


def _operation(path: str, method: str, said: dict[str, Any], schemas: dict[str, Any]) -> OperationWords:
    content = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = _whole(content, schemas)
    parameters = [
        FieldWords(one["name"], f"{_kind(one['schema'], schemas)} ({one['in']})", one.get("required", False), one.get("description", ""))
        for one in said.get("parameters", [])
    ]
    fields = [
        FieldWords(name, _kind(schema, schemas), name in body.get("required", ()), schema.get("description", ""))
        for name, schema in body.get("properties", {}).items()
    ]
    text = said.get("description", "")
    good: dict[str, Any] = next((answer for status, answer in said["responses"].items() if status.startswith("2")), {})
    given = good.get("content", {}).get("application/json", {}).get("schema", {})
    return OperationWords(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        tag=(said.get("tags") or ["API"])[0],
        title=said.get("summary", path),
        text=text,
        scope=said.get("x-scope", ""),
        ebay=said.get("x-ebay", False),
        command=said.get("x-command"),
        parameters=parameters,
        body=fields,
        answers=[(status, answer.get("description", "")) for status, answer in said["responses"].items()],
        example=_curl(method, path, body, schemas),
        answer=_pretty(_example(given, schemas)) if given else None,
    )


def _whole(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A schema without its reference; of one that may be null, the other."""
    if "$ref" in schema:
        found: dict[str, Any] = schemas[schema["$ref"].rpartition("/")[2]]
        return found
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _whole(choices[0], schemas) if len(choices) == 1 else schema


def _kind(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    whole = _whole(schema, schemas)
    if "enum" in whole:
        return " | ".join(str(one) for one in whole["enum"])
    if "const" in whole:
        return str(whole["const"])
    if "anyOf" in whole:
        return " or ".join(dict.fromkeys(_kind(one, schemas) for one in whole["anyOf"] if one.get("type") != "null"))
    if whole.get("type") == "array":
        return f"list of {_kind(whole.get('items', {}), schemas)}"
    kind = str(whole.get("type", "any"))
    return {"integer": "whole number", "string": "text", "boolean": "true or false"}.get(kind, kind)


def _example(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """An example of a schema: its own where it has one, else made of its fields'."""
    whole = _whole(schema, schemas)
    for source in (schema, whole):
        if source.get("examples"):
            return source["examples"][0]
        if "default" in source:
            return source["default"]
    if depth > 3:
        return None
    if "properties" in whole:
        return {name: _example(one, schemas, depth + 1) for name, one in whole["properties"].items()}
    if whole.get("type") == "array":
        item = _example(whole.get("items", {}), schemas, depth + 1)
        return [item] if item not in (None, {}) else []
    first = whole.get("const") or next(iter(whole.get("enum", ())), None)
    return (
        first
        if first is not None
        else {"string": "…", "integer": 1, "number": 1.0, "boolean": True, "object": {}}.get(whole.get("type", ""))
    )


def _curl(method: str, path: str, body: dict[str, Any], schemas: dict[str, Any]) -> str:
    address = path.replace("{seller_id}", "s-17").replace("{endpoint_id}", "ep-1f2e3d4c").replace("{", "").replace("}", "")
    lines = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}$SELLERBEAT{address}", '-H "Authorization: Bearer $TOKEN"']
    if body.get("properties"):
        needed = {name: one for name, one in body["properties"].items() if name in body.get("required", ()) or one.get("examples")}
        example = _example({"properties": needed}, schemas) if not body.get("examples") else body["examples"][0]
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)


def _pretty(example: Any) -> str | None:
    return json.dumps(example, indent=2, ensure_ascii=False) if example not in (None, {}, []) else None
