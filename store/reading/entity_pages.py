"""Statements for pages of stored entities. Apart from `paging.py`, since `status` needs sellers alone, and waits for what is loaded."""

from sqlalchemy import TextClause, text

from domain.changes.model import Kind
from store.reading.snapshots import SNAPSHOT_OF_SELLER


def _stored(kind: Kind, which: str) -> TextClause:
    """The bounds reach the rows within, so that sales are summed up for these alone."""
    return text(f"SELECT * FROM ({SNAPSHOT_OF_SELLER[kind][0]}) AS stored WHERE {which} ORDER BY entity_id LIMIT :limit")


def _unstored(kind: Kind, which: str) -> TextClause:
    return text(f"SELECT * FROM ({SNAPSHOT_OF_SELLER[kind][1]}) AS unstored WHERE {which} ORDER BY aside_id LIMIT :limit")


NEXT_ENTITIES = {kind: (_stored(kind, "entity_id > :after"), _unstored(kind, "aside_id > :after")) for kind in Kind}
_NAMED = "entity_id = ANY(CAST(:ids AS text[]))"
ENTITIES_BY_ID = {kind: (_stored(kind, _NAMED), _unstored(kind, _NAMED)) for kind in Kind}
