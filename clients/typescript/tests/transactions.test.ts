// What drivers and handlers make of the app's transaction: nothing is lost, and what went wrong is said as it was.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { FeedEvent, SqlDriver } from "@sellerbeat/client";

import { Site, ask, inSqlite } from "./site.js";
import type { Sqlite } from "./site.js";

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
