// Pages of the feed. The next one is asked for while this one is handled; `wake` ends any wait.

import { UnreachableError } from "./errors.js";
import type { FeedEvent } from "./events.js";
import type { FetchLike } from "./platform.js";
import type { Place } from "./position.js";
import { Wire, isObject, sleep } from "./wire.js";

const BEYOND_WAIT_SECONDS = 30; // for the answer itself, once the wait is over

/** Some changes, as they came. Who has handled them stands at `next`. */
export interface FeedPage {
  readonly changes: readonly FeedEvent[];
  readonly next: number;
  readonly feed: string;
}

/** What follows a place. `place` null: nothing, but where the feed ends now. */
export interface Question {
  readonly place: Place | null;
  readonly waitSeconds: number;
  readonly limit: number;
  readonly sellers: readonly string[];
  readonly types: readonly string[];
}

type Came = { page: FeedPage } | { error: unknown };

export class FeedReader {
  readonly #wire: Wire;
  #life = new AbortController();
  #asked: { path: string; came: Promise<Came> } | undefined;

  /** Throws TypeError: this is no address or no token. */
  constructor(url: string, token: string, fetch?: FetchLike) {
    this.#wire = new Wire(url, token, fetch);
  }

  /** Begins to ask. */
  ask(question: Question): Promise<Came> {
    const path = pathOf(question);
    if (this.#asked?.path !== path) {
      const came = this.#page(path, question.waitSeconds).then(
        (page) => ({ page }),
        (error: unknown) => ({ error }),
      );
      this.#asked = { path, came };
    }
    return this.#asked.came;
  }

  /** The answer, once it is there. null: `wake` was called. Throws ProblemError, UnreachableError. */
  async answer(question: Question): Promise<FeedPage | null> {
    const came = await this.ask(question);
    this.#asked = undefined;
    if ("page" in came) return came.page;
    if (this.#life.signal.aborted) return null;
    throw came.error;
  }

  /** Whether nobody called `wake` meanwhile. */
  async sleep(seconds: number): Promise<boolean> {
    return await sleep(seconds, this.#life.signal);
  }

  /** Whoever waits here gets null, or false. */
  wake(): void {
    this.#life.abort();
  }

  /** Ends what was asked; another run may begin. */
  close(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#asked = undefined;
  }

  /** What a thin event left out. Throws ProblemError, UnreachableError; RangeError: the feed does not have it. */
  async whole(event: Readonly<Record<string, unknown>>): Promise<FeedEvent> {
    const path = String(event["feed"]);
    if (!path.startsWith("/v1/changes?")) throw new RangeError("a thin event does not say where the whole one is");
    const page = pageOf(await this.#wire.json("GET", path, { seconds: BEYOND_WAIT_SECONDS }));
    const found = page.changes.find((one) => one.id === event["id"]);
    if (!found) throw new RangeError("the feed does not have this event any more");
    return found;
  }

  async #page(path: string, waitSeconds: number): Promise<FeedPage> {
    return pageOf(await this.#wire.json("GET", path, { seconds: waitSeconds + BEYOND_WAIT_SECONDS, signal: this.#life.signal }));
  }
}

function pathOf({ place, waitSeconds, limit, sellers, types }: Question): string {
  const query = new URLSearchParams({ after: place ? String(place.position) : "latest", limit: String(limit), wait: `${waitSeconds}s` });
  if (place?.feed) query.set("feed", place.feed);
  for (const one of sellers) query.append("seller", one);
  for (const one of types) query.append("type", one);
  return `/v1/changes?${query.toString()}`;
}

/** Throws UnreachableError: it is none. */
function pageOf(found: unknown): FeedPage {
  if (isObject(found)) {
    const { changes, next, feed } = found;
    const whole = Array.isArray(changes) && changes.every((one) => isObject(one) && typeof one["id"] === "string");
    if (whole && Number.isSafeInteger(next) && typeof feed === "string") return found as unknown as FeedPage;
  }
  throw new UnreachableError("the answer is no page of the feed: something between here and Sellerbeat answered");
}
