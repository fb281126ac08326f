// A program of an app's that names all of the package. It is compiled, strictly, where the package is installed.

import {
  CREATE_TABLES,
  ConflictError,
  EVENT_TYPES,
  Feed,
  FeedGoneError,
  ForbiddenError,
  GoneError,
  HandlerFailedError,
  InvalidError,
  NotADeliveryError,
  NotFoundError,
  ProblemError,
  SCHEMA_VERSION,
  Sellerbeat,
  SellerbeatError,
  SignatureError,
  SqlPosition,
  TEST_PREFIX,
  TokenRefusedError,
  TooManyRequestsError,
  TransactionEndedError,
  UnavailableError,
  UnreachableError,
  VERSION,
  fetchHandler,
  isKnown,
  isThin,
  nodeHandler,
  pgPosition,
  verify,
} from "@sellerbeat/client";
import type {
  AnyEvent,
  DeliveredEvent,
  EventFor,
  FailedEvent,
  FeedOptions,
  Gone,
  InventorySold,
  OrderCreated,
  OwnColumns,
  PgClient,
  Position,
  SqlDriver,
  answers,
} from "@sellerbeat/client";

class Client implements PgClient {
  async query(): Promise<{ rows: object[] }> {
    return { rows: [] };
  }
  release(): void {}
  async insert(_values: object): Promise<void> {}
}

const own: OwnColumns = { table: "settings", position: "at", generation: "feed", where: "id = 1" };
const inPg: SqlPosition<Client> = pgPosition({ connect: async () => new Client() }, { name: "second", own, rememberDays: 30 });
const driver: SqlDriver<Client> = { marks: "?", transaction: async (work) => await work(new Client()), query: async () => [], ended: () => false };
const position: Position<Client> = new SqlPosition(driver);

const options: FeedOptions<Client> = {
  sellers: ["s-17"],
  begin: "latest",
  gone: async (gone: Gone, client) => {
    await client.insert({ gone: gone.restored, latest: gone.latest });
    return "anew";
  },
  tries: 3,
  then: "set_aside",
  batch: 100,
  waitSeconds: 30,
  retrySeconds: [0.5, 30],
  log: { warn: () => undefined, error: () => undefined },
};
const feed = new Feed<Client>("https://sellerbeat.example", "sb_token", options)
  .on("inventory.sold", async (event: InventorySold, client) => {
    const quantity: number | null | undefined = event.data.quantity;
    await client.insert({ id: event.data.lineItemId, quantity, seller: event.seller_id.toUpperCase() });
  })
  .on(["order.created", "order.updated"], ({ data, type }, client) => client.insert({ total: data.pricingSummary?.total?.value, type }))
  .on("inventory.*", (event) => (event.type === "inventory.sold" ? event.data.orderId : event.changed.length))
  .on("order.vanished", (event) => event.data)
  .on("*", (event) => {
    if (!isKnown(event)) return event.type;
    const order: OrderCreated | undefined = event.type === "order.created" ? event : undefined;
    return order?.data.lineItems?.[0]?.lineItemId;
  });
feed.onFailure((failed: FailedEvent, error) => (failed.times > 2 && error instanceof RangeError ? "stop" : undefined));

export async function main(): Promise<void> {
  await feed.run(inPg, { untilIdle: true });
  await feed.retry(position, "e-1");
  feed.stop();

  const beat = new Sellerbeat("https://sellerbeat.example", "sb_token", { patienceSeconds: 1, timeoutSeconds: 5 });
  const seller: answers.SellerAnswer = await beat.seller("s-17");
  for await (const row of beat.sellers({ state: "needs_reauthorization" })) if (row.seller_id === seller.seller_id) break;
  await beat.pause("s-17", { reason: "holiday", until: "2d" }, { idempotencyKey: "once" });
  const { url } = await beat.link("s-17", { return_to: "https://shop.example/connected", app: "Shop" });
  const known: EventFor<"alert.*"> | undefined = undefined;
  return void [url, known, CREATE_TABLES.length, EVENT_TYPES.includes("order.created"), SCHEMA_VERSION, TEST_PREFIX, VERSION];
}

export function delivered(headers: Record<string, string>, body: Uint8Array): string | null {
  try {
    const event: DeliveredEvent = verify(headers, body, ["whsec_new", "whsec_old"], { toleranceSeconds: 60 });
    if (isThin(event)) return event.feed;
    const any: AnyEvent = event;
    return isKnown(any) ? any.entity_id : null;
  } catch (error) {
    if (error instanceof SignatureError || error instanceof NotADeliveryError) return error.message;
    if (error instanceof HandlerFailedError) return `${error.eventId} ${error.times}`;
    if (error instanceof TransactionEndedError) return error.committed ? "committed" : error.message;
    if (error instanceof FeedGoneError) return `${error.oldest} ${error.latest} ${error.feed}`;
    if (error instanceof ProblemError) return `${error.code} ${error.detail} ${error.retryAfterSeconds ?? 0}`;
    throw error;
  }
}

export const kinds: (typeof SellerbeatError)[] = [SellerbeatError, UnreachableError];
export const problems: (typeof ProblemError)[] = [
  ...[ConflictError, ForbiddenError, GoneError, InvalidError, NotFoundError, TokenRefusedError, TooManyRequestsError, UnavailableError],
];
export const POST = fetchHandler(feed.receiver(position), "whsec_bmV3bmV3bmV3bmV3bmV3");
export const inNode = nodeHandler(feed.receiver(position), ["whsec_bmV3bmV3bmV3bmV3bmV3"], { toleranceSeconds: 600 });
