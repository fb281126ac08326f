// What can go wrong, each with what to do. No text holds a token, a secret or a document.

/** Anything that this package says is wrong. */
export class SellerbeatError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message);
    this.name = new.target.name;
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/** No answer, or one that is none of Sellerbeat's: a lost connection, a time-out, a proxy's page. Try again. */
export class UnreachableError extends SellerbeatError {}

/**
 * Sellerbeat refuses. `code` says why, for a program, and never changes; `detail` says it for a person.
 * `fields`: what else the answer has, such as `oldest` and `latest` of a 410. `retryAfterSeconds`: when to ask again, if it says so.
 */
export class ProblemError extends SellerbeatError {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: Readonly<Record<string, unknown>> = {},
    readonly retryAfterSeconds?: number,
  ) {
    super(`${status} ${code}: ${detail}`);
  }
}

/** 401: the token is wrong, revoked or at its end. `starter.py token create` makes another one. */
export class TokenRefusedError extends ProblemError {}

/** 403: the token's scope does not reach so far, or it is narrowed to sellers. */
export class ForbiddenError extends ProblemError {}

/** 404: there is nothing of this id, or the token does not see it. */
export class NotFoundError extends ProblemError {}

/** 409: not as things stand, such as `wrong_account`, `seller_removed`, `not_ready`. */
export class ConflictError extends ProblemError {}

/** 410: nothing is known behind this position. */
export class GoneError extends ProblemError {}

/** 422: a parameter or field is wrong. */
export class InvalidError extends ProblemError {}

/** 429: ask again after `retryAfterSeconds`. */
export class TooManyRequestsError extends ProblemError {}

/** 502, 503 and 504: Sellerbeat, or eBay behind it, is away. Ask again after `retryAfterSeconds`. */
export class UnavailableError extends ProblemError {}

export const BY_STATUS: Readonly<Record<number, typeof ProblemError>> = {
  401: TokenRefusedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  410: GoneError,
  422: InvalidError,
  429: TooManyRequestsError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
};

/**
 * The feed does not go on behind the app's position: the database was restored, or the app was away for too long.
 * Say what to do by `new Feed(url, token, { gone })`: "oldest", "latest", or a function.
 */
export class FeedGoneError extends SellerbeatError {
  constructor(
    detail: string,
    readonly oldest: number,
    readonly latest: number,
    readonly feed: string,
  ) {
    super(`${detail}; nothing was skipped. Choose by the feed's option \`gone\` how to go on: oldest, anew or latest`);
  }
}

/** A handler raised so often that the app chose to stop. The position stands before the event, so nothing is lost. `cause`: what it raised. */
export class HandlerFailedError extends SellerbeatError {
  constructor(
    readonly eventId: string,
    readonly eventType: string,
    readonly position: number | null,
    readonly times: number,
    cause: unknown,
  ) {
    super(`the handler of ${eventType} ${eventId} (position ${position}) raised ${times} times; the position stands before it`, { cause });
  }
}

/**
 * A handler committed the app's transaction, or rolled it back. What was rolled back is handled again; after a commit `run` ends, as what comes
 * next would not be undone with what fails.
 */
export class TransactionEndedError extends SellerbeatError {
  constructor(
    who: string,
    readonly committed: boolean,
  ) {
    super(`${who} ${committed ? "committed" : "rolled back"} the transaction in which it ran: leave that to the feed, and throw to undo`);
  }
}

/** Another consumer moved this position meanwhile. What was begun here was undone. */
export class PositionMovedError extends SellerbeatError {
  constructor() {
    super("another consumer moved this position");
  }
}

/** A webhook is not from who has the secret, or not of now. Answer 401. */
export class SignatureError extends SellerbeatError {}

/** Rightly signed, and no delivery of Sellerbeat's: not JSON, or of another form. */
export class NotADeliveryError extends SellerbeatError {}
