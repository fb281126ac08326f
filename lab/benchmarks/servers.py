"""Where the parts run: a Postgres, a Temporal, a simulated eBay; the same ones for all that is compared."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from demo_stack import devstack
from simulator import World, serve
from simulator.server import Simulator
from store.schema import migrate
from workflows.attributes import FLAGS

HOUSE = Path(__file__).parents[2]
OURS = ("SELLERBEAT_", "TEMPORAL_", "BENCHMARK_")


@dataclass(frozen=True)
class BenchmarkServers:
    database_url: str  # with Sellerbeat's tables, and for one part alone
    temporal_address: str
    folder: Path  # for logs
    secret_key: str = field(default_factory=lambda: Fernet.generate_key().decode(), repr=False)

    def environment(self, ebay: Simulator, task_queue: str, **settings: str) -> dict[str, str]:
        """A worker's, whoever's worker it is; nothing of what happens to be set here. `settings`: further ones, by name without prefix."""
        accounts = ebay.world.accounts
        ours = {
            "database_url": self.database_url,
            "secret_keys": self.secret_key,
            "ebay_api_url": ebay.url,
            "ebay_client_id": accounts.client_id,
            "ebay_client_secret": accounts.client_secret,
            "task_queue": task_queue,
            **settings,
        }
        rest = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        named = {f"SELLERBEAT_{name.upper()}": value for name, value in ours.items()}
        return rest | named | {"TEMPORAL_ADDRESS": self.temporal_address, "PYTHONPATH": str(HOUSE)}


@contextmanager
def servers() -> Iterator[BenchmarkStack]:
    """Postgres as durable as the demo's, Temporal in memory: what it does not write it cannot wait for."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        with devstack.postgres(folder) as database_url, devstack.temporal(extra=FLAGS) as temporal:
            yield BenchmarkStack(database_url, temporal.address, folder)


@dataclass(frozen=True)
class BenchmarkStack:
    postgres_url: str  # superuser
    temporal_address: str
    folder: Path

    def part(self, name: str) -> BenchmarkServers:
        """With a fresh database, so that no part inherits another's rows."""
        url = devstack.create_database(self.postgres_url, name)
        migrate.upgrade(url)
        folder = self.folder / name
        folder.mkdir()
        return BenchmarkServers(url, self.temporal_address, folder)


@contextmanager
def simulated_ebay(*sellers: str, world: World | None = None) -> Iterator[Simulator]:
    """An eBay in a thread of this process, whose CPU is nobody's who is measured. It has calls without end."""
    world = world or World(seed=1)
    world.quotas.limits = dict.fromkeys(world.quotas.limits, 1 << 60)
    for seller in sellers:
        world.add_seller(seller)
    with serve(world) as running:
        yield running


def calls(world: World, resource: str | None = None) -> int:
    """API calls so far by the simulator's count, refused ones too; token calls never."""
    with world.lock:
        return sum(n for (_, used), n in world.calls.items() if used == resource or (resource is None and not used.startswith("token")))
