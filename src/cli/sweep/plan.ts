// What a sweep has to do: every variant with its threads fixed, and the run there already is of it, if any.
import path from "node:path";
import { type ExpandedRun, type ExperimentConfig, runLabel } from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import { fileError } from "../../node/files.ts";
import { readRunConfig, readSummary } from "../../node/read-run.ts";
import { isLocked } from "../../node/run-lock.ts";
import type { RunSummary } from "../../record/index.ts";
import { runIds } from "../run-refs.ts";
import { configKey } from "./manifest.ts";

/** One run a sweep wants. */
export interface Variant {
  readonly name: string;
  /** Resolved, with the number of threads in it. */
  readonly config: ExperimentConfig;
  /** `configKey` of it. */
  readonly key: string;
}

/** A run on disk that has a variant's configuration. */
export interface ExistingRun {
  readonly run: string;
  readonly dir: string;
  /** Null before its first checkpoint, or when it cannot be read. */
  readonly summary: RunSummary | null;
}

/** A variant and where it stands. */
export interface PlannedRun extends Variant {
  readonly existing: ExistingRun | null;
}

/**
 * The variants with `threads: auto` replaced by one thread a job, or by `threadsPerJob`. Never a function of how
 * many jobs run at once: the thread count decides the order of sums, and with it the bits.
 */
export function pinThreads(runs: readonly ExpandedRun[], threadsPerJob: number | undefined): Variant[] {
  return runs.map(({ name, config }) => {
    const threads = threadsPerJob ?? (config.threads === "auto" ? 1 : config.threads);
    const pinned = { ...config, threads };
    return { name, config: pinned, key: configKey(pinned) };
  });
}

/** Most threads any variant uses. */
export function mostThreads(variants: readonly Variant[]): number {
  return Math.max(1, ...variants.map(({ config }) => Number(config.threads)));
}

/** Jobs at once by default: as many as the cores can hold, one on an accelerator, no more than there are runs. */
export function defaultJobs(variants: readonly Variant[], cores: number): number {
  const shared = variants.some(({ config }) => config.device === "webgpu" || config.device === "cuda");
  const fitting = shared ? 1 : Math.max(1, Math.floor(cores / mostThreads(variants)));
  return Math.min(fitting, Math.max(1, variants.length));
}

/** A run that is over needs nothing more; a diverged one would only diverge again. */
export function isOver(summary: RunSummary | null): boolean {
  return summary?.status === "finished" || summary?.status === "diverged";
}

/**
 * Looks up the run of every variant: the one the manifest names, else the furthest of those in the folder of runs
 * whose configuration is the same. Runs that another process is writing are only taken when the manifest names them.
 *
 * @throws RunError when the folder of runs cannot be read
 */
export async function findExisting(
  root: string,
  variants: readonly Variant[],
  named: (key: string) => string | undefined,
): Promise<PlannedRun[]> {
  const ids = idsIn(root);
  const planned: PlannedRun[] = [];
  for (const variant of variants) {
    const entry = named(variant.key);
    const known = entry === undefined || !ids.includes(entry) ? null : await matching(root, entry, variant);
    planned.push({ ...variant, existing: known ?? (await furthest(root, ids, variant)) });
  }
  return planned;
}

function idsIn(root: string): string[] {
  try {
    return runIds(root);
  } catch (error) {
    throw fileError(error, "cannot list the runs", root);
  }
}

async function furthest(root: string, ids: readonly string[], variant: Variant): Promise<ExistingRun | null> {
  // Without the four digits of the hash, which change when a later version adds a setting.
  const prefix = runLabel(variant.config).slice(0, -4);
  let best: ExistingRun | null = null;
  for (const id of ids) {
    if (!id.startsWith(prefix)) continue;
    const candidate = await matching(root, id, variant);
    if (candidate === null || (await isLocked(candidate.dir))) continue;
    if (best === null || progressOf(candidate) > progressOf(best)) best = candidate;
  }
  return best;
}

function progressOf({ summary }: ExistingRun): number {
  return isOver(summary) ? Infinity : (summary?.step ?? -1);
}

/** The run `id`, if its configuration is the variant's. */
async function matching(root: string, id: string, variant: Variant): Promise<ExistingRun | null> {
  const dir = path.join(root, id);
  try {
    if (configKey(await readRunConfig(dir)) !== variant.key) return null;
  } catch (error) {
    // A configuration that cannot be read, or is no longer valid, is not this one.
    if (error instanceof InputError) return null;
    throw error;
  }
  return { run: id, dir, summary: await readSummary(dir).catch(() => null) };
}
