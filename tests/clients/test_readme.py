"""Every program in the client's README does what it stands for, as it is written."""

from __future__ import annotations

import ast
import inspect
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sellerbeat import DbApiPosition, Feed
from sellerbeat.events import InventorySold

from operations.catalogue.samples import sample
from tests.clients.conftest import Listening
from tests.clients.test_webhooks import OTHER, SECRET, delivery, signed
from tests.docs.test_commands import blocks
from tests.support.waiting import PATIENCE_S
from tests.web.site import TOKEN

CLIENT = Path(__file__).parents[2] / "clients" / "python"
PROGRAM, VERIFY, RECEIVE, CALL = blocks(CLIENT / "README.md", "python")


def rows(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def test_the_first_program_books_each_sale_and_goes_on_where_it_was_ended(web: Listening, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM, encoding="utf-8")
    given = {**os.environ, "PYTHONPATH": str(CLIENT), "SELLERBEAT_URL": web.url, "SELLERBEAT_TOKEN": TOKEN}
    database = tmp_path / "shop.db"
    for number, name in enumerate((signal.SIGINT, signal.SIGTERM)):
        web.sell(number)
        with subprocess.Popen([sys.executable, "shop.py"], cwd=tmp_path, env=given, stderr=subprocess.PIPE, text=True) as shop:
            assert shop.stderr
            assert "handled up to position" in shop.stderr.readline()
            shop.send_signal(name)
            _, said = shop.communicate(timeout=PATIENCE_S)
            assert (shop.returncode, said) == (0, "")

        assert len(rows(database, "SELECT * FROM sales")) == number + 1
    assert rows(database, "SELECT position FROM sellerbeat_position") == [(web.store.feed.last(),)]


def test_deliveries_are_verified_and_received_as_it_says(tmp_path: Path) -> None:
    headers, body = signed(delivery("inventory.sold"))
    names: dict[str, Any] = {"headers": headers, "body": body, "new_secret": OTHER, "old_secret": SECRET}
    exec(compile(VERIFY, "README.md", "exec"), names)
    assert isinstance(names["event"], InventorySold)

    feed: Feed[Any] = Feed("http://localhost", "t")
    got: list[Any] = []
    feed.on("inventory.sold")(lambda event, _: got.append(event.id))
    position = DbApiPosition(lambda: sqlite3.connect(tmp_path / "app.db"))
    position.create_tables()
    app = Flask("shop")
    exec(compile(RECEIVE, "README.md", "exec"), {"app": app, "feed": feed, "position": position, "secret": SECRET})
    answers = [app.test_client().post("/sellerbeat", headers=headers, data=body).status_code for _ in range(2)]

    assert (answers, got) == ([204, 204], [sample("inventory.sold")["id"]])


async def test_the_api_is_called_as_it_says(web: Listening, capsys: pytest.CaptureFixture[str]) -> None:
    web.enroll("s-17")
    web.sell(1, seller="s-17")
    names: dict[str, Any] = {"url": web.url, "token": TOKEN}
    asked = eval(compile(CALL, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    assert inspect.iscoroutine(asked)
    await asked

    assert names["link"].url.startswith("http")
    assert capsys.readouterr().out.startswith("o-1 {")
    assert names["seller"].seller_id == "s-17"
