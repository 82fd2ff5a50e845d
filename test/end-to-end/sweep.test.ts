// `brink sweep`: several processes, the same bits; killed, interrupted, damaged, failing, and run again.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSafetensors } from "../../src/record/index.ts";
import { brink, jsonLines, type Result, scratch, start } from "./brink.ts";

let cwd: string;

/** Writes an experiment; later settings are appended as they are. */
function experiment(name: string, settings: readonly string[]): string {
  const file = `${name}.yaml`;
  const text = [
    `name: ${name}`,
    "data: { name: chebyshev, degree: 3, n: 20 }",
    "net: { name: mlp, widths: [12], activation: tanh }",
    "precision: float64",
    ...settings,
  ];
  writeFileSync(path.join(cwd, file), `${text.join("\n")}\n`);
  return file;
}

const swept: readonly string[] = [
  "optimizer: { name: sgd, lr: 0.1, batch: 6 }",
  "sweep: { optimizer.batch: [6, full], seed: [0, 1] }",
];
/** Long enough to be killed in the middle, with all measurements on. */
const long: readonly string[] = [
  ...swept,
  "steps: 1500",
  "measure: { every: 20, point: both, probeEvery: 5, landscape: true, noise: true, batchSharpness: { batches: 3 }, " +
    "interaction: true, trace: { probes: 3 }, stepSharpness: true }",
  "checkpoint: { every: 40 }",
];

function runsIn(runsDir: string): string[] {
  return readdirSync(path.join(cwd, runsDir))
    .filter((name) => name !== "sweeps")
    .toSorted();
}

/** What must not depend on interruptions or on how many ran at once, by run: events and final tensors. */
function outcomes(runsDir: string): Map<string, unknown> {
  return new Map(
    runsIn(runsDir).map((run) => {
      const dir = path.join(cwd, runsDir, run);
      const last = readdirSync(path.join(dir, "checkpoints")).toSorted().at(-1)!;
      const { tensors } = parseSafetensors(readFileSync(path.join(dir, "checkpoints", last)), last);
      const bytes = [...tensors].map(([name, { data }]) => [
        name,
        Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
      ]);
      return [run, { events: readFileSync(path.join(dir, "events.jsonl"), "utf8"), last, bytes }];
    }),
  );
}

function manifest(runsDir: string, name: string): string {
  return path.join(cwd, runsDir, "sweeps", name, "sweep.json");
}

interface Done {
  readonly runs: readonly Record<string, unknown>[];
  readonly groups: readonly {
    label: string;
    runs: string[];
    metrics: Record<string, { n: number; mean: number }>;
  }[];
  readonly notStarted: readonly string[];
}

function done(result: Result): Done {
  const last = jsonLines(result.stdout).at(-1)!;
  expect(last["type"], result.stderr).toBe("done");
  return last as unknown as Done;
}

let whole: Map<string, unknown>;

beforeAll(async () => {
  cwd = scratch();
  experiment("long", long);
  const { code, stderr } = await brink(cwd, ["sweep", "long.yaml", "--jobs", "2", "--runs-dir", "whole"]);
  expect(code, stderr).toBe(0);
  whole = outcomes("whole");
  expect(whole.size).toBe(4);
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe("a sweep", () => {
  it("gives the same bits one at a time, says what was chosen, and groups over seeds", async () => {
    const { code, stdout, stderr } = await brink(cwd, [
      "sweep",
      "long.yaml",
      "--jobs",
      "1",
      "--runs-dir",
      "one",
    ]);
    expect(code, stderr).toBe(0);
    expect(outcomes("one")).toEqual(whole);
    const [first] = whole.values() as Iterator<{ events: string }> & Iterable<{ events: string }>;
    for (const name of ["alpha", "sharpeningNoiseVariance", "gni", "trace", "stepSharpness", "midpoint"]) {
      expect(first!.events).toContain(`"${name}"`);
    }
    expect(stdout).toMatch(/^edge +4 [a-z]/m);
    expect(stdout).toMatch(/^assumptions of the theory that fail +.*α ≤ 0 at \d+ %/m);
    expect(stderr).toContain("4 runs: 0 over, 4 to do, 1 at once with 1 thread each");
    expect(stdout).toMatch(/^group +runs +S_eq ± sd +2\/η +gap to 2\/η +gap to GD +loss\n/);
    expect(stdout).toMatch(/^batch 6 +2 +[\d.]+ ± [\d.]+ +20\.00 +[\d.]+ ± [\d.]+ +-?[\d.]+ ± [\d.]+ /m);
    expect(stdout).toMatch(/^full batch +2 .* – /m);
  });

  it("records the threads it fixed, and the command", () => {
    const dir = path.join(cwd, "whole", runsIn("whole")[0]!);
    expect(readFileSync(path.join(dir, "config.yaml"), "utf8")).toMatch(/^threads: 1$/m);
    expect(JSON.parse(readFileSync(path.join(dir, "provenance.json"), "utf8"))).toMatchObject({
      threads: 1,
      command: ["brink", "sweep", "long.yaml", "--jobs", "2", "--runs-dir", "whole"],
    });
  });

  it("run again starts nothing, adds nothing and says the same", async () => {
    const events = (): number[] =>
      runsIn("whole").map((run) => statSync(path.join(cwd, "whole", run, "events.jsonl")).mtimeMs);
    const before = events();
    const result = await brink(cwd, ["sweep", "long.yaml", "--json", "--runs-dir", "whole"]);
    expect([result.code, events()]).toEqual([0, before]);
    expect(done(result).runs.map(({ skipped, status }) => [skipped, status])).toEqual(
      Array.from({ length: 4 }, () => [true, "finished"]),
    );
    expect(jsonLines(result.stdout)[0]).toMatchObject({ type: "sweep", runs: 4, over: 4, threadsPerJob: 1 });
  });

  it("takes a new value up without repeating the old ones; other settings are other runs", async () => {
    const file = experiment("grow", ["steps: 30", "measure: { every: 10 }", "sweep: { seed: [0, 1] }"]);
    await brink(cwd, ["sweep", file, "--runs-dir", "grow"]);
    experiment("grow", ["steps: 30", "measure: { every: 10 }", "sweep: { seed: [0, 1, 2] }"]);
    const grown = done(await brink(cwd, ["sweep", file, "--json", "--runs-dir", "grow"]));
    expect(grown.runs.map(({ skipped }) => skipped)).toEqual([true, true, false]);
    const other = done(
      await brink(cwd, ["sweep", file, "--json", "--runs-dir", "grow", "--set", "steps=20"]),
    );
    expect(other.runs.map(({ skipped }) => skipped)).toEqual([false, false, false]);
    expect(runsIn("grow")).toHaveLength(6);
  });
});

describe("stopped", () => {
  /** Runs the sweep again until nothing is left, and compares with the undisturbed one. */
  async function completes(runsDir: string): Promise<Record<string, unknown>[]> {
    const result = await brink(cwd, ["sweep", "long.yaml", "--json", "--jobs", "2", "--runs-dir", runsDir]);
    expect(result.code, result.stderr).toBe(0);
    expect(outcomes(runsDir)).toEqual(whole);
    return jsonLines(result.stdout);
  }

  const args = ["sweep", "long.yaml", "--json"];

  function lockedBy(runsDir: string, run: string): number {
    const text = readFileSync(path.join(cwd, runsDir, run, "lock"), "utf8");
    return (JSON.parse(text) as { pid: number }).pid;
  }

  function isRunning(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  it("by kill -9, the same command completes it to the same bits", async () => {
    const { child, printed, result } = start(cwd, [...args, "--jobs", "2", "--runs-dir", "killed"]);
    await printed('"step":221,');
    child.kill("SIGKILL");
    await result;
    // At once: its processes may still be saving, which is waited for.
    await completes("killed");
  });

  it("by Ctrl-C: saves, exits with 130, and goes on from there", async () => {
    const { child, printed, result } = start(cwd, [...args, "--jobs", "2", "--runs-dir", "interrupted"]);
    await printed('"step":221,');
    child.kill("SIGINT");
    const stopped = await result;
    expect([stopped.code, stopped.stderr]).toEqual([
      130,
      expect.stringContaining("finishing the steps, saving"),
    ]);
    const { runs, notStarted } = done(stopped);
    // The second may not have come as far as a folder of its own.
    expect(runs.length + notStarted.length).toBe(4);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(["interrupted"]));
    const stoppedAt = runs.find(({ step }) => Number(step) > 220)!;
    const lines = await completes("interrupted");
    const started = lines.find(({ type, run }) => type === "run" && run === stoppedAt["run"]);
    expect(started).toMatchObject({ fromStep: stoppedAt["step"] });
  });

  it("by Ctrl-C twice: at once, its processes too", async () => {
    const endless = ["--set", "steps=100000000", "--set", "checkpoint.every=100000000"];
    const place = ["--jobs", "2", "--runs-dir", "twice-stopped"];
    const { child, printed, result } = start(cwd, [...args, ...endless, ...place]);
    await printed("long-b6-s0: started");
    await printed("long-b6-s1: started");
    const pids = runsIn("twice-stopped").map((run) => lockedBy("twice-stopped", run));
    // Jobs that cannot finish their step, as in the middle of a long solve.
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    child.kill("SIGINT");
    await printed("press Ctrl-C again");
    // Within a quarter of a second it would count as the same press.
    await new Promise((resolve) => {
      setTimeout(resolve, 400);
    });
    child.kill("SIGINT");
    const { code } = await result;
    expect(code).toBe(130);
    expect([pids.length, pids.filter(isRunning)]).toEqual([2, []]);
  });

  it("one process killed: the others go on, the loss is reported, and running again repairs it", async () => {
    const { printed, result } = start(cwd, [...args, "--jobs", "1", "--runs-dir", "crashed"]);
    await printed('"step":221,');
    const run = runsIn("crashed")[0]!;
    process.kill(lockedBy("crashed", run), "SIGKILL");
    const crashed = await result;
    expect(crashed.code).toBe(1);
    expect(crashed.stderr).toMatch(/warning: long-\S+ failed at step \d+: its process was ended by SIGKILL/);
    const statuses = done(crashed).runs.map(({ status }) => status);
    expect(statuses).toEqual(["failed", "finished", "finished", "finished"]);
    await completes("crashed");
  });
});

describe("what goes wrong", () => {
  const mixed: readonly string[] = [
    "steps: 20",
    "measure: { every: 10 }",
    "optimizer: { name: gd, lr: 0.2 }",
    "runs:",
    "  - { name: bad, set: { net.activation: identity, optimizer.lr: 50 } }",
    "  - { name: nofile, set: { net.init: { file: absent.safetensors } } }",
    "  - { name: good }",
  ];

  it("in one run does not stop the others: exit 1 when any failed, listed at the end", async () => {
    const result = await brink(cwd, ["sweep", experiment("mixed", mixed), "--runs-dir", "mixed"]);
    expect(result.code).toBe(1);
    const [, nofile] = result.stderr.split("\n").filter((line) => line.startsWith("warning:"));
    expect(result.stderr).toMatch(/^warning: mixed-bad diverged at step \d+.*; record: mixed\/mixed-bad-gd/m);
    expect(nofile).toMatch(/^warning: mixed-nofile failed at step 0: .*absent\.safetensors/);
    expect(result.stdout).toMatch(/^lr 50 .* 0 of 1 +– /m);
    expect(result.stdout).toMatch(/^lr 0\.2 .* 1 +[\d.]+ +10\.00 /m);
  });

  it("exits with 3 when some diverged and none failed, also when they had diverged before", async () => {
    const file = experiment(
      "burst",
      mixed.filter((line) => !line.includes("nofile")),
    );
    const first = await brink(cwd, ["sweep", file, "--json", "--runs-dir", "burst"]);
    expect([first.code, done(first).runs.map(({ status }) => status)]).toEqual([3, ["diverged", "finished"]]);
    const again = await brink(cwd, ["sweep", file, "--json", "--runs-dir", "burst"]);
    expect([again.code, done(again).runs.map(({ skipped }) => skipped)]).toEqual([3, [true, true]]);
  });

  it("with a batch larger than the data is found before anything starts, by the variant's name", async () => {
    const file = experiment("late", [
      "steps: 5",
      "optimizer: { name: sgd, lr: 0.1 }",
      "sweep: { optimizer.batch: [5, 21, 22] }",
    ]);
    const { code, stderr } = await brink(cwd, ["sweep", file, "--runs-dir", "late"]);
    expect([code, existsSync(path.join(cwd, "late"))]).toEqual([2, false]);
    expect(stderr).toMatch(/late-b21: .*larger than the training set/);
    expect(stderr).toMatch(/late-b22: .*larger than the training set/);
  });

  it("with the manifest is said, and mended from the run folders", async () => {
    const file = experiment("torn", ["steps: 10", "measure: { every: 10 }", "sweep: { seed: [0, 1] }"]);
    await brink(cwd, ["sweep", file, "--runs-dir", "torn"]);
    const good = readFileSync(manifest("torn", "torn"), "utf8");
    for (const bad of [
      good.slice(0, 40),
      "[]",
      good.replaceAll(/"run": "[^"]*"/g, '"run": "../../elsewhere"'),
    ]) {
      writeFileSync(manifest("torn", "torn"), bad);
      const result = await brink(cwd, ["sweep", file, "--json", "--runs-dir", "torn"]);
      expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("manifest is damaged")]);
      expect(done(result).runs.map(({ skipped }) => skipped)).toEqual([true, true]);
      expect(readFileSync(manifest("torn", "torn"), "utf8")).toBe(good);
    }
    rmSync(manifest("torn", "torn"));
    rmSync(path.join(cwd, "torn", runsIn("torn")[0]!), { recursive: true });
    const result = await brink(cwd, ["sweep", file, "--json", "--runs-dir", "torn"]);
    expect(done(result).runs.map(({ skipped }) => skipped)).toEqual([false, true]);
  });

  it("when it is started twice at once is one sentence", async () => {
    const args = ["sweep", "long.yaml", "--json", "--jobs", "1", "--runs-dir", "twice"];
    const { child, printed, result } = start(cwd, args);
    await printed('"type":"run"');
    const second = await brink(cwd, args);
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining("another process is at work on this sweep"),
    ]);
    child.kill("SIGINT");
    expect((await result).code).toBe(130);
  });

  it("with the folder of runs is one sentence before anything is trained", async () => {
    writeFileSync(path.join(cwd, "blocked"), "");
    const { code, stderr } = await brink(cwd, ["sweep", "long.yaml", "--runs-dir", "blocked"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/error: .*blocked.*cannot/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.skipIf(process.getuid?.() === 0)("with a read-only folder of runs too", async () => {
    mkdirSync(path.join(cwd, "readonly"), { mode: 0o555 });
    const { code, stderr } = await brink(cwd, ["sweep", "long.yaml", "--runs-dir", "readonly"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("cannot create the folder of the sweep")]);
  });

  it("with the arguments is bad usage", async () => {
    const none = await brink(cwd, ["sweep", "long.yaml", "--jobs", "0"]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("--jobs")]);
    const many = await brink(cwd, ["sweep", "long.yaml", "--threads-per-job", "100000"]);
    expect([many.code, many.stderr]).toEqual([2, expect.stringContaining("more threads than make sense")]);
    const byHand = await brink(cwd, ["work"]);
    expect([byHand.code, byHand.stderr]).toEqual([2, expect.stringContaining("brink sweep")]);
    expect((await brink(cwd, ["--help"])).stdout).not.toMatch(/^ {2}work/m);
  });
});
