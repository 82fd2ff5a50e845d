// kill -9 at random moments, resume, again and again: the record ends up the same to the bit.
import { execFileSync, spawn } from "node:child_process";
import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { randomStream } from "../math/index.ts";
import { parseEvents } from "../record/index.ts";
import { readRun } from "./read-run.ts";

const child = fileURLToPath(new URL("kill.child.mjs", import.meta.url));
const layer = fileURLToPath(new URL(".", import.meta.url));
const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const everything =
  "probeEvery: 3, landscape: true, noise: true, batchSharpness: {batches: 4}, interaction: true, trace: true, stepSharpness: true, coupling: true";

function experiment(steps: number, measure: string): string {
  return `{name: killed, steps: ${steps}, optimizer: {name: sgd, lr: 0.02, batch: 2}, measure: {every: 7, point: both, ${measure}}, checkpoint: {every: 40}}`;
}

let root: string;

beforeAll(async () => {
  root = await nodeFs.mkdtemp(join(tmpdir(), "brink-kill-"));
  // The child runs compiled code; nothing to do when it is up to date.
  execFileSync(process.execPath, [compiler, "-b", layer]);
});

afterAll(async () => {
  await nodeFs.rm(root, { recursive: true, force: true });
});

interface Outcome {
  readonly killed: boolean;
  /** Folder of the run, once the child has said so. */
  readonly dir: string | null;
}

/** Runs the child, and kills it `killAfter` milliseconds after it has opened its run. */
async function runChild(
  text: string,
  mode: "create" | "resume",
  folder: string,
  killAfter: number | null,
): Promise<Outcome> {
  const spawned = spawn(process.execPath, [child, mode, folder, text], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  spawned.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  spawned.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (killAfter !== null) setTimeout(() => spawned.kill("SIGKILL"), killAfter);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    spawned.on("close", (_, signal) => resolve(signal));
  });
  if (signal === null) expect(errors).toBe("");
  return { killed: signal === "SIGKILL", dir: output === "" ? null : output.trim() };
}

async function recordOf(dir: string): Promise<{ events: string; parameters: Buffer }> {
  const checkpoints = await nodeFs.readdir(join(dir, "checkpoints"));
  return {
    events: await nodeFs.readFile(join(dir, "events.jsonl"), "utf8"),
    parameters: await nodeFs.readFile(join(dir, "checkpoints", checkpoints.sort().at(-1)!)),
  };
}

it.each([
  ["", experiment(1500, ""), 2],
  [" with all measurements on", experiment(1001, everything), 1],
])(
  "a run%s killed at random moments and resumed equals one that was left alone",
  async (name, text, trials) => {
    const { dir } = await runChild(text, "create", join(root, `whole${name}`), null);
    const whole = await recordOf(dir!);
    expect(whole.events.includes('"stepSharpness"')).toBe(name !== "");

    const random = randomStream(1, "kill");
    for (let trial = 0; trial < trials; trial++) {
      const first = await runChild(
        text,
        "create",
        join(root, `trial-${trial}${name}`),
        Math.floor(150 * random.uniform()),
      );
      let kills = first.killed ? 1 : 0;
      for (let attempt = 0; attempt < 8; attempt++) {
        // What a reader sees in between is always a prefix of the truth.
        const { events } = parseEvents(
          await nodeFs.readFile(join(first.dir!, "events.jsonl"), "utf8"),
          "events",
        );
        expect(parseEvents(whole.events, "whole").events.slice(0, events.length)).toEqual(events);
        await readRun(first.dir!);
        const { killed } = await runChild(text, "resume", first.dir!, Math.floor(150 * random.uniform()));
        kills += killed ? 1 : 0;
      }
      expect((await runChild(text, "resume", first.dir!, null)).killed).toBe(false);
      expect(kills).toBeGreaterThan(2);
      const record = await recordOf(first.dir!);
      expect(record.events).toBe(whole.events);
      expect(record.parameters.equals(whole.parameters)).toBe(true);
      expect((await readRun(first.dir!)).summary).toMatchObject({ status: "finished" });
    }
  },
  120_000,
);
