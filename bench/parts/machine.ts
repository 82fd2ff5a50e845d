// What the numbers were taken on: processor, load, versions, commit. Recorded with every result.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const require = createRequire(import.meta.url);

/** Root of the checkout (the folder of package.json). */
export const root: string = path.dirname(require.resolve("brink/package.json"));

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** One-minute load average before the first measurement. */
  readonly loadBefore: number;
  readonly node: string;
  readonly onnxruntime: string;
  readonly brink: string;
  /** Commit measured; ends in "+changes" when the working tree differed from it. */
  readonly commit: string;
}

/** This machine, now. */
export function describeMachine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release().split("-")[0]} ${os.arch()}`,
    loadBefore: Number(os.loadavg()[0]!.toFixed(2)),
    node: process.versions.node,
    onnxruntime: packageVersion("onnxruntime-node/package.json"),
    brink: packageVersion("brink/package.json"),
    commit: commit(),
  };
}

/** A sentence when something else is using the machine, since then no number here means much. */
export function loadWarning(machine: Machine): string | undefined {
  if (machine.loadBefore <= 0.25 * machine.cores) return undefined;
  return (
    `The load average was ${machine.loadBefore} on ${machine.cores} cores before the start: ` +
    "other work shares this machine, trust the ratios more than the times, and neither much."
  );
}

function packageVersion(specifier: string): string {
  const file = JSON.parse(readFileSync(require.resolve(specifier), "utf8")) as { version: string };
  return file.version;
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const hash = git("rev-parse", "--short=12", "HEAD");
    // Results are rewritten by the measurement itself and say nothing about the code.
    const changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results");
    return changes === "" ? hash : `${hash}+changes`;
  } catch {
    return "unknown";
  }
}
