// What all requests have: the address, the token, how an answer becomes an error, and how long to wait before the next try.

import { BY_STATUS, ProblemError, UnreachableError } from "./errors.js";
import type { Answered, FetchLike, HeadersLike, Signal } from "./platform.js";

export const VERSION = "0.1.0";
export const AGAIN: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]); // worth another try
const LONGEST_DETAIL = 300;
const LONGEST_TIMER_SECONDS = 2_000_000; // a longer one ends at once

/** Where web.py listens, and who asks. */
export class Wire {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: FetchLike;

  /** Throws TypeError: this is no address or no token. */
  constructor(url: string, token: string, fetch?: FetchLike) {
    if (!/^https?:\/\/[^\s/]/.test(url)) {
      throw new TypeError("url: where web.py listens, such as https://sellerbeat.example or http://localhost:8080");
    }
    if (!/^[\x20-\x7e]+$/.test(token) || token !== token.trim()) {
      throw new TypeError("token: as `starter.py token create` printed it, without spaces and line ends");
    }
    this.#url = url.replace(/\/+$/, "");
    this.#headers = { authorization: `Bearer ${token}`, "user-agent": `sellerbeat-typescript/${VERSION}` };
    this.#fetch = fetch ?? ((where, asked) => globalThis.fetch(where, asked));
  }

  /**
   * The JSON of an answer; undefined where there is none.
   *
   * Throws ProblemError: refused; UnreachableError: no answer, or none of Sellerbeat's; what aborted `signal`, if that was it.
   */
  async json(method: string, path: string, given: { seconds: number; signal?: Signal | undefined; body?: unknown; key?: string }): Promise<unknown> {
    const { answer, text } = await this.#answer(method, path, given);
    if (answer.status < 200 || answer.status >= 300) throw problem(answer.status, answer.headers, text);
    if (text === "") return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new UnreachableError("the answer is no JSON: something between here and Sellerbeat answered");
    }
  }

  async #answer(
    method: string,
    path: string,
    { seconds, signal, body, key }: { seconds: number; signal?: Signal | undefined; body?: unknown; key?: string },
  ): Promise<{ answer: Answered; text: string }> {
    signal?.throwIfAborted();
    const ends = new AbortController();
    const abort = (): void => ends.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    const timer = setTimeout(() => ends.abort(new Error("time-out")), timerMilliseconds(seconds));
    const headers = { ...this.#headers, ...(body === undefined ? {} : { "content-type": "application/json" }), ...(key ? { "idempotency-key": key } : {}) };
    try {
      const answer = await this.#fetch(`${this.#url}${path}`, {
        method,
        headers,
        redirect: "manual", // the token goes to nobody else
        signal: ends.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { answer, text: await answer.text() };
    } catch (error) {
      signal?.throwIfAborted();
      throw new UnreachableError(`no answer from ${new URL(this.#url).host}: ${ends.signal.aborted ? "time-out" : reason(error)}`);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

/** Of an error of `fetch`'s: ECONNREFUSED says more than "fetch failed". */
function reason(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } } | undefined)?.cause;
  return String(cause?.code ?? (error as Error | undefined)?.name ?? "Error");
}

/** The refusal that an answer is. */
export function problem(status: number, headers: HeadersLike, text: string): ProblemError {
  let said: Record<string, unknown> = {};
  try {
    const found: unknown = JSON.parse(text);
    if (isObject(found)) said = found;
  } catch {
    // a proxy's page
  }
  const { type: _type, title: _title, status: _status, detail, code, ...fields } = said;
  const words = String(detail ?? "the answer is none of Sellerbeat's: is something else at this address?").slice(0, LONGEST_DETAIL);
  const Kind = BY_STATUS[status] ?? ProblemError;
  return new Kind(status, String(code ?? "error"), words, fields, retryAfterSeconds(headers.get("retry-after")));
}

/** Of the header `Retry-After`: seconds, or a date. */
export function retryAfterSeconds(text: string | null): number | undefined {
  if (!text?.trim()) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

export function isObject(found: unknown): found is Record<string, unknown> {
  return typeof found === "object" && found !== null && !Array.isArray(found);
}

/** Ever longer waits, each less a random part so that many who were cut off together do not come back together. */
export class Backoff {
  #tries = 0;

  constructor(
    readonly firstSeconds: number,
    readonly longestSeconds: number,
  ) {}

  /** Seconds to wait now; not less than the answer asks for. */
  next(atLeastSeconds = 0): number {
    const wait = Math.min(this.longestSeconds, this.firstSeconds * 2 ** Math.min(this.#tries, 20));
    this.#tries += 1;
    return Math.max(atLeastSeconds, wait * (0.5 + Math.random() / 2));
  }

  /** It went well: begin with the shortest the next time. */
  over(): void {
    this.#tries = 0;
  }
}

function timerMilliseconds(seconds: number): number {
  return 1000 * Math.min(seconds, LONGEST_TIMER_SECONDS);
}

/** Waits so long. False, and at once: `signal` was aborted. */
export async function sleep(seconds: number, signal?: Signal): Promise<boolean> {
  if (signal?.aborted) return false;
  return await new Promise((end) => {
    const over = (whole: boolean) => (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", early);
      end(whole);
    };
    const early = over(false);
    const timer = setTimeout(over(true), timerMilliseconds(seconds));
    signal?.addEventListener("abort", early);
  });
}
