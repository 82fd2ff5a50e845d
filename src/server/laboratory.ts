// A folder of runs with everything that serves it, opened and closed together.
import { basename } from "node:path";
import type { Hono } from "hono";
import type { Job } from "../node/jobs.ts";
import { API_VERSION, type ServerInfo } from "../record/index.ts";
import { openAccess } from "./access.ts";
import { serverApp } from "./app.ts";
import { ExperimentQueue, type RunMessage, type RunTask } from "./experiment-queue.ts";
import { GapSource } from "./gap-source.ts";
import { siteApp } from "./site.ts";
import { StreamHub } from "./stream-hub.ts";
import { RunWatch } from "./store/run-watch.ts";
import { SeriesCache } from "./store/series-cache.ts";

/** What is served, to whom, and how runs are started. */
export interface LaboratoryOptions {
  /** Absolute folder of runs; it need not exist yet. */
  readonly root: string;
  /** Folder of the built pages; null for the interface alone. */
  readonly site: string | null;
  /** Version of Brink. */
  readonly brink: string;
  readonly startedAt: Date;
  /** Null: runs can only be looked at. */
  readonly allowRuns: {
    readonly startRun: (task: RunTask, hear: (message: RunMessage) => void) => Job;
    readonly lanes: number;
    readonly env: Readonly<Record<string, string | undefined>>;
  } | null;
  /** Milliseconds between looks at the folder; see `WatchOptions`. */
  readonly pollMs?: number;
}

/** An open laboratory. */
export interface Laboratory {
  readonly app: Hono;
  readonly watch: RunWatch;
  /** What to add to the address for a page that may write; empty where none may. */
  readonly query: string;
  readonly queue: ExperimentQueue | null;
  /** Ends streams and watching; saves and stops what runs. */
  close(): Promise<void>;
}

/**
 * Opens a folder of runs.
 *
 * @throws InputError when the folder of pages holds none
 */
export function openLaboratory(options: LaboratoryOptions): Laboratory {
  const { root, brink, startedAt, allowRuns } = options;
  const session = startedAt.getTime().toString(36);
  const site = options.site === null ? null : siteApp(options.site);
  const hub = new StreamHub(session);
  const access = allowRuns === null ? null : openAccess();
  const publish = hub.publish.bind(hub);
  const queue =
    allowRuns === null
      ? null
      : new ExperimentQueue({ ...allowRuns, publish, onControl: (run) => watch.retell(run) });
  const watch: RunWatch = new RunWatch({
    root,
    session,
    publish,
    ...(queue === null ? {} : { control: (id, entry) => queue.control(id, entry) }),
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
  });
  const info = (cookies: string | undefined): ServerInfo => ({
    version: API_VERSION,
    brink,
    mode: "live",
    runsDir: basename(root),
    allowRuns: access?.allows(cookies) ?? false,
    startedAt: startedAt.toISOString(),
  });
  const gap = new GapSource(watch);
  const read = {
    runs: watch,
    hub,
    info,
    series: new SeriesCache(),
    queue: () => queue?.queued() ?? [],
    gap: () => gap.page(),
  };
  return {
    app: serverApp({
      read,
      write: access === null || queue === null ? null : { access, queue, watch },
      site,
    }),
    watch,
    query: access?.query ?? "",
    queue,
    async close() {
      await queue?.close();
      hub.close();
      await watch.close();
    },
  };
}
