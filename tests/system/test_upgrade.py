"""Upgrades while sellers are polled: workers are replaced one after another, forward and back; and the one upgrade with a stop."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType

from lab.chaos.deployment import FAST, Deployment, until
from lab.chaos.report import say
from lab.chaos.servers import KillableServers
from lab.chaos.workers import LAG_S, STARTED
from simulator import Life, World, serve
from store.schema import migrate
from tests.support.house import Child, House, Said

ROOT = Path(__file__).parents[2]
ROLLING = "28f924e"  # an earlier version whose tables the present one leaves usable
IN_PUBLIC = "b7efc77"  # its tables stand in the schema public, so it is stopped first
SELLERS = 10
STAGE_S = 6.0  # at least; and until every seller was polled well
MIGRATION = '''
"""Made by a test: something that the version before does not know. Safe while polling runs: a column without a default rewrites no row."""

from alembic import op

revision = "9001"
down_revision = "{before}"
branch_labels = depends_on = None
compatible_since = "0022"


def upgrade() -> None:
    op.execute("ALTER TABLE levels ADD COLUMN note text")
'''
FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
SALE = re.compile(r"^lost: inventory .*: the sale of line \S+ of order (\S+) was never recorded")
WORKER = """
import sys
sys.path.insert(0, {tree!r})
from datetime import timedelta
from demo_stack.demo.fast_waits import fast_waits
from runtime.shutdown import leave
import worker
leave(worker.main(fast_waits(timedelta(seconds={lag}))))
"""


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
    if done.returncode:
        pytest.fail(f"this test needs a clone with its history: git {' '.join(arguments)}: {done.stderr.decode()}", pytrace=False)
    return done.stdout


def version(commit: str, folder: Path) -> Path:
    """The code as it was then."""
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=git("archive", commit), check=True)
    return folder


def next_version(folder: Path) -> Path:
    """The code as it is here, with one migration more."""
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", "-z").decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    schema = folder / "store" / "schema"
    (schema / "migrations" / "versions" / "9001_made_by_a_test.py").write_text(MIGRATION.lstrip().format(before=migrate.newest()))
    edit(schema / "tables.py", r'^REVISION = "\d+"', 'REVISION = "9001"')
    edit(schema / "quota_tables.py", r'(json_column\("plan"\),.*\n)', r'\1    text_column("note", nullable=True),\n')
    return folder


def edit(file: Path, before: str, after: str) -> None:
    text, count = re.subn(before, after, file.read_text(encoding="utf-8"), count=1, flags=re.M)
    assert count == 1, file
    file.write_text(text, encoding="utf-8")


class Fleet:
    """Two workers, whose versions change."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.workers: list[Child] = []

    def starter(self, tree: Path, *arguments: str, stdin: str | None = None) -> Said:
        return self.house.child("starter", str(tree / "starter.py"), *arguments, stdin=stdin).result()

    def migrate(self, tree: Path) -> None:
        said = self.starter(tree, "migrate")
        assert said.code == 0, said

    def enroll(self, tree: Path) -> None:
        for seller in self.house.world.sellers:
            token = self.house.world.refresh_token(seller)
            said = self.starter(tree, "enroll", seller, "--refresh-token-file", "-", "--backfill", "1d", stdin=token)
            assert said.code == 0, said

    def start(self, tree: Path, *, fast: bool = True) -> Child:
        program = ["-c", WORKER.format(tree=str(tree), lag=LAG_S)] if fast else [str(tree / "worker.py")]
        worker = self.house.child("worker", *program)
        until(lambda: STARTED in worker.output() or worker.process.poll() is not None, 120, "a worker starts")
        assert worker.process.poll() is None, worker.output()
        return worker

    def replace(self, number: int, tree: Path) -> None:
        assert self.workers[number].end(signal.SIGTERM) == 0
        self.workers[number] = self.start(tree)

    def stop(self) -> None:
        for worker in self.workers:
            assert worker.end(signal.SIGTERM) == 0
        self.workers.clear()

    def polls(self, schema: str = "sellerbeat") -> None:
        """For a while, and until every seller was polled well from now on."""
        ((now,),) = self.house.rows("SELECT clock_timestamp()")
        end = time.monotonic() + STAGE_S
        left = f"SELECT count(*) FROM {schema}.streams WHERE stream = 'orders' AND coalesce(last_good_at, '-infinity') < :now"
        until(lambda: self.house.rows(left, now=now) == [(0,)] and time.monotonic() > end, 120, "every seller is polled")

    def judged(self, what: str, watched: Deployment, earlier: Collection[str] = ()) -> None:
        """`earlier`: orders that were stored by a version before sales were told."""
        watched.sellers = list(self.house.world.sellers)
        took = watched.poll_all()
        found, stock = watched.verdicts([(None, ("order", "fulfillment")), (watched.sellers, ("inventory",))])
        sales = [finding for finding in stock.findings if (order := SALE.search(finding)) and order[1] in earlier]
        stock.lost -= len(sales)
        stock.findings = [finding for finding in stock.findings if finding not in sales]
        found.add(stock)
        histories = self.house.histories()
        failed = [event for history in histories for event in history.events if event.event_type == FAILED]
        say(f"{what}: {found}; settled in {took:.1f} s; {len(failed)} failed workflow tasks")
        assert found.ok, found.examples
        assert found.changes > 50
        assert len(histories) > SELLERS
        assert failed == []


@contextmanager
def fleet() -> Iterator[tuple[Fleet, Path]]:
    world = World(seed=17)
    for number in range(SELLERS):
        world.add_seller(f"seller-{number}", 12.0, 40)
        world.preload_skus(f"seller-{number}")
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="upgrade-")))
        servers, ebay = end.enter_context(KillableServers(folder)), end.enter_context(serve(world))
        house = House(folder, world, ebay.url, servers.create_database(), servers.temporal_address, **FAST)
        end.callback(house.close)
        it = Fleet(house)
        end.callback(lambda: [worker.end() for worker in it.workers])
        yield it, folder


def test_workers_are_replaced_one_after_another_and_back_again() -> None:
    with fleet() as (it, folder):
        old, new = version(ROLLING, folder / "old"), next_version(folder / "new")
        it.migrate(old)
        here = Deployment(it.house)
        it.enroll(old)
        it.workers = [it.start(old), it.start(old)]
        with Life(it.house.world, 1500.0):
            it.polls()
            it.migrate(new)
            for number, tree in ((0, new), (1, new), (0, old), (1, old)):
                it.replace(number, tree)
                it.polls()
        assert it.house.rows("SELECT version_num FROM sellerbeat.alembic_version") == [("9001",)]
        it.judged(f"{ROLLING} -> new -> {ROLLING}", here)
        here.close()


def test_a_version_with_tables_in_public_is_stopped_and_goes_forward_only() -> None:
    with fleet() as (it, folder):
        old, new = version(IN_PUBLIC, folder / "old"), next_version(folder / "new")
        it.migrate(old)
        it.enroll(old)
        it.workers = [it.start(old, fast=False), it.start(old, fast=False)]
        with Life(it.house.world, 1500.0):
            it.polls("public")
            refused = it.starter(new, "migrate")
            assert refused.code == 1
            assert "stop the worker and web.py of the version before first" in refused.err
            it.polls("public")  # and nothing has happened to them
            it.stop()
            earlier = {order for (order,) in it.house.rows("SELECT entity_id FROM public.orders")}
            it.migrate(new)
            here = Deployment(it.house)
            it.workers = [it.start(new), it.start(new)]
            it.polls()
        back = it.house.child("worker", str(old / "worker.py"))
        assert back.process.wait(60) != 0
        it.judged(f"{IN_PUBLIC}, stopped -> new", here, earlier)
        here.close()
