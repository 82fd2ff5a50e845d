// One descent step seen through both of its ends: step-direction curvatures r̄, r̃ and the coupling A_η, without a Hessian.
import { type DType, dtypeOf, type Vector } from "../../math/index.ts";

/** Both ends of a step d = y − x under one loss: the full one, or that of a single mini-batch. */
export interface StepEnds {
  readonly x: Vector;
  readonly gradientX: Vector;
  readonly lossX: number;
  readonly y: Vector;
  readonly gradientY: Vector;
  readonly lossY: number;
}

/**
 * What arXiv 2604.20446 reads off a step. H̄ = ∫₀¹ H(x + τd) dτ and H̃ = 2∫₀¹ (1 − τ) H(x + τd) dτ are the two Hessian
 * averages along it. Everything is exact where the loss is C² along the segment; for networks with kinks (ReLU)
 * the values are those of the gradients and losses, not of the integrals.
 */
export interface CouplingStep {
  /** ‖d‖², [w²]. */
  readonly stepSquared: number;
  /** A_η(x, y), [L]. */
  readonly coupling: number;
  /** L(y) − L(x), [L]. */
  readonly lossChange: number;
  /** r̄ = dᵀH̄d/‖d‖² = ⟨∇L(y) − ∇L(x), d⟩/‖d‖², [L/w²]. Null for a step of length zero. */
  readonly rBar: number | null;
  /** r̃ = dᵀH̃d/‖d‖² = 2(L(y) − L(x))/‖d‖² + 2/η, [L/w²]; the loss falls if and only if r̃ < 2/η. Null as r̄. */
  readonly rTilde: number | null;
  /** The loss change were r̃ equal to r̄: −⟨d, d − η∇L(y)⟩/(2η), [L]. */
  readonly proxy: number;
  /** ‖d − η∇L(y)‖/‖d‖: where the next step of descent on the same loss would end, seen from x; 0 on an orbit of period two. */
  readonly twoStepReturn: number | null;
  /** ‖d + η∇L(x)‖/‖d‖: how far this is from a step of gradient descent with rate η; rounding only, or a defect. */
  readonly updateResidual: number | null;
  /** What rounding y to its precision may make of `updateResidual`: half a unit in the last place of every entry. */
  readonly updateRounding: number | null;
}

/** Spacing of numbers at 1 in the precision a vector has. */
export const SPACING: Readonly<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };

/** Scalars of one step. One pass over the vectors, nothing of their length is allocated. */
export function couplingStep(ends: StepEnds, lr: number): CouplingStep {
  const { x, y, gradientX, gradientY, lossX, lossY } = ends;
  let stepSquared = 0;
  let gradientRise = 0;
  let returnAlong = 0;
  let returnSquared = 0;
  let updateSquared = 0;
  let endSquared = 0;
  for (let i = 0; i < x.length; i++) {
    const end = y[i]!;
    const d = end - x[i]!;
    const before = gradientX[i]!;
    const after = gradientY[i]!;
    const back = d - lr * after;
    const excess = d + lr * before;
    stepSquared += d * d;
    gradientRise += (after - before) * d;
    returnAlong += d * back;
    returnSquared += back * back;
    updateSquared += excess * excess;
    endSquared += end * end;
  }
  const lossChange = lossY - lossX;
  const per = stepSquared > 0 ? 1 / stepSquared : null;
  return {
    stepSquared,
    coupling: lossX + lossY - stepSquared / (2 * lr),
    lossChange,
    rBar: per === null ? null : gradientRise * per,
    rTilde: lossCurvature(lossChange, stepSquared, lr),
    proxy: -returnAlong / (2 * lr),
    twoStepReturn: per === null ? null : Math.sqrt(returnSquared * per),
    updateResidual: per === null ? null : Math.sqrt(updateSquared * per),
    updateRounding: updateRounding(stepSquared, endSquared, dtypeOf(y)),
  };
}

/** r̃ = 2(L(y) − L(x))/‖d‖² + 2/η; null for a step of length zero. */
export function lossCurvature(lossChange: number, stepSquared: number, lr: number): number | null {
  return stepSquared > 0 ? (2 * lossChange) / stepSquared + 2 / lr : null;
}

/** Half a unit in the last place of every entry of y against ‖d‖; null for a step of length zero. */
export function updateRounding(stepSquared: number, endSquared: number, dtype: DType): number | null {
  if (!(stepSquared > 0)) return null;
  return (SPACING[dtype] / 2) * Math.sqrt(endSquared / stepSquared) + SPACING.float64;
}

/** What sums over steps need of one: no gradient at its far end. */
export interface StepLengths {
  /** ‖d‖², ‖d + η∇L(x)‖² and ‖y‖². */
  readonly stepSquared: number;
  readonly updateSquared: number;
  readonly endSquared: number;
}

/** The lengths of a step, to the bits `couplingStep` finds. */
export function stepLengths(
  { x, gradientX, y }: Pick<StepEnds, "x" | "gradientX" | "y">,
  lr: number,
): StepLengths {
  let stepSquared = 0;
  let updateSquared = 0;
  let endSquared = 0;
  for (let i = 0; i < x.length; i++) {
    const end = y[i]!;
    const d = end - x[i]!;
    const excess = d + lr * gradientX[i]!;
    stepSquared += d * d;
    updateSquared += excess * excess;
    endSquared += end * end;
  }
  return { stepSquared, updateSquared, endSquared };
}

/** Writes y ← θ − η∇L(θ), rounded to the precision of y, and finds the lengths of the step as `stepLengths` does. */
export function descendMeasured(x: Vector, gradientX: Vector, y: Vector, lr: number): StepLengths {
  let stepSquared = 0;
  let updateSquared = 0;
  let endSquared = 0;
  for (let i = 0; i < x.length; i++) {
    const start = x[i]!;
    const move = lr * gradientX[i]!;
    y[i] = start - move;
    const end = y[i]!;
    const d = end - start;
    const excess = d + move;
    stepSquared += d * d;
    updateSquared += excess * excess;
    endSquared += end * end;
  }
  return { stepSquared, updateSquared, endSquared };
}
