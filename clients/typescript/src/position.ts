// Where the app stands in the feed: in its own database, moved in the transaction that keeps what the app made of the events.

import type { FeedEvent } from "./events.js";
import { newKey } from "./platform.js";

/** All up to `position` is handled. `feed`: the feed's generation, another one after a restore; "" before it was told. */
export interface Place {
  readonly position: number;
  readonly feed: string;
}

export function samePlace(one: Place | null, other: Place | null): boolean {
  return one === other || (one?.position === other?.position && one?.feed === other?.feed);
}

/** Does `work` in a transaction. Throws what `work` threw, even where the driver wraps that, or fails to undo what was begun. */
export async function transacted<T, R>(position: Position<T>, work: (transaction: T) => Promise<R>): Promise<R> {
  let thrown = undefined as { error: unknown } | undefined;
  try {
    return await position.transaction(async (transaction) => {
      thrown = undefined; // some libraries repeat this function
      return await work(transaction).catch((error: unknown) => {
        thrown = { error };
        throw error;
      });
    });
  } catch (error) {
    throw thrown ? thrown.error : error;
  }
}

/** An event whose handler raised. `setAside`: the app went on without it, and may try it again by `Feed.retry`. */
export interface FailedEvent {
  readonly id: string;
  readonly type: string;
  readonly position: number | null;
  readonly times: number;
  readonly error: string;
  readonly event: FeedEvent;
  readonly setAside: boolean;
}

/**
 * What a feed needs of the place where the app keeps its position: `pgPosition` for node-postgres, `SqlPosition` for every other driver.
 * `T`: the app's transaction, which handlers get beside the event. Every function but `transaction` works within one.
 */
export interface Position<T> {
  /** Begins a transaction, commits it when `work` is done, undoes it if `work` throws. May run `work` again where the commit failed. */
  transaction<R>(work: (transaction: T) => Promise<R>): Promise<R>;

  /** Whether a handler committed it or rolled it back, where the driver knows that without asking the database. */
  ended?(transaction: T): boolean;

  /** Where the app stands; null: it has not begun. */
  read(transaction: T): Promise<Place | null>;

  /** Writes the first place. False: another consumer did it before. */
  begin(transaction: T, place: Place): Promise<boolean>;

  /** Keeps every other consumer from this position until the transaction ends, and says where it stands. */
  lock(transaction: T): Promise<Place | null>;

  /** Goes on. The transaction has locked the position. */
  move(transaction: T, place: Place): Promise<void>;

  /** Whether ids of handled events are kept. */
  readonly remembers: boolean;

  /** Of these, those that were handled before. */
  known(transaction: T, ids: readonly string[]): Promise<Set<string>>;

  /** These are handled, if the transaction commits. May throw where another one handles one of them just now. */
  remember(transaction: T, ids: readonly string[]): Promise<void>;

  /** Forgets ids that are too old to come again, or all of them. */
  forget(transaction: T, which: "old" | "all"): Promise<void>;

  /** Events whose handlers raised, and that were not handled since. */
  failed(transaction: T): Promise<FailedEvent[]>;

  /** Writes it down, in place of what was noted of this event before. */
  noteFailed(transaction: T, failed: FailedEvent): Promise<void>;

  /** What was noted of these is over. */
  noteHandled(transaction: T, ids: readonly string[]): Promise<void>;
}

/** Throws TypeError: what such a transaction writes stays, though it fails. Nothing but an event could show that later. */
export async function checkUndoing<T>(position: Position<T>): Promise<void> {
  const probe: FailedEvent = { id: `probe-${newKey()}`, type: "probe", position: null, times: 0, error: "", event: {} as FeedEvent, setAside: false };
  let written = false;
  await position
    .transaction(async (transaction) => {
      await position.noteFailed(transaction, probe);
      written = true;
      throw new Error("to be undone");
    })
    .catch((error: unknown) => {
      if (!written) throw error;
    });
  await position.transaction(async (transaction) => {
    if (!(await position.failed(transaction)).some(({ id }) => id === probe.id)) return;
    await position.noteHandled(transaction, [probe.id]);
    throw new TypeError("the app's transactions undo nothing: each statement is committed at once, or runs on another connection of a pool");
  });
}
