// Deliveries, verified and typed: Standard Webhooks, as Sellerbeat signs them (HMAC-SHA256 over id, time and body).

import { Webhook } from "standardwebhooks";

import { NotADeliveryError, SignatureError } from "./errors.js";
import type { ThinEvent } from "./events.js";
import type { AnyEvent } from "./handlers.js";
import { isObject } from "./wire.js";

const TOLERANCE_SECONDS = 300;
const LEAST_KEY_BYTES = 16;

/** Of a `Request`, of Node's `IncomingMessage`, or a plain object; names in any case. */
export type HeadersGiven = { get(name: string): string | null | undefined } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The bytes as they came, or their text as it came (`await request.text()`). */
export type Body = Uint8Array | ArrayBuffer | string;

export interface VerifyOptions {
  /** How old the message may be, and how far this machine's clock may be off; 300. */
  readonly toleranceSeconds?: number;
}

/** An event as it is delivered: whole, or `thin` where the endpoint asked for that. */
export type DeliveredEvent = AnyEvent | ThinEvent;

/**
 * The event of a delivery. `secrets`: of the endpoint, `whsec_...`; while it is rotated, both.
 *
 * Throws SignatureError: not signed by one of the secrets, or not now: answer 401. NotADeliveryError: rightly signed, and not JSON, or none
 * of Sellerbeat's. TypeError: a secret is none, or the body is not as it came.
 */
export function verify(headers: HeadersGiven, body: Body, secrets: string | readonly string[], options: VerifyOptions = {}): DeliveredEvent {
  const text = textOf(body);
  const webhooks = webhooksOf(secrets);
  const [id, sentAt, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => {
    const value = header(headers, name);
    if (!value) throw new SignatureError(`the header ${name} is missing: this was not sent by Sellerbeat, or a proxy drops it`);
    return value;
  }) as [string, string, string];
  if (!/^\d{1,14}$/.test(sentAt)) throw new SignatureError("webhook-timestamp is no time in seconds");
  // What is signed is the number that the library writes, so it has to be the text that came.
  if (text === undefined || String(Number(sentAt)) !== sentAt || !signedBy(webhooks, id, new Date(1000 * Number(sentAt)), text, signature)) {
    throw new SignatureError("no signature fits: another secret, or the body is not as it was sent");
  }
  const [off, borne] = [Date.now() / 1000 - Number(sentAt), options.toleranceSeconds ?? TOLERANCE_SECONDS];
  if (Math.abs(off) > borne) {
    throw new SignatureError(
      `rightly signed, but ${inWords(Math.abs(off))} ${off > 0 ? "old" : "in the future"}, and ${inWords(borne)} are borne:` +
        " this machine's clock is off, or somebody sends an old message again",
    );
  }
  return eventOf(text);
}

function eventOf(text: string): DeliveredEvent {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new NotADeliveryError("rightly signed, but the body is no JSON");
  }
  const data = isObject(message) ? message["data"] : undefined;
  if (!isObject(data) || typeof data["id"] !== "string" || typeof data["type"] !== "string") {
    throw new NotADeliveryError("rightly signed, but the body is no delivery of Sellerbeat's");
  }
  return data as unknown as DeliveredEvent;
}

/** undefined: no text at all, so nothing that Sellerbeat sends. Throws TypeError. */
function textOf(body: Body): string | undefined {
  if (typeof body === "string") return body;
  if (!(body instanceof Uint8Array) && !(body instanceof ArrayBuffer)) {
    throw new TypeError("body: as it came, before anything parses it: await request.text(), or express.raw({ type: '*/*' })");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Throws TypeError, which shows no secret: one is none, or there is none. */
export function checkSecrets(secrets: string | readonly string[]): void {
  webhooksOf(secrets);
}

function webhooksOf(secrets: string | readonly string[] | undefined): readonly Webhook[] {
  const given = typeof secrets === "string" ? [secrets] : (secrets ?? []);
  if (given.length === 0) throw new TypeError("no secret was given");
  return given.map(webhookOf);
}

function webhookOf(secret: string): Webhook {
  const key = typeof secret === "string" ? secret.trim().replace(/^whsec_/, "") : "";
  let webhook;
  try {
    webhook = new Webhook(key);
  } catch {
    throw new TypeError("an endpoint's secret begins with whsec_: `starter.py endpoint add` printed it");
  }
  const bytes = Math.floor((key.replace(/=+$/, "").length * 3) / 4); // base64
  if (bytes < LEAST_KEY_BYTES) throw new TypeError(`the secret's key has ${bytes} bytes, and ${LEAST_KEY_BYTES} are the least: is it cut off?`);
  return webhook;
}

function signedBy(webhooks: readonly Webhook[], id: string, at: Date, text: string, signatures: string): boolean {
  const expected = webhooks.map((one) => one.sign(id, at, text));
  let fits = false;
  for (const given of signatures.split(" ")) for (const one of expected) fits = same(given, one) || fits;
  return fits;
}

/** In a time that does not tell where they differ. */
function same(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  let differ = 0;
  for (let index = 0; index < expected.length; index += 1) differ |= given.charCodeAt(index) ^ expected.charCodeAt(index);
  return differ === 0;
}

function header(headers: HeadersGiven, name: string): string | undefined {
  if (isFetchHeaders(headers)) return headers.get(name) ?? undefined;
  const found = headers[name] ?? Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : found?.join(" ");
}

function isFetchHeaders(headers: HeadersGiven): headers is { get(name: string): string | null | undefined } {
  return typeof headers["get"] === "function";
}

function inWords(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}
