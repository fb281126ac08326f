"""Real servers for every test: one Postgres and one Temporal a run, a database of its own for each test. A missing server fails."""

import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import certifi
import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

import tests.support.cases  # noqa: F401  # names that modules had before
from demo_stack import devstack
from tests.support.databases import fresh
from tests.support.examples import EXAMPLES, IS_LONG_TRIAL

# No example is wrong for its time or its size: hypothesis guesses at the machine's speed, and at what a strategy usually makes.
# The gate has the same examples each time, so that it is green or red for everybody alike; `make chaos` has others each time, and more.
BY_CHANCE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "sellerbeat", max_examples=EXAMPLES, deadline=None, derandomize=not IS_LONG_TRIAL, suppress_health_check=BY_CHANCE
)
settings.load_profile("sellerbeat")

LONGEST = (
    *("demo/test_run", "end_to_end/test_recorded", "benchmarks/", "chaos/test_deaths", "end_to_end/", "activities/test_outage"),
    *("docs/test_commands", "secrets/", "chaos/", "model/", "fleets/", "console/", "devstack/", "activities/", "simulator/"),
)


def pytest_configure() -> None:
    """Bytecode is written, though people may want none: the tests take 6 s to compile, our modules a fifth of a child's start.

    Nobody looks for garbage while tests are collected: there is hardly any, and to look takes a sixth of the time.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    gc.disable()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Each of several processes begins to load at another place: what is not compiled yet (6 s of CPU), one of them compiles for all."""
    name, count = os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if not name or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:  # of all tests alone
        return
    files = sorted(
        file.relative_to(session.config.rootpath) for file in Path(__file__).parent.rglob("test_*.py") if "system" not in file.parts
    )
    first = len(files) * int(name.removeprefix("gw")) // count
    for file in files[first:] + files[:first]:
        with suppress(Exception):  # pytest tells it, when it comes there
            import_module(".".join(file.with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it at the end."""
    files = {item.path for item in items}
    names = {file: f"/{file.relative_to(Path(__file__).parent)}" for file in files if file.is_relative_to(Path(__file__).parent)}
    places = {file: next((place for place, one in enumerate(LONGEST) if one in name), len(LONGEST)) for file, name in names.items()}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays to the end, so nobody has to look for garbage in it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before xdist's and pytest's own, which are the last that are asked
def pytest_runtestloop() -> None:
    """In every process that comes here: the controller of others collects nothing, so no collection ends there."""
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nobody here visits the world's servers, and to load the authorities that the world trusts takes 23 ms a client, in children too."""
    whole = Path(certifi.where()).read_text(encoding="ascii", errors="ignore")
    end = "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(whole.partition(end)[0] + end, encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


def memory() -> str | None:
    """A folder in memory, if there is room. Each emptied table is a new file, and on a disk thousands of them cost a tenth of a run."""
    shared = "/dev/shm"
    with suppress(OSError):
        for left in Path(shared).glob("tests-*"):  # of a run that was killed
            if time.time() - left.stat().st_mtime > timedelta(days=1).total_seconds():
                shutil.rmtree(left, ignore_errors=True)
        if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 8 * 1024**3:
            return shared
    return None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of the run's Postgres (database `postgres`, superuser). Made for tests: no fsync, and in memory where there is much."""
    folder = Path(tempfile.mkdtemp(prefix="tests-", dir=memory()))
    try:
        with devstack.postgres(folder, fast=True) as url:
            with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
                cursor.execute("SET scram_iterations = 1")  # each test connects some times, and 4,096 rounds of hashing take one ms
                cursor.execute("ALTER ROLE postgres PASSWORD %s", [make_url(url).password])
            yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def execute(postgres_server: str) -> Iterator[Callable[[str], None]]:
    """Runs a statement as the superuser, outside of a transaction."""
    with closing(psycopg2.connect(postgres_server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor.execute


@pytest.fixture
def empty_database(postgres_server: str, execute: Callable[[str], None]) -> Iterator[str]:
    """The URL of a fresh database without tables; dropped after the test, whoever is still connected."""
    with fresh(postgres_server, execute, "template0") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str, execute: Callable[[str], None]) -> str:
    from store.schema import migrate  # here, because the tests of most rooms need no store

    execute("CREATE DATABASE migrated")
    migrate.upgrade(make_url(postgres_server).set(database="migrated").render_as_string(hide_password=False))
    return "migrated"


@pytest.fixture
def database(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[str]:
    """The URL of a fresh database with Sellerbeat's tables; dropped after the test, whoever is still connected."""
    with fresh(postgres_server, execute, migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def temporal_server() -> Iterator[devstack.TemporalServer]:
    """The run's Temporal dev server, in memory, without a Web UI."""
    from workflows.attributes import FLAGS  # here, because the tests of most rooms need no workflow

    with devstack.temporal(extra=FLAGS) as server:
        yield server


@pytest.fixture(scope="session")
def temporal_address(temporal_server: devstack.TemporalServer) -> str:
    return temporal_server.address


@pytest.fixture
async def temporal(temporal_address: str) -> AsyncIterator[Client]:
    """A client of the run's Temporal. What a test leaves running is terminated after it, so that the next may use the same ids."""
    client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    yield client
    async for schedule in await client.list_schedules():
        await client.get_schedule_handle(schedule.id).delete()
    async for left in client.list_workflows("ExecutionStatus = 'Running'"):
        with suppress(RPCError):  # it ended meanwhile
            await client.get_workflow_handle(left.id, run_id=left.run_id).terminate("the test is over")


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server of this test's own, whose clock jumps while a result is awaited."""
    async with devstack.time_skipping() as environment:
        yield environment
