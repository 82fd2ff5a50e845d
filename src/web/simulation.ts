// What the simulator page shows of the scalar system: one trajectory, its stationary means, and the gap over noise levels.
import {
  alphaOf,
  epsilonOf,
  type ScalarPredictions,
  scalarPredictions,
  type ScalarSystem,
  scalarTrajectory,
  simulateEnsemble,
  systemDoubts,
} from "../theory/index.ts";

export interface SimulationRequest {
  readonly system: ScalarSystem;
  /** Steps of the drawn trajectory. */
  readonly drawn: number;
  /** Steps and runs behind each average; the first third of the steps is left out. */
  readonly steps: number;
  readonly runs: number;
  /** σ_u² of the comparison with the formulas. */
  readonly levels: readonly number[];
  readonly seed: number;
  readonly x0: number;
  readonly y0: number;
}

/** The simulated gap −E[y] at one noise level, beside what the formulas say; null where either has nothing to say. */
export interface GapLevel {
  readonly noiseU: number;
  readonly gap: number | null;
  readonly stderr: number | null;
  /** Runs that blew up. */
  readonly lost: number;
  readonly meanField: number | null;
  readonly refined: number | null;
  readonly ar1: number | null;
}

export interface SimulationResult {
  readonly x: Float64Array<ArrayBuffer>;
  readonly y: Float64Array<ArrayBuffer>;
  /** Step at which the drawn trajectory blew up, or null. */
  readonly blownUpAt: number | null;
  readonly alpha: number;
  /** η√α, the small parameter. */
  readonly epsilon: number;
  readonly predictions: ScalarPredictions;
  readonly doubts: readonly string[];
  readonly levels: readonly GapLevel[];
}

/** Simulates everything. O((levels·runs)·steps). @throws InputError for coefficients that are none */
export function simulateForPage(request: SimulationRequest): SimulationResult {
  const { system, drawn, seed, x0, y0, levels } = request;
  const predictions = scalarPredictions(system);
  const { x, y, blownUpAt } = scalarTrajectory(system, { x0, y0, seed, run: 0 }, drawn);
  return {
    x: x as Float64Array<ArrayBuffer>,
    y: y as Float64Array<ArrayBuffer>,
    blownUpAt,
    alpha: alphaOf(system),
    epsilon: epsilonOf(system),
    predictions,
    doubts: systemDoubts(system),
    levels: levels.map((noiseU) => gapLevel(request, noiseU)),
  };
}

function gapLevel({ system, steps, runs, seed, x0, y0 }: SimulationRequest, noiseU: number): GapLevel {
  const at = { ...system, noiseU };
  const burnIn = Math.floor(steps / 3);
  const { stationary, blowUps } = simulateEnsemble({ system: at, runs, steps, burnIn, seed, x0, y0 });
  const mean = stationary?.moments.y ?? null;
  const { meanField, refined, ar1 } = scalarPredictions(at).y;
  const gap = (value: number | null): number | null => (value === null ? null : -value);
  return {
    noiseU,
    gap: gap(mean?.value ?? null),
    stderr: mean?.stderr ?? null,
    lost: blowUps.count,
    meanField: gap(meanField.value),
    refined: gap(refined.value),
    ar1: gap(ar1.value),
  };
}
