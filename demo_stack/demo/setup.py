"""Process: what `make setup` does, `python -m demo_stack.demo.setup`: a virtual environment in `.venv` with all libraries, and with them
Postgres and Temporal as programs. Any Python 3.11 runs it, before there is anything but the standard library.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from pathlib import Path

from demo_stack.demo.steps import Steps, WaitStep

VENV = Path(".venv")
PIP = ("install", "--disable-pip-version-check", "--progress-bar", "off", "--require-hashes", "--only-binary", ":all:")
LIBRARIES = "requirements/dev.txt"
LAST = 15  # lines of what failed


class SetupError(Exception):
    """A step failed; its last lines are the text."""


def main() -> int:
    try:
        with Steps() as steps:
            steps.say("setting up, once for this folder: everything goes into .venv")
            with steps.step("Python environment in .venv", "5 to 15 s") as step:
                run(steps, step, sys.executable, "-m", "venv", str(VENV))
            with steps.step("libraries, Postgres and Temporal", "1 to 2 min") as step:
                run(steps, step, str(VENV / "bin" / "python"), "-m", "pip", *PIP, "--requirement", LIBRARIES)
    except SetupError as error:
        sys.stderr.write(f"{error}\nset-up failed: mend what is said above, then start it again\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("set-up was stopped: start it again, and it goes on\n")
        return 130
    return 0


def run(steps: Steps, step: WaitStep, *command: str) -> None:
    """Raises SetupError."""
    lines, packages = deque[str](maxlen=LAST), 0
    at_once = {**os.environ, "PYTHONUNBUFFERED": "1"}  # a line says how far it is when it is new
    with subprocess.Popen(command, env=at_once, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line.rstrip())
            packages += line.startswith("Collecting ")
            if note := progress(line.strip(), packages):
                steps.note(step, note)
    if process.returncode != 0:
        raise SetupError("\n".join(lines))


def progress(line: str, packages: int) -> str | None:
    """What a line of pip says of how far it is; None: nothing."""
    word, _, rest = line.partition(" ")
    if word == "Downloading" and rest:
        return f"packages found: {packages}, loads {rest.split()[0].rpartition('/')[2].partition('-')[0]}"
    if word == "Collecting":
        return f"packages found: {packages}"
    return "installs them" if line.startswith("Installing collected packages") else None


if __name__ == "__main__":
    sys.exit(main())
