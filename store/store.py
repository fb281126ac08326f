"""The store: everything that is kept, behind one name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from domain.waits import EBAYS, Waits
from store.access.api_tokens import ApiTokens
from store.access.audit import AuditLog
from store.access.ended_sessions import EndedSessions
from store.access.idempotency import IdempotencyKeys
from store.access.public_keys import StoredKeys
from store.delivery.alert_endpoints import AlertEndpoints
from store.delivery.backlog import DeliveryBacklog
from store.delivery.cursors import DeliveryCursors
from store.delivery.deliveries import Deliveries
from store.delivery.endpoint_secrets import EndpointSecrets
from store.delivery.endpoints import Endpoints
from store.delivery.figures import DeliveryFigures
from store.delivery.messages import Messages
from store.delivery.replays import Replays
from store.delivery.retention import RetentionStore
from store.delivery.retrying import DeliveryRetries
from store.erasure.deletions import Deletions
from store.erasure.erasing import ErasureStore
from store.erasure.forgotten import Forgotten
from store.events.alerts import Alerts
from store.events.feed import Feed
from store.events.many_alerts import ManyAlerts
from store.events.offers import Offers
from store.events.restores import Restores
from store.quota.breakers import BreakerStore
from store.quota.levels import Levels
from store.quota.permits import PermitLedger
from store.quota.quotas import Quotas
from store.reading.alert_groups import AlertGroupReader
from store.reading.health import HealthReader
from store.reading.lateness import Lateness
from store.reading.paging import ListReader
from store.reading.seller_day import SellerDayReader
from store.reading.snapshots import Snapshots
from store.reading.soundness import Soundness
from store.reading.status import StatusReader
from store.schema.deployments import Deployments
from store.schema.engine import connect
from store.schema.errors import translated
from store.schema.keyed import KeyedHash
from store.schema.kinds import AlertKind, named
from store.schema.marks import Marks
from store.schema.names import SCHEMA
from store.schema.presence import Presence
from store.schema.revisions import check_revision
from store.schema.vault import Vault
from store.sellers.chosen import ChosenSettings
from store.sellers.consents import Consents
from store.sellers.sellers import Sellers
from store.sellers.tokens import Tokens
from store.steps.accounts import Accounts
from store.steps.listings import Listings
from store.steps.modes import Modes
from store.steps.notifications import Notifications
from store.steps.retry import Retry
from store.steps.steps import StepStore

UNRECORDED_SOLD_LINES_OF_SELLER = text("SELECT line_item_id FROM sellerbeat.sold_lines WHERE seller_id = :seller_id AND NOT told")


class Store(StepStore):
    """Shared by all threads. `begin` and `commit` come from `StepStore`; the rooms beside them are its attributes."""

    def __init__(self, engine: Engine, vault: Vault, waits: Waits = EBAYS) -> None:
        self.hashes = KeyedHash(engine, vault)
        super().__init__(engine, Forgotten(self.hashes), Accounts(engine, self.hashes), waits)
        self.engine = engine
        self.deletions = Deletions(engine, vault, self.hashes)
        self.erasing = ErasureStore(engine, self.hashes)
        self.tokens = Tokens(engine, vault)
        self.sellers = Sellers(engine, self.tokens)
        self.chosen = ChosenSettings(engine)
        self.consents = Consents(engine, vault)
        self.quotas = Quotas(engine)
        self.permits = PermitLedger(engine)
        self.breakers = BreakerStore(engine)
        self.marks = Marks(engine)
        self.levels = Levels(engine)
        self.feed = Feed(engine)
        self.restores = Restores(engine)
        self.listings = Listings(engine)
        self.offers = Offers(engine)
        self.modes = Modes(engine)
        self.deployments = Deployments(engine)
        self.presence = Presence(engine, vault)
        self.notifications = Notifications(engine, vault)
        self.lateness = Lateness(engine)
        self.soundness = Soundness(engine)
        self.health = HealthReader(engine)
        self.status = StatusReader(engine)
        self.alert_reader = AlertGroupReader(engine)
        self.lists = ListReader(engine, self.status)
        self.seller_day = SellerDayReader(engine)
        self.endpoints = Endpoints(engine, vault)
        self.endpoint_secrets = EndpointSecrets(engine, vault)
        self.alert_endpoints = AlertEndpoints(engine, vault)
        self.delivery_cursors = DeliveryCursors(engine, vault)
        self.backlog = DeliveryBacklog(engine)
        self.retention = RetentionStore(engine)
        self.deliveries = Deliveries(engine)
        self.delivery_figures = DeliveryFigures(engine)
        self.delivery_retries = DeliveryRetries(engine)
        self.messages = Messages(engine)
        self.replays = Replays(engine)
        self.api_tokens = ApiTokens(engine)
        self.audit = AuditLog(engine)
        self.ended_sessions = EndedSessions(engine)
        self.idempotency_keys = IdempotencyKeys(engine)
        self.public_keys = StoredKeys(engine)
        self.many_alerts = ManyAlerts(engine)
        self._alerts = Alerts(engine)
        self._snapshots = Snapshots(engine)
        self._retry = Retry(engine, self)

    @classmethod
    def connect(cls, url: str, secret_keys: Sequence[str], pool_size: int = 5, waits: Waits = EBAYS, schema: str = SCHEMA) -> "Store":
        """Connects at the first use, not here. `waits`: of its steps; `schema`: of its tables."""
        return cls(connect(url, pool_size, schema), Vault(secret_keys), waits)

    def close(self) -> None:
        """Close the idle connections. Whoever uses the store again gets new ones."""
        self.engine.dispose()

    def check(self) -> None:
        """Raises StoreUnavailableError: Postgres is not there. TablesMissingError, TablesUnknownError: not with these tables."""
        with translated(), self.engine.connect() as connection:
            check_revision(connection)

    # shorter names for what activities and commands need; the words are where they lead to

    def enrolled(self) -> list[str]:
        """As `Sellers.enrolled`: ids of all sellers to be polled."""
        return self.sellers.enrolled()

    def save_overrides(self, seller_id: str, overrides: Mapping[str, Any]) -> None:
        """As `Sellers.save_overrides`. Raises UnknownSellerError: not enrolled, or removed."""
        self.sellers.save_overrides(seller_id, overrides)

    def seller(self, seller_id: str) -> dict[str, Any]:
        """As `StatusReader.seller`, in the contract's shape. Raises UnknownSellerError: never enrolled."""
        return self.status.seller(seller_id)

    def snapshot(self, seller_id: str, kind: str) -> Iterator[dict[str, Any]]:
        """As `Snapshots.read`: a stream of entities. Raises KeyError: no such kind."""
        return self._snapshots.read(seller_id, kind)

    def unrecorded_sales(self, seller_id: str) -> list[tuple[str, str]]:
        """Lines of orders that were stored before sales were told: (seller, lineItemId)."""
        with translated(), self.engine.connect() as connection:
            return [(seller_id, line) for line in connection.execute(UNRECORDED_SOLD_LINES_OF_SELLER, {"seller_id": seller_id}).scalars()]

    def open_alert(self, kind: AlertKind, text: str, seller_id: str | None = None, about: str = "") -> bool:
        """As `Alerts.open`. `seller_id`: None for the fleet's; `about`: what of its kind, such as a stream."""
        return self._alerts.open(named(kind, about), text, seller_id)

    def close_alert(self, kind: AlertKind, seller_id: str | None = None, about: str = "") -> bool:
        """As `Alerts.close`, with `open_alert`'s arguments."""
        return self._alerts.close(named(kind, about), seller_id)

    def alerts(self, *, closed: bool = False, seller_id: str | None = None) -> list[dict[str, Any]]:
        """As `StatusReader.alerts`: the open ones, newest first, 500 at most."""
        return self.status.alerts(closed=closed, seller_id=seller_id)

    def set_aside(self, seller_id: str | None = None) -> list[dict[str, Any]]:
        """As `StatusReader.set_aside`: newest first, without contents, 500 at most."""
        return self.status.set_aside(seller_id)

    def retry_set_aside(self, aside_id: int, now: datetime | None = None) -> bool | None:
        """As `Retry.again`: True, it is stored; False, it is refused or to be asked for again; None, there is none of that id."""
        return self._retry.again(aside_id, now)

    def put_quota(self, resource: str, *, limit: int | None, remaining: int | None, reset_at: datetime | None) -> None:
        """As `Quotas.put`: eBay's count, read now. `limit`: calls a day."""
        self.quotas.put(resource, limit=limit, remaining=remaining, reset_at=reset_at)

    def quota_until(self, resource: str) -> datetime | None:
        """As `Quotas.until`: when a spent resource is there again, UTC; None: it is not spent."""
        return self.quotas.until(resource)

    def may_read_quota(self, every: timedelta) -> bool:
        """As `Quotas.may_read`: True once in `every`, for all processes together."""
        return self.quotas.may_read(every)

    def quota_use(self) -> list[dict[str, Any]]:
        """As `Quotas.today`: for `starter.py quota`."""
        return self.quotas.today()
