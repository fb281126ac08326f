"""`starter.py events`: what types of events there are, and one of them with its sample or its schema."""

from __future__ import annotations

import json
from typing import Any

import typer

from console.output import Output, print_json, show
from domain.delivery import TYPES, wrong_type
from operations.catalogue.entries import catalogue, entry
from operations.catalogue.schemas import schema_of


def show_catalogue(type_: str | None, schema: bool) -> None:
    """All types in a table, or one with its sample, or its schema. Raises BadParameter: no such type; a schema of none."""
    if type_ is None:
        if schema:
            raise typer.BadParameter("--schema needs the TYPE, such as order.created")
        columns = {"type": "type", "description": "when", "schema_version": "schema"}
        show(catalogue(), columns, empty="no types", sentences=("description",))
        return
    if type_ not in TYPES:
        raise typer.BadParameter(wrong_type(type_))
    if schema:
        _print(schema_of(type_))
    elif Output.json:
        print_json(entry(type_))
    else:
        found = entry(type_)
        typer.echo(f"{found['type']}: {found['description']}\nschema {found['schema_version']}: {found['schema_url']}\n\nsample:")
        for sample in (found["sample"], *found["other_samples"]):
            _print(sample)


def _print(document: dict[str, Any]) -> None:
    if Output.json:
        print_json(document)
    else:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
