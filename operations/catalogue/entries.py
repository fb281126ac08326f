"""The catalogue of events: what there is of each type."""

from __future__ import annotations

from typing import Any

from operations.catalogue.reading import EVENTS
from operations.catalogue.samples import other_samples, sample
from operations.catalogue.schemas import address, identity, name_of, said
from operations.catalogue.shapes import SCHEMA_VERSION


def catalogue() -> list[dict[str, Any]]:
    """Every type, in the order of the contract."""
    return [entry(type_) for type_ in EVENTS]


def entry(type_: str) -> dict[str, Any]:
    """Of one type: what it says, where its schema is, and a sample. `other_samples`: where `data` has two shapes, the second."""
    return {
        "type": type_,
        "title": name_of(type_),
        "description": said(EVENTS[type_]),
        "schema_url": address(type_),
        "schema_id": identity(type_),
        "schema_version": SCHEMA_VERSION,
        "sample": sample(type_),
        "other_samples": other_samples(type_),
    }
