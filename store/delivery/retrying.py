"""What waits for a later try at an endpoint is due at once: somebody says that its receiver is well again."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from store.delivery.cursors import MATCHES
from store.delivery.endpoints import LOCK_CURSORS_OF_ENDPOINT, LOCK_ENDPOINT, UnknownEndpointError
from store.schema.errors import translated

MANY = 10_000  # more than these are not counted
COUNT_EVENTS_WAITING_FOR_RETRY = text(f"""
    WITH behind AS (
        SELECT l.seller_id AS seller, l.sequence AS delivered, e.types
        FROM sellerbeat.delivery_lanes l JOIN sellerbeat.endpoints e ON e.id = l.endpoint_id
        WHERE l.endpoint_id = :id AND (l.tries > 0 OR l.retry_at IS NOT NULL)
    ), waiting AS (
        SELECT FROM behind b CROSS JOIN LATERAL (
            SELECT FROM sellerbeat.change_events c WHERE c.seller_id = b.seller AND c.sequence > b.delivered
                AND {MATCHES.format(type="c.type", types="b.types")} ORDER BY c.sequence LIMIT {MANY}
        ) AS news WHERE b.seller <> ''
        UNION ALL
        SELECT FROM behind b JOIN sellerbeat.change_events c ON c.seller_id IS NULL AND c.position > b.delivered
            AND {MATCHES.format(type="c.type", types="b.types")} WHERE b.seller = ''
        UNION ALL
        SELECT FROM behind b JOIN sellerbeat.redeliveries r ON r.endpoint_id = :id AND r.seller_id = b.seller
        LIMIT {MANY}
    )
    SELECT count(*) FROM waiting
""")
# Somebody acts, so the waits between tries begin anew. The tries are counted on, and since when it fails stays: with it the day on which
# the endpoint is switched off.
MAKE_CURSORS_OF_ENDPOINT_DUE = text("""
    UPDATE sellerbeat.delivery_lanes SET schedule_from = tries, retry_at = NULL, tell_at = clock_timestamp()
    WHERE endpoint_id = :id AND (tries > 0 OR retry_at IS NOT NULL)
""")
PERMIT_PROBE_OF_ENDPOINT = text("UPDATE sellerbeat.endpoints SET probed_at = NULL WHERE id = :id AND probed_at IS NOT NULL")


@dataclass(frozen=True, slots=True)
class MadeDue:
    """What waited for a later try and is due now."""

    sellers: int  # the fleet's alerts count as one
    events: int  # MANY stands for that and more


class DeliveryRetries:
    """For command line, page and API."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self, endpoint_id: str) -> MadeDue:
        """Have all that waits for a later try tried at once, each seller's changes in order. Raises UnknownEndpointError."""
        values = {"id": endpoint_id}
        with translated(), self._engine.begin() as connection:
            if connection.execute(LOCK_ENDPOINT, values).scalar() is None:
                raise UnknownEndpointError(endpoint_id)
            connection.execute(PERMIT_PROBE_OF_ENDPOINT, values)
            connection.execute(LOCK_CURSORS_OF_ENDPOINT, values)
            events = connection.execute(COUNT_EVENTS_WAITING_FOR_RETRY, values).scalar_one()
            return MadeDue(connection.execute(MAKE_CURSORS_OF_ENDPOINT_DUE, values).rowcount, events)
