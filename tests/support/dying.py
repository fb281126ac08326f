"""A Temporal that was there, and is not any more: a client of it whose line is cut."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig

NO_PATIENCE = RetryConfig(initial_interval_millis=1, max_elapsed_time_millis=1, max_retries=0)


async def client_of_a_dead_temporal(address: str) -> Client:
    """Connected to the one at `address`; nobody answers it from now on. It does not try again as long as a usual one does: 10 s."""
    ends: list[asyncio.StreamWriter] = []

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(65_536):
                writer.write(some)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*address.rsplit(":", 1))
        ends.extend((writer, back))
        await asyncio.gather(pour(reader, back), pour(there, writer))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await Client.connect(f"127.0.0.1:{port}", data_converter=pydantic_data_converter, retry_config=NO_PATIENCE)
    server.close()
    for end in ends:
        end.close()
    return client
