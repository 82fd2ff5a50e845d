// Which run folders a user means: an id, a path, a pattern, or the beginning of an id.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { didYouMean, InputError } from "../math/index.ts";
import { RUN_FILES } from "../record/index.ts";
import { resolvePath } from "./host.ts";
import type { Io } from "./output.ts";
import { SWEEPS_FOLDER } from "./sweep/manifest.ts";

/** Ids of the runs in a folder, in name order; none when the folder does not exist. */
export function runIds(runsDir: string): string[] {
  if (!existsSync(runsDir)) return [];
  return readdirSync(runsDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isRunFolder(path.join(runsDir, entry.name)))
    .map((entry) => entry.name)
    .toSorted();
}

/** A folder is a run when it has the files every run starts with (events.jsonl comes a moment later). */
export function isRunFolder(folder: string): boolean {
  return [RUN_FILES.config, RUN_FILES.provenance].every((name) => existsSync(path.join(folder, name)));
}

/**
 * Absolute folders of the runs that `refs` name, in order, each once. A reference is an id in `runsDir`, a path to a
 * run folder, a pattern with `*` and `?` over ids, or an unambiguous beginning of an id.
 *
 * @throws InputError naming the reference, and the nearest id
 */
export function findRuns(io: Io, runsDir: string, refs: readonly string[]): string[] {
  const root = resolvePath(io, runsDir);
  const found = refs.flatMap((ref) => {
    const folders = matches(io, root, ref);
    // `runs/*` from a shell includes the folder of the sweeps, which holds no run of its own.
    const isSweeps = path.basename(ref) === SWEEPS_FOLDER && existsSync(resolvePath(io, ref));
    if (folders.length > 0 || (isSweeps && refs.length > 1)) return folders;
    throw unknownRun(root, runsDir, ref);
  });
  return [...new Set(found)];
}

/** The one run a reference names. Throws InputError when it names none or several. */
export function findRun(io: Io, runsDir: string, ref: string): string {
  const [first, ...others] = findRuns(io, runsDir, [ref]);
  if (others.length === 0) return first!;
  throw new InputError("names several runs", {
    received: ref,
    allowed: [first!, ...others].map((folder) => path.basename(folder)),
  });
}

function matches(io: Io, root: string, ref: string): string[] {
  const asPath = resolvePath(io, ref);
  if (isRunFolder(asPath)) return [asPath];
  if (ref !== "" && !ref.includes("/") && isRunFolder(path.join(root, ref))) return [path.join(root, ref)];
  // A pattern may carry the folder (`runs/gap-*`), as a shell that found no match hands it on.
  const folder = ref.includes("/") ? path.dirname(asPath) : root;
  const pattern = path.basename(ref);
  const ids = runIds(folder);
  const named = /[*?]/.test(pattern)
    ? ids.filter((id) => globPattern(pattern).test(id))
    : ids.filter((id) => pattern !== "" && id.startsWith(pattern));
  return named.map((id) => path.join(folder, id));
}

function globPattern(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

function unknownRun(root: string, runsDir: string, ref: string): InputError {
  const ids = runIds(root);
  if (ids.length === 0)
    return new InputError("no such run; there are none yet", { file: runsDir, received: ref });
  const hint = didYouMean(ref, ids);
  return new InputError("no such run", {
    file: runsDir,
    received: ref,
    hint: hint ?? "`brink ls` lists them",
  });
}
