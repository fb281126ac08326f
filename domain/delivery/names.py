"""What an endpoint may be called."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
LIKE_AN_ID = re.compile(r"ep-.*", re.IGNORECASE)


class WrongEndpointNameError(ValueError):
    """A name that no endpoint can have. Act: another one."""


def checked_endpoint_name(name: str) -> str:
    """The name, without blanks around it. Raises WrongEndpointNameError, which does not show it."""
    name = name.strip()
    if not NAME.fullmatch(name):
        raise WrongEndpointNameError("a name has 1 to 60 letters, digits, dots, dashes or underscores, such as shop-app")
    if LIKE_AN_ID.fullmatch(name):
        raise WrongEndpointNameError("a name that begins with ep- would be taken for an id: choose another one, such as shop-app")
    return name
