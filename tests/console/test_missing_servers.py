"""A server that is not there, a database without tables: one clear line that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from itertools import count

import psycopg2
import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import text
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.service import OperatorService, RPCError, RPCStatusCode

import worker
from tests.support.histories import client_of
from tests.support.house import Child, House, Said

READING = ("list", "changes", "alerts", "quota", "set-aside")
ACTING = (
    "status anna",
    "snapshot anna orders",
    "pause anna",
    "pause --all",
    "poll-now anna",
    "set-cadence anna --orders 5m",
    "remove anna",
)
numbers = count(1)
CHECKS = (
    "settings",
    "Postgres",
    "tables",
    "writes",
    "keys",
    "partitions",
    "sequences",
    "log",
    "Temporal",
    "namespace",
    "search attributes",
    "worker",
    "polling",
    "eBay",
    "clock",
    "deliveries",
    "mail",
)
TABLES = {"tables", "writes", "keys", "partitions", "sequences", "log", "polling"}
TEMPORAL, EBAY = {"Temporal", "namespace", "search attributes", "worker"}, {"eBay", "clock"}


@pytest.fixture(scope="module", autouse=True)
def anna(house: House) -> None:
    house.enroll("anna")


@pytest.mark.parametrize("command", [*READING, *ACTING, "migrate"])
def test_without_postgres_every_command_says_so(house: House, nobody: str, command: str) -> None:
    line = house.command(*command.split(), SELLERBEAT_DATABASE_URL=f"postgresql://sellerbeat:hunter2@{nobody}/db").failure(1)

    assert "SELLERBEAT_DATABASE_URL" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("command", [*READING, *ACTING])
def test_without_tables_every_command_says_how_to_make_them(house: House, empty_database: str, command: str) -> None:
    line = house.command(*command.split(), SELLERBEAT_DATABASE_URL=empty_database).failure(1)

    assert "run starter.py migrate" in line


def test_migrate_makes_the_tables_and_may_be_repeated(house: House, empty_database: str) -> None:
    first = house.command("migrate", "--json", SELLERBEAT_DATABASE_URL=empty_database)
    second = house.command("migrate", SELLERBEAT_DATABASE_URL=empty_database)

    revision = first.object["revision"]
    assert (first.code, first.err, second.code, second.err) == (0, "", 0, "")
    assert second.out == f"the tables are at revision {revision}; Temporal knows the search attributes\n"
    assert house.command("list", SELLERBEAT_DATABASE_URL=empty_database).out.startswith(
        "no sellers yet; begin with: starter.py connect SELLER"
    )


def refuses(monkeypatch: pytest.MonkeyPatch, *calls: str) -> None:
    """Temporal as its Cloud is to whoever only uses a namespace."""

    async def refused(*_: object, **__: object) -> None:
        raise RPCError("Request unauthorized.", RPCStatusCode.PERMISSION_DENIED, b"")

    for call in calls:
        monkeypatch.setattr(OperatorService, call, refused)


def test_migrate_says_what_to_add_by_hand_where_temporal_lets_nobody_make_it(
    house: House, empty_database: str, bare_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses(monkeypatch, "add_search_attributes")

    said = house.command("migrate", SELLERBEAT_DATABASE_URL=empty_database, TEMPORAL_NAMESPACE=bare_namespace)

    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "the tables are done" in said.err
    assert f"add them to namespace {bare_namespace} yourself" in said.err
    assert "SellerbeatState=Keyword, SellerbeatTier=Keyword, SellerbeatFailures=Int, SellerbeatLastChange=Datetime" in said.err
    assert house.command("list", SELLERBEAT_DATABASE_URL=empty_database).out.startswith(
        "no sellers yet; begin with: starter.py connect SELLER"
    )


def test_migrate_is_done_where_temporal_does_not_tell_what_there_is(
    house: House, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses(monkeypatch, "list_search_attributes", "add_search_attributes")

    said = house.command("migrate", SELLERBEAT_DATABASE_URL=empty_database)
    asked = house.command("migrate", "--json", SELLERBEAT_DATABASE_URL=empty_database)

    assert (said.code, said.err) == (0, "")
    assert "see yourself that namespace default has SellerbeatState=Keyword" in said.out
    assert asked.object["search_attributes"] is None


def test_migrate_makes_the_tables_without_temporal_and_says_what_is_left(house: House, empty_database: str, nobody: str) -> None:
    said = house.command("migrate", SELLERBEAT_DATABASE_URL=empty_database, TEMPORAL_ADDRESS=nobody)

    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "search attributes are left" in said.err
    assert nobody in said.err
    assert house.command("list", SELLERBEAT_DATABASE_URL=empty_database).out.startswith(
        "no sellers yet; begin with: starter.py connect SELLER"
    )


def test_migrate_refuses_tables_of_a_later_version(house: House, database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE sellerbeat.alembic_version SET version_num = '9999'")

    assert "of a later version" in house.command("migrate", SELLERBEAT_DATABASE_URL=database).failure(1)


@pytest.fixture
def bare_namespace(temporal_address: str) -> str:
    """A namespace without search attributes."""

    async def register() -> str:
        client, name = await client_of(temporal_address), f"bare-{next(numbers)}"
        retention = Duration(seconds=86_400)
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
        )
        return name

    return asyncio.run(register())


def test_without_search_attributes_no_worker_starts_until_migrate_made_them(house: House, bare_namespace: str) -> None:
    refused = house.command(main=worker.main, TEMPORAL_NAMESPACE=bare_namespace)
    seen = {row["what"]: row["found"] for row in house.command("doctor", "--json", TEMPORAL_NAMESPACE=bare_namespace).objects}
    made = house.command("migrate", TEMPORAL_NAMESPACE=bare_namespace)
    after = {row["what"]: row["ok"] for row in house.command("doctor", "--json", TEMPORAL_NAMESPACE=bare_namespace).objects}

    for words in (refused.err, seen["search attributes"]):
        assert "SellerbeatState" in words
        assert "run starter.py migrate" in words
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert "search attributes made: SellerbeatState" in made.out
    assert after["search attributes"]


def test_migrate_names_a_namespace_that_is_missing(house: House) -> None:
    said = house.command("migrate", TEMPORAL_NAMESPACE="nowhere")

    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "no namespace nowhere" in said.err


def test_tables_of_another_version_are_not_used(house: House, database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE sellerbeat.alembic_version SET version_num = '0000'")

    assert "run starter.py migrate" in house.command("list", SELLERBEAT_DATABASE_URL=database).failure(1)


@pytest.mark.parametrize(
    "command",
    ["pause anna", "resume --all", "poll-now anna", "active anna", "speed-up anna --every 1m --for 1h", "set-cadence anna --orders 5m"],
)
def test_without_temporal_every_signal_says_so(house: House, nobody: str, command: str) -> None:
    line = house.command(*command.split(), TEMPORAL_ADDRESS=nobody).failure(1)

    assert nobody in line
    assert "TEMPORAL_ADDRESS" in line


def test_without_temporal_the_status_tells_what_postgres_knows(house: House, nobody: str) -> None:
    said = house.command("status", "anna", "--json", TEMPORAL_ADDRESS=nobody)

    assert (said.code, said.err) == (0, "")
    assert said.object["state"] == "polling"
    assert "TEMPORAL_ADDRESS" in said.object["reason"]


def test_a_temporal_namespace_that_does_not_exist_is_said(house: House) -> None:
    assert "nowhere" in house.command("pause", "anna", TEMPORAL_NAMESPACE="nowhere").failure(1)


def test_without_a_worker_the_status_says_so(house: House) -> None:
    said = house.command("status", "anna", "--json")

    assert (said.code, said.err) == (0, "")
    assert "worker.py" in said.object["reason"]


def test_without_a_worker_a_new_cadence_is_refused_at_once(house: House) -> None:
    assert "no worker runs" in house.command("set-cadence", "anna", "--orders", "5m").failure(1)


@pytest.mark.parametrize(
    ("setting", "value", "wrong"),
    [
        ("TEMPORAL_ADDRESS", "{nobody}", TEMPORAL),
        ("TEMPORAL_NAMESPACE", "nowhere", TEMPORAL - {"Temporal"}),
        ("SELLERBEAT_DATABASE_URL", "postgresql://{nobody}/db", TABLES | {"Postgres", "worker"}),
        ("SELLERBEAT_DATABASE_URL", "{empty}", TABLES | {"worker"}),
        ("SELLERBEAT_EBAY_API_URL", "http://{nobody}", EBAY | {"worker"}),
        ("SELLERBEAT_EBAY_CLIENT_SECRET", "wrong", EBAY | {"worker"}),
        ("SELLERBEAT_EBAY_CLIENT_ID", None, EBAY | {"settings", "worker"}),
        ("SELLERBEAT_ORDERS_EVERY", "5x", set(CHECKS)),
        ("SELLERBEAT_ORDERS_EVERY", "5m", {"worker"}),
    ],
)
def test_the_doctor_names_what_is_missing_and_how_to_help(
    house: House, nobody: str, empty_database: str, setting: str, value: str | None, wrong: set[str]
) -> None:
    with house.store.engine.begin() as connection:  # a minute after the last enrolment the want of a worker is a line of its own
        connection.execute(text("UPDATE sellerbeat.sellers SET detected_at = clock_timestamp()"))
    said = house.command("doctor", "--json", variables={setting: value and value.format(nobody=nobody, empty=empty_database)})

    assert [row["what"] for row in said.objects] == list(CHECKS)
    assert {row["what"] for row in said.objects if not row["ok"]} == wrong
    assert all(row["found"] and "\n" not in row["found"] for row in said.objects)
    assert (said.code, said.err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("setting", "value", "code", "named"),
    [
        ("SELLERBEAT_DATABASE_URL", "postgresql://{nobody}/db", 1, "SELLERBEAT_DATABASE_URL"),
        ("SELLERBEAT_DATABASE_URL", "{empty}", 1, "starter.py migrate"),
        ("TEMPORAL_ADDRESS", "{nobody}", 1, "TEMPORAL_ADDRESS"),
        ("SELLERBEAT_SECRET_KEYS", None, 2, "SELLERBEAT_SECRET_KEYS"),
        ("SELLERBEAT_ORDERS_EVRY", "5m", 2, "SELLERBEAT_ORDERS_EVRY"),
        ("SELLERBEAT_DELIVERY_NETWORKS", "10.0.0.0/8:8080,0.0.0.0/0:80", 2, "SELLERBEAT_DELIVERY_NETWORKS: '0.0.0.0/0:80'"),
    ],
)
def test_a_worker_that_cannot_start_says_why(
    house: House, nobody: str, empty_database: str, setting: str, value: str | None, code: int, named: str
) -> None:
    said = house.command(main=worker.main, variables={setting: value and value.format(nobody=nobody, empty=empty_database)})

    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1)
    assert said.err.startswith("worker: ")
    assert named in said.err


@pytest.mark.parametrize(("program", "setting"), [("worker.py", "TEMPORAL_ADDRESS"), ("starter.py", "SELLERBEAT_DATABASE_URL")])
def test_as_a_process_it_ends_with_the_same_line(house: House, nobody: str, program: str, setting: str) -> None:
    elsewhere = {"TEMPORAL_ADDRESS": nobody, "SELLERBEAT_DATABASE_URL": f"postgresql://{nobody}/db"}[setting]
    start: Callable[..., Child] = house.starter if program == "starter.py" else lambda *_, **given: house.worker(wait=False, **given)

    said: Said = start("list", **{setting: elsewhere}).result()

    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert setting in said.err
