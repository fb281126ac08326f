"""What people chose for sellers: read for those who steer them. `Sellers` writes it, and the workflow by `save_overrides`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, text

from domain.pacing import InventorySource
from store.schema.errors import translated

OVERRIDES_OF_GIVEN_SELLERS = text("""
    SELECT seller_id, wishes AS overrides, removed_at IS NOT NULL AS is_removed FROM sellerbeat.sellers
    WHERE seller_id = ANY(CAST(:sellers AS text[]))
""")
OVERRIDES_OF_ALL_SELLERS = text("SELECT seller_id, wishes AS overrides FROM sellerbeat.sellers WHERE removed_at IS NULL ORDER BY seller_id")
OPTIONS_OF_SELLER = text("SELECT options FROM sellerbeat.sellers WHERE seller_id = :seller_id")


class ChosenSettings:
    """For command line, page and API. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def overrides(self, sellers: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """As `Sellers.overrides`, of several in one statement; None: removed. Who was never enrolled is left out."""
        with translated(), self._single.connect() as connection:
            rows = connection.execute(OVERRIDES_OF_GIVEN_SELLERS, {"sellers": list(sellers)})
            return {row.seller_id: None if row.is_removed else dict(row.overrides) for row in rows}

    def overrides_of_all(self) -> dict[str, dict[str, Any]]:
        """The same of everybody who is enrolled, by id."""
        with translated(), self._single.connect() as connection:
            return {row.seller_id: dict(row.overrides) for row in connection.execute(OVERRIDES_OF_ALL_SELLERS)}

    def sources(self, seller_id: str) -> tuple[InventorySource, bool]:
        """Where the stock is read, and whether offers are. Of who was never enrolled: as a new seller's."""
        with translated(), self._single.connect() as connection:
            options = connection.execute(OPTIONS_OF_SELLER, {"seller_id": seller_id}).scalar() or {}
        return InventorySource(options.get("inventory_source", InventorySource.AUTO)), bool(options.get("offers"))
