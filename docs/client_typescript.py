"""The API's description as TypeScript: `clients/typescript/src/{answers,api}.ts`. A method a route, an interface an answer.

Methods have the names of the Python client's, written as JavaScript writes them; fields and parameters those that they have on the wire.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator

from docs.client_api import NAMES, NOTE, WIDTH
from docs.described_api import Json, answer_of, name_of, operations, paged_of, resolved

PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
OF_EVENTS = {("Changes", "changes"): "AnyEvent[]"}  # what the description of the answer leaves open


def answers() -> str:
    """The file of interfaces."""
    models: dict[str, str] = {}
    for _, _, operation in operations():
        if schema := answer_of(operation):
            _add(schema, models)
    head = f"""// What the API answers. A later version may add fields and values.
//
// {NOTE}

import type {{ AnyEvent }} from "./handlers.js";
"""
    return "\n".join([head, *models.values()])


def _add(schema: Json, models: dict[str, str]) -> None:
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _add(inner, models)
    if isinstance(values := schema.get("additionalProperties"), dict):
        _add(values, models)
    name = name_of(schema)
    if name is None or name in models:
        return
    models[name] = ""  # an answer may hold itself
    found = resolved(schema)
    for inner in found["properties"].values():
        _add(inner, models)
    lines = [*_comment(found.get("description", ""), ""), f"export interface {name} {{"]
    for field, one in found["properties"].items():
        lines += _comment(one.get("description", ""), "  ")
        lines.append(f"  {_key(field)}{'' if field in found.get('required', ()) else '?'}: {OF_EVENTS.get((name, field)) or _type(one)};")
    del models[name]
    models[name] = "\n".join([*lines, "}"]) + "\n"


def api() -> str:
    """The file of methods."""
    head = f"""// The whole API: a method a route.
//
// {NOTE}

import type * as answers from "./answers.js";
import {{ Calls, segment }} from "./calls.js";
import type {{ CallOptions }} from "./calls.js";

/**
 * `new Sellerbeat(url, token)`, and await its methods: what the token's scope lets in.
 *
 * Writes have an Idempotency-Key, and are repeated under it. Refusals are errors, each with its `code`. Durations are text such as 30s, 5m,
 * 6h or 30d. Lists are read page by page: `for await (const seller of beat.sellers())`.
 */
export class Sellerbeat extends Calls {{
"""
    return head + "\n".join(_methods()) + "}\n"


def _methods() -> Iterator[str]:
    for method, path, operation in operations():
        parameters = operation.get("parameters", ())
        in_path = [one for one in parameters if one["in"] == "path"]
        query = [
            (one["name"], one["schema"], bool(one.get("required")), one.get("description")) for one in parameters if one["in"] == "query"
        ]
        body = list(_body(operation))
        if query and body:
            raise SystemExit(f"docs/client_typescript.py: {method} {path} takes both query and body")
        given = sorted(query or body, key=lambda one: not one[2])
        arguments = [f"{one['name']}: {_input(one['schema'])}" for one in in_path]
        if given:
            arguments.append(_named(given))
        where = "`" + re.sub(r"{(\w+)}", r"${segment(\1)}", path) + "`" if in_path else f'"{path}"'
        arguments.append("options?: CallOptions")
        sends = [f"{'query' if query else 'body'}: given"] if given else ["body: {}"] if "requestBody" in operation else []
        asked = f"{{ {', '.join([*sends, 'options'])} }}"
        if paged := paged_of(operation):
            items, row, cursor = paged
            kind, call = f"AsyncGenerator<answers.{row}>", f'this.pages({where}, "{items}", "{cursor}", {asked})'
        else:
            schema = answer_of(operation)
            kind = f"Promise<{_type(schema, 'answers.') if schema else 'void'}>"
            call = f'this.call("{method.upper()}", {where}, {asked})'
        name = str(operation["operationId"])
        signature = _fitting(f"  {_camel(NAMES.get(name, name))}(", arguments, f"): {kind} {{")
        yield "\n".join([*_comment(operation["description"], "  "), *signature, f"    return {call};", "  }"]) + "\n"


def _named(given: list[tuple[str, Json, bool, str | None]]) -> str:
    """The argument with parameters of query or body, those first that have to be given."""
    lines = ["given: {"]
    for name, schema, required, words in given:
        lines += _comment(words or "", "      ")
        lines.append(f"      {_key(name)}{'' if required else '?'}: {_input(schema)}{'' if required else ' | undefined'};")
    return "\n".join([*lines, "    }" + ("" if given[0][2] else " = {}")])


def _body(operation: Json) -> Iterator[tuple[str, Json, bool, str | None]]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for one in content["schema"].get("anyOf", [content["schema"]]):
            model = resolved(one)
            for name, schema in model.get("properties", {}).items():
                yield name, schema, name in model.get("required", ()), schema.get("description")


def _type(schema: Json, names: str = "") -> str:
    """What an answer has there. A word of a few is text: a later version may know more of them."""
    if name := name_of(schema):
        return f"{names}{name}"
    schema = resolved(schema)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one, names) for one in schema["anyOf"]))
    match schema.get("type"):
        case "array":
            return _array(_type(schema["items"], names))
        case "object":
            values = schema.get("additionalProperties")
            return f"Record<string, {_type(values, names) if isinstance(values, dict) else 'unknown'}>"
        case None:
            return "string" if "enum" in schema or "const" in schema else "unknown"
        case kind:
            return PLAIN[str(kind)]


def _input(schema: Json) -> str:
    """What a parameter takes; what is not given is left out, so null is not named here."""
    schema = resolved(schema)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(found for one in schema["anyOf"] if (found := _input(one)) != "null"))
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(one) for one in schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "array":
            return f"readonly {_array(_input(schema['items']))}"
        case "object":
            values = schema.get("additionalProperties")
            return f"Readonly<Record<string, {_input(values) if isinstance(values, dict) else 'unknown'}>>"
        case kind:
            return PLAIN[str(kind)]


def _array(inner: str) -> str:
    return f"({inner})[]" if "|" in inner else f"{inner}[]"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)


def _fitting(start: str, parts: list[str], end: str) -> list[str]:
    """On one line if it fits, else a line each."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH and "\n" not in line:
        return [line]
    margin = " " * (len(start) - len(start.lstrip()))
    return [start, *(f"{margin}  {part}," for part in parts), f"{margin}{end}"]


def _comment(text: str, margin: str) -> list[str]:
    paragraphs = [" ".join(one.split()) for one in text.replace("*/", "* /").split("\n\n") if one.strip()]
    if not paragraphs:
        return []
    if len(paragraphs) == 1 and len(paragraphs[0]) + len(margin) + 7 <= WIDTH:
        return [f"{margin}/** {paragraphs[0]} */"]
    lines = [line for one in paragraphs for line in (*textwrap.wrap(one, WIDTH - len(margin) - 3), "")][:-1]
    return [f"{margin}/**", *(f"{margin} * {line}".rstrip() for line in lines), f"{margin} */"]
