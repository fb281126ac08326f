"""Who works on this database: two deployments would poll every seller twice, each fencing off the other's steps.

A deployment is told by its namespace's id in Temporal, which an emptied Temporal has anew. So whoever was not heard since this one began is
no second one: it is this one before.
"""

from datetime import timedelta

from sqlalchemy import Engine, text

from store.schema.errors import translated

GONE_AFTER = timedelta(minutes=3)  # each says every minute that it is there
PREFIX, FIRST = "deployment:", "deployment-since:"  # versions before look at the first alone
RECORD_DEPLOYMENT_AND_COUNT_OTHERS = text("""
    WITH mine AS (
        INSERT INTO sellerbeat.claims AS c (name, at) VALUES (:prefix || :identity, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET at = excluded.at RETURNING c.name
    ), before AS (
        SELECT max(at) AS at FROM sellerbeat.claims WHERE name = :prefix || :identity
    ), began AS (
        INSERT INTO sellerbeat.claims AS c (name, at) VALUES (:first || :identity, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET at =
            CASE WHEN (SELECT at FROM before) > clock_timestamp() - CAST(:gone AS interval) THEN c.at ELSE excluded.at END
        RETURNING c.at
    )
    SELECT count(*) FROM sellerbeat.claims, mine, began
    WHERE claims.name <> mine.name AND starts_with(claims.name, :prefix)
        AND claims.at > greatest(began.at, clock_timestamp() - CAST(:gone AS interval))
""")


class Deployments:
    """Who has said lately, by the database's clock, that they work on this database."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def others(self, identity: str) -> int:
        """Say that this deployment is there; returns how many others said so in the last 3 minutes, and since this one began."""
        with translated(), self._single.connect() as connection:
            found: int = connection.execute(
                RECORD_DEPLOYMENT_AND_COUNT_OTHERS, {"identity": identity, "prefix": PREFIX, "first": FIRST, "gone": GONE_AFTER}
            ).scalar_one()
            return found
