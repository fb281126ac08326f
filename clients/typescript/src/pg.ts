// A position that node-postgres keeps. The package `pg` is the app's: what is used of it is said here by its form.

import { SqlPosition } from "./sql.js";
import type { SqlDriver, SqlOptions } from "./sql.js";

/** What is used of a `PoolClient`. */
export interface PgClient {
  query(statement: string, values?: unknown[]): Promise<{ rows: object[]; command?: string }>;
  release(error?: Error | boolean): void;
  /** "I": no transaction is open. Older versions of `pg` do not tell. */
  getTransactionStatus?(): string | null | undefined;
  on?(event: "error", heard: (error: Error) => void): unknown;
  off?(event: "error", heard: (error: Error) => void): unknown;
}

/** What is used of a `Pool`. */
export interface PgPool {
  connect(): Promise<PgClient>;
  on?(event: "error", heard: (error: Error) => void): unknown;
}

/** What a pool gives: `PoolClient` of `@types/pg`, whose `connect` has a second form. */
export type ClientOf<Pool extends PgPool> = Pool["connect"] extends { (): Promise<infer Client extends PgClient>; (heard: never): void }
  ? Client
  : Awaited<ReturnType<Pool["connect"]>>;

/**
 * `pgPosition(new pg.Pool(...))`: handlers get the client on which the transaction runs.
 *
 * A connection that is lost is no crash of the process: the transaction fails, and is begun again on another one.
 */
export function pgPosition<Pool extends PgPool>(pool: Pool, options?: SqlOptions): SqlPosition<ClientOf<Pool>> {
  pool.on?.("error", ignored); // of a connection that nobody uses; without a listener Node ends the process
  return new SqlPosition<ClientOf<Pool>>(pgDriver(() => pool.connect() as Promise<ClientOf<Pool>>), options);
}

function pgDriver<Client extends PgClient>(connect: () => Promise<Client>): SqlDriver<Client> {
  return {
    async transaction(work) {
      const client = await connect();
      if (typeof client?.release !== "function") throw new TypeError("pgPosition takes a pg.Pool: a transaction needs a connection of its own");
      let broken = false;
      client.on?.("error", ignored); // the statement in hand, or the next one, is told so too
      try {
        await client.query("BEGIN");
        const result = await work(client);
        const { command } = await client.query("COMMIT");
        // Postgres answers so, and with no error, where a statement failed and the handler went on all the same.
        if (command === "ROLLBACK") throw new Error("the transaction was undone: a statement in it had failed, and the handler caught the error");
        return result;
      } catch (error) {
        await client.query("ROLLBACK").catch(() => (broken = true));
        throw error;
      } finally {
        client.off?.("error", ignored);
        client.release(broken);
      }
    },
    ended: (client) => client.getTransactionStatus?.() === "I",
    async query(client, statement, values) {
      return (await client.query(statement, [...values])).rows;
    },
  };
}

function ignored(): void {
  // whoever waits for a statement is told
}
