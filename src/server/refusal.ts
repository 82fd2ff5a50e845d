// Errors as HTTP answers: a status and one JSON object with the sentence and its parts.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { BrinkError, type ErrorDetail, InputError } from "../math/index.ts";
import type { ApiError } from "../record/index.ts";

/** A request that is not answered, with the status that says why. */
export class Refusal extends InputError {
  readonly status: ContentfulStatusCode;
  constructor(status: ContentfulStatusCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail);
    this.status = status;
  }
}

/** The answer to a request that failed. What is not one of our own errors is a defect: no details leave the process. */
export function refuse(c: Context, error: unknown): Response {
  if (!(error instanceof BrinkError)) {
    return c.json({ error: { message: "the server failed to answer this request" } } satisfies ApiError, 500);
  }
  const status = error instanceof Refusal ? error.status : error instanceof InputError ? 400 : 500;
  const { allowed, ...detail } = error.detail;
  const list =
    allowed === undefined ? {} : { allowed: typeof allowed === "string" ? allowed : allowed.join(" | ") };
  return c.json({ error: { message: error.message, ...detail, ...list } } satisfies ApiError, status);
}
