// Deliveries, taken: for what speaks Fetch (Hono, Next, Deno, Bun, workers) and for Node's own server (and so Express).

import { NotADeliveryError, SignatureError } from "./errors.js";
import type { FetchRequest, FetchResponse, Log, Piece } from "./platform.js";
import { checkSecrets, verify } from "./webhooks.js";
import type { Body, DeliveredEvent, HeadersGiven, VerifyOptions } from "./webhooks.js";

const MOST_BYTES = 16 * 1024 * 1024;
const TOO_LONG = "longer than any delivery";

/** Such as `feed.receiver(position)`. What it throws is a 500, and the event comes again. */
export type Take = (event: DeliveredEvent) => unknown;

export interface ReceiveOptions extends VerifyOptions {
  readonly log?: Log;
}

interface Reply {
  readonly status: number;
  readonly text?: string;
}

/**
 * `export const POST = fetchHandler(take, secret)`: 204 once `take` is done, 401 for what is not signed, 405 for what is no POST, 413 for more
 * than 16 MiB.
 *
 * Throws TypeError: a secret is none.
 */
export function fetchHandler(take: Take, secrets: string | readonly string[], options?: ReceiveOptions): (request: FetchRequest) => Promise<FetchResponse> {
  checkSecrets(secrets); // says at the start what is wrong with them
  return async (request) => {
    const { status, text } = await taken(take, secrets, options, request.method, request.headers, () => fetchedBody(request));
    const Made = (globalThis as unknown as { Response: new (body: string | null, init: object) => FetchResponse }).Response;
    return new Made(text ?? null, { status, headers: text ? { "content-type": "text/plain; charset=utf-8" } : {} });
  };
}

/** What is used of Node's `IncomingMessage`. `body`, `rawBody`: what something before this made of it. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly readableEnded?: boolean;
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(text?: string): unknown;
}

/** `app.post("/sellerbeat", nodeHandler(take, secret))`, before any `express.json()`; or for `http.createServer`. Answers as `fetchHandler`. */
export function nodeHandler(take: Take, secrets: string | readonly string[], options?: ReceiveOptions): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  checkSecrets(secrets);
  return async (request, response) => {
    const { status, text } = await taken(take, secrets, options, request.method, request.headers, () => rawBody(request));
    response.writeHead(status, text ? { "content-type": "text/plain; charset=utf-8" } : {});
    response.end(text);
  };
}

async function taken(
  take: Take,
  secrets: string | readonly string[],
  options: ReceiveOptions = {},
  method: string | undefined,
  headers: HeadersGiven,
  read: () => Promise<Body>,
): Promise<Reply> {
  if (method !== "POST") return { status: 405, text: "Sellerbeat delivers by POST\n" };
  const log = options.log ?? console;
  let event;
  try {
    event = verify(headers, await read(), secrets, options);
  } catch (error) {
    if (error instanceof SignatureError) return { status: 401, text: `${error.message}\n` };
    if (error instanceof NotADeliveryError) return { status: 400, text: `${error.message}\n` };
    if (error instanceof RangeError) return { status: 413, text: `${error.message}\n` };
    log.error("a delivery could not be read", error);
    return { status: 500, text: "the receiver is not set up rightly; its log says why\n" };
  }
  try {
    await take(event);
  } catch (error) {
    log.error(`${event.type} ${event.id} was not handled: it comes again`, error);
    return { status: 500, text: "not handled\n" };
  }
  return { status: 204 };
}

/** Throws RangeError: too long; TypeError: it was read, and parsed, before. */
async function rawBody(request: NodeRequest): Promise<Body> {
  for (const found of [request.rawBody, request.body]) if (found instanceof Uint8Array || typeof found === "string") return found;
  if (request.readableEnded) throw new TypeError("the body was parsed before: put this route before express.json(), or under express.raw({ type: '*/*' })");
  const pieces = request[Symbol.asyncIterator]();
  return await whole(() => pieces.next());
}

/** Throws RangeError: too long. */
async function fetchedBody(request: FetchRequest): Promise<Body> {
  const reader = request.body?.getReader();
  if (reader) {
    return await whole(() => reader.read()).catch(async (error: unknown) => {
      await reader.cancel().catch(() => undefined);
      throw error;
    });
  }
  const found = await request.arrayBuffer();
  if (found.byteLength > MOST_BYTES) throw new RangeError(TOO_LONG);
  return found;
}

async function whole(next: () => Promise<Piece>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await next();
    if (done) break;
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : (value as Uint8Array);
    length += bytes.length;
    if (length > MOST_BYTES) throw new RangeError(TOO_LONG);
    pieces.push(bytes);
  }
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
