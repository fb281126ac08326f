"""The command line as somebody types it, without any server: whoever asks Postgres fails at once."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from starter import main
from tests.support.house import Said

NOBODY = {
    "SELLERBEAT_DATABASE_URL": "postgresql://nobody:hunter2@127.0.0.1:1/none",
    "SELLERBEAT_SECRET_KEYS": "A" * 43 + "=",
    "SELLERBEAT_EBAY_CLIENT_ID": "client",
    "SELLERBEAT_EBAY_CLIENT_SECRET": "secret",
    "SELLERBEAT_EBAY_REDIRECT_NAME": "name",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
}


def typed(folder: Path, *arguments: str, stdin: str = "", **environment: str) -> Said:
    """What `starter.py` says and its exit code, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(os, "environ", NOBODY | environment)
        patch.setattr(sys, "argv", ["starter.py", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main()
    return Said(code, out.getvalue(), err.getvalue())
