"""A server of its own for each test: one that served several would keep its clock locked where a test ends in the middle of a task."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.fakes import FakeSteps, polling_worker


@pytest.fixture
async def steps(time_skipping: WorkflowEnvironment) -> AsyncIterator[FakeSteps]:
    """Fake steps, served by a worker of this test's own."""
    async with polling_worker(time_skipping.client) as fake:
        yield fake
