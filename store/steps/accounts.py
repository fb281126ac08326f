"""Whose eBay account is whose: one seller, one account, for good. `domain/accounts.py` compares; here it is stored, and done."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from domain.accounts import Account, AccountClaim, AccountVerdict, compare, seller_names
from store.schema.errors import StoreError, translated
from store.schema.keyed import KeyedHash
from store.schema.names import lock
from store.steps.step import StepLease

LOCK_ACCOUNTS = text(lock("accounts", former=7_355_611))  # consents are few; two for one account at once must see each other
COLUMNS = """
    a.seller_id, a.user_id, a.name, a.eias, a.generation, a.refused, a.before, a.ask_at,
    s.removed_at IS NULL AND (s.seller_id IS NOT NULL OR a.known_at > clock_timestamp() - interval '2 minutes') AS enrolled
"""
# Of a seller who was never enrolled it says nothing: their first consent was broken off.
ACCOUNT_OF_SELLER = text(f"""
    SELECT {COLUMNS} FROM sellerbeat.accounts a JOIN sellerbeat.sellers s USING (seller_id) WHERE a.seller_id = :seller_id
""")
# The name that stands in what was stored before accounts were compared.
SELLER_NAME_IN_NEWEST_ORDER = text("""
    SELECT data ->> 'sellerId' FROM sellerbeat.orders WHERE seller_id = :seller_id AND created_at IS NOT NULL
    ORDER BY created_at DESC LIMIT 1
""")
# Another seller's, if that one is enrolled, or about to be; a removed seller's account may move on to another id of the app's.
OTHER_SELLERS_OF_ACCOUNT = text(f"""
    SELECT {COLUMNS} FROM sellerbeat.accounts a LEFT JOIN sellerbeat.sellers s USING (seller_id)
    WHERE a.seller_id <> :seller_id AND (a.user_id = :user_id OR a.name = :name OR a.eias = :eias)
    ORDER BY a.known_at, a.seller_id
""")
RELEASE_ACCOUNTS_OF_SELLERS = text("DELETE FROM sellerbeat.accounts WHERE seller_id = ANY (CAST(:sellers AS text[]))")
BIND_ACCOUNT_TO_SELLER = text("""
    INSERT INTO sellerbeat.accounts AS a (seller_id, user_id, name, eias, known_at, generation)
    VALUES (:seller_id, :user_id, :name, :eias, clock_timestamp(), coalesce(:generation, 0))
    ON CONFLICT (seller_id) DO UPDATE SET
        user_id = coalesce(excluded.user_id, a.user_id), name = coalesce(excluded.name, a.name), eias = coalesce(excluded.eias, a.eias),
        generation = greatest(a.generation, excluded.generation), before = a.before AND a.generation >= excluded.generation
""")
RECORD_ACCOUNT_PROVED = text("""
    UPDATE sellerbeat.accounts SET generation = greatest(generation, :generation), before = before AND generation >= :generation
    WHERE seller_id = :seller_id
""")
RECORD_ACCOUNT_REFUSED = text("""
    INSERT INTO sellerbeat.accounts AS a (seller_id, known_at, refused) VALUES (:seller_id, clock_timestamp(), :generation)
    ON CONFLICT (seller_id) DO UPDATE SET refused = excluded.refused
""")
ASK_FOR_ACCOUNT_AGAIN_AT = text("""
    INSERT INTO sellerbeat.accounts AS a (seller_id, known_at, ask_at) VALUES (:seller_id, clock_timestamp(), :at)
    ON CONFLICT (seller_id) DO UPDATE SET ask_at = excluded.ask_at
""")
# Orders that eBay shows for years: neither so new that its lists may lack them, nor so old, nor ones that it has ceased to show.
SETTLED_ORDERS_OF_SELLER = text("""
    SELECT entity_id FROM sellerbeat.orders WHERE seller_id = :seller_id AND removed_at IS NULL
        AND created_at BETWEEN CAST(:now AS timestamptz) - interval '700 days' AND CAST(:now AS timestamptz) - interval '10 minutes'
    ORDER BY created_at DESC LIMIT 50
""")
# The same EIAS token is proof; the same name is none where both user ids are known and differ.
OTHER_ENROLLED_SELLER_OF_ACCOUNT = text("""
    SELECT o.seller_id FROM sellerbeat.accounts a JOIN sellerbeat.accounts o ON o.seller_id <> a.seller_id AND (
        o.eias = a.eias OR (o.name = a.name AND (a.user_id IS NULL OR o.user_id IS NULL OR a.user_id = o.user_id)))
    JOIN sellerbeat.sellers s ON s.seller_id = o.seller_id AND s.removed_at IS NULL
    WHERE a.seller_id = :seller_id ORDER BY o.known_at LIMIT 1
""")
ACCOUNTS_WITH_USER_ID = text("SELECT seller_id, user_id FROM sellerbeat.accounts WHERE user_id IS NOT NULL")
SELLER_OF_USER_ID = text("SELECT seller_id FROM sellerbeat.accounts WHERE user_id = :user_id")
NAME, EIAS = "seller name", "EIAS token"
TWINS = "the same eBay account is enrolled as another seller too, since before that was refused: changes are told twice, and read twice"
logger = logging.getLogger("sellerbeat.owners")
MOST = 20  # names by which one consent's account was seen; more are none of eBay's ways


class Binding(StrEnum):
    """What `Accounts.bind` came to. Only BOUND stores anything."""

    BOUND = "bound"
    ANOTHER_ACCOUNT = "another account"  # the seller's account is another one
    ANOTHER_SELLER = "another seller"  # the account is enrolled under another id
    UNSURE = "unsure"  # the names differ, which alone says nothing: ask what never changes


@dataclass(frozen=True, slots=True)
class Bound:
    """The answer of `Accounts.bind`."""

    binding: Binding
    other: str | None = None  # the seller who has the account too


class AccountUnsureError(StoreError):
    """The orders name a seller of another name than the known one. Nothing was stored; the step asks whose account it is."""

    def __init__(self, claim: AccountClaim) -> None:
        super().__init__("the orders may be those of another eBay account")
        self.claim = claim


class AccountTakenError(StoreError):
    """The orders are those of an account that another enrolled seller has. Nothing was stored."""

    def __init__(self, other: str) -> None:
        super().__init__("the eBay account is enrolled as another seller")
        self.other = other


class Accounts:
    """Shared by all threads."""

    def __init__(self, engine: Engine, hashes: KeyedHash) -> None:
        self._engine, self._hashes = engine, hashes
        self._seen: dict[str, tuple[Any, frozenset[str]]] = {}  # by seller: of which consent, the names that were found to be theirs

    def name(self, name: str) -> bytes:
        """eBay's user names are the same in capitals."""
        return self._hashes.of(NAME, name.lower())

    def eias(self, token: str) -> bytes:
        """The keyed hash of an EIAS token, 32 bytes: all that is stored of it."""
        return self._hashes.of(EIAS, token)

    def bind(self, seller_id: str, claim: AccountClaim | str, *, sure: bool = False, generation: int | None = None) -> Bound:
        """Keep that this eBay account is the seller's. Repeating it is fine; nothing changes where it is refused.

        Args:
            claim: what eBay says of it; a text is a user id.
            sure: it was proven otherwise that a name which differs is this account's new one.
            generation: of the token that was proven by this; None: it is not stored yet (`proved`).
        """
        with translated(), self._engine.begin() as connection:
            return self._bind(
                connection, seller_id, AccountClaim(claim) if isinstance(claim, str) else claim, sure, generation, lenient=False
            )

    def _bind(
        self,
        connection: Connection,
        seller_id: str,
        claim: AccountClaim,
        sure: bool,
        generation: int | None,
        lenient: bool,
        known: Account | None = None,
    ) -> Bound:
        connection.execute(LOCK_ACCOUNTS)
        row = connection.execute(ACCOUNT_OF_SELLER, {"seller_id": seller_id}).one_or_none()
        mine = _account(row) if row is not None else Account()
        verdict = self._compare(mine if mine.known else known or self._known(connection, seller_id, row), claim)
        if verdict is AccountVerdict.OTHER:
            return Bound(Binding.ANOTHER_ACCOUNT)
        if verdict is AccountVerdict.UNSURE and not sure:
            return Bound(Binding.UNSURE)
        same = verdict is not AccountVerdict.UNKNOWN
        enrolled = row is not None and row.enrolled
        whole = replace(claim, user_id=claim.user_id or (row.user_id if row is not None and enrolled else None))
        others = self._others(connection, seller_id, whole)
        twin = next((one.seller_id for one in others if one.enrolled), None)
        if twin and not lenient and not (same and enrolled):  # whose it was before, has it still
            return Bound(Binding.ANOTHER_SELLER, twin)
        if free := [one.seller_id for one in others if not one.enrolled]:
            connection.execute(RELEASE_ACCOUNTS_OF_SELLERS, {"sellers": free})
        values = {"seller_id": seller_id, **self._stored_values(claim), "generation": generation}
        if any(one.enrolled and one.user_id == claim.user_id for one in others):
            values["user_id"] = None  # it stands with the twin
        connection.execute(BIND_ACCOUNT_TO_SELLER, values)
        return Bound(Binding.BOUND, twin)

    def _stored_values(self, claim: AccountClaim) -> dict[str, Any]:
        name, eias = self.name(claim.name) if claim.name else None, self.eias(claim.eias) if claim.eias else None
        return {"user_id": claim.user_id, "name": name, "eias": eias}

    def _known(self, connection: Connection, seller_id: str, row: Row[Any] | None) -> Account:
        known = _account(row) if row is not None else Account()
        if known.known or row is None:
            return known
        stored = seller_names([{"sellerId": connection.execute(SELLER_NAME_IN_NEWEST_ORDER, {"seller_id": seller_id}).scalar()}])
        return replace(known, name=self.name(stored[0])) if stored else known

    def _others(self, connection: Connection, seller_id: str, claim: AccountClaim) -> list[Row[Any]]:
        """Other sellers whose account it is, or was."""
        values = {"seller_id": seller_id, **self._stored_values(claim)}
        return [
            row
            for row in connection.execute(OTHER_SELLERS_OF_ACCOUNT, values)
            if self._compare(_account(row), claim) is AccountVerdict.SAME
        ]

    def _compare(self, known: Account, claim: AccountClaim) -> AccountVerdict:
        return compare(known, claim, self.name, self.eias)

    # what polls see

    def unrecognized(self, step: StepLease, documents: Sequence[Any]) -> list[str]:
        """The sellers' names in orders that are to be stored, where it is not known yet that they are this seller's; [] is the usual.

        No statement: the account was read as the step began, and what it was found to be in this process is remembered.
        """
        names = seller_names(documents)
        if not names:
            return []
        account, seen = step.account, self._names(step)
        if names[-1].lower() in seen:
            return []
        mine = any(name.lower() in seen or self._compare(account, AccountClaim(name=name)) is AccountVerdict.SAME for name in names)
        return [] if mine and account.generation >= step.token_generation else names

    def learn(self, connection: Connection, step: StepLease, names: Sequence[str], stored: bytes | None) -> str | None:
        """Keep, in the transaction of the orders themselves, by which name eBay calls the seller.

        Args:
            stored: what `stored_name` told before the orders were stored.
        Returns:
            another seller of the same account, where both are enrolled since before accounts were compared.
        Raises:
            AccountUnsureError, AccountTakenError: nothing may be kept.
        """
        claims = [AccountClaim(name=name) for name in names]
        known = step.account if step.account.known else replace(step.account, name=stored)
        best = next((one for one in claims if self._compare(known, one) is AccountVerdict.SAME), claims[-1])
        lenient = step.account.before and step.account.generation >= step.token_generation
        bound = self._bind(connection, step.seller_id, best, False, step.token_generation, lenient, known)
        if bound.binding is Binding.ANOTHER_SELLER:
            raise AccountTakenError(bound.other or "")
        if bound.binding is not Binding.BOUND:
            raise AccountUnsureError(best)
        if bound.other:
            logger.warning("an eBay account is two sellers'", extra={"seller_id": step.seller_id, "other": bound.other})
        return bound.other

    def stored_name(self, connection: Connection, step: StepLease) -> bytes | None:
        """The name that stored orders have, of a seller whose account is not known otherwise; no statement where it is, or who is new."""
        if step.account.known or not step.account.generation:
            return None
        stored = seller_names([{"sellerId": connection.execute(SELLER_NAME_IN_NEWEST_ORDER, {"seller_id": step.seller_id}).scalar()}])
        return self.name(stored[0]) if stored else None

    def twin(self, connection: Connection, step: StepLease) -> str | None:
        """Another enrolled seller of the same account, by what is kept of both."""
        return connection.execute(OTHER_ENROLLED_SELLER_OF_ACCOUNT, {"seller_id": step.seller_id}).scalar()

    def remember(self, step: StepLease, names: Sequence[str]) -> None:
        """What `learn` kept is committed, or it was proven otherwise: these names are this consent's account's."""
        seen = self._names(step)
        self._seen[step.seller_id] = (_consent(step), frozenset(map(str.lower, names)) | (seen if len(seen) < MOST else frozenset()))

    def _names(self, step: StepLease) -> frozenset[str]:
        consent, seen = self._seen.get(step.seller_id, (None, frozenset()))
        return seen if consent == _consent(step) else frozenset()

    def proved(self, seller_id: str, generation: int) -> None:
        """The token of this generation is the known account's."""
        self._run(RECORD_ACCOUNT_PROVED, {"seller_id": seller_id, "generation": generation})

    def refuse(self, connection: Connection, step: StepLease) -> None:
        """The step's token is another account's: no step works with it."""
        connection.execute(RECORD_ACCOUNT_REFUSED, {"seller_id": step.seller_id, "generation": step.token_generation})

    def ask_again(self, seller_id: str, at: Any) -> None:
        """GetUser is not asked before."""
        self._run(ASK_FOR_ACCOUNT_AGAIN_AT, {"seller_id": seller_id, "at": at})

    def compared(self, seller_id: str, claim: AccountClaim) -> AccountVerdict:
        """Nothing is kept."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(ACCOUNT_OF_SELLER, {"seller_id": seller_id}).one_or_none()
            return self._compare(self._known(connection, seller_id, row), claim)

    def recent_orders(self, seller_id: str, now: Any) -> list[str]:
        """Up to 50 stored orders that eBay shows to the account that they are of, the newest first. `now`: eBay's clock."""
        with translated(), self._engine.begin() as connection:
            return list(connection.execute(SETTLED_ORDERS_OF_SELLER, {"seller_id": seller_id, "now": now}).scalars())

    def owner(self, user_id: str) -> str | None:
        """The seller whose account it is."""
        with translated(), self._engine.begin() as connection:
            found: str | None = connection.execute(SELLER_OF_USER_ID, {"user_id": user_id}).scalar()
            return found

    def all(self) -> dict[str, str]:
        """eBay's user id by seller, where it is known."""
        with translated(), self._engine.begin() as connection:
            return {row.seller_id: row.user_id for row in connection.execute(ACCOUNTS_WITH_USER_ID)}

    def _run(self, statement: Any, values: Mapping[str, Any]) -> None:
        with translated(), self._engine.begin() as connection:
            connection.execute(statement, values)


def _account(row: Row[Any]) -> Account:
    name, eias = (bytes(value) if value is not None else None for value in (row.name, row.eias))
    return Account(row.user_id, name, eias, row.generation, row.refused, row.before, row.ask_at)


def _consent(step: StepLease) -> tuple[Any, int]:
    return step.enrollment, step.token_generation
