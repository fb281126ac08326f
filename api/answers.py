"""What the routes of sellers answer. The rows are those of the command line's `--json`; fields may be added to them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from domain.seller_state import State

TIME = "UTC, such as 2026-12-01T08:00:00.000Z"


class GrowingAnswer(BaseModel, extra="allow"):
    """Fields may be added."""


class StreamAnswer(GrowingAnswer):
    """One stream of a seller."""

    last_poll_at: str | None = Field(description=TIME)
    next_poll_at: str | None = Field(description=TIME)
    why: str | None = Field(description="why then, in words", examples=["quiet for 2 h: every 12 min"])
    cursor: str | None = Field(description="so far is read and committed")
    failures: int = Field(description="in a row")
    last_error: str | None


class PauseAnswer(GrowingAnswer):
    """A pause, whatever else the state is."""

    reason: str
    until: str | None = Field(description=f"{TIME}; null: until somebody resumes")
    by: str | None = Field(examples=["token:ci"])


class SpeedUpShown(GrowingAnswer):
    """A speed-up that goes on."""

    every_s: float
    until: str | None = Field(description=TIME)
    by: str | None


class SellerAnswer(GrowingAnswer):
    """As `status --json`."""

    seller_id: str = Field(examples=["s-17"])
    state: State
    reason: str | None = Field(description="why, in words, where somebody has to know it")
    streams: dict[str, StreamAnswer] = Field(description="orders, fulfillment, inventory, ...")
    changes_24h: int
    api_calls_24h: int = Field(description="calls at eBay")
    token_ends_at: str | None = Field(description="when the consent ends")
    mode: str = Field(examples=["polling"])
    paused: PauseAnswer | None = None
    speed_up: SpeedUpShown | None = None


class SellerRow(SellerAnswer):
    """As `list --json`, from what Postgres holds."""

    last_poll_at: str | None
    next_poll_at: str | None


class SellersAnswer(BaseModel):
    """Some sellers, by id."""

    sellers: list[SellerRow]
    next: str | None = Field(
        description="`after` of the next page; null: there is none. With `state` a page may be short, even empty, before"
    )


class EnrolmentAnswer(BaseModel):
    """What became of an enrolment. What follows is in `GET /v1/sellers/{seller_id}`."""

    seller_id: str = Field(examples=["s-17"])
    result: str = Field(examples=["is enrolled"])
    new: bool = Field(description="false: the seller was enrolled already, the token is replaced and all else is kept")
    worker: bool = Field(description="false: nobody polls until a worker runs")


class RemovalAnswer(BaseModel):
    """As `remove --json`."""

    seller_id: str
    state: str = Field(examples=["removed"])
    erased: bool
    left: str | None = Field(None, description="while Temporal is away: what happens by itself once it is back")


class PausedAnswer(BaseModel):
    """As `pause --json`."""

    seller_id: str
    state: str = Field(examples=["paused"])
    reason: str
    until: str | None = Field(description=f"{TIME}; null: until somebody resumes")
    by: str = Field(examples=["token:ci"])


class StateAnswer(BaseModel):
    """A seller and the state that was asked for; the workflow takes it with its next step."""

    seller_id: str
    state: str = Field(examples=["polling"])


class FleetAnswer(BaseModel):
    """How many sellers it reached."""

    sellers: int


class PollNowAnswer(BaseModel):
    """As `poll-now --json`."""

    seller_id: str
    stream: str | None = Field(description="null: all of them")


class SpeedUpAnswer(BaseModel):
    """As `speed-up --json`."""

    seller_id: str
    every_s: float
    for_s: float


class ActiveAnswer(BaseModel):
    """As `active --json`."""

    seller_id: str


class ActivesAnswer(BaseModel):
    """Whose activity was taken; whose was not, as they are not enrolled."""

    active: int
    unknown: list[str]
    removed: list[str]


class CadenceAnswer(BaseModel):
    """As `set-cadence --json`: seconds, of the streams that were given."""

    seller_id: str
    orders_every_s: float | None = None
    fulfillment_every_s: float | None = None
    inventory_every_s: float | None = None


class InventoryAnswer(BaseModel):
    """As `set-inventory --json`."""

    seller_id: str
    inventory_source: str = Field(examples=["auto"])
    offers: bool


class ModeAnswer(BaseModel):
    """As `mode --json`."""

    seller_id: str
    mode: str = Field(examples=["shadow"])
    before: str
    ready: bool = Field(description="for webhooks")
    why: str


class EntityAnswer(GrowingAnswer):
    """As `snapshot --json` prints it; of the inventory with `expected`, what should be left by now."""

    entity_id: str | None
    data: dict[str, Any] | None = Field(description="eBay's document as it is stored; null: it was never stored, see `set_aside`")
    version: int | None
    as_of: str | None = Field(description=TIME)
    read_from: str | None
    removed_at: str | None
    set_aside: str | None = Field(description="why it could not be stored as it is now")


class EntitiesAnswer(BaseModel):
    """Some entities, by id."""

    entities: list[EntityAnswer]
    next: str | None = Field(description="`after` of the next page; null: there is none")


class PollAnswer(GrowingAnswer):
    """One poll."""

    started_at: str = Field(description=TIME)
    finished_at: str
    stream: str = Field(examples=["orders"])
    source: str
    api_calls: int
    changes: int
    duplicates: int
    stale: int
    missed: int = Field(description="by polls, found by this sweep")
    undated: int
    error: str | None


class PollsAnswer(BaseModel):
    """Some polls, the newest first."""

    polls: list[PollAnswer]
    next: str | None = Field(description="`after` of the next page; null: there is none")


class AsideAnswer(GrowingAnswer):
    """As `set-aside --json`."""

    id: int
    seller_id: str
    kind: str
    entity_id: str | None
    reason: str
    at: str = Field(description=TIME)
    attempts: int


class AsidesAnswer(BaseModel):
    """Some of what is set aside, the newest first."""

    set_aside: list[AsideAnswer]
    next: str | None = Field(description="`after` of the next page; null: there is none")


class RetryAnswer(BaseModel):
    """As `set-aside --retry ID --json`."""

    id: int
    stored: bool = Field(description="false: refused again, or, where it is no document, asked for at the next poll")


class LinkAnswer(BaseModel):
    """As `connect --json`."""

    seller_id: str
    url: str = Field(description="eBay's consent page for this seller alone, good once: lead the seller's browser there")
    expires_at: str = Field(description=TIME)


class TokenAnswer(BaseModel):
    """A short-lived access token of the seller's, within the consent."""

    seller_id: str
    access_token: str = Field(description="for calls at `api_url`, as a bearer token. The app keeps it to itself")
    expires_at: str = Field(description=TIME)
    scopes: list[str] = Field(description="empty: all that the seller gave")
    api_url: str = Field(examples=["https://api.ebay.com"])
    calls: dict[str, int] = Field(description="that were taken from the day's quota")
