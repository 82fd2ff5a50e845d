// Who may ask: only pages of this very server, by its own name. Everything else in the browser is a stranger.
import type { MiddlewareHandler } from "hono";
import { Refusal } from "./refusal.ts";

/** Names of the loopback interface a reader may type. */
const NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Refuses requests under another host name (a foreign page whose name was pointed at this machine: DNS rebinding),
 * and requests that another origin's page sends.
 */
export const onlyOwnPages: MiddlewareHandler = async (c, next) => {
  const host = c.req.header("host") ?? "";
  if (!NAMES.has(host.replace(/:\d+$/, ""))) {
    throw new Refusal(403, "this server answers only under its own address", {
      field: "Host",
      received: JSON.stringify(host),
      allowed: "127.0.0.1 or localhost",
    });
  }
  const origin = c.req.header("origin");
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Refusal(403, "pages of other sites may not ask this server", {
      field: "Origin",
      received: JSON.stringify(origin),
    });
  }
  const site = c.req.header("sec-fetch-site");
  const navigation = c.req.method === "GET" && c.req.header("sec-fetch-mode") === "navigate";
  // A link somewhere else may lead here; a script or picture somewhere else may not load from here.
  if (site !== undefined && site !== "same-origin" && site !== "none" && !navigation) {
    throw new Refusal(403, "pages of other sites may not ask this server", {
      field: "Sec-Fetch-Site",
      received: site,
    });
  }
  await next();
};
