"""Who runs this process, as the author of what is done on the command line."""

from __future__ import annotations

import os

from domain.authors import Author


def operating_system_user() -> Author:
    """By the process's user id, since variables such as `USER` may say anything; a number where the system knows no name for it."""
    try:
        import pwd

        return Author("os", pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return Author("os", str(os.getuid()))
    except (ImportError, AttributeError):  # no Unix
        import getpass

        return Author("os", getpass.getuser())
