"""What the API answers. Fields that a later version adds stay, in `model_extra`.

Written by `make docs` from the API's description; change nothing here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)


class Changes(Answer):
    """One page of the feed."""

    changes: list[dict[str, Any]]
    next: int  # the position to go on after
    feed: str  # the feed's generation: another one after a restore


class EnrolmentAnswer(Answer):
    """What became of an enrolment. What follows is in `GET /v1/sellers/{seller_id}`."""

    seller_id: str
    result: str
    new: bool  # false: the seller was enrolled already, the token is replaced and all else is kept
    worker: bool  # false: nobody polls until a worker runs


class StreamAnswer(Answer):
    """One stream of a seller."""

    last_poll_at: str | None  # UTC, such as 2026-12-01T08:00:00.000Z
    next_poll_at: str | None  # UTC, such as 2026-12-01T08:00:00.000Z
    why: str | None  # why then, in words
    cursor: str | None  # so far is read and committed
    failures: int  # in a row
    last_error: str | None


class PauseAnswer(Answer):
    """A pause, whatever else the state is."""

    reason: str
    until: str | None  # UTC, such as 2026-12-01T08:00:00.000Z; null: until somebody resumes
    by: str | None


class SpeedUpShown(Answer):
    """A speed-up that goes on."""

    every_s: float
    until: str | None  # UTC, such as 2026-12-01T08:00:00.000Z
    by: str | None


class SellerAnswer(Answer):
    """As `status --json`."""

    seller_id: str
    state: str
    reason: str | None  # why, in words, where somebody has to know it
    streams: dict[str, StreamAnswer]  # orders, fulfillment, inventory, ...
    changes_24h: int
    api_calls_24h: int  # calls at eBay
    token_ends_at: str | None  # when the consent ends
    mode: str
    paused: PauseAnswer | None = None
    speed_up: SpeedUpShown | None = None


class RemovalAnswer(Answer):
    """As `remove --json`."""

    seller_id: str
    state: str
    erased: bool
    left: str | None = None  # while Temporal is away: what happens by itself once it is back


class SellerRow(Answer):
    """As `list --json`, from what Postgres holds."""

    seller_id: str
    state: str
    reason: str | None  # why, in words, where somebody has to know it
    streams: dict[str, StreamAnswer]  # orders, fulfillment, inventory, ...
    changes_24h: int
    api_calls_24h: int  # calls at eBay
    token_ends_at: str | None  # when the consent ends
    mode: str
    paused: PauseAnswer | None = None
    speed_up: SpeedUpShown | None = None
    last_poll_at: str | None
    next_poll_at: str | None


class SellersAnswer(Answer):
    """Some sellers, by id."""

    sellers: list[SellerRow]
    next: str | None  # `after` of the next page; null: there is none. With `state` a page may be short, even empty, before


class DayBucketAnswer(Answer):
    """All of one kind within an hour (polls) or a quarter of it (all else)."""

    kind: str
    at: str  # UTC, such as 2026-12-01T08:00:00.000Z
    until: str
    count: int  # of alerts: how often one opened or closed
    quiet: int  # polls that found nothing
    parts: dict[str, int]  # how many by stream, act, alert or topic
    text: str  # the same in words, with the newest error or reason


class DayAnswer(Answer):
    """As `status SELLER --day --json`. What holds nothing is left out."""

    seller_id: str
    since: str  # an hour's beginning, UTC; 24 hours with the one that is not over
    until: str  # now, by the database's clock
    totals: dict[str, int]  # how many of each kind
    buckets: list[DayBucketAnswer]  # the oldest first


class LinkAnswer(Answer):
    """As `connect --json`."""

    seller_id: str
    url: str  # eBay's consent page for this seller alone, good once: lead the seller's browser there
    expires_at: str  # UTC, such as 2026-12-01T08:00:00.000Z


class TokenAnswer(Answer):
    """A short-lived access token of the seller's, within the consent."""

    seller_id: str
    access_token: str  # for calls at `api_url`, as a bearer token. The app keeps it to itself
    expires_at: str  # UTC, such as 2026-12-01T08:00:00.000Z
    scopes: list[str]  # empty: all that the seller gave
    api_url: str
    calls: dict[str, int]  # that were taken from the day's quota


class PausedAnswer(Answer):
    """As `pause --json`."""

    seller_id: str
    state: str
    reason: str
    until: str | None  # UTC, such as 2026-12-01T08:00:00.000Z; null: until somebody resumes
    by: str


class StateAnswer(Answer):
    """A seller and the state that was asked for; the workflow takes it with its next step."""

    seller_id: str
    state: str


class FleetAnswer(Answer):
    """How many sellers it reached."""

    sellers: int


class PollNowAnswer(Answer):
    """As `poll-now --json`."""

    seller_id: str
    stream: str | None  # null: all of them


class SpeedUpAnswer(Answer):
    """As `speed-up --json`."""

    seller_id: str
    every_s: float
    for_s: float


class ActiveAnswer(Answer):
    """As `active --json`."""

    seller_id: str


class ActivesAnswer(Answer):
    """Whose activity was taken; whose was not, as they are not enrolled."""

    active: int
    unknown: list[str]
    removed: list[str]


class CadenceAnswer(Answer):
    """As `set-cadence --json`: seconds, of the streams that were given."""

    seller_id: str
    orders_every_s: float | None = None
    fulfillment_every_s: float | None = None
    inventory_every_s: float | None = None


class InventoryAnswer(Answer):
    """As `set-inventory --json`."""

    seller_id: str
    inventory_source: str
    offers: bool


class ModeAnswer(Answer):
    """As `mode --json`."""

    seller_id: str
    mode: str
    before: str
    ready: bool  # for webhooks
    why: str


class EntityAnswer(Answer):
    """As `snapshot --json` prints it; of the inventory with `expected`, what should be left by now."""

    entity_id: str | None
    data: dict[str, Any] | None  # eBay's document as it is stored; null: it was never stored, see `set_aside`
    version: int | None
    as_of: str | None  # UTC, such as 2026-12-01T08:00:00.000Z
    read_from: str | None
    removed_at: str | None
    set_aside: str | None  # why it could not be stored as it is now


class EntitiesAnswer(Answer):
    """Some entities, by id."""

    entities: list[EntityAnswer]
    next: str | None  # `after` of the next page; null: there is none


class PollAnswer(Answer):
    """One poll."""

    started_at: str  # UTC, such as 2026-12-01T08:00:00.000Z
    finished_at: str
    stream: str
    source: str
    api_calls: int
    changes: int
    duplicates: int
    stale: int
    missed: int  # by polls, found by this sweep
    undated: int
    error: str | None


class PollsAnswer(Answer):
    """Some polls, the newest first."""

    polls: list[PollAnswer]
    next: str | None  # `after` of the next page; null: there is none


class AsideAnswer(Answer):
    """As `set-aside --json`."""

    id: int
    seller_id: str
    kind: str
    entity_id: str | None
    reason: str
    at: str  # UTC, such as 2026-12-01T08:00:00.000Z
    attempts: int


class AsidesAnswer(Answer):
    """Some of what is set aside, the newest first."""

    set_aside: list[AsideAnswer]
    next: str | None  # `after` of the next page; null: there is none


class RetryAnswer(Answer):
    """As `set-aside --retry ID --json`."""

    id: int
    stored: bool  # false: refused again, or, where it is no document, asked for at the next poll


class TopicCount(Answer):
    """What came, of one topic, and what became of it."""

    topic: str
    state: str
    notifications: int
    copies: int  # with those that came again
    last_at: str | None  # UTC


class TopicCounts(Answer):
    """By topic; kept as long as SELLERBEAT_KEEP_NOTIFICATIONS says."""

    topics: list[TopicCount]


class ArrangedPart(Answer):
    """One thing at eBay: a destination, a subscription."""

    mark: str  # !: a topic that the consent does not cover, and need not
    what: str
    seller_id: str | None  # null: of the application
    name: str  # the topic, or the address; empty: the application's own address, to a narrowed token
    ok: bool
    found: str  # in words


class ArrangedParts(Answer):
    """The seller's, and of the application's what keeps notifications from coming."""

    parts: list[ArrangedPart]
    wrong: int  # so many keep notifications from coming


class LastAnswer(Answer):
    """An endpoint's last attempt."""

    at: str  # UTC, to the millisecond
    outcome: str
    status: int | None  # of its answer; null: there was none
    kind: str | None  # why there was none
    took_ms: int


class DayFigures(Answer):
    """How an endpoint's attempts of the last 24 hours went."""

    since: str  # UTC, to the millisecond
    delivered: int
    failed: int
    failure_rate: float | None  # which share of the attempts failed, 0 to 1; null: there was none
    median_ms: int | None  # half of its answers came within so long, to 5 %; null: it gave none
    p95_ms: int | None  # 95 % of its answers came within so long, to 5 %


class ShownEndpoint(Answer):
    """An endpoint: settings, state, what waits, and how it does."""

    id: str
    name: str | None
    kind: str  # chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone
    url: str  # of chat its beginning alone: the whole is a secret
    types: list[str]
    seller_id: str | None  # null: of all sellers
    thin: bool
    state: str
    off_reason: str | None
    failing_since: str | None
    created_at: str  # UTC, to the millisecond
    waiting: int  # changes that it has not got yet; 10000 stands for that and more
    again: int  # changes that are to be sent again
    oldest_at: str | None  # of what waits
    next_try_at: str | None  # of what failed; null: nothing did, or the endpoint is off
    last: LastAnswer | None
    day: DayFigures


class ShownEndpoints(Answer):
    """All of them, the oldest first."""

    endpoints: list[ShownEndpoint]


class NewEndpoint(Answer):
    """An endpoint as it was made, with its secret, which is not shown again."""

    id: str
    name: str | None
    kind: str  # chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone
    url: str  # of chat its beginning alone: the whole is a secret
    types: list[str]
    seller_id: str | None
    thin: bool
    secret: str  # verifies the signatures (Standard Webhooks); empty for chat and mail, where nothing is signed


class AttemptShown(Answer):
    """How a test event was answered; `delivered` is well."""

    id: str
    event_id: str  # the message's webhook-id
    outcome: str
    status: int | None  # of the answer; null: there was none
    kind: str | None  # why there was none, for a program
    text: str | None  # the same for a person
    took_ms: int
    freed: int | None = None  # events that waited for a later try and are sent now, since it is well; 10000: that and more


class DueEndpoint(Answer):
    """An endpoint of which nothing waits for a later try any more."""

    id: str
    name: str | None
    kind: str  # chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone
    url: str  # of chat its beginning alone: the whole is a secret
    types: list[str]
    seller_id: str | None  # null: of all sellers
    thin: bool
    state: str
    off_reason: str | None
    failing_since: str | None
    created_at: str  # UTC, to the millisecond
    waiting: int  # changes that it has not got yet; 10000 stands for that and more
    again: int  # changes that are to be sent again
    oldest_at: str | None  # of what waits
    next_try_at: str | None  # of what failed; null: nothing did, or the endpoint is off
    last: LastAnswer | None
    day: DayFigures
    freed: int  # events that waited for a later try and are sent now; 10000 stands for that and more


class NewSecret(Answer):
    """What became of an endpoint's secrets."""

    id: str
    secret: str | None  # the new one, shown this once; messages carry a signature for each
    dropped: int  # so many older ones sign no more


class LoggedAttempt(Answer):
    """One attempt to deliver one change to one endpoint."""

    id: int
    at: str  # UTC
    endpoint_id: str
    seller_id: str | None  # null: an alert of the fleet
    event_id: str  # the change's id, which is the message's webhook-id
    position: int
    type: str
    attempt: int  # 1 for the first
    replayed: bool
    outcome: str
    status: int | None  # of the answer; null: there was none
    kind: str | None  # why there was none
    took_ms: int


class DeliveryLog(Answer):
    """Attempts, the newest first. By type a page may have fewer than `limit`, or none, and go on with `next`."""

    deliveries: list[LoggedAttempt]
    next: int | None  # `after` of the next page; null: there is none


class MessageEndpoint(Answer):
    """How far the message got to one endpoint."""

    endpoint_id: str
    state: str
    attempts: int  # in the log
    last_at: str | None
    next_at: str | None  # of the next try; null: it waits for nothing but its turn, or for nothing at all
    before: int  # messages of the seller that this endpoint is to take first; 1000: that or more
    thin: bool  # it goes there without `data` and `previous`, as it is large


class DeliveredMessage(Answer):
    """A message: what it tells, who it is for, and every attempt that is in the log."""

    id: str  # of the change, and the message's webhook-id
    type: str
    seller_id: str | None  # null: an alert of the fleet
    position: int
    entity_id: str
    occurred_at: str  # UTC, to the millisecond
    detected_at: str  # UTC, to the millisecond
    endpoints: list[MessageEndpoint]
    attempts: list[LoggedAttempt]  # the newest first
    hidden: list[str]  # what `body` hides, such as data.buyer.username
    revealed: bool
    body: dict[str, Any] | None  # as it is posted, without the buyer unless revealed; null: the token is not of scope admin


class Replayed(Answer):
    """What is sent again; what is not delivered yet comes anyway, and is not counted."""

    messages: int
    id: int | None = None  # of the replay, for its progress; null: nothing is sent


class ReplayProgress(Answer):
    """A replay, and how many of how many messages are sent."""

    id: int
    state: str
    messages: int  # in all, as counted when it was asked for; once it is queued, exactly
    queued: int  # found so far
    sent: int  # taken, or no longer to be sent
    asked_at: str  # UTC, to the millisecond
    author: str
    endpoint: str | None
    seller: str | None
    ids: int | None  # how many changes were named
    types: list[str] | None
    since: str | None
    until: str | None
    failed: bool
    first: int
    last: int


class ReplayPage(Answer):
    """Replays, the newest first."""

    replays: list[ReplayProgress]
    next: int | None  # `after` of the next page; null: there is none


class ShownAlert(Answer):
    """Something needs a look."""

    id: int
    seller_id: str | None  # null: of the whole fleet
    kind: str  # what stands behind a colon says of what
    text: str
    opened_at: str  # UTC, to the millisecond
    closed_at: str | None
    runbook: str
    to_do: str  # what to do, in a sentence


class ShownAlertGroup(Answer):
    """Open alerts of one cause."""

    code: str  # a kind, without what is behind its colon, or the part that is ill
    title: str
    sellers: int | None  # how many it concerns; null: all, of unknown number; 0: it is no seller's
    first_sellers: list[str]  # ids of the first few
    alerts: int  # how many stand in it
    since: str  # UTC, to the millisecond
    text: str  # of the newest, which may say more
    to_do: str
    runbook: str


class ShownAlerts(Answer):
    """Alerts, the newest first, and all open ones by cause."""

    alerts: list[ShownAlert]
    next: int | None  # `after` of the next page; null: there is none
    groups: list[ShownAlertGroup]


class QuotaUse(Answer):
    """Calls of today, of one of eBay's resources."""

    resource: str
    used: int
    limit: int | None
    remaining: int | None  # by eBay's count
    reset_at: str | None
    level: str | None  # the planner's, in words


class PlannedFreshness(Answer):
    """The freshness of orders, in seconds from when one can be seen to when it is."""

    what: str
    sellers: int
    quota: int  # calls a day
    level: float | None  # null: everybody gets what they wish
    mean_s: float
    p95_s: float
    worst_seller_s: float  # the mean of the seller who fares worst
    longest_s: float
    calls_desired: float  # a day, for everybody's shortest interval
    calls_promised: float  # a day, for everybody's longest interval
    mean: str  # as `mean_s`, in words
    p95: str
    longest: str
    calls: str


class ShownQuota(Answer):
    """Today's use; with `plan` also the forecast."""

    quota: list[QuotaUse]
    plan: list[PlannedFreshness] | None


class FoundAnswer(Answer):
    """Something of a seller's, by its id; nothing of its content."""

    seller_id: str
    kind: str  # fulfillment: the parcels of an order
    entity_id: str  # of parcels the order's, as their own are tracking numbers
    found_by: str
    value: str  # what is, or begins with, what was asked for
    changed_at: str  # when it changed last, as far as it was read
    removed: bool
    page: str  # the seller's page, on this site


class FindAnswer(Answer):
    """The exact ones first."""

    found: list[FoundAnswer]  # 50 at most
    more: bool  # there are others: ask for more of the id


class Ahead(Answer):
    """How much earlier one side was."""

    count: int
    median_s: float
    p95_s: float
    max_s: float


class Missed(Answer):
    """A change that one side never told."""

    event_id: str
    type: str
    entity_id: str
    version: int
    topic: str | None
    occurred_at: str  # UTC, to the millisecond
    detected_at: str  # UTC, to the millisecond


class MissedBy(Answer):
    """By side."""

    notifications: list[Missed]
    polling: list[Missed]


class Reconciled(Answer):
    """One seller's comparison."""

    seller_id: str
    mode: str
    mode_since: str | None
    since: str  # UTC, to the millisecond
    until: str  # UTC, to the millisecond
    changes: int
    both: int
    folded: int
    late: int
    only_polling: int
    only_notifications: int
    pending: int
    unannounced: int
    notifications_ahead: Ahead
    polling_ahead: Ahead
    ready: bool  # for webhooks, by the last week
    why: str
    missing: MissedBy


class ReconciledSellers(Answer):
    """Sellers in shadow or webhooks, or the one that was named."""

    sellers: list[Reconciled]
    next: str | None  # `after` of the next page; null: there is none


class Act(Answer):
    """What a person or a program did."""

    id: int
    at: str  # when it began, UTC
    author: str
    action: str
    seller_id: str | None
    subject: str | None  # of what else than a seller: its id
    before: dict[str, Any] | None  # of a setting
    after: dict[str, Any] | None
    outcome: str | None  # null: it is in hand, or its process died


class Acts(Answer):
    """The newest first."""

    acts: list[Act]
    next: int | None  # `before` of the next page; null: there is none


class ListedToken(Answer):
    """A token as it is listed, without itself."""

    id: str
    name: str
    scope: str
    ebay: bool
    sellers: list[str] | None  # the only ones that it sees; null: all
    expires_at: str | None  # null: never
    state: str  # active, expired or revoked
    created_at: str
    created_by: str
    last_used_at: str | None  # to the minute; null: never
    revoked_at: str | None


class ListedTokens(Answer):
    """Those in use, and then those that ended in the last 30 days."""

    tokens: list[ListedToken]


class MadeToken(Answer):
    """A token, shown this once."""

    id: str
    name: str
    scope: str
    ebay: bool
    sellers: list[str] | None  # the only ones that it sees; null: all
    expires_at: str | None  # null: never
    token: str  # give it as Authorization: Bearer TOKEN; it is stored nowhere


class RevokedToken(Answer):
    """"""

    id: str
    name: str
    state: str


class EventKind(Answer):
    """One type of event."""

    type: str
    title: str  # its name in the schemas and clients
    description: str  # when it is told
    schema_url: str  # where its JSON Schema is
    schema_id: str  # the schema's `$id`: another one with every version
    schema_version: str  # the second number grows with optional fields; anything else is a new first one, beside the old
    sample: dict[str, Any]  # a whole event of this type, with made-up values
    other_samples: list[dict[str, Any]]  # of stock: a listing that the Inventory API does not see


class EventCatalogue(Answer):
    """All types of events."""

    events: list[EventKind]
