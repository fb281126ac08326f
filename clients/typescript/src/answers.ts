// What the API answers. A later version may add fields and values.
//
// Written by `make docs` from the API's description; change nothing here.

import type { AnyEvent } from "./handlers.js";

/** One page of the feed. */
export interface Changes {
  changes: AnyEvent[];
  /** the position to go on after */
  next: number;
  /** the feed's generation: another one after a restore */
  feed: string;
}

/** What became of an enrolment. What follows is in `GET /v1/sellers/{seller_id}`. */
export interface EnrolmentAnswer {
  seller_id: string;
  result: string;
  /** false: the seller was enrolled already, the token is replaced and all else is kept */
  new: boolean;
  /** false: nobody polls until a worker runs */
  worker: boolean;
}

/** One stream of a seller. */
export interface StreamAnswer {
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  last_poll_at: string | null;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  next_poll_at: string | null;
  /** why then, in words */
  why: string | null;
  /** so far is read and committed */
  cursor: string | null;
  /** in a row */
  failures: number;
  last_error: string | null;
}

/** A pause, whatever else the state is. */
export interface PauseAnswer {
  reason: string;
  /** UTC, such as 2026-12-01T08:00:00.000Z; null: until somebody resumes */
  until: string | null;
  by: string | null;
}

/** A speed-up that goes on. */
export interface SpeedUpShown {
  every_s: number;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  until: string | null;
  by: string | null;
}

/** As `status --json`. */
export interface SellerAnswer {
  seller_id: string;
  state: string;
  /** why, in words, where somebody has to know it */
  reason: string | null;
  /** orders, fulfillment, inventory, ... */
  streams: Record<string, StreamAnswer>;
  changes_24h: number;
  /** calls at eBay */
  api_calls_24h: number;
  /** when the consent ends */
  token_ends_at: string | null;
  mode: string;
  paused?: PauseAnswer | null;
  speed_up?: SpeedUpShown | null;
}

/** As `remove --json`. */
export interface RemovalAnswer {
  seller_id: string;
  state: string;
  erased: boolean;
  /** while Temporal is away: what happens by itself once it is back */
  left?: string | null;
}

/** As `list --json`, from what Postgres holds. */
export interface SellerRow {
  seller_id: string;
  state: string;
  /** why, in words, where somebody has to know it */
  reason: string | null;
  /** orders, fulfillment, inventory, ... */
  streams: Record<string, StreamAnswer>;
  changes_24h: number;
  /** calls at eBay */
  api_calls_24h: number;
  /** when the consent ends */
  token_ends_at: string | null;
  mode: string;
  paused?: PauseAnswer | null;
  speed_up?: SpeedUpShown | null;
  last_poll_at: string | null;
  next_poll_at: string | null;
}

/** Some sellers, by id. */
export interface SellersAnswer {
  sellers: SellerRow[];
  /** `after` of the next page; null: there is none. With `state` a page may be short, even empty, before */
  next: string | null;
}

/** All of one kind within an hour (polls) or a quarter of it (all else). */
export interface DayBucketAnswer {
  kind: string;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  at: string;
  until: string;
  /** of alerts: how often one opened or closed */
  count: number;
  /** polls that found nothing */
  quiet: number;
  /** how many by stream, act, alert or topic */
  parts: Record<string, number>;
  /** the same in words, with the newest error or reason */
  text: string;
}

/** As `status SELLER --day --json`. What holds nothing is left out. */
export interface DayAnswer {
  seller_id: string;
  /** an hour's beginning, UTC; 24 hours with the one that is not over */
  since: string;
  /** now, by the database's clock */
  until: string;
  /** how many of each kind */
  totals: Record<string, number>;
  /** the oldest first */
  buckets: DayBucketAnswer[];
}

/** As `connect --json`. */
export interface LinkAnswer {
  seller_id: string;
  /** eBay's consent page for this seller alone, good once: lead the seller's browser there */
  url: string;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  expires_at: string;
}

/** A short-lived access token of the seller's, within the consent. */
export interface TokenAnswer {
  seller_id: string;
  /** for calls at `api_url`, as a bearer token. The app keeps it to itself */
  access_token: string;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  expires_at: string;
  /** empty: all that the seller gave */
  scopes: string[];
  api_url: string;
  /** that were taken from the day's quota */
  calls: Record<string, number>;
}

/** As `pause --json`. */
export interface PausedAnswer {
  seller_id: string;
  state: string;
  reason: string;
  /** UTC, such as 2026-12-01T08:00:00.000Z; null: until somebody resumes */
  until: string | null;
  by: string;
}

/** A seller and the state that was asked for; the workflow takes it with its next step. */
export interface StateAnswer {
  seller_id: string;
  state: string;
}

/** How many sellers it reached. */
export interface FleetAnswer {
  sellers: number;
}

/** As `poll-now --json`. */
export interface PollNowAnswer {
  seller_id: string;
  /** null: all of them */
  stream: string | null;
}

/** As `speed-up --json`. */
export interface SpeedUpAnswer {
  seller_id: string;
  every_s: number;
  for_s: number;
}

/** As `active --json`. */
export interface ActiveAnswer {
  seller_id: string;
}

/** Whose activity was taken; whose was not, as they are not enrolled. */
export interface ActivesAnswer {
  active: number;
  unknown: string[];
  removed: string[];
}

/** As `set-cadence --json`: seconds, of the streams that were given. */
export interface CadenceAnswer {
  seller_id: string;
  orders_every_s?: number | null;
  fulfillment_every_s?: number | null;
  inventory_every_s?: number | null;
}

/** As `set-inventory --json`. */
export interface InventoryAnswer {
  seller_id: string;
  inventory_source: string;
  offers: boolean;
}

/** As `mode --json`. */
export interface ModeAnswer {
  seller_id: string;
  mode: string;
  before: string;
  /** for webhooks */
  ready: boolean;
  why: string;
}

/** As `snapshot --json` prints it; of the inventory with `expected`, what should be left by now. */
export interface EntityAnswer {
  entity_id: string | null;
  /** eBay's document as it is stored; null: it was never stored, see `set_aside` */
  data: Record<string, unknown> | null;
  version: number | null;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  as_of: string | null;
  read_from: string | null;
  removed_at: string | null;
  /** why it could not be stored as it is now */
  set_aside: string | null;
}

/** Some entities, by id. */
export interface EntitiesAnswer {
  entities: EntityAnswer[];
  /** `after` of the next page; null: there is none */
  next: string | null;
}

/** One poll. */
export interface PollAnswer {
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  started_at: string;
  finished_at: string;
  stream: string;
  source: string;
  api_calls: number;
  changes: number;
  duplicates: number;
  stale: number;
  /** by polls, found by this sweep */
  missed: number;
  undated: number;
  error: string | null;
}

/** Some polls, the newest first. */
export interface PollsAnswer {
  polls: PollAnswer[];
  /** `after` of the next page; null: there is none */
  next: string | null;
}

/** As `set-aside --json`. */
export interface AsideAnswer {
  id: number;
  seller_id: string;
  kind: string;
  entity_id: string | null;
  reason: string;
  /** UTC, such as 2026-12-01T08:00:00.000Z */
  at: string;
  attempts: number;
}

/** Some of what is set aside, the newest first. */
export interface AsidesAnswer {
  set_aside: AsideAnswer[];
  /** `after` of the next page; null: there is none */
  next: string | null;
}

/** As `set-aside --retry ID --json`. */
export interface RetryAnswer {
  id: number;
  /** false: refused again, or, where it is no document, asked for at the next poll */
  stored: boolean;
}

/** What came, of one topic, and what became of it. */
export interface TopicCount {
  topic: string;
  state: string;
  notifications: number;
  /** with those that came again */
  copies: number;
  /** UTC */
  last_at: string | null;
}

/** By topic; kept as long as SELLERBEAT_KEEP_NOTIFICATIONS says. */
export interface TopicCounts {
  topics: TopicCount[];
}

/** One thing at eBay: a destination, a subscription. */
export interface ArrangedPart {
  /** !: a topic that the consent does not cover, and need not */
  mark: string;
  what: string;
  /** null: of the application */
  seller_id: string | null;
  /** the topic, or the address; empty: the application's own address, to a narrowed token */
  name: string;
  ok: boolean;
  /** in words */
  found: string;
}

/** The seller's, and of the application's what keeps notifications from coming. */
export interface ArrangedParts {
  parts: ArrangedPart[];
  /** so many keep notifications from coming */
  wrong: number;
}

/** An endpoint's last attempt. */
export interface LastAnswer {
  /** UTC, to the millisecond */
  at: string;
  outcome: string;
  /** of its answer; null: there was none */
  status: number | null;
  /** why there was none */
  kind: string | null;
  took_ms: number;
}

/** How an endpoint's attempts of the last 24 hours went. */
export interface DayFigures {
  /** UTC, to the millisecond */
  since: string;
  delivered: number;
  failed: number;
  /** which share of the attempts failed, 0 to 1; null: there was none */
  failure_rate: number | null;
  /** half of its answers came within so long, to 5 %; null: it gave none */
  median_ms: number | null;
  /** 95 % of its answers came within so long, to 5 % */
  p95_ms: number | null;
}

/** An endpoint: settings, state, what waits, and how it does. */
export interface ShownEndpoint {
  id: string;
  name: string | null;
  /** chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone */
  kind: string;
  /** of chat its beginning alone: the whole is a secret */
  url: string;
  types: string[];
  /** null: of all sellers */
  seller_id: string | null;
  thin: boolean;
  state: string;
  off_reason: string | null;
  failing_since: string | null;
  /** UTC, to the millisecond */
  created_at: string;
  /** changes that it has not got yet; 10000 stands for that and more */
  waiting: number;
  /** changes that are to be sent again */
  again: number;
  /** of what waits */
  oldest_at: string | null;
  /** of what failed; null: nothing did, or the endpoint is off */
  next_try_at: string | null;
  last: LastAnswer | null;
  day: DayFigures;
}

/** All of them, the oldest first. */
export interface ShownEndpoints {
  endpoints: ShownEndpoint[];
}

/** An endpoint as it was made, with its secret, which is not shown again. */
export interface NewEndpoint {
  id: string;
  name: string | null;
  /** chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone */
  kind: string;
  /** of chat its beginning alone: the whole is a secret */
  url: string;
  types: string[];
  seller_id: string | null;
  thin: boolean;
  /** verifies the signatures (Standard Webhooks); empty for chat and mail, where nothing is signed */
  secret: string;
}

/** How a test event was answered; `delivered` is well. */
export interface AttemptShown {
  id: string;
  /** the message's webhook-id */
  event_id: string;
  outcome: string;
  /** of the answer; null: there was none */
  status: number | null;
  /** why there was none, for a program */
  kind: string | null;
  /** the same for a person */
  text: string | null;
  took_ms: number;
  /** events that waited for a later try and are sent now, since it is well; 10000: that and more */
  freed?: number;
}

/** An endpoint of which nothing waits for a later try any more. */
export interface DueEndpoint {
  id: string;
  name: string | null;
  /** chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone */
  kind: string;
  /** of chat its beginning alone: the whole is a secret */
  url: string;
  types: string[];
  /** null: of all sellers */
  seller_id: string | null;
  thin: boolean;
  state: string;
  off_reason: string | null;
  failing_since: string | null;
  /** UTC, to the millisecond */
  created_at: string;
  /** changes that it has not got yet; 10000 stands for that and more */
  waiting: number;
  /** changes that are to be sent again */
  again: number;
  /** of what waits */
  oldest_at: string | null;
  /** of what failed; null: nothing did, or the endpoint is off */
  next_try_at: string | null;
  last: LastAnswer | null;
  day: DayFigures;
  /** events that waited for a later try and are sent now; 10000 stands for that and more */
  freed: number;
}

/** What became of an endpoint's secrets. */
export interface NewSecret {
  id: string;
  /** the new one, shown this once; messages carry a signature for each */
  secret: string | null;
  /** so many older ones sign no more */
  dropped: number;
}

/** One attempt to deliver one change to one endpoint. */
export interface LoggedAttempt {
  id: number;
  /** UTC */
  at: string;
  endpoint_id: string;
  /** null: an alert of the fleet */
  seller_id: string | null;
  /** the change's id, which is the message's webhook-id */
  event_id: string;
  position: number;
  type: string;
  /** 1 for the first */
  attempt: number;
  replayed: boolean;
  outcome: string;
  /** of the answer; null: there was none */
  status: number | null;
  /** why there was none */
  kind: string | null;
  took_ms: number;
}

/** Attempts, the newest first. By type a page may have fewer than `limit`, or none, and go on with `next`. */
export interface DeliveryLog {
  deliveries: LoggedAttempt[];
  /** `after` of the next page; null: there is none */
  next: number | null;
}

/** How far the message got to one endpoint. */
export interface MessageEndpoint {
  endpoint_id: string;
  /**
   * delivered: it was taken; again: it is to be sent again; failing: it was not taken, and is tried again; waiting: it is to be sent; off:
   * the endpoint is switched off: it is sent once that is on; not sent: no attempt is in the log: it is older than the endpoint or than the
   * log, or was not among its types then
   */
  state: string;
  /** in the log */
  attempts: number;
  last_at: string | null;
  /** of the next try; null: it waits for nothing but its turn, or for nothing at all */
  next_at: string | null;
  /** messages of the seller that this endpoint is to take first; 1000: that or more */
  before: number;
  /** it goes there without `data` and `previous`, as it is large */
  thin: boolean;
}

/** A message: what it tells, who it is for, and every attempt that is in the log. */
export interface DeliveredMessage {
  /** of the change, and the message's webhook-id */
  id: string;
  type: string;
  /** null: an alert of the fleet */
  seller_id: string | null;
  position: number;
  entity_id: string;
  /** UTC, to the millisecond */
  occurred_at: string;
  /** UTC, to the millisecond */
  detected_at: string;
  endpoints: MessageEndpoint[];
  /** the newest first */
  attempts: LoggedAttempt[];
  /** what `body` hides, such as data.buyer.username */
  hidden: string[];
  revealed: boolean;
  /** as it is posted, without the buyer unless revealed; null: the token is not of scope admin */
  body: Record<string, unknown> | null;
}

/** What is sent again; what is not delivered yet comes anyway, and is not counted. */
export interface Replayed {
  messages: number;
  /** of the replay, for its progress; null: nothing is sent */
  id?: number | null;
}

/** A replay, and how many of how many messages are sent. */
export interface ReplayProgress {
  id: number;
  state: string;
  /** in all, as counted when it was asked for; once it is queued, exactly */
  messages: number;
  /** found so far */
  queued: number;
  /** taken, or no longer to be sent */
  sent: number;
  /** UTC, to the millisecond */
  asked_at: string;
  author: string;
  endpoint: string | null;
  seller: string | null;
  /** how many changes were named */
  ids: number | null;
  types: string[] | null;
  since: string | null;
  until: string | null;
  failed: boolean;
  first: number;
  last: number;
}

/** Replays, the newest first. */
export interface ReplayPage {
  replays: ReplayProgress[];
  /** `after` of the next page; null: there is none */
  next: number | null;
}

/** Something needs a look. */
export interface ShownAlert {
  id: number;
  /** null: of the whole fleet */
  seller_id: string | null;
  /** what stands behind a colon says of what */
  kind: string;
  text: string;
  /** UTC, to the millisecond */
  opened_at: string;
  closed_at: string | null;
  runbook: string;
  /** what to do, in a sentence */
  to_do: string;
}

/** Open alerts of one cause. */
export interface ShownAlertGroup {
  /** a kind, without what is behind its colon, or the part that is ill */
  code: string;
  title: string;
  /** how many it concerns; null: all, of unknown number; 0: it is no seller's */
  sellers: number | null;
  /** ids of the first few */
  first_sellers: string[];
  /** how many stand in it */
  alerts: number;
  /** UTC, to the millisecond */
  since: string;
  /** of the newest, which may say more */
  text: string;
  to_do: string;
  runbook: string;
}

/** Alerts, the newest first, and all open ones by cause. */
export interface ShownAlerts {
  alerts: ShownAlert[];
  /** `after` of the next page; null: there is none */
  next: number | null;
  /** all that are open, what concerns everybody first; of one seller where one is named. Behind the first page: empty */
  groups: ShownAlertGroup[];
}

/** Calls of today, of one of eBay's resources. */
export interface QuotaUse {
  resource: string;
  used: number;
  limit: number | null;
  /** by eBay's count */
  remaining: number | null;
  reset_at: string | null;
  /** the planner's, in words */
  level: string | null;
}

/** The freshness of orders, in seconds from when one can be seen to when it is. */
export interface PlannedFreshness {
  what: string;
  sellers: number;
  /** calls a day */
  quota: number;
  /** null: everybody gets what they wish */
  level: number | null;
  mean_s: number;
  p95_s: number;
  /** the mean of the seller who fares worst */
  worst_seller_s: number;
  longest_s: number;
  /** a day, for everybody's shortest interval */
  calls_desired: number;
  /** a day, for everybody's longest interval */
  calls_promised: number;
  /** as `mean_s`, in words */
  mean: string;
  p95: string;
  longest: string;
  calls: string;
}

/** Today's use; with `plan` also the forecast. */
export interface ShownQuota {
  quota: QuotaUse[];
  plan: PlannedFreshness[] | null;
}

/** Something of a seller's, by its id; nothing of its content. */
export interface FoundAnswer {
  seller_id: string;
  /** fulfillment: the parcels of an order */
  kind: string;
  /** of parcels the order's, as their own are tracking numbers */
  entity_id: string;
  found_by: string;
  /** what is, or begins with, what was asked for */
  value: string;
  /** when it changed last, as far as it was read */
  changed_at: string;
  removed: boolean;
  /** the seller's page, on this site */
  page: string;
}

/** The exact ones first. */
export interface FindAnswer {
  /** 50 at most */
  found: FoundAnswer[];
  /** there are others: ask for more of the id */
  more: boolean;
}

/** How much earlier one side was. */
export interface Ahead {
  count: number;
  median_s: number;
  p95_s: number;
  max_s: number;
}

/** A change that one side never told. */
export interface Missed {
  event_id: string;
  type: string;
  entity_id: string;
  version: number;
  topic: string | null;
  /** UTC, to the millisecond */
  occurred_at: string;
  /** UTC, to the millisecond */
  detected_at: string;
}

/** By side. */
export interface MissedBy {
  notifications: Missed[];
  polling: Missed[];
}

/** One seller's comparison. */
export interface Reconciled {
  seller_id: string;
  mode: string;
  mode_since: string | null;
  /** UTC, to the millisecond */
  since: string;
  /** UTC, to the millisecond */
  until: string;
  changes: number;
  both: number;
  folded: number;
  late: number;
  only_polling: number;
  only_notifications: number;
  pending: number;
  unannounced: number;
  notifications_ahead: Ahead;
  polling_ahead: Ahead;
  /** for webhooks, by the last week */
  ready: boolean;
  why: string;
  missing: MissedBy;
}

/** Sellers in shadow or webhooks, or the one that was named. */
export interface ReconciledSellers {
  sellers: Reconciled[];
  /** `after` of the next page; null: there is none */
  next: string | null;
}

/** What a person or a program did. */
export interface Act {
  id: number;
  /** when it began, UTC */
  at: string;
  author: string;
  action: string;
  seller_id: string | null;
  /** of what else than a seller: its id */
  subject: string | null;
  /** of a setting */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  /** null: it is in hand, or its process died */
  outcome: string | null;
}

/** The newest first. */
export interface Acts {
  acts: Act[];
  /** `before` of the next page; null: there is none */
  next: number | null;
}

/** A token as it is listed, without itself. */
export interface ListedToken {
  id: string;
  name: string;
  scope: string;
  ebay: boolean;
  /** the only ones that it sees; null: all */
  sellers: string[] | null;
  /** null: never */
  expires_at: string | null;
  /** active, expired or revoked */
  state: string;
  created_at: string;
  created_by: string;
  /** to the minute; null: never */
  last_used_at: string | null;
  revoked_at: string | null;
}

/** Those in use, and then those that ended in the last 30 days. */
export interface ListedTokens {
  tokens: ListedToken[];
}

/** A token, shown this once. */
export interface MadeToken {
  id: string;
  name: string;
  scope: string;
  ebay: boolean;
  /** the only ones that it sees; null: all */
  sellers: string[] | null;
  /** null: never */
  expires_at: string | null;
  /** give it as Authorization: Bearer TOKEN; it is stored nowhere */
  token: string;
}

export interface RevokedToken {
  id: string;
  name: string;
  state: string;
}

/** One type of event. */
export interface EventKind {
  type: string;
  /** its name in the schemas and clients */
  title: string;
  /** when it is told */
  description: string;
  /** where its JSON Schema is */
  schema_url: string;
  /** the schema's `$id`: another one with every version */
  schema_id: string;
  /** the second number grows with optional fields; anything else is a new first one, beside the old */
  schema_version: string;
  /** a whole event of this type, with made-up values */
  sample: Record<string, unknown>;
  /** of stock: a listing that the Inventory API does not see */
  other_samples: Record<string, unknown>[];
}

/** All types of events. */
export interface EventCatalogue {
  events: EventKind[];
}
