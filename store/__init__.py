"""What is kept, in Postgres: sellers, tokens, cursors, entities, change events, runs. Knows no eBay HTTP and no Temporal.

`Store` is the way in (store.py): `begin` takes the seller's next epoch, `commit` keeps what was read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "Commit": "store.steps.commit",
    "Endpoint": "store.delivery.endpoints",
    "Enrolled": "store.sellers.sellers",
    "SecretError": "store.schema.errors",
    "StepLease": "store.steps.step",
    "Store": "store.store",
    "StoreError": "store.schema.errors",
    "StoreResult": "store.steps.results",
    "StoreUnavailableError": "store.schema.errors",
    "SupersededError": "store.schema.errors",
    "TablesMissingError": "store.schema.errors",
    "TablesUnknownError": "store.schema.errors",
    "TokenRow": "store.sellers.tokens",
    "UnknownEndpointError": "store.delivery.endpoints",
    "UnknownSellerError": "store.schema.errors",
    "Vault": "store.schema.vault",
    "connect": "store.schema.engine",
}
"""Where each is. Loaded when asked for: all of it takes its time, and commands such as `status` need little of it."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found
