"""Where Temporal's own server is (on PATH, or built from its sources by Go's module proxy, once), and a Postgres that it can use."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "1.32.0"
SOURCES = {"temporal-server": "go.temporal.io/server/cmd/server", "temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql"}
HELP = f"put temporal-server and temporal-sql-tool {VERSION} on PATH (its releases have them), or install Go 1.26 to build them"

POSTGRES = "/usr/lib/postgresql/*/bin"  # Debian's place, which is not on PATH
POSTGRES_HELP = (
    "Temporal needs a Postgres with the extension btree_gin: apt-get install postgresql, or name its programs in DEVSTACK_POSTGRES"
)


class MissingError(Exception):
    """A program is not here. Act: install it, as the text says."""


def temporal_programs(cache: Path | None = None) -> Path | None:
    """The folder with both programs, None: they are on PATH. They are built where they are nowhere yet (some minutes, once).

    Raises:
        MissingError: neither the programs nor Go are here, or the build failed.
    """
    if all(shutil.which(name) for name in SOURCES):
        return None
    cache = cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sellerbeat" / f"temporal-{VERSION}"
    if not all((cache / name).exists() for name in SOURCES):
        build(cache)
    return cache


def build(cache: Path) -> None:
    go = shutil.which("go")
    if not go:
        raise MissingError(HELP)
    cache.mkdir(parents=True, exist_ok=True)
    for name, source in SOURCES.items():
        done = subprocess.run(
            [*_gently(), go, "install", f"{source}@v{VERSION}"],
            env=os.environ | {"GOBIN": str(cache), "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingError(f"Go cannot build {source}: {done.stderr.strip().splitlines()[-1]}; {HELP}")
        (cache / source.rpartition("/")[2]).replace(cache / name)


def whole_postgres() -> Path:
    """The folder of a Postgres with its extensions. The wheel of the `dev` extra has none. Raises MissingError."""
    if named := os.environ.get("DEVSTACK_POSTGRES"):
        return Path(named)
    on_path = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    newest_first = sorted(Path("/").glob(POSTGRES.lstrip("/")), key=lambda path: float(path.parent.name), reverse=True)
    for programs in (*on_path, *newest_first):
        home = programs.parent
        shares = (home / "share", home / "share" / "postgresql", Path("/usr/share/postgresql") / home.name)
        if (programs / "initdb").exists() and any((share / "extension" / "btree_gin.control").exists() for share in shares):
            return programs
    raise MissingError(POSTGRES_HELP)


def _gently() -> list[str]:
    return [nice, "-n", "10"] if (nice := shutil.which("nice")) else []
