"""A Postgres of our own: the wheel's programs, our folder, a free port on loopback."""

import contextlib
import os
import pwd
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from demo_stack.devstack.binaries import postgres_bin
from demo_stack.devstack.errors import DevstackError
from demo_stack.devstack.folder import Folder
from demo_stack.devstack.leftovers import drop_foreign_pid_file, stop_leftovers
from demo_stack.devstack.process import ServerProcess, on_ports, running

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP alone: a folder's path may be too long for a socket, and the password keeps other users out
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # costs more than it gains in queries of milliseconds
    # statements, their values and DETAIL lines hold rows, and so buyers; as in docker-compose.yml
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# Without `fast` everything that makes a commit durable stays on: workflows rely on what was committed, also when the
# machine goes down, and with a disk of today a commit costs a millisecond or so. With `fast` a crash of the machine may
# cost the data (a crash of Postgres alone does not): for tests.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextlib.contextmanager
def postgres(folder: Path, *, fast: bool = False) -> Iterator[str]:
    """A Postgres with its data in `folder/postgres`, yielded as a URL (`postgresql://postgres:...@127.0.0.1:PORT/postgres`).

    A second start in the same folder finds the data, and takes the same port if nobody took it.

    Raises:
        DevstackError: no Postgres found, another living process uses the folder, or the server did not start.
    """
    home = Folder(folder / "postgres")
    with home.locked() as lock:
        stop_leftovers("postgres", home / "data")
        drop_foreign_pid_file(home / "data" / "postmaster.pid")
        with on_ports(home, ["postgres"], lambda ports: _running(home, ports["postgres"], lock, fast)) as url:
            yield url


@contextlib.contextmanager
def _running(home: Folder, port: int, lock: int, fast: bool) -> Iterator[str]:
    programs, data, user = postgres_bin(), home / "data", _user(home / "data")
    password = _password(home / "password", user)
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    settings = SETTINGS | {"port": str(port)} | (FAST if fast else {})
    initdb = [str(programs / "initdb"), "--username=postgres", f"--pwfile={home / 'password'}", "--auth=scram-sha-256"]
    # --no-sync: a machine that goes down within seconds of the first start loses an empty database
    initdb += ["--encoding=UTF8", "--locale=C", "--no-instructions", "--no-sync", "--pgdata"]
    server = ServerProcess(
        name="Postgres",
        folder=home,
        argv=[str(programs / "postgres"), "-D", str(data), *(word for k, v in settings.items() for word in ("-c", f"{k}={v}"))],
        log=home.fresh_log("postgres.log"),
        answers=lambda: _answers(url),
        prepare={"argv": initdb, "target": str(data)},
        user=user,
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    with running(server, lock):
        yield url


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _password(file: Path, user: tuple[int, int] | None) -> str:
    """Made once a folder, for this folder only. A random one, because every user of the machine reaches the port."""
    if not file.exists():
        half = file.with_suffix(".new")
        half.touch(mode=0o600)
        half.write_text(secrets.token_hex(12))
        half.replace(file)
    if user:
        try:
            os.chown(file, *user)
        except PermissionError as error:
            raise DevstackError(
                "Postgres refuses to run as root, and this root may not become another user: start as another user"
            ) from error
    return file.read_text().strip()


def _user(data: Path) -> tuple[int, int] | None:
    """Whom Postgres runs as: us, but never root, which it refuses. Who owns the data already, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (found := data.stat()).st_uid != 0:
        return found.st_uid, found.st_gid
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise DevstackError("Postgres refuses to run as root, and there is no user `postgres` or `nobody`: start as another user")


def create_database(server: str, name: str, template: str = "template1") -> str:
    """A new database on a server, by the address of another one there: empty, or as `template` is. Returns its own address."""
    with contextlib.closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return urlsplit(server)._replace(path=f"/{name}").geturl()
