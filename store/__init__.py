"""What is kept, in Postgres: sellers, tokens, cursors, entities, change events, runs. Knows no eBay HTTP and no Temporal.

`Store` is the way in (store.py): `begin` takes the seller's next epoch, `commit` keeps what was read.
"""

from store.delivery.endpoints import Endpoint, UnknownEndpointError
from store.schema.engine import connect
from store.schema.errors import (
    SecretError,
    StoreError,
    StoreUnavailableError,
    SupersededError,
    TablesMissingError,
    TablesUnknownError,
    UnknownSellerError,
)
from store.schema.vault import Vault
from store.sellers.sellers import Enrolled
from store.sellers.tokens import TokenRow
from store.steps.commit import Commit
from store.steps.results import StoreResult
from store.steps.step import StepLease
from store.store import Store

__all__ = [
    "Commit",
    "Endpoint",
    "Enrolled",
    "SecretError",
    "StepLease",
    "Store",
    "StoreError",
    "StoreResult",
    "StoreUnavailableError",
    "SupersededError",
    "TablesMissingError",
    "TablesUnknownError",
    "TokenRow",
    "UnknownEndpointError",
    "UnknownSellerError",
    "Vault",
    "connect",
]
