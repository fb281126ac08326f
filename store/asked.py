"""The store for a command that asks little: what `list` and `status` need is loaded, and all else when it is asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from store.reading.alert_groups import AlertGroupReader
from store.reading.health import HealthReader
from store.reading.status import StatusReader
from store.schema.engine import connect
from store.schema.errors import translated
from store.schema.names import SCHEMA
from store.schema.revisions import check_revision

if TYPE_CHECKING:
    from store.store import Store


class AskedStore:
    """Stands for a `Store`: whatever it does not have itself, the whole store answers, which is loaded then and asks by the same engine."""

    def __init__(self, url: str, secret_keys: Sequence[str], schema: str = SCHEMA) -> None:
        self.engine = connect(url, 2, schema)  # the whole store's steps ask for the key of hashes in the middle of a transaction
        self.status = StatusReader(self.engine)
        self.health = HealthReader(self.engine)
        self.alert_reader = AlertGroupReader(self.engine)
        self.seller, self.alerts, self.set_aside = self.status.seller, self.status.alerts, self.status.set_aside
        self._secret_keys = secret_keys

    def check(self) -> None:
        """As `Store.check`."""
        with translated(), self.engine.connect() as connection:
            check_revision(connection)

    @cached_property
    def _whole(self) -> "Store":
        from store.schema.vault import Vault
        from store.store import Store

        return Store(self.engine, Vault(self._secret_keys))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        setattr(self, name, found)
        return found
