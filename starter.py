#!/usr/bin/env python3
"""Process: the operator's command line. Every command also takes `--json`; exit 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import typer
from temporalio.service import RPCError

from console import reading, steering, upkeep
from console.leaving import leave
from console.output import FailedError, fail
from ebay.errors import EbayError
from settings import SettingsError
from store import StoreError
from workflows.client import TemporalUnavailableError
from workflows.visibility import AttributesMissingError

HELP = "Sellerbeat's command line. Every command also takes --json; exit 0: done, 1: failed, 2: wrong usage."
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, help=HELP)
for room in (upkeep, steering, reading):  # --help lists them in this order
    app.add_typer(room.commands)


def main() -> int:
    usage_error: type[typer.BadParameter] = typer.BadParameter.__base__  # type: ignore[assignment]  # typer exports it by this one only
    try:
        return int(app(standalone_mode=False) or 0)
    except SettingsError as error:
        return fail(str(error), 2)
    except usage_error as error:
        words = error.format_message()
        return fail("name a command; --help lists them" if words == "Missing command." else words, 2)
    except (FailedError, StoreError, EbayError, TemporalUnavailableError, AttributesMissingError) as error:
        return fail(str(error), 1)
    except RPCError as error:
        return fail(f"Temporal refused: {error.message}", 1)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except (BrokenPipeError, SystemExit):  # the reader of a pipe has seen enough; typer and rich make a SystemExit of it
        return 0


if __name__ == "__main__":
    leave(main())
