// Changes of eBay sellers' orders, shipments and stock in your own tables, each once: the client of a Sellerbeat.

export type * as answers from "./answers.js";
export { Sellerbeat } from "./api.js";
export type { After, Decide } from "./batches.js";
export type { ApiOptions, CallOptions } from "./calls.js";
export {
  ConflictError,
  FeedGoneError,
  ForbiddenError,
  GoneError,
  HandlerFailedError,
  InvalidError,
  NotADeliveryError,
  NotFoundError,
  ProblemError,
  SellerbeatError,
  SignatureError,
  TokenRefusedError,
  TooManyRequestsError,
  TransactionEndedError,
  UnavailableError,
  UnreachableError,
} from "./errors.js";
export * from "./events.js";
export { Feed } from "./feed.js";
export type { FeedOptions, GoOn, Gone } from "./feed.js";
export type { AnyEvent, EventFor, Handler, Pattern, UnknownEvent } from "./handlers.js";
export { pgPosition } from "./pg.js";
export type { PgClient, PgPool } from "./pg.js";
export type { FetchLike, Log } from "./platform.js";
export type { FailedEvent, Place, Position } from "./position.js";
export { fetchHandler, nodeHandler } from "./receive.js";
export type { ReceiveOptions, Take } from "./receive.js";
export { CREATE_TABLES, SqlPosition } from "./sql.js";
export type { OwnColumns, SqlDriver, SqlOptions, SqlValue } from "./sql.js";
export { verify } from "./webhooks.js";
export type { DeliveredEvent, VerifyOptions } from "./webhooks.js";
export { VERSION } from "./wire.js";
