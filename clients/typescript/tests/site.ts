// What the tests have: a site that listens, the door by which it is changed, a database of the app's own.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import sqlite from "node-sqlite3-wasm";
import pg from "pg";

import { Feed, SqlPosition, pgPosition } from "@sellerbeat/client";
import type { FeedEvent, FeedOptions, Log, Place, SqlDriver, SqlOptions } from "@sellerbeat/client";

export type Client = pg.PoolClient;
export type Sqlite = sqlite.Database;

export const SOON = [0.001, 0.01] as const; // between two tries

const door = needed("DOOR");

function needed(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run \`make test-clients\``);
  return value;
}

export async function ask<Answer = unknown>(command: string, given: object = {}): Promise<Answer> {
  const answer = await fetch(`${door}/${command}`, { method: "POST", body: JSON.stringify(given) });
  assert.equal(answer.status, 200, command);
  return (await answer.json()) as Answer;
}

/** Lines that somebody would read. */
export class Lines implements Log {
  readonly lines: string[] = [];
  warn(text: string): void {
    this.lines.push(text);
  }
  error(text: string): void {
    this.lines.push(text);
  }
}

/** A fresh site, and what happens there. */
export class Site {
  private constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  static async open(): Promise<Site> {
    const { url, token } = await ask<{ url: string; token: string }>("fresh");
    return new Site(url, token);
  }

  feed<T>(options: FeedOptions<T> = {}, token = this.token): Feed<T> {
    return new Feed<T>(this.url, token, { retrySeconds: SOON, log: new Lines(), ...options });
  }

  /** Each number is one order and its sale: two events. */
  async sell(...numbers: number[]): Promise<void> {
    await ask("sell", { numbers });
  }

  /** Of all events, in the order of the feed. */
  async ids(): Promise<string[]> {
    return (await ask<FeedEvent[]>("events")).map(({ id }) => id);
  }
}

/** What an app has: a table that its handlers write, and a position. `T`: what they write with. */
export interface App<T> {
  readonly position: SqlPosition<T>;
  write(event: { id: string; type: string }, transaction: T): Promise<unknown>;
  run(statement: string): Promise<readonly Record<string, unknown>[]>;
  rows(): Promise<string[]>;
  close(): Promise<void>;
}

const TABLE = (serial: string): string => `CREATE TABLE handled (number ${serial}, id TEXT, type TEXT)`;
const SETTINGS = `CREATE TABLE app_settings (id TEXT PRIMARY KEY, "at?" BIGINT, feed_generation TEXT)`;
export const OWN = { table: "app_settings", position: '"at?"', generation: "feed_generation", where: "id = 'where? {table} $1'" };

export async function inPostgres(options: SqlOptions = {}): Promise<App<Client> & { pool: pg.Pool }> {
  const pool = new pg.Pool({ connectionString: needed("APP_DATABASE_URL"), max: 5 });
  const run = async (statement: string): Promise<Record<string, unknown>[]> => (await pool.query<Record<string, unknown>>(statement)).rows;
  await run("DROP SCHEMA IF EXISTS public CASCADE");
  await run("CREATE SCHEMA public");
  await run(TABLE("BIGSERIAL"));
  await run("ALTER TABLE handled ADD CONSTRAINT once UNIQUE (id) DEFERRABLE INITIALLY DEFERRED");
  if (options.own) for (const statement of [SETTINGS, "INSERT INTO app_settings (id) VALUES ('where? {table} $1')"]) await run(statement);
  const position = pgPosition(pool, options);
  await position.createTables();
  return {
    pool,
    position,
    run,
    write: (event, client) => client.query("INSERT INTO handled (id, type) VALUES ($1, $2)", [event.id, event.type]),
    rows: async () => (await run("SELECT id FROM handled ORDER BY number")).map(({ id }) => String(id)),
    close: () => pool.end(),
  };
}

/** SQLite, by a driver that knows nothing of positions: `SqlPosition` with two functions. `drive`: another driver, made of that one. */
export async function inSqlite(
  options: SqlOptions = {},
  drive = (driver: SqlDriver<Sqlite>, _database: Sqlite): SqlDriver<Sqlite> => driver,
): Promise<App<Sqlite>> {
  const database = new sqlite.Database(join(mkdtempSync(join(tmpdir(), "app-")), "app.db"));
  database.run(TABLE("INTEGER PRIMARY KEY"));
  const driver: SqlDriver<Sqlite> = {
    marks: "?",
    async transaction(work) {
      database.run("BEGIN");
      try {
        const result = await work(database);
        database.run("COMMIT");
        return result;
      } catch (error) {
        if (database.inTransaction) database.run("ROLLBACK");
        throw error;
      }
    },
    query: async (transaction, statement, values) => transaction.all(statement, [...values]),
  };
  const position = new SqlPosition<Sqlite>(drive(driver, database), options);
  await position.createTables();
  return {
    position,
    run: async (statement) => database.all(statement),
    write: async (event, transaction) => transaction.run("INSERT INTO handled (id, type) VALUES (?, ?)", [event.id, event.type]),
    rows: async () => database.all("SELECT id FROM handled ORDER BY number").map(({ id }) => String(id)),
    close: async () => database.close(),
  };
}

export async function placeOf<T>({ position }: App<T>): Promise<Place | null> {
  return await position.transaction((transaction) => position.read(transaction));
}

export async function eventually<Found>(seen: () => Promise<Found> | Found): Promise<Found> {
  const until = Date.now() + 120_000;
  for (;;) {
    const found = await seen();
    if (found) return found;
    assert.ok(Date.now() < until, "not within two minutes");
    await new Promise((again) => setTimeout(again, 10));
  }
}

/** A consumer beside the test. What it threw, once it ended. */
export function running<T>(feed: Feed<T>, app: App<T>): { end: () => Promise<unknown> } {
  const ended = feed.run(app.position).then(
    () => undefined,
    (error: unknown) => error,
  );
  return {
    end: () => {
      feed.stop();
      return ended;
    },
  };
}
