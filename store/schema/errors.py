"""What can go wrong with the store: a small tree. No text here ever holds a value of a document, a parameter or a row.

Postgres prints "Failing row contains (...)" and SQLAlchemy prints parameters, both with buyers' data in them. So none of their
errors leaves this package: `translated` puts one of ours in their place, with a constant text, `from None`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from store.schema.faults import NO_ANSWER, not_allowed, unavailable


class StoreError(Exception):
    """The database refused a statement: a mistake of ours, retried like any failure. Act: read the SQLSTATE in the text, report it."""


class StoreUnavailableError(StoreError):
    """Postgres cannot be reached, is too busy, or took too long. Retried with backoff. Act: look at Postgres."""

    def __init__(self, text: str, lost: bool = False) -> None:
        super().__init__(text)
        self.lost = lost  # the connection broke: a new one may do


class TablesMissingError(StoreError):
    """The database lacks our tables, or holds older ones. Not a matter of retrying. Act: `starter.py migrate`."""

    def __init__(self) -> None:
        super().__init__("the database lacks tables of this version: run starter.py migrate")


class TablesUnknownError(StoreError):
    """The database holds tables of a later version that this one cannot work with. Not retried. Act: use a version that can."""

    def __init__(self, revision: str, compatible_since: str | None = None) -> None:
        needed = f", which need a version of revision {compatible_since} or later" if compatible_since else ""
        super().__init__(f"the tables are of a later version (revision {revision}){needed}: see Roll back in docs/how-to/deploy.md")


class TablesDifferError(StoreError):
    """Tables are not as the migrations left them. Not retried. Act: put back what is named, from a dump of the schema or by hand."""

    def __init__(self, differences: list[str]) -> None:
        more = f", and {len(differences) - 5} more" if len(differences) > 5 else ""
        super().__init__(f"the tables are not as this version needs them: {'; '.join(differences[:5])}{more}")


class FormerProcessesError(StoreError):
    """Processes of a version that cannot work with the new tables are connected. Nothing was changed. Act: stop them, then migrate."""

    def __init__(self, connections: int, why: str = "the tables are to move out of the schema public into one of their own") -> None:
        super().__init__(
            f"{why}: stop the worker and web.py of the version before first "
            f"({connections} of their connections are open), then run starter.py migrate again"
        )


class SchemaTakenError(StoreError):
    """The schema that is to be ours holds somebody else's tables. Act: choose another one."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"the schema {schema} holds tables that are not Sellerbeat's: give SELLERBEAT_DATABASE_SCHEMA a name of its own")


class TablesHeldError(StoreError):
    """Somebody held a table for all the time that a migration may wait for it. Nothing was changed. Act: try again when they are done."""

    def __init__(self, holders: Sequence[str]) -> None:
        who = f": {', '.join(holders)}" if holders else ""
        super().__init__(f"nothing was migrated, as somebody reads or writes a table for long{who}; try again when that is over")


class EncodingError(StoreError):
    """The database cannot hold what eBay sends. Act: make one in UTF-8."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"the database is in {encoding}, which cannot hold all that eBay sends: make one with ENCODING 'UTF8'")


class NotAllowedError(StoreError):
    """The role of the database URL lacks a right. Act: as the text says."""


class RestoredDatabaseError(StoreUnavailableError):
    """The database was restored, or a replica took over, and no event may be written yet. Retried: a worker makes it good first."""

    def __init__(self) -> None:
        super().__init__("the database was restored, or another one took its place: run starter.py restored, unless a worker runs")


class SharedSessionsError(StoreError):
    """A pooler in transaction mode stands between, where a session is needed. Nothing was changed. Act: go past it."""

    def __init__(self) -> None:
        super().__init__(
            "a pooler in transaction mode stands between us and Postgres, and starter.py migrate needs a session of its own: run it with a "
            "SELLERBEAT_DATABASE_URL that leads to Postgres itself (or to a pooler in session mode); nothing was changed"
        )


class SecretError(StoreError):
    """No key decrypts a stored token. Not retried. Act: put back the key that encrypted it, or `starter.py connect` with a new token."""


class SupersededError(StoreError):
    """A later step has begun for this seller, so this one may commit nothing. Retried with a new epoch."""


class UnknownSellerError(StoreError):
    """The seller is not enrolled. Not retried. Act: `starter.py enroll`."""

    def __init__(self, seller_id: str, removed: bool) -> None:
        super().__init__(f"seller {seller_id} was removed" if removed else f"seller {seller_id} is not enrolled")
        self.seller_id, self.removed = seller_id, removed


class OffersNeedInventoryError(StoreError):
    """Offers are asked for where the Trading API alone is read, which has none. Not retried. Act: as the text says."""

    def __init__(self, seller_id: str) -> None:
        super().__init__(f"offers of {seller_id} need the Inventory API: choose another --source than trading, or --no-offers")


# SQLSTATE classes that say "these values, never": data, integrity, program limits (a key too long for its index, nesting too deep)
REFUSALS = ("22", "23", "54")

_MISSING = {"42P01", "42703", "3F000"}  # undefined table, column, schema


def sqlstate(error: DBAPIError) -> str:
    """Five letters, or "" where there was no answer from a server."""
    return _code(error.orig)


def _code(error: BaseException | None) -> str:
    return getattr(error, "pgcode", None) or ""


def keep_words(error: BaseException, connection: Any) -> None:
    """Of a connection of the driver's that was cut off, the error tells no more than that. What the server said before stands with the
    connection until it is closed: so this comes first.
    """
    if not _code(error) and not hasattr(error, "words"):
        error.words = connection.info.error_message  # type: ignore[attr-defined]


def refused(error: DBAPIError) -> bool:
    """Whether Postgres refuses the values themselves, so that trying again is of no use."""
    return sqlstate(error).startswith(REFUSALS)


def translate(error: SQLAlchemyError) -> StoreError:
    """Our error for theirs. The texts are constants: they may go to logs and Temporal histories."""
    if isinstance(error, PoolTimeoutError):
        return StoreUnavailableError("no connection of the pool came free in time")
    if not isinstance(error, DBAPIError):
        return StoreError(f"the database layer failed ({type(error).__name__})")
    code, said = sqlstate(error), f"{getattr(error.orig, 'words', None) or ''} {error.orig}"
    if code in _MISSING:
        return TablesMissingError()
    if code == "42501" or (not code and "permission denied" in said):
        return NotAllowedError(not_allowed(said))
    if words := unavailable(code, said):
        return StoreUnavailableError(words, lost=error.connection_invalidated)
    if error.connection_invalidated:
        return StoreUnavailableError("the connection to Postgres was lost", lost=True)
    if not code:
        return StoreUnavailableError(NO_ANSWER)
    return StoreError(f"the database refused a statement (SQLSTATE {code})")


@contextmanager
def translated() -> Iterator[None]:
    """Around all that talks to Postgres."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error) from None
    except psycopg2.Error as error:  # SQLAlchemy lets the driver's own through when it puts back a connection that died meanwhile
        words = unavailable(_code(error), str(error)) or "the connection to Postgres was lost"
        raise StoreUnavailableError(words, lost=True) from None
