// `brink resume RUN --steps N`: a longer run, to the bits of one that was made that long.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseSafetensors } from "../../src/record/index.ts";
import { brink, jsonLines, runFolders, scratch, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function folder(runsDir: string): string {
  return path.join(cwd, runsDir, runFolders(cwd, runsDir)[0]!);
}

/** Everything of a run but times, sessions and the folder's name. */
function outcome(runsDir: string): Record<string, unknown> {
  const dir = folder(runsDir);
  const checkpoints = readdirSync(path.join(dir, "checkpoints")).toSorted();
  const last = path.join(dir, "checkpoints", checkpoints.at(-1)!);
  const { tensors, metadata } = parseSafetensors(readFileSync(last), last);
  const summary = JSON.parse(readFileSync(path.join(dir, "summary.json"), "utf8")) as Record<string, unknown>;
  return {
    events: readFileSync(path.join(dir, "events.jsonl"), "utf8"),
    config: readFileSync(path.join(dir, "config.yaml"), "utf8"),
    checkpoints,
    metadata,
    tensors: [...tensors].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
    ]),
    summary: { ...summary, seconds: 0 },
  };
}

const everything =
  "landscape: true, noise: true, batchSharpness: { batches: 3 }, interaction: true, trace: true, stepSharpness: true";

it.each([
  ["gd", "{ name: gd, lr: 0.3 }", "{ every: 10, point: both, rayleigh: 1 }", 71],
  ["sgd", "{ name: sgd, lr: 0.1, batch: 6 }", `{ every: 10, point: both, probeEvery: 3, ${everything} }`, 51],
  ["midpoint", "{ name: sgd, lr: 0.1, batch: 6, sampling: with }", "{ every: 7, point: midpoint }", 63],
])("%s: a finished run goes on as if it had been made longer", async (name, optimizer, measure, steps) => {
  // The end of the short run lies on a measurement, whose midpoint only the longer run has.
  const settings = [
    `optimizer: ${optimizer}`,
    `measure: ${measure}`,
    `steps: ${steps}`,
    "checkpoint: { every: 20 }",
  ];
  const file = writeExperiment(cwd, name, settings);
  const whole = await brink(cwd, ["run", file, "-q", "--set", "steps=97", "--runs-dir", `${name}-whole`]);
  expect(whole.code, whole.stderr).toBe(0);
  await brink(cwd, ["run", file, "-q", "--runs-dir", name]);
  const { code, stdout, stderr } = await brink(cwd, [
    "resume",
    name,
    "--steps",
    "97",
    "--json",
    "--runs-dir",
    name,
  ]);
  expect(code, stderr).toBe(0);
  expect(outcome(name)).toEqual(outcome(`${name}-whole`));
  const fromStep = 20 * Math.floor(steps / 20);
  expect(jsonLines(stdout)[0]).toMatchObject({ type: "run", fromStep, steps: 97 });
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "summary", status: "finished", step: 97 });
  const { sessions } = JSON.parse(readFileSync(path.join(folder(name), "provenance.json"), "utf8")) as {
    sessions: readonly unknown[];
  };
  expect(sessions).toMatchObject([
    { fromStep: 0 },
    {
      fromStep,
      steps: 97,
      command: ["brink", "resume", name, "--steps", "97", "--json", "--runs-dir", name],
    },
  ]);
  expect(sessions[0]).not.toHaveProperty("steps");
});

it("an interrupted extension, a short run without another checkpoint, and zero steps end the same", async () => {
  const file = writeExperiment(cwd, "small", [
    "optimizer: { name: sgd, lr: 0.1, batch: 6 }",
    "steps: 30",
    "measure: { every: 8 }",
  ]);
  await brink(cwd, ["run", file, "-q", "--runs-dir", "whole", "--set", "steps=45"]);
  await brink(cwd, ["run", file, "-q", "--runs-dir", "short"]);
  const short = outcome("short");
  // Killed just after an extension had begun: it resumes to its old end.
  const summary = path.join(folder("short"), "summary.json");
  writeFileSync(summary, readFileSync(summary, "utf8").replace('"finished"', '"interrupted"'));
  expect((await brink(cwd, ["resume", "small", "-q", "--runs-dir", "short"])).code).toBe(0);
  expect(outcome("short")).toEqual(short);
  for (const steps of ["40", "45"]) {
    const { code } = await brink(cwd, ["resume", "small", "-q", "--runs-dir", "short", "--steps", steps]);
    expect(code).toBe(0);
  }
  expect(outcome("short")).toEqual(outcome("whole"));
  await brink(cwd, ["run", file, "-q", "--runs-dir", "none", "--set", "steps=0"]);
  expect((await brink(cwd, ["resume", "small", "-q", "--runs-dir", "none", "--steps", "45"])).code).toBe(0);
  expect(outcome("none")).toEqual(outcome("whole"));
});

it("says why a run cannot go on, and changes nothing then", async () => {
  const base = ["optimizer: { name: gd, lr: 0.2 }", "measure: { every: 10 }"];
  const cases: readonly (readonly [string, readonly string[], string, RegExp])[] = [
    ["longer", ["steps: 30"], "20", /a run cannot be shortened .*20.*more than the 30/s],
    ["stopped", ["steps: 30", "stop: { loss: 100 }"], "40", /stopped at step 1 by its `stop` rule/],
    ["alone", ["steps: 30", "checkpoint: { keep: 1 }"], "40", /kept only its last checkpoint/],
    ["longer", ["steps: 30"], "0", /whole number of at least 1/],
  ];
  for (const [name, settings, steps, message] of cases) {
    const runsDir = `refused-${name}`;
    const file = writeExperiment(cwd, name, [...base, ...settings]);
    await brink(cwd, ["run", file, "-q", "--runs-dir", runsDir]);
    const before = outcome(runsDir);
    const { code, stdout, stderr } = await brink(cwd, [
      "resume",
      name,
      "--steps",
      steps,
      "--runs-dir",
      runsDir,
    ]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(outcome(runsDir)).toEqual(before);
  }
  const file = writeExperiment(cwd, "burst", ["optimizer: { name: gd, lr: 50 }", "steps: 200"]);
  const identity = ["--set", "net.activation=identity", "-q"];
  await brink(cwd, ["run", file, ...identity, "--runs-dir", "burst"]);
  const diverged = await brink(cwd, ["resume", "burst", "--steps", "900", "--runs-dir", "burst"]);
  expect([diverged.code, diverged.stderr]).toEqual([2, expect.stringMatching(/diverged at step \d+/)]);
});
