// A page of the feed, handled: in one transaction if all goes well, else in as many as keep what is well from what is not.

import { HandlerFailedError, PositionMovedError, TransactionEndedError } from "./errors.js";
import type { FeedEvent } from "./events.js";
import type { Handlers } from "./handlers.js";
import type { FeedPage } from "./pages.js";
import type { Log } from "./platform.js";
import { samePlace, transacted } from "./position.js";
import type { FailedEvent, Place, Position } from "./position.js";
import { Backoff } from "./wire.js";

const LONGEST_ERROR = 500; // characters

/** What becomes of an event whose handler raised. */
export type After = "retry" | "set_aside" | "stop";

export type Decide = (failed: FailedEvent, error: unknown) => After | undefined | void;

/** `retrySeconds`: the first and the longest wait before the next try. */
export interface Policy {
  readonly tries: number;
  readonly then: "set_aside" | "stop";
  readonly retrySeconds: readonly [number, number];
  decide?: Decide;
}

/** What was tried: all committed; or an event failed, the one at `index` of the part, -1 where it may be any of them. */
type Outcome = { committed: true } | { committed: false; index: number; error: unknown };

/** What a run handles. `sleep`: waits so many seconds; false, and at once, where it is to end. */
export class Batches<T> {
  #failing = new Map<string, number>(); // how often a handler raised for it

  constructor(
    readonly position: Position<T>,
    readonly handlers: Handlers<T>,
    readonly policy: Policy,
    readonly sleep: (seconds: number) => Promise<boolean>,
    readonly log: Log,
  ) {}

  /** Where the app stands, and what failed before. */
  async looked(): Promise<Place | null> {
    const { place, failed } = await this.position.transaction(async (transaction) => ({
      failed: await this.position.failed(transaction),
      place: await this.position.read(transaction),
    }));
    this.#failing = new Map(failed.filter((one) => !one.setAside).map((one) => [one.id, one.times]));
    return place;
  }

  /**
   * Handles a page. Returns where the app stands then: before what failed, where it was stopped while it waited for the next try.
   *
   * Throws HandlerFailedError, PositionMovedError; what the app's database throws.
   */
  async take(place: Place, page: FeedPage, stopped: () => boolean): Promise<Place> {
    const end: Place = { position: page.next, feed: page.feed };
    const again = new Backoff(...this.policy.retrySeconds);
    let rest = page.changes.filter((event) => this.handlers.handlersOf(event.type).length > 0);
    let size = rest.length;
    while (rest.length > 0 || !samePlace(place, end)) {
      const part = rest.slice(0, size);
      const last = part.at(-1);
      const upto = part.length === rest.length || !last ? end : { position: last.position, feed: page.feed };
      const outcome = await this.#commit(place, upto, part);
      if (outcome.committed) {
        place = upto;
        rest = rest.slice(part.length);
        size = rest.length;
        again.over();
      } else if (outcome.index !== 0) {
        size = outcome.index > 0 ? outcome.index : Math.floor(part.length / 2); // what comes before it goes first; else one half
      } else {
        const before = rest.length;
        ({ rest, place } = await this.#failed(place, rest, page.feed, outcome.error, again));
        size = rest.length < before ? rest.length : 1;
        if (stopped()) return place;
      }
    }
    return place;
  }

  /** Events, what the app makes of them and the position that says so: one transaction. Throws what is no event's fault. */
  async #commit(before: Place, after: Place, part: readonly FeedEvent[]): Promise<Outcome> {
    const { position } = this;
    const ids = [...new Set(part.map((event) => event.id))];
    const over = ids.filter((id) => this.#failing.has(id));
    let inHand = -1;
    let handled = false;
    try {
      await transacted(position, async (transaction) => {
        [inHand, handled] = [-1, false]; // some libraries repeat this function
        if (!samePlace(await position.lock(transaction), before)) throw new PositionMovedError();
        const known = await position.known(transaction, ids);
        const fresh: FeedEvent[] = [];
        const begun = { position: part[0]?.position ?? 0, feed: after.feed };
        // Stands there, once the handlers are done, if no one of them undid the transaction. A commit of theirs commits no more than the first.
        if (part.some(({ id }) => !known.has(id))) await position.move(transaction, begun);
        for (const [index, event] of part.entries()) {
          if (known.has(event.id)) continue;
          known.add(event.id);
          fresh.push(event);
          inHand = index;
          await this.handlers.handle(event, transaction);
          if (position.ended?.(transaction)) throw new TransactionEndedError(handlerOf(event), samePlace(await position.read(transaction), begun));
        }
        [inHand, handled] = [-1, true];
        const [first] = fresh;
        if (first && !samePlace(await position.read(transaction), begun)) {
          throw new TransactionEndedError(fresh.length === 1 ? handlerOf(first) : `the handler of one of ${fresh.length} events`, false);
        }
        await position.remember(transaction, fresh.map(({ id }) => id));
        await position.noteHandled(transaction, over);
        await position.move(transaction, after);
      });
    } catch (error) {
      if (error instanceof TransactionEndedError && error.committed) throw error;
      if (inHand >= 0) return { committed: false, index: inHand, error };
      if (handled && part.length > 0) return { committed: false, index: part.length === 1 ? 0 : -1, error }; // a constraint, looked at with the commit
      throw error;
    }
    for (const id of over) this.#failing.delete(id);
    return { committed: true };
  }

  /** The first of `rest` failed by itself. Returns what is left, and where the app stands. */
  async #failed(
    place: Place,
    rest: readonly FeedEvent[],
    feed: string,
    error: unknown,
    again: Backoff,
  ): Promise<{ rest: FeedEvent[]; place: Place }> {
    const { policy, position } = this;
    const [event, ...left] = rest as [FeedEvent, ...FeedEvent[]];
    const times = (this.#failing.get(event.id) ?? 0) + 1;
    const failed = { id: event.id, type: event.type, position: event.position, times, error: said(error), event, setAside: false };
    const after = policy.decide?.(failed, error) ?? (times >= policy.tries ? policy.then : "retry");
    const setAside = after === "set_aside";
    this.log.error(`a handler raised for ${event.type} ${event.id}, ${times} times now: ${after}`, error);
    const on = { position: event.position, feed };
    await transacted(position, async (transaction) => {
      if (!samePlace(await position.lock(transaction), place)) throw new PositionMovedError();
      if (setAside) await position.move(transaction, on);
      await position.noteFailed(transaction, { ...failed, setAside });
    });
    if (setAside) {
      this.#failing.delete(event.id);
      return { rest: left, place: on };
    }
    this.#failing.set(event.id, times);
    if (after === "stop") throw new HandlerFailedError(event.id, event.type, event.position, times, error);
    await this.sleep(again.next());
    return { rest: [event, ...left], place };
  }
}

export function handlerOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `the handler of ${type} ${id}`;
}

function said(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll("\0", "?").slice(0, LONGEST_ERROR);
}
