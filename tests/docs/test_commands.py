"""Somebody follows the tutorial and the README to the letter, in an empty folder, with the settings that a demo writes there.

One deployment of three sellers serves all. That `make demo` brings one about is in tests/demo_stack/demo/test_run.py.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from dotenv import dotenv_values

from demo_stack.demo.home import Home
from demo_stack.devstack.folder import Folder
from simulator import Life, World
from tests.support.house import House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import eventually_here

HOUSE = Path(__file__).resolve().parents[2]
TUTORIAL = HOUSE / "docs" / "tutorial.md"
PATIENCE_S = 300
ENDLESS = ("--follow",)  # their first line is enough
SELLERS = {"anna": 210, "bert": 20, "carla": 5}  # and how many SKUs they have
PAST = 300  # orders of anna: with her SKUs more events than a page has, whatever else is polled by then
RATE = 6000.0  # a seller's day within 14 s
CADENCE = {"orders_every": "5s", "fulfillment_every": "10m", "inventory_every": "10m", "order_overlap": "10s"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


def commands(page: Path, starting: tuple[str, ...]) -> list[str]:
    """Lines of blocks of code, indented or fenced, without their comments."""
    lines = [line.strip().partition("  #")[0].strip() for line in page.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line.startswith(starting)]


@pytest.fixture(scope="module")
def world() -> World:
    world = World(seed=23)
    for name, skus in SELLERS.items():
        world.add_seller(name, 45.0, skus)
        world.preload_skus(name)
    now = world.clock.now()
    world.preload_orders("anna", PAST, now - timedelta(days=5), now - timedelta(days=1))
    return world


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House], world: World) -> House:  # noqa: F811
    return open_house(world, web_bind="127.0.0.1:0", **CADENCE)


@pytest.fixture(scope="module")
def folder(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone beside which somebody has typed `make demo`."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "starter.py").symlink_to(HOUSE / "starter.py")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (folder / ".venv" / "bin" / "python").chmod(0o755)
    for name in SELLERS:
        house.enroll(name, "--backfill", "6d")
    web = house.child("web", str(HOUSE / "web.py"))
    house.worker()
    (bind,) = eventually_here(lambda: re.findall(r"web listens.*?http://([^\s\"/]+)", web.output()))
    ours = {name: value for name, value in house.environment.items() if name.startswith(("SELLERBEAT_", "TEMPORAL_"))}
    Home(Folder(folder / ".sellerbeat")).write_starter(ours | {"SELLERBEAT_WEB_BIND": bind})
    return folder


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SELLERBEAT_", "TEMPORAL_"))}


def run(folder: Path, command: str, **environment: str) -> str:
    """What it said. One that has no end is ended after its first line."""
    with subprocess.Popen(
        ["sh", "-ec", command], cwd=folder, env=clean() | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        if any(word in command for word in ENDLESS):
            assert process.stdout
            said = process.stdout.readline()
            os.killpg(process.pid, 9)
            return said
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, f"{command}\n{said}"
        return said


def typed(house: House, folder: Path, command: str) -> str:
    """What the same command says that runs here: for those whose start by `.sellerbeat/starter` and Python others prove."""
    settings = dotenv_values(folder / ".sellerbeat" / "env")
    words = shlex.split(command)
    assert words[0] == ".sellerbeat/starter", command
    said = house.command(*words[1:], variables=settings)
    assert said.code == 0, said
    return said.out


def newcomer(world: World, seller: str) -> str:
    """The refresh token of a new seller at the simulated eBay: an account can be one seller only."""
    world.add_seller(seller)
    return world.refresh_token(seller)


def test_the_tutorial_leads_to_the_first_sales_in_ones_own_code(folder: Path, house: House, world: World) -> None:
    (code,) = blocks(TUTORIAL, "python")
    (folder / "first_reader.py").write_text(code, encoding="utf-8")
    first, *others = blocks(TUTORIAL, "sh")

    with Life(world, RATE):
        lines = [line for block in others for line in block.strip().splitlines()]
        said = [typed(house, folder, line) if line.startswith(".sellerbeat/starter") else run(folder, line) for line in lines]

    assert first.strip() == "make demo"
    listed, status, changes, sales, paused, resumed = said
    assert {"anna", "bert", "carla"} <= set(re.findall(r"\w+", listed))
    assert "orders" in status
    assert "bert" in changes
    assert len(re.findall(r"^(?:anna|bert|carla) sold \S+ for [\d.]+ USD$", sales, re.M)) == 5, sales
    assert "anna is paused" in paused
    assert "anna polls again" in resumed


def test_the_commands_of_the_readme_work(folder: Path, world: World) -> None:
    (folder / "token.txt").write_text(newcomer(world, "my-seller"), encoding="utf-8")
    typed = commands(HOUSE / "README.md", (".sellerbeat/real/starter",))  # of `make up`, whose folder is below the demo's

    said = {command: run(folder, command.replace("/real/", "/")) for command in typed}

    assert [command.split()[1] for command in typed] == ["enroll", "status", "changes"]
    assert "my-seller is enrolled" in said[typed[0]]
    assert "seller.connected" in said[typed[2]]  # the first line; its seller's orders come behind it


def test_a_csv_enrols_every_seller_as_the_how_tos_say(folder: Path, world: World) -> None:
    settings = {name: value or "" for name, value in dotenv_values(folder / ".sellerbeat" / "env").items()}
    tokens = [newcomer(world, f"shop-{number}") for number in (1, 2, 3)]
    simple = HOUSE / "docs" / "how-to" / "enroll-many.md"
    (many,) = blocks(simple, "sh")
    heading = next(line.strip() for line in simple.read_text(encoding="utf-8").splitlines() if line.startswith("    seller_id,"))
    environment = settings | {"PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}"}

    (folder / "sellers.csv").write_text(f"{heading}\nshop-1,{tokens[0]},30s,30d\nshop-2,{tokens[1]},,\n", encoding="utf-8")
    said = run(folder, many, **environment)
    last = datetime.now(UTC).isoformat(timespec="seconds")
    (folder / "sellers.csv").write_text(f"seller_id,refresh_token,last_poll_at\nshop-3,{tokens[2]},{last}\n", encoding="utf-8")
    moved = run(folder, many, **environment)

    assert [line.partition(";")[0] for line in (said + moved).splitlines()] == [f"shop-{number} is enrolled" for number in (1, 2, 3)]


def counted(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM sellerbeat.{table}")
    return int(cursor.fetchone()[0])


def test_the_reader_in_sql_runs_as_it_is_written(folder: Path) -> None:
    settings = {name: value or "" for name, value in dotenv_values(folder / ".sellerbeat" / "env").items()}
    (reader,) = blocks(HOUSE / "docs" / "how-to" / "read-the-feed.md", "sql")
    with psycopg2.connect(settings["SELLERBEAT_DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS my_position, my_sales")
        eventually_here(lambda: counted(cursor, "change_events") >= 500)  # a whole page
        cursor.execute(reader)
        cursor.execute("SELECT position FROM my_position")
        (position,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM my_sales")
        (sales,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM sellerbeat.change_events WHERE position <= %s AND type = 'order.created'", [position])
        (reported,) = cursor.fetchone()

    assert position >= 500
    assert sales == reported > 0
