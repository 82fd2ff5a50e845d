// `brink trajectory`: the record, the figures, SGD, and every way it says no.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brink, jsonLines, scratch, start, writeExperiment } from "./brink.ts";

let cwd: string;
/** Reaches the edge after about 400 steps. */
const quick = ["steps: 2000", "seed: 0"];

beforeAll(() => {
  cwd = scratch();
  writeExperiment(cwd, "edge", ["optimizer: { name: gd, lr: 0.25 }", ...quick]);
  writeExperiment(cwd, "noisy", [
    "optimizer: { name: sgd, lr: 0.25, batch: 16, sampling: without }",
    ...quick,
  ]);
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

interface Step {
  type: "step";
  step: number;
  real: Record<"loss" | "sharpness" | "x" | "y" | "distance", number>;
  reference: Record<"loss" | "sharpness" | "delta" | "epsilon", number>;
  predicted: Record<string, { deviation: number; errors: Record<string, number> }>;
  flow?: { loss: number; sharpness: number; distance: number };
  noise?: { zeta: number; norm: number };
  responses?: Record<string, number>;
}

const text = (...parts: string[]): string => readFileSync(path.join(cwd, ...parts), "utf8");

function stepsOf(folder: string): Step[] {
  return jsonLines(text(folder, "trajectory.jsonl")).filter(({ type }) => type === "step") as never;
}

describe("gradient descent", () => {
  it("finds the onset, follows the theory within a few per cent of δ, and keeps a full record", async () => {
    const flags = ["--steps", "40", "--kick", "0.8", "--response-every", "25"];
    const { code, stdout, stderr } = await brink(cwd, ["trajectory", "edge.yaml", ...flags]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/onset of the edge at step \d+: S = 8\.0/);
    expect(stdout).toMatch(/prediction +steps +max ‖v−v̂‖\/δ/);
    expect(stdout).toMatch(/generalised +40 +0\.0\d+/);
    expect(stdout).toContain("finished: 40 steps");
    const folder = "trajectory-edge";
    expect(readdirSync(path.join(cwd, folder)).toSorted()).toEqual(
      [
        "config.yaml",
        "onset.safetensors",
        "provenance.json",
        "summary.json",
        "trajectory.csv",
        "trajectory.jsonl",
        ...["coupling", "cycle", "loss", "sharpness"].flatMap((name) =>
          ["csv", "png", "svg"].map((kind) => `trajectory-${name}.${kind}`),
        ),
      ].toSorted(),
    );
    const steps = stepsOf(folder);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 41 }, (_, t) => t));
    for (const { real, reference, predicted, flow } of steps) {
      expect(reference.sharpness).toBeCloseTo(8, 3);
      expect(predicted["generalised"]!.deviation).toBeLessThan(0.1 * reference.delta);
      expect(flow!.loss).toBeLessThanOrEqual(real.loss);
    }
    expect(Object.keys(steps[40]!.responses!)).toEqual(["0", "25"]);
    const [header, ...rows] = text(folder, "trajectory.csv").trim().split("\n");
    expect(header).toContain("predicted.generalised.errors.deviation");
    expect(rows).toHaveLength(41);
    const column = header!.split(",").indexOf("real.loss");
    expect(Number(rows[7]!.split(",")[column])).toBe(steps[7]!.real.loss);
    const summary = JSON.parse(text(folder, "summary.json")) as Record<string, unknown>;
    expect(summary).toMatchObject({ status: "finished", step: 40 });
  });

  it("does not overwrite a tracked run unasked, starts again from its onset, and speaks JSON", async () => {
    const again = await brink(cwd, ["trajectory", "edge.yaml"]);
    expect([again.code, again.stdout]).toEqual([2, ""]);
    expect(again.stderr).toMatch(/there is a tracked run here already\. Choose another folder with --out/);
    const flags = ["--params", "trajectory-edge/onset.safetensors", "--out", "from-onset", "--steps", "3"];
    const rest = ["--no-flow", "--no-figures", "--forms", "code,plain", "--json", "--quiet"];
    const { code, stdout, stderr } = await brink(cwd, ["trajectory", "edge.yaml", ...flags, ...rest]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = jsonLines(stdout);
    expect(lines[0]).toMatchObject({ type: "header", version: 1, edge: 8 });
    expect(lines.find(({ type }) => type === "onset")).toMatchObject({ step: 0 });
    expect(lines.filter(({ type }) => type === "step")).toHaveLength(4);
    const done = lines.at(-1) as { forms: object };
    expect(done).toMatchObject({ type: "done", status: "finished", step: 3, dir: "from-onset" });
    expect(Object.keys(done.forms)).toEqual(["code", "plain"]);
    expect(stepsOf("from-onset")[0]!.flow).toBeUndefined();
  });

  it("keeps every step when interrupted", async () => {
    const running = start(cwd, ["trajectory", "edge.yaml", "--out", "cut", "--steps", "100000", "--json"]);
    await running.printed('"type":"step","step":3,');
    running.child.kill("SIGINT");
    const { code } = await running.result;
    expect(code).toBe(130);
    const rows = text("cut", "trajectory.csv").trim().split("\n");
    expect(rows.length - 1).toBe(stepsOf("cut").length);
    expect(JSON.parse(text("cut", "summary.json"))).toMatchObject({ status: "interrupted" });

    // The next step is the first of the resumed run, and the record is that of one run.
    const before = stepsOf("cut");
    const to = String(before.length + 3);
    const resume = ["trajectory", "edge.yaml", "--out", "cut", "--resume", "--no-figures", "--steps"];
    const resumed = await brink(cwd, [...resume, to]);
    expect(resumed.code, resumed.stderr).toBe(0);
    const all = stepsOf("cut");
    expect(all.slice(0, before.length)).toEqual(before);
    expect(all.map(({ step }) => step)).toEqual(Array.from({ length: before.length + 4 }, (_, t) => t));
    const [last, next] = all.slice(before.length - 1);
    expect(next!.reference.loss).toBeLessThan(last!.reference.loss);
    expect(text("cut", "trajectory.csv").trim().split("\n")).toHaveLength(all.length + 1);

    const other = await brink(cwd, [...resume, to, "--set", "optimizer.lr=0.24"]);
    expect(other.stderr).toMatch(/not the one that was tracked here/);
    const nothing = await brink(cwd, ["trajectory", "edge.yaml", "--resume", "--out", "nowhere"]);
    expect(nothing.stderr).toMatch(/no tracked run to resume here/);
    expect([other.code, nothing.code]).toEqual([2, 2]);
  }, 240_000);
});

describe("SGD", () => {
  it("tracks with its own noise, or with that of a second run", async () => {
    const flags = ["--steps", "12", "--kick", "0.8", "--no-flow", "--no-figures"];
    const same = await brink(cwd, ["trajectory", "noisy.yaml", "--out", "same", ...flags]);
    const separate = await brink(cwd, [
      "trajectory",
      "noisy.yaml",
      "--out",
      "separate",
      ...flags,
      "--separate-noise",
    ]);
    expect([same.code, separate.code], same.stderr + separate.stderr).toEqual([0, 0]);
    const [a, b] = [stepsOf("same"), stepsOf("separate")];
    expect(b.map(({ real }) => real)).toEqual(a.map(({ real }) => real));
    expect(b.map(({ reference }) => reference)).toEqual(a.map(({ reference }) => reference));
    expect(a[5]!.noise!.norm).toBeGreaterThan(0);
    const deviation = (steps: Step[]): number => steps.at(-1)!.predicted["enhanced"]!.deviation;
    expect(deviation(b)).toBeGreaterThan(deviation(a));
  });
});

describe("what cannot be tracked", () => {
  const refused = async (...args: string[]): Promise<[number | null, string]> => {
    const { code, stderr } = await brink(cwd, ["trajectory", ...args, "--out", "refused", "--no-figures"]);
    return [code, stderr];
  };

  it("says no onset within the budget, and which η would reach the edge", async () => {
    const [code, stderr] = await refused("edge.yaml", "--set", "steps=50");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /did not reach 8 within 50 steps \(received S = .*\)\. Allow more steps, or raise/,
    );
  });

  it("says a start beyond the edge", async () => {
    const [code, stderr] = await refused("edge.yaml", "--set", "optimizer.lr=3");
    expect(code).toBe(1);
    expect(stderr).toMatch(/starts beyond the edge already .*take η below/);
  });

  it("says α ≤ 0, with the number, where the gradient flow flattens at the edge", async () => {
    // This net sharpens to 8.6 over 850 steps, then flattens; at step 1,200 its sharpness is 8.342.
    writeExperiment(cwd, "flattening", [
      "optimizer: { name: gd, lr: 0.1 }",
      "steps: 1200",
      "measure: { every: 0 }",
    ]);
    const net = "{name: mlp, widths: [100], activation: tanh, init: xavier-normal, gain: 1.9, bias: zero}";
    const flatteningNet = ["--set", "data.degree=4", "--set", `net=${net}`];
    const trained = await brink(cwd, ["run", "flattening.yaml", "-q", "--json", ...flatteningNet]);
    const { dir } = jsonLines(trained.stdout).find(({ type }) => type === "run") as { dir: string };
    const params = path.join(dir, "checkpoints", "step-00001200.safetensors");
    const at = ["--params", params, "--set", "optimizer.lr=0.23977"];
    const [code, stderr] = await refused("flattening.yaml", ...flatteningNet, ...at);
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not apply at the start: α = -0\.010\d* is not positive/);
  }, 120_000);

  it("warns of noise beyond an equilibrium", async () => {
    const flags = ["--set", "optimizer.batch=2", "--kick", "0.8", "--steps", "30", "--no-flow"];
    const { code, stdout, stderr } = await brink(cwd, [
      "trajectory",
      "noisy.yaml",
      ...flags,
      "--out",
      "loud",
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/Noise along u: σ_u² 0\.\d+, η²σ_u²\/δ² \+ 3ε² [1-9]/);
    expect(stderr).toMatch(/warning: the noise is too strong for an equilibrium: .* reaches 1/);
  }, 120_000);

  it("warns of kinks", async () => {
    writeExperiment(cwd, "kinks", ["optimizer: { name: gd, lr: 0.25 }", "steps: 1"]);
    const [, stderr] = await refused("kinks.yaml", "--set", "net.activation=relu");
    expect(stderr).toMatch(/warning: relu has kinks: the theory needs three continuous derivatives/);
  });

  it("refuses unknown forms, noise without SGD, sweeps and folders it cannot make", async () => {
    expect(await refused("edge.yaml", "--forms", "generalized")).toEqual([
      2,
      expect.stringMatching(/Did you mean "generalised"\?/),
    ]);
    expect(await refused("edge.yaml", "--separate-noise")).toEqual([
      2,
      expect.stringMatching(/gradient descent has no noise/),
    ]);
    writeExperiment(cwd, "several", ["sweep: { seed: [0, 1] }"]);
    expect(await refused("several.yaml")).toEqual([2, expect.stringMatching(/tracking needs one/)]);
    const inside = await brink(cwd, ["trajectory", "edge.yaml", "--out", "edge.yaml/inside"]);
    expect(inside.code).toBe(1);
    expect(inside.stderr).toMatch(/cannot write the record: .*/);
  });
});

describe("an ensemble", () => {
  it("checks the mean-field closure over runs, writes its figure, and needs noise", async () => {
    const flags = ["--repeats", "3", "--steps", "60", "--kick", "0.8", "--out", "ensemble"];
    const { code, stdout, stderr } = await brink(cwd, ["trajectory", "noisy.yaml", ...flags]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/predicted, all steps +3 +/);
    expect(stdout).toMatch(/E y predicted from these:\n +mean-field +-0\.\d/);
    expect(stdout).toContain("finished: 60 steps");
    const names = readdirSync(path.join(cwd, "ensemble"));
    expect(names).toEqual(expect.arrayContaining(["meanfield.svg", "meanfield.csv", "meanfield.png"]));
    const steps = jsonLines(text("ensemble", "trajectory.jsonl")).filter(({ type }) => type === "step");
    expect(steps).toHaveLength(61);
    expect(steps[60]).toMatchObject({ real: [{}, {}, {}], predicted: [{}, {}, {}] });

    const alike = await brink(cwd, ["trajectory", "edge.yaml", "--repeats", "3", "--out", "none"]);
    expect(alike.code).toBe(2);
    expect(alike.stderr).toMatch(/gradient descent would all be the same/);
  }, 120_000);
});
