"""What is kept, in Postgres: sellers, tokens, cursors, entities, change events, runs. Knows no eBay HTTP and no Temporal.

`Store` is the way in (store.py): `begin` takes the seller's next epoch, `commit` keeps what was read.
"""

from store.commit import Commit
from store.endpoints import Endpoint, UnknownEndpointError
from store.engine import connect
from store.errors import (
    SecretError,
    StoreError,
    StoreUnavailableError,
    SupersededError,
    TablesMissingError,
    UnknownSellerError,
)
from store.results import StoreResult
from store.sellers import Enrolled
from store.step import StepLease
from store.store import Store
from store.tokens import TokenRow
from store.vault import Vault

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
    "TokenRow",
    "UnknownEndpointError",
    "UnknownSellerError",
    "Vault",
    "connect",
]
