// The whole API: a method a route.
//
// Written by `make docs` from the API's description; change nothing here.

import type * as answers from "./answers.js";
import { Calls, segment } from "./calls.js";
import type { CallOptions } from "./calls.js";

/**
 * `new Sellerbeat(url, token)`, and await its methods: what the token's scope lets in.
 *
 * Writes have an Idempotency-Key, and are repeated under it. Refusals are errors, each with its `code`. Durations are text such as 30s, 5m,
 * 6h or 30d. Lists are read page by page: `for await (const seller of beat.sellers())`.
 */
export class Sellerbeat extends Calls {
  /** The changes behind a position, oldest first. Who goes on after `next` misses none and gets none twice. */
  changes(
    given: {
      /** only what comes after this position, a whole number from 0 on; `latest`: only what comes from now on */
      after?: number | "latest" | undefined;
      /** so many changes at most, 1 to 1000 */
      limit?: number | undefined;
      /** of these sellers only: ids of 1 to 100 letters, digits, dots, dashes or underscores */
      seller?: readonly string[] | undefined;
      /** of these types only, such as order.* */
      type?: readonly string[] | undefined;
      /** the feed's generation, as an answer told it: 410 if it is another one now */
      feed?: string | undefined;
      /** how long to wait for a change, such as 20s; 60s at most */
      wait?: string | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.Changes> {
    return this.call("GET", "/v1/changes", { query: given, options });
  }

  /**
   * Enrol a seller, or give an enrolled one a new token.
   *
   * eBay is asked first: 422 `token_refused` where it refuses the token, 503 `ebay_away` where it does not answer, 409 `wrong_account` or
   * `account_taken` where it is another account than the seller's, or another seller's. Then nothing is stored.
   */
  enroll(
    seller_id: string,
    given: {
      /** eBay's, of the seller's consent. It is stored encrypted, and shown nowhere */
      refresh_token: string;
      refresh_token_expires?: string | undefined;
      /** of the seller's consent, as a list or separated by spaces; eBay's default where empty */
      scopes?: readonly string[] | string | undefined;
      cadences?: Readonly<Record<string, unknown>> | undefined;
      /** how far back orders are read; else as SELLERBEAT_BACKFILL has it */
      backfill?: string | undefined;
      last_poll_at?: string | undefined;
      /** where the stock is read */
      inventory_source?: "auto" | "inventory_api" | "trading" | "both" | undefined;
      /** read prices and quantities by marketplace too: a call for each SKU a day */
      offers?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<answers.EnrolmentAnswer> {
    return this.call("PUT", `/v1/sellers/${segment(seller_id)}`, { body: given, options });
  }

  /** One seller: the state and why, each stream's last and next poll, and the day's numbers. The answer has an ETag. */
  seller(seller_id: string, options?: CallOptions): Promise<answers.SellerAnswer> {
    return this.call("GET", `/v1/sellers/${segment(seller_id)}`, { options });
  }

  /** Stop polling a seller for good and forget the token. What was recorded stays, unless erased. Repeating it is fine. */
  removeSeller(
    seller_id: string,
    given: {
      /** also delete all that is stored of the seller; needs scope admin */
      erase?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.RemovalAnswer> {
    return this.call("DELETE", `/v1/sellers/${segment(seller_id)}`, { query: given, options });
  }

  /** Give an enrolled seller the token of a new consent: polling goes on from the cursor. Refused as `PUT` refuses. */
  reauthorize(
    seller_id: string,
    given: {
      /** eBay's, of the seller's consent. It is stored encrypted, and shown nowhere */
      refresh_token: string;
      refresh_token_expires?: string | undefined;
      /** of the seller's consent, as a list or separated by spaces; eBay's default where empty */
      scopes?: readonly string[] | string | undefined;
    },
    options?: CallOptions,
  ): Promise<answers.EnrolmentAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/reauthorize`, { body: given, options });
  }

  /** All sellers by id, removed ones too, each with its state and why, from what Postgres holds. */
  sellers(
    given: {
      /** those in this state only */
      state?: "polling" | "paused" | "needs_reauthorization" | "waiting_for_quota" | "ebay_down" | "failing" | "stalled" | "removed" | undefined;
      /** those whose id holds this, whatever its letters' case */
      q?: string | undefined;
      /** so many at most */
      limit?: number | undefined;
      /** those behind this one: `next` of the answer before */
      after?: string | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.SellerRow> {
    return this.pages("/v1/sellers", "sellers", "after", { query: given, options });
  }

  /**
   * The last 24 hours of a seller in buckets: polls, changes, failures, acts such as pauses, alerts, notifications of eBay.
   *
   * Sums of at most a few hundred buckets, however much happened. The page draws the same.
   */
  sellerDay(seller_id: string, options?: CallOptions): Promise<answers.DayAnswer> {
    return this.call("GET", `/v1/sellers/${segment(seller_id)}/day`, { options });
  }

  /** An address at eBay where the seller gives their consent, which enrols or revives them. `seller.connected` tells that they did. */
  link(
    seller_id: string,
    given: {
      /** where the seller's browser goes afterwards: on an origin of SELLERBEAT_RETURN_ORIGINS */
      return_to?: string | undefined;
      /** the app's name, for the seller to read; else return_to's host */
      app?: string | undefined;
      /** how long the address is good; else 3d */
      valid_for?: string | undefined;
      /** of the seller's consent, as a list or separated by spaces; eBay's default where empty */
      scopes?: readonly string[] | string | undefined;
      orders_every?: string | undefined;
      /** how far back orders are read; else as SELLERBEAT_BACKFILL has it */
      backfill?: string | undefined;
      inventory_source?: "auto" | "inventory_api" | "trading" | "both" | undefined;
      offers?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.LinkAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/link`, { body: given, options });
  }

  /**
   * A short-lived access token for the app's own calls at eBay, within the consent. Only for tokens made with `--ebay`.
   *
   * 422 `scope_missing` where the consent lacks a scope, 409 `no_token` where the seller has to consent anew, 429 `quota` where the day's
   * quota does not have the calls, 429 `too_many_tokens` where ten other choices of scopes were given within the hour.
   */
  ebayToken(
    seller_id: string,
    given: {
      /** some of the consent's; none: all of them */
      scopes?: readonly string[] | undefined;
      /** how many calls of which resource the app will make: polls leave room for them */
      calls?: Readonly<Record<string, number>> | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.TokenAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/token`, { body: given, options });
  }

  /** Stop polling a seller until `resume`, or until then. The cursor stays, so nothing is lost. */
  pause(
    seller_id: string,
    given: {
      /** shown wherever the seller is */
      reason?: string | undefined;
      until?: string | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.PausedAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/pause`, { body: given, options });
  }

  /** Poll a paused seller again, at once, from the cursor. */
  resume(seller_id: string, options?: CallOptions): Promise<answers.StateAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/resume`, { body: {}, options });
  }

  /** Stop polling every enrolled seller. */
  pauseAll(
    given: {
      /** shown wherever the seller is */
      reason?: string | undefined;
      until?: string | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.FleetAnswer> {
    return this.call("POST", "/v1/pause", { body: given, options });
  }

  /** Poll every enrolled seller again. */
  resumeAll(options?: CallOptions): Promise<answers.FleetAnswer> {
    return this.call("POST", "/v1/resume", { body: {}, options });
  }

  /** Poll a seller as soon as the call in hand is done. */
  pollNow(
    seller_id: string,
    given: {
      /** one stream only; else all of them */
      stream?: "orders" | "fulfillment" | "inventory" | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.PollNowAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/poll-now`, { body: given, options });
  }

  /** Poll a seller more often for a while. */
  speedUp(
    seller_id: string,
    given: {
      /** a duration of 0.5s to 1d, written as 0.5s, 30s, 5m, 6h or 30d */
      every: string;
      /** a duration of 1s to 7d, written as 0.5s, 30s, 5m, 6h or 30d */
      for: string;
    },
    options?: CallOptions,
  ): Promise<answers.SpeedUpAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/speed-up`, { body: given, options });
  }

  /** Tell that the seller is using the app, at every click: within the hour it costs nothing. A dormant one is polled at once. */
  active(seller_id: string, options?: CallOptions): Promise<answers.ActiveAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/active`, { body: {}, options });
  }

  /**
   * The same of many. Who is not enrolled is named in the answer; where nobody is, it is 404 or 409.
   *
   * A token that is narrowed to sellers may name its own alone.
   */
  activeMany(
    given: {
      sellers: readonly string[];
    },
    options?: CallOptions,
  ): Promise<answers.ActivesAnswer> {
    return this.call("POST", "/v1/active", { body: given, options });
  }

  /** Set a seller's base intervals for good; quiet hours still slow them down. Needs a running worker: 503 `no_worker`. */
  setCadence(
    seller_id: string,
    given: {
      orders?: string | undefined;
      fulfillment?: string | undefined;
      /** of the listings too */
      inventory?: string | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.CadenceAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/cadence`, { body: given, options });
  }

  /** Change where a seller's stock is read, and whether offers are; from the next step on. What was recorded stays. */
  setInventory(
    seller_id: string,
    given: {
      /** where the stock is read */
      source?: "auto" | "inventory_api" | "trading" | "both" | undefined;
      /** whether prices and quantities by marketplace are read too */
      offers?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.InventoryAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/inventory`, { body: given, options });
  }

  /**
   * Say how a seller is watched: by polling, by polling compared with notifications, or by notifications with polling as safety net.
   *
   * To webhooks before the seller is ready it is 409 `not_ready`, unless forced.
   */
  setMode(
    seller_id: string,
    given: {
      mode: "polling" | "shadow" | "webhooks";
      /** to webhooks although the seller is not ready */
      force?: boolean | undefined;
    },
    options?: CallOptions,
  ): Promise<answers.ModeAnswer> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/mode`, { body: given, options });
  }

  /** Orders, parcels, stock or offers as they are stored, removed and set-aside ones too, by id. A page shows one moment. */
  snapshot(
    seller_id: string,
    entities: "orders" | "fulfillments" | "inventory" | "offers",
    given: {
      /** those behind this one: `next` of the answer before, or an entity's id */
      after?: string | undefined;
      /** so many at most */
      limit?: number | undefined;
      /** of these ids alone, 100 at most, all on one page; what is not there is left out */
      id?: readonly string[] | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.EntityAnswer> {
    return this.pages(`/v1/sellers/${segment(seller_id)}/snapshot/${segment(entities)}`, "entities", "after", { query: given, options });
  }

  /** Polls that found something, failed or were asked for, the newest first. Quiet ones leave no row. */
  polls(
    seller_id: string,
    given: {
      /** those before this one: `next` of the answer before */
      after?: string | undefined;
      /** so many at most */
      limit?: number | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.PollAnswer> {
    return this.pages(`/v1/sellers/${segment(seller_id)}/polls`, "polls", "after", { query: given, options });
  }

  /** Documents that are set aside, the newest first, each with the reason and without its contents. */
  setAside(
    given: {
      /** of these sellers only; a narrowed token has to name its own */
      seller?: readonly string[] | undefined;
      /** older ones than this: `next` of the answer before */
      after?: number | undefined;
      /** so many at most */
      limit?: number | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.AsideAnswer> {
    return this.pages("/v1/set-aside", "set_aside", "after", { query: given, options });
  }

  /** Try one again now, whatever was tried today. */
  retrySetAside(aside_id: number, options?: CallOptions): Promise<answers.RetryAnswer> {
    return this.call("POST", `/v1/set-aside/${segment(aside_id)}/retry`, { body: {}, options });
  }

  /** What came of a seller, by topic. What eBay is set up to tell, `setup` and `repair` say: to ask costs calls. */
  notifications(seller_id: string, options?: CallOptions): Promise<answers.TopicCounts> {
    return this.call("GET", `/v1/sellers/${segment(seller_id)}/notifications`, { options });
  }

  /** Have eBay tell us of a seller: the destination and the subscriptions. Safe to repeat. */
  setUpNotifications(seller_id: string, options?: CallOptions): Promise<answers.ArrangedParts> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/notifications/setup`, { options });
  }

  /** Enable what eBay marked down, make or put right subscriptions; tells only of what is or was wrong. */
  repairNotifications(seller_id: string, options?: CallOptions): Promise<answers.ArrangedParts> {
    return this.call("POST", `/v1/sellers/${segment(seller_id)}/notifications/repair`, { options });
  }

  /** Who is told of changes: settings, state, what waits, next try, last answer, and how the last 24 hours went. */
  endpoints(options?: CallOptions): Promise<answers.ShownEndpoints> {
    return this.call("GET", "/v1/endpoints", { options });
  }

  /** Tell an address of every change from now on, of all sellers or of one. The secret is in this answer alone. */
  addEndpoint(
    given: {
      /** an https address, without user and password; of mail a mail address */
      url: string;
      /** chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone */
      kind?: "webhook" | "chat" | "mail" | undefined;
      /** types of changes, such as order.*; `*` for all */
      types?: readonly string[] | undefined;
      /** of this seller alone; left out: of all */
      seller?: string | undefined;
      /** changes above 20 kB go without their documents, with a link to the feed */
      thin?: boolean | undefined;
      name?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<answers.NewEndpoint> {
    return this.call("POST", "/v1/endpoints", { body: given, options });
  }

  /** One endpoint: settings, state, what waits, next try, last answer, and how the last 24 hours went. */
  endpoint(endpoint_id: string, options?: CallOptions): Promise<answers.ShownEndpoint> {
    return this.call("GET", `/v1/endpoints/${segment(endpoint_id)}`, { options });
  }

  /** Change the name, the address or what it is told. It goes on from where it stands; another address is tried at once. */
  changeEndpoint(
    endpoint_id: string,
    given: {
      url?: string | undefined;
      types?: readonly string[] | undefined;
      thin?: boolean | undefined;
      name?: string | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.ShownEndpoint> {
    return this.call("PATCH", `/v1/endpoints/${segment(endpoint_id)}`, { body: given, options });
  }

  /** Forget an endpoint, with its secrets, its place in the feed and its log. */
  removeEndpoint(endpoint_id: string, options?: CallOptions): Promise<void> {
    return this.call("DELETE", `/v1/endpoints/${segment(endpoint_id)}`, { options });
  }

  /**
   * Send one signed event of the type `endpoint.test` now, and tell how it was answered. It is no change: no cursor moves.
   *
   * Where it was taken, what waited for a later try is sent now too (`freed`).
   */
  testEndpoint(
    endpoint_id: string,
    given: {
      /** a sample of this type instead, such as order.refunded */
      type?: string | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.AttemptShown> {
    return this.call("POST", `/v1/endpoints/${segment(endpoint_id)}/test`, { query: given, options });
  }

  /** Switch it on: it catches up from where it was. */
  enableEndpoint(endpoint_id: string, options?: CallOptions): Promise<answers.ShownEndpoint> {
    return this.call("POST", `/v1/endpoints/${segment(endpoint_id)}/enable`, { options });
  }

  /** Switch it off. Its place in the feed stays, so nothing is lost. */
  disableEndpoint(endpoint_id: string, options?: CallOptions): Promise<answers.ShownEndpoint> {
    return this.call("POST", `/v1/endpoints/${segment(endpoint_id)}/disable`, { options });
  }

  /** Deliver now what waits for a later try, in order for each seller; tries are counted on. 409: it is switched off. */
  retryEndpoint(endpoint_id: string, options?: CallOptions): Promise<answers.DueEndpoint> {
    return this.call("POST", `/v1/endpoints/${segment(endpoint_id)}/retry`, { options });
  }

  /** A new secret beside the others; once the receiver knows it, `{"drop_old": true}`. Each message carries a signature for each. */
  rotateSecret(
    endpoint_id: string,
    given: {
      /** no new secret: sign with the newest alone, once the receiver knows it */
      drop_old?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.NewSecret> {
    return this.call("POST", `/v1/endpoints/${segment(endpoint_id)}/rotate`, { body: given, options });
  }

  /** The log of what was sent, with the answers. A token that is narrowed names one of its sellers. */
  deliveries(
    given: {
      /** one endpoint only */
      endpoint?: string | undefined;
      /** one seller only */
      seller?: string | undefined;
      /** of these types only, such as order.* */
      type?: readonly string[] | undefined;
      /** only what was not taken */
      failed?: boolean | undefined;
      /** attempts from then on: 2h (ago), or 2026-06-01T12:00:00Z */
      since?: string | undefined;
      /** attempts before then */
      until?: string | undefined;
      /** so many at most, 1 to 1000 */
      limit?: number | undefined;
      /** go on with older ones, from an answer's `next` */
      after?: number | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.LoggedAttempt> {
    return this.pages("/v1/deliveries", "deliveries", "after", { query: given, options });
  }

  /** One message: its endpoints, all attempts, and for a token of scope admin the body, without the buyer unless asked for. */
  delivery(
    message_id: string,
    given: {
      /** the body with all that is personal, for scope admin; who looked stands in the audit */
      reveal?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.DeliveredMessage> {
    return this.call("GET", `/v1/deliveries/${segment(message_id)}`, { query: given, options });
  }

  /** Send changes again, under the same ids, to every endpoint that wants them or to one; they go out behind what is new. */
  replay(
    given: {
      /** of changes */
      ids?: readonly string[] | undefined;
      /** the first position, included */
      first?: number | undefined;
      /** the last position, included */
      last?: number | undefined;
      /** one seller only */
      seller?: string | undefined;
      /** one endpoint only */
      endpoint?: string | undefined;
      /** of these types only, such as order.* */
      types?: readonly string[] | undefined;
      /** recorded from then on: 2h (ago), or 2026-06-01T12:00:00Z */
      since?: string | undefined;
      /** recorded before then */
      until?: string | undefined;
      /** only those whose last attempt failed: they are tried now */
      failed?: boolean | undefined;
      /** only count them: 200, and nothing is sent */
      dry_run?: boolean | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.Replayed> {
    return this.call("POST", "/v1/replays", { body: given, options });
  }

  /** Replays with their progress, the newest first. */
  replays(
    given: {
      /** so many at most, 1 to 100 */
      limit?: number | undefined;
      /** go on with older ones, from an answer's `next` */
      after?: number | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.ReplayProgress> {
    return this.pages("/v1/replays", "replays", "after", { query: given, options });
  }

  /** How many of how many messages of a replay are sent. */
  replayProgress(replay_id: number, options?: CallOptions): Promise<answers.ReplayProgress> {
    return this.call("GET", `/v1/replays/${segment(replay_id)}`, { options });
  }

  /** What needs a look, and what to do. A token that is narrowed names one of its sellers. */
  alerts(
    given: {
      /** also those that passed */
      closed?: boolean | undefined;
      /** one seller only */
      seller?: string | undefined;
      /** those of one group only: its `code`; not with `closed` or `seller` */
      cause?: string | undefined;
      /** older ones than this: `next` of the answer before */
      after?: number | undefined;
      /** so many at most */
      limit?: number | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.ShownAlerts> {
    return this.call("GET", "/v1/alerts", { query: given, options });
  }

  /** Calls made today, by eBay's resource, against the quota. */
  quota(
    given: {
      /** how fresh so many sellers like these would be */
      plan?: number | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<answers.ShownQuota> {
    return this.call("GET", "/v1/quota", { query: given, options });
  }

  /**
   * Whose an order number, line item, item id or SKU is, across all sellers: orders, parcels, listings, inventory, offers.
   *
   * Ids of our own tables alone are searched: nothing of a buyer's, and no tracking number. Line items are of orders since the enrolment.
   */
  find(
    given: {
      /** an order number, a line item's id, an item id or a SKU, or how it begins; letters' case counts */
      q: string;
    },
    options?: CallOptions,
  ): Promise<answers.FindAnswer> {
    return this.call("GET", "/v1/find", { query: given, options });
  }

  /** Polling compared with notifications, over the last 7 days or [since, until). A token that is narrowed names one of its sellers. */
  reconcile(
    given: {
      /** one seller only */
      seller?: string | undefined;
      since?: string | undefined;
      until?: string | undefined;
      /** so many sellers at most, 1 to 100 */
      limit?: number | undefined;
      /** go on behind this seller: an answer's `next` */
      after?: string | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.Reconciled> {
    return this.pages("/v1/reconcile", "sellers", "after", { query: given, options });
  }

  /** Who did what, whichever door it came by: command line, page or API. */
  audit(
    given: {
      /** one seller only */
      seller?: string | undefined;
      author?: string | undefined;
      action?: string | undefined;
      /** so many acts at most, 1 to 1000 */
      limit?: number | undefined;
      /** go on with older ones, from an answer's `next` */
      before?: number | undefined;
    } = {},
    options?: CallOptions,
  ): AsyncGenerator<answers.Act> {
    return this.pages("/v1/audit", "acts", "before", { query: given, options });
  }

  /** All tokens in use, and those that ended in the last 30 days; never the tokens themselves. */
  tokens(options?: CallOptions): Promise<answers.ListedTokens> {
    return this.call("GET", "/v1/tokens", { options });
  }

  /** Make a token. The answer has it once: it is stored nowhere. Only who may have eBay's tokens can give that on. */
  createToken(
    given: {
      /** stands in the audit as token:NAME */
      name: string;
      /** how far it goes; each holds the ones before it: feed, read, control, admin */
      scope: "feed" | "read" | "control" | "admin";
      /** it may also ask for sellers' access tokens at eBay */
      ebay?: boolean | undefined;
      /** it sees these sellers alone; null: all. They need not be enrolled yet */
      sellers?: readonly string[] | undefined;
      /** how long it is good, such as 90d: 1m to 3650d; null: for ever */
      expires?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<answers.MadeToken> {
    return this.call("POST", "/v1/tokens", { body: given, options });
  }

  /** End a token, at once in this process and within two seconds in others. Who waits with it gets 401. */
  revokeToken(token_id: string, options?: CallOptions): Promise<answers.RevokedToken> {
    return this.call("DELETE", `/v1/tokens/${segment(token_id)}`, { options });
  }

  /** What types of events there are: when each is told, its schema, and a sample. */
  eventTypes(options?: CallOptions): Promise<answers.EventCatalogue> {
    return this.call("GET", "/v1/events", { options });
  }

  /** The JSON Schema of a type's events: the whole event with its `data`, in `$defs` its thin form and the body of its deliveries. */
  eventSchema(
    type: string,
    given: {
      /** the first number of its version; left out: the newest */
      version?: number | undefined;
    } = {},
    options?: CallOptions,
  ): Promise<Record<string, unknown>> {
    return this.call("GET", `/v1/events/${segment(type)}/schema.json`, { query: given, options });
  }
}
