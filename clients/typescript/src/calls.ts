// How the methods of `api.ts` ask: repeats that are safe, refusals as errors, pages one after another.

import { ProblemError, UnreachableError } from "./errors.js";
import { newKey } from "./platform.js";
import type { FetchLike, Signal } from "./platform.js";
import { AGAIN, Backoff, Wire, isObject, sleep } from "./wire.js";

const LONGEST_WAIT_SECONDS = 60; // that the feed waits for a change, where it is asked to

export interface ApiOptions {
  /** How long one request may take, beyond what it asks the feed to wait; 30. */
  readonly timeoutSeconds?: number;
  /** How long to go on trying where Sellerbeat is away or says that it is too often; 10. */
  readonly patienceSeconds?: number;
  readonly fetch?: FetchLike;
}

export interface CallOptions {
  /** Of your own making, new for each new request; without one the package makes it. */
  readonly idempotencyKey?: string;
  readonly signal?: Signal;
}

interface Given {
  readonly query?: object;
  readonly body?: object;
  readonly options?: CallOptions | undefined;
}

export class Calls {
  readonly #wire: Wire;
  readonly #timeoutSeconds: number;
  readonly #patienceSeconds: number;

  /** Throws TypeError: this is no address or no token. */
  constructor(url: string, token: string, { timeoutSeconds = 30, patienceSeconds = 10, fetch }: ApiOptions = {}) {
    this.#wire = new Wire(url, token, fetch);
    this.#timeoutSeconds = timeoutSeconds;
    this.#patienceSeconds = patienceSeconds;
  }

  /** Throws ProblemError, UnreachableError. */
  protected async call<Answer>(method: string, path: string, { query, body, options }: Given): Promise<Answer> {
    const until = Date.now() + 1000 * this.#patienceSeconds;
    const backoff = new Backoff(0.05, 5);
    const given = {
      seconds: this.#timeoutSeconds + ((query as { wait?: unknown } | undefined)?.wait === undefined ? 0 : LONGEST_WAIT_SECONDS),
      signal: options?.signal,
      ...(body === undefined ? {} : { body }),
      ...(method === "GET" ? {} : { key: options?.idempotencyKey ?? newKey() }), // one key for all tries: whichever came through is the one
    };
    for (;;) {
      try {
        return (await this.#wire.json(method, path + textOf(query), given)) as Answer;
      } catch (error) {
        if (!isWorthAnotherTry(error)) throw error;
        const wait = backoff.next(error instanceof ProblemError ? error.retryAfterSeconds : undefined);
        if (Date.now() + 1000 * wait > until) throw error;
        await sleep(wait, options?.signal);
      }
    }
  }

  /** Rows of all pages. */
  protected async *pages<Row>(path: string, rows: string, cursor: string, { query, options }: Given): AsyncGenerator<Row> {
    let asked: object = query ?? {};
    for (;;) {
      const page = await this.call<unknown>("GET", path, { query: asked, options });
      if (!isObject(page) || !Array.isArray(page[rows])) throw new UnreachableError("the answer is no list: something between here and Sellerbeat answered");
      yield* page[rows] as Row[];
      if (page["next"] == null) return;
      asked = { ...asked, [cursor]: page["next"] };
    }
  }
}

/** A repeat does nothing twice, by the key. A 500 says no more the second time. */
function isWorthAnotherTry(error: unknown): error is ProblemError | UnreachableError {
  if (error instanceof UnreachableError) return true;
  return error instanceof ProblemError && ((AGAIN.has(error.status) && error.status !== 500) || error.code === "running");
}

/** An id, as a part of a path. Throws TypeError: what it would lead to is another route. */
export function segment(id: string | number): string {
  const text = String(id);
  if (["", ".", ".."].includes(text)) throw new TypeError(`${JSON.stringify(text)} is no id`);
  return encodeURIComponent(text);
}

function textOf(query: object = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, unknown][]) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) pairs.append(name, String(one));
  }
  const text = pairs.toString();
  return text && `?${text}`;
}
