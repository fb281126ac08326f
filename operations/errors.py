"""How an operation fails where a person asked for it."""


class FailedError(Exception):
    """It could not be done, and the text says why and what to do: one line on stderr and exit 1, or a problem on the page."""
