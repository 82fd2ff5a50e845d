// `brink measure` against independently computed networks, and its files.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { norm } from "../../src/math/index.ts";
import {
  type MeasuredMean,
  type NamedTensor,
  parseSafetensors,
  serialiseSafetensors,
} from "../../src/record/index.ts";
import { ORACLE_NETS, readOracle } from "../oracle-networks.ts";
import { brink, scratch, shortGd, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

interface Estimated {
  mean: number;
  stderr: number;
  certified: boolean;
}

type Noise = Record<"with" | "without" | "shuffle", Record<string, number>>;

interface Measured {
  n: number;
  parameters: number;
  loss: number;
  gradNorm: number;
  eigenvalues: number[];
  residuals: number[];
  sharpness: number;
  hvps: number;
  accuracy: number;
  converged: boolean;
  alpha: number;
  alphaPerp: number;
  beta: number;
  kappa: number;
  delta: number | null;
  epsilon: number | null;
  gradSharpnessNorm: number;
  eigengap: number;
  lambda2: number;
  assumptions: { name: string; holds: boolean; value: number; message?: string }[];
  noiseVariance: Noise;
  sharpeningNoiseVariance: Noise;
  directionalSharpness: number;
  batchSharpness: Record<string, Estimated & { sampling: string; ratioOfMeans: Estimated }>;
  gni: Record<string, Estimated>;
  interactionAwareSharpness: Record<string, Estimated>;
  stepSharpness: number;
  trace: number;
  traceStderr: number;
}

/** What the oracle files hold beyond `NetOracle`. */
interface FullOracle {
  alpha: number;
  alpha_perp: number;
  beta: number;
  kappa: number;
  eta: number;
  trace_H: number;
  eigengap: number;
  gradS: number[];
  u: number[];
  batches: Record<
    string,
    Record<
      "without_replacement" | "with_replacement",
      {
        sigma_u2: number;
        batch_sharpness_mean_of_ratios: number;
        batch_sharpness_ratio_of_means: number;
        ias: number;
        gni: number;
      }
    >
  >;
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);

function tensor(shape: readonly number[], values: readonly number[]): NamedTensor {
  return { shape, data: new Float64Array(values) };
}

/** Data, parameters and experiment file of an oracle network. The parameter names are deliberately foreign. */
function writeOracle(name: string): { config: string; params: string } {
  const oracle = readOracle(name);
  const { net, inputShape, outputs, loss } = ORACLE_NETS[name]!;
  const n = oracle.labels.length;
  const y = oracle.labels.flatMap((label) =>
    Array.from({ length: outputs }, (_, k) => (k === label ? 1 : 0)),
  );
  const x = (oracle.X as number[][]).flat(3);
  const data = new Map([
    ["x", tensor([n, ...inputShape], x)],
    ["y", tensor([n, outputs], y)],
  ]);
  const shapes = (oracle as unknown as { param_shapes: number[][] }).param_shapes;
  const params = new Map<string, NamedTensor>();
  let offset = 0;
  for (const [i, shape] of shapes.entries()) {
    const size = shape.reduce((a, b) => a * b, 1);
    params.set(
      `layer${Math.floor(i / 2)}.${i % 2 === 0 ? "w" : "b"}`,
      tensor(shape, oracle.theta.slice(offset, offset + size)),
    );
    offset += size;
  }
  writeFileSync(
    path.join(cwd, `${name}-data.safetensors`),
    serialiseSafetensors({ tensors: data, metadata: {} }),
  );
  const file = `${name}-params.safetensors`;
  writeFileSync(path.join(cwd, file), serialiseSafetensors({ tensors: params, metadata: {} }));
  const config = { data: { name: "arrays", file: `${name}-data.safetensors` }, net, loss, threads: 1 };
  writeFileSync(path.join(cwd, `${name}.yaml`), stringify(config));
  return { config: `${name}.yaml`, params: file };
}

describe.each(Object.keys(ORACLE_NETS))("measure %s", (name) => {
  it.each([
    ["float64", 1e-9, 1e-7],
    ["float32", 1e-4, 1e-4],
  ])("in %s agrees with the independent computation", async (precision, tolerance, eigenTolerance) => {
    const { config, params } = writeOracle(name);
    const args = ["measure", "--config", config, "--params", params, "--json", "-k", "3"];
    const { code, stdout, stderr } = await brink(cwd, [...args, "--set", `precision=${precision}`]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("matched by order and shape");
    const measured = JSON.parse(stdout) as Measured;
    const oracle = readOracle(name);
    expect([measured.n, measured.parameters, measured.converged]).toEqual([
      oracle.labels.length,
      oracle.theta.length,
      true,
    ]);
    expect(relative(measured.loss, oracle.loss)).toBeLessThan(tolerance);
    expect(relative(measured.gradNorm, norm(new Float64Array(oracle.grad)))).toBeLessThan(tolerance);
    expect(measured.eigenvalues).toHaveLength(3);
    for (const [i, value] of measured.eigenvalues.entries()) {
      expect(relative(value, oracle.eigenvalues_desc[i]!)).toBeLessThan(eigenTolerance);
    }
    expect(measured.sharpness).toBe(measured.eigenvalues[0]);
    expect(Math.max(...measured.residuals)).toBeLessThan(precision === "float64" ? 1e-6 : 1e-3);
  });
});

describe.each(Object.keys(ORACLE_NETS))("measure --all %s", (name) => {
  it.each([
    ["float64", 1e-7],
    ["float32", 1e-4],
  ])(
    "in %s agrees with the independent computation, over every batch there is",
    async (precision, tolerance) => {
      const { config, params } = writeOracle(name);
      const oracle = readOracle(name) as unknown as FullOracle;
      const args = ["measure", "--config", config, "--params", params, "--json", "--all", "--out", name];
      const sizes = ["--noise", "1,2,3,6", "--batch-sharpness", "1,2,3,6"];
      const set = ["--set", `precision=${precision}`, "--set", `optimizer.lr=${oracle.eta}`];
      const { code, stdout, stderr } = await brink(cwd, [...args, ...sizes, ...set]);
      expect(code, stderr).toBe(0);
      const found = JSON.parse(stdout) as Measured;
      const close = (value: number, expected: number): void => {
        expect(relative(value, expected)).toBeLessThan(tolerance);
      };
      close(found.alpha, oracle.alpha);
      close(found.alphaPerp, oracle.alpha_perp);
      close(found.beta, oracle.beta);
      // The sign is that of u, which is arbitrary.
      close(Math.abs(found.kappa), Math.abs(oracle.kappa));
      close(found.gradSharpnessNorm, norm(new Float64Array(oracle.gradS)));
      close(found.eigengap, oracle.eigengap);
      close(found.trace, oracle.trace_H);
      expect(found.traceStderr).toBe(0);
      if (oracle.alpha > 0) {
        close(found.delta!, Math.sqrt((2 * oracle.alpha) / oracle.beta));
        close(found.epsilon!, oracle.eta * Math.sqrt(oracle.alpha));
      } else {
        expect([found.delta, found.epsilon]).toEqual([null, null]);
        expect(stderr).toMatch(/warning: α = .* is not positive/);
      }
      for (const b of ["1", "2", "3"]) {
        const { without_replacement: without, with_replacement: repeats } = oracle.batches[b]!;
        close(found.noiseVariance.without[b]!, without.sigma_u2);
        close(found.noiseVariance.with[b]!, repeats.sigma_u2);
        close(found.batchSharpness[b]!.mean, without.batch_sharpness_mean_of_ratios);
        close(found.batchSharpness[b]!.ratioOfMeans.mean, without.batch_sharpness_ratio_of_means);
        close(found.interactionAwareSharpness[b]!.mean, without.ias);
        close(found.gni[b]!.mean, without.gni);
        expect(found.batchSharpness[b]).toMatchObject({ stderr: 0, certified: true });
      }
      expect(found.noiseVariance.without["6"]).toBe(0);
      close(found.directionalSharpness, found.batchSharpness["6"]!.mean);

      const read = (file: string): number[] =>
        [...parseSafetensors(readFileSync(path.join(cwd, name, file)), file).tensors.values()].flatMap(
          ({ data }) => Array.from(data as Float64Array),
        );
      const gradS = read("sharpness-gradient.safetensors");
      expect(gradS).toHaveLength(oracle.gradS.length);
      for (const [i, value] of gradS.entries()) {
        expect(Math.abs(value - oracle.gradS[i]!)).toBeLessThan(tolerance * found.gradSharpnessNorm);
      }
      const u = read("eigenvector-1.safetensors");
      const overlap = u.reduce((sum, value, i) => sum + value * oracle.u[i]!, 0);
      expect(Math.abs(overlap)).toBeCloseTo(1, precision === "float64" ? 12 : 6);
    },
  );
});

describe("measure", () => {
  it("takes what to measure from the file too, and says what it averaged over", async () => {
    const { config, params } = writeOracle("net_tanh_ce");
    const oracle = readOracle("net_tanh_ce") as unknown as FullOracle;
    const more = "measure: { batchSharpness: { batch: 2, sampling: with }, interaction: true }\n";
    writeFileSync(path.join(cwd, "asked.yaml"), readFileSync(path.join(cwd, config), "utf8") + more);
    const args = [
      "measure",
      "--config",
      "asked.yaml",
      "--params",
      params,
      "-q",
      "--set",
      "precision=float64",
    ];
    const { stdout } = await brink(cwd, [...args, "--json"]);
    const found = JSON.parse(stdout) as Measured;
    const expected = oracle.batches["2"]!.with_replacement;
    expect(relative(found.batchSharpness["2"]!.mean, expected.batch_sharpness_mean_of_ratios)).toBeLessThan(
      1e-7,
    );
    expect(relative(found.interactionAwareSharpness["2"]!.mean, expected.ias)).toBeLessThan(1e-7);
    expect(found.batchSharpness["2"]!.sampling).toBe("with");
    for (const absent of ["alpha", "noiseVariance", "trace"]) expect(found).not.toHaveProperty(absent);
    const { stdout: table } = await brink(cwd, [...args, "--noise", "3", "--landscape"]);
    expect(table).toMatch(/^quantity +value\nn +6\n/);
    expect(table).toMatch(
      /\nbatchSharpness b=2 +\S+ \(exact, with\)\n  ratio of means b=2 +\S+ \(exact, with\)\n/,
    );
    expect(table).toMatch(/\nnoiseVariance b=3 +with \S+ {2}without \S+ {2}shuffle \S+\n/);
    expect(table).toMatch(/\nnoiseVarianceSampled b=3 +\S+ ± \S+ \(50 batches, shuffle\)\n/);
    expect(table).not.toMatch(/NaN|undefined,|\[object/);
  });

  it("refuses batches that the data cannot give, and sizes that are none", async () => {
    const config = writeExperiment(cwd, "batches");
    const cases: readonly (readonly [string[], RegExp])[] = [
      [["--noise", "5,21"], /measure\.noise\.batches: .*received 21; allowed: at most 20/],
      [["--batch-sharpness", "21"], /measure\.batchSharpness\.batch: .*received 21/],
      [["--noise", "5,"], /batch sizes such as 50/],
      [["--batch-sharpness", "0.5"], /batch sizes such as 50/],
      [["--batches", "1"], /whole number of at least 2/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await brink(cwd, ["measure", "--config", config, ...args]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(message);
    }
  });

  it("everything in a run: recorded with it, and the same bits the second time", async () => {
    const config = writeExperiment(cwd, "everything", [
      "optimizer: { name: sgd, batch: 5, lr: 0.1 }",
      "steps: 25",
      "measure: { every: 10, point: both, landscape: true, noise: true, batchSharpness: true, interaction: true, trace: true, stepSharpness: true }",
    ]);
    const events: string[] = [];
    for (const runs of ["first", "second"]) {
      const { code, stdout, stderr } = await brink(cwd, ["run", config, "--json", "-q", "--runs-dir", runs]);
      expect(code, stderr).toBe(0);
      const lines = stdout.trim().split("\n");
      const { dir } = JSON.parse(lines[0]!) as { dir: string };
      events.push(readFileSync(path.join(cwd, dir, "events.jsonl"), "utf8"));
      const { runs: results } = JSON.parse(lines.at(-1)!) as { runs: { edge: { sentence: string } }[] };
      expect(results[0]!.edge.sentence).toContain("threshold 20");
    }
    expect(events[1]).toBe(events[0]);
    const { stdout: shown } = await brink(cwd, ["show", "everything", "--runs-dir", "first"]);
    for (const line of [
      /^α +\S+ ± \S+, progressive sharpening, mean over the last 2 midpoints; positive at \d of 2 in the whole run$/m,
      /^β +\S+ ± \S+, self-stabilisation, /m,
      /^σ_u², b = 5 +\S+ ± \S+, gradient noise along u \(shuffle\), mean over the last 2 midpoints$/m,
      /^batch sharpness, b = 5 +\S+ ± \S+, .*mean over the last 4 iterates; \S+ % of the threshold$/m,
      /^step sharpness +\S+ ± \S+, .*mean over the last 4 iterates; /m,
    ]) {
      expect(shown).toMatch(line);
    }
    const { stdout: json } = await brink(cwd, ["show", "everything", "--runs-dir", "first", "--json"]);
    const { measured: means, assumptions } = JSON.parse(json) as {
      measured: readonly MeasuredMean[];
      assumptions: Record<string, { checked: number; failed: number }>;
    };
    expect(means.map(({ point, quantity }) => `${point} ${quantity}`)).toEqual(
      expect.arrayContaining(["midpoint alpha", "iterate noiseVariance.with.5", "iterate trace"]),
    );
    expect(assumptions["progressiveSharpening"]!.checked).toBe(2);
    const measured = events[0]!
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Measured & { type: string; step: number; point: string })
      .filter(({ type }) => type === "measurement");
    expect(measured.map(({ step, point }) => `${point} ${step}`)).toEqual([
      "iterate 0",
      "iterate 11",
      "midpoint 11",
      "iterate 20",
      "midpoint 20",
      "iterate 25",
    ]);
    for (const event of measured) {
      expect(Object.keys(event.noiseVariance.without)).toEqual(["1", "5"]);
      expect(event.batchSharpness["5"]).toMatchObject({ batches: 30, sampling: "shuffle" });
      expect(event.trace).toBeTypeOf("number");
      if (event.point === "iterate") expect(event.stepSharpness).toBeTypeOf("number");
      expect(event.assumptions.map(({ name }) => name)).toContain("eigengap");
    }
  });

  it("writes gradient and eigenvectors under the parameters' own names", async () => {
    const config = writeExperiment(cwd, "vectors");
    const { code } = await brink(cwd, ["measure", "--config", config, "-k", "2", "--out", "vectors", "-q"]);
    expect(code).toBe(0);
    const read = (file: string): ReadonlyMap<string, NamedTensor> =>
      parseSafetensors(readFileSync(path.join(cwd, "vectors", file)), file).tensors;
    const [first, second] = [read("eigenvector-1.safetensors"), read("eigenvector-2.safetensors")];
    expect([...first.keys()]).toEqual([...read("gradient.safetensors").keys()]);
    expect([...first].map(([key, { shape }]) => [key, shape])).toEqual(
      expect.arrayContaining([
        ["0.weight", [12, 1]],
        ["0.bias", [12]],
        ["2.weight", [1, 12]],
        ["2.bias", [1]],
      ]),
    );
    const inner = (a: typeof first, b: typeof first): number =>
      [...a].reduce((total, [key, { data }]) => {
        const other = b.get(key)!.data as Float64Array;
        return total + (data as Float64Array).reduce((sum, value, i) => sum + value * other[i]!, 0);
      }, 0);
    expect(inner(first, first)).toBeCloseTo(1, 10);
    expect(inner(first, second)).toBeCloseTo(0, 6);
  });

  it("repeats what a run measured, from its checkpoint and its own configuration", async () => {
    const config = writeExperiment(cwd, "trained", shortGd);
    const { stdout } = await brink(cwd, ["run", config, "--json", "-q"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; dir: string; step: number } & Measured);
    const last = lines.findLast(({ type }) => type === "measurement")!;
    const dir = lines[0]!.dir;
    const params = `${dir}/checkpoints/step-00000060.safetensors`;
    const again = await brink(cwd, [
      "measure",
      "--config",
      `${dir}/config.yaml`,
      "--params",
      params,
      "--json",
      "-q",
    ]);
    const measured = JSON.parse(again.stdout) as Measured;
    expect(last.step).toBe(60);
    expect(measured.loss).toBe(last.loss);
    expect(Math.abs(measured.sharpness / last.sharpness - 1)).toBeLessThan(1e-6);
  });

  it("refuses parameters that do not fit, are not finite, are absent, or several runs at once", async () => {
    const config = writeExperiment(cwd, "picky");
    const save = (file: string, tensors: Record<string, NamedTensor>): void =>
      writeFileSync(
        path.join(cwd, file),
        serialiseSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: {} }),
      );
    const good = {
      "0.weight": tensor(
        [12, 1],
        Array.from({ length: 12 }, () => 0.5),
      ),
      "0.bias": tensor(
        [12],
        Array.from({ length: 12 }, () => 0),
      ),
      "2.weight": tensor(
        [1, 12],
        Array.from({ length: 12 }, () => 0.5),
      ),
      "2.bias": tensor([1], [0]),
    };
    save("wide.safetensors", { ...good, "2.bias": tensor([2], [0, 0]) });
    save("nan.safetensors", { ...good, "2.bias": tensor([1], [Number.NaN]) });
    writeFileSync(path.join(cwd, "noise.safetensors"), "not a tensor file");
    mkdirSync(path.join(cwd, "folder.safetensors"));
    writeExperiment(cwd, "several", ["sweep: { seed: [0, 1] }"]);
    const cases: readonly (readonly [string[], string])[] = [
      [["--params", "wide.safetensors"], "2.bias"],
      [["--params", "nan.safetensors"], "2.bias[0]"],
      [["--params", "noise.safetensors"], "noise.safetensors"],
      [["--params", "folder.safetensors"], "not a file"],
      [["--params", "absent.safetensors"], "absent.safetensors"],
      [["--config", "several.yaml"], "several runs"],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await brink(cwd, ["measure", "--config", config, ...args]);
      expect([code, stdout], message).toEqual([2, ""]);
      expect(stderr).toContain(message);
    }
  });

  it("reports a Hessian's whole spectrum when asked for all of it", async () => {
    const { config, params } = writeOracle("net_relu_mse");
    const oracle = readOracle("net_relu_mse");
    const size = oracle.theta.length;
    const args = ["measure", "--config", config, "--params", params, "--json", "-q", "-k", String(size)];
    const { stdout } = await brink(cwd, [...args, "--set", "precision=float64"]);
    const { eigenvalues } = JSON.parse(stdout) as Measured;
    expect(eigenvalues).toHaveLength(size);
    for (const [i, value] of eigenvalues.entries()) expect(value).toBeCloseTo(oracle.eigenvalues_desc[i]!, 7);
  });
});
