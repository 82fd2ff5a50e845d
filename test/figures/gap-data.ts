// Deterministic numbers shaped like the sharpness-gap experiments, for examples and tests of its figures.
import { randomStream } from "../../src/math/index.ts";
import type { SeriesGroup, SeriesRun, SweepPoint } from "../../src/figures/index.ts";

export const BATCHES: readonly number[] = [50, 100, 200, 500, 1000];

/** A gap that falls with the batch size to a power, with a little scatter. */
export function gapPoints(slope = -1.27, seeds = 3): SweepPoint[] {
  const noise = randomStream(7, `gap/${slope}`);
  return BATCHES.map((x) => ({
    x,
    mean: 17 * (x / 50) ** slope * Math.exp(0.05 * noise.normal()),
    sd: seeds === 1 ? null : 0.6 + 1.2 * (x / 50) ** -0.5,
    count: seeds,
  }));
}

/** Equilibrium sharpness that rises to that of gradient descent. */
export function plateauPoints(): SweepPoint[] {
  const at = (x: number): SweepPoint => ({ x, mean: 207.8 - 17 * (x / 50) ** -1.2, sd: 0.8, count: 3 });
  return [...[...BATCHES, 2500].map(at), { ...at(5000), label: "full" }];
}

/** A power law on a grid between two batch sizes. */
export function powerLaw(
  from: number,
  to: number,
  at: (x: number) => number,
  count = 40,
): { x: number; y: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const x = from * (to / from) ** (i / (count - 1));
    return { x, y: at(x) };
  });
}

/** Progressive sharpening to a plateau. */
export function plateauRun(
  run: string,
  plateau: number,
  options: { readonly steps?: number; readonly every?: number; readonly sd?: number } = {},
): SeriesRun {
  const { steps = 6000, every = 100, sd = 1.5 } = options;
  const noise = randomStream(0, run);
  const at = Array.from({ length: Math.floor(steps / every) + 1 }, (_, i) => i * every);
  return {
    run,
    steps: at,
    values: at.map(
      (step) => Math.min(plateau, 60 + 190 * (1 - Math.exp(-step / 1800))) + sd * noise.normal(),
    ),
  };
}

/** Gradient descent and three batch sizes, three seeds each. */
export function sharpnessGroups(): SeriesGroup[] {
  const group = (label: string, kind: "gd" | "sgd", plateau: number): SeriesGroup => ({
    label,
    kind,
    runs: [0, 1, 2].map((seed) => plateauRun(`${label}-s${seed}`, plateau)),
  });
  return [
    group("GD", "gd", 207.8),
    group("b = 50", "sgd", 190.8),
    group("b = 200", "sgd", 204),
    group("b = 1,000", "sgd", 207.4),
  ];
}
