// Data, settings and arguments that leave little to measure: defined, said in a sentence, never a silent NaN.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MeasurementEvent, type NamedTensor, serialiseSafetensors } from "../../src/record/index.ts";
import { brink, jsonLines, type Result, runFile, runFolders, scratch, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const EVERYTHING =
  "measure: { every: 10, point: both, landscape: true, noise: true, batchSharpness: true, interaction: true, " +
  "trace: true, stepSharpness: true }";

/** An experiment on 20 examples of three inputs with the given targets (integers are labels); everything measured. */
function onArrays(
  name: string,
  x: (i: number) => number,
  y: NamedTensor,
  net = "{ name: mlp, widths: [12], activation: tanh }",
): string {
  const inputs = { shape: [20, 3], data: Float64Array.from({ length: 60 }, (_, i) => x(i)) };
  const tensors = new Map<string, NamedTensor>([
    ["x", inputs],
    ["y", y],
  ]);
  writeFileSync(path.join(cwd, `${name}.safetensors`), serialiseSafetensors({ tensors, metadata: {} }));
  const text = [
    `name: ${name}`,
    `data: { name: arrays, file: ${name}.safetensors }`,
    `net: ${net}`,
    "optimizer: { name: sgd, lr: 0.1, batch: 5 }",
    "steps: 30",
    "precision: float64",
    "threads: 1",
    EVERYTHING,
  ];
  writeFileSync(path.join(cwd, `${name}.yaml`), `${text.join("\n")}\n`);
  return `${name}.yaml`;
}

/** n×k real targets. */
function targets(outputs: number, at: (i: number) => number): NamedTensor {
  return { shape: [20, outputs], data: Float64Array.from({ length: 20 * outputs }, (_, i) => at(i)) };
}

/** Trains, checks that no output has a NaN, and returns what was printed and measured. */
async function trained(file: string, ...set: string[]): Promise<Result & { events: MeasurementEvent[] }> {
  const runsDir = `runs-${file}-${set.join("-").replaceAll(/[^a-z0-9-]/g, "")}`;
  const sets = set.flatMap((each) => ["--set", each]);
  const result = await brink(cwd, ["run", file, "--runs-dir", runsDir, ...sets]);
  expect(result.code, result.stderr).toBe(0);
  const text = readFileSync(path.join(cwd, runsDir, runFolders(cwd, runsDir)[0]!, "events.jsonl"), "utf8");
  expect(text + result.stdout).not.toMatch(/NaN|nan\b|Infinity|∞|not finite/);
  const events = (jsonLines(text) as unknown as MeasurementEvent[]).filter(
    ({ type }) => type === "measurement",
  );
  expect(events.length).toBeGreaterThan(4);
  return { ...result, events };
}

const wave = (i: number): number => Math.sin(1.7 * i);

describe("a batch", () => {
  it("larger than the data is refused before anything is made, with the largest possible", async () => {
    const file = writeExperiment(cwd, "large", ["optimizer: { name: sgd, lr: 0.1, batch: 21 }", "steps: 5"]);
    for (const command of [
      ["run", file],
      ["sweep", file],
      ["measure", "--config", file, "--all"],
    ]) {
      const { code, stdout, stderr } = await brink(cwd, command);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(
        /larger than the training set \(received 21; allowed: whole numbers from 1 to 20, or full\)/,
      );
    }
  });

  it.each(["shuffle", "without", "with"])(
    "of all examples (%s): no noise without repeats, and all defined",
    async (sampling) => {
      const file = writeExperiment(cwd, `full-${sampling}`, [
        `optimizer: { name: sgd, lr: 0.05, batch: 20, sampling: ${sampling} }`,
        "steps: 30",
        EVERYTHING,
      ]);
      const { events } = await trained(file);
      for (const { noiseVariance, batchSharpness, stepSharpness, directionalSharpness, point } of events) {
        expect([noiseVariance!.shuffle["20"], noiseVariance!.without["20"]]).toEqual([0, 0]);
        expect(noiseVariance!.with["20"]).toBeGreaterThan(0);
        expect(batchSharpness!["20"]!.mean).toBeTypeOf("number");
        if (sampling !== "with") {
          expect(batchSharpness!["20"]).toMatchObject({ stderr: 0, certified: true, batches: 1 });
          if (point === "iterate") expect(stepSharpness).toBe(directionalSharpness);
        }
      }
    },
  );
});

describe("data", () => {
  it("of one class can be fitted, and the user hears of it", async () => {
    const one = onArrays("one", wave, { shape: [20], data: new Int32Array(20) });
    const { stderr, events } = await trained(one);
    expect(stderr).toContain("every training example is of class 0: there is nothing to tell apart");
    expect(events.at(-1)!.loss).toBeLessThan(events[0]!.loss!);
    // Three outputs of which one is always right: cross-entropy has its minimum at infinity and collapses.
    const three = onArrays(
      "three",
      wave,
      targets(3, (i) => (i % 3 === 0 ? 1 : 0)),
    );
    const collapsing = await trained(three, "loss=ce");
    expect(collapsing.events.at(-1)!.sharpness).toBeLessThan(collapsing.events[0]!.sharpness!);
  });

  it("on which the loss is flat: S = 0, one warning, a verdict that says so, the rest undefined", async () => {
    const net = "{ name: mlp, widths: [4], activation: tanh, bias: false }";
    const flat = onArrays(
      "flat",
      () => 0,
      targets(2, () => 0),
      net,
    );
    for (const optimizer of ["sgd", "gd"]) {
      const more = optimizer === "gd" ? ["optimizer.name=gd", "optimizer.batch=full"] : [];
      const { stdout, events } = await trained(flat, ...more);
      expect(stdout).toMatch(/^edge +Flat: sharpness ends at 0, .*no edge to reach\.$/m);
      expect(stdout.match(/^warning .*/gm)).toEqual([
        expect.stringMatching(/^warning +at 2 of 2 measured midpoints: The sharpness is 0: the loss is flat/),
      ]);
      for (const event of events) {
        expect(event).toMatchObject({
          sharpness: 0,
          alpha: null,
          beta: null,
          delta: null,
          trace: 0,
        });
        expect(event.noiseVariance!.with["1"]).toBe(0);
        if (event.point === "iterate") expect(event.stepSharpness).toBeNull();
      }
    }
    const { code, stdout } = await brink(cwd, ["measure", "--config", flat, "--all", "-q"]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/nan/i);
    expect(stdout).toMatch(/^sharpeningNoiseVariance b=5 +with undefined here +without undefined here/m);
  });

  it("on which the top eigenvalue is double: no landscape of an arbitrary eigenvector, and a sentence why", async () => {
    // Linear regression with two outputs: every eigenvalue of XᵀX/n appears once for each.
    const net = "{ name: mlp, widths: [], activation: identity }";
    const double = onArrays("double", wave, targets(2, Math.cos), net);
    const { stdout, events } = await trained(double);
    for (const event of events) {
      expect(Math.abs(event.lambda2! / event.sharpness! - 1)).toBeLessThan(1e-3);
      expect(event).toMatchObject({ alpha: null, beta: null, kappa: null, delta: null, epsilon: null });
    }
    expect(stdout).toMatch(/^α +progressive sharpening: undefined at the last midpoints$/m);
    expect(stdout.match(/^warning .*/gm)).toEqual([
      expect.stringMatching(/S = \S+ and λ₂ = \S+ are one eigenvalue to the accuracy of the solver/),
    ]);
    const { stderr } = await brink(cwd, ["measure", "--config", double, "--landscape"]);
    expect(stderr).toMatch(/warning: S = \S+ and λ₂ = \S+ are one eigenvalue/);
  });
});

describe("runs", () => {
  it("none to compare or report on", async () => {
    mkdirSync(path.join(cwd, "empty"), { recursive: true });
    for (const command of ["compare", "report", "show", "resume"]) {
      const without = await brink(cwd, [command]);
      expect([without.code, without.stderr]).toEqual([
        2,
        expect.stringContaining("missing required argument"),
      ]);
      const nothing = await brink(cwd, [command, "*", "--runs-dir", "empty"]);
      expect([nothing.code, nothing.stdout]).toEqual([2, ""]);
      expect(nothing.stderr).toContain("no such run; there are none yet");
    }
  });

  it("of different problems in one figure or table: what differs is named, with a warning", async () => {
    const base = ["optimizer: { name: gd, lr: 0.2 }", "steps: 20", "measure: { every: 10 }"];
    const file = writeExperiment(cwd, "mixed", base);
    const train = (...set: string[]): Promise<Result> =>
      brink(cwd, ["run", file, "-q", "--runs-dir", "mixed", ...set.flatMap((each) => ["--set", each])]);
    await train("name=mixed-a");
    await train("name=mixed-b", "optimizer.lr=0.1");
    const same = await brink(cwd, ["report", "mixed-*", "--runs-dir", "mixed", "--out", "same-report"]);
    expect(same.stderr).not.toContain("warning");
    const page = (folder: string): string => readFileSync(path.join(cwd, folder, "index.html"), "utf8");
    expect(page("same-report")).toContain("The runs differ in optimizer.lr.</p>");
    await train("name=mixed-c", "net.widths=[5]", "data.degree=4", "data.n=15");
    const warning =
      /the runs are of different problems \((?=.*net\.widths)(?=.*data\.n).*\), so their sharpness and loss need not be on one scale/;
    const report = await brink(cwd, ["report", "mixed-*", "--runs-dir", "mixed", "--out", "mixed-report"]);
    expect([report.code, report.stderr]).toEqual([0, expect.stringMatching(warning)]);
    expect(page("mixed-report")).toMatch(warning);
    const compared = await brink(cwd, ["compare", "mixed-*", "--runs-dir", "mixed"]);
    expect([compared.code, compared.stderr]).toEqual([0, expect.stringMatching(warning)]);
    expect(compared.stdout).toMatch(/^run +.*widths.*lr/m);
  });

  it("made before a setting existed do not differ from newer ones in it", async () => {
    const file = writeExperiment(cwd, "old", ["optimizer: { name: gd, lr: 0.2 }", "steps: 10"]);
    for (const seed of [0, 1]) await brink(cwd, ["run", file, "-q", "--set", `seed=${seed}`]);
    const old = runFolders(cwd).find((id) => id.startsWith("old-"))!;
    const text = runFile(cwd, old, "config.yaml");
    expect(text).toContain("stepSharpness");
    writeFileSync(path.join(cwd, "runs", old, "config.yaml"), text.replace(/^ *stepSharpness: .*\n/m, ""));
    const { stdout } = await brink(cwd, ["compare", "old-*", "--json"]);
    expect(jsonLines(stdout)[0]!["differs"]).toEqual({ seed: ["0", "1"] });
  });
});
