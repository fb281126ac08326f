"""A receiver of posts in a process of its own, so that its work is nobody's who is measured: `python -m lab.benchmarks.receiver`."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@contextmanager
def receiver() -> Iterator[int]:
    """Its port on 127.0.0.1."""
    command = [sys.executable, "-m", "lab.benchmarks.receiver"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.kill()


def answer(connection: socket.socket) -> None:
    """One post after another; a head and a body, however they are cut."""
    got = b""
    while data := connection.recv(65536):
        got += data
        while (head := got.find(b"\r\n\r\n")) >= 0:
            length = int(got[:head].lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(got) < head + 4 + length:
                break
            got = got[head + 4 + length :]
            connection.sendall(ANSWER)


def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
