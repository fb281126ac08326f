"""How wide a window may be for eBay to answer it. Pure.

Wide ones may fail for their width alone: a time-out, a 5xx, an answer over the limit of size. They are halved until one is answered. But in
an outage all fail, whatever their width. So a step tries few of them, a window as wide as any poll's is halved only when it failed again
and again, and what is answered first after such failures is followed by a whole one: only where that fails too was it the width.
"""

from dataclasses import dataclass
from datetime import timedelta

from domain.changes.unreadable import TIMES
from ebay.blame import may_be_the_record
from ebay.errors import EbayError

USUAL = timedelta(hours=1)  # as wide as windows of polls are: that one fails is first of all an outage
SEARCHES = 2  # of one step that find nothing: what fails by and by would be searched for without an end
TRIES = 2  # halvings in a row, then the step ends with the failure; the next one begins with half of that
WIDER, BACK = 1.1, 0.75  # a width that is proven grows with each answer, and falls below what works when it was too much
TINY, TWICE = timedelta(minutes=1), 2  # so narrow a window grows faster: it were other failures that made it so, and hours are to be read


@dataclass(frozen=True, slots=True)
class LearnedWidth:
    """What the next step of the stream must know of the width; at least one of the two."""

    most: timedelta | None  # as `Width` says of each
    good: timedelta | None
    proven: bool


@dataclass(slots=True)
class Width:
    """What is known of the width in one stream, while a step lasts."""

    most: timedelta | None = None  # so wide the next window may be; None: as wide as it is
    good: timedelta | None = None  # so wide it worked since it first failed
    proven: bool = False  # wider ones failed where this one works, so it widens slowly
    failures: int = 0  # of the stream in a row, before this step
    tried: int = 0  # halvings since a window was answered in this step
    searched: int = 0  # searches of this step for what eBay cannot show that found nothing
    answered: bool = False  # one was, in this step: what fails by and by is no matter of the width

    @classmethod
    def of(cls, learned: LearnedWidth | None, failures: int = 0) -> "Width":
        """For a new step, from what the one before learned. `failures`: of the stream in a row."""
        return cls(learned.most, learned.good, learned.proven, failures) if learned else cls(failures=failures)

    def learned(self) -> LearnedWidth | None:
        """None: nothing."""
        return None if self.most is None and self.good is None else LearnedWidth(self.most, self.good, self.proven)

    def limited(self, width: timedelta) -> timedelta:
        """The width to ask for where `width` is left to read."""
        return width if self.most is None else min(width, self.most)

    def narrower(self, error: EbayError, width: timedelta, narrowest: timedelta) -> bool:
        """A window failed. Whether a narrower one is to be asked for, now or (`over`) by the next step; the error counts where not."""
        if not error.narrower or width <= narrowest:
            return False
        if self.good is not None and width > self.good:
            self.most = max(self.good * BACK if self.proven else self.good, narrowest)
            self.proven = True
            self.tried += 1
            return True
        if width <= USUAL and self.most is None and self.failures < TIMES:
            return False
        if self.good is not None and (self.answered or self.failures < TIMES):  # as wide a window was answered before
            return False
        self.most, self.good, self.proven = max(width / 2, narrowest), None, False
        self.tried = self.tried + 1 if width > USUAL else TRIES + 1
        return True

    def isolates(self, error: EbayError, width: timedelta) -> bool:
        """Whether it is no matter of the width any more: something in the window may be what eBay cannot show.

        So too where eBay seems to be down and this is the call that asks whether it is back: a single seller has no other to tell.
        """
        too_wide = width > USUAL or (self.good is not None and width > self.good)
        often = error.narrower if error.outage else may_be_the_record(error) and self.failures >= TIMES - 1
        return often and not too_wide and self.searched < SEARCHES

    def search_over(
        self, failure: EbayError, width: timedelta, widest: timedelta, *, found: bool, narrowest: timedelta, longest: timedelta
    ) -> None:
        """A search for what eBay cannot show came to its end.

        Args:
            failure: what the window of this `width` failed with.
            widest: of its parts, as they were answered.
            found: it was something in the window, and no matter of the width.
        """
        if found:
            self.most, self.good, self.proven, self.tried, self.searched = None, None, False, 0, 0
        elif self.narrower(failure, width, narrowest):  # all of it was answered in parts
            self.worked(widest, longest)

    def stop(self) -> None:
        """The step's time is over: no more tries."""
        self.tried = TRIES + 1

    @property
    def over(self) -> bool:
        """This step has tried enough."""
        return self.tried > TRIES

    def worked(self, width: timedelta, longest: timedelta) -> None:
        """A window was answered. `longest`: no window is wider."""
        self.tried, self.answered = 0, True
        if self.most is None:
            return
        self.good = max(width, self.good or width)
        self.most = self.most * (WIDER if self.most > TINY else TWICE) if self.proven else None
        if self.most and self.most > longest:
            self.most, self.good, self.proven = None, None, False

    def read_over(self) -> None:
        """All is read; what was no proof is forgotten."""
        if not self.proven:
            self.most = self.good = None
