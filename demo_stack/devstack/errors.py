"""What a caller may have to handle: one class, one clear sentence."""


class DevstackError(Exception):
    """A server could not be found, started or taken over. Not retried: the text says what to do, with the end of the server's log."""
