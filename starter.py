#!/usr/bin/env python3
"""Process: the operator's command line. Every command also takes `--json`; exit 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import typer

HELP = "Sellerbeat's command line. Every command also takes --json; exit 0: done, 1: failed, 2: wrong usage."
# --help lists them in this order
ROOMS = ("upkeep", "erasures", "restored", "steering", "migration", "reading", "endpoints", "notifications", "tokens", "audit")
READING = ("list", "status", "quota", "alerts", "set-aside", "changes", "snapshot", "events")
"""The commands of `reading`. They are typed most, so they do not wait until what the others need is loaded."""

GARBAGE = 100_000  # objects made before it is looked for: what is loaded makes none, and looking takes a sixth of a short command's time


def commands(first: str | None = None) -> typer.Typer:
    """The command line; only what is needed of it where the first word is one of `READING`."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, help=HELP)
    for room in ("reading",) if first in READING else ROOMS:
        app.add_typer(import_module(f"console.{room}").commands)
    return app


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


def refused(error: Exception) -> str | None:
    """What Temporal's server said; None: it is no error of its."""
    from temporalio.service import RPCError

    return error.message if isinstance(error, RPCError) else None


def main() -> int:
    gc.set_threshold(GARBAGE)
    from console.output import fail  # here, so that little is looked through for garbage
    from settings import SettingsError

    usage_error: type[typer.BadParameter] = typer.BadParameter.__base__  # type: ignore[assignment]  # typer exports it by this one only
    try:
        return int(commands(sys.argv[1] if len(sys.argv) > 1 else None)(standalone_mode=False) or 0)
    except SettingsError as error:
        return fail(str(error), 2)
    except usage_error as error:
        words = error.format_message()
        return fail("name a command; --help lists them" if words == "Missing command." else words, 2)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except (BrokenPipeError, SystemExit):  # the reader of a pipe has seen enough; typer and rich make a SystemExit of it
        return 0
    except Exception as error:
        if is_expected(error):
            return fail(str(error), 1)
        if (said := refused(error)) is not None:
            return fail(f"Temporal refused: {said}", 1)
        raise


if __name__ == "__main__":
    code = main()
    from runtime.shutdown import leave

    leave(code)
