// Reading runs from disk, tolerant of ones that are still being written or were killed.
import { join } from "node:path";
import { parse } from "yaml";
import { type ExperimentConfig, resolveConfig } from "../lab/index.ts";
import { InputError } from "../math/index.ts";
import {
  type MarkEvent,
  type MeasurementEvent,
  parseEvents,
  parseProvenance,
  parseSummary,
  type Provenance,
  RUN_FILES,
  type RunRecord,
  type RunSummary,
  type StepEvent,
} from "../record/index.ts";
import { diskFileSystem, errorCode, fileError, readIfPresent } from "./files.ts";
import { isLocked } from "./run-lock.ts";

/** A run as a list shows it. */
export interface RunListing {
  readonly id: string;
  readonly dir: string;
  /** Name in its configuration. */
  readonly name: string;
  /** Null before the first checkpoint, or when it cannot be read. */
  readonly summary: RunSummary | null;
  readonly createdAt: string | null;
  /** Whether a process is writing it now; a run that is `running` and not live was killed. */
  readonly live: boolean;
}

/** Text of a file, or null when there is none. */
async function textIfPresent(path: string): Promise<string | null> {
  return (await readIfPresent(path))?.toString("utf8") ?? null;
}

async function rawConfig(dir: string): Promise<Record<string, unknown>> {
  const path = join(dir, RUN_FILES.config);
  const text = await textIfPresent(path);
  if (text === null) throw new InputError(`not a run: it has no ${RUN_FILES.config}`, { file: dir });
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new InputError(`not valid YAML: ${error instanceof Error ? error.message : String(error)}`, {
      file: path,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError("not a configuration", { file: path });
  }
  return value as Record<string, unknown>;
}

/** summary.json of a run, or null before the first checkpoint. Throws InputError when it is damaged. */
export async function readSummary(dir: string): Promise<RunSummary | null> {
  const path = join(dir, RUN_FILES.summary);
  const text = await textIfPresent(path);
  return text === null ? null : parseSummary(text, path);
}

/** provenance.json of a run, or null when it is missing or damaged. */
export async function readProvenance(dir: string): Promise<Provenance | null> {
  const text = await textIfPresent(join(dir, RUN_FILES.provenance));
  return text === null ? null : parseProvenance(text);
}

/** The checked configuration of a run, ready to go on with. Throws InputError when it is not one. */
export async function readRunConfig(dir: string): Promise<ExperimentConfig> {
  return resolveConfig(await rawConfig(dir), join(dir, RUN_FILES.config));
}

/** A run's configuration as plain data, defaults filled in as far as it is valid. Throws InputError without one. */
export async function readPlainConfig(dir: string): Promise<Record<string, unknown>> {
  return filled(await rawConfig(dir));
}

/**
 * Reads a whole run. A half-written last event is left out; a run that has not begun has no events.
 *
 * @throws InputError when `dir` is no run, or a file of it is damaged beyond a cut-off end
 */
export async function readRun(dir: string): Promise<RunRecord> {
  const config = await readPlainConfig(dir);
  const path = join(dir, RUN_FILES.events);
  const { events } = parseEvents((await textIfPresent(path)) ?? "", path);
  const steps: StepEvent[] = [];
  const measurements: MeasurementEvent[] = [];
  const marks: MarkEvent[] = [];
  for (const event of events) {
    if (event.type === "step") steps.push(event);
    else if (event.type === "measurement") measurements.push(event);
    else if (event.type === "mark") marks.push(event);
  }
  const [summary, provenance] = [await readSummary(dir), await readProvenance(dir)];
  return { id: runId(dir), config, summary, steps, measurements, marks, provenance };
}

/**
 * The configuration with the defaults of settings that came after the run was made, so that it does not differ from
 * newer runs in what nobody set; as it is when it is no longer valid.
 */
function filled(config: Record<string, unknown>): Record<string, unknown> {
  try {
    return { ...resolveConfig(config, RUN_FILES.config) };
  } catch (error) {
    if (error instanceof InputError) return config;
    throw error;
  }
}

/** Name of a run: the last part of its folder's path. */
export function runId(dir: string): string {
  return (
    dir
      .replaceAll("\\", "/")
      .split("/")
      .findLast((part) => part !== "") ?? dir
  );
}

/** The runs in a folder, by creation time, oldest first; none when the folder does not exist. */
export async function listRuns(root: string): Promise<RunListing[]> {
  let names: string[];
  try {
    names = await diskFileSystem.readdir(root);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw fileError(error, "cannot list runs", root);
  }
  const listings: RunListing[] = [];
  for (const id of names.sort()) {
    const listing = await describe(id, join(root, id));
    if (listing !== null) listings.push(listing);
  }
  return listings.sort((a, b) => (a.createdAt ?? "").localeCompare(b.createdAt ?? ""));
}

/** One line of the list; null for what is no run. A damaged summary must not hide the other runs. */
async function describe(id: string, dir: string): Promise<RunListing | null> {
  try {
    const config = await rawConfig(dir);
    const summary = await readSummary(dir).catch(() => null);
    const provenance = await readProvenance(dir);
    return {
      id,
      dir,
      name: typeof config["name"] === "string" ? config["name"] : id,
      summary,
      createdAt: provenance?.createdAt ?? null,
      live: await isLocked(dir),
    };
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
