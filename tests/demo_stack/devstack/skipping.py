"""For a child process: a time-skipping server that is started and never stopped."""

import asyncio
from contextlib import AsyncExitStack

from demo_stack import devstack

left_open = AsyncExitStack()


def start() -> str:
    environment = asyncio.new_event_loop().run_until_complete(left_open.enter_async_context(devstack.time_skipping()))
    return environment.client.service_client.config.target_host
