// Places where α, β and the noise may be measured to predict the gap of a running SGD run, and the measuring of them.
import { type ExampleObjective, projectedVariance } from "../../curvature/index.ts";
import { axpy, BrinkError, scale, type Vector } from "../../math/index.ts";
import { type LocalGeometry, measureGeometry } from "../../theory/index.ts";
import type { IterateWindow } from "./iterate-window.ts";

/**
 * `iterate`: θ_t, as published measurements do it; `midpoint`: (θ_{t−1} + 2θ_t + θ_{t+1})/4; `average`: the mean over the
 * window. The theory wants θ†, which has S = 2/η and ⟨∇L,u⟩ = 0: `midpointOnEdge` and `averageOnEdge` are those
 * points moved there to first order.
 */
export type Place = "iterate" | "midpoint" | "average" | "midpointOnEdge" | "averageOnEdge";

/** All places, nearest to practice first. */
export const PREDICTION_PLACES: readonly Place[] = [
  "iterate",
  "midpoint",
  "average",
  "midpointOnEdge",
  "averageOnEdge",
];

/** What the prediction needs of one place; plain numbers, units as in `Landscape`. */
export interface PlaceRecord {
  readonly place: Place;
  readonly loss: number;
  readonly sharpness: number;
  readonly lambda2: number | null;
  /** −⟨∇L, ∇S⟩. */
  readonly alpha: number;
  /** −⟨∇L, ∇S⊥⟩: what the prediction uses; equal to α where ⟨∇L,u⟩ = 0. */
  readonly alphaPerp: number;
  readonly beta: number;
  readonly kappa: number;
  /** ⟨∇L, u⟩. */
  readonly slope: number;
  /** s_u² and s_s²: population variances of a single example's gradient along u and ∇S⊥/‖∇S⊥‖. */
  readonly varianceU: number;
  readonly varianceS: number;
}

/** A place that could not be measured, and why. */
export interface FailedPlace {
  readonly place: Place;
  readonly reason: string;
}

/** How places are measured. */
export interface PlaceOptions {
  readonly lr: number;
  /** ‖Hu − Su‖ ≤ tol·S. Default 5e-4: with a small eigengap u, and with it ∇S, is far less accurate than S. */
  readonly tol?: number;
  readonly maxProducts?: number;
  readonly seed?: number;
  /** Leading eigenvectors near the window. */
  readonly warm?: readonly Vector[];
  /** Told before each solve. */
  readonly onPlace?: (place: Place) => void;
}

/** The places of one window, and the eigenvectors found last. */
export interface MeasuredPlaces {
  readonly places: readonly PlaceRecord[];
  readonly failed: readonly FailedPlace[];
  readonly eigenvectors: readonly Vector[];
}

/**
 * Measures every place of a window: per place one gradient, one warm eigen-solve of two pairs, one ∇S and two
 * passes for the noise.
 */
export async function measurePlaces(
  objective: ExampleObjective,
  window: IterateWindow,
  options: PlaceOptions,
): Promise<MeasuredPlaces> {
  const { lr, tol = 5e-4, maxProducts = 400, seed = 0, onPlace } = options;
  const places: PlaceRecord[] = [];
  const failed: FailedPlace[] = [];
  let warm = options.warm ?? [];
  const measure = async (place: Place, theta: Vector): Promise<LocalGeometry | null> => {
    onPlace?.(place);
    try {
      const at = await measureGeometry(objective, theta, { lr, tol, maxProducts, seed }, warm);
      places.push(await placeRecord(objective, place, at));
      warm = at.eigenvectors;
      return at;
    } catch (error) {
      if (!(error instanceof BrinkError)) throw error;
      failed.push({ place, reason: error.message });
      return null;
    }
  };
  await measure("iterate", window.iterate());
  for (const [place, theta] of [
    ["midpoint", window.midpoint()],
    ["average", window.mean()],
  ] as const) {
    const at = await measure(place, theta);
    if (at !== null && at.beta > 0 && at.sharpness > 0) {
      await measure(`${place}OnEdge`, ontoEdge(at, 2 / lr));
    }
  }
  return { places, failed, eigenvectors: warm };
}

/**
 * From a measured point towards {S = 2/η, ⟨∇L,u⟩ = 0} to first order: θ − (S − 2/η)·∇S⊥/β − u⟨u,∇L⟩/S. Unlike the
 * projection onto the stable set S ≤ 2/η it also raises the sharpness, for SGD sits below the edge and θ† on it.
 */
export function ontoEdge(at: LocalGeometry, edge: number): Vector {
  const { theta, sharpness, sharpening, beta, slope, u } = at;
  const moved = theta.slice();
  axpy(-(sharpness - edge) / beta, sharpening, moved);
  axpy(-slope / sharpness, u, moved);
  return moved;
}

async function placeRecord(
  objective: ExampleObjective,
  place: Place,
  at: LocalGeometry,
): Promise<PlaceRecord> {
  const { theta, u, sharpening, hessian, loss, sharpness, lambda2, beta, kappa, slope, landscape } = at;
  const varianceU = projectedVariance(await objective.projections(theta, u, hessian));
  const across = sharpening.slice();
  if (beta > 0) scale(1 / Math.sqrt(beta), across);
  const varianceS = projectedVariance(await objective.projections(theta, across, hessian));
  const { alpha, alphaPerp } = landscape;
  return {
    place,
    loss,
    sharpness,
    lambda2,
    alpha,
    alphaPerp,
    beta,
    kappa,
    slope,
    varianceU,
    varianceS,
  };
}
