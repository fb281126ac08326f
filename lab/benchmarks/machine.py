"""On what the figures were measured: without it they say nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version


def machine() -> str:
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("temporalio", "sqlalchemy", "httpx", "pydantic"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.platform()}, Python {platform.python_version()}, {libraries}; load before: {load}"
