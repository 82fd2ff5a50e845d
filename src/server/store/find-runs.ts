// Which folders in a folder of runs are runs, and what the others are.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, fileError } from "../../node/files.ts";
import { RUN_FILES, type RunList } from "../../record/index.ts";

/** What a folder of runs holds. */
export interface Found {
  /** Names of run folders, sorted. */
  readonly runs: readonly string[];
  readonly ignored: RunList["ignored"];
}

/** Folders that belong to Brink, or that nobody would take for a run. */
const SILENT = /^(?:\..*|sweeps)$/;

/**
 * Looks into every folder of `root`; files beside them are passed over. An absent `root` holds nothing: the first run
 * makes it.
 *
 * @throws RunError when `root` cannot be read
 */
export async function findRunFolders(root: string): Promise<Found> {
  let names: string[];
  try {
    names = await readdir(root);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { runs: [], ignored: [] };
    throw fileError(error, "cannot read the folder of runs", root);
  }
  const runs: string[] = [];
  const ignored: { name: string; reason: string }[] = [];
  for (const name of names.sort()) {
    if (SILENT.test(name)) continue;
    const folder = join(root, name);
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) continue;
    const files = new Set(await readdir(folder).catch(() => []));
    const reason = whyNone(files);
    if (reason === null) runs.push(name);
    else ignored.push({ name, reason });
  }
  return { runs, ignored };
}

function whyNone(files: ReadonlySet<string>): string | null {
  const recorded = files.has(RUN_FILES.provenance) || files.has(RUN_FILES.events);
  if (files.has(RUN_FILES.config)) {
    return recorded ? null : `has a ${RUN_FILES.config}, but no record of a run`;
  }
  return recorded ? `a run without its ${RUN_FILES.config}` : "not a run";
}
