"""The tables of access: tokens, who did what, answers that are given once more, sessions that were logged out, and eBay's public keys."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from store.schema.tables import json_column, metadata, text_column, time_column

api_tokens = Table(
    "api_tokens",
    metadata,
    text_column("id", primary_key=True),
    text_column("name"),  # the author of what is done with it
    text_column("scope"),
    Column("ebay", Boolean, nullable=False),  # it may ask for sellers' access tokens at eBay
    Column("sellers", ARRAY(Text), nullable=True),  # null: of all sellers
    Column("hash", LargeBinary, nullable=False),  # SHA-256 of the token, which has 256 random bits
    time_column("created_at", nullable=False),
    text_column("created_by"),
    time_column("expires_at"),
    time_column("last_used_at"),  # to the minute
    time_column("revoked_at"),
    Index("api_tokens_by_hash", "hash", unique=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    time_column("at", nullable=False),
    text_column("author"),  # such as token:ci, page, os:alice
    text_column("action"),  # such as seller.pause
    text_column("seller_id", nullable=True),
    text_column("subject", nullable=True),  # of an act on something else than a seller: its id
    json_column("before", nullable=True),  # of a setting
    json_column("after", nullable=True),
    text_column("outcome", nullable=True),  # done or failed; null: in hand, or its process died
    Index("audit_by_seller", "seller_id", "id"),
    Index("audit_by_at", "at"),
    Index("audit_by_author", "author", "id"),
    Index("audit_by_action", "action", "id", postgresql_ops={"action": "text_pattern_ops"}),  # by its beginning, in any collation
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    text_column("token_id", primary_key=True),
    text_column("key", primary_key=True),
    Column("request", LargeBinary, nullable=False),  # SHA-256 of method, path and body
    time_column("begun_at", nullable=False),
    Column("status", Integer, nullable=True),  # of the answer; null: in hand, or its process died; 5xx: failed on the way, not kept
    text_column("answer", nullable=True),  # its body; null: it held a secret, or is not kept
    Index("idempotency_keys_by_begun_at", "begun_at"),
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    text_column("id", primary_key=True),  # of a session of the page that was logged out
    time_column("ends_at", nullable=False),  # when its cookie would have ended by itself
)

ebay_public_keys = Table(
    "ebay_public_keys",
    metadata,
    text_column("kid", primary_key=True),
    text_column("key"),  # as eBay writes it
    time_column("fetched_at", nullable=False),
)
