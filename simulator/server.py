"""The simulator as a server, in a thread of this process."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from simulator.app import App
from simulator.world import World


@dataclass(frozen=True)
class Simulator:
    """A running simulator: the world behind it, and where it answers."""

    world: World
    url: str  # http://127.0.0.1:PORT, no slash at the end


def listen(port: int, host: str) -> socket.socket:
    """A socket that takes connections. `port` 0 takes a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)
    return listener


class PromptServer(uvicorn.Server):
    """Ends as soon as it is told to. uvicorn looks ten times a second, and then waits a tenth for connections that are idle already."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # in which idle connections close
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)

    def stop(self) -> None:
        """From another thread, once it has started."""
        self._loop.call_soon_threadsafe(self._over.set)


def server(world: World) -> PromptServer:
    """The world's app in uvicorn, not running yet."""
    # uvicorn's own `Date` would be our clock, not the world's
    config = uvicorn.Config(
        App(world),
        log_level="error",
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    return PromptServer(config)


@contextmanager
def serve(world: World, port: int = 0, host: str = "127.0.0.1") -> Iterator[Simulator]:
    """The world over HTTP while the block runs, on a free port unless one is given.

    Raises:
        OSError: the port is taken.
    """
    listener = listen(port, host)
    web = server(world)
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True)
    thread.start()
    try:
        while not web.started and thread.is_alive():
            time.sleep(0.002)
        if not web.started:
            raise RuntimeError("the simulator did not start")
        yield Simulator(world, f"http://{host}:{listener.getsockname()[1]}")
    finally:
        if web.started:
            web.stop()
        thread.join(timeout=10)
        listener.close()
