// What is there in Node, Deno, Bun and browsers alike, without asking an app for the types of any of them.

/** The global AbortSignal, where the app's types have one. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Found } } ? Found : never;

/** The global Response, where the app's types have one. */
export type FetchResponse = typeof globalThis extends { Response: { prototype: infer Found } } ? Found : never;

/** A piece of a body, or its end. */
export interface Piece {
  readonly done?: boolean | undefined;
  readonly value?: unknown;
}

/** What is read of a Request. `body`: its stream, where there is one. */
export interface FetchRequest {
  readonly method: string;
  readonly headers: HeadersLike;
  readonly body?: { getReader(): { read(): Promise<Piece>; cancel(): Promise<void> } } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface HeadersLike {
  get(name: string): string | null;
}

/** What is asked, in the form that `fetch` takes. */
export interface Asked {
  method: string;
  headers: Record<string, string>;
  body?: string;
  redirect: "manual";
  signal: Signal;
}

export interface Answered {
  readonly status: number;
  readonly headers: HeadersLike;
  text(): Promise<string>;
}

/** `fetch`, or whatever stands in for it. */
export type FetchLike = (url: string, asked: Asked) => Promise<Answered>;

/** Where lines for people go; `console` is one. */
export interface Log {
  warn(text: string): void;
  error(text: string, error?: unknown): void;
}

/** Such as 5f0c...: of an Idempotency-Key, new for each request. */
export function newKey(): string {
  const { crypto } = globalThis as { crypto?: { randomUUID?: () => string } };
  if (crypto?.randomUUID) return crypto.randomUUID();
  return Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join(""); // Node 18 has none here
}
