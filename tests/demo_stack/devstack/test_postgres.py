import stat
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import create_engine, make_url, text

from demo_stack import devstack
from demo_stack.devstack.binaries import postgres_bin
from tests.demo_stack.devstack.conftest import at_work


def ask(url: str, sql: str) -> str | None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0]) if cursor.description else None


def test_postgres_answers_and_leaves_no_process(used: Path) -> None:
    with devstack.postgres(used, fast=True) as url:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg2"))
        with engine.connect() as connection:
            answer = connection.execute(text("SELECT 6 * 7")).scalar_one()
        engine.dispose()

    assert answer == 42
    assert at_work(used) == []


def test_an_error_in_the_block_stops_postgres_too(used: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        with devstack.postgres(used, fast=True):
            _ = 1 // 0

    assert at_work(used) == []


def test_a_second_start_finds_the_data_and_the_port(used: Path) -> None:
    with devstack.postgres(used, fast=True) as first:
        ask(first, "CREATE TABLE kept AS SELECT 7 AS n")

    with devstack.postgres(used, fast=True) as second:
        stored = ask(second, "SELECT n FROM kept")

    assert (stored, second) == ("7", first)


def test_a_commit_is_durable_unless_fast_is_asked_for(used: Path) -> None:
    with devstack.postgres(used) as url:
        safe = [ask(url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]
    with devstack.postgres(used, fast=True) as url:
        fast = [ask(url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]

    assert (safe, fast) == (["on"] * 3, ["off"] * 3)


def test_the_folder_is_private_and_the_server_wants_its_password(folder: Path) -> None:
    with devstack.postgres(folder / "new", fast=True) as url:
        modes = {stat.S_IMODE((folder / "new" / name).stat().st_mode) for name in (".", "postgres", "postgres/data")}
        with pytest.raises(psycopg2.OperationalError) as refusal:
            psycopg2.connect(make_url(url).set(password="guessed").render_as_string(hide_password=False))

    assert modes == {0o700}
    assert "authentication failed" in str(refusal.value)


def test_a_row_that_postgres_refuses_stands_in_no_log(used: Path) -> None:
    with devstack.postgres(used, fast=True) as url:
        ask(url, "CREATE TABLE buyers (name text PRIMARY KEY)")
        ask(url, "INSERT INTO buyers VALUES ('Canary Buyer')")
        with pytest.raises(psycopg2.IntegrityError):
            ask(url, "INSERT INTO buyers VALUES ('Canary Buyer')")

    log = (used / "postgres/postgres.log").read_text()
    assert "duplicate key" in log
    assert "Canary" not in log


def test_a_failed_start_reports_the_end_of_the_log_and_leaves_no_process(used: Path) -> None:
    version = used / "postgres/data/PG_VERSION"
    ours = version.read_text()
    version.write_text("9.6\n")

    try:
        with pytest.raises(devstack.DevstackError) as failure, devstack.postgres(used, fast=True):
            pass
    finally:
        version.write_text(ours)  # the folder is the next test's too

    assert "incompatible with server" in str(failure.value)
    assert at_work(used) == []


def test_a_start_that_was_cut_short_is_done_again(folder: Path) -> None:
    half = folder / "postgres/data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with devstack.postgres(folder, fast=True) as url:
        answer = ask(url, "SELECT 1")

    assert answer == "1"
    assert not half.exists()


def test_a_setting_names_the_programs(used: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = folder / "programs"
    programs.symlink_to(postgres_bin())
    monkeypatch.setenv("DEVSTACK_POSTGRES", str(programs))

    with devstack.postgres(used, fast=True):
        names = [word for process in at_work(used) for word in process.cmdline()]

    assert str(programs / "postgres") in names


def test_a_setting_that_names_no_program_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVSTACK_POSTGRES", "/nowhere")

    with pytest.raises(devstack.DevstackError) as failure, devstack.postgres(folder):
        pass

    assert str(failure.value) == "DEVSTACK_POSTGRES: there is no program `postgres` in /nowhere"
