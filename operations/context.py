"""What a command works with: settings, the store and Temporal, each opened when first needed, with the settings that it needs.

Each is also loaded when first needed: all of it takes a second, and `list` or `status` should not (`make bench`, commands).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from operations.activity import RecentActivity
from operations.errors import NotConfiguredError
from settings import PREFIX, Settings, load, read_environment

if TYPE_CHECKING:
    from temporalio.client import Client

    from activities.polling.tokens import StoredTokens
    from ebay.oauth import OAuth
    from store import Store

EBAY_KEYS = ("ebay_client_id", "ebay_client_secret")  # of the application
P = ParamSpec("P")
T = TypeVar("T")


class CommandContext:
    """What a command works with; each part is opened when first needed."""

    def __init__(self, *needed: str) -> None:
        """Raises SettingsError where one of the needed settings is missing, or any is malformed."""
        self.settings: Settings = load(*needed)

    @classmethod
    def whole(cls) -> CommandContext:
        """For commands that talk to eBay too."""
        return cls("database_url", "secret_keys", *EBAY_KEYS)

    def unset(self, names: Sequence[str]) -> str | None:
        """The first of these settings that is not there, as it is set."""
        return next((f"{PREFIX}{name.upper()}" for name in names if getattr(self.settings, name) is None), None)

    def require(self, names: Sequence[str], what: str = "web.py cannot ask eBay") -> None:
        """Raises NotConfiguredError: `what`, as one of these settings is not there."""
        if missing := self.unset(names):
            raise NotConfiguredError(f"{what}: set {missing}")

    @property
    def url(self) -> str:
        """Of Postgres, with its password."""
        assert self.settings.database_url
        return self.settings.database_url.get_secret_value()

    @cached_property
    def store(self) -> Store:
        """Opened once. Raises StoreError where the tables are not of this version."""
        self.settings.require("database_url", "secret_keys")  # the store holds tokens: without its keys it does not open
        from store import Store

        store = Store.connect(self.url, self.settings.keys(), pool_size=2, schema=self.settings.database_schema)
        store.check()
        return store

    @contextmanager
    def oauth(self) -> Iterator[OAuth]:
        """eBay's token endpoint, with the application's keys."""
        from ebay.http import http_client
        from ebay.oauth import OAuth

        assert self.settings.ebay_client_id
        assert self.settings.ebay_client_secret
        secret = self.settings.ebay_client_secret.get_secret_value()
        timeout_s = self.settings.ebay_timeout.total_seconds()
        with http_client(1) as http:
            yield OAuth(http, self.settings.ebay_api_url, self.settings.ebay_client_id, secret, timeout_s)

    @cached_property
    def seller_tokens(self) -> StoredTokens:
        """Sellers' access tokens, for calls of the app's own: with the locks, doubts and outages of the polls'. For all threads."""
        from activities.polling.tokens import StoredTokens
        from ebay.http import http_client
        from ebay.oauth import OAuth

        settings = self.settings
        assert settings.ebay_client_id
        assert settings.ebay_client_secret
        secret, timeout_s = settings.ebay_client_secret.get_secret_value(), settings.ebay_timeout.total_seconds()
        return StoredTokens(self.store, OAuth(http_client(4, idle=0), settings.ebay_api_url, settings.ebay_client_id, secret, timeout_s))

    @property
    def author(self) -> str:
        """Who is at the command line, as the audit has it: such as `os:alice`."""
        from operations.authors import operating_system_user

        return str(operating_system_user())

    @property
    def client(self) -> str:
        """Which application key proves tokens here."""
        from ebay.oauth import key_of

        return key_of(self.settings.ebay_client_id or "", self.settings.ebay_api_url)

    async def temporal(self) -> Client:
        """A client. Raises TemporalUnavailableError."""
        from workflows.connection import connect

        return await connect(read_environment())

    async def ask(self, question: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Something of the store, or a call that waits. Here at once, since a command serves nobody else; `web.py` asks in a thread."""
        return question(*args, **kwargs)

    async def look(self, question: Callable[[], T]) -> T:
        """Something of the store in a thread, so that others are asked meanwhile, and whoever waits may give up."""
        return await asyncio.to_thread(question)

    async def call_out(self, question: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `ask`, of somebody else's server, who may take seconds: whoever asks Postgres meanwhile does not wait for it."""
        return question(*args, **kwargs)

    @cached_property
    def recent_activity(self) -> RecentActivity:
        """Who was active lately, as far as this process was told."""
        return RecentActivity()

    async def signal_connected(self, client: Client, seller_id: str, generation: int) -> None:
        """Say that a seller has a new token, of this generation: polling goes on."""
        from activities.fleet.overrides import overrides_of
        from workflows.client import signal_or_start
        from workflows.messages import Connected
        from workflows.seller_polling import SellerPolling

        overrides = await self.ask(overrides_of, self.store, seller_id)
        await signal_or_start(client, self.settings.task_queue, overrides, SellerPolling.connected, Connected(generation=generation))

    async def has_worker(self, client: Client) -> bool:
        """Whether a worker asked the task queue for work in the last minutes."""
        from temporalio.api.enums.v1 import TaskQueueType
        from temporalio.api.taskqueue.v1 import TaskQueue
        from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

        queue = TaskQueue(name=self.settings.task_queue)
        kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        request = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=queue, task_queue_type=kind)
        return bool((await client.workflow_service.describe_task_queue(request)).pollers)


class AskingContext(CommandContext):
    """For commands that are typed most and ask little: of the store they load what they ask for."""

    @cached_property
    def store(self) -> Store:
        """As that of every command."""
        self.settings.require("database_url", "secret_keys")
        from store.asked import AskedStore

        store = AskedStore(self.url, self.settings.keys(), self.settings.database_schema)
        store.check()
        return cast("Store", store)
