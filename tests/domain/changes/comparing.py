"""An order compared with what eBay shows of it next."""

from typing import Any

from domain.changes.model import Change, Detection, Document, Stored
from domain.changes.orders import detect_orders
from tests.domain.changes.documents import NOW, held, order

LATER = "2026-06-18T15:00:00.000Z"


def detect(fetched: Document, stored: Stored | None = None) -> Detection:
    return detect_orders([fetched], {stored.entity_id: stored} if stored else {}, NOW)


def update(**fields: Any) -> Change:
    """The one change that a later reading with these fields gives."""
    [change] = detect(order(lastModifiedDate=LATER, **fields), held(order(), version=4)).changes
    return change
