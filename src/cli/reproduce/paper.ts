// What "SGD at the Edge of Stability: The Stochastic Sharpness Gap" (arXiv 2604.21016) states about its figures.
import type { GapAnalysis } from "../../lab/index.ts";
import type { Stated } from "./comparison.ts";

/** Equilibrium sharpness of FC-Tanh at η = 0.01 (figures 1A and 3A); gradient descent under `full`. */
const SHARPNESS: Readonly<Record<string, number>> = { full: 207.8, 50: 190.8, 1000: 207.4, 2500: 207.9 };

/** Equilibrium sharpness of the CNN with squared error (figure 1B). */
const CNN_SHARPNESS: Readonly<Record<string, number>> = { full: 202, 50: 131 };

/** Numbers that depend on nothing but the shape of a curve: they can be held against runs of any size. */
export const STATED = {
  gapExponent: -1.27,
  gapR2: 0.98,
  noiseExponent: -1.21,
  noiseR2: 0.979,
  rateExponent: -0.47,
} as const;

/** Whether the runs are of the paper's size, so that its absolute numbers can be held against them. */
export function ofPaperSize({ runs, n }: GapAnalysis): boolean {
  return n === 5000 && runs.every(({ config }) => config.data.name === "cifar10");
}

/** S_eq as stated for FC-Tanh; null where the paper is silent or the runs are of another problem. */
export function statedSharpness(analysis: GapAnalysis, lr: number, batch: number | "full"): Stated {
  return ofPaperSize(analysis) && lr === 0.01 ? (SHARPNESS[batch] ?? null) : null;
}

/** S_GD − S_eq as it follows from the stated values. */
export function statedGap(analysis: GapAnalysis, lr: number, batch: number): Stated {
  const [descent, value] = [statedSharpness(analysis, lr, "full"), statedSharpness(analysis, lr, batch)];
  return typeof descent === "number" && typeof value === "number" ? round(descent - value) : null;
}

/** S_eq as stated for the CNN. */
export function statedCnnSharpness(analysis: GapAnalysis, lr: number, batch: number | "full"): Stated {
  return ofPaperSize(analysis) && lr === 0.01 ? (CNN_SHARPNESS[batch] ?? null) : null;
}

/** Gap at b = 200 by learning rate (figure 3B). */
export function statedRateGap(analysis: GapAnalysis, lr: number, batch: number): Stated {
  const stated: Readonly<Record<string, number>> = { 0.005: 4.27, 0.02: 2.29 };
  return ofPaperSize(analysis) && batch === 200 ? (stated[lr] ?? null) : null;
}

/** The differences of published numbers have one decimal. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
