"""`python web.py` as it is started for real: where it listens, how it ends, and what it says when it cannot start."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import web
from simulator import World
from store.schema.kinds import AlertKind
from tests.support.house import ROOT, Child, House
from tests.support.waiting import PATIENCE_S, eventually_here
from tests.web.site import TOKEN

Opened = Callable[..., House]
TIMES = 4  # that one guesses, with six wrong tries each time: all peers together have thirty
HOW_TO = ROOT / "docs" / "how-to" / "read-the-feed.md"


@pytest.fixture(scope="module")
def house(open_house: Opened) -> House:
    house = open_house(World(seed=31), admin_token=TOKEN, web_bind="127.0.0.1:0")
    house.enroll("anna")
    return house


def start(house: House, **environment: str) -> tuple[Child, str]:
    """The process, and where it listens."""
    child = house.child("web", str(ROOT / "web.py"), **environment)
    listens = r"web listens.*?(http://[^\s\"]+)"
    found = eventually_here(lambda: re.search(listens, child.output()) or child.process.poll() is not None)
    assert isinstance(found, re.Match), child.output()
    return child, found[1]


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    child, address = start(house)
    yield address
    assert child.end(signal.SIGTERM) == 0
    assert "Traceback" not in child.output()


def test_a_body_does_not_wait_until_its_head_is_acknowledged() -> None:
    with web.listen("127.0.0.1:0") as place, socket.create_connection(place.getsockname()), place.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_behind_a_proxy_on_this_machine_who_guesses_is_told_apart_by_what_the_proxy_says(address: str) -> None:
    def tried(token: str, forwarded: str) -> int:
        return httpx.post(f"{address}/login", data={"token": token}, headers={"X-Forwarded-For": forwarded}, timeout=PATIENCE_S).status_code

    def guessed(peer: str) -> list[int]:
        """Six wrong tries, the right token, and the right one of somebody else."""
        wrong = [tried(f"wrong {number}", f"198.51.100.{number}, {peer}") for number in range(6)]  # the first address may be made up
        return [*wrong, tried(TOKEN, peer), tried(TOKEN, "192.0.2.8")]

    expected, found = [*[401] * 5, 429, 429, 303], guessed("203.0.113.0")
    for number in range(1, TIMES):  # the wait after the fifth is a second: a machine that took longer than that lets the next one try
        if found == expected:
            break
        assert (found[:5], found[-1]) == ([401] * 5, 303)
        found = guessed(f"203.0.113.{number}")

    assert found == expected


def reported(house: House, number: int) -> None:
    house.store.open_alert(AlertKind.LATE, f"alert {number}", "anna", f"{number}")


def test_without_temporal_it_starts_and_a_signal_ends_it_well_and_answers_who_waits_at_once(house: House) -> None:
    child, address = start(house, TEMPORAL_ADDRESS="127.0.0.1:1")
    last = house.store.feed.last()
    with (
        ThreadPoolExecutor(1) as threads,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as reader,
    ):
        waiting = threads.submit(reader.get, "/v1/changes", params={"after": last, "wait": "60s"})
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as other:
            assert [other.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        eventually_here(lambda: established(child) >= 1)

        code = child.end(signal.SIGINT, within=30)  # the reader would wait for 60

        assert waiting.result(30).json() == {"changes": [], "next": last, "feed": "0"}
    assert code == 0
    assert "web has ended" in child.output()
    assert "Traceback" not in child.output()


def established(child: Child) -> int:
    """Connections that clients hold."""
    import psutil

    parent = psutil.Process(child.process.pid)
    return sum(one.status == "ESTABLISHED" for process in (parent, *parent.children(True)) for one in process.net_connections("tcp"))


def test_a_megabyte_of_query_has_an_answer(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    for path in ("/v1/changes?seller=", "/?find=", "/healthz?"):
        with socket.create_connection((host, int(port)), timeout=60) as line:
            line.sendall(f"GET {path}{'x' * 1_000_000} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 414 ")
        assert json.loads(body)["status"] == 414


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET nowhere nothing", b"GET /\xff\x00 HTTP/1.1\r\nHost: a\r\n\r\n"]
)
def test_nonsense_is_a_bad_request(address: str, nonsense: bytes) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(nonsense + b"\r\n\r\n")
        answer = line.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_hundred_presses_of_everybody_at_once_find_no_error(house: House, address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as browser, ThreadPoolExecutor(20) as threads:
        browser.post("/login", data={"token": TOKEN})
        token = re.search(r'name="form_token" value="(\w+)"', browser.get("/sellers/anna").text)
        assert token
        asked = [
            *(threads.submit(browser.post, "/sellers/anna/poll-now", data={"form_token": token[1]}) for _ in range(50)),
            *(threads.submit(browser.get, path) for path in ("/", "/sellers/anna", "/readyz", "/sellers/carl", "/static/style.css") * 10),
        ]
        codes = {one.result().status_code for one in asked}

    assert codes == {200, 303, 404}


def test_the_reader_of_the_documentation_misses_nothing_however_often_it_dies(house: House, address: str, tmp_path: Path) -> None:
    """Killed while changes come, and the site away for a while: all of them are handled, in order, and few of them twice."""
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    program = tmp_path / "reader.py"
    program.write_text(f"import os\nos.chdir({str(tmp_path)!r})\n{code}", encoding="utf-8")
    settings = {"FEED_URL": address, "FEED_TOKEN": TOKEN}
    first = house.child("reader", str(program), **settings)

    def tell_all() -> None:
        for number in range(40):
            reported(house, number)

    telling = threading.Thread(target=tell_all)
    telling.start()
    eventually_here(lambda: first.out.read_text().count("\n") >= 5)
    first.end(signal.SIGKILL)

    second = house.child("reader", str(program), **settings)
    telling.join()
    last = house.store.feed.last()
    eventually_here(lambda: (tmp_path / "position").exists() and (tmp_path / "position").read_text() == str(last))
    second.end(signal.SIGKILL)

    handled = [json.loads(line) for reader in (first, second) for line in reader.out.read_text().splitlines()]
    events = house.events()
    assert {event["id"]: event for event in handled} == {event["id"]: event for event in events}
    assert [event["position"] for event in map(json.loads, second.out.read_text().splitlines())] == sorted(
        {event["position"] for event in map(json.loads, second.out.read_text().splitlines())}
    )


def test_the_reader_of_the_documentation_begins_anew_after_a_restore(house: House, address: str, tmp_path: Path) -> None:
    """It may die anywhere on the way; what it has of the changes behind the restore is what the feed has."""
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    settings = {"FEED_URL": address, "FEED_TOKEN": TOKEN}
    program = f"import os\nos.chdir({str(tmp_path)!r})\n{code}"
    reported(house, 1000)
    last = house.store.feed.last()
    first = house.child("reader", "-c", program, **settings)
    eventually_here(lambda: (tmp_path / "position").exists() and (tmp_path / "position").read_text() == str(last))
    first.end(signal.SIGKILL)

    standing = house.store.restores.renew()
    second = house.child("reader", "-c", program, **settings)
    eventually_here(lambda: int((tmp_path / "position").read_text()) > last)
    second.end(signal.SIGKILL)

    assert second.output() == "begins anew\n"
    assert [json.loads(line)["id"] for line in second.out.read_text().splitlines()] == [one["id"] for one in house.events()]
    assert (tmp_path / "feed").read_text() == standing.generation


def test_the_reader_of_the_documentation_ends_where_the_token_is_wrong(house: House, address: str, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)

    said = house.child("reader", "-c", code, FEED_URL=address, FEED_TOKEN="wrong").result()

    assert (said.code, said.out, said.err) == (1, "", "the bearer token is wrong, revoked or at its end\n")


@pytest.mark.parametrize(
    ("setting", "value", "code", "named"),
    [
        ("SELLERBEAT_DATABASE_URL", None, 2, "SELLERBEAT_DATABASE_URL is not set"),
        ("SELLERBEAT_SECRET_KEYS", None, 2, "SELLERBEAT_SECRET_KEYS is not set"),
        ("SELLERBEAT_WEB_BIND", "8080", 2, "SELLERBEAT_WEB_BIND"),
        ("SELLERBEAT_ADMIN_TOKEN", "hunter2", 2, "SELLERBEAT_ADMIN_TOKEN"),
        ("SELLERBEAT_ADMIN_TOKN", "x", 2, "did you mean SELLERBEAT_ADMIN_TOKEN"),
        ("SELLERBEAT_DATABASE_URL", "postgresql://sellerbeat:hunter2@127.0.0.1:1/db", 1, "SELLERBEAT_DATABASE_URL"),
        ("SELLERBEAT_DATABASE_URL", "{empty}", 1, "starter.py migrate"),
        ("SELLERBEAT_WEB_BIND", "203.0.113.7:80", 1, "SELLERBEAT_WEB_BIND"),
        ("SELLERBEAT_WEB_BIND", "{taken}", 1, "SELLERBEAT_WEB_BIND"),
    ],
)
def test_a_site_that_cannot_start_says_why_in_one_line(
    house: House, empty_database: str, address: str, setting: str, value: str | None, code: int, named: str
) -> None:
    given = value and value.format(empty=empty_database, taken=address.removeprefix("http://"))

    said = house.command(main=web.main, variables={setting: given})

    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1)
    assert said.err.startswith("web: ")
    assert named in said.err
    assert "hunter2" not in said.err
