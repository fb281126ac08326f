"""The store for a command that asks little: what `list` and `status` need is loaded, and all else when it is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from store.reading.health import HealthReader
from store.reading.status import StatusReader
from store.schema.engine import connect
from store.schema.errors import translated
from store.schema.names import SCHEMA
from store.schema.revisions import check_revision

if TYPE_CHECKING:
    from store.store import Store


class AskedStore:
    """Stands for a `Store`: whatever it does not have itself, the whole store answers, which is opened then."""

    def __init__(self, url: str, whole: Callable[[], "Store"], schema: str = SCHEMA) -> None:
        self.engine = connect(url, 1, schema)
        self.status = StatusReader(self.engine)
        self.health = HealthReader(self.engine)
        self.seller, self.alerts, self.set_aside = self.status.seller, self.status.alerts, self.status.set_aside
        self._whole = whole

    def check(self) -> None:
        """As `Store.check`."""
        with translated(), self.engine.connect() as connection:
            check_revision(connection)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole(), name)
        setattr(self, name, found)
        return found
