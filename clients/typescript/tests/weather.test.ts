// A feed that is away, slow, too busy, or something else altogether; and an API that is.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ConflictError,
  Feed,
  ForbiddenError,
  ProblemError,
  Sellerbeat,
  TokenRefusedError,
  TooManyRequestsError,
  UnreachableError,
} from "@sellerbeat/client";
import type { FetchLike } from "@sellerbeat/client";

import { Lines, SOON, inSqlite } from "./site.js";
import type { Sqlite } from "./site.js";

type Answer = Response | Error;
interface Asked {
  url: URL;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Answers one after another, and what was asked. */
function answering(...answers: Answer[]): { fetch: FetchLike; asked: Asked[] } {
  const asked: Asked[] = [];
  const fetch: FetchLike = async (url, { headers, body, redirect }) => {
    assert.equal(redirect, "manual"); // a token goes to nobody else
    asked.push({ url: new URL(url), headers, body });
    const answer = answers.shift() ?? page([], 0);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { fetch, asked };
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

function page(numbers: number[], after: number): Response {
  const changes = numbers.map((position) => ({ id: `e-${position}`, type: "order.vanished", position, weather: "mild" }));
  return json(200, { changes, next: Math.max(after, ...numbers), feed: "0" });
}

function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  return json(status, { code, detail: "not now", title: "t", type: "urn:x", status }, headers);
}

async function consume(...answers: Answer[]) {
  const { fetch, asked } = answering(...answers);
  const [app, lines] = [await inSqlite(), new Lines()];
  const feed = new Feed<Sqlite>("http://site", "sb_secret", { fetch, retrySeconds: SOON, log: lines }).on("*", app.write);
  const error: unknown = await feed.run(app.position, { untilIdle: true }).catch((raised: unknown) => raised);
  const rows = await app.rows();
  await app.close();
  assert.ok(!lines.lines.join().includes("sb_secret"));
  return { error, rows, asked, lines: lines.lines };
}

test("what passes is waited for, and nothing is lost or doubled", async () => {
  const { error, rows, lines } = await consume(
    Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } }),
    problem(503, "unavailable", { "retry-after": "0" }),
    problem(429, "too_often", { "retry-after": "0.001" }),
    page([1, 2], 0),
    new Response("<html>gateway</html>", { status: 502 }),
    new Response("<html>200, and no feed</html>"),
    json(200, { changes: "none" }),
    page([3], 2),
    page([], 3),
  );
  assert.equal(error, undefined);
  assert.deepEqual(rows, ["e-1", "e-2", "e-3"]);
  assert.match(lines.join("\n"), /no answer from site: ECONNREFUSED.*503 unavailable: not now.*something else.*something between here/s);
});

test("what does not pass is an error at once, which shows no token", async () => {
  for (const [answer, kind, code] of [
    [problem(401, "unauthorized"), TokenRefusedError, "unauthorized"],
    [problem(403, "scope_lacking"), ForbiddenError, "scope_lacking"],
    [problem(422, "invalid"), ProblemError, "invalid"],
    [new Response("moved", { status: 302, headers: { location: "https://elsewhere.example" } }), ProblemError, "error"],
    [problem(410, "gone"), ProblemError, "gone"], // without oldest and latest: it is not of Sellerbeat's feed
  ] as const) {
    const { error, asked } = await consume(answer);
    assert.ok(error instanceof kind);
    assert.equal(error.code, code);
    assert.equal(asked.length, 1);
    assert.ok(!`${error.stack}`.includes("sb_secret"));
  }
});

test("types and fields that are new pass, and the feed is asked for what handlers take", async () => {
  const { fetch, asked } = answering(page([1], 0), page([], 1), page([], 1));
  const [app, got] = [await inSqlite(), [] as unknown[]];
  const feed = new Feed<Sqlite>("http://site/", "t", { fetch, sellers: ["a", "b"], batch: 1 }).on(["order.created", "inventory.*"], () => undefined);
  assert.deepEqual(feed.askedTypes(), ["inventory.*", "order.created"]);
  feed.on("order.vanished", (event) => got.push(event["weather"], event.type));
  await feed.run(app.position, { untilIdle: true });

  assert.deepEqual(got, ["mild", "order.vanished"]);
  assert.equal(asked[0]?.url.href, "http://site/v1/changes?after=0&limit=1&wait=0s&seller=a&seller=b");
  assert.equal(asked[1]?.url.searchParams.get("feed"), "0");
  assert.match(asked[0]?.headers["authorization"] ?? "", /^Bearer t$/);
  await app.close();
});

test("the next page is on its way while one is handled, and what was asked in vain is asked again", async () => {
  const { fetch, asked } = answering(page([1, 2], 0), problem(503, "unavailable"), page([3], 2), page([], 3));
  const [app, asking] = [await inSqlite(), [] as number[]];
  const feed = new Feed<Sqlite>("http://site", "t", { fetch, batch: 2, retrySeconds: SOON, log: new Lines() }).on("*", async (event, database) => {
    await app.write(event, database);
    asking.push(asked.length);
  });
  await feed.run(app.position, { untilIdle: true });
  assert.deepEqual([await app.rows(), asking], [["e-1", "e-2", "e-3"], [2, 2, 3]]);
  await app.close();
});

test("where another consumer moved the position, this one goes on from there", async () => {
  const [{ fetch, asked }, app, lines] = [answering(page([1, 2], 0), page([2], 1), page([], 2)), await inSqlite(), new Lines()];
  const moving: FetchLike = async (url, given) => {
    const answer = await fetch(url, given);
    if (asked.length === 1) await app.run("UPDATE sellerbeat_position SET position = 1, generation = '0'");
    return answer;
  };
  await new Feed<Sqlite>("http://site", "t", { fetch: moving, log: lines }).on("*", app.write).run(app.position, { untilIdle: true });
  assert.deepEqual([await app.rows(), asked.map(({ url }) => url.searchParams.get("after"))], [["e-2"], ["0", "1", "2"]]);
  assert.match(lines.lines.join(), /another consumer/);
  await app.close();
});

test("ids that are too old to come again are forgotten", async () => {
  const [{ fetch }, app] = [answering(page([1], 0), page([], 1)), await inSqlite()];
  const [now, day] = [Math.floor(Date.now() / 1000), 86_400];
  for (const days of [399, 401]) await app.run(`INSERT INTO sellerbeat_handled VALUES ('main', 'e-${days}', ${now - days * day})`);
  await new Feed<Sqlite>("http://site", "t", { fetch }).on("*", app.write).run(app.position, { untilIdle: true });
  assert.deepEqual(await app.run("SELECT id FROM sellerbeat_handled ORDER BY id"), [{ id: "e-1" }, { id: "e-399" }]);
  await app.close();
});

test("what is given wrongly is said at once", () => {
  for (const make of [
    () => new Feed("site", "t"),
    () => new Feed("http://site", "t\n"),
    () => new Feed("http://site", ""),
    () => new Feed("http://site", "t", { gone: "anew" as never }),
    () => new Feed("http://site", "t", { batch: 0 }),
    () => new Feed("http://site", "t", { waitSeconds: 61 }),
    () => new Feed("http://site", "t").on("order created", () => undefined),
    ...["", "order", "*.created", "order.*.x", "order.created.*", "order.", "*.*", ".*"].map((pattern) => () => new Feed("http://site", "t").on(pattern, () => undefined)),
    () => new Feed("http://site", "t").on(["order.created", "order"], () => undefined),
    () => new Feed("http://site", "t").on([], () => undefined),
    () => new Feed("http://site", "t").on("*", undefined as never),
    () => new Sellerbeat("ftp://site", "t"),
  ]) {
    assert.throws(make, /url: where|token: as|gone: oldest|batch: 1|waitSeconds|a type such as|a handler is/);
  }
});

const PAUSED = { seller_id: "s", state: "paused", reason: "r", until: null, by: "token:a", new: 1 };

test("a write is repeated under its key until it is answered", async () => {
  const { fetch, asked } = answering(
    new TypeError("cut off"),
    problem(503, "unavailable", { "retry-after": "0" }),
    problem(409, "running", { "retry-after": "0" }),
    json(200, PAUSED),
    json(200, PAUSED),
  );
  const beat = new Sellerbeat("http://a", "sb_secret", { fetch });
  const paused = await beat.pause("s", { reason: "stock-take" });
  await beat.pause("s", {}, { idempotencyKey: "mine" });

  assert.equal(paused.state, "paused");
  assert.equal(new Set(asked.slice(0, 4).map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.equal(asked[4]?.headers["idempotency-key"], "mine");
  assert.deepEqual(new Set(asked.slice(0, 4).map(({ body }) => body)), new Set(['{"reason":"stock-take"}']));
});

test("what another try would not mend is an error at once", async () => {
  for (const [answer, kind] of [
    [problem(429, "quota", { "retry-after": "40000" }), TooManyRequestsError],
    [problem(409, "done_already"), ConflictError],
    [new Response("oh", { status: 500 }), ProblemError],
    [new TypeError("cut off"), UnreachableError],
  ] as const) {
    const { fetch, asked } = answering(answer);
    const beat = new Sellerbeat("http://a", "sb_secret", { fetch, patienceSeconds: 0 });
    const error: unknown = await beat.pause("s").catch((raised: unknown) => raised);
    assert.ok(error instanceof kind);
    assert.ok(!String(error.stack).includes("sb_secret"));
    assert.equal(asked.length, 1);
  }
});

test("ids are written so that they lead nowhere else", async () => {
  const { fetch, asked } = answering(json(200, PAUSED));
  const beat = new Sellerbeat("http://a", "t", { fetch });
  await beat.pause("../tokens?x=/é");
  assert.equal(asked[0]?.url.pathname, "/v1/sellers/..%2Ftokens%3Fx%3D%2F%C3%A9/pause");
  for (const id of ["", ".", ".."]) assert.throws(() => void beat.pause(id), TypeError); // of `..` a URL makes /v1/pause, which is everybody's
});

/** Answers so many milliseconds later, if nobody gave up before. */
function slow(milliseconds: number): FetchLike {
  return async (_url, { signal }) =>
    await new Promise((answer, refuse) => {
      signal.addEventListener("abort", () => refuse(signal.reason));
      setTimeout(() => answer(page([], 0)), milliseconds);
    });
}

test("a time-out of months is none at once", async () => {
  for (const timeoutSeconds of [3_000_000, Infinity]) {
    const beat = new Sellerbeat("http://a", "t", { fetch: slow(20), timeoutSeconds, patienceSeconds: 0 });
    assert.equal((await beat.changes()).next, 0);
  }
});

test("a call may wait for changes for as long as the feed lets it, beyond its time-out", async () => {
  const beat = new Sellerbeat("http://a", "t", { fetch: slow(60), timeoutSeconds: 0.02, patienceSeconds: 0 });
  assert.equal((await beat.changes({ wait: "60s" })).next, 0);
  await assert.rejects(beat.changes(), /time-out/);
});
