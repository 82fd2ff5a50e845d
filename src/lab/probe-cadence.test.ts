// `measure.probeEvery`: which records carry the detailed measurements, and which midpoints are visited for them.
import { expect, it } from "vitest";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import { runExperiment } from "./runner.ts";

/** `step` of every measurement; `m` before those at midpoints, `*` after those with the detailed fields. */
async function schedule(text: string, lr = 0.02): Promise<{ where: string[]; hvps: number[] }> {
  const { config } = parseExperiment(text, { overrides: [`optimizer.lr=${lr}`] });
  const where: string[] = [];
  const hvps: number[] = [];
  const stream = runExperiment({
    config,
    objective: productObjective({ targets: [1, 0.9, 1.1], dtype: config.precision }),
    solveSharpness: async (objective, theta, warm, options) => {
      hvps.push(options.k);
      return lanczosSharpness(objective, theta, warm, options);
    },
    theta0: config.precision === "float64" ? new Float64Array([7.2, 0.15]) : new Float32Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
  });
  for await (const item of stream) {
    if (item.type !== "measurement") continue;
    const detailed = ["alpha", "noiseVariance", "batchSharpness", "trace"].filter((name) => name in item);
    expect([0, 4]).toContain(detailed.length);
    where.push(`${item.point === "midpoint" ? "m" : ""}${item.step}${detailed.length > 0 ? "*" : ""}`);
  }
  return { where, hvps };
}

const ALL = "landscape: true, noise: true, batchSharpness: true, trace: true";

it("every N-th record and the last have the details; the others only what is cheap, and one eigenpair", async () => {
  const { where, hvps } = await schedule(`{steps: 75, measure: {every: 10, probeEvery: 3, ${ALL}}}`);
  expect(where).toEqual(["0*", "11", "20", "31*", "40", "51", "60*", "71", "75*"]);
  // The landscape asks for λ₂ as well.
  expect(hvps).toEqual([2, 1, 1, 2, 1, 1, 2, 1, 2]);
});

it("detailed records see both phases of the oscillation, which is why N is odd where records alternate", async () => {
  for (const probeEvery of [1, 3, 5]) {
    const { where } = await schedule(`{steps: 300, measure: {every: 10, probeEvery: ${probeEvery}, ${ALL}}}`);
    const detailed = where.filter((place) => place.endsWith("*")).map((place) => Number.parseInt(place, 10));
    const odd = detailed.filter((step) => step % 2 === 1).length;
    expect(Math.abs(2 * odd - detailed.length)).toBeLessThanOrEqual(2);
  }
  expect(() => parseExperiment("{measure: {probeEvery: 2}}")).toThrow(
    /measure\.probeEvery: .*an odd number.*alternate: false/,
  );
  expect(() => parseExperiment("{measure: {probeEvery: 0}}")).toThrow(/measure\.probeEvery: .*at least 1/);
  expect(() => parseExperiment("{measure: {probeEvery: 1.5}}")).toThrow(/measure\.probeEvery/);
  const { where } = await schedule(
    `{steps: 50, measure: {every: 10, alternate: false, probeEvery: 2, ${ALL}}}`,
  );
  expect(where).toEqual(["0*", "10", "20*", "30", "40*", "50*"]);
});

it("with both points the midpoint is visited for the details only", async () => {
  const { where } = await schedule(`{steps: 75, measure: {every: 10, point: both, probeEvery: 3, ${ALL}}}`);
  expect(where).toEqual(["0*", "11", "20", "31*", "m31*", "40", "51", "60*", "m60*", "71", "75*"]);
});

it("with midpoints alone the sharpness is measured at all of them, the details at every N-th", async () => {
  const { where } = await schedule(
    `{steps: 75, measure: {every: 10, point: midpoint, probeEvery: 3, ${ALL}}}`,
  );
  expect(where).toEqual([
    "0",
    "11",
    "m11",
    "20",
    "m20",
    "31",
    "m31*",
    "40",
    "m40",
    "51",
    "m51",
    "60",
    "m60*",
    "71",
    "m71",
    "75",
  ]);
});
