// What a predicted displacement says about loss and sharpness, and how far the real run is from it in the theorem's units.
import { axpy, norm, type Vector } from "../../math/index.ts";
import type { LocalGeometry } from "../reference/local-geometry.ts";
import type { Coordinates } from "./forms.ts";

/** L(θ_t) and S(θ_t) as predicted from x̂ and ŷ. */
export interface PredictedValues {
  /** L(θ†) + x̂²/η. */
  readonly loss: number;
  /** 2/η + ŷ + κx̂. */
  readonly sharpness: number;
  /** 2/η + ŷ: without the part that changes sign every step. */
  readonly meanSharpness: number;
}

/** Predicted loss and sharpness at θ_t. arXiv:2209.15594, coupling theorem; arXiv:2604.21016. */
export function predictedValues(at: LocalGeometry, { x, y }: Coordinates, lr: number): PredictedValues {
  const meanSharpness = 2 / lr + y;
  return { loss: at.loss + (x * x) / lr, sharpness: meanSharpness + at.kappa * x, meanSharpness };
}

/** The four quantities that the coupling theorem bounds by constants; null where ε or δ is undefined. */
export interface CouplingErrors {
  /** ‖v‖/δ. */
  readonly size: number;
  /** ‖v − v̂‖/(εδ). */
  readonly deviation: number;
  /** (L(θ) − L(θ†) − x̂²/η)·η/(εδ²). */
  readonly loss: number;
  /** (S(θ) − 2/η − ŷ − κx̂)·η/ε². */
  readonly sharpness: number;
}

/** What the errors are computed from. */
export interface CouplingInput {
  readonly at: LocalGeometry;
  /** θ_t − θ†_t. */
  readonly v: Vector;
  /** v̂_t. */
  readonly predicted: Vector;
  readonly values: PredictedValues;
  /** L(θ_t) and S(θ_t). */
  readonly loss: number;
  readonly sharpness: number;
  readonly lr: number;
}

/** Real minus predicted, in units of the bounds of arXiv:2209.15594 and arXiv:2604.21016 (mean-square coupling). O(P). */
export function couplingErrors(input: CouplingInput): CouplingErrors {
  const { at, v, predicted, values, loss, sharpness, lr } = input;
  const delta = Math.sqrt(at.delta2);
  const epsilon = lr * Math.sqrt(at.alpha);
  return {
    size: norm(v) / delta,
    deviation: distance(v, predicted) / (epsilon * delta),
    loss: ((loss - values.loss) * lr) / (epsilon * delta ** 2),
    sharpness: ((sharpness - values.sharpness) * lr) / epsilon ** 2,
  };
}

/** ‖a − b‖. */
export function distance(a: Vector, b: Vector): number {
  const difference = a.slice();
  axpy(-1, b, difference);
  return norm(difference);
}
