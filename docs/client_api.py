"""The API's description as Python: `clients/python/sellerbeat/{answers,api,async_api}.py`. A method a route, a model an answer."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from keyword import iskeyword

from docs.described_api import Json, answer_of, name_of, operations, paged_of, resolved

WIDTH = 140
NAMES = {  # of methods, where the route's own name says too little beside all others
    "list_sellers": "sellers",
    "show": "seller",
    "day": "seller_day",
    "remove": "remove_seller",
    "token": "ebay_token",
    "cadence": "set_cadence",
    "inventory": "set_inventory",
    "mode": "set_mode",
    "retry": "retry_set_aside",
    "counts": "notifications",
    "setup": "set_up_notifications",
    "repair": "repair_notifications",
    "add": "add_endpoint",
    "one": "endpoint",
    "change": "change_endpoint",
    "test": "test_endpoint",
    "enable": "enable_endpoint",
    "disable": "disable_endpoint",
    "rotate": "rotate_secret",
    "replays": "replay",
    "list_replays": "replays",
    "list_tokens": "tokens",
    "search": "find",
    "events": "event_types",
}
NOTE = "Written by `make docs` from the API's description; change nothing here."
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def answers() -> str:
    """The file of models, those that others hold first."""
    models: dict[str, str] = {}
    for _, _, operation in operations():
        if schema := answer_of(operation):
            _add(schema, models)
    head = f'''"""What the API answers. Fields that a later version adds stay, in `model_extra`.

{NOTE}
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)
'''
    return "\n\n".join([head, *models.values()])


def _add(schema: Json, models: dict[str, str]) -> None:
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _add(inner, models)
    if isinstance(values := schema.get("additionalProperties"), dict):
        _add(values, models)
    name = name_of(schema)
    if name is None or name in models or "properties" not in (found := resolved(schema)):
        return
    for inner in found["properties"].values():
        _add(inner, models)
    lines = [f"class {name}(Answer):", _docstring(found.get("description", ""), "    "), ""]
    for field, one in found["properties"].items():
        default = "" if field in found.get("required", ()) else " = None"
        kind = _type(one, names="")
        line = f"    {field}: {kind}{' | None' if default and 'None' not in kind else ''}{default}"
        said = one.get("description")
        lines.append(f"{line}  # {said}" if said and len(line) + len(said) + 4 <= WIDTH else line)
    models[name] = "\n".join(lines) + "\n"


def api(asynchronous: bool) -> str:
    """The file of methods."""
    kind, plain = ("AsyncSellerbeat", "AsyncCalls") if asynchronous else ("Sellerbeat", "Calls")
    iterator = "AsyncIterator" if asynchronous else "Iterator"
    how = "await it" if asynchronous else "call it"
    head = f'''"""The whole API: a method a route. {NOTE}"""

from __future__ import annotations

from collections.abc import {", ".join(sorted((iterator, "Mapping", "Sequence")))}
from typing import Any, Literal

from sellerbeat import answers
from sellerbeat.calls import {plain}
from sellerbeat.wire import segment


class {kind}({plain}):
    """`{kind}(url, token)`, and {how}: what the token's scope lets in.

    Writes have an Idempotency-Key, and are repeated under it. Refusals are errors of `sellerbeat.errors`, each with its `code`. Durations
    are text such as 30s, 5m, 6h or 30d.
    """
'''
    return head + "".join(f"\n{text}" for text in _methods(asynchronous, iterator))


def _methods(asynchronous: bool, iterator: str) -> Iterator[str]:
    for method, path, operation in operations():
        name = NAMES.get(operation["operationId"], operation["operationId"])
        in_path, in_query, in_body = _parameters(operation)
        paged = paged_of(operation)
        named = [*in_query, *in_body]
        named.sort(key=lambda one: not one[2])
        arguments = ["self", *(f"{word}: {kind}" for word, kind, _, _ in in_path)]
        keywords = [f"{word}: {kind}" + ("" if required else " | None = None") for word, kind, required, _ in named]
        keywords += [] if method == "get" else ["idempotency_key: str | None = None"]
        arguments += ["*", *keywords] if keywords else []
        schema = answer_of(operation)
        model = name_of(schema) if schema else None
        way = re.sub(r"\{(\w+)\}", lambda found: "{segment(" + _word(found[1]) + ")}", path) if in_path else path
        where = f'f"{way}"' if in_path else f'"{way}"'
        call = [f'"{method.upper()}"', where]
        lines = []
        for word, fields in (("query", in_query), ("body", in_body)):
            if fields:
                pairs = [f'"{wire}": {one}' for one, _, _, wire in fields]
                lines += _fitting(f"        {word} = {{", pairs, "}")
                call.append(f"{word}={word}" if word == "body" else "query")
        if method != "get":
            call.append("key=idempotency_key")
        waits = "await " if asynchronous else ""
        if paged:
            items, row, cursor = paged
            answer = f"{iterator}[answers.{row}]"
            lines += _fitting("        return self._pages(", [f"answers.{row}", f'"{items}"', where, "query", f'"{cursor}"'], ")")
        elif model:
            answer = f"answers.{model}"
            lines += _fitting(f"        return {waits}self._call(", [answer, *call], ")")
        elif schema:
            answer = "dict[str, Any]"
            lines += [f"        found: dict[str, Any] = {waits}self._json({', '.join(call)})", "        return found"]
        else:
            answer = "None"
            lines += _fitting(f"        {waits}self._json(", call, ")")
        start = "    async def" if asynchronous and not paged else "    def"
        signature = _fitting(f"{start} {name}(", arguments, f") -> {answer}:")
        yield "\n".join([*signature, _docstring(operation["description"], "        "), *lines]) + "\n"


Parameter = tuple[str, str, bool, str]  # the argument, its type, whether it has to be given, its name on the wire


def _parameters(operation: Json) -> tuple[list[Parameter], list[Parameter], list[Parameter]]:
    """Of path, query and body."""
    found: dict[str, list[Parameter]] = {"path": [], "query": [], "header": []}
    for one in operation.get("parameters", ()):
        required = bool(one.get("required"))
        found[one["in"]].append((_word(one["name"]), _input(one["schema"]), required, one["name"]))
    content = operation.get("requestBody", {}).get("content", {})
    schemas = [inner for one in content.values() for inner in one["schema"].get("anyOf", [one["schema"]]) if "$ref" in inner]
    body = [
        (_word(name), _input(schema), name in held.get("required", ()), name)
        for held in map(resolved, schemas)
        for name, schema in held.get("properties", {}).items()
    ]
    return found["path"], found["query"], body


def _type(schema: Json, names: str = "answers.") -> str:
    """What an answer has there. A word of a few is text: a later version may know more of them."""
    if name := name_of(schema):
        return f"{names}{name}"
    schema = resolved(schema)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one, names) for one in schema["anyOf"]))
    match schema.get("type"):
        case "array":
            return f"list[{_type(schema['items'], names)}]"
        case "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {_type(values, names) if isinstance(values, dict) else 'Any'}]"
        case None:
            return "str" if "enum" in schema or "const" in schema else "Any"
        case kind:
            return SCALARS[str(kind)]


def _input(schema: Json) -> str:
    """What an argument takes; None stands for not given, so it is not named here."""
    schema = resolved(schema)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(found for one in schema["anyOf"] if (found := _input(one)) != "None"))
    if "enum" in schema or "const" in schema:
        words = ", ".join(f'"{one}"' for one in schema.get("enum", [schema.get("const")]))
        return f"Literal[{words}]"
    match schema.get("type"):
        case "array":
            return f"Sequence[{_input(schema['items'])}]"
        case "object" if isinstance(values := schema.get("additionalProperties"), dict):
            return f"Mapping[str, {_input(values)}]"
        case "object":
            return "Mapping[str, Any]"
        case kind:
            return SCALARS[str(kind)]


def _word(name: str) -> str:
    word = name.replace("-", "_")
    return f"{word}_" if iskeyword(word) else word


def _fitting(start: str, parts: list[str], end: str) -> list[str]:
    """On one line if it fits, else a line each, as ruff has it."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH:
        return [line]
    margin = " " * (len(start) - len(start.lstrip()))
    return [start, *(line for part in parts for line in _part(f"{margin}    ", part)), f"{margin}{end}"]


def _part(margin: str, part: str) -> list[str]:
    """Of a line that is too long, what it may be besides stands on the next one."""
    line = f"{margin}{part},"
    kind, bar, rest = part.partition(" | ")
    return [line] if len(line) <= WIDTH or not bar else [f"{margin}{kind}", f"{margin}| {rest},"]


def _docstring(text: str, margin: str) -> str:
    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")]
    if len(paragraphs) == 1 and len(paragraphs[0]) + len(margin) + 6 <= WIDTH:
        return f'{margin}"""{paragraphs[0]}"""'
    wrapped = [textwrap.fill(one, WIDTH - 6, initial_indent=margin, subsequent_indent=margin) for one in paragraphs]
    return f'{margin}"""' + "\n\n".join(wrapped).lstrip() + f'\n{margin}"""'
