"""The topology of docker-compose.yml on this machine without Docker, until a poll has stored a change. Exit 0: it did; 1: it did not.

`python -m deploy.native` starts Postgres, Temporal's schema tool and server, the namespace, migrate, worker and web with the commands and
the environment that docker-compose.yml gives them, on free ports of 127.0.0.1; a simulated eBay stands for eBay. It enrols a seller,
reads the feed until a change of an order comes in by a poll, prints it, and stops everything. The Web UI is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg2
from psycopg2 import sql
from sqlalchemy import make_url

from demo_stack import devstack
from demo_stack.devstack.binaries import temporal_cli
from deploy.native.compose import HOUSE, Service, moved, services
from deploy.native.processes import Processes, ProcessFailedError
from deploy.native.programs import MissingError, temporal_programs, whole_postgres
from deploy.native.secret_files import Secrets

PACE = {"SELLERBEAT_ORDERS_EVERY": "2s", "SELLERBEAT_ORDER_OVERLAP": "10s", "SELLERBEAT_BACKFILL": "1d"}
SELLER = "first-seller"
PORTS = ("FRONTEND_GRPC_PORT", "FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT",
         "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT")  # fmt: skip
LONGEST_S = 120


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m deploy.native", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep data and logs here (default: a folder that is removed at the end)")
    options = parser.parse_args(arguments)
    try:
        with ExitStack() as things:
            folder = options.folder or Path(things.enter_context(tempfile.TemporaryDirectory(prefix="native-", ignore_cleanup_errors=True)))
            folder.mkdir(parents=True, exist_ok=True)
            change = Topology(folder.resolve(), things).run()
        print(json.dumps(change))
        print(f"a poll stored {change['type']} {change['entity_id']} of {change['seller_id']}; everything is stopped")
    except (ProcessFailedError, MissingError, devstack.DevstackError) as error:
        print(f"native: {error}", file=sys.stderr)
        return 1
    return 0


class Topology:
    def __init__(self, folder: Path, things: ExitStack) -> None:
        built = temporal_programs()
        os.environ["DEVSTACK_POSTGRES"] = str(whole_postgres())
        self.folder, self.things = folder, things
        self.processes = Processes(folder, [temporal_cli().parent, whole_postgres(), *([built] if built else [])])
        self.ports = dict(zip((*PORTS, "web", "worker metrics", "web metrics", "health"), free_ports(len(PORTS) + 4), strict=True))
        self.environment = dict(PACE)  # what .env says

    def run(self) -> dict[str, Any]:
        """The first change of an order that a poll stored, as the feed tells it."""
        self.things.callback(self.processes.stop)
        self.start_ebay()
        server = self.things.enter_context(devstack.postgres(self.folder))
        url = make_url(server)
        self.secrets = Secrets(self.folder, self.ebay_secret, f"127.0.0.1:{url.port}")
        self.make_database(server)
        self.moves = [("/run/secrets", str(self.secrets.folder)), ("5432", str(url.port))]
        self.moves += [("temporal:7233", f"127.0.0.1:{self.ports['FRONTEND_GRPC_PORT']}"), ("0.0.0.0", "127.0.0.1")]
        self.moves += [("8080", str(self.ports["web"])), ("8081", str(self.ports["health"]))]
        return self.serve()

    def serve(self) -> dict[str, Any]:
        roles = self.service("roles")
        self.step("roles", roles)
        self.step("roles", roles, "again, as at each start")
        schema = self.service("temporal-schema")
        self.step("temporal-schema", schema)
        self.step("temporal-schema", schema, "again, as at each start")
        server = self.service("temporal")
        frontend = self.ports["FRONTEND_GRPC_PORT"]
        ports = {name: str(self.ports[name]) for name in PORTS}
        say("temporal")
        self.processes.start(
            "temporal",
            ["temporal-server", "start"],
            server.environment | ports | {"TEMPORAL_BROADCAST_ADDRESS": "127.0.0.1"},
            self.folder,
            lambda: listens(frontend),
        )
        namespace = self.service("temporal-namespace")
        self.step("temporal-namespace", namespace)
        self.step("temporal-namespace", namespace, "again, as at each start")
        self.step("migrate", self.ours("migrate"))
        self.step("grants", self.service("grants"))
        self.start("worker", lambda: self.well("worker"))
        self.start("web", lambda: self.well("web"))
        enroll = self.ours("migrate", ["starter.py", "enroll", SELLER, "--refresh-token-file", str(self.folder / "token")])
        print(self.step("enroll", enroll).strip(), flush=True)
        return self.first_change()

    def first_change(self) -> dict[str, Any]:
        position, deadline = 0, time.monotonic() + LONGEST_S
        headers = {"Authorization": f"Bearer {self.secrets.read('admin_token')}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ports['web']}", headers=headers, timeout=30) as feed:
            while time.monotonic() < deadline:
                self.processes.look_after()
                page = feed.get("/v1/changes", params={"after": position, "wait": "5s"}).raise_for_status().json()
                position = page["next"]
                for change in page["changes"]:
                    if change["source"] == "poll" and change["type"].startswith("order."):
                        return dict(change)
        raise ProcessFailedError(f"no poll stored a change of an order within {LONGEST_S} s")

    def service(self, name: str) -> Service:
        """With what its files of the environment say, as the one of `temporal`."""
        found = services({})[name]
        mounts = [(inside, str(HOUSE / outside)) for inside, outside in found.mounts.items()]
        files = [self.secrets.folder.parent / file for file in found.env_files if file.startswith("./secrets/")]
        given = dict(line.split("=", 1) for file in files for line in file.read_text(encoding="utf-8").split())
        here = moved(replace(found, environment=found.environment | given), [*self.moves, *mounts])
        hosts = {key: "127.0.0.1" for key in ("PGHOST", "SQL_HOST", "POSTGRES_SEEDS") if key in here.environment}
        return replace(here, environment=here.environment | hosts)

    def ours(self, name: str, words: Sequence[str] = ()) -> Service:
        """One of our own processes: `python` is the image's entry point, and `.env` its environment where the file says nothing."""
        moves = [("9090", str(self.ports[f"{name} metrics"]))] if f"{name} metrics" in self.ports else []
        found = moved(self.service(name), moves)
        program, *rest = words or found.words
        words = [sys.executable, str(HOUSE / program), *rest]
        return Service(name, list(words), self.environment | found.environment)

    def step(self, name: str, service: Service, again: str = "") -> str:
        say(name, again)
        return self.processes.run(name, service.words, service.environment, self.folder)

    def start(self, name: str, ready: Any) -> None:
        say(name)
        service = self.ours(name)
        self.processes.start(name, service.words, service.environment, self.folder, ready)

    def well(self, name: str) -> bool:
        """By the image's health check."""
        service = self.ours(name)
        try:
            self.processes.run(
                f"{name}-health", [sys.executable, str(HOUSE / "deploy" / "health.py"), f"{name}.py"], service.environment, HOUSE
            )
        except ProcessFailedError:
            return False
        return True

    def start_ebay(self) -> None:
        say("a simulated eBay")
        self.processes.start(
            "ebay",
            [sys.executable, "-m", "simulator", "--seller", f"{SELLER}=3000:5", "--rate", "20"],
            {"PYTHONUNBUFFERED": "1"},
            HOUSE,
            lambda: "simulated eBay at " in self.processes.said("ebay"),
        )
        found = re.search(r"simulated eBay at (\S+)", self.processes.said("ebay"))
        assert found
        self.ebay = found[1]
        about = httpx.get(f"{self.ebay}/simulator/sellers", timeout=10).raise_for_status().json()
        self.environment |= {
            "SELLERBEAT_EBAY_API_URL": self.ebay,
            "SELLERBEAT_EBAY_CLIENT_ID": about["client_id"],
        }
        self.ebay_secret = about["client_secret"]
        (self.folder / "token").write_text(about["sellers"][0]["refresh_token"], encoding="utf-8")

    def make_database(self, server: str) -> None:
        """As the image `postgres` makes them from POSTGRES_USER, POSTGRES_PASSWORD_FILE and POSTGRES_DB."""
        named = services({})["postgres"].environment
        user, password = sql.Identifier(named["POSTGRES_USER"]), sql.Literal(self.secrets.read("postgres_password"))
        with closing(psycopg2.connect(server)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(named["POSTGRES_DB"])))
                cursor.execute(sql.SQL("ALTER ROLE {} SUPERUSER LOGIN PASSWORD {}").format(user, password))  # there already, by that name
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(named["POSTGRES_DB"]), user))


def free_ports(count: int) -> list[int]:
    """Below 32768: Temporal keeps them as a smallint."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = 16384 + secrets.randbelow(16384)
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found


def listens(port: int) -> bool:
    """As the health check of docker-compose.yml asks."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def say(what: str, more: str = "") -> None:
    print(f"{what} {more}".strip() + " ...", flush=True)


if __name__ == "__main__":
    sys.exit(main())
