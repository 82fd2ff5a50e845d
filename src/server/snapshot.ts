// The answers of a server about some runs, as files: a folder that any static host serves, read-only.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError, RunError } from "../math/index.ts";
import { fileError } from "../node/files.ts";
import { API, API_VERSION, type RunEntry, type RunList, type ServerInfo } from "../record/index.ts";
import { GapSource } from "./gap-source.ts";
import { PAGE_HEADERS } from "./headers.ts";
import { readRoutes } from "./routes-read.ts";
import { byAge, type RunSource } from "./store/run-watch.ts";
import { SeriesCache } from "./store/series-cache.ts";
import { ServedRun } from "./store/served-run.ts";

/** What a snapshot holds, and where it goes. */
export interface SnapshotOptions {
  /** Absolute folders of runs. */
  readonly folders: readonly string[];
  /** Folder of the built pages. */
  readonly site: string;
  /** Absolute folder to write; it must be new, empty, or an earlier snapshot. */
  readonly out: string;
  readonly brink: string;
  readonly madeAt: Date;
  readonly onRun?: (entry: RunEntry) => void;
}

/** Says that a folder is a snapshot, which may be replaced. */
const MARK = "brink-site.json";

/**
 * Writes the pages and, under the addresses they ask for, what a server would answer. Returns the files' number.
 *
 * @throws InputError when two runs have the same id, or `out` holds something else
 * @throws RunError when it cannot be written
 */
export async function writeSnapshot(options: SnapshotOptions): Promise<number> {
  const { folders, site, out, brink, madeAt, onRun } = options;
  const runs = await fixedRuns(folders);
  checkTarget(out);
  const info: ServerInfo = {
    version: API_VERSION,
    brink,
    mode: "snapshot",
    runsDir: folders.length === 0 ? "" : basename(dirname(folders[0]!)),
    allowRuns: false,
    startedAt: madeAt.toISOString(),
  };
  const gap = new GapSource(runs);
  const app = readRoutes({
    runs,
    series: new SeriesCache(),
    hub: null,
    info: () => info,
    queue: () => [],
    gap: () => gap.page(),
  });
  let files = 0;
  const save = async (address: string): Promise<void> => {
    const answer = await app.request(address.replace(/^api/, ""));
    if (!answer.ok) throw new RunError("a part of the snapshot could not be made", { field: address });
    const path = join(out, decodeURIComponent(address));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, new Uint8Array(await answer.arrayBuffer()));
    files += 1;
  };
  try {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, MARK), `${JSON.stringify({ brink, madeAt: madeAt.toISOString() })}\n`);
    cpSync(site, out, { recursive: true });
    writeFileSync(join(out, "_headers"), headersFile());
    for (const address of [API.info, API.runs, API.gap]) await save(address);
    for (const entry of runs.list().runs) {
      onRun?.(entry);
      await save(API.run(entry.id));
      await save(API.series(entry.id));
    }
  } catch (error) {
    throw fileError(error, "cannot write the snapshot", out);
  }
  return files;
}

/** Runs as they are now. */
async function fixedRuns(folders: readonly string[]): Promise<RunSource> {
  const runs = new Map<string, ServedRun>();
  for (const folder of folders) {
    const run = new ServedRun(folder, "snapshot");
    const other = runs.get(run.id);
    if (other !== undefined) {
      throw new InputError("two runs have the same id; a site tells runs apart by it", {
        received: `${other.dir} and ${folder}`,
        hint: "Leave one out, or rename its folder",
      });
    }
    if ((await run.refresh()) === null) throw new InputError("no such run", { file: folder });
    await run.follow();
    runs.set(run.id, run);
  }
  const entryOf = (run: ServedRun): RunEntry => run.entry(false, []);
  return {
    ready: Promise.resolve(),
    list: () =>
      ({ runs: [...runs.values()].map(entryOf).sort(byAge), ignored: [] }) satisfies Partial<RunList>,
    get: (id) => runs.get(id),
    entry: (id) => {
      const run = runs.get(id);
      return run === undefined ? undefined : entryOf(run);
    },
  };
}

/** A folder full of something else must not be mixed with a site. */
function checkTarget(out: string): void {
  if (!existsSync(out) || existsSync(join(out, MARK))) return;
  let names: string[];
  try {
    names = readdirSync(out);
  } catch (error) {
    throw fileError(error, "cannot write the snapshot", out);
  }
  if (names.length === 0) return;
  throw new InputError("the folder holds something else than a site", {
    file: out,
    received: names.slice(0, 3).join(", "),
    hint: "Name a new or an empty one",
  });
}

/** The headers in the form several static hosts read from a file of this name. */
function headersFile(): string {
  const isolating = Object.entries(PAGE_HEADERS).filter(([name]) => name.startsWith("Cross-Origin-"));
  return ["/*", ...isolating.map(([name, value]) => `  ${name}: ${value}`), ""].join("\n");
}
