// Ctrl-C, kill -9, two at once: whatever happens, a run resumes to the bits it would have had.
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSafetensors } from "../../src/record/index.ts";
import { brink, runFile, runFolders, scratch, start, writeExperiment } from "./brink.ts";

let cwd: string;
/** events.jsonl and final tensors of uninterrupted runs, by experiment. */
const uninterrupted = new Map<string, { events: string; tensors: Map<string, string> }>();

const long: readonly string[] = [
  "measure: { every: 20, rayleigh: 1, point: both }",
  "checkpoint: { every: 40 }",
];
const experiments: Readonly<Record<string, readonly string[]>> = {
  gd: ["optimizer: { name: gd, lr: 0.3 }", "steps: 1500", ...long],
  shuffle: ["optimizer: { name: sgd, lr: 0.1, batch: 6, sampling: shuffle }", "steps: 1500", ...long],
  replacement: [
    "optimizer: { name: sgd, lr: 0.1, batch: 3, sampling: with }",
    "precision: float32",
    "steps: 1500",
    ...long,
  ],
};

beforeAll(async () => {
  cwd = scratch();
  for (const [name, settings] of Object.entries(experiments)) {
    // A repeated key would be an error, so the shared precision line is left out where the variant has its own.
    writeExperiment(cwd, name, settings);
    const file = path.join(cwd, `${name}.yaml`);
    const lines = readFileSync(file, "utf8").split("\n");
    const own = settings.some((line) => line.startsWith("precision"));
    writeFileSync(file, lines.filter((line) => !own || line !== "precision: float64").join("\n"));
  }
  for (const name of Object.keys(experiments)) {
    const { code, stderr } = await brink(cwd, ["run", `${name}.yaml`, "--runs-dir", "whole"]);
    expect(code, stderr).toBe(0);
    const folder = runFolders(cwd, "whole").find((id) => id.startsWith(`${name}-`))!;
    uninterrupted.set(name, outcome(path.join(cwd, "whole", folder)));
  }
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Everything a run's end must not depend on interruptions for. */
function outcome(dir: string): { events: string; tensors: Map<string, string> } {
  const last = readdirSync(path.join(dir, "checkpoints"))
    .filter((name) => name.endsWith(".safetensors"))
    .toSorted()
    .at(-1)!;
  const { tensors } = parseSafetensors(readFileSync(path.join(dir, "checkpoints", last)), last);
  const bytes = [...tensors].map(
    ([name, { data }]) =>
      [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")] as const,
  );
  return { events: readFileSync(path.join(dir, "events.jsonl"), "utf8"), tensors: new Map(bytes) };
}

/** Starts an experiment in a runs folder of its own and waits until it has trained for a while. */
async function interruptible(name: string, runsDir: string): Promise<ReturnType<typeof start>> {
  const running = start(cwd, ["run", `${name}.yaml`, "--json", "--runs-dir", runsDir]);
  await running.printed('"step":101,');
  return running;
}

async function resumeToEnd(name: string, runsDir: string): Promise<void> {
  const { code, stderr } = await brink(cwd, ["resume", name, "--runs-dir", runsDir]);
  expect(code, stderr).toBe(0);
  const dir = path.join(cwd, runsDir, runFolders(cwd, runsDir)[0]!);
  expect(outcome(dir)).toEqual(uninterrupted.get(name));
  const { sessions } = JSON.parse(readFileSync(path.join(dir, "provenance.json"), "utf8")) as {
    sessions: unknown[];
  };
  expect(sessions.length).toBeGreaterThan(1);
}

describe("Ctrl-C", () => {
  it("once: finishes the step, saves, exits with 130, and the run resumes to the same bits", async () => {
    const { child, result } = await interruptible("shuffle", "once");
    child.kill("SIGINT");
    const { code, signal, stdout, stderr } = await result;
    expect([code, signal]).toEqual([130, null]);
    expect(stderr).toContain("press Ctrl-C again to stop now");
    expect(stderr).toContain("continue with: brink resume once/shuffle-");
    expect(stdout).toContain('"status":"interrupted"');
    const list = JSON.parse((await brink(cwd, ["ls", "--runs-dir", "once", "--json"])).stdout) as {
      runs: { status: string; live: boolean; summary: { step: number } }[];
    };
    expect(list.runs).toMatchObject([{ status: "interrupted", live: false }]);
    expect(list.runs[0]!.summary.step).toBeLessThan(1500);
    await resumeToEnd("shuffle", "once");
  });

  it("delivered twice within milliseconds, as npm does, counts once", async () => {
    const { child, result } = await interruptible("gd", "doubled");
    child.kill("SIGINT");
    child.kill("SIGINT");
    const { code, stdout } = await result;
    expect([code, stdout.includes('"status":"interrupted"')]).toEqual([130, true]);
  });

  it("twice: stops at once, in the middle of a long measurement, and the run can still be resumed", async () => {
    writeFileSync(
      path.join(cwd, "slow.yaml"),
      `name: slow
data: { name: gaussians, n: 2000, features: 50 }
net: { name: mlp, widths: [400] }
measure: { every: 40, sharpness: { k: 40, tol: 1.0e-6, maxProducts: 100000 } }
`,
    );
    const { child, result, printed } = start(cwd, ["run", "slow.yaml", "--runs-dir", "twice"]);
    await printed("step 0/1000");
    child.kill("SIGINT");
    await printed("press Ctrl-C again");
    // Longer than the window in which a second signal counts as the same key press.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const pressed = performance.now();
    child.kill("SIGINT");
    const { code, signal, stdout } = await result;
    expect([code, signal, stdout]).toEqual([130, null, ""]);
    expect(performance.now() - pressed).toBeLessThan(2000);
    const again = start(cwd, ["resume", "slow", "--runs-dir", "twice"]);
    await again.printed("starting again from the beginning");
    again.child.kill("SIGKILL");
    await again.result;
  });

  it("during a sweep leaves the rest unstarted and says so", async () => {
    writeExperiment(cwd, "sweep", [...experiments["gd"]!, "sweep: { seed: [0, 1, 2] }"]);
    const { child, result } = await interruptible("sweep", "sweep");
    child.kill("SIGINT");
    const { code, stderr } = await result;
    expect(code).toBe(130);
    expect(stderr).toContain("not started: sweep-s1, sweep-s2");
    expect(runFolders(cwd, "sweep")).toHaveLength(1);
  });
});

describe("kill -9", () => {
  it.each(Object.keys(experiments))(
    "at any moment: %s resumes to the same bits, also twice in a row",
    async (name) => {
      const runsDir = `killed-${name}`;
      const first = await interruptible(name, runsDir);
      await new Promise((resolve) => setTimeout(resolve, 20 + 180 * Math.random()));
      first.child.kill("SIGKILL");
      await first.result;
      const second = start(cwd, ["resume", name, "--runs-dir", runsDir, "--json"]);
      await second.printed('"type":"measurement"');
      second.child.kill("SIGKILL");
      await second.result;
      await resumeToEnd(name, runsDir);
    },
  );

  it("survives a corrupt last line and a damaged newest checkpoint", async () => {
    const { child, result } = await interruptible("gd", "damaged");
    child.kill("SIGINT");
    await result;
    const dir = path.join(cwd, "damaged", runFolders(cwd, "damaged")[0]!);
    appendFileSync(path.join(dir, "events.jsonl"), '{"type":"step","st');
    const newest = readdirSync(path.join(dir, "checkpoints")).toSorted().at(-1)!;
    const file = path.join(dir, "checkpoints", newest);
    writeFileSync(file, readFileSync(file).subarray(0, 500));
    await resumeToEnd("gd", "damaged");
  });

  it("is shown by ls as killed, and resuming a finished run changes nothing", async () => {
    const { child, result } = await interruptible("gd", "listed");
    child.kill("SIGKILL");
    await result;
    const listed = await brink(cwd, ["ls", "--runs-dir", "listed"]);
    expect(listed.stdout).toMatch(/^gd-.* killed /m);
    await resumeToEnd("gd", "listed");
    const before = outcome(path.join(cwd, "listed", runFolders(cwd, "listed")[0]!));
    const again = await brink(cwd, ["resume", "gd", "--runs-dir", "listed"]);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("nothing to resume")]);
    expect(outcome(path.join(cwd, "listed", runFolders(cwd, "listed")[0]!))).toEqual(before);
  });
});

describe("two at once", () => {
  it("get folders of their own and the same events", async () => {
    const both = await Promise.all([1, 2].map(() => brink(cwd, ["run", "gd.yaml", "-q"])));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const folders = runFolders(cwd).filter((id) => id.startsWith("gd-"));
    expect(folders).toHaveLength(2);
    const [first, second] = folders.map((id) => runFile(cwd, id, "events.jsonl"));
    expect(first).toBe(uninterrupted.get("gd")!.events);
    expect(second).toBe(first);
  });

  it("cannot write the same run", async () => {
    const { child, result } = await interruptible("gd", "locked");
    const { code, stderr } = await brink(cwd, ["resume", "gd", "--runs-dir", "locked"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`process ${child.pid}`)]);
    child.kill("SIGKILL");
    await result;
  });
});
