"""Whose eBay account is whose: one seller, one account, for good."""

from enum import StrEnum

from sqlalchemy import Engine, text

from store.errors import translated

LOCK = text("SELECT pg_advisory_xact_lock(7355611)")  # consents are few; two for one account at once must see each other
# Of a seller who was never enrolled it says nothing: their first consent was broken off.
MINE = text("SELECT a.user_id FROM accounts a JOIN sellers s USING (seller_id) WHERE a.seller_id = :seller_id")
# Another seller's, if that one is enrolled; a removed seller's account may move on to another id of the app's.
OTHERS = text("""
    SELECT a.seller_id, s.removed_at IS NULL AND s.seller_id IS NOT NULL AS enrolled
    FROM accounts a LEFT JOIN sellers s USING (seller_id) WHERE a.user_id = :user_id AND a.seller_id <> :seller_id
""")
FREE = text("DELETE FROM accounts WHERE user_id = :user_id AND seller_id <> :seller_id")
BIND = text("""
    INSERT INTO accounts (seller_id, user_id, known_at) VALUES (:seller_id, :user_id, clock_timestamp())
    ON CONFLICT (seller_id) DO UPDATE SET user_id = excluded.user_id
""")
ALL = text("SELECT seller_id, user_id FROM accounts")
OWNER = text("SELECT seller_id FROM accounts WHERE user_id = :user_id")


class Binding(StrEnum):
    BOUND = "bound"
    ANOTHER_ACCOUNT = "another account"  # the seller's account is another one
    ANOTHER_SELLER = "another seller"  # the account is enrolled under another id


class Accounts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def bind(self, seller_id: str, user_id: str) -> Binding:
        """Keep that this eBay account is the seller's. Repeating it is fine; nothing changes where it is refused."""
        values = {"seller_id": seller_id, "user_id": user_id}
        with translated(), self._engine.begin() as connection:
            connection.execute(LOCK)
            mine = connection.execute(MINE, values).scalar()
            if mine is not None and mine != user_id:
                return Binding.ANOTHER_ACCOUNT
            other = connection.execute(OTHERS, values).one_or_none()
            if other is not None and other.enrolled:
                return Binding.ANOTHER_SELLER
            connection.execute(FREE, values)
            connection.execute(BIND, values)
            return Binding.BOUND

    def owner(self, user_id: str) -> str | None:
        """The seller whose account it is."""
        with translated(), self._engine.begin() as connection:
            found: str | None = connection.execute(OWNER, {"user_id": user_id}).scalar()
            return found

    def all(self) -> dict[str, str]:
        """eBay's user id by seller."""
        with translated(), self._engine.begin() as connection:
            return {row.seller_id: row.user_id for row in connection.execute(ALL)}
