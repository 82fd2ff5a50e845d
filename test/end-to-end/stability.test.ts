// `brink stability`: what is trained, reported and drawn, and every kind of data or setting that leaves the theory little to say.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NamedTensor, serialiseSafetensors } from "../../src/record/index.ts";
import { brink, jsonLines, type Result, runFolders, scratch } from "./brink.ts";

let cwd: string;

/** A linear model on six points, for a few steps. */
const LINEAR = [
  "net: { name: mlp, widths: [], activation: identity, init: zeros, bias: false }",
  "loss: ce",
  "precision: float64",
  "threads: 1",
  "steps: 30",
  "measure: { every: 10, testEvery: 0, stability: { drift: { every: 5 } } }",
];

function experiment(name: string, lines: readonly string[]): string {
  writeFileSync(path.join(cwd, `${name}.yaml`), `name: ${name}\n${lines.join("\n")}\n`);
  return `${name}.yaml`;
}

/** An experiment on points of two features. */
function onPoints(name: string, points: readonly (readonly [x: number, y: number, label: number])[]): string {
  const tensors = new Map<string, NamedTensor>([
    ["x", { shape: [points.length, 2], data: Float64Array.from(points.flatMap(([x, y]) => [x, y])) }],
    ["y", { shape: [points.length], data: Int32Array.from(points, ([, , label]) => label) }],
  ]);
  writeFileSync(path.join(cwd, `${name}.safetensors`), serialiseSafetensors({ tensors, metadata: {} }));
  return experiment(name, [
    `data: { name: arrays, file: ${name}.safetensors }`,
    "optimizer: { name: sgd, lr: 5, batch: 2, sampling: with }",
    ...LINEAR,
  ]);
}

const separable = [
  [0.9, 0.1, 0],
  [0.8, 0.4, 0],
  [0.1, 0.9, 1],
  [-0.2, 0.7, 1],
] as const;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Trains and reports without figures. */
function stability(file: string, ...flags: string[]): Promise<Result> {
  return brink(cwd, ["stability", file, "--no-figures", "--jobs", "1", ...flags]);
}

interface Drift {
  readonly relative: number;
  readonly secondOrder: number;
}

interface Report {
  readonly groups: readonly { lr: number; batch: number; runs: string[]; bestLoss: { n: number } }[];
  readonly runs: readonly {
    theory: { reason: string | null; setting: { lr: number } | null };
    sets: { theorem: object | null; empirical: { exits: number } };
    problem: { largestNorm: number };
    drift: { points: number; exact: number };
  }[];
  readonly files: readonly string[];
}

function reportOf({ stdout }: Result): Report {
  return jsonLines(stdout).find(({ type }) => type === "stability") as unknown as Report;
}

describe("an experiment", () => {
  it("is trained, reported, drawn, and not trained again", async () => {
    const file = experiment("gauss", [
      "data: { name: gaussians, n: 30, features: 4, testN: 20 }",
      "optimizer: { name: sgd, lr: 20, sampling: with }",
      ...LINEAR.map((line) => line.replace("testEvery: 0", "testEvery: 1")),
      "sweep: { optimizer.batch: [1, 8] }",
    ]);
    const first = await brink(cwd, ["stability", file, "--jobs", "1"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/30 examples of 4 features in 3 classes, inputs up to length/);
    expect(first.stdout).toMatch(/^20 +1 +1 .* tail|^η +b +seeds +log₁₀ L at the end +tail exponent/m);
    expect(first.stdout).toContain("figures: stability-gauss/");
    for (const name of ["loss", "drift", "passages", "occupancy", "accuracy"]) {
      for (const kind of ["svg", "csv", "png"]) {
        expect(existsSync(path.join(cwd, "stability-gauss", `${name}.${kind}`)), name).toBe(true);
      }
    }
    const table = readFileSync(path.join(cwd, "stability-gauss", "table.md"), "utf8");
    expect(table).toMatch(/^\| 20 \| 8 \| 1 \|/m);
    const again = await brink(cwd, ["stability", file, "--jobs", "1", "--json", "--no-figures"]);
    expect(again.stderr).toContain("2 runs: 2 over, 0 to do");
    const { groups, runs } = reportOf(again);
    expect(groups.map(({ lr, batch, runs: ids }) => [lr, batch, ids.length])).toEqual([
      [20, 1, 1],
      [20, 8, 1],
    ]);
    expect(runs.map(({ drift }) => drift)).toEqual([
      { points: 7, exact: 7, undecided: 0, secondOrderError: expect.any(Number) as number },
      expect.objectContaining({ points: 7, exact: 0, undecided: expect.any(Number) }),
    ]);
    // The same runs by name, from an ordinary folder of runs.
    const own = await brink(cwd, ["stability", "--from", "gauss-*", "--json", "--no-figures"]);
    expect(reportOf(own).groups).toEqual(groups);
    const folders = runFolders(cwd).filter((name) => name.startsWith("gauss-"));
    expect(folders).toHaveLength(2);
    // And in the ordinary account of a run.
    const shown = await brink(cwd, ["show", folders[0]!]);
    expect(shown.stdout).toMatch(/^drift +E\[L′\] ≤ L first at step \d+; \d+ exits? since/m);
    expect(shown.stdout).toMatch(/^margin +margin γ = /m);
    await brink(cwd, ["report", folders[0]!, "--out", "page"]);
    expect(readFileSync(path.join(cwd, "page", "index.html"), "utf8")).toContain("E[L′] ≤ L first at step");
  }, 240_000);
});

describe("the exact drift on two threads", () => {
  it("is that of one to rounding, and the same to the bit every time", async () => {
    const runs: { readonly step: number; readonly drift: Drift }[][] = [];
    for (const [at, threads] of [1, 2, 2].entries()) {
      const name = `threads${at}`;
      const file = experiment(name, [
        "data: { name: gaussians, n: 450, features: 12 }",
        "optimizer: { name: sgd, lr: 20, batch: 1, sampling: with }",
        ...LINEAR.map((line) => line.replace("threads: 1", `threads: ${threads}`)),
      ]);
      const { code, stderr } = await brink(cwd, ["run", file]);
      expect(code, stderr).toBe(0);
      const folder = runFolders(cwd).find((run) => run.startsWith(`${name}-`))!;
      const events = jsonLines(readFileSync(path.join(cwd, "runs", folder, "events.jsonl"), "utf8"));
      runs.push(
        events.flatMap(({ step, stability }) => {
          const drift = (stability as { drift?: Drift } | undefined)?.drift;
          return drift === undefined ? [] : [{ step: step as number, drift }];
        }),
      );
    }
    const [one, two, again] = runs;
    expect(two).toHaveLength(7);
    expect(again).toEqual(two);
    for (const [k, { step, drift }] of two!.entries()) {
      expect(step).toBe(one![k]!.step);
      expect(drift).toMatchObject({ exact: true, batches: 450, stderr: 0 });
      expect(Math.abs(drift.relative / one![k]!.drift.relative - 1)).toBeLessThan(1e-4);
      expect(Math.abs(drift.secondOrder / one![k]!.drift.secondOrder - 1)).toBeLessThan(1e-5);
    }
    // Not one thread under another name.
    expect(two).not.toEqual(one);
  }, 240_000);
});

describe("data and steps that leave the theory little to say:", () => {
  it("inputs longer than 1 are read as the same run at another learning rate; unitBall scales them and says by how much", async () => {
    const file = onPoints(
      "long",
      separable.map(([x, y, label]) => [4 * x, 4 * y, label]),
    );
    const { code, stdout, stderr } = await stability(file);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/inputs are as long as 3\.6\d*: bounds are those .* at learning rate 6[45]\./);
    const scaled = await stability(file, "--set", "data.unitBall=true", "--json");
    expect(scaled.stderr).toMatch(/inputs divided by 3\.6\d*, the largest norm of a training input/);
    expect(reportOf(scaled).runs[0]!.problem.largestNorm).toBeCloseTo(1, 12);
  }, 240_000);

  it.each([
    ["classes that overlap", [...separable, [0.9, 0.1, 1]], /no theorem applies: .*not .*separable/],
    ["one class", separable.map(([x, y]) => [x, y, 0]), /no theorem applies: .*one class/],
    ["a zero vector", [...separable, [0, 0, 1]], /no theorem applies: 1 of the inputs .* zero vector/],
  ] as const)(
    "%s",
    async (what, points, sentence) => {
      const name = what.replaceAll(" ", "-");
      const { code, stdout, stderr } = await stability(onPoints(name, points as never));
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(sentence);
      // What is defined without a margin is there all the same.
      expect(stdout).toMatch(/^5 +2 +1 +-?\d/m);
      expect(stdout).not.toMatch(/NaN|nan\b|Infinity/);
    },
    120_000,
  );

  it("a step so large that numbers overflow ends the run with a sentence, and what came before is reported", async () => {
    const { code, stdout, stderr } = await stability(
      onPoints("huge", separable),
      "--set",
      "optimizer.lr=1e300",
    );
    expect(code, stderr).toBe(3);
    expect(stderr).toMatch(/huge diverged at step \d+: the loss \S+ exceeded/);
    expect(stdout).toMatch(/in no mean: huge-\S+ \(diverged\)/);
    expect(stdout).not.toMatch(/NaN|nan\b|Infinity/);
  }, 120_000);
});

describe("what cannot be asked is one sentence and exit code 2:", () => {
  it.each([
    [
      "squared error",
      ["mse.yaml"],
      /loss: .*received "?mse"?; allowed: ce with measure\.stability, because stable sets are a theory/,
    ],
    ["no file", [], /an experiment file is missing.*--from/],
    ["a file and runs", ["mse.yaml", "--from", "x"], /either a file or --from/],
    ["runs that are not there", ["--from", "nothing-*"], /no such run/],
  ])(
    "%s",
    async (_, args, sentence) => {
      experiment("mse", ["data: { name: chebyshev }", "loss: mse"]);
      const { code, stdout, stderr } = await brink(cwd, ["stability", ...args]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(sentence);
    },
    60_000,
  );
});
