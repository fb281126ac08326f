"""The Temporal server whose clock jumps to the next timer: a day of polling in a second of test."""

from __future__ import annotations

import contextlib
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from demo_stack.devstack.binaries import temporal_test_server

if TYPE_CHECKING:
    from temporalio.testing import WorkflowEnvironment

WATCHED = Path(__file__).with_name("watched.py")


@contextlib.asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own whose clock jumps to the next timer while a result is awaited; its client speaks pydantic."""
    # here, since the SDK takes most of a second to load, and who starts other servers needs none of it
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.testing import WorkflowEnvironment

    from demo_stack.devstack.messages_clear_of_timers import MessagesClearOfTimers

    with tempfile.TemporaryDirectory(prefix="time-skipping-") as folder:  # until it has started, so that a kill leaves nothing
        program = temporal_test_server()
        clear = MessagesClearOfTimers()
        environment = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(_watched(program, Path(folder))) if program else None,
            data_converter=pydantic_data_converter,
            interceptors=[clear],
        )
    clear.environment = environment
    async with environment:
        yield environment


def _watched(program: Path, folder: Path) -> Path:
    """The SDK stops its server in the usual ways, but not when we are killed with -9; and it takes one program, without arguments."""
    script = folder / "temporal-test-server"
    command = shlex.join([sys.executable, "-E", "-S", str(WATCHED), str(program)])
    script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    script.chmod(0o700)
    return script
