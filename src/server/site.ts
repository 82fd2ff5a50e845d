// The pages as files: a folder built by `npm run build:site`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { InputError } from "../math/index.ts";
import { pageHeaders } from "./headers.ts";
import { onlyOwnPages } from "./guard.ts";
import { Refusal, refuse } from "./refusal.ts";

/**
 * Answers with the files of `folder`, `index.html` for folders. What lies outside cannot be named: `..`, encoded or not,
 * is no part of any answered path.
 *
 * @param under path at which the app is mounted, such as `/some/where`
 * @throws InputError when the folder holds no pages
 */
export function siteApp(folder: string, under: string = ""): Hono {
  if (!existsSync(join(folder, "index.html"))) {
    throw new InputError("the pages are not built", { file: folder, hint: "Run: npm run build:site" });
  }
  const app = new Hono();
  app.use(pageHeaders, onlyOwnPages);
  app.use(
    "*",
    serveStatic({
      root: folder,
      allowPercentInPath: true,
      rewriteRequestPath: (path) => path.slice(under.length),
    }),
  );
  app.all("*", (c) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      throw new Refusal(405, "pages can only be read", { received: c.req.method, allowed: "GET" });
    }
    throw new Refusal(404, "there is no such page", { received: c.req.path });
  });
  app.onError((error, c) => refuse(c, error));
  return app;
}
