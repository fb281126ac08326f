"""A Postgres that is there but refuses: every command says in one line what it refuses and what to do."""

from __future__ import annotations

from contextlib import closing
from itertools import count

import psycopg2
import pytest
from sqlalchemy import make_url

from tests.support.house import House

numbers = count(1)

# What may be set for a role to have Postgres refuse it, and what is said of it; tests/store/test_faults.py has every kind
REFUSALS = {
    "CONNECTION LIMIT 0": "takes no more connections",
    "SET default_transaction_read_only = on": "lets us only read",
    "NOLOGIN": "does not let the role",
    "PASSWORD 'another'": "refuses the name or the password",
    "": "lacks a right",
}


@pytest.mark.parametrize("refusal", [*REFUSALS])
def test_what_postgres_refuses_every_command_says_so(house: House, database: str, refusal: str) -> None:
    name = f"refused_{next(numbers)}"
    url = make_url(database).set(username=name, password="hunter2").render_as_string(hide_password=False)
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'hunter2'")
        try:
            if refusal:
                cursor.execute(f"GRANT USAGE ON SCHEMA sellerbeat TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA sellerbeat TO {name}")
                cursor.execute(f"ALTER ROLE {name} {refusal}")
            reading = [] if "read_only" in refusal else ["list", "status anna", "snapshot anna orders"]
            lines = [
                house.command(*one.split(), SELLERBEAT_DATABASE_URL=url).failure(1) for one in (*reading, "endpoint add https://8.8.8.8/")
            ]
            checks = house.command("doctor", "--json", SELLERBEAT_DATABASE_URL=url)
        finally:
            cursor.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")

    assert [line for line in lines if REFUSALS[refusal] not in line] == []
    found = next(row["found"] for row in checks.objects if row["what"] == "Postgres")
    assert (checks.code, "hunter2" in found) == (1, False)
    assert (REFUSALS[refusal] if refusal else "may not use the schema") in found
