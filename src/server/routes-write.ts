// What changes something: notes, and starting, pausing, resuming and stopping runs. Refused unless allowed.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { didYouMean, InputError, showValue } from "../math/index.ts";
import type { ExperimentRequest, ExperimentStarted, RunAction, RunNotes } from "../record/index.ts";
import type { Access } from "./access.ts";
import type { ExperimentQueue } from "./experiment-queue.ts";
import { Refusal } from "./refusal.ts";
import { runOf } from "./routes-read.ts";
import { checkNotes, writeNotes } from "./store/notes.ts";
import type { RunWatch } from "./store/run-watch.ts";

/** What the routes act on. */
export interface Writable {
  readonly access: Access;
  readonly queue: ExperimentQueue;
  readonly watch: RunWatch;
}

/** Bytes of a request: an experiment is a page of text. */
const LARGEST_BODY = 1 << 20;

const ACTIONS: readonly RunAction[] = ["pause", "resume", "stop"];

/** Routes under `/api`; with `write` null, each says that the server only shows. */
export function writeRoutes(write: Writable | null): Hono {
  const app = new Hono();
  const paths = ["/runs/:id/notes", "/runs/:id/action", "/experiments", "/experiments/:key/cancel"];
  for (const path of paths) {
    if (write === null) {
      app.all(path, () => {
        throw new Refusal(403, "this server only shows runs", { hint: "Start it with --allow-runs" });
      });
    } else {
      app.use(path, write.access.required, jsonOnly, limited);
    }
  }
  if (write === null) return app;
  const { queue, watch } = write;
  app.put("/runs/:id/notes", async (c) => {
    const run = await runOf(watch, c.req.param("id"));
    const notes = checkNotes(await body(c.req));
    await writeNotes(run.dir, notes);
    await watch.reread(run.id);
    return c.json(notes satisfies RunNotes);
  });
  app.post("/runs/:id/action", async (c) => {
    const run = await runOf(watch, c.req.param("id"));
    const { action } = fields(await body(c.req), ["action"]);
    const known = ACTIONS.find((name) => name === action);
    if (known === undefined) {
      throw new InputError("not an action", {
        field: "action",
        received: showValue(action),
        allowed: ACTIONS,
      });
    }
    queue.act(run, watch.entry(run.id)!, known);
    return c.json({}, 202);
  });
  app.post("/experiments", async (c) => {
    const { yaml, set } = experimentOf(await body(c.req));
    return c.json(queue.start(yaml, set ?? []) satisfies ExperimentStarted, 202);
  });
  app.post("/experiments/:key/cancel", (c) => {
    queue.cancel(c.req.param("key"));
    return c.json({}, 202);
  });
  for (const path of paths) {
    app.all(path, (c) => {
      const allowed = path.endsWith("notes") ? "PUT" : "POST";
      throw new Refusal(405, "not a way to ask this", { received: c.req.method, allowed });
    });
  }
  return app;
}

const limited = bodyLimit({
  maxSize: LARGEST_BODY,
  onError: () => {
    throw new Refusal(413, "the request is too large", { allowed: `at most ${LARGEST_BODY} bytes` });
  },
});

/** Forms of other pages can send text, not JSON: the browser asks first, and is refused. */
const jsonOnly = async (
  c: { req: { method: string; header: (name: string) => string | undefined } },
  next: () => Promise<void>,
): Promise<void> => {
  const type = c.req.header("content-type") ?? "";
  if (c.req.method !== "GET" && !/^application\/json(?:;|$)/i.test(type)) {
    throw new Refusal(415, "not JSON", {
      field: "Content-Type",
      received: JSON.stringify(type),
      allowed: "application/json",
    });
  }
  await next();
};

async function body(request: { text: () => Promise<string> }): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`the request is not JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

/** The fields of a request. Throws InputError for anything but an object with fields of these names. */
function fields<Name extends string>(value: unknown, names: readonly Name[]): Partial<Record<Name, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError("the request is not an object", { received: showValue(value) });
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name as Name));
  if (unknown === undefined) return value;
  const hint = didYouMean(unknown, names);
  throw new InputError("unknown field in the request", {
    field: unknown,
    allowed: names,
    ...(hint === undefined ? {} : { hint }),
  });
}

function experimentOf(value: unknown): ExperimentRequest {
  const { yaml, set = [] } = fields(value, ["yaml", "set"]);
  if (typeof yaml !== "string") {
    throw new InputError("not an experiment", {
      field: "yaml",
      received: showValue(yaml),
      allowed: "a text",
    });
  }
  if (!Array.isArray(set) || !set.every((each) => typeof each === "string")) {
    throw new InputError("not settings", {
      field: "set",
      received: showValue(set),
      allowed: "a list of texts",
    });
  }
  return { yaml, set };
}
