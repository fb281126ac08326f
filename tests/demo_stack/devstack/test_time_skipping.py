import time
from contextlib import suppress
from datetime import timedelta

import psutil
from temporalio.testing import WorkflowEnvironment

from tests.demo_stack.devstack.conftest import ServerOwner, Spawn, ended
from tests.support.present import present
from tests.support.waiting import eventually_here


async def test_a_day_passes_at_once(time_skipping: WorkflowEnvironment) -> None:
    before, begun = await time_skipping.get_current_time(), time.monotonic()

    await time_skipping.sleep(timedelta(days=1))

    after = await time_skipping.get_current_time()
    assert after - before >= timedelta(days=1)
    assert time.monotonic() - begun < 60


def test_a_kill_leaves_no_server(spawn: Spawn) -> None:
    program = "__import__('contextlib').nullcontext(__import__('tests.demo_stack.devstack.skipping', fromlist=['x']).start())"
    process = spawn(program)
    assert present(process.stdout).readline()
    servers = psutil.Process(process.pid).children(recursive=True)
    assert any("temporal-test-server" in word for server in servers for word in server.cmdline())

    try:
        ServerOwner(process, {}).end(9)

        eventually_here(lambda: ended(servers))
    finally:
        for server in servers:
            with suppress(psutil.NoSuchProcess):
                server.kill()
