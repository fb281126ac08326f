// The API by methods, against a real site: all routes of its description, pages one after another, refusals as errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ForbiddenError, InvalidError, NotFoundError, ProblemError, Sellerbeat, TokenRefusedError } from "@sellerbeat/client";
import type { FetchLike } from "@sellerbeat/client";

import { Site, ask } from "./site.js";

test("every route has a method that asks it", async () => {
  const site = await Site.open();
  const description = (await (await fetch(`${site.url}/v1/openapi.json`, { headers: { authorization: `Bearer ${site.token}` } })).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const routes = Object.entries(description.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  const asked: string[] = [];
  const away: FetchLike = async (url, { method, headers }) => {
    const path = new URL(url).pathname;
    const fits = routes.filter((route) => new RegExp(`^${route.replace(/\{\w+\}/g, "[^/]+")}$`).test(`${method} ${path}`));
    asked.push(fits.find((route) => route === `${method} ${path}`) ?? fits[0] ?? `${method} ${path}`);
    assert.equal("idempotency-key" in headers, method !== "GET");
    return new Response("{}", { status: 403 });
  };
  const beat = new Sellerbeat("http://a", "t", { fetch: away });
  const methods = Object.getOwnPropertyNames(Sellerbeat.prototype).filter((name) => name !== "constructor");
  for (const name of methods) {
    const method = (beat as unknown as Record<string, (...given: unknown[]) => unknown>)[name];
    const result = method?.call(beat, "s/1", name === "snapshot" ? "orders" : {});
    const answer = Symbol.asyncIterator in Object(result) ? (result as AsyncGenerator).next() : (result as Promise<unknown>);
    await assert.rejects(answer, ProblemError);
  }
  assert.ok(routes.length > 40);
  assert.deepEqual(asked.sort(), routes.sort());
});

test("sellers, endpoints and tokens are steered and read", async () => {
  const site = await Site.open();
  await ask("enroll", { sellers: ["bert", "carla", "dora"] });
  await site.sell(1, 2, 3);
  const beat = new Sellerbeat(site.url, site.token);

  const sellers: string[] = [];
  for await (const one of beat.sellers({ limit: 2 })) sellers.push(one.seller_id);
  assert.deepEqual(sellers, ["anna", "bert", "carla", "dora"]);
  assert.equal((await beat.seller("anna")).streams["orders"]?.failures, 0);
  const orders: unknown[] = [];
  for await (const one of beat.snapshot("anna", "orders", { limit: 1 })) orders.push(one.data?.["orderId"]);
  assert.deepEqual(orders, ["o-1", "o-2", "o-3"]);
  assert.equal((await beat.changes({ type: ["order.created"] })).changes.length, 3);

  const made = await beat.addEndpoint({ url: "https://192.0.43.8/hooks", types: ["order.*"] });
  assert.match(made.secret, /^whsec_/);
  assert.ok((await beat.changeEndpoint(made.id, { thin: true })).thin);
  assert.deepEqual((await beat.endpoints()).endpoints.map(({ id }) => id), [made.id]);
  assert.equal(await beat.removeEndpoint(made.id), undefined);
  const acts = new Set<string>();
  for await (const act of beat.audit({ limit: 1 })) acts.add(act.action);
  assert.ok(acts.has("endpoint.add") && acts.has("endpoint.remove"));
  assert.ok((await beat.eventTypes()).events.length > 20);
  assert.ok((await beat.eventSchema("order.created"))["$id"]);
});

test("refusals are errors with their code", async () => {
  const site = await Site.open();
  const beat = new Sellerbeat(site.url, site.token);
  const { token } = await beat.createToken({ name: "reader", scope: "read" });
  const [reader, nobody] = [new Sellerbeat(site.url, token), new Sellerbeat(site.url, "sb_none")];
  for (const [kind, code, act] of [
    [NotFoundError, "unknown_seller", () => beat.seller("nobody")],
    [InvalidError, "invalid", () => beat.speedUp("anna", { every: "now", for: "1h" })],
    [ForbiddenError, "scope_lacking", () => reader.pause("anna")],
    [TokenRefusedError, "unauthorized", () => nobody.seller("anna")],
  ] as const) {
    const error: unknown = await act().catch((raised: unknown) => raised);
    assert.ok(error instanceof kind);
    assert.equal(error.code, code);
    assert.ok(error.detail && !error.message.includes("\n"));
  }
});
