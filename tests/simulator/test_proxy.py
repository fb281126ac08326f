"""Each fault of the network as a client sees it: an HTTP client, a raw socket, a database's driver would see the same."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from simulator import serve
from simulator.proxy import FaultProxy, LineFaults
from tests.simulator.conftest import Eventually
from tests.support.manual_world import ManualWorld
from tests.support.present import present
from tests.support.waiting import PATIENCE_S

PATH = "/simulator/sellers"


class Echo(FaultProxy):
    """In front of a server that gives back what it gets; `heard` is what it got."""

    heard: list[bytes]


@pytest.fixture
def ebay(world: ManualWorld) -> Iterator[str]:
    with serve(world) as running:
        yield running.url


@pytest.fixture
def proxy(ebay: str) -> Iterator[FaultProxy]:
    with FaultProxy("127.0.0.1", int(ebay.rsplit(":", 1)[1]), seed=3) as running:
        yield running


@pytest.fixture
def http(proxy: FaultProxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy.url, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A proxy in front of a server that gives back what it gets, and remembers it."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve_one(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65_536):
                    heard.append(data)
                    connection.sendall(data)
            except OSError:
                heard.append(b"reset")

    def serve_all() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve_one, args=[connection], daemon=True).start()

    thread = threading.Thread(target=serve_all, daemon=True)
    thread.start()
    with (proxy := Echo(*listener.getsockname())):
        proxy.heard = heard
        yield proxy
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=5)


def dial(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE_S)


def test_without_faults_everything_passes(http: httpx.Client, proxy: FaultProxy, ebay: str) -> None:
    assert [http.get(PATH).json() for _ in range(3)] == [httpx.get(ebay + PATH, timeout=PATIENCE_S).json()] * 3
    assert (proxy.done["connections"], proxy.done["exchanges"]) == (1, 3)


@pytest.mark.parametrize(
    ("kind", "how", "error", "words"),
    [
        ("refuse", {}, httpx.TransportError, "reset|broken pipe|without sending a response"),  # as it meets the request or not
        ("hang", {}, httpx.ReadTimeout, ""),
        ("garbage", {}, httpx.RemoteProtocolError, "illegal status line"),
        ("reset", {"after": 0}, httpx.ReadError, "reset"),
        ("reset", {"after": 300}, httpx.ReadError, "reset"),
        ("half_close", {"after": 0}, httpx.RemoteProtocolError, "without sending a response"),
        ("half_close", {"after": 300}, httpx.RemoteProtocolError, "without sending complete message body"),
        ("slow", {"delay_s": 5.0}, httpx.ReadTimeout, ""),
    ],
)
@pytest.mark.parametrize("warm", [False, True])
def test_each_fault_hits_as_often_as_asked(
    http: httpx.Client, proxy: FaultProxy, kind: str, how: dict[str, float], error: type[Exception], words: str, warm: bool
) -> None:
    if warm:  # the connection is there and kept
        http.get(PATH)
    proxy.next(kind, 2, **how)

    patience = 0.25 if error is httpx.ReadTimeout else PATIENCE_S
    for _ in range(2):
        with pytest.raises(error, match=f"(?i){words}"):
            http.get(PATH, timeout=patience)

    assert http.get(PATH).status_code == 200
    assert proxy.done[kind] == 2


def test_a_slow_answer_drips(http: httpx.Client, proxy: FaultProxy) -> None:
    proxy.next("slow", delay_s=0.05, bytes_a_second=2_000)

    answer = http.get(PATH)

    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.15


def test_a_reset_loses_the_answer_not_the_request(echo: Echo) -> None:
    echo.next("reset", after=3)
    with dial(echo) as line:
        line.sendall(b"commit")
        got = line.recv(100)
        with pytest.raises(ConnectionResetError):
            line.recv(100)

    assert got == b"com"
    assert echo.heard[0] == b"commit"


@pytest.mark.parametrize("kind", ["refuse", "hang", "garbage"])
def test_what_was_sent_never_arrives(echo: Echo, kind: str, eventually: Eventually) -> None:
    with dial(echo) as line:
        line.sendall(b"one")
        assert line.recv(100) == b"one"
        echo.next(kind)
        line.sendall(b"two")
        eventually(lambda: echo.done[kind] == 1)

    eventually(lambda: not echo.lines)
    assert b"two" not in echo.heard


def test_after_a_half_close_the_client_can_still_speak(echo: Echo, eventually: Eventually) -> None:
    echo.next("half_close", after=1)
    with dial(echo) as line:
        line.sendall(b"one")
        assert (line.recv(100), line.recv(100)) == (b"o", b"")
        line.sendall(b"more")
        eventually(lambda: b"more" in echo.heard)


def test_down_refuses_and_up_listens_on_the_same_port(http: httpx.Client, proxy: FaultProxy) -> None:
    http.get(PATH)
    port = proxy.port
    proxy.down()
    for _ in range(2):
        with pytest.raises(httpx.NetworkError):
            http.get(PATH)
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)

    proxy.up()

    assert http.get(PATH).status_code == 200
    assert proxy.port == port


def test_frozen_nothing_passes_and_thawed_all_of_it(echo: Echo) -> None:
    with dial(echo) as line:
        echo.freeze()
        line.sendall(b"one")
        line.settimeout(0.15)
        with pytest.raises(TimeoutError):
            line.recv(100)
        assert echo.heard == []
        line.settimeout(PATIENCE_S)

        echo.thaw()

        assert line.recv(100) == b"one"


def test_cut_resets_every_connection(echo: Echo, eventually: Eventually) -> None:
    with dial(echo) as one, dial(echo) as other:
        eventually(lambda: len(echo.lines) == 2)

        assert echo.cut() == 2

        for line in (one, other):
            with pytest.raises(ConnectionResetError):
                line.recv(100)


def test_a_client_that_has_said_all_still_gets_all_of_the_answer(echo: Echo, eventually: Eventually) -> None:
    with dial(echo) as line:
        line.sendall(b"x" * 300_000)
        line.shutdown(socket.SHUT_WR)
        eventually(lambda: echo.heard != [] and not echo.lines)  # the proxy is done with it, the answer is on its way
        got = b"".join(iter(lambda: line.recv(65_536), b""))

    assert len(got) == 300_000
    assert b"reset" not in echo.heard


def outcomes(proxy: FaultProxy, count: int) -> list[str]:
    seen = []
    for _ in range(count):
        try:
            with dial(proxy) as line:
                line.sendall(b"hello, hello")
                seen.append(str(line.recv(100)))
        except OSError as error:
            seen.append(type(error).__name__)
    return seen


def test_rates_are_drawn_by_the_seed_and_stop_at_once(ebay: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    runs = []
    for seed in (1, 1, 2):
        faults = LineFaults(refuse=0.3, garbage=0.3)
        with closing(socket.create_server(("127.0.0.1", 0))), FaultProxy(*listener.getsockname(), seed=seed, faults=faults) as proxy:
            drawn = [proxy.draw() for _ in range(40)]
            runs.append([plan and (plan.kind, plan.garbage) for plan in drawn])
            proxy.stop()
            assert [proxy.draw() for _ in range(5)] == [None] * 5
    listener.close()

    assert runs[0] == runs[1] != runs[2]
    assert {plan and plan[0] for plan in runs[0]} == {None, "refuse", "garbage"}


def test_rates_hit_real_connections(echo: Echo) -> None:
    echo.faults.refuse, echo.faults.garbage = 0.3, 0.3

    seen = outcomes(echo, 20)

    assert seen.count("b'hello, hello'") == 20 - echo.done["refuse"] - echo.done["garbage"]
    assert echo.done["refuse"] > 0 < echo.done["garbage"]


def test_nobody_behind_it_is_a_reset(ebay: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        target = listener.getsockname()
    with FaultProxy(*target) as proxy, pytest.raises(ConnectionResetError), dial(proxy) as line:
        line.recv(1)


def test_a_fault_that_does_not_exist_is_refused(proxy: FaultProxy) -> None:
    with pytest.raises(ValueError, match="no fault explode"):
        proxy.next("explode")


def test_by_hand_each_line_is_done_at_once(ebay: str) -> None:
    command = [sys.executable, "-m", "simulator.proxy", ebay.removeprefix("http://")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        url = "http://" + present(process.stdout).readline().split()[-1]

        def tell(line: str) -> str:
            present(process.stdin).write(line + "\n")
            present(process.stdin).flush()
            return present(process.stdout).readline()

        assert httpx.get(url + PATH, timeout=PATIENCE_S).status_code == 200
        tell("garbage 1")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url + PATH, timeout=PATIENCE_S)
        assert '"garbage": 1' in tell("counts")
        assert "no fault explode" in tell("explode 3")
        tell("down")
        with pytest.raises(httpx.ConnectError):
            httpx.get(url + PATH, timeout=PATIENCE_S)
        present(process.stdin).close()
        process.wait(timeout=PATIENCE_S)

    assert process.returncode == 0
