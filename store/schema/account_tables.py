"""The tables of accounts and of users who left, beside those of `tables.py`: who consents, by which link, and who is to be forgotten."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, text

from store.schema.tables import count_column, json_column, metadata, text_column, time_column

accounts = Table(
    "accounts",
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("user_id", nullable=True),  # eBay's id of the account, which never changes; of the identity API
    time_column("known_at", nullable=False),
    Column("name", LargeBinary),  # keyed hash of the user name, which may change
    Column("eias", LargeBinary),  # keyed hash of the EIAS token, which never changes; of GetUser
    count_column("generation"),  # of the token that was last found to be this account's
    count_column("refused"),  # of the token that was found to be another's; 0: none
    Column("before", Boolean, nullable=False, server_default="false"),  # enrolled before accounts were compared, and no new token since
    time_column("ask_at"),  # GetUser is not asked before
    Index("accounts_user", "user_id", unique=True),  # no account under two sellers
    Index("accounts_name", "name"),  # two sellers of before may have one
    Index("accounts_eias", "eias"),
)

consents = Table(
    "consents",
    metadata,
    text_column("nonce", primary_key=True),  # of a link that was given out
    text_column("seller_id"),
    time_column("made_at", nullable=False),
    time_column("expires_at", nullable=False),
    time_column("claimed_until"),  # somebody works on it
    time_column("used_at"),  # it has done its work: the account is connected
    Column("code", LargeBinary),  # of the code that `sealed` was given for: its keyed hash
    Column("sealed", LargeBinary),  # encrypted: what eBay gave, until it is stored for good
    Index("consents_by_seller", "seller_id"),
)

secrets = Table(
    "secrets",
    metadata,
    text_column("name", primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # encrypted; made at random, and the same for ever
)

deletions = Table(
    "deletions",
    metadata,
    text_column("id", primary_key=True),  # of eBay's notification, or our own
    Column("person", LargeBinary, nullable=False),  # keyed hash of eBay's user id: who asks with the id can be answered, nobody else
    Column("name", LargeBinary),  # keyed hash of the user name: orders of that buyer are redacted on their way in
    Column("sealed", LargeBinary),  # encrypted: user name and id; null when it is done
    time_column("asked_at", nullable=False),
    time_column("look_at"),  # when to look, or look again; null when it is done
    count_column("looks"),
    time_column("done_at"),
    json_column("counts"),  # rows made anonymous or deleted, by table
    Index("deletions_name", "name"),
    Index("deletions_person", "person"),  # made by indexes.py
    Index("deletions_due", "look_at", postgresql_where=text("look_at IS NOT NULL")),
    Index("deletions_asked", "asked_at"),
)

erased_orders = Table(
    "erased_orders",
    metadata,
    text_column("seller_id", primary_key=True),
    text_column("entity_id", primary_key=True),  # of an order without its buyer: it stays so, whatever eBay shows
)

application_keys = Table(
    "application_keys",
    metadata,
    text_column("client", primary_key=True),  # digest of the client id and of eBay's address
    time_column("doubted_at"),  # since when refusals are not believed; null: they are
    time_column("tried_at"),  # the fleet's latest try while in doubt
    count_column("worked"),  # tokens that it brought since then
    time_column("worked_at"),
)
