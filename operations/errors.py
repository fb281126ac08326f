"""How an operation fails where a person asked for it."""


class FailedError(Exception):
    """It could not be done, and the text says why and what to do: one line on stderr and exit 1, or a problem on the page."""


class WrongInputError(FailedError):
    """What was given makes no sense, whatever the state of things: exit 2, or 422 of the API. `field`: which of it."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field, self.words = field, words


class NotConfiguredError(FailedError):
    """A setting is missing here; nothing was done. Act: set it. For the API a 503."""


class NameUnknownError(FailedError):
    """The DNS knows no address of a name, or does not answer. Act: mend the name, or try again."""


class UnknownChangeError(FailedError):
    """No change has such an id."""


class UnknownReplayError(FailedError):
    """There is no replay of this id, or it is over for so long that it was forgotten."""
