"""What many routes take: who asks, ids, fields of bodies; each kind read once, as the command line does, with what OpenAPI says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Path, Security
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, WithJsonSchema

from api.routing import Needs
from domain.scopes import Scope
from domain.seller_id import SELLER_ID
from domain.seller_state import LONGEST
from operations.asked_times import EXPECTED as TIMES_EXPECTED
from operations.asked_times import asked_time
from operations.enrolment import scopes_of
from operations.moving import EXPECTED, reaching_back
from operations.pasted import NoTokenError, refresh_token
from serving.callers import Caller
from settings import duration

LONGEST_TOKEN = 20_000  # characters, with what people paste around it
DURATION = r"^[0-9]{1,9}(\.[0-9]{1,6})?[smhd]$"
NO_NUL = r"^[^\u0000]*$"  # which Postgres takes nowhere
SCOPE = re.compile(r"https://[!-~]{1,200}")
MOST_SCOPES, LONGEST_SCOPES = 50, 5000
ENDPOINT_ID = re.compile(r"ep-[0-9a-z]{1,40}")
OF_SELLER: dict[str, Any] = {"description": "the app's own id of the seller", "examples": ["s-17"]}

Feed = Annotated[Caller, Security(Needs(Scope.FEED))]
Read = Annotated[Caller, Security(Needs(Scope.READ))]
ReadAll = Annotated[Caller, Security(Needs(Scope.READ, fleet=True))]
Control = Annotated[Caller, Security(Needs(Scope.CONTROL))]
Admin = Annotated[Caller, Security(Needs(Scope.ADMIN, fleet=True))]

SellerPath = Annotated[str, Path(pattern=f"^{SELLER_ID.pattern}$", **OF_SELLER)]
SellerIdField = Annotated[str, Field(pattern=f"^{SELLER_ID.pattern}$", **OF_SELLER)]
SellerName = Annotated[str | None, Field(pattern=f"^{SELLER_ID.pattern}$", description="one seller only")]
Cursor = Annotated[str, Field(max_length=1000, pattern=NO_NUL)]
Moment = Annotated[str, Field(description="UTC, to the millisecond", examples=["2026-06-18T12:00:00.000Z"])]


class Body(BaseModel, extra="forbid", frozen=True, hide_input_in_errors=True):
    """What a request may hold, and nothing else. No error shows what it held."""


class NoFields(Body):
    """Nothing is to be said."""


def _duration(text: Any) -> timedelta:
    """Raises ValueError."""
    if not isinstance(text, str) or len(text) > 20:
        raise ValueError("write a duration as text: 0.5s, 30s, 5m, 6h or 30d")
    try:
        return duration(text)
    except OverflowError:
        raise ValueError("no duration is so long") from None


def _within(shortest: str, longest: str) -> Callable[[Any], timedelta]:
    def parse(text: Any) -> timedelta:
        value = _duration(text)
        if not duration(shortest) <= value <= duration(longest):
            raise ValueError(f"a duration of {shortest} to {longest}")
        return value

    return parse


def _written(shortest: str, longest: str, example: str) -> WithJsonSchema:
    said = f"a duration of {shortest} to {longest}, written as 0.5s, 30s, 5m, 6h or 30d"
    return WithJsonSchema({"type": "string", "pattern": DURATION, "description": said, "examples": [example]})


Cadence = Annotated[timedelta, BeforeValidator(_within("0.5s", "1d")), _written("0.5s", "1d", "30s")]
SpeedUpTime = Annotated[timedelta, BeforeValidator(_within("1s", "7d")), _written("1s", "7d", "10m")]
LinkLife = Annotated[timedelta, BeforeValidator(_within("1m", "30d")), _written("1m", "30d", "3d")]
History = Annotated[timedelta, BeforeValidator(_within("1s", "729d")), _written("1s", "729d", "7d")]


def _since(text: Any) -> timedelta:
    """Raises ValueError."""
    try:
        if isinstance(text, str) and len(text) <= 40:
            return reaching_back(text, datetime.now(UTC))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{EXPECTED} is expected")


LastPoll = Annotated[
    timedelta,
    BeforeValidator(_since),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 40,
            "description": "in place of `backfill`: until when another poller read them; a day more is read. Without a zone it is UTC",
            "examples": ["2026-11-24T09:00:00Z"],
        }
    ),
]


def _until(text: Any) -> datetime:
    """Raises ValueError."""
    if not isinstance(text, str) or len(text) > 40:
        raise ValueError("write the end as text: 2h from now, or 2026-12-01T08:00:00Z")
    now = datetime.now(UTC)
    try:
        end = now + _duration(text)
    except (ValueError, OverflowError):
        try:
            end = datetime.fromisoformat(text)
            end = end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise ValueError("neither a duration such as 2h nor a time such as 2026-12-01T08:00:00Z") from None
    if not now < end <= now + LONGEST:
        raise ValueError("it is over" if end <= now else "it is more than a year away")
    return end


Until = Annotated[
    datetime,
    BeforeValidator(_until),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 40,
            "description": "when it ends by itself: from now, such as 2h, or a time, such as 2026-12-01T08:00:00Z; a year at most",
            "examples": ["2h"],
        }
    ),
]


def _asked_time(text: Any) -> datetime:
    """Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(TIMES_EXPECTED)
    return asked_time(text, datetime.now(UTC))


AskedTime = Annotated[
    datetime,
    BeforeValidator(_asked_time),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 40,
            "description": "so long ago, such as 2h, or a time, such as 2026-06-01T12:00:00Z; UTC where it names no zone",
            "examples": ["2h"],
        }
    ),
]


def _token(text: Any) -> SecretStr:
    """Raises ValueError, which shows none of it."""
    if not isinstance(text, str) or len(text) > LONGEST_TOKEN:
        raise ValueError(f"text of {LONGEST_TOKEN} characters at most is expected")
    try:
        return SecretStr(refresh_token(text))
    except NoTokenError as error:
        raise ValueError(f"this is no refresh token: it is {error}") from None
    except RecursionError:
        raise ValueError("this is no refresh token") from None


RefreshToken = Annotated[
    SecretStr,
    BeforeValidator(_token),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_TOKEN,
            "writeOnly": True,
            "description": "eBay's, of the seller's consent. It is stored encrypted, and shown nowhere",
            "examples": ["v^1.1#i^1#r^1#p^3#I^3#f^0#t^Ul4xMF8wOkF"],
        }
    ),
]


def _future(day: Any) -> datetime:
    """Its first moment, UTC. Raises ValueError."""
    try:
        first = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    except (TypeError, ValueError):
        raise ValueError("a day such as 2028-01-01 is expected") from None
    if first <= datetime.now(UTC):
        raise ValueError("this day is over")
    return first


FutureDay = Annotated[
    datetime,
    BeforeValidator(_future),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "description": "the token's last day, such as 2028-01-01; else 18 months from now",
            "examples": ["2028-01-01"],
        }
    ),
]


def _scopes(given: Any) -> str:
    """Raises ValueError: one is none, which may be a token at the wrong place."""
    split = scopes_of(given) if isinstance(given, str) and len(given) <= LONGEST_SCOPES else given
    if not isinstance(split, list) or len(split) > MOST_SCOPES or not all(isinstance(one, str) and SCOPE.fullmatch(one) for one in split):
        raise ValueError(f"{MOST_SCOPES} at most, each as https://api.ebay.com/oauth/api_scope/sell.inventory")
    return " ".join(split)


Scopes = Annotated[
    str,
    BeforeValidator(_scopes),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "maxItems": MOST_SCOPES, "items": {"type": "string", "pattern": f"^{SCOPE.pattern}$"}},
                {"type": "string", "maxLength": LONGEST_SCOPES},
            ],
            "description": "of the seller's consent, as a list or separated by spaces; eBay's default where empty",
            "examples": [["https://api.ebay.com/oauth/api_scope/sell.fulfillment.readonly"]],
        }
    ),
]
