// What drivers and handlers make of the app's transaction: nothing is lost, and what went wrong is said as it was.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TransactionEndedError, pgPosition } from "@sellerbeat/client";
import type { FeedEvent, PgPool, SqlDriver } from "@sellerbeat/client";

import { OWN, Site, ask, inPostgres, inSqlite, placeOf } from "./site.js";
import type { App, Client, Sqlite } from "./site.js";

/** As a driver whose connection is lost whenever something is to be undone. */
function notUndoing(driver: SqlDriver<Sqlite>): SqlDriver<Sqlite> {
  return {
    ...driver,
    transaction: (work) =>
      driver.transaction(work).catch(() => {
        throw new Error("the connection is closed");
      }),
  };
}

test("what a handler raised is said, also where the transaction cannot be undone", async () => {
  const [site, app, heard] = [await Site.open(), await inSqlite({}, notUndoing), [] as unknown[]];
  await site.sell(1);
  const feed = site.feed<Sqlite>({ tries: 1, then: "set_aside" }).on("*", () => Promise.reject(new RangeError("not this one")));
  feed.onFailure(({ error }) => void heard.push(error));
  await feed.run(app.position, { untilIdle: true });

  assert.deepEqual(heard, Array(2).fill("RangeError: not this one"));
  const [event] = await ask<[FeedEvent]>("events");
  await assert.rejects(feed.retry(app.position, event.id), /not this one/);
  await assert.rejects(feed.receiver(app.position)(event), /not this one/);
  await app.close();
});

test("a choice after 410 that the driver repeated is the last one", async () => {
  const twice = (driver: SqlDriver<Sqlite>): SqlDriver<Sqlite> => ({
    ...driver,
    transaction: (work) => driver.transaction(work).catch(() => driver.transaction(work)),
  });
  const [site, app, choices] = [await Site.open(), await inSqlite({}, twice), ["stop", "away", "oldest"]];
  const gone = async (): Promise<"oldest" | "stop"> => {
    const choice = choices.shift();
    if (choice === "away") throw new Error("away for a moment");
    return choice as "oldest" | "stop";
  };
  const feed = site.feed<Sqlite>({ gone }).on("*", app.write);
  await site.sell(1);
  await feed.run(app.position, { untilIdle: true });
  await ask("restore");
  await feed.run(app.position, { untilIdle: true });
  assert.deepEqual([choices, await app.rows()], [[], await site.ids()]);
  await app.close();
});

async function losesNothing<T>(open: () => Promise<App<T>>, undo: (transaction: T) => Promise<unknown>): Promise<void> {
  const [site, app] = [await Site.open(), await open()];
  await site.sell(0, 1, 2, 3);
  const ids = await site.ids();
  let undoes = true;
  const feed = site.feed<T>({ tries: 1, then: "set_aside" }).on("*", async (event, transaction) => {
    await app.write(event, transaction);
    if (undoes && event.id === ids[4]) await undo(transaction);
  });
  await feed.run(app.position, { untilIdle: true });

  assert.deepEqual(await app.rows(), ids.filter((id) => id !== ids[4]));
  const failed = await app.position.transaction((transaction) => app.position.failed(transaction));
  assert.deepEqual(failed.map(({ id }) => id), [ids[4]]);
  assert.match(failed[0]?.error ?? "", /the handler of order.created \S+ rolled back the transaction/);
  await assert.rejects(feed.retry(app.position, ids[4] ?? ""), TransactionEndedError);
  undoes = false;
  await feed.retry(app.position, ids[4] ?? "");
  assert.deepEqual((await app.rows()).sort(), ids.sort());
  await app.close();
}

const rollBack = (client: Client): Promise<unknown> => client.query("ROLLBACK");
const beginAnew = async (client: Client): Promise<unknown> => [await client.query("ROLLBACK"), await client.query("BEGIN")]; // as an ORM's session
test("a handler that rolls back undoes no other event: node-postgres", () => losesNothing(() => inPostgres(), rollBack));
test("a handler that rolls back undoes no other event: a transaction of its own follows", () => losesNothing(() => inPostgres(), beginAnew));
test("a handler that rolls back undoes no other event: columns of the app's own, no ids", () =>
  losesNothing(() => inPostgres({ own: OWN, rememberDays: null }), beginAnew));
test("a handler that rolls back undoes no other event: SQLite", () =>
  losesNothing(
    () => inSqlite(),
    async (database) => [database.run("ROLLBACK"), database.run("BEGIN")],
  ));

test("a delivery whose handler rolls back, or commits, is not taken", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  await site.sell(1);
  const events = await ask<FeedEvent[]>("events");
  for (const [statements, says] of [
    [["ROLLBACK"], /rolled back/],
    [["ROLLBACK", "BEGIN"], /rolled back/],
    [["COMMIT"], /committed/],
  ] as const) {
    const feed = site.feed<Client>().on("order.created", async (_event, client) => {
      for (const statement of statements) await client.query(statement);
    });
    await assert.rejects(feed.receiver(app.position)(events[0] as FeedEvent), says);
  }
  await app.close();
});

test("a handler that commits ends the run, and what comes behind it is there to be handled", async () => {
  const [site, app] = [await Site.open(), await inPostgres()];
  await site.sell(1, 2);
  const feed = site.feed<Client>().on("*", async (event, client) => {
    await app.write(event, client);
    await client.query("COMMIT");
  });
  await assert.rejects(feed.run(app.position, { untilIdle: true }), (error) => error instanceof TransactionEndedError && error.committed);
  await site.feed<Client>().on("*", app.write).run(app.position, { untilIdle: true });
  assert.deepEqual(await app.rows(), await site.ids());
  assert.deepEqual(await placeOf(app), await ask("standing"));
  await app.close();
});

test("a driver whose transactions undo nothing is refused, and a client in place of a pool", async () => {
  const committing = (driver: SqlDriver<Sqlite>, database: Sqlite): SqlDriver<Sqlite> => ({ ...driver, transaction: (work) => work(database) });
  const [site, app] = [await Site.open(), await inSqlite({}, committing)];
  await site.sell(1);
  await assert.rejects(site.feed<Sqlite>().on("*", app.write).run(app.position, { untilIdle: true }), /transactions undo nothing/);
  assert.deepEqual([await app.rows(), await app.run("SELECT * FROM sellerbeat_failed"), await placeOf(app)], [[], [], null]);
  await app.close();

  const client = pgPosition({ connect: async () => undefined } as unknown as PgPool); // as `pg.Client` has it
  await assert.rejects(client.createTables(), /takes a pg.Pool/);
});
