// Starting the command line as a user does: a process, in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const launcher = path.resolve(import.meta.dirname, "../../brink");

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that may still be running. */
export interface Running {
  readonly child: ChildProcess;
  readonly result: Promise<Result>;
  /** Resolves when stderr or stdout contains `text`; rejects when the process ends first. */
  readonly printed: (text: string) => Promise<void>;
}

/** An empty folder for one test. */
export function scratch(): string {
  return mkdtempSync(path.join(tmpdir(), "brink-cli-"));
}

/** Environment in which nothing of the developer's own settings is left. */
function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(BRINK_|NO_COLOR|VITEST|NODE_OPTIONS)/.test(name),
  );
  return { ...Object.fromEntries(own), ...extra };
}

/** Starts `./brink ...args` in `cwd`. */
export function start(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(launcher, args, { cwd, env: cleanEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      for (const listener of listeners) listener();
    });
  }
  const result = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...text }));
  });
  const printed = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!(text.stdout + text.stderr).includes(wanted)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      result
        .then(({ code, stderr }) =>
          reject(new Error(`ended (${code}) before printing "${wanted}": ${stderr}`)),
        )
        .catch(reject);
    });
  return { child, result, printed };
}

/** Runs `./brink ...args` in `cwd` to its end. */
export async function brink(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return start(cwd, args, env).result;
}

/** Lines of JSON on stdout, parsed. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Writes an experiment small enough to train in a second; `extra` is YAML added or overriding at the end. */
export function writeExperiment(cwd: string, name = "small", extra: readonly string[] = []): string {
  const file = `${name}.yaml`;
  const text = [
    `name: ${name}`,
    "data: { name: chebyshev, degree: 3, n: 20 }",
    "net: { name: mlp, widths: [12], activation: tanh }",
    "precision: float64",
    "threads: 1",
    ...extra,
  ];
  writeFileSync(path.join(cwd, file), `${text.join("\n")}\n`);
  return file;
}

/** Settings of a short GD run with a few measurements. */
export const shortGd: readonly string[] = [
  "optimizer: { name: gd, lr: 0.2 }",
  "steps: 60",
  "measure: { every: 10 }",
];

/** Names of the run folders in `runs/`. */
export function runFolders(cwd: string, runsDir = "runs"): string[] {
  return readdirSync(path.join(cwd, runsDir)).toSorted();
}

/** Text of a file in a run's folder. */
export function runFile(cwd: string, run: string, ...parts: string[]): string {
  return readFileSync(path.join(cwd, "runs", run, ...parts), "utf8");
}
