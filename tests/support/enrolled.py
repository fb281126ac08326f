"""Sellers as an earlier version enrolled them, which told nobody: for tests of what comes after, and count it from the beginning."""

from __future__ import annotations

from sqlalchemy import Engine, text

TAKE_BACK = text("""
    WITH told AS (
        DELETE FROM sellerbeat.change_events e USING sellerbeat.sellers s
        WHERE s.seller_id = :seller_id AND e.seller_id = :seller_id AND e.sequence = s.sequence AND e.type = 'seller.connected'
        RETURNING e.position
    ), seller AS (
        UPDATE sellerbeat.sellers SET sequence = sequence - 1, detected_at = CASE sequence WHEN 1 THEN NULL ELSE detected_at END
        WHERE seller_id = :seller_id AND EXISTS (SELECT FROM told)
    )
    SELECT setval('sellerbeat.positions', greatest(position - 1, 1), position > 1) FROM told
    WHERE position = (SELECT last_value FROM sellerbeat.positions)
""")


def long_ago(engine: Engine, seller_id: str) -> None:
    """Of a seller who was enrolled just now, as if by a version before `seller.connected`. Of any other nothing is changed."""
    with engine.begin() as connection:
        connection.execute(TAKE_BACK, {"seller_id": seller_id})
