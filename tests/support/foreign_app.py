"""An app that has the database already: 30 migrations of its own, an `alembic_version` in `public`, and tables named as some of ours."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url

from demo_stack.devstack.binaries import postgres_bin
from tests.support.waiting import PATIENCE_S

NAMES = ("notifications", "orders", "sellers", "alerts", "tokens", "endpoints", "deliveries", "secrets", "claims", "levels")
COUNT = 30  # ours have the same names up to here
ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
# The first ones make a table each, with revisions named as ours; later ones add a column to one and a row to another.
REVISION = '''
from alembic import op

revision, down_revision = {revision!r}, {before!r}


def upgrade():
    op.execute("""{up}""")


def downgrade():
    op.execute("""{down}""")
'''


class ForeignApp:
    """Its migrations, in a folder, for one database."""

    def __init__(self, folder: Path, database: str) -> None:
        self.database = database
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV)
        for number in range(1, COUNT + 1):
            text = REVISION.format(
                revision=f"{number:04}", before=f"{number - 1:04}" if number > 1 else None, up=_up(number), down=_down(number)
            )
            (folder / "versions" / f"{number:04}_of_the_app.py").write_text(text)
        self.config = Config()
        self.config.set_main_option("script_location", str(folder))
        self.config.set_main_option("sqlalchemy.url", make_url(database).set(drivername="postgresql+psycopg2").render_as_string(False))

    def up(self, revision: str = "head") -> None:
        command.upgrade(self.config, revision)

    def down(self, revision: str = "base") -> None:
        command.downgrade(self.config, revision)

    def rows(self) -> int:
        """In all of its tables."""
        with create_engine(self.config.get_main_option("sqlalchemy.url") or "").connect() as connection:
            return sum(connection.exec_driver_sql(f"SELECT count(*) FROM public.{name}").scalar_one() for name in NAMES)


def _up(number: int) -> str:
    name = NAMES[number % len(NAMES)]
    if number <= len(NAMES):
        return f"CREATE TABLE {name} (id serial PRIMARY KEY, seller_id text, body text NOT NULL)"
    return f"ALTER TABLE {name} ADD c{number} integer NOT NULL DEFAULT {number}; INSERT INTO {name} (body) VALUES ('of the app {number}')"


def _down(number: int) -> str:
    name = NAMES[number % len(NAMES)]
    return (
        f"DROP TABLE {name}"
        if number <= len(NAMES)
        else f"ALTER TABLE {name} DROP c{number}; DELETE FROM {name} WHERE body LIKE '%{number}'"
    )


def dump(database: str, schema: str) -> str:
    """Tables and rows of a schema as pg_dump writes them, but for the token that it makes anew each time."""
    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    program = [str(postgres_bin() / "pg_dump"), "--schema", schema, "--dbname", url]
    text = subprocess.run(program, check=True, capture_output=True, text=True, timeout=PATIENCE_S).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)
