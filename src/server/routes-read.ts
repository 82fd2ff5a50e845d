// What can be asked of a server without changing anything; see record/serve-api for the addresses.
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { didYouMean } from "../math/index.ts";
import { runFindings } from "../figures/findings.ts";
import type { GapPage, QueuedRun, RunDetail, RunList, ServerInfo } from "../record/index.ts";
import { Refusal } from "./refusal.ts";
import type { StreamHub } from "./stream-hub.ts";
import type { RunSource } from "./store/run-watch.ts";
import type { SeriesCache } from "./store/series-cache.ts";
import { configText, type ServedRun } from "./store/served-run.ts";

/** What the routes look at. */
export interface Readable {
  readonly runs: RunSource;
  readonly series: SeriesCache;
  /** What is told as it happens; null where nothing does. */
  readonly hub: StreamHub | null;
  readonly info: (cookies: string | undefined) => ServerInfo;
  readonly queue: () => readonly QueuedRun[];
  readonly gap: () => Promise<GapPage>;
}

/** Milliseconds after which a silent stream says that it is alive. */
const HEARTBEAT_MS = 15_000;

/** Routes under `/api`. */
export function readRoutes({ runs, series, hub, info, queue, gap }: Readable): Hono {
  const app = new Hono();
  app.get("/info.json", (c) => c.json(info(c.req.header("cookie"))));
  app.get("/runs.json", async (c) => {
    await runs.ready;
    return c.json({ ...runs.list(), queue: queue() } satisfies RunList);
  });
  app.get("/runs/:id/run.json", async (c) =>
    c.json(await detail(runs, await runOf(runs, c.req.param("id")))),
  );
  app.get("/runs/:id/series.safetensors", async (c) => {
    const run = await runOf(runs, c.req.param("id"));
    const only = c.req.query("only");
    const block = await series.block(run, {
      only: only === undefined ? null : new Set(only.split(",")),
      from: c.req.query("from") ?? null,
    });
    return c.body(block, 200, { "Content-Type": "application/octet-stream", "Cache-Control": "no-store" });
  });
  app.get("/gap.json", async (c) => {
    await runs.ready;
    return c.json(await gap());
  });
  if (hub !== null) app.get("/stream", (c) => follow(c, hub, info));
  return app;
}

/** The stream of one page, from where it was cut off if that is still known. */
function follow(c: Context, hub: StreamHub, info: Readable["info"]): Response {
  return streamSSE(c, async (stream) => {
    const left = new AbortController();
    stream.onAbort(() => left.abort());
    let number = hub.after(c.req.header("last-event-id"));
    while (!left.signal.aborted) {
      const message = number === null ? null : hub.at(number);
      if (number === null || message === null) {
        // What was missed is not known any more, or nothing was read before: the reader starts anew from here.
        number = hub.next;
        const hello = { type: "hello", info: info(c.req.header("cookie")) };
        await stream.writeSSE({ id: hub.idOf(number - 1), data: JSON.stringify(hello) });
      } else if (message === undefined) {
        if (hub.closed) return;
        await hub.wait(HEARTBEAT_MS, left.signal);
        if (hub.at(number) === undefined) await stream.write(": still here\n\n");
      } else {
        await stream.writeSSE(message);
        number += 1;
      }
    }
  });
}

/**
 * The run with an id.
 *
 * @throws Refusal (404) naming the nearest id
 */
export async function runOf(runs: RunSource, id: string): Promise<ServedRun> {
  await runs.ready;
  const run = runs.get(id);
  if (run !== undefined) return run;
  const hint = didYouMean(
    id,
    runs.list().runs.map((entry) => entry.id),
  );
  throw new Refusal(404, "there is no such run", {
    received: JSON.stringify(id),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** One run in full. */
export async function detail(runs: RunSource, run: ServedRun): Promise<RunDetail> {
  const entry = runs.entry(run.id)!;
  const { config, provenance } = run;
  const findings = runFindings({ config, summary: entry.summary });
  return { entry, config, yaml: await configText(run.dir), provenance, findings };
}
