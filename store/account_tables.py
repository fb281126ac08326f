"""The tables of accounts and of users who left, beside those of `tables.py`: who consents, by which link, and who is to be forgotten."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, text

from store.tables import _count, _json, _text, _time, metadata

accounts = Table(
    "accounts",
    metadata,
    _text("seller_id", primary_key=True),
    _text("user_id", nullable=True),  # eBay's id of the account, which never changes; of the identity API
    _time("known_at", nullable=False),
    Column("name", LargeBinary),  # keyed hash of the user name, which may change
    Column("eias", LargeBinary),  # keyed hash of the EIAS token, which never changes; of GetUser
    _count("generation"),  # of the token that was last found to be this account's
    _count("refused"),  # of the token that was found to be another's; 0: none
    Column("before", Boolean, nullable=False, server_default="false"),  # enrolled before accounts were compared, and no new token since
    _time("ask_at"),  # GetUser is not asked before
    Index("accounts_user", "user_id", unique=True),  # no account under two sellers
    Index("accounts_name", "name"),  # two sellers of before may have one
    Index("accounts_eias", "eias"),
)

consents = Table(
    "consents",
    metadata,
    _text("nonce", primary_key=True),  # of a link that was given out
    _text("seller_id"),
    _time("made_at", nullable=False),
    _time("expires_at", nullable=False),
    _time("claimed_until"),  # somebody works on it
    _time("used_at"),  # it has done its work: the account is connected
    Column("code", LargeBinary),  # of the code that `sealed` was given for: its keyed hash
    Column("sealed", LargeBinary),  # encrypted: what eBay gave, until it is stored for good
    Index("consents_by_seller", "seller_id"),
)

secrets = Table(
    "secrets",
    metadata,
    _text("name", primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # encrypted; made at random, and the same for ever
)

deletions = Table(
    "deletions",
    metadata,
    _text("id", primary_key=True),  # of eBay's notification, or our own
    Column("person", LargeBinary, nullable=False),  # keyed hash of eBay's user id: who asks with the id can be answered, nobody else
    Column("name", LargeBinary),  # keyed hash of the user name: orders of that buyer are redacted on their way in
    Column("sealed", LargeBinary),  # encrypted: user name and id; null when it is done
    _time("asked_at", nullable=False),
    _time("look_at"),  # when to look, or look again; null when it is done
    _count("looks"),
    _time("done_at"),
    _json("counts"),  # rows made anonymous or deleted, by table
    Index("deletions_name", "name"),
    Index("deletions_person", "person"),  # made by indexes.py
    Index("deletions_due", "look_at", postgresql_where=text("look_at IS NOT NULL")),
    Index("deletions_asked", "asked_at"),
)

erased_orders = Table(
    "erased_orders",
    metadata,
    _text("seller_id", primary_key=True),
    _text("entity_id", primary_key=True),  # of an order without its buyer: it stays so, whatever eBay shows
)

application_keys = Table(
    "application_keys",
    metadata,
    _text("client", primary_key=True),  # digest of the client id and of eBay's address
    _time("doubted_at"),  # since when refusals are not believed; null: they are
    _time("tried_at"),  # the fleet's latest try while in doubt
    _count("worked"),  # tokens that it brought since then
    _time("worked_at"),
)
