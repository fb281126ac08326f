"""When to poll next, and why, in words. Pure: no I/O, no clock, standard library only; seconds as float, times as unix time."""

from pacing.cadence import next_poll, wish
from pacing.model import Facts, SellerPace, Settings, Stream
from pacing.words import words

__all__ = ["Facts", "SellerPace", "Settings", "Stream", "next_poll", "wish", "words"]
