"""Whether eBay's refusal of a seller's token is the seller's own, and who may ask again while nobody knows.

`invalid_grant` has two meanings: the consent is over, or it was given to another application key than the one that asks. What an operator
mistypes looks like all sellers leaving at once, so a refusal is believed at once only where the token worked with this very key, and no
others are refused at the same time. Else the key is in doubt: nobody's token is dead, and the fleet asks now and then. The doubt is over
after a day, or when the key brought two tokens: then who is still refused is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

SEVERAL = 3  # sellers refused at once, and half of those who asked
AT_ONCE = timedelta(minutes=10)
WORKS = 2  # tokens that a key in doubt brought: it is right
LONGEST = timedelta(days=1)
FORGOTTEN = timedelta(hours=6)  # nobody asked with this key for so long: a doubt of then says nothing of now
PROBE = timedelta(seconds=30)  # between two tries of the fleet: 2,880 a day of 50,000
MOST = 4  # sellers who take turns: a minute between two tries of one, so that who is gone does not take all turns
DAILY, HOURLY = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Consent:
    """A seller's token as it was before it is tried, by the key of now."""

    client: str | None  # the key that it last worked with; None: not known
    refused_at: datetime | None  # when this key was first refused since then
    tried_at: datetime | None  # with this key


@dataclass(frozen=True, slots=True)
class ApplicationKey:
    """The application key of now."""

    client: str
    known: bool  # it ever brought a token
    doubted_at: datetime | None = None
    tried_at: datetime | None = None  # by the fleet, in doubt
    worked: int = 0  # tokens since the doubt began
    worked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecentRefusals:
    """Sellers whose latest try within 10 minutes was refused, for the first time (whoever asks among them), and whose was good."""

    refused: int
    well: int

    @property
    def several(self) -> bool:
        """Whether it looks like the key and not like the sellers: three at least, and half of those who asked."""
        return self.refused >= SEVERAL and 2 * self.refused >= self.refused + self.well


def in_doubt(key: ApplicationKey, now: datetime) -> bool:
    """Whether no refusal of this key is believed now. Over after two tokens, after a day, or once nobody has asked for six hours."""
    return _doubted(key, now) and not _over(key, now)


def is_own(consent: Consent, key: ApplicationKey, asked: RecentRefusals, now: datetime) -> bool:
    """Whether a refusal is the seller's own: their consent is over, and only a new one helps."""
    if _doubted(key, now) and key.doubted_at is not None:
        if not _over(key, now):
            return False
        if consent.refused_at is not None and consent.refused_at >= key.doubted_at - AT_ONCE:
            return True  # asked again since the doubt is over
        if consent.client != key.client and (consent.client is not None or key.worked < WORKS):
            return True
    elif (consent.client is None and not key.known) or consent.client not in (None, key.client):
        return False
    return not asked.several


def may_try(consent: Consent, key: ApplicationKey, refused: int, now: datetime) -> bool:
    """Whether a seller may ask now. `refused`: sellers whom this key was refused for."""
    if not in_doubt(key, now):
        return True
    if is_free(consent, key):
        return True
    if key.tried_at is not None and key.tried_at > now - PROBE:
        return False
    return consent.tried_at is None or consent.tried_at <= now - PROBE * min(refused, MOST) / 2


def is_free(consent: Consent, key: ApplicationKey) -> bool:
    """In doubt a token asks beside the fleet's turn where it is the key's own and was not refused, or once the key brought another."""
    if consent.refused_at is None and consent.client == key.client:
        return True
    return key.worked_at is not None and key.worked > 0 and (consent.tried_at is None or consent.tried_at < key.worked_at)


def is_due(tried: tuple[str | None, str | None, datetime | None], key: str, version: str, now: datetime) -> bool:
    """Whether a dead token is tried again: with other keys, by another version of ours (not more than hourly), and once a day.

    `tried`: the key, the version and the time of its last try.
    """
    client, by, at = tried
    if client != key or at is None or at <= now - DAILY:
        return True
    return by != version and at <= now - HOURLY


def _doubted(key: ApplicationKey, now: datetime) -> bool:
    return key.doubted_at is not None and now - max(key.doubted_at, key.tried_at or key.doubted_at) <= FORGOTTEN


def _over(key: ApplicationKey, now: datetime) -> bool:
    return key.worked >= WORKS or (key.doubted_at is not None and now - key.doubted_at >= LONGEST)
