"""What ends the demo with exit 1: one class, whose text says what did not run and shows the end of the log that tells why."""


class DemoError(Exception):
    """A part of the demo did not run."""
