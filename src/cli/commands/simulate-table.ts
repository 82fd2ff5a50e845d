// Noise levels of the scalar system for reading: simulated means beside the formulas for them, a row a level.
import type { GapPrediction } from "../../curvature/gap.ts";
import type {
  BlowUps,
  Ensemble,
  Estimate,
  Identities,
  ScalarPredictions,
  SystemCycle,
} from "../../theory/index.ts";
import { formatNumber, formatSpread, formatTable } from "../format.ts";

/** One noise level: what came out, what was predicted, what to doubt. */
export interface SimulatedLevel extends Pick<Ensemble, "stationary" | "reason" | "blowUps"> {
  readonly noiseU: number;
  readonly predictions: ScalarPredictions;
  /** What the finite-step identities make of the other averages. */
  readonly identities?: Identities;
  /** Steps in which the averages forget where they began, to 1/e; null when they never do. */
  readonly relaxationSteps: number | null;
  /** The cycle that a system without any noise begins on, and its energy where the simulation ends. */
  readonly cycle?: SystemCycle;
  readonly doubts: readonly string[];
}

const titles = [
  "σ_u²",
  "E x²",
  "E y ± se",
  "mean-field",
  "refined",
  "two-noise",
  "Var y",
  "kurtosis of x",
  "blow-ups",
] as const;

/** One line a level; a dash where there is no such number. */
export function simulationTable(levels: readonly SimulatedLevel[]): string {
  return formatTable(
    titles.map((title) => ({ title, align: "right" })),
    levels.map(({ noiseU, stationary, predictions, blowUps }) => [
      String(noiseU),
      estimate(stationary?.moments.x2),
      estimate(stationary?.moments.y),
      ...(["meanField", "refined", "twoNoise"] as const).map((name) => formula(predictions.y[name])),
      formatNumber(stationary?.varianceY.value, 3),
      formatNumber(stationary?.kurtosis.value, 3),
      losses(blowUps),
    ]),
  );
}

function estimate(found: Estimate | undefined): string {
  return found === undefined ? "–" : formatSpread(found.value, found.stderr);
}

function formula({ value }: GapPrediction): string {
  return value === null ? "–" : formatNumber(value);
}

function losses({ count, share, first }: BlowUps): string {
  return count === 0 ? "0" : `${formatNumber(100 * share, 3)} % from step ${first}`;
}
