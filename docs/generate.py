"""Writes docs/reference/{settings,cli,events,tables}.md, docs/captures/, and what the clients have of events and routes, from the code: `make
docs`. A test compares them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOUSE))

import click
import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from sqlalchemy.dialects import postgresql

from console.help import example
from docs import client_api, client_typescript
from docs.terminal import captures
from domain.delivery import TYPES
from operations.catalogue.entries import catalogue
from operations.catalogue.lens import EbayDocument
from operations.catalogue.python import python
from operations.catalogue.reading import EVENTS
from operations.catalogue.samples import sample
from operations.catalogue.schemas import AS_SENT, definitions, descendants, said
from operations.catalogue.shapes import EventShape
from operations.catalogue.typescript import types_of, typescript
from settings import PREFIX, SECRETS, Settings
from starter import commands
from store.schema.every_table import metadata
from store.schema.views import VIEWS

NOTE = "Written by `make docs` from `{}`; a test compares.\n"
DIALECT: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
ROOMS_OF_EVENTS = ("domain/changes", "store")
EVENT = re.compile(r'"((?:order|fulfillment|inventory|offer|seller|alert)\.[a-z_]+)"')


def settings() -> str:
    lines = ["# Settings", "", NOTE.format("settings.py")]
    lines += [
        "Environment variables, or lines of a file `.env` in the working directory. Durations are written `0.5s`, `30s`, `5m`, `6h`, `30d`. A wrong",
        "value, or a name that does not exist, stops a process at its start with exit code 2 and one line that names it.",
        "",
        "A secret may stand in a file, as containers and systemd give it: the variable's name with `_FILE` behind it names that file. So may "
        + ", ".join(f"`{name}`" for name in SECRETS[1:])
        + " and `SMTP_URL`. Both at once stop the start.",
        "",
        "Temporal's own (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS_...`, `TEMPORAL_PROFILE`) are read by its SDK.",
        "",
        "| variable | default | what it is |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined or isinstance(value, SecretStr):
        return "none"
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        unit, length = next((u, s) for u, s in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % s == 0)
        return f"`{seconds / length:.0f}{unit}`"
    return f"`{'true' if value is True else 'false' if value is False else value}`"


def cli() -> str:
    lines = ["# Command line", "", NOTE.format("starter.py")]
    lines += [
        "Every command takes `--json`: one object a line. Exit 0: done; 1: failed, with one line on standard error; 2: wrong usage.",
        "SELLER is the app's own id of the seller; a wrong one is an error, as is whatever else makes no sense, in one line that says what to write.",
        "`starter.py --version` names the version and the revision of its tables.",
        "",
        "In a terminal rows stand in a table where they fit, else in cards; read by a pipe they stand in whole lines, whatever their length, and COLUMNS",
        "sets a width for both. Times are in UTC. How `list`, `status`, `alerts`, `deliveries`, `reconcile` and `quota` look at 60, 80 and 120 columns:",
        "[captures](../captures/).",
        "",
        "`starter.py --install-completion` lets bash, zsh or fish complete commands, options, states and sellers' ids (`--show-completion` prints what it",
        "would install). Run it as `./starter.py` or by an absolute path, since a shell completes programs by their name.",
        "",
    ]
    group = typer.main.get_command(commands())
    assert hasattr(group, "commands")
    for name, command in every_command(group):
        context = click.Context(command, info_name=f"starter.py {name}")
        lines += [f"## {name}", "", " ".join((command.help or "").split()), ""]
        lines += [f"    {example(*name.split())}", ""]
        for parameter in command.params:
            record = parameter.get_help_record(context)
            if parameter.name in ("help", "as_json", "json") or not record or "--help" in record[0]:
                continue
            lines.append(f"- `{' '.join(record[0].split())}`: {' '.join(record[1].split())}")
        lines += [""] if lines[-1] else []
    return "\n".join(lines).rstrip() + "\n"


def every_command(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Those of groups by their whole name: `notifications setup`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def events() -> str:
    found = {
        match
        for room in ROOMS_OF_EVENTS
        for file in (HOUSE / room).rglob("*.py")
        for match in EVENT.findall(file.read_text(encoding="utf-8"))
    } | parcel_events()
    if not found == EVENTS.keys() == set(TYPES):
        differ = (found | set(TYPES) | EVENTS.keys()) - (found & set(TYPES) & EVENTS.keys())
        raise SystemExit(f"docs/generate.py: catalogue, types and code differ: {sorted(differ)}")
    lines = ["# Events", "", NOTE.format("operations/catalogue/"), *ABOUT_EVENTS, "", "| type | when | `data` |", "|---|---|---|"]
    lines += [f"| `{one['type']}` | {one['description']} | {_data(one['title'])} |" for one in catalogue()]
    lines += ["", "## What `data` is", "", *ABOUT_DATA]
    for model in (*descendants(EbayDocument), *descendants(EventShape)):
        name = model.__name__
        if f"[{name}]" in "\n".join(lines):
            lines += ["", f"### {name}", "", f"{said(model)}", ""]
            required = definitions()[name]["required"]
            for field, schema in definitions()[name]["properties"].items():
                lines.append(f"- `{field}`: {types_of(schema).replace('|', 'or')}{', always there' if field in required else ''}")
    lines += ["", "## A sample", "", "`starter.py events TYPE` and `GET /v1/events` have one of each type.", "", "```json"]
    lines += [json.dumps(sample("inventory.sold"), indent=2), "```", "", "## Schemas and their versions", "", *ABOUT_SCHEMAS]
    return "\n".join(lines) + "\n"


def _data(title: str) -> str:
    """`[Order](#order)`."""
    data = definitions()[title]["properties"]["data"]
    names = [branch["$ref"].rpartition("/")[2] for branch in data.get("anyOf", [data])]
    return " or ".join(f"[{name}](#{name.lower()})" for name in names if not name.endswith(AS_SENT))


def parcel_events() -> set[str]:
    """Parcels make their types from the verb."""
    text = (HOUSE / "domain" / "changes" / "parcels.py").read_text(encoding="utf-8")
    return {f"fulfillment.{verb}" for verb in ("created", "updated", "removed") if verb in text}


ABOUT_EVENTS = [
    "One JSON object a change, the same in `starter.py changes --json`, in `GET /v1/changes` and, column by column, in the table `change_events`:",
    "",
    '    {"id": "…", "position": 1041, "seller_id": "s-17", "sequence": 12, "type": "order.updated", "entity_id": "03-14798-73169", "version": 3,',
    '     "occurred_at": "…", "detected_at": "…", "source": "poll", "changed": ["orderPaymentStatus"], "previous": {…}, "data": {…}}',
    "",
    "- `id` is the same for ever, also when a change is delivered again: write what you do under it, and nothing is done twice.",
    "- `position` orders the whole feed; `sequence` counts 1, 2, 3, … for each seller without a gap.",
    "- `entity_id`: eBay's orderId; `orderId/fulfillmentId` of a parcel; the SKU; `listing:ITEMID`; `offer:OFFERID`; of `seller.*` the seller.",
    "  A sale has that of the stock it is of, though its row need not stand yet.",
    "- `version` counts the entity's versions; events of one version share it. A sale has the version that its stock had then, 0 where none was known.",
    "- `data` is eBay's document, whole, as it is now; `changed` its top-level fields that differ, sorted; `previous` their old values.",
    "  Of something new they are `[]` and `{}`; a removal carries the last document known.",
    "- `data` of `inventory.sold` is no stock document: `{orderId, lineItemId, sku, legacyItemId, quantity, soldAt}`. Endpoints and readers that",
    "  choose `inventory.*` get it too: look at `type` before you take `data` for a stock. What is left is told by `inventory.updated`, once eBay",
    "  showed it.",
    "- `occurred_at`: when it happened by eBay (orders: creation, then last modification; parcels: shipped; stock: eBay's answer; a sale: its order's",
    "  creation); `detected_at`: when it was recorded. Both in UTC.",
    "- `source`: `poll`, `sweep` (the nightly second look found it), `backfill` (older than the enrolment), `notification`.",
    "- `data` of `seller.connected`: `{seller_id, generation, enrolled_at, inventory_source, offers}`; of `seller.removed`: `{seller_id, removed_at,",
    "  erased}`. No token and no name of eBay's is in them. `generation` counts the seller's consents.",
    "- An alert of the fleet has neither `seller_id` nor `sequence`. Nor has `seller.removed` of a seller who is erased: their own events go with",
    "  them, and it stays for whoever has not read it yet. It comes when they are removed (`erased` false) and when nothing is left (`erased` true),",
    "  under two ids. Who it is stands in `entity_id`, as always; readers and tokens of that seller alone (`seller=`, `--seller`) never get it.",
]
ABOUT_DATA = [
    "Field names and values are eBay's own, as eBay documents them, and any of them but the id may be absent or null. eBay adds fields unannounced,",
    "and they are passed on; a field may, rarely, come in another form than it is documented: then it is passed on too, and no schema refuses it.",
    "Parts within (a line item, an amount) are in the schemas, and in the types of the clients.",
]
ABOUT_SCHEMAS = [
    "Each type has a JSON Schema (2020-12) of the whole event: `GET /v1/events/TYPE/schema.json`, `starter.py events TYPE --schema`. Its `$defs` have the",
    "body of a delivery (`OrderCreatedDelivery`) and the thin form (`ThinEvent`) too. The API's description has the same as `webhooks`. Types of the same",
    "source: `clients/python/sellerbeat/events.py` (pydantic) and `clients/typescript/src/events.ts`.",
    "",
    "A schema says its `version`, which is in its `$id` too. **How it may change**: optional fields may be added, and then the second number grows: what",
    "was valid stays valid, so ignore what you do not know. Anything else (a field that goes, is renamed, gets another type or another meaning, or is",
    "required from then on) is a new first number, served beside the old one, `?version=1`, for as long as events of it are told. A new type of event is",
    "no change of a schema: ignore types that you do not know. A test holds the fields of version 1.",
    "",
    "An event whose `id` begins with `test-` was sent by `starter.py endpoint test`, with `--type` as the sample of that type: check the signature, answer",
    "200, and do nothing else.",
]


def tables() -> str:
    files = sorted((HOUSE / "store" / "schema").glob("*tables.py"))
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    lines = ["# Tables", "", NOTE.format("store/*tables.py")]
    lines += [
        "All stand in the schema that `SELLERBEAT_DATABASE_SCHEMA` names. Readers have the views; write none of the tables, or the promise is void.",
        "",
    ]
    for name, view in VIEWS.items():
        lines += [f"## {name}", "", view.comment, "", "| column | |", "|---|---|"]
        lines += [f"| `{column}` | {words} |" for column, (_, words) in view.columns.items()]
        lines.append("")
    for table in sorted(metadata.tables.values(), key=lambda one: one.name):
        lines += [f"## {table.name}", "", "| column | type | null | |", "|---|---|---|---|"]
        for column in table.columns:
            key = "key" if column.primary_key else "yes" if column.nullable else "no"
            lines.append(
                f"| `{column.name}` | {column.type.compile(DIALECT).lower()} | {key} | {_comment(source, table.name, column.name)} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _comment(source: str, table: str, column: str) -> str:
    """What stands behind the column in the file."""
    block = re.search(rf'^\w+ = (?:Table\(\s+"{table}"|_entities\(\s*"{table}").*?^\)|^\w+ = _entities\("{table}".*?$', source, re.M | re.S)
    for text in (block[0] if block else "", source[source.index("def _entities") : source.index("orders = _entities")]):
        if found := re.search(rf'"{column}".*?  # (.*)$', next((line for line in text.splitlines() if f'"{column}"' in line), ""), re.M):
            return found[1].replace("|", "\\|")
    return ""


PAGES = {"settings": settings, "cli": cli, "events": events, "tables": tables}
CLIENTS: dict[str, Callable[[], str]] = {
    "python/sellerbeat/events.py": python,
    "python/sellerbeat/answers.py": client_api.answers,
    "python/sellerbeat/api.py": partial(client_api.api, asynchronous=False),
    "python/sellerbeat/async_api.py": partial(client_api.api, asynchronous=True),
    "typescript/src/events.ts": typescript,
    "typescript/src/answers.ts": client_typescript.answers,
    "typescript/src/api.ts": client_typescript.api,
}


def main() -> None:
    folder = HOUSE / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / f"{name}.md").write_text(page(), encoding="utf-8")
    (HOUSE / "docs" / "captures").mkdir(exist_ok=True)
    for name, screen in captures().items():
        (HOUSE / "docs" / "captures" / name).write_text(screen, encoding="utf-8")
    for path, made in CLIENTS.items():
        (HOUSE / "clients" / path).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
