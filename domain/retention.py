"""How long is kept what only grows: an operator's choice, one for each kind of row."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """From the time at which a row was made."""

    events: timedelta = timedelta(days=400)  # changes; those that an endpoint waits for up to twice as long
    polls: timedelta = timedelta(days=30)
    deliveries: timedelta = timedelta(days=30)
    notifications: timedelta = timedelta(days=30)  # and who saw which change first
    audit: timedelta = timedelta(days=400)

    @property
    def events_at_most(self) -> timedelta:
        """Until when an endpoint may wait for a change."""
        return 2 * self.events
