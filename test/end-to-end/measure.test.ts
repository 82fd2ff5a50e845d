// `brink measure` against independently computed networks, and its files.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { norm } from "../../src/math/index.ts";
import { parseSafetensors, serialiseSafetensors, type NamedTensor } from "../../src/record/index.ts";
import { ORACLE_NETS, readOracle } from "../oracle-networks.ts";
import { brink, scratch, shortGd, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

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
}

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
    const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);
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

describe("measure", () => {
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
