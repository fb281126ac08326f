// The example app, its feed or its webhooks, killed by SIGKILL at the Nth time that it comes to a named point.
//
// `node build/tests/dying.js POINT NUMBER`, with the example's settings. Ends once there is nothing new; with LISTEN=1 it takes deliveries
// instead, until it is killed.

import pg from "pg";

import { createTables, feed, pool, position, server } from "../examples/shop.js";

const [point, number] = process.argv.slice(2);
let left = Number(number);

function come(to: string): void {
  if (to !== point) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

function after<Given extends unknown[], Answer>(to: string, called: (...given: Given) => Promise<Answer>): (...given: Given) => Promise<Answer> {
  return async (...given) => {
    const answer = await called(...given);
    come(to);
    return answer;
  };
}

await createTables();
const query = pg.Client.prototype.query as (...given: unknown[]) => unknown;
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const answer = query.apply(this, given);
  if (given[0] === "COMMIT") setImmediate(come, "commit sent"); // whether Postgres got it, nobody here knows
  return answer;
} as typeof pg.Client.prototype.query;
const begun = position.transaction.bind(position);
position.transaction = async (work) => {
  const result = await begun(async (client) => {
    come("begin");
    const result = await work(client);
    come("committing");
    return result;
  });
  come("committed");
  return result;
};
position.lock = after("locked", position.lock.bind(position));
position.known = after("known", position.known.bind(position));
position.remember = after("remembered", position.remember.bind(position));
position.move = after("moved", position.move.bind(position));
const handle = feed.handle.bind(feed);
feed.handle = async (event, client) => {
  come("handler");
  await handle(event, client);
  come("handled");
};
const ask = globalThis.fetch;
globalThis.fetch = (...given: Parameters<typeof fetch>) => {
  come("asked");
  return after("answered", ask)(...given);
};

if (process.env["LISTEN"]) server.listen(Number(process.env["PORT"]), "127.0.0.1");
else {
  await feed.run(position, { untilIdle: true });
  await pool.end();
}
