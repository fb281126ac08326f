// The feed into the app's own tables: every event once, in order, whatever dies when. Read `run` first.
//
// What a handler writes and the position that says so are one transaction of the app's. So a kill at any point undoes both or neither.

import { Batches, handlerOf } from "./batches.js";
import type { Decide, Policy } from "./batches.js";
import {
  FeedGoneError,
  GoneError,
  PositionMovedError,
  ProblemError,
  SellerbeatError,
  TransactionEndedError,
  UnreachableError,
} from "./errors.js";
import { TEST_PREFIX, isThin } from "./events.js";
import type { FeedEvent } from "./events.js";
import { Handlers } from "./handlers.js";
import type { AnyEvent } from "./handlers.js";
import { FeedReader } from "./pages.js";
import type { Question } from "./pages.js";
import type { FetchLike, Log, Signal } from "./platform.js";
import { checkUndoing, samePlace, transacted } from "./position.js";
import type { Place, Position } from "./position.js";
import { AGAIN, Backoff } from "./wire.js";

const A_DAY_MS = 86_400_000;

/**
 * The feed does not go on behind `place`: what follows it was not kept, or the database was restored.
 * `oldest`, `latest`: where all begins that is kept, and where the feed ends now; `feed`: its generation. `restored`: it is another feed:
 * what was handled may have been undone, and is told again under other ids.
 */
export interface Gone {
  readonly place: Place;
  readonly oldest: number;
  readonly latest: number;
  readonly feed: string;
  readonly restored: boolean;
  readonly detail: string;
}

/**
 * How to go on: with the `oldest` that is kept, without events whose ids were handled; `anew` with all of them, once the app forgot what it
 * made of them; with what comes from now on (`latest`); or not at all.
 */
export type GoOn = "oldest" | "anew" | "latest" | "stop";

export interface FeedOptions<T> {
  /** Of these alone; none: of all. */
  readonly sellers?: readonly string[];
  /** For an app that has no position yet: at the `oldest` event that is kept, or with what comes from now on (`latest`). */
  readonly begin?: "oldest" | "latest";
  /** Where the feed does not go on behind the position (410): `stop` throws FeedGoneError. Only a function can begin anew: it forgets. */
  readonly gone?: "oldest" | "latest" | "stop" | ((gone: Gone, transaction: T) => Promise<GoOn>);
  /** How often a handler may raise for one event before `then` is done; 5. */
  readonly tries?: number;
  /** `stop` throws HandlerFailedError; `set_aside` keeps the event in `sellerbeat_failed` and goes on. */
  readonly then?: "stop" | "set_aside";
  /** Events of one transaction, 1000 at most; 500. */
  readonly batch?: number;
  /** How long a request waits for something new, 60 at most; 20. */
  readonly waitSeconds?: number;
  /** The first and the longest wait before something is tried again; 1 and 60. */
  readonly retrySeconds?: readonly [number, number];
  readonly fetch?: FetchLike;
  readonly log?: Log;
}

/** `const feed = new Feed(url, token)`, functions by `feed.on(...)`, then `feed.run(position)`. `T`: the app's transaction. */
export class Feed<T = unknown> extends Handlers<T> {
  readonly #reader: FeedReader;
  readonly #policy: Policy;
  readonly #log: Log;
  readonly #options: Required<Pick<FeedOptions<T>, "sellers" | "begin" | "gone" | "batch" | "waitSeconds" | "retrySeconds">>;
  #running = false;
  #stopped = false;
  #forgetAt = 0;

  /** `token`: of scope feed. Throws TypeError, RangeError: something given is of no use. */
  constructor(url: string, token: string, options: FeedOptions<T> = {}) {
    super();
    const { sellers = [], begin = "oldest", gone = "stop", tries = 5, batch = 500, waitSeconds = 20, retrySeconds = [1, 60] } = options;
    if (typeof gone !== "function" && !["oldest", "latest", "stop"].includes(gone)) {
      throw new TypeError("gone: oldest, latest, stop, or a function; only a function can begin anew, as it forgets what the app has");
    }
    if (!(Number.isInteger(batch) && batch >= 1 && batch <= 1000 && waitSeconds >= 0 && waitSeconds <= 60 && tries >= 1)) {
      throw new RangeError("batch: 1 to 1000; waitSeconds: 0 to 60; tries: 1 and more");
    }
    this.#reader = new FeedReader(url, token, options.fetch);
    this.#options = { sellers, begin, gone, batch, waitSeconds, retrySeconds };
    this.#policy = { tries, then: options.then ?? "stop", retrySeconds };
    this.#log = options.log ?? console;
  }

  /** `decide` is told each time that a handler raised, with how often it did, and may return what to do in place of what `Feed` was told. */
  onFailure(decide: Decide): this {
    this.#policy.decide = decide;
    return this;
  }

  /** Ends `run` once what is in hand is committed, and any wait at once: `process.once("SIGTERM", () => feed.stop())`. */
  stop(): void {
    this.#stopped = true;
    this.#reader.wake();
  }

  /**
   * Hands every event to its handlers, until `stop` or `signal`; with `untilIdle` until there is no more just now.
   *
   * Connections that are lost, 429 and 5xx are waited for, and a database that is away. Throws TokenRefusedError: the token was revoked, or
   * never was one; FeedGoneError: 410, and the app did not choose how to go on; HandlerFailedError: a handler raised too often, and the app
   * chose to stop; TransactionEndedError: a handler committed; ProblemError: refused for another reason; what the driver throws, where not even the first look at the position succeeds; TypeError:
   * the driver's transactions undo nothing.
   */
  async run(position: Position<T>, { untilIdle = false, signal }: { untilIdle?: boolean; signal?: Signal } = {}): Promise<void> {
    if (this.#running) throw new SellerbeatError("this feed runs already: make another one for another position");
    this.#running = true;
    const stop = (): void => this.stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) this.stop();
    try {
      await this.#run(position, untilIdle);
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#running = this.#stopped = false;
      this.#reader.close();
    }
  }

  async #run(position: Position<T>, untilIdle: boolean): Promise<void> {
    const batches = new Batches(position, this, this.#policy, (seconds) => this.#reader.sleep(seconds), this.#log);
    const again = new Backoff(...this.#options.retrySeconds);
    const waitSeconds = untilIdle ? 0 : this.#options.waitSeconds;
    await checkUndoing(position);
    let place = await batches.looked();
    let lookAgain = false;
    while (!this.#stopped) {
      try {
        if (lookAgain) place = await batches.looked();
        lookAgain = false;
        place ??= await this.#beginAt(position);
        const before = place;
        place = place && (await this.#step(batches, place, waitSeconds));
        again.over();
        if (untilIdle && samePlace(before, place)) return;
      } catch (error) {
        const moved = error instanceof PositionMovedError;
        const refused = error instanceof ProblemError && !AGAIN.has(error.status);
        if (refused || (error instanceof SellerbeatError && !moved && !(error instanceof ProblemError || error instanceof UnreachableError))) throw error;
        lookAgain = moved || !(error instanceof SellerbeatError); // of the app's database: the transaction was undone
        if (moved) this.#log.warn("another consumer has the same position; going on from where it stands");
        else await this.#wait(again, error);
      }
    }
  }

  /** A page, asked for and handled. Returns where the app stands then. */
  async #step(batches: Batches<T>, place: Place, waitSeconds: number): Promise<Place> {
    const { position } = batches;
    if (Date.now() >= this.#forgetAt) {
      await position.transaction((transaction) => position.forget(transaction, "old"));
      this.#forgetAt = Date.now() + A_DAY_MS;
    }
    let page;
    try {
      page = await this.#reader.answer(this.#question(place, waitSeconds));
    } catch (error) {
      if (error instanceof GoneError) return await this.#goOn(position, place, error);
      throw error;
    }
    if (!page) return place;
    if (page.changes.length === this.#options.batch) {
      void this.#reader.ask(this.#question({ position: page.next, feed: page.feed }, waitSeconds)); // on its way while these are handled
    }
    return await batches.take(place, page, () => this.#stopped);
  }

  /**
   * For webhooks: a function that takes an event, as it was delivered, and hands it to the same handlers, once by its id.
   *
   * It throws what a handler throws; answer 500 then, and the event comes again. Throws TypeError: the position remembers no ids.
   */
  receiver(position: Position<T>): (event: AnyEvent | { readonly id: string; readonly type: string }) => Promise<void> {
    if (!position.remembers) throw new TypeError("deliveries come at least once: the position has to remember ids");
    return async (event) => {
      if (event.id.startsWith(TEST_PREFIX) || this.handlersOf(event.type).length === 0) return;
      const whole = isThin(event) ? await this.#reader.whole(event) : (event as FeedEvent);
      await transacted(position, (transaction) => this.#once(position, transaction, whole));
    };
  }

  /**
   * Tries an event that is set aside once more. Throws what its handler throws, and then it stays; RangeError: it is not set aside, as one
   * that failed and that `run` tries again by itself.
   */
  async retry(position: Position<T>, eventId: string): Promise<void> {
    await transacted(position, async (transaction) => {
      const found = (await position.failed(transaction)).find((one) => one.id === eventId);
      if (!found) throw new RangeError(`no event ${eventId} is set aside`);
      if (!found.setAside) throw new RangeError(`the event ${eventId} is not set aside: the feed tries it again by itself`);
      await position.noteHandled(transaction, [eventId]); // first: it is there again where a handler rolls back
      await this.#once(position, transaction, found.event);
      if ((await position.failed(transaction)).some(({ id }) => id === eventId)) throw new TransactionEndedError(handlerOf(found.event), false);
    });
  }

  async #once(position: Position<T>, transaction: T, event: FeedEvent): Promise<void> {
    if ((await position.known(transaction, [event.id])).has(event.id)) return;
    await position.remember(transaction, [event.id]); // first: whoever has the same event in hand waits here
    await this.handle(event, transaction);
    const stands = (await position.known(transaction, [event.id])).has(event.id); // throws, where a statement failed and the handler went on all the same
    const undone = position.remembers && !stands;
    if (undone || position.ended?.(transaction)) throw new TransactionEndedError(handlerOf(event), !undone);
  }

  #question(place: Place | null, waitSeconds: number): Question {
    const { batch, sellers } = this.#options;
    return { place, waitSeconds, limit: batch, sellers, types: this.askedTypes() };
  }

  /** The first place, written down. null: not yet. Throws PositionMovedError. */
  async #beginAt(position: Position<T>): Promise<Place | null> {
    let place: Place = { position: 0, feed: "" };
    if (this.#options.begin === "latest") {
      const page = await this.#reader.answer(this.#question(null, 0));
      if (!page) return null;
      place = { position: page.next, feed: page.feed };
    }
    const begun = await position.transaction((transaction) => position.begin(transaction, place));
    if (!begun) throw new PositionMovedError();
    return place;
  }

  async #wait(again: Backoff, error: unknown): Promise<void> {
    const seconds = again.next(error instanceof ProblemError ? error.retryAfterSeconds : undefined);
    this.#log.warn(`${error instanceof Error ? error.message || error.name : String(error)}: trying again in ${seconds.toFixed(1)} s`);
    await this.#reader.sleep(seconds);
  }

  /** After 410. Throws FeedGoneError, PositionMovedError. */
  async #goOn(position: Position<T>, place: Place, error: GoneError): Promise<Place> {
    const { oldest, latest, feed } = error.fields;
    if (typeof oldest !== "number" || typeof latest !== "number" || typeof feed !== "string") throw error; // of something else at this address
    const gone: Gone = { place, oldest, latest, feed, restored: place.feed !== "" && place.feed !== feed, detail: error.detail };
    const { choice, after } = await transacted(position, async (transaction) => {
      if (!samePlace(await position.lock(transaction), place)) throw new PositionMovedError();
      const choose = this.#options.gone;
      const choice = typeof choose === "function" ? await choose(gone, transaction) : choose;
      if (choice !== "oldest" && choice !== "anew" && choice !== "latest") {
        throw new FeedGoneError(error.detail, oldest, latest, feed); // undoes what the app's function did
      }
      const after = { position: choice === "latest" ? latest : oldest, feed };
      await position.move(transaction, after);
      if (choice === "anew") await position.forget(transaction, "all");
      return { choice, after };
    });
    this.#log.warn(`the feed does not go on behind ${place.position}: ${error.detail}; going on ${choice}, at ${after.position}`);
    return after;
  }
}
