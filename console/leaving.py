"""How a process that used Temporal's SDK ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Flush and end at once with this exit code.

    Not `sys.exit`: while the interpreter shuts down, the SDK's own threads sometimes crash it (temporalio/sdk-python#300), and then the
    exit code would lie. Nothing is left to be done by then: servers, workers and files are closed by their own blocks.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader of a pipe may be gone
            stream.flush()
    os._exit(code)
