import { describe, expect, it } from "vitest";
import { level, madeRun } from "../../../test/gap-runs.ts";
import type { RunRecord } from "../../record/index.ts";
import {
  descentGroup,
  gapAnalysis,
  gapScaling,
  gapTracking,
  noiseAtOnePlace,
  noiseScaling,
  stochasticGroups,
  tracking,
  type TrackingInput,
} from "./index.ts";

const sizes = [50, 100, 200, 500, 1000];
const gapAt = (b: number): number => 17 * (b / 50) ** -1.27;
/** Seed 1 sits higher than seed 0, by as much with gradient descent as with SGD. */
const seedShift = 3;

function campaign(sampling: "shuffle" | "with" = "shuffle"): RunRecord[] {
  return [0, 1].flatMap((seed) => {
    const top = 207.8 + seedShift * seed;
    const stochastic = sizes.map((batch) =>
      madeRun({
        batch,
        seed,
        sampling,
        sharpness: level(top - gapAt(batch)),
        probe: { alpha: -20, beta: 7e5, single: 2 },
      }),
    );
    return stochastic.concat(madeRun({ batch: "full", seed, sharpness: level(top) }));
  });
}

describe("gapAnalysis", () => {
  it("pairs seeds, so that what they share does not enter the gap's spread", () => {
    const analysis = gapAnalysis(campaign());
    const group = stochasticGroups(analysis)[0]!;
    expect(group.batch).toBe(50);
    expect(group.sharpness.sd).toBeCloseTo(seedShift / Math.SQRT2, 9);
    expect(group.gapPaired.mean).toBeCloseTo(17, 9);
    expect(group.gapPaired.sd).toBeLessThan(1e-9);
    expect(group.gapPooled.mean).toBeCloseTo(17, 9);
    expect(group.gapPooled.sd).toBeCloseTo(seedShift, 9);
    expect(group.gapToEdge.mean).toBeCloseTo(200 - 207.8 - seedShift / 2 + 17, 9);
    expect(group.gapPaired.runs).toEqual(["made-b50-lr0.01-s0", "made-b50-lr0.01-s1"]);
    expect(descentGroup(analysis)?.sharpness.n).toBe(2);
  });

  it("fits the paper's exponent to the paper's gaps", () => {
    const { fit, perSeed } = gapScaling(gapAnalysis(campaign()), "paired");
    expect(fit.exponent?.value).toBeCloseTo(-1.27, 9);
    expect(perSeed.n).toBe(2);
    expect(gapScaling(gapAnalysis(campaign()), "pooled").fit.exponent?.value).toBeCloseTo(-1.27, 9);
  });

  it("counts a pair only where both seeds are there, and keeps unsettled runs out of means", () => {
    const records = campaign().filter(({ id }) => id !== "made-gd-lr0.01-s1");
    const unfinished = madeRun({ batch: 50, seed: 2, sharpness: level(0), status: "running" });
    const group = stochasticGroups(gapAnalysis([...records, unfinished]))[0]!;
    expect(group.sharpness.n).toBe(2);
    expect(group.gapPaired).toMatchObject({ n: 1, sd: null, values: [group.gapPaired.mean] });
    expect(group.gapPooled.values).toEqual([]);
    expect(group.unsettled).toEqual([{ run: unfinished.id, reason: "running at step 123 of 400" }]);
    const alone = gapAnalysis([madeRun({ batch: 50, sharpness: level(190) })]);
    expect(stochasticGroups(alone)[0]?.gapPaired.mean).toBeNull();
    expect(stochasticGroups(alone)[0]?.gapPooled.mean).toBeNull();
    expect(gapScaling(alone, "paired").fit.reason).toContain("3 points");
  });

  it("fits the gap against η at one batch size", () => {
    const rates = [0.005, 0.01, 0.02];
    const records = rates.flatMap((lr) => [
      madeRun({ batch: "full", lr, sharpness: level(2 / lr + 8) }),
      madeRun({ batch: 200, lr, sharpness: level(2 / lr + 8 - 0.3 * lr ** -0.47) }),
    ]);
    const { fit } = gapScaling(gapAnalysis(records, ["batch", "lr"]), "paired", "lr");
    expect(fit.exponent?.value).toBeCloseTo(-0.47, 9);
  });

  it("predicts from coefficients at each place, and says why not where α is not positive", () => {
    const { landscape } = stochasticGroups(gapAnalysis(campaign()))[0]!;
    expect(landscape.iterate?.alphaPositive.mean).toBe(0);
    expect(landscape.iterate?.predicted.alpha?.meanField).toMatchObject({ value: null });
    expect(landscape.iterate?.predicted.alpha?.meanField.reason).toContain("not positive");
    // Shuffled epochs: σ_u² = s²/b·n/(n − 1); at the midpoint the fixture's α is positive.
    const noise = (2 / 50) * (5000 / 4999);
    expect(landscape.midpoint?.noiseU.mean).toBeCloseTo(noise, 12);
    expect(landscape.midpoint?.predicted.alpha?.meanField.value).toBeCloseTo(
      (0.01 * 7e5 * noise) / (4 * 20),
      9,
    );
    expect(descentGroup(gapAnalysis(campaign()))?.landscape.midpoint).toBeNull();
  });

  it("takes median and quartiles of batch sharpness", () => {
    expect(stochasticGroups(gapAnalysis(campaign()))[0]?.batchSharpness).toMatchObject({
      median: 180,
      lower: 180,
      upper: 180,
      records: 8,
      ratioOfMeans: { mean: 170, n: 2 },
    });
  });
});

describe("noise against batch size", () => {
  it("is the sampling factor alone when every run sits at the same place", () => {
    const analysis = gapAnalysis(campaign("with"));
    expect(noiseScaling(analysis, "exact").fit.exponent?.value).toBeCloseTo(-1, 9);
    expect(noiseScaling(analysis, "sampled").fit.exponent?.value).toBeCloseTo(-1.068, 3);
    expect(noiseScaling(analysis, "single").points.map(({ value }) => value.mean)).toEqual(
      sizes.map(() => 2),
    );
  });

  it("at one place covers all batch sizes measured there but the single example", () => {
    const { points, fit } = noiseAtOnePlace(stochasticGroups(gapAnalysis(campaign()))[0]!);
    expect(points.map(({ x }) => x)).toEqual([...sizes, 2500]);
    expect(fit.exponent?.value).toBeCloseTo(-1.152, 3);
  });
});

describe("tracking", () => {
  it("is exact when the gap is proportional to βσ_u²", () => {
    const result = tracking(
      sizes.map((batch) => ({
        batch,
        gap: 6e-4 * 7e5 * (2 / batch),
        gapError: null,
        beta: 7e5,
        noiseU: 2 / batch,
      })),
    );
    expect(result?.scale).toBeCloseTo(6e-4, 12);
    expect(result?.anchor).toBe(50);
    expect(result?.rms).toBeLessThan(1e-9);
  });

  it("measures how far the two part, off the anchor", () => {
    // The gap falls as b^−1.27, βσ_u² as 1/b: ln of their ratio is 0.27·ln(b/50).
    const tracked = gapTracking(gapAnalysis(campaign("with"))).iterate;
    const expected = [2, 4, 10, 20].map((ratio) => 0.27 * Math.log(ratio));
    const rms = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / 4);
    expect(tracked?.rms).toBeCloseTo(rms, 9);
    expect(tracked?.points.map(({ logRatio }) => logRatio!)[1]).toBeCloseTo(expected[0]!, 9);
  });

  it("needs a positive gap to be scaled to", () => {
    const input = { batch: 50, gap: 1, gapError: null, beta: 1, noiseU: 1 };
    expect(tracking([{ ...input, gap: -1 }])).toBeNull();
    expect(tracking([{ ...input, beta: null }])).toBeNull();
  });

  it("leaves out gaps that are lost in their error, whose logarithm says nothing", () => {
    const at = (batch: number, gap: number, gapError: number | null): TrackingInput => ({
      batch,
      gap,
      gapError,
      beta: 1,
      noiseU: 50 / batch,
    });
    const result = tracking([at(50, 16, 1), at(100, 4, 1), at(2000, 0.01, 0.1), at(2500, -0.1, 0.2)]);
    expect(result?.points.map(({ lost }) => lost)).toEqual([false, false, true, true]);
    expect(result?.rms).toBeCloseTo(Math.log(2), 12);
    expect(tracking([at(50, 16, 1), at(100, 4, null)])?.points.map(({ lost }) => lost)).toEqual([
      false,
      false,
    ]);
  });
});
