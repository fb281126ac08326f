"""Writes docs/reference/{settings,cli,events,tables}.md from the code: `make docs`. A test compares them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOUSE))

import click
import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from sqlalchemy.dialects import postgresql

from settings import PREFIX, Settings
from starter import commands
from store.schema.tables import metadata
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
        "SELLER is the app's own id of the seller.",
        "",
    ]
    group = typer.main.get_command(commands())
    assert hasattr(group, "commands")
    for name, command in every_command(group):
        context = click.Context(command, info_name=f"starter.py {name}")
        lines += [f"## {name}", "", " ".join((command.help or "").split()), ""]
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
    unknown = found - EVENTS.keys()
    if unknown or EVENTS.keys() - found:
        raise SystemExit(f"docs/generate.py: EVENTS and the code differ: {sorted(unknown ^ (EVENTS.keys() - found))}")
    lines = ["# Events", "", NOTE.format("domain/changes/ and store/"), *ABOUT_EVENTS, "", "| type | when |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {words} |" for name, words in EVENTS.items())]) + "\n"


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
    "- An alert of the fleet has neither `seller_id` nor `sequence`. Nor has `seller.removed` of a seller who was erased: their own events are gone",
    "  with them, and this one stays for whoever has not read it yet. Who it is stands in `entity_id`, as always.",
]
EVENTS = {
    "order.created": "an order that was not known",
    "order.updated": "anything in an order's content changed; a new date alone is no change",
    "order.cancelled": "beside `order.updated`, same version: the order is now cancelled",
    "order.refunded": "beside `order.updated`, same version: a refund is done, by eBay's word (not one that is pending or failed)",
    "fulfillment.created": "a parcel was shipped",
    "fulfillment.updated": "its carrier, tracking number or content changed",
    "fulfillment.removed": "eBay no longer has it",
    "inventory.created": "a SKU or listing that was not known",
    "inventory.updated": "its quantity, price, title or anything else changed",
    "inventory.out_of_stock": "beside `inventory.updated`, same version: nothing is available any more",
    "inventory.removed": "the SKU was deleted, or the listing ended",
    "inventory.sold": "a line of an order was stored for the first time: a sale; its `data` is no stock document",
    "offer.created": "a price and quantity on one marketplace; only for sellers enrolled with `--offers`",
    "offer.updated": "it changed",
    "offer.removed": "it is gone",
    "seller.connected": "a seller was enrolled, by whatever way; also one who was removed before. Their first event",
    "seller.needs_reauthorization": "eBay refuses the seller's token: ask them for a new consent",
    "seller.reauthorized": "a new token was given, and polling goes on",
    "seller.removed": "nothing is polled for the seller any more; `data.erased`: and nothing of them is stored any more",
    "alert.opened": "something needs a look; `data` says what",
    "alert.closed": "it passed",
}


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
    for table in metadata.tables.values():
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


def main() -> None:
    folder = HOUSE / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
