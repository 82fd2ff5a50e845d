// The whole server as one hono app: guards first, then the interface under /api, then the pages.
import { Hono } from "hono";
import { pageHeaders } from "./headers.ts";
import { onlyOwnPages } from "./guard.ts";
import { Refusal, refuse } from "./refusal.ts";
import { readRoutes, type Readable } from "./routes-read.ts";
import { type Writable, writeRoutes } from "./routes-write.ts";

/** What the app answers from. */
export interface AppParts {
  readonly read: Readable;
  /** Null: everything can only be looked at. */
  readonly write: Writable | null;
  /** The pages; null where there are none. */
  readonly site: Hono | null;
}

/** Puts the parts together. Opens nothing: who calls it starts and ends what the parts use. */
export function serverApp({ read, write, site }: AppParts): Hono {
  const app = new Hono();
  app.use(pageHeaders, onlyOwnPages);
  app.route("/api", readRoutes(read));
  app.route("/api", writeRoutes(write));
  app.all("/api/*", (c) => {
    throw new Refusal(404, "the server has no such address", { received: `${c.req.method} ${c.req.path}` });
  });
  if (write !== null) app.get("/", write.access.enter);
  if (site !== null) app.route("/", site);
  app.onError((error, c) => refuse(c, error));
  return app;
}
