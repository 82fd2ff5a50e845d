// Curvature along batch gradients: oracle networks by enumeration, identities, error calibration, economy of products.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cpuBackend, ORACLE_NETS, oracleObjective } from "../../test/oracle-networks.ts";
import { dot, randomStream, vectorFrom, type Vector } from "../math/index.ts";
import { BatchCurvatureProbe } from "./batch-curvature.ts";
import type { BatchCurvature, BatchEstimate } from "./batch-curvature-types.ts";
import type { ExampleObjective } from "./objective-types.ts";
import type { HessianOperator } from "./operator.ts";

interface Enumerated {
  readonly batch_sharpness_mean_of_ratios?: number;
  readonly batch_sharpness_ratio_of_means?: number;
  readonly ias?: number;
  readonly gni?: number;
}

interface CurvatureOracle {
  readonly batches: Readonly<
    Record<string, Readonly<Record<"without_replacement" | "with_replacement", Enumerated>>>
  >;
}

const backend = cpuBackend();

const KEYS = {
  meanOfRatios: "batch_sharpness_mean_of_ratios",
  ratioOfMeans: "batch_sharpness_ratio_of_means",
  gni: "gni",
  interactionAware: "ias",
} as const;

describe.each(Object.keys(ORACLE_NETS))("%s", (name) => {
  it("equals the oracle for every batch size and sampling", async () => {
    const file = new URL(`../../test/oracles/${name}.json`, import.meta.url);
    const { batches } = JSON.parse(readFileSync(file, "utf8")) as CurvatureOracle;
    const { objective, theta } = oracleObjective(name, "float64", backend);
    const probe = new BatchCurvatureProbe(objective);
    const hessian = await objective.hessian(theta);
    let compared = 0;
    for (const [b, both] of Object.entries(batches)) {
      for (const sampling of ["with", "without"] as const) {
        const expected = both[`${sampling}_replacement`];
        if (expected.ias === undefined || (sampling === "with" && Number(b) > 3)) continue;
        const found = await probe.measure(theta, {
          batch: Number(b),
          sampling,
          stop: "all",
          interaction: true,
          hessian,
        });
        for (const [ours, theirs] of Object.entries(KEYS)) {
          const estimate = found[ours as keyof typeof KEYS]!;
          expect(Math.abs(estimate.mean / expected[theirs]! - 1)).toBeLessThan(1e-9);
          expect(estimate).toMatchObject({ stderr: 0, certified: true });
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThanOrEqual(4 * 8);
    await objective.dispose();
  });

  it("everything is the directional sharpness of the full batch at b = n, from one batch", async () => {
    const { objective, theta } = oracleObjective(name, "float64", backend);
    const probe = new BatchCurvatureProbe(objective);
    const directional = (await probe.directional(theta))!;
    const all = Uint32Array.from({ length: objective.n }, (_, i) => i);
    expect(Math.abs((await probe.step(theta, all))! / directional - 1)).toBeLessThan(1e-12);
    for (const sampling of ["without", "shuffle"] as const) {
      const found = await probe.measure(theta, { batch: objective.n, sampling, interaction: true });
      for (const key of Object.keys(KEYS) as (keyof typeof KEYS)[]) {
        const estimate = found[key]!;
        expect(Math.abs(estimate.mean / directional - 1)).toBeLessThan(1e-12);
        expect(estimate).toMatchObject({ stderr: 0, batches: 1, certified: true });
      }
    }
    await objective.dispose();
  });
});

it("float32 agrees to its precision", async () => {
  const options = { batch: 2, sampling: "without", stop: "all", interaction: true } as const;
  const [double, single] = await Promise.all(
    (["float64", "float32"] as const).map(async (dtype) => {
      const { objective, theta } = oracleObjective("net_tanh_ce", dtype, backend);
      return new BatchCurvatureProbe(objective).measure(theta, options);
    }),
  );
  for (const key of Object.keys(KEYS) as (keyof typeof KEYS)[]) {
    expect(Math.abs(single![key]!.mean / double![key]!.mean - 1)).toBeLessThan(1e-5);
  }
});

/** ℓᵢ = ½ Σ_j h_ij (θ_j − c_ij)²: everything in closed form, and calls counted. */
class Quadratics implements ExampleObjective {
  readonly size = 4;
  readonly n: number;
  readonly dtype = "float64";
  readonly calls = { gradient: 0, batchGradient: 0, batchCurvature: 0, product: 0 };
  readonly buffers = new Set<Vector>();
  readonly curvatures: readonly (readonly number[])[];
  readonly centres: readonly (readonly number[])[];
  constructor(n: number, { flat = false }: { flat?: boolean } = {}) {
    const random = randomStream(8, "quadratics");
    const table = (f: () => number): number[][] =>
      Array.from({ length: n }, () => Array.from({ length: 4 }, f));
    this.n = n;
    this.curvatures = table(() => (flat ? 0 : 1 + 3 * random.uniform()));
    this.centres = table(() => random.normal());
  }

  #mean(indices: Uint32Array | null, out: Vector, f: (i: number, j: number) => number): void {
    const list = indices ?? Uint32Array.from({ length: this.n }, (_, i) => i);
    for (let j = 0; j < 4; j++) {
      let total = 0;
      for (const i of list) total += f(i, j);
      out[j] = total / list.length;
    }
    this.buffers.add(out);
  }
  #gradientInto(theta: Vector, indices: Uint32Array | null, out: Vector): Promise<number> {
    this.#mean(indices, out, (i, j) => this.curvatures[i]![j]! * (theta[j]! - this.centres[i]![j]!));
    return Promise.resolve(0);
  }
  lossAndGradient(theta: Vector, out: Vector): Promise<number> {
    this.calls.gradient++;
    return this.#gradientInto(theta, null, out);
  }
  batchLossAndGradient(theta: Vector, indices: Uint32Array, out: Vector): Promise<number> {
    this.calls.batchGradient++;
    return this.#gradientInto(theta, indices, out);
  }
  batchCurvature(_theta: Vector, indices: Uint32Array, v: Vector): Promise<number> {
    this.calls.batchCurvature++;
    const image = new Float64Array(4);
    this.#mean(indices, image, (i, j) => this.curvatures[i]![j]! * v[j]!);
    this.buffers.delete(image);
    return Promise.resolve(dot(v, image));
  }
  batchHessianProduct = (): never => unused();
  hessian(): Promise<HessianOperator> {
    const apply = (v: Vector, out: Vector): Promise<void> => {
      this.calls.product++;
      this.#mean(null, out, (i, j) => this.curvatures[i]![j]! * v[j]!);
      return Promise.resolve();
    };
    return Promise.resolve({ size: 4, dtype: "float64", products: 0, apply });
  }
  descend = (): never => unused();
  evaluate = (): never => unused();
  sharpnessGradient = (): never => unused();
  projections = (): never => unused();
  dispose = (): Promise<void> => Promise.resolve();
}

function unused(): never {
  throw new Error("not part of measuring batch curvature");
}

const theta = vectorFrom("float64", [0.5, -0.3, 1, 0.2]);

it("standard errors are what repeating the measurement shows, and estimates are unbiased", async () => {
  const objective = new Quadratics(12);
  const probe = new BatchCurvatureProbe(objective);
  const common = { batch: 3, sampling: "without", interaction: true } as const;
  const exact = await probe.measure(theta, { ...common, stop: "all" });
  const repeats = 500;
  const totals = { meanOfRatios: [0, 0], ratioOfMeans: [0, 0], gni: [0, 0], interactionAware: [0, 0] };
  for (let seed = 0; seed < repeats; seed++) {
    const found = await probe.measure(theta, { ...common, stop: { samples: 100 }, seed });
    for (const [key, sums] of Object.entries(totals)) {
      const { mean, stderr, batches, certified } = found[key as keyof typeof KEYS]!;
      expect([batches, certified]).toEqual([100, false]);
      const z = (mean - exact[key as keyof typeof KEYS]!.mean) / stderr;
      sums[0]! += z;
      sums[1]! += z * z;
    }
  }
  for (const [sum, squares] of Object.values(totals)) {
    // Means and mean squares of 500 standard normals, with room for the O(1/100) bias of ratios.
    expect(Math.abs(sum! / repeats)).toBeLessThan(0.25);
    expect(Math.abs(squares! / repeats - 1)).toBeLessThan(0.3);
  }
});

describe("stopping", () => {
  const probe = new BatchCurvatureProbe(new Quadratics(12));
  const values = (found: BatchCurvature): BatchEstimate[] =>
    [found.meanOfRatios, found.ratioOfMeans, found.gni, found.interactionAware].flatMap((each) => each ?? []);

  it("certifies the value it returns, at the first batch where all of them are settled", async () => {
    const common = { batch: 2, sampling: "with", interaction: true, seed: 3 } as const;
    const found = await probe.measure(theta, { ...common, stop: { relative: 0.02 } });
    const batches = found.ratioOfMeans!.batches;
    expect(batches).toBeGreaterThan(10);
    expect(batches).toBeLessThan(1000);
    for (const { mean, stderr, certified } of values(found)) {
      expect(certified).toBe(true);
      expect(stderr).toBeLessThanOrEqual(0.02 * mean);
    }
    // The same stream, cut there, has the same numbers; one batch earlier, some value was not settled.
    const fixed = await probe.measure(theta, { ...common, stop: { samples: batches } });
    expect(values(fixed).map(({ mean, stderr }) => [mean, stderr])).toEqual(
      values(found).map(({ mean, stderr }) => [mean, stderr]),
    );
    const before = await probe.measure(theta, { ...common, stop: { samples: batches - 1 } });
    expect(values(before).some(({ mean, stderr }) => stderr > 0.02 * mean)).toBe(true);
  });

  it("gives up at the maximum and says so", async () => {
    const found = await probe.measure(theta, {
      batch: 1,
      sampling: "without",
      stop: { relative: 1e-9, max: 17 },
    });
    expect(found.meanOfRatios).toMatchObject({ batches: 17, certified: false });
    expect(found).not.toHaveProperty("gni");
  });

  it("is reproducible, and differs by seed and purpose", async () => {
    const options = { batch: 2, sampling: "shuffle", stop: { samples: 5 }, seed: 1 } as const;
    const found = await probe.measure(theta, options);
    expect(await probe.measure(theta, options)).toEqual(found);
    expect(await probe.measure(theta, { ...options, seed: 2 })).not.toEqual(found);
    expect(await probe.measure(theta, { ...options, purpose: "step 50" })).not.toEqual(found);
  });

  it.each([
    [{ batch: 13, sampling: "without" }, /batch.*from 1 to 12/],
    [{ batch: 0, sampling: "with" }, /batch/],
    [{ batch: 2, sampling: "with", stop: { samples: 1 } }, /samples/],
    [{ batch: 12, sampling: "with", stop: "all" }, /too many batches/],
  ] as const)("refuses %j", async (options, message) => {
    await expect(probe.measure(theta, options)).rejects.toThrow(message);
  });
});

it("spends one batch gradient and one curvature of each kind per batch, in the same few buffers", async () => {
  const objective = new Quadratics(9);
  const probe = new BatchCurvatureProbe(objective);
  const options = { batch: 2, sampling: "without", stop: { samples: 7 } } as const;
  await probe.measure(theta, { ...options });
  expect(objective.calls).toEqual({ gradient: 0, batchGradient: 7, batchCurvature: 7, product: 0 });
  expect(objective.buffers.size).toBe(1);
  await probe.measure(theta, { ...options, interaction: true, batchSharpness: false });
  expect(objective.calls).toEqual({ gradient: 1, batchGradient: 14, batchCurvature: 7, product: 8 });
  await probe.measure(theta, { ...options, interaction: true });
  expect(objective.calls).toEqual({ gradient: 2, batchGradient: 21, batchCurvature: 14, product: 16 });
  expect(objective.buffers.size).toBe(4);
});

it("gives the same interaction whether or not batch sharpness is measured beside it", async () => {
  const probe = new BatchCurvatureProbe(new Quadratics(9));
  const options = { batch: 4, sampling: "with", stop: { samples: 6 }, interaction: true } as const;
  const [both, alone] = [
    await probe.measure(theta, options),
    await probe.measure(theta, { ...options, batchSharpness: false }),
  ];
  expect(alone.gni).toEqual(both.gni);
  expect(alone.interactionAware).toEqual(both.interactionAware);
  expect(alone).not.toHaveProperty("meanOfRatios");
});

it("a flat loss has no curvature along its gradients: null, not NaN", async () => {
  const probe = new BatchCurvatureProbe(new Quadratics(5, { flat: true }));
  expect(await probe.directional(theta)).toBeNull();
  expect(await probe.step(theta, Uint32Array.of(1))).toBeNull();
  expect(await probe.measure(theta, { batch: 2, sampling: "with", interaction: true })).toEqual({
    batch: 2,
    sampling: "with",
    meanOfRatios: null,
    ratioOfMeans: null,
    gni: null,
    interactionAware: null,
  });
});

it("a diverged iterate gives NaN at once, whatever was asked", async () => {
  const objective = new Quadratics(5);
  const probe = new BatchCurvatureProbe(objective);
  const nowhere = vectorFrom("float64", [Number.NaN, 0, 0, 0]);
  for (const stop of ["all", { samples: 50 }, { relative: 0.01 }] as const) {
    const { meanOfRatios } = await probe.measure(nowhere, { batch: 2, sampling: "with", stop });
    expect(meanOfRatios).toMatchObject({ mean: Number.NaN, batches: 1, certified: false });
  }
  expect(objective.calls.batchGradient).toBe(3);
});
