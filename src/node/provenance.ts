// Gathering a run's provenance: versions, machine, commit, command line.
import { execFile } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DataProvenance } from "../data/index.ts";
import type { Provenance, Session } from "../record/index.ts";

export interface ProvenanceOptions {
  /** Command line as typed, program first. */
  readonly command: readonly string[];
  /** Device the run computes on, and its threads. */
  readonly device: string;
  readonly threads: number;
  readonly seed: number;
  readonly data: { readonly name: string; readonly provenance: DataProvenance };
  readonly now: Date;
}

/** Root of the package: two levels above this file, in `src` as in `dist`. */
const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

/** Collects what a run was made with. Never fails: what cannot be found out is null. */
export async function collectProvenance(options: ProvenanceOptions): Promise<Provenance> {
  const { command, device, threads, seed, data, now } = options;
  return {
    version: 1,
    brink: (await packageVersion(join(packageRoot, "package.json"))) ?? "unknown",
    git: await gitState(),
    command,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    node: process.versions.node,
    onnxruntime: await onnxRuntimeVersion(),
    device,
    threads,
    seed,
    data: { name: data.name, checksum: data.provenance.checksum, notes: data.provenance.notes },
    createdAt: now.toISOString(),
    sessions: [{ startedAt: now.toISOString(), fromStep: 0, command }],
  };
}

/** The same provenance with one more session, for a resumed run. */
export function withSession(
  provenance: Provenance,
  session: { readonly now: Date } & Omit<Session, "startedAt">,
): Provenance {
  const { now, ...rest } = session;
  const added: Session = { startedAt: now.toISOString(), ...rest };
  return { ...provenance, sessions: [...provenance.sessions, added] };
}

async function packageVersion(path: string): Promise<string | null> {
  try {
    const { version } = JSON.parse(await readFile(path, "utf8")) as { version?: unknown };
    return typeof version === "string" ? version : null;
  } catch {
    return null;
  }
}

async function onnxRuntimeVersion(): Promise<string | null> {
  try {
    const require = createRequire(import.meta.url);
    // The entry is <package>/dist/index.js; package.json itself need not be exported.
    return await packageVersion(join(dirname(require.resolve("onnxruntime-node")), "..", "package.json"));
  } catch {
    return null;
  }
}

/** Commit of Brink's own checkout; null when it is installed as a package (inside someone else's repository, say). */
async function gitState(): Promise<Provenance["git"]> {
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)("git", ["-C", packageRoot, ...args], { timeout: 5000 });
    return stdout.trim();
  };
  try {
    const [top, root] = [
      await realpath(await git("rev-parse", "--show-toplevel")),
      await realpath(packageRoot),
    ];
    if (top !== root) return null;
    const commit = await git("rev-parse", "HEAD");
    return { commit, dirty: (await git("status", "--porcelain", "--untracked-files=no")) !== "" };
  } catch {
    return null;
  }
}
