"""Ids of sellers that begin as somebody typed."""

from sqlalchemy import Engine, text

from store.schema.errors import translated

SELLER_IDS_THAT_BEGIN = text("""
    SELECT seller_id FROM sellerbeat.sellers WHERE starts_with(seller_id, :begins) ORDER BY seller_id LIMIT :limit
""")


def sellers_beginning(engine: Engine, begins: str, limit: int) -> list[str]:
    """By id, removed ones too."""
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        return list(connection.execute(SELLER_IDS_THAT_BEGIN, {"begins": begins, "limit": limit}).scalars())
