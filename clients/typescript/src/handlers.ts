// Which function of the app's takes which events.

import { EVENT_TYPES } from "./events.js";
import type { EventOf, EventType, FeedEvent, KnownEvent } from "./events.js";

type FamilyOf<Type extends string> = Type extends `${infer Family}.${string}` ? Family : never;
type Family = FamilyOf<EventType>;

/** An event of a type that this version of the package does not know. */
export type UnknownEvent = FeedEvent;

/** Any event. `isKnown(event)` first, then `event.type` tells which. */
export type AnyEvent = KnownEvent | UnknownEvent;

/** `order.created`, or a family such as `order.*`, or `*` for all; also a type that this version does not know. */
export type Pattern = EventType | `${Family}.*` | "*" | (string & {});

/** What a handler of a pattern gets. */
export type EventFor<P extends string> = P extends EventType
  ? EventOf[P]
  : P extends `${infer Name}.*`
    ? Name extends Family
      ? EventOf[Extract<EventType, `${Name}.${string}`>]
      : UnknownEvent
    : AnyEvent;

/** Writes in the transaction, and awaits what it writes. */
export type Handler<Event, T> = (event: Event, transaction: T) => unknown;

const FAMILIES: ReadonlySet<string> = new Set(EVENT_TYPES.map((type) => `${familyOf(type)}.*`));
const KNOWN: ReadonlySet<string> = new Set([...EVENT_TYPES, ...FAMILIES]);
const MOST_ASKED = 20; // patterns that the feed takes in one request
const PATTERN = /^(\*|\w+\.\*|\w+(\.\w+)+)$/; // no other one ever fits a type

/** Functions by the pattern of types that they take. */
export class Handlers<T> {
  readonly #handlers: { patterns: ReadonlySet<string>; handler: Handler<never, T> }[] = [];
  readonly #found = new Map<string, readonly Handler<never, T>[]>();

  /**
   * `feed.on("order.created", handler)`, or several types in an array, or `order.*`, or `*`. Those of an event run in the order in which
   * they were named, each awaited. Throws TypeError: no type ever fits that, such as `order` or `*.created`, or there is no function.
   */
  on<const P extends Pattern>(patterns: P | readonly P[], handler: Handler<EventFor<P>, T>): this {
    const named: readonly string[] = typeof patterns === "string" ? [patterns] : patterns;
    const wrong = named.length === 0 ? "" : named.find((one) => !PATTERN.test(one));
    if (wrong !== undefined) throw new TypeError(`${JSON.stringify(wrong)} fits no event: a type such as order.created, a family such as order.*, or * for all`);
    if (typeof handler !== "function") throw new TypeError("a handler is a function: feed.on(type, async (event, transaction) => { ... })");
    this.#handlers.push({ patterns: new Set(named), handler });
    this.#found.clear();
    return this;
  }

  /** Those that take events of this type, in the order in which they were named. */
  handlersOf(type: string): readonly Handler<never, T>[] {
    let found = this.#found.get(type);
    if (!found) {
      const fits = [type, `${familyOf(type)}.*`, "*"];
      found = this.#handlers.filter(({ patterns }) => fits.some((one) => patterns.has(one))).map(({ handler }) => handler);
      this.#found.set(type, found);
    }
    return found;
  }

  /** What the feed is asked for; []: everything, as some pattern may be of a type that this version does not know. */
  askedTypes(): string[] {
    const named = [...new Set(this.#handlers.flatMap(({ patterns }) => [...patterns]))].sort();
    return named.length <= MOST_ASKED && named.every((one) => KNOWN.has(one)) ? named : [];
  }

  /** Gives an event to its handlers. Throws what they throw. */
  async handle(event: AnyEvent, transaction: T): Promise<void> {
    for (const handler of this.handlersOf(event.type)) await handler(event as never, transaction);
  }
}

function familyOf(type: string): string {
  return type.split(".", 1)[0] ?? "";
}
