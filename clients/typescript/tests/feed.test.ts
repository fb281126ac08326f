// The feed in an app's own tables: once each, in order, with a position that commits with what the app makes of the events.

import assert from "node:assert/strict";
import { test } from "node:test";

import type pg from "pg";

import { FeedGoneError, HandlerFailedError, Sellerbeat, SqlPosition, TokenRefusedError, isKnown } from "@sellerbeat/client";
import type { FeedEvent, FeedOptions, Gone } from "@sellerbeat/client";

import { Lines, OWN, Site, ask, eventually, inPostgres, inSqlite, placeOf, running } from "./site.js";
import type { App, Client, Sqlite } from "./site.js";

async function handlesEachOnce<T>(open: () => Promise<App<T>>): Promise<void> {
  const [site, app] = [await Site.open(), await open()];
  await site.sell(0, 1, 2, 3, 4);
  for (const batch of [3, 500, 500]) {
    await site.feed<T>({ batch }).on("*", app.write).run(app.position, { untilIdle: true }); // another process each time
    await site.sell(batch);
  }
  const consumer = running(site.feed<T>().on("*", app.write), app);
  await eventually(async () => (await app.rows()).length === (await site.ids()).length);
  assert.equal(await consumer.end(), undefined);
  assert.deepEqual(await app.rows(), await site.ids());
  assert.deepEqual(await placeOf(app), await ask("standing"));
  await app.close();
}

test("every event is handled once and in order: node-postgres", () => handlesEachOnce(() => inPostgres()));
test("every event is handled once and in order: columns of the app's own", () => handlesEachOnce(() => inPostgres({ own: OWN })));
test("every event is handled once and in order: another driver, SQLite", () => handlesEachOnce(() => inSqlite()));
test("every event is handled once and in order: ids are not remembered", () => handlesEachOnce(() => inPostgres({ rememberDays: null })));

test("handlers get typed events, in the order in which they were named, of the types that they name", async () => {
  const [site, app, got] = [await Site.open(), await inPostgres(), [] as string[]];
  await site.sell(1);
  const feed = site
    .feed()
    .on("order.created", ({ data }) => got.push(`order ${data.orderId}`))
    .on(["inventory.sold", "order.created"], (event) => got.push(event.type))
    .on("order.*", (event) => got.push(`family ${event.entity_id}`))
    .on("order.vanished", () => got.push("never"))
    .on("*", (event) => got.push(isKnown(event) && event.type === "inventory.sold" ? `sold ${event.data.quantity}` : "any"));
  await feed.run(app.position, { untilIdle: true });

  assert.deepEqual(got, ["order o-1", "order.created", "family o-1", "any", "inventory.sold", "sold 1"]);
  await app.close();
});

test("two consumers of one position handle each event once", async () => {
  const [site, app, lines] = [await Site.open(), await inPostgres(), new Lines()];
  const consumers = [0, 1].map(() => running(site.feed<Client>({ batch: 2, log: lines }).on("*", app.write), app));
  for (let number = 0; number < 15; number += 1) await site.sell(number);
  await eventually(async () => (await app.rows()).length === 30);
  for (const consumer of consumers) assert.equal(await consumer.end(), undefined);
  assert.deepEqual(await app.rows(), await site.ids());
  assert.ok(lines.lines.some((line) => line.includes("another consumer")));
  await app.close();
});

test("stop ends a wait at once, and so does a signal; what was handled is there", async () => {
  const [site, app, ends] = [await Site.open(), await inPostgres(), new AbortController()];
  await site.sell(1);
  for (const how of ["stop", "signal"]) {
    const feed = site.feed<Client>({ waitSeconds: 60 }).on("*", app.write);
    const ended = feed.run(app.position, { signal: ends.signal });
    await eventually(async () => (await app.rows()).length === 2);
    const began = Date.now();
    if (how === "stop") feed.stop();
    else ends.abort();
    await ended;
    assert.ok(Date.now() - began < 30_000);
  }
  await app.close();
});

test("a token that is revoked is a clear error, also while it waits", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  const beat = new Sellerbeat(site.url, site.token);
  const { id, token } = await beat.createToken({ name: "app", scope: "feed" });
  await site.sell(1);
  const feed = site.feed<Client>({}, token).on("*", app.write);
  const ended = feed.run(app.position).catch((error: unknown) => error);
  await eventually(async () => (await app.rows()).length === 2);
  await beat.revokeToken(String(id));
  const error = await ended;
  assert.ok(error instanceof TokenRefusedError);
  assert.equal(error.code, "unauthorized");
  assert.ok(!String(error.stack).includes(token));
  await app.close();
});

test("a handler that raises is told how often, and its event is set aside alone, until it is tried again", async () => {
  const [site, app, heard] = [await Site.open(), await inPostgres(), [] as number[]];
  await site.sell(0, 1, 2, 3);
  const bad = (await site.ids())[3] ?? "";
  const feed = site.feed<Client>({ tries: 3, then: "set_aside" });
  feed.on("*", async (event, transaction) => {
    await app.write(event, transaction);
    if (event.id === bad && heard.length < 3) throw new RangeError("not this one");
  });
  feed.onFailure(({ times }) => void heard.push(times));
  await feed.run(app.position, { untilIdle: true });

  assert.deepEqual(heard, [1, 2, 3]);
  assert.deepEqual(await app.rows(), (await site.ids()).filter((id) => id !== bad));
  const failed = await app.position.transaction((transaction) => app.position.failed(transaction));
  assert.deepEqual(failed.map(({ id, times, error, setAside }) => [id, times, error, setAside]), [[bad, 3, "RangeError: not this one", true]]);
  await feed.retry(app.position, bad);
  assert.deepEqual((await app.rows()).sort(), (await site.ids()).sort());
  assert.deepEqual(await app.position.transaction((transaction) => app.position.failed(transaction)), []);
  await assert.rejects(feed.retry(app.position, bad), RangeError);
  await app.close();
});

test("the app may decide at each failure", async () => {
  const [site, app] = [await Site.open(), await inSqlite()];
  await site.sell(1);
  const feed = site.feed<Sqlite>({ tries: 1 }).on("*", () => Promise.reject(new Error("never")));
  feed.onFailure(({ times, type }) => (type === "order.created" ? (times < 3 ? "retry" : "set_aside") : "stop"));
  await assert.rejects(feed.run(app.position, { untilIdle: true }), { name: "HandlerFailedError", eventType: "inventory.sold", times: 1 });
  assert.deepEqual((await app.run("SELECT type, times, set_aside FROM sellerbeat_failed ORDER BY position")), [
    { type: "order.created", times: 3, set_aside: 1 },
    { type: "inventory.sold", times: 1, set_aside: 0 },
  ]);
  const [aside, stopped] = await site.ids();
  await assert.rejects(feed.retry(app.position, stopped ?? ""), /tries it again by itself/); // its handler raises another error
  await assert.rejects(feed.retry(app.position, aside ?? ""), /never/);
  await app.close();
});

test("what the database refuses at the commit is found, and the count outlives the process", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  await site.sell(0, 1, 2, 3);
  const ids = await site.ids();
  await app.run(`INSERT INTO handled (id) VALUES ('${ids[5]}')`); // the constraint is looked at with the commit
  for (const [tries, times] of [[1, 1], [2, 2], [2, 3]] as const) {
    const error: unknown = await site.feed<Client>({ tries }).on("*", app.write).run(app.position, { untilIdle: true }).catch((raised: unknown) => raised);
    assert.ok(error instanceof HandlerFailedError);
    assert.deepEqual([error.eventId, error.times], [ids[5], times]);
    assert.deepEqual((await app.rows()).slice(1), ids.slice(0, 5));
  }
  await app.run(`DELETE FROM handled WHERE id = '${ids[5]}'`);
  await site.feed<Client>().on("*", app.write).run(app.position, { untilIdle: true });
  assert.deepEqual(await app.rows(), ids);
  assert.deepEqual(await app.run("SELECT 1 FROM sellerbeat_failed"), []);
  await app.close();
});

/** As a driver that believes every COMMIT. */
function believing({ pool }: { pool: pg.Pool }): SqlPosition<Client> {
  return new SqlPosition<Client>({
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        return await work(client).finally(() => client.query("COMMIT"));
      } finally {
        client.release();
      }
    },
    query: async (client, statement, values) => (await client.query(statement, [...values])).rows as object[],
  });
}

test("a statement that failed, and whose error a handler caught, loses nothing", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  await site.sell(1);
  const fail = (client: Client): Promise<unknown> => client.query("SELECT 1/0").catch(() => undefined);
  let fails = true;
  const feed = site.feed<Client>({ tries: 2 }).on("*", async (event, client) => {
    await app.write(event, client);
    if (fails) await fail(client);
  });
  await assert.rejects(app.position.transaction(fail), /transaction was undone/);
  await assert.rejects(feed.run(app.position, { untilIdle: true }), HandlerFailedError);
  const [event] = await ask<[FeedEvent]>("events");
  for (const position of [app.position, believing(app)]) await assert.rejects(feed.receiver(position)(event), /transaction/);
  fails = false;
  await feed.receiver(app.position)(event);
  await feed.run(app.position, { untilIdle: true });
  assert.deepEqual(await app.rows(), await site.ids());
  await app.close();
});

test("connections to the app's database that are cut are made again", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  await site.sell(0, 1, 2);
  const clients = await Promise.all([1, 2, 3, 4].map(() => app.pool.connect()));
  for (const client of clients) client.release(); // nobody uses them then
  let cut = 3;
  const feed = site.feed<Client>({ tries: 9 }).on("*", async (event, transaction) => {
    await app.write(event, transaction);
    if (cut > 0) {
      cut -= 1;
      await app.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }
  });
  await feed.run(app.position, { untilIdle: true });
  assert.deepEqual(await app.rows(), await site.ids());
  assert.equal(cut, 0);
  await app.close();
});

async function restored(options: FeedOptions<Client>) {
  const [site, app] = [await Site.open(), await inPostgres()];
  const handle = (given: FeedOptions<Client>) => site.feed<Client>(given).on(["order.*", "inventory.*"], app.write);
  await site.sell(0, 1, 2);
  await handle({}).run(app.position, { untilIdle: true });
  assert.equal((await app.rows()).length, 6);
  await ask("restore");
  await site.sell(7);
  return { site, app, run: () => handle(options).run(app.position, { untilIdle: true }) };
}

test("after a restore, without a choice, it stops and says what there is to choose", async () => {
  const { app, run } = await restored({});
  const before = await placeOf(app);
  const error: unknown = await run().catch((raised: unknown) => raised);
  assert.ok(error instanceof FeedGoneError);
  assert.match(error.message, /oldest, anew or latest/);
  assert.equal(error.feed, (await ask<{ feed: string }>("standing")).feed);
  assert.deepEqual([await placeOf(app), (await app.rows()).length], [before, 6]);
  await app.close();
});

test("oldest begins with all that is kept, and drops what was handled", async () => {
  const { site, app, run } = await restored({ gone: "oldest" });
  await run();
  assert.equal(new Set(await app.rows()).size, 8);
  assert.ok((await app.rows()).every((id, index, all) => all.indexOf(id) === index));
  assert.deepEqual(await placeOf(app), await ask("standing"));
  assert.ok((await site.ids()).length > 8);
  await app.close();
});

test("latest goes on with what comes from now on", async () => {
  const { site, app, run } = await restored({ gone: "latest" });
  await run();
  const before = (await app.rows()).length;
  await site.sell(8);
  await run();
  assert.deepEqual([before, (await app.rows()).length], [6, 8]);
  await app.close();
});

test("an app begins anew in the transaction in which it forgets", async () => {
  const heard: Gone[] = [];
  const { site, app, run } = await restored({
    gone: async (gone, transaction) => {
      heard.push(gone);
      await transaction.query("DELETE FROM handled");
      if (heard.length === 1) throw new Error("away for a moment");
      return heard.length === 2 ? "stop" : "anew";
    },
  });
  await assert.rejects(run(), FeedGoneError);
  assert.equal((await app.rows()).length, 6); // to stop undoes what was forgotten
  await run();
  assert.equal((await app.rows()).length, 8);
  assert.deepEqual([heard.length, heard[0]?.restored, (await site.ids()).includes((await app.rows())[0] ?? "")], [3, true, true]);
  await app.close();
});

test("an app may begin with what comes from now on, and one that stands beyond the end is told so", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  const feed = site.feed<Client>({ begin: "latest" }).on("*", app.write);
  await site.sell(1);
  await feed.run(app.position, { untilIdle: true });
  await site.sell(2);
  await feed.run(app.position, { untilIdle: true });
  assert.deepEqual(await app.rows(), (await site.ids()).slice(2));

  await app.run(`UPDATE sellerbeat_position SET position = ${Number.MAX_SAFE_INTEGER}`);
  await assert.rejects(feed.run(app.position, { untilIdle: true }), FeedGoneError);
  await app.close();
});
