"""eBay's notifications: kept before eBay gets its answer, and pending until what they tell of was read. The rows are the truth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, text

from store.schema.errors import SecretError, translated
from store.schema.vault import Vault

AT_ONCE = 500  # pending rows of a seller in one step


class State(StrEnum):
    """How far a notification is. Only of a PENDING one something is left to do."""

    PENDING = "pending"
    DONE = "done"
    LEFT = "left"  # to polling: eBay never showed what it told of
    SEEN = "seen"  # a topic of no use
    UNMAPPED = "unmapped"  # of nobody we know


# A copy changes nothing but the count of copies: what was told once is told. Whose it is says the address that it came to, by which the
# seller was subscribed; the application's own says nothing, and there the account that it names does.
STORE_NOTIFICATION = text("""
    WITH owner AS (
        SELECT seller_id FROM sellerbeat.sellers WHERE removed_at IS NULL
            AND seller_id = coalesce(:seller_id, (SELECT seller_id FROM sellerbeat.accounts WHERE user_id = :user_id))
    )
    INSERT INTO sellerbeat.notifications AS n
        (notification_id, topic, seller_id, state, order_ids, listing_ids, received_at, happened_at, published_at, ended_at, person)
    SELECT :id, :topic, (SELECT seller_id FROM owner), CASE
            WHEN :useless THEN 'seen' WHEN :mapped AND NOT EXISTS (SELECT FROM owner) THEN 'unmapped' ELSE 'pending' END,
        CAST(:orders AS text[]), CAST(:listings AS text[]), clock_timestamp(), :happened_at, :published_at,
        CASE WHEN :useless THEN clock_timestamp() END, :person
    ON CONFLICT (notification_id) DO UPDATE SET copies = n.copies + 1
    RETURNING seller_id, state, copies
""")
PENDING_NOTIFICATIONS_OF_SELLER = text("""
    SELECT notification_id, topic, order_ids, listing_ids, happened_at, asks, received_at FROM sellerbeat.notifications
    WHERE seller_id = :seller_id AND state = 'pending' AND (due_at IS NULL OR due_at <= :now)
    ORDER BY received_at, notification_id LIMIT :limit
""")
NEXT_NOTIFICATION_DUE_OF_SELLER = text("""
    SELECT min(coalesce(due_at, :now)) FROM sellerbeat.notifications
    WHERE seller_id = :seller_id AND state = 'pending'
""")
END_NOTIFICATIONS = text("""
    UPDATE sellerbeat.notifications SET state = :state, ended_at = clock_timestamp(), due_at = NULL, person = NULL
    WHERE notification_id = ANY(CAST(:ids AS text[])) AND state = 'pending'
""")
POSTPONE_NOTIFICATIONS = text("""
    UPDATE sellerbeat.notifications SET asks = asks + 1, due_at = :due_at WHERE notification_id = ANY(CAST(:ids AS text[]))
        AND state = 'pending'
""")
# Who is woken is claimed, so that several processes that look do not all tell, and again ever more rarely: a signal is lost with
# Temporal's database only, and a paused seller needs none.
CLAIM_PENDING_NOTIFICATIONS = """
    UPDATE sellerbeat.notifications SET woken_at = clock_timestamp(), wakes = wakes + 1
    WHERE state = 'pending' AND {which}
        AND (woken_at IS NULL OR woken_at < clock_timestamp() - least(interval '30 seconds' * power(2, least(wakes, 7)), interval '1 hour'))
    RETURNING {named}
"""
ENROLLED = "seller_id IN (SELECT seller_id FROM sellerbeat.sellers WHERE removed_at IS NULL)"
CLAIM_SELLERS_TO_WAKE = text(CLAIM_PENDING_NOTIFICATIONS.format(which=ENROLLED, named="seller_id"))
CLAIM_NOTIFICATIONS_TO_HAND_ON = text(
    CLAIM_PENDING_NOTIFICATIONS.format(which="seller_id IS NULL AND topic = :topic", named="notification_id")
)
PENDING_NOTIFICATIONS_OF_TOPIC = text("""
    SELECT notification_id, topic, seller_id, received_at, person FROM sellerbeat.notifications WHERE topic = :topic AND state = 'pending'
        AND (CAST(:id AS text) IS NULL OR notification_id = :id)
    ORDER BY received_at, notification_id LIMIT :limit
""")
SEALED_PERSONS_OF_NOTIFICATIONS = text("SELECT notification_id, person FROM sellerbeat.notifications WHERE person IS NOT NULL")
RESEAL_PERSON_OF_NOTIFICATION = text("UPDATE sellerbeat.notifications SET person = :anew WHERE notification_id = :id AND person = :person")
COUNT_NOTIFICATIONS_BY_TOPIC = text("""
    SELECT topic, state, count(*) AS notifications, sum(copies) AS copies, max(received_at) AS last_at FROM sellerbeat.notifications
    WHERE CAST(:seller_id AS text) IS NULL OR seller_id = :seller_id GROUP BY topic, state ORDER BY topic, state
""")
# Not what is pending and no seller's: that is still to be handed on.
DELETE_OLD_NOTIFICATIONS = text("""
    DELETE FROM sellerbeat.notifications WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sellerbeat.notifications WHERE received_at < (SELECT clock_timestamp() - CAST(:kept AS interval))
            AND (state <> 'pending' OR seller_id IS NOT NULL) LIMIT 5000))
""")


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """What became of one that came in. `seller_id`: None where it is of nobody we know."""

    seller_id: str | None
    state: State
    copies: int  # 1: it is new

    @property
    def new(self) -> bool:
        """Whether it came for the first time: eBay sends the same again where it got no answer."""
        return self.copies == 1


@dataclass(frozen=True, slots=True)
class PendingNotification:
    """A notification that was not carried out yet."""

    id: str
    topic: str
    orders: tuple[str, ...]
    listings: tuple[str, ...]
    happened_at: datetime | None  # eBay's clock
    asks: int  # readings that did not show it
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceivedNotification:
    """A notification of a topic that names nothing of a seller's to read (an account's deletion)."""

    id: str
    topic: str
    seller_id: str | None
    received_at: datetime
    person: dict[str, str | None] = field(repr=False)  # username, user_id, eias_token


class Notifications:
    """The rows, encrypted where they name somebody. Its clock is the database's; `now` and `due_at` are the one that paces the polls."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._vault = vault

    def save(
        self,
        id_: str,
        topic: str,
        *,
        seller_id: str | None = None,
        user_id: str | None = None,
        orders: Sequence[str] = (),
        listings: Sequence[str] = (),
        happened_at: datetime | None = None,
        published_at: datetime | None = None,
        person: Mapping[str, str | None] | None = None,
        mapped: bool = True,
        useless: bool = False,
    ) -> StoredNotification:
        """Keep a notification, once. One statement, committed when this returns.

        Args:
            seller_id: of ours, where the address named one; one who is not enrolled is nobody.
            user_id: of eBay's, whom it names; it is not kept.
            person: of a topic whose work needs to know who; encrypted.
            mapped: it is of use for a seller of ours only.
            useless: nothing is to be done.
        """
        values = {
            "id": id_,
            "topic": topic,
            "seller_id": seller_id,
            "user_id": user_id,
            "orders": list(orders),
            "listings": list(listings),
            "happened_at": happened_at,
            "published_at": published_at,
            "person": self._vault.seal(json.dumps(dict(person))) if person is not None else None,
            "mapped": mapped,
            "useless": useless,
        }
        with translated(), self._single.connect() as connection:
            row = connection.execute(STORE_NOTIFICATION, values).one()
        return StoredNotification(row.seller_id, State(row.state), row.copies)

    def pending(self, seller_id: str, now: datetime, limit: int = AT_ONCE) -> list[PendingNotification]:
        """The seller's notifications that are due, oldest first. `now`: Temporal's clock."""
        values = {"seller_id": seller_id, "now": now, "limit": limit}
        with translated(), self._single.connect() as connection:
            return [
                PendingNotification(
                    row.notification_id,
                    row.topic,
                    tuple(row.order_ids),
                    tuple(row.listing_ids),
                    row.happened_at,
                    row.asks,
                    row.received_at,
                )
                for row in connection.execute(PENDING_NOTIFICATIONS_OF_SELLER, values)
            ]

    def next_due(self, seller_id: str, now: datetime) -> datetime | None:
        """When the seller's next notification is due; None: none is left."""
        values = {"seller_id": seller_id, "now": now}
        with translated(), self._single.connect() as connection:
            due: datetime | None = connection.execute(NEXT_NOTIFICATION_DUE_OF_SELLER, values).scalar()
            return due

    def to_wake(self) -> list[str]:
        """Sellers whose workflow is to be told now that notifications wait. Each call claims them."""
        with translated(), self._single.connect() as connection:
            return sorted(set(connection.execute(CLAIM_SELLERS_TO_WAKE).scalars()))

    def to_hand_on(self, topic: str) -> list[str]:
        """Ids of pending notifications of a topic that is no seller's, to be handed on now. Each call claims them."""
        with translated(), self._single.connect() as connection:
            return list(connection.execute(CLAIM_NOTIFICATIONS_TO_HAND_ON, {"topic": topic}).scalars())

    def of_topic(self, topic: str, id_: str | None = None, limit: int = 100) -> list[ReceivedNotification]:
        """What is pending of a topic, oldest first, with the person it is about; but for those that no key opens.

        Raises:
            SecretError: no key opens any of them.
        """
        with translated(), self._single.connect() as connection:
            rows = connection.execute(PENDING_NOTIFICATIONS_OF_TOPIC, {"topic": topic, "id": id_, "limit": limit}).all()
        found = [self._read(row) for row in rows]
        if rows and not any(found):
            raise SecretError("no key in SELLERBEAT_SECRET_KEYS opens who these notifications are about")
        return [one for one in found if one]

    def _read(self, row: Row[Any]) -> ReceivedNotification | None:
        try:
            person = json.loads(self._vault.open(row.person)) if row.person else {}
        except SecretError:
            return None
        return ReceivedNotification(row.notification_id, row.topic, row.seller_id, row.received_at, person)

    def end(self, ids: Sequence[str], state: State = State.DONE) -> None:
        """These are carried out, or given up; whom they were about is forgotten. Again is no harm."""
        with translated(), self._single.connect() as connection:
            connection.execute(END_NOTIFICATIONS, {"ids": list(ids), "state": state.value})

    def hold(self, ids: Sequence[str], due_at: datetime) -> None:
        """eBay does not show yet what these tell of: read again then."""
        with translated(), self._single.connect() as connection:
            connection.execute(POSTPONE_NOTIFICATIONS, {"ids": list(ids), "due_at": due_at})

    def counts(self, seller_id: str | None = None) -> list[dict[str, Any]]:
        """`{"topic", "state", "notifications", "copies", "last_at"}` by topic and state."""
        with translated(), self._single.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(COUNT_NOTIFICATIONS_BY_TOPIC, {"seller_id": seller_id})]

    def rotate(self) -> int:
        """Encrypt anew, with the first key, whom pending deletions are about. Returns how many.

        Raises:
            SecretError: no key opens one; the others are done.
        """
        with translated(), self._single.connect() as connection:
            rows = connection.execute(SEALED_PERSONS_OF_NOTIFICATIONS).all()
            old, lost = self._vault.all_renewed([(row.notification_id, row.person) for row in rows])
            for id_, person, anew in old:
                connection.execute(RESEAL_PERSON_OF_NOTIFICATION, {"id": id_, "person": person, "anew": anew})
        if lost:
            raise SecretError("no key in SELLERBEAT_SECRET_KEYS opens who these notifications are about")
        return len(old)

    def prune(self, age: timedelta) -> int:
        """Forget what came so long ago or before, 5,000 rows at a time. Returns how many."""
        with translated(), self._single.connect() as connection:
            return connection.execute(DELETE_OLD_NOTIFICATIONS, {"kept": age}).rowcount
