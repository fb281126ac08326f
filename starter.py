#!/usr/bin/env python3
"""Process: the operator's command line. Every command also takes `--json`; exit 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import gc
import os
import re

GARBAGE = 100_000  # objects made before it is looked for: what is loaded makes none, and looking takes a fifth of a short command's time
gc.set_threshold(GARBAGE)
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is used, and to look for them takes as long as to ask Postgres

import sys
from importlib import import_module
from typing import Annotated

import typer

PROGRAM = "starter.py"  # whatever ran it: shells complete it by this name
HELP = "Sellerbeat's command line. Every command also takes --json; exit 0: done, 1: failed, 2: wrong usage."
EPILOG = "COMMAND --help tells more of a command, with an example. --install-completion lets the shell complete commands and sellers."
# --help lists them in this order
ROOMS = (
    "upkeep",
    "erasures",
    "restored",
    "steering",
    "migration",
    "reading",
    "endpoints",
    "deliveries",
    "replays",
    "notifications",
    "tokens",
    "audit",
)
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")  # Postgres takes neither
READING = ("list", "status", "watch", "quota", "alerts", "set-aside", "changes", "find", "snapshot", "events")
"""The commands of `reading`. They are typed most, so they do not wait until what the others need is loaded."""


def print_version(asked: bool) -> None:
    if asked:
        from domain.version import VERSION
        from store.schema.tables import REVISION

        typer.echo(f"sellerbeat {VERSION}; its tables are at revision {REVISION}")
        raise typer.Exit


def commands(first: str | None = None) -> typer.Typer:
    """The command line; only what is needed of it where the first word is one of `READING`, or asks for the version."""
    from console.help import GroupedCommands

    app = typer.Typer(cls=GroupedCommands, rich_markup_mode=None, pretty_exceptions_enable=False, help=HELP, epilog=EPILOG)
    app.callback()(every_command)
    for room in ("reading",) if first in (*READING, "--version") else ROOMS:
        app.add_typer(import_module(f"console.{room}").commands)
    return app


def every_command(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=print_version, help="Print the version, and end.")] = False,
) -> None:
    pass


def first_word() -> str | None:
    """Of what was typed; of a line that a shell wants to have completed too."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    words = sys.argv[1:] or line.split()[1:]
    return words[0] if words else None


def is_expected(error: Exception) -> bool:
    """Whether the error says in its own words what to do. Only here, since each of these rooms takes its time to load."""
    from ebay.errors import EbayError
    from operations.errors import FailedError
    from store import StoreError

    if isinstance(error, FailedError | StoreError | EbayError):
        return True
    from workflows.connection import TemporalUnavailableError
    from workflows.visibility import AttributesMissingError

    return isinstance(error, TemporalUnavailableError | AttributesMissingError)


def more_of(error: Exception) -> str:
    """Where to look, of what the error's own text cannot know: it goes to logs and to the API too."""
    from store import UnknownSellerError

    return "; starter.py list shows all sellers" if isinstance(error, UnknownSellerError) else ""


def refused(error: Exception) -> str | None:
    """What Temporal's server said; None: it is no error of its."""
    from temporalio.service import RPCError

    return error.message if isinstance(error, RPCError) else None


def main() -> int:
    from console.output import fail
    from settings import SettingsError

    if any(UNWRITABLE.search(word) for word in sys.argv[1:]):
        return fail("a word holds a NUL, or bytes that are no UTF-8: type it again; no id, no file and no text here has any", 2)
    first = first_word()
    usage_error: type[typer.BadParameter] = typer.BadParameter.__base__  # type: ignore[assignment]  # typer exports it by this one only
    try:
        return int(commands(first)(standalone_mode=False, prog_name=PROGRAM) or 0)
    except SettingsError as error:
        return fail(str(error), 2)
    except usage_error as error:
        from console.usage import usage_in_words

        return fail(usage_in_words(error, typer.main.get_command(commands(first)), sys.argv[1:]), 2)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except (BrokenPipeError, SystemExit):  # the reader of a pipe has seen enough; typer and rich make a SystemExit of it
        return 0
    except Exception as error:
        if is_expected(error):
            return fail(f"{error}{more_of(error)}", 1)
        if (said := refused(error)) is not None:
            return fail(f"Temporal refused: {said}", 1)
        raise


if __name__ == "__main__":
    code = main()
    from runtime.shutdown import leave

    leave(code)
