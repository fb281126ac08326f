// A position that an SQL database keeps, with whatever driver the app has: three tables, or columns of the app's own.

import type { FeedEvent } from "./events.js";
import type { FailedEvent, Place, Position } from "./position.js";

const REMEMBERED_DAYS = 400; // as long as Sellerbeat keeps events, unless it is told otherwise
const A_DAY_SECONDS = 86_400;
const AT_ONCE = 200; // rows of one statement: SQLite once took 999 values

export type SqlValue = string | number | null;

/** What an app's driver does. `T`: what its handlers get, such as a client, a transaction or an entity manager. */
export interface SqlDriver<T> {
  /** Begins a transaction, commits it when `work` is done, undoes it if `work` throws. */
  transaction<R>(work: (transaction: T) => Promise<R>): Promise<R>;

  /** Rows as objects by their columns' names; [] where a statement has none. */
  query(transaction: T, statement: string, values: readonly SqlValue[]): Promise<readonly object[]>;

  /** Whether a handler committed the transaction or rolled it back, where the driver knows that: its handler is then named at once. */
  ended?(transaction: T): boolean;

  /** How values are marked in a statement: "$1" (Postgres), the default, or "?" (MySQL, SQLite). */
  readonly marks?: "$1" | "?";
}

/**
 * Columns of a table of the app's own, in place of `sellerbeat_position`. All are SQL as the app would write it.
 * `position` is a whole number, `generation` text; both may be null before the first event. `where` names the one row.
 */
export interface OwnColumns {
  readonly table: string;
  readonly position: string;
  readonly generation: string;
  readonly where: string;
}

export interface SqlOptions {
  /** Of the position, where an app has several. */
  readonly name?: string;
  /** For how many days ids of handled events are kept, so that none is handled twice; null: not at all. */
  readonly rememberDays?: number | null;
  /** Where the position is, if not in `sellerbeat_position`. */
  readonly own?: OwnColumns;
}

/** The tables, for migrations of the app's own; each is safe to repeat. */
export const CREATE_TABLES: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS sellerbeat_position (name VARCHAR(100) PRIMARY KEY, position BIGINT NOT NULL, generation VARCHAR(40) NOT NULL)",
  "CREATE TABLE IF NOT EXISTS sellerbeat_handled (name VARCHAR(100) NOT NULL, id VARCHAR(120) NOT NULL, handled_at BIGINT NOT NULL," +
    " PRIMARY KEY (name, id))",
  "CREATE TABLE IF NOT EXISTS sellerbeat_failed (name VARCHAR(100) NOT NULL, id VARCHAR(120) NOT NULL, type VARCHAR(100) NOT NULL," +
    " position BIGINT, times INTEGER NOT NULL, error TEXT NOT NULL, event TEXT NOT NULL, set_aside INTEGER NOT NULL, PRIMARY KEY (name, id))",
];

const READ = "SELECT position AS position, generation AS generation FROM sellerbeat_position WHERE name = ?";
const BEGIN = "INSERT INTO sellerbeat_position (name, position, generation) VALUES (?, ?, ?)";
const LOCK = "UPDATE sellerbeat_position SET position = position WHERE name = ?";
const MOVE = "UPDATE sellerbeat_position SET position = ?, generation = ? WHERE name = ?";
const READ_OWN = "SELECT {position} AS position, {generation} AS generation FROM {table} WHERE {where}";
const LOCK_OWN = "UPDATE {table} SET {position} = {position} WHERE {where}";
const MOVE_OWN = "UPDATE {table} SET {position} = ?, {generation} = ? WHERE {where}";
const KNOWN = "SELECT id FROM sellerbeat_handled WHERE name = ? AND id IN ";
const REMEMBER = "INSERT INTO sellerbeat_handled (name, id, handled_at) VALUES ";
const FORGET_ALL = "DELETE FROM sellerbeat_handled WHERE name = ?";
const FORGET_OLD = "DELETE FROM sellerbeat_handled WHERE name = ? AND handled_at < ?";
const FAILED = "SELECT id, type, position, times, error, event, set_aside FROM sellerbeat_failed WHERE name = ? ORDER BY position, id";
const NOTE_FAILED = "INSERT INTO sellerbeat_failed (name, id, type, position, times, error, event, set_aside) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const NOTE_HANDLED = "DELETE FROM sellerbeat_failed WHERE name = ? AND id IN ";

/** `new SqlPosition({ transaction, query })`, with what the app's driver has for both; for node-postgres there is `pgPosition`. */
export class SqlPosition<T> implements Position<T> {
  readonly #driver: SqlDriver<T>;
  readonly #name: string;
  readonly #own: OwnColumns | undefined;
  readonly #rememberDays: number | null;

  constructor(driver: SqlDriver<T>, { name = "main", rememberDays = REMEMBERED_DAYS, own }: SqlOptions = {}) {
    this.#driver = driver;
    this.#name = name;
    this.#rememberDays = rememberDays;
    this.#own = own;
  }

  /** Makes the tables that are missing. Safe to repeat. */
  async createTables(): Promise<void> {
    await this.transaction(async (transaction) => {
      for (const statement of CREATE_TABLES) await this.#run(transaction, statement);
    });
  }

  transaction<R>(work: (transaction: T) => Promise<R>): Promise<R> {
    return this.#driver.transaction(work);
  }

  ended(transaction: T): boolean {
    return this.#driver.ended?.(transaction) ?? false;
  }

  async read(transaction: T): Promise<Place | null> {
    const own = this.#own;
    const rows = own ? await this.#run(transaction, READ_OWN) : await this.#run(transaction, READ, this.#name);
    if (own && rows.length !== 1) throw new RangeError(`${own.table} has ${rows.length} rows where ${own.where}; the position needs one`);
    const [row] = rows;
    if (row?.["position"] == null) return null;
    return { position: Number(row["position"]), feed: String(row["generation"] ?? "") };
  }

  async begin(transaction: T, { position, feed }: Place): Promise<boolean> {
    if ((await this.lock(transaction)) !== null) return false;
    if (this.#own) await this.move(transaction, { position, feed });
    else await this.#run(transaction, BEGIN, this.#name, position, feed);
    return true;
  }

  async lock(transaction: T): Promise<Place | null> {
    if (this.#own) await this.#run(transaction, LOCK_OWN);
    else await this.#run(transaction, LOCK, this.#name);
    return await this.read(transaction);
  }

  async move(transaction: T, { position, feed }: Place): Promise<void> {
    if (this.#own) await this.#run(transaction, MOVE_OWN, position, feed);
    else await this.#run(transaction, MOVE, position, feed, this.#name);
  }

  get remembers(): boolean {
    return this.#rememberDays !== null;
  }

  async known(transaction: T, ids: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const part of parts(this.remembers ? ids : [])) {
      const rows = await this.#run(transaction, KNOWN + list(part.length), this.#name, ...part);
      for (const row of rows) found.add(String(row["id"]));
    }
    return found;
  }

  async remember(transaction: T, ids: readonly string[]): Promise<void> {
    const now = nowSeconds();
    for (const part of parts(this.remembers ? ids : [])) {
      const values = part.flatMap((id) => [this.#name, id, now]);
      await this.#run(transaction, REMEMBER + Array<string>(part.length).fill("(?, ?, ?)").join(", "), ...values);
    }
  }

  async forget(transaction: T, which: "old" | "all"): Promise<void> {
    if (which === "all") await this.#run(transaction, FORGET_ALL, this.#name);
    else if (this.#rememberDays !== null) {
      await this.#run(transaction, FORGET_OLD, this.#name, nowSeconds() - Math.round(this.#rememberDays * A_DAY_SECONDS));
    }
  }

  async failed(transaction: T): Promise<FailedEvent[]> {
    const rows = await this.#run(transaction, FAILED, this.#name);
    return rows.map((row) => ({
      id: String(row["id"]),
      type: String(row["type"]),
      position: row["position"] == null ? null : Number(row["position"]),
      times: Number(row["times"]),
      error: String(row["error"]),
      event: JSON.parse(String(row["event"])) as FeedEvent,
      setAside: Boolean(Number(row["set_aside"])),
    }));
  }

  async noteFailed(transaction: T, failed: FailedEvent): Promise<void> {
    const { id, type, position, times, error, event, setAside } = failed;
    await this.noteHandled(transaction, [id]);
    await this.#run(transaction, NOTE_FAILED, this.#name, id, type, position, times, error, JSON.stringify(event), Number(setAside));
  }

  async noteHandled(transaction: T, ids: readonly string[]): Promise<void> {
    for (const part of parts(ids)) await this.#run(transaction, NOTE_HANDLED + list(part.length), this.#name, ...part);
  }

  /** Only the marks of our own text are values: what the app says of its columns stays as it is, `?` and all. */
  async #run(transaction: T, statement: string, ...values: readonly SqlValue[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    let number = 0;
    const text = statement.replace(/\?|\{(\w+)\}/g, (mark, column?: keyof OwnColumns) => {
      if (column) return String(this.#own?.[column]);
      return this.#driver.marks === "?" ? mark : `$${(number += 1)}`;
    });
    return (await this.#driver.query(transaction, text, values)) as readonly Readonly<Record<string, unknown>>[];
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function list(count: number): string {
  return `(${Array<string>(count).fill("?").join(", ")})`;
}

function* parts(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += AT_ONCE) yield ids.slice(start, start + AT_ONCE);
}
