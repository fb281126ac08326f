"""The site of the room web/, in this process: requests without a socket. And a worker, whose steps are fakes, where one is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from temporalio.client import Client

from store import Store
from tests.api.worked import Worked
from tests.store.documents import enroll
from tests.web.conftest import ebay, it, open_site, patient, rooms_store, store  # noqa: F401 - fixtures
from tests.web.site import Site
from tests.workflows.fakes import polling_worker


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:  # noqa: F811
    """Without Temporal, visited from this machine with the right token. It delivers to this machine too."""
    return open_site(delivery_loopback=True)


@pytest.fixture
def steered(open_site: Callable[..., Site], store: Store, temporal: Client, temporal_address: str) -> Site:  # noqa: F811
    """A site with Temporal and two sellers, and without a worker."""
    enroll(store, "anna")
    enroll(store, "bert")
    return open_site(temporal_address, task_queue=f"api-{uuid4().hex[:8]}")


@pytest.fixture
async def worked(steered: Site, temporal: Client) -> AsyncIterator[Worked]:
    """The same with a worker."""
    async with polling_worker(temporal, steered.context.settings.task_queue) as steps:
        yield Worked(steered, steps)
