// Places and predictions on the landscape where the frozen dynamics are exact, so that every coefficient is known.
import { describe, expect, it } from "vitest";
import { type BatchSampler, batchSampler } from "../../optim/index.ts";
import { solvableLandscape } from "../../theory/index.ts";
import { parseExperiment } from "../parse-experiment.ts";
import type { Checkpoint } from "../run-types.ts";
import { measurePlaces, type PlaceRecord } from "./candidates.ts";
import { IterateWindow } from "./iterate-window.ts";
import { predictGap } from "./predict.ts";
import { measureSegments, type SegmentRecord } from "./segments.ts";

// α = a·c = 1, β = c² = 4, δ² = ½; forty examples of slopes ±0.2 along x: s_u² = 0.04.
const lr = 0.05;
const noise = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0.2 : -0.2));
const objective = solvableLandscape({ a: 0.5, c: 2, lr, noise });

/** A window that ends oscillating by x about (0, y). */
function window(x: number, y: number): IterateWindow {
  const found = new IterateWindow(2, [Float64Array.of(1, 0)]);
  for (let t = 0; t <= 20; t++) found.add(Float64Array.of(t % 2 === 0 ? x : -x, y));
  return found;
}

describe("places", () => {
  it("see another α at an oscillating iterate, and α itself where the oscillation cancels", async () => {
    const { places, failed } = await measurePlaces(objective, window(0.05, -0.1), { lr, tol: 1e-10 });
    expect(failed).toEqual([]);
    const at = Object.fromEntries(places.map((place) => [place.place, place]));
    // u turns by x·∇S⊥/S and meets the large gradient Sx along it: α⊥ gains βx²/2, and α loses 5βx²/2. On average over
    // E x² = δ² these are 2α and −4α: why α is mostly negative at iterates.
    const half = (4 * 0.05 ** 2) / 2;
    expect(at["iterate"]!.alphaPerp - 1).toBeCloseTo(half, 4);
    expect((at["iterate"]!.alpha - 1) / half).toBeCloseTo(-5, 1);
    for (const name of ["midpoint", "average", "midpointOnEdge", "averageOnEdge"]) {
      expect(at[name]!.alpha).toBeCloseTo(1, 9);
      expect(at[name]!.beta).toBeCloseTo(4, 9);
      expect(at[name]!.varianceU).toBeCloseTo(0.04, 12);
      expect(at[name]!.varianceS).toBeCloseTo(0, 12);
    }
    // S = 2/η + c·y: below the edge at the average, on it where it was moved.
    expect(at["average"]!.sharpness).toBeCloseTo(40 - 0.2, 9);
    expect(at["averageOnEdge"]!.sharpness).toBeCloseTo(40, 9);
  });
});

function segment(places: readonly PlaceRecord[], oscillation: readonly number[] = [0.5]): SegmentRecord {
  return { type: "segment", first: 0, last: 20, oscillation, alignment: 1, places, failed: [] };
}

const place = (alphaPerp: number): PlaceRecord => ({
  place: "average",
  loss: 1,
  sharpness: 39.9,
  lambda2: 0,
  alpha: alphaPerp,
  alphaPerp,
  beta: 4,
  kappa: 0,
  slope: 0,
  varianceU: 0.04,
  varianceS: 0.01,
});

describe("predicted gap", () => {
  const settings = { lr, n: 40, batch: 4, sampling: "with" as const };

  it("is the theory's at the mean coefficients, with its error over segments", () => {
    const segments = [0.8, 1, 1.2].map((alpha) => segment([place(alpha)]));
    const { places, oscillation, balance } = predictGap({ ...settings, segments });
    expect(places).toHaveLength(1);
    const [average] = places;
    // ηβσ_u²/(4α) with σ_u² = s_u²/b.
    const expected = (lr * 4 * 0.01) / 4;
    expect(average!.gap.meanField.value).toBeCloseTo(expected, 12);
    expect(average!.gap.twoNoise.value).toBeCloseTo(expected * 1.5, 12);
    // d(1/α)/1/α = dα/α, and the standard error of α is 0.2/√3.
    expect(average!.gap.meanField.stderr! / expected).toBeCloseTo(0.2 / Math.sqrt(3), 1);
    expect(average!.delta2).toBeCloseTo(0.5, 12);
    expect(oscillation[0]!.mean).toBe(0.5);
    // With E x² = δ² the balance of second moments is the mean-field formula again.
    expect(balance.value).toBeCloseTo(expected, 12);
  });

  it("says why there is none", () => {
    const segments = [-1, 0.5].map((alpha) => segment([place(alpha)], []));
    const { places, balance } = predictGap({ ...settings, segments });
    expect(places[0]!.positive).toBe(0.5);
    expect(places[0]!.gap.meanField).toMatchObject({
      value: null,
      reason: expect.stringContaining("α = -0.25"),
    });
    expect(balance.reason).toMatch(/not measured/);
  });

  it("has no error from one segment", () => {
    const { places } = predictGap({ ...settings, segments: [segment([place(1)])] });
    expect(places[0]!.gap.meanField).toMatchObject({ stderr: null, reason: null });
  });
});

describe("a continued run", () => {
  const { config } = parseExperiment(
    `{precision: float64, optimizer: {name: sgd, lr: ${lr}, batch: 4, sampling: with}, steps: 100}`,
  );
  const sampler: BatchSampler = batchSampler({ sampling: "with", n: 40, batch: 4, seed: 0 });
  const from: Checkpoint = {
    step: 100,
    theta: Float64Array.of(0.3, 0),
    optimizer: {},
    sampler: sampler.state(),
    eigen: { eigenvalues: [40], eigenvectors: [Float64Array.of(1, 0)] },
    previous: null,
    progress: {
      events: 0,
      hvps: 0,
      loss: null,
      initialLoss: null,
      sharpness: null,
      accuracy: null,
      testAccuracy: null,
      onset: null,
      exceeded: null,
      recent: [],
      ended: "finished",
    },
  };
  const run = async (skip: number): Promise<SegmentRecord[]> => {
    const found: SegmentRecord[] = [];
    const copy = { ...from, theta: from.theta.slice() };
    const options = { config, objective, from: copy, window: 50, segments: 3, skip, tol: 1e-9 };
    for await (const each of measureSegments(options)) found.push(each);
    return found;
  };

  it("yields windows that follow each other, and the same ones when the first are skipped", async () => {
    const all = await run(0);
    expect(all.map(({ first, last }) => [first, last])).toEqual([
      [100, 150],
      [150, 200],
      [200, 250],
    ]);
    expect(all[0]!.oscillation[0]).toBeGreaterThan(0.001);
    expect(all[1]!.alignment).toBeCloseTo(1, 2);
    const [third] = await run(2);
    const sharpnesses = (segment: SegmentRecord): number[] =>
      segment.places.map(({ sharpness }) => sharpness);
    expect(sharpnesses(third!)).toEqual(sharpnesses(all[2]!).map((value) => expect.closeTo(value, 6)));
  });

  it("goes on with gradient descent as well, and refuses windows of one step", async () => {
    const options = {
      config,
      objective,
      from: { ...from, theta: from.theta.slice() },
      window: 50,
      segments: 1,
    };
    const gd = { ...config, optimizer: { ...config.optimizer, name: "gd" as const } };
    const { value } = await measureSegments({ ...options, config: gd }).next();
    expect((value as SegmentRecord).places).toHaveLength(5);
    await expect(measureSegments({ ...options, window: 1 }).next()).rejects.toThrow(/two steps \(received 1/);
  });
});
