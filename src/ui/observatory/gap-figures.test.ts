// Specifications of the gap's figures from what the server aggregated.
import { expect, test } from "vitest";
import type { GapFamily, GapFit, GapGroupEntry } from "../../record/serve-api.ts";
import { describeFit, predictionSpec, scalingSpec, showStatistic } from "./gap-figures.ts";

const NOTHING = { mean: null, sd: null, count: 0, runs: [] };

function group(
  batch: number | "full",
  gap: number | null,
  predicted: readonly (number | null)[],
): GapGroupEntry {
  return {
    lr: 0.01,
    batch,
    sampling: "shuffle",
    threshold: 200,
    sharpness: NOTHING,
    gapPaired: NOTHING,
    gapPooled: NOTHING,
    gapToEdge: { mean: gap, sd: null, count: 1, runs: ["a"] },
    unsettled: [],
    predicted: predicted.flatMap((each) =>
      (["iterate", "midpoint"] as const).map((place) => ({
        place,
        alpha: "alpha" as const,
        formula: "meanField",
        gap: each,
      })),
    ),
  };
}

const FIT: GapFit = {
  kind: "paired",
  over: "batch",
  fixed: "optimizer.lr = 0.01",
  points: [10, 100, 1000].map((x) => ({ x, mean: 50 / x, sd: null, count: 1 })),
  excluded: [],
  exponent: -1,
  exponentCi: [-1.2, -0.8],
  r2: 0.99,
  pOfMinusOne: 1,
  reason: null,
  curve: [
    { x: 10, y: 5, low: 4, high: 6 },
    { x: 1000, y: 0.05, low: 0.04, high: 0.06 },
  ],
  ofGaps: null,
};
const OF_GAPS: GapFit["ofGaps"] = {
  exponent: -0.9,
  exponentCi: [-1, -0.8],
  curve: [
    { x: 10, y: 5 },
    { x: 1000, y: 0.08 },
  ],
};
const FAMILY: GapFamily = {
  title: "mlp",
  n: 1000,
  runs: [],
  groups: [group(10, 5, [4]), group(100, null, [null]), group("full", -1, [])],
  fits: [FIT],
};

test("the fit in words, or why there is none", () => {
  expect(describeFit(FIT)).toBe("∝ b^−1.00 [−1.20, −0.800], R² 0.990, p of slope −1: 1.0");
  expect(describeFit({ ...FIT, exponent: null, reason: "a fit needs 3 points" })).toBe(
    "a fit needs 3 points",
  );
  expect(describeFit({ ...FIT, ofGaps: OF_GAPS })).toMatch(
    /, p of slope −1: 1.0; the gaps themselves ∝ b\^−0.900 \[−1.00, −0.800\]$/,
  );
});

test("points on the fitted line have no residual; all examples are named", () => {
  const spec = scalingSpec(FAMILY, FIT);
  for (const { value } of spec.residuals!) expect(value).toBeCloseTo(0, 12);
  expect(spec.points.map(({ label }) => label)).toEqual([undefined, undefined, "full"]);
  expect(spec.curves).toMatchObject([{ label: "fit ∝ b^−1.00", points: FIT.curve }]);
  expect(scalingSpec(FAMILY, { ...FIT, ofGaps: OF_GAPS }).curves[1]).toEqual({
    label: "fit of the gaps themselves ∝ b^−0.900",
    style: "fit",
    points: OF_GAPS.curve,
  });
  expect(scalingSpec(FAMILY, { ...FIT, exponent: null, curve: [] }).residuals).toEqual([]);
});

test("predictions stand beside what was measured, at midpoints if there", () => {
  const [panel] = predictionSpec(FAMILY).panels;
  expect(panel!.series.map(({ label, points }) => [label, points.map(({ x, mean }) => [x, mean])])).toEqual([
    ["measured 2/η − S_eq", [[10, 5]]],
    ["measured S_GD − S_eq", []],
    ["meanField", [[10, 4]]],
  ]);
  expect(predictionSpec(FAMILY).notes[0]).toContain("midpoints");
});

test("statistics with their spread and number", () => {
  expect(showStatistic({ mean: 12.345, sd: 0.456, count: 3, runs: [] })).toBe("12.35 ± 0.46 (3)");
  expect(showStatistic(NOTHING)).toBe("–");
});
