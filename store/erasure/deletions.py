"""Users who left eBay and want to be forgotten: one row each, from eBay's word to the proof that it is done, which names nobody.

Each is looked for twice, some minutes apart: a commit that had read the list before the user was on it may still have written them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, text

from store.erasure.forgotten import Forgotten
from store.schema.errors import SecretError, translated
from store.schema.keyed import KeyedHash
from store.schema.times import iso
from store.schema.vault import Vault

AGAIN = timedelta(minutes=3)  # the longest transaction of a step has ended by then: its statements and pauses have time-outs

# A row comes back only for news: eBay sends a notification more than once.
ADD_DELETION = text("""
    INSERT INTO sellerbeat.deletions (id, person, name, sealed, asked_at, look_at, counts)
    VALUES (:id, :person, :name, :sealed, clock_timestamp(), clock_timestamp(), '{}') ON CONFLICT (id) DO NOTHING RETURNING 1
""")
DUE_DELETIONS = text("""
    SELECT id, sealed, looks FROM sellerbeat.deletions WHERE look_at <= (SELECT clock_timestamp()) AND id <> ALL (CAST(:but AS text[]))
    ORDER BY look_at LIMIT :limit
""")
# What was found in this look is in `counts` already, under the lock of the orders' transactions; so a look that was broken off counts too.
NOTE_LOOK_OF_DELETION = text("""
    UPDATE sellerbeat.deletions SET looks = looks + 1,
        look_at = CASE WHEN :done THEN NULL ELSE clock_timestamp() + :again END,
        done_at = CASE WHEN :done THEN clock_timestamp() END,
        sealed = CASE WHEN :done THEN NULL ELSE sealed END
    WHERE id = :id AND look_at IS NOT NULL
""")
ADD_TO_COUNTS_OF_DELETION = text("""
    UPDATE sellerbeat.deletions SET counts = counts || (
        SELECT jsonb_object_agg(key, coalesce(CAST(counts ->> key AS bigint), 0) + CAST(value AS bigint)) FROM jsonb_each_text(:counts)
    ) WHERE id = :id
""")
DELETIONS_OLDEST_FIRST = text("""
    SELECT id, person, name, asked_at, done_at, looks, counts FROM sellerbeat.deletions
    WHERE NOT :open OR look_at IS NOT NULL ORDER BY asked_at, id LIMIT :limit
""")
SEALED_DELETIONS = text("SELECT id, sealed FROM sellerbeat.deletions WHERE sealed IS NOT NULL")
# Only over what was read: it may be done, and nobody's any more, by now.
RESEAL_DELETION = text("UPDATE sellerbeat.deletions SET sealed = :anew WHERE id = :id AND sealed = :before")
# Also who is in eBay's notification alone: no worker has taken them on yet. Both are read by their partial indexes.
AGE_OF_OLDEST_DELETION = text("""
    SELECT coalesce(extract(epoch FROM clock_timestamp() - least(
        (SELECT min(asked_at) FROM sellerbeat.deletions WHERE look_at IS NOT NULL),
        (SELECT min(received_at) FROM sellerbeat.notifications WHERE state = 'pending' AND person IS NOT NULL)
    )), 0)
""")
PERSONS_TO_FORGET = text("SELECT DISTINCT person FROM sellerbeat.deletions WHERE person = ANY (CAST(:persons AS bytea[]))")
# After a restore: what the backup did not know yet. It is done already, but for what came back with the backup.
RESTORE_DELETIONS = text("""
    INSERT INTO sellerbeat.deletions (id, person, name, asked_at, done_at, looks, counts)
    SELECT id, person, name, asked_at, done_at, looks, counts FROM unnest(
        CAST(:ids AS text[]), CAST(:persons AS bytea[]), CAST(:names AS bytea[]), CAST(:asked AS timestamptz[]),
        CAST(:done AS timestamptz[]), CAST(:looks AS int[]), CAST(:counts AS jsonb[])
    ) AS given (id, person, name, asked_at, done_at, looks, counts)
    ON CONFLICT (id) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Deletion:
    """One that is due."""

    id: str
    username: str = field(repr=False)  # "" where eBay did not tell
    user_id: str = field(repr=False)
    looks: int  # that were taken before
    opens: bool = True  # False: no key opens who it is


class Deletions:
    """The list of who is to be forgotten: encrypted until it is done, then as keyed hashes alone. Its clock is the database's."""

    def __init__(self, engine: Engine, vault: Vault, hashes: KeyedHash) -> None:
        self._engine, self._vault, self._forgotten = engine, vault, Forgotten(hashes)
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def take(self, username: str | None, user_id: str | None, id_: str | None = None) -> bool:
        """Somebody is to be forgotten. From now on their orders are redacted on their way in. Returns whether this is news.

        Args:
            id_: of eBay's notification: the same one again is no news.
        """
        values = {
            "id": id_ or str(uuid4()),
            "person": self._forgotten.person(user_id or ""),
            "name": self._forgotten.name(username) if username else None,
            "sealed": self._vault.seal(json.dumps([(username or "").replace("\0", ""), (user_id or "").replace("\0", "")])),
        }
        with translated(), self._single.connect() as connection:
            return connection.execute(ADD_DELETION, values).scalar() is not None

    def due(self, limit: int = 100, but: Iterable[str] = ()) -> list[Deletion]:
        """Who is to be looked for now, but for these. One whom no key opens says so, and keeps none of the others from being found."""
        with translated(), self._single.connect() as connection:
            rows = connection.execute(DUE_DELETIONS, {"limit": limit, "but": list(but)}).all()
        return [self._opened(row) for row in rows]

    def _opened(self, row: Row[Any]) -> Deletion:
        try:
            username, user_id = json.loads(self._vault.open(row.sealed))
        except SecretError:
            return Deletion(row.id, "", "", row.looks, opens=False)
        return Deletion(row.id, username, user_id, row.looks)

    def looked(self, deletion: Deletion, found: Mapping[str, int], again: timedelta = AGAIN) -> bool:
        """A look is over. Done, and the person forgotten here too, when it was not the first and found nothing. Returns whether it is."""
        done = deletion.looks > 0 and not any(found.values())
        with translated(), self._single.connect() as connection:
            connection.execute(NOTE_LOOK_OF_DELETION, {"id": deletion.id, "done": done, "again": again})
        return done

    def rotate(self) -> int:
        """Encrypt anew, with the first key, who is still looked for. Returns how many.

        Raises:
            SecretError: no key opens one; the others are done.
        """
        with translated(), self._single.connect() as connection:
            rows = connection.execute(SEALED_DELETIONS).all()
            old, lost = self._vault.all_renewed([(row.id, row.sealed) for row in rows])
            for id_, before, anew in old:
                connection.execute(RESEAL_DELETION, {"id": id_, "before": before, "anew": anew})
        if lost:
            raise SecretError("no key in SELLERBEAT_SECRET_KEYS opens who is still to be forgotten")
        return len(old)

    def add(self, deletion_id: str, counts: Mapping[str, int]) -> None:
        """Add to the deletion's counts: rows that were erased or made anonymous, by table."""
        with translated(), self._single.connect() as connection:
            connection.execute(ADD_TO_COUNTS_OF_DELETION, {"id": deletion_id, "counts": json.dumps(dict(counts))})

    def persons(self, user_ids: Mapping[str, str]) -> list[str]:
        """Of these (id of ours -> eBay's user id) those who are to be forgotten."""
        hashed = {self._forgotten.person(user_id): ours for ours, user_id in user_ids.items()}
        with translated(), self._single.connect() as connection:
            found = connection.execute(PERSONS_TO_FORGET, {"persons": list(hashed)})
            return sorted(hashed[bytes(row.person)] for row in found)

    def rows(self, *, pending: bool = False, limit: int = 1_000_000) -> list[dict[str, Any]]:
        """The proof, oldest first: times, counts and keyed hashes; nobody's name."""
        with translated(), self._single.connect() as connection:
            found = connection.execute(DELETIONS_OLDEST_FIRST, {"open": pending, "limit": limit}).all()
        return [
            {
                "id": row.id,
                "state": "pending" if row.done_at is None else "done",
                "asked_at": iso(row.asked_at),
                "done_at": iso(row.done_at),
                "looks": row.looks,
                "counts": row.counts,
                "person": bytes(row.person).hex(),
                "name": bytes(row.name).hex() if row.name else None,
            }
            for row in found
        ]

    def oldest(self) -> float:
        """Seconds for which the oldest user who left waits to be forgotten; 0: nobody waits."""
        with translated(), self._single.connect() as connection:
            return float(connection.execute(AGE_OF_OLDEST_DELETION).scalar_one())

    def know(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Take rows of before a restore back, as `rows` gave them; returns how many were new. Raises KeyError, ValueError."""
        given = list(rows)
        values = {
            "ids": [row["id"] for row in given],
            "persons": [bytes.fromhex(row["person"]) for row in given],
            "names": [bytes.fromhex(row["name"]) if row["name"] else None for row in given],
            "asked": [row["asked_at"] for row in given],
            "done": [row["done_at"] or row["asked_at"] for row in given],
            "looks": [int(row["looks"]) for row in given],
            "counts": [json.dumps(row["counts"]) for row in given],
        }
        with translated(), self._single.connect() as connection:
            return connection.execute(RESTORE_DELETIONS, values).rowcount
