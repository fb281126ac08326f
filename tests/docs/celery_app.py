"""The app of docs/how-to/move-from-celery.md: its tables, its Celery task and the page's programs, both as the page has them."""

from __future__ import annotations

import io
import os
import runpy
import subprocess
import sys
import warnings
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from simulator import World
from tests.docs.test_commands import HOUSE, blocks
from tests.support.house import Said
from tests.support.waiting import PATIENCE_S

PAGE = HOUSE / "docs" / "how-to" / "move-from-celery.md"
PROGRAMS = ("poll_orders", "export_sellers", "enroll_sellers", "take_changes", "compare", "connecting", "report_all", "go_back")
TABLES = """
    CREATE TABLE user_settings (user_id integer PRIMARY KEY, last_order_poll timestamp);
    CREATE TABLE ebay_credentials (
        id serial PRIMARY KEY, user_id integer NOT NULL, ebay_user_id text, access_token text, refresh_token text,
        refresh_token_expires_at timestamp
    );
    CREATE TABLE sales (
        id serial PRIMARY KEY, user_id integer NOT NULL, order_id text NOT NULL, line_item_id text NOT NULL, sku text, quantity integer,
        status text, payment text, sold_at timestamptz
    );
    CREATE TABLE items (id serial PRIMARY KEY, user_id integer NOT NULL, sku text NOT NULL, quantity integer NOT NULL);
    CREATE TABLE notices (user_id integer NOT NULL, line_item_id text NOT NULL);
"""


class Base(DeclarativeBase):
    pass


class UserSettings(Base):
    __tablename__ = "user_settings"
    user_id: Mapped[int] = mapped_column(primary_key=True)
    last_order_poll: Mapped[datetime | None]


class Sale(Base):
    __tablename__ = "sales"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    order_id: Mapped[str]
    line_item_id: Mapped[str]
    sku: Mapped[str | None]
    quantity: Mapped[int]
    status: Mapped[str]
    payment: Mapped[str]
    sold_at: Mapped[datetime]


@dataclass
class CeleryApp:
    """The app: its database, a folder with the page's programs, and what stands in its environment."""

    database: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    keys: tuple[bytes, ...] = field(default_factory=lambda: (Fernet.generate_key(), Fernet.generate_key()))
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = self.database.replace("postgresql://", "postgresql+psycopg2://")
        for name, program in zip(PROGRAMS, blocks(PAGE, "python"), strict=True):
            (self.folder / f"{name}.py").write_text(program, encoding="utf-8")
        self.environment |= {"DATABASE_URL": self.database, "FERNET_KEYS": ",".join(key.decode() for key in self.keys)}

    @cached_property
    def engine(self) -> Engine:
        return create_engine(self.database)

    def run(self, *statements: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def sealed(self, token: str, key: int = 0) -> str:
        return MultiFernet([Fernet(self.keys[key])]).encrypt(token.encode()).decode()

    def program(self, name: str, stdin: str = "", **environment: str) -> Said:
        """`python NAME.py`, in this process: without the second that a start of Python takes."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.syspath_prepend(str(self.folder))
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            for variable, value in {**self.environment, **environment}.items():
                patch.setenv(variable, value)
            try:
                runpy.run_path(str(self.folder / f"{name}.py"), run_name="__main__")
            except SystemExit as left:
                return Said(int(left.code or 0), out.getvalue(), err.getvalue())
            finally:
                sys.modules.pop("take_changes", None)  # it is another app's the next time
        return Said(0, out.getvalue(), err.getvalue())

    def shell(self, command: str, environment: dict[str, str]) -> Said:
        """A block of the page's, in a shell."""
        given = {**os.environ, **self.environment, **environment}
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"], cwd=self.folder, env=given, capture_output=True, text=True, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def loaded(self, name: str) -> dict[str, Any]:
        """The names of a program, which does not run as the main one."""
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in self.environment.items():
                patch.setenv(variable, value)
            return runpy.run_path(str(self.folder / f"{name}.py"))

    def celery_polls(self, users: Iterable[int], world: World, ebay_url: str) -> None:
        """A round of Celery Beat's: the page's task, for each user."""

        def bearer(user_id: int) -> dict[str, str]:
            (sealed,) = self.rows(f"SELECT refresh_token FROM ebay_credentials WHERE user_id = {user_id}")[0]
            refresh = MultiFernet([Fernet(key) for key in self.keys]).decrypt(sealed).decode()
            form = {"grant_type": "refresh_token", "refresh_token": refresh}
            keys = (world.accounts.client_id, world.accounts.client_secret)
            answer = httpx.post(f"{ebay_url}/identity/v1/oauth2/token", data=form, auth=keys, timeout=PATIENCE_S).raise_for_status()
            return {"Authorization": f"Bearer {answer.json()['access_token']}"}

        with Session(self.engine) as session, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # datetime.utcnow, as such code has it
            names: dict[str, Any] = {"session": session, "UserSettings": UserSettings, "Sale": Sale, "bearer": bearer, "httpx": httpx}
            names |= {"app": SimpleNamespace(task=lambda task: task), "ORDERS": f"{ebay_url}/sell/fulfillment/v1/order"}
            names |= {"datetime": datetime, "timedelta": timedelta, "log": SimpleNamespace(exception=self.errors.append)}
            exec(compile((self.folder / "poll_orders.py").read_text(encoding="utf-8"), str(PAGE), "exec"), names)
            for user in users:
                names["poll_orders"](user)
