// Deliveries, verified as the product makes and signs them; by hand, for what speaks Fetch, and in Node's server.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { Feed, NotADeliveryError, SignatureError, fetchHandler, isKnown, isThin, nodeHandler, verify } from "@sellerbeat/client";
import type { DeliveredEvent, FeedEvent } from "@sellerbeat/client";

import { Lines, Site, ask, inPostgres, inSqlite } from "./site.js";
import type { Client, Sqlite } from "./site.js";

const [SECRET, OTHER] = [`whsec_${"a2V5".repeat(8)}`, `whsec_${"b3RoZXIt".repeat(4)}`];

interface Signed {
  headers: Record<string, string>;
  body: string;
}

async function signed(given: object = {}): Promise<Signed> {
  return await ask<Signed>("sign", { type: "order.refunded", secrets: [SECRET], ...given });
}

test("a delivery is a typed event under any secret that is still good, whatever form its headers have", async () => {
  for (const [signs, knows] of [
    [[SECRET], SECRET],
    [[OTHER, SECRET], [SECRET]],
    [[SECRET], [OTHER, SECRET]],
  ] as const) {
    const { headers, body } = await signed({ secrets: signs, seller_id: "sör \u{1f600}" });
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    for (const given of [headers, upper, new Headers(headers)]) {
      for (const as of [body, Buffer.from(body), new TextEncoder().encode(body), await new Blob([body]).arrayBuffer()]) {
        const event = verify(given, as, knows);
        assert.ok(!isThin(event) && isKnown(event) && event.type === "order.refunded");
        assert.equal(typeof event.data.orderId, "string");
        assert.equal(event.seller_id, "sör \u{1f600}");
      }
    }
  }
});

test("a clock that is off by minutes is said so", async () => {
  for (const [late, says] of [
    [420, /7 min old, and 5 min are borne: this machine's clock/],
    [-720, /12 min in the future, and 5 min/],
  ] as const) {
    const { headers, body } = await signed({ late_s: late });
    assert.throws(() => verify(headers, body, SECRET), (error) => error instanceof SignatureError && says.test(error.message));
    verify(headers, body, SECRET, { toleranceSeconds: 800 });
    const near = await signed({ late_s: late / 4 });
    verify(near.headers, near.body, SECRET);
  }
});

test("nothing that was changed is let in", async () => {
  const { headers, body } = await signed();
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => verify(headers, changed, SECRET), SignatureError);
  }
  const at = headers["webhook-timestamp"] ?? "";
  for (const changed of [
    { "webhook-id": "another" },
    ...["", "now", `0${at}`, `${at}.0`, ` ${at}`, `${Number(at) + 1}`, "9".repeat(15)].map((time) => ({ "webhook-timestamp": time })),
    ...["", "v1,", "v1", "v2,x", (headers["webhook-signature"] ?? "").replace("v1", "v1a")].map((sign) => ({ "webhook-signature": sign })),
  ]) {
    assert.throws(() => verify({ ...headers, ...changed }, body, SECRET), SignatureError);
  }
  assert.throws(() => verify(headers, body, OTHER), SignatureError);
  assert.throws(() => verify(headers, `\ufeff${body}`, SECRET), SignatureError);
  assert.throws(() => verify(headers, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]), SECRET), SignatureError);
  assert.throws(() => verify(headers, Buffer.concat([bytes, Buffer.from([0xff])]), SECRET), SignatureError);
  assert.throws(() => verify({}, body, SECRET), /webhook-id is missing/);
});

test("what is no secret, or no body as it came, is said and not shown", async () => {
  const { headers, body } = await signed();
  for (const secret of ["", "whsec_", "whsec_!!!!!!!!!!!!!!!!!!!!!!!!", "secret", [], undefined as never]) {
    assert.throws(() => verify(headers, body, secret), (error) => error instanceof TypeError && /secret/.test(error.message) && !error.message.includes("!!"));
  }
  for (const [bytes, is] of [[12, /has 12 bytes/], [15, /has 15 bytes/], [16, undefined]] as const) {
    const check = (): unknown => fetchHandler(() => undefined, `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`);
    if (is) assert.throws(check, (error) => error instanceof TypeError && is.test(error.message) && !/\n|Bwc/.test(error.message));
    else check();
  }
  for (const make of [fetchHandler, nodeHandler]) assert.throws(() => make(() => undefined, undefined as never), /no secret was given/);
  assert.throws(() => verify(headers, JSON.parse(body) as never, SECRET), /before anything parses it/);
});

test("what is rightly signed and no delivery is said so", async () => {
  for (const text of ["", "not JSON", "[]", "{}", '{"data": {"id": 1}}']) {
    const { headers, body } = await ask<Signed>("sign_text", { body: text, secrets: [SECRET] });
    assert.throws(() => verify(headers, body, SECRET), NotADeliveryError);
  }
});

type Send = (given: Signed, method?: string) => Promise<{ status: number }>;

async function inNode(take: (event: DeliveredEvent) => unknown, use: (send: Send) => Promise<void>, before?: (request: object) => void): Promise<void> {
  const handle = nodeHandler(take, [OTHER, SECRET], { log: new Lines() });
  const server = createServer((request, response) => {
    before?.(request);
    void handle(request, response);
  }).listen(0, "127.0.0.1");
  await new Promise((there) => server.once("listening", there));
  const { port } = server.address() as AddressInfo;
  await use(async ({ headers, body }, method = "POST") => await fetch(`http://127.0.0.1:${port}/`, { method, headers, ...(method === "POST" ? { body } : {}) }));
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
}

async function inFetch(take: (event: DeliveredEvent) => unknown, use: (send: Send) => Promise<void>): Promise<void> {
  const handle: (request: Request) => Promise<Response> = fetchHandler(take, SECRET, { log: new Lines() });
  await use(async ({ headers, body }, method = "POST") => await handle(new Request("http://a/", { method, headers, ...(method === "POST" ? { body } : {}) })));
}

for (const [kind, open] of [["Fetch", inFetch], ["Node", inNode]] as const) {
  test(`${kind} takes what is signed once, and gives back what failed`, async () => {
    const app = await inSqlite();
    const feed = new Feed<Sqlite>("http://a", "t").on("order.*", async (event, database) => {
      await app.write(event, database);
      if (event.seller_id === "bad") throw new Error("not this one");
    });
    await open(feed.receiver(app.position), async (send) => {
      for (let time = 0; time < 2; time += 1) assert.equal((await send(await signed({ id: "e-1" }))).status, 204);
      assert.equal((await send(await signed({ id: "e-2", secrets: [`whsec_${"c3RyYW5nZXIh".repeat(3)}`] }))).status, 401);
      assert.equal((await send(await signed({ id: "e-3", seller_id: "bad" }))).status, 500);
      assert.equal((await send(await signed({ id: "e-4", type: "inventory.sold" }))).status, 204); // nobody takes it
      assert.equal((await send(await signed({ id: "test-1" }))).status, 204);
      assert.equal((await send(await ask<Signed>("sign_text", { body: "x", secrets: [SECRET] }))).status, 400);
      assert.equal((await send({ headers: {}, body: "" })).status, 401);
      assert.equal((await send({ headers: {}, body: "" }, "GET")).status, 405);
    });
    assert.deepEqual(await app.rows(), ["e-1"]);
    await app.close();
  });
}

test("a body that is longer than any delivery is refused before it is all read", async () => {
  let megabytes = 0;
  const pull = (to: ReadableStreamDefaultController<Uint8Array>): void => {
    megabytes += 1;
    if (megabytes > 64) to.close();
    else to.enqueue(new Uint8Array(1024 * 1024));
  };
  const handle = fetchHandler(() => undefined, SECRET, { log: new Lines() });
  assert.equal((await handle(new Request("http://a/", { method: "POST", body: new ReadableStream({ pull }), duplex: "half" } as RequestInit))).status, 413);
  assert.ok(megabytes < 20);
  const long = { method: "POST", headers: new Headers(), arrayBuffer: async () => new ArrayBuffer(16 * 1024 * 1024 + 1) };
  assert.equal((await handle(long)).status, 413);
  await inNode(() => undefined, async (send) => {
    assert.equal((await send({ headers: {}, body: "x".repeat(32 * 1024 * 1024) })).status, 413);
  });
});

test("a body that something parsed before is said so, and one that it left as bytes is taken", async () => {
  const [delivery, took] = [await signed({ id: "e-1" }), [] as string[]];
  const take = ({ id }: DeliveredEvent): number => took.push(id);
  await inNode(take, async (send) => assert.equal((await send(delivery)).status, 500), (request) => {
    Object.defineProperties(request, { readableEnded: { value: true }, body: { value: JSON.parse(delivery.body) } });
  });
  for (const name of ["body", "rawBody"]) {
    await inNode(take, async (send) => assert.equal((await send(delivery)).status, 204), (request) => {
      Object.defineProperty(request, name, { value: Buffer.from(delivery.body) });
    });
  }
  assert.deepEqual(took, ["e-1", "e-1"]);
});

test("what came by the feed is not taken again by a webhook, nor the other way round", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  const feed = site.feed<Client>().on("*", app.write);
  const take = feed.receiver(app.position);
  await site.sell(1);
  await feed.run(app.position, { untilIdle: true });
  await site.sell(2);
  for (const event of await ask<FeedEvent[]>("events")) await take(event);
  await feed.run(app.position, { untilIdle: true });
  assert.deepEqual(await app.rows(), await site.ids());
  await app.close();
});

test("the same event, by feed and by webhook at once, is handled once", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  await site.sell(...Array(10).keys());
  const events = await ask<FeedEvent[]>("events");
  const feed = site.feed<Client>({ batch: 3, tries: 50 }).on("*", app.write);
  const take = feed.receiver(app.position);
  const taken = events.map(async (event) => {
    for (;;) if (await take(event).then(() => true, () => false)) return; // as Sellerbeat does: until it is taken
  });
  await Promise.all([feed.run(app.position, { untilIdle: true }), ...taken]);
  assert.deepEqual((await app.rows()).sort(), (await site.ids()).sort());
  await app.close();
});

test("what a thin event left out is read from the feed", async () => {
  const [whole, app, got, asked] = [JSON.parse((await signed({ id: "e-9" })).body).data as FeedEvent, await inSqlite(), [] as unknown[], [] as string[]];
  const large = await signed({ id: "e-9", thin: true, previous: { note: "x".repeat(30_000) } });
  const event = verify(large.headers, large.body, SECRET);
  assert.ok(isThin(event) && !("data" in event));
  const feed = new Feed<Sqlite>("http://a", "t", {
    fetch: async (url) => {
      asked.push(new URL(url).pathname);
      return new Response(JSON.stringify({ changes: [whole], next: 1, feed: "0" }));
    },
  }).on("order.refunded", ({ data }) => got.push(data.orderId));
  const take = feed.receiver(app.position);
  await take(event);
  await assert.rejects(take({ ...event, id: "e-8" }), RangeError);
  await assert.rejects(take({ ...event, id: "e-7", feed: "https://elsewhere.example/v1/changes?" }), RangeError);
  assert.deepEqual([got, asked], [[(whole.data as { orderId: string }).orderId], ["/v1/changes", "/v1/changes"]]);
  await app.close();
});
