// Curvature along one step: the Hessian's quadratic form between two iterates, its two averages, and where it attains them.
import type { SmoothObjective } from "../../curvature/index.ts";
import {
  allFinite,
  dot,
  gaussLegendre,
  InputError,
  norm,
  RunError,
  type Vector,
  zeros,
} from "../../math/index.ts";
import { SPACING } from "./coupling-step.ts";

/** q(τ) = dᵀH(x + τd)d/‖d‖² at one τ of [0, 1]. */
export interface SegmentSample {
  readonly tau: number;
  readonly curvature: number;
}

/** An average of the Hessian along the segment, by quadrature and without any Hessian. */
export interface SegmentAverage {
  /** By Gauss–Legendre quadrature of q. */
  readonly value: number;
  /** Difference to the rule with half the nodes: what quadrature can be blamed for. */
  readonly error: number;
  /** From gradients and losses at the ends; equal to `value` where the loss is C² along the segment. */
  readonly direct: number;
  /** What rounding of losses or gradients may change in `direct`. */
  readonly rounding: number;
  /**
   * τ in (0, 1) with q(τ) = `value`, so that λ_max(H(x + τd)) ≥ `value` there. Null when q was not seen to cross it,
   * which a jump of q can do where the loss is not C².
   */
  readonly attainedAt: number | null;
}

/** What `segment` finds. */
export interface Segment {
  /** ‖d‖. */
  readonly length: number;
  /** q at both ends and at the quadrature nodes, by τ. */
  readonly samples: readonly SegmentSample[];
  /** r̄: q averaged evenly; directly ⟨∇L(y) − ∇L(x), d⟩/‖d‖². */
  readonly rBar: SegmentAverage;
  /** r̃: q averaged with weight 2(1 − τ); directly 2(L(y) − L(x) − ⟨∇L(x), d⟩)/‖d‖². */
  readonly rTilde: SegmentAverage;
  /** L(x) and L(y) − L(x), which is ⟨∇L(x), d⟩ + ½‖d‖²r̃; for gradient descent −(‖d‖²/(2η))(2 − ηr̃). */
  readonly loss: number;
  readonly lossChange: number;
  /** ⟨∇L(x), d⟩. */
  readonly slope: number;
  /**
   * Whether both averages agree with their direct values to `tol`, beyond quadrature error and rounding. If not, the
   * loss is not C² along the segment (kinks of ReLU, ties of max pooling) and the direct values are the truth.
   */
  readonly consistent: boolean;
}

export interface SegmentOptions {
  /** Quadrature nodes. Default 20. */
  readonly nodes?: number;
  /** Allowed relative disagreement of an average with its direct value. Default 1e-6 in float64, 1e-3 in float32. */
  readonly tol?: number;
}

/**
 * The Hessian along the segment from x to y = x + d (arXiv 2604.20446): any two points, in particular consecutive
 * iterates of GD or SGD. Costs two gradients, 1.5·nodes + 2 passes of second-order forward mode, and about ten
 * more for each of the two interior points.
 *
 * @throws InputError when x and y do not fit the objective or coincide
 * @throws RunError when the loss or a derivative is not finite on the way
 */
export async function segment(
  objective: SmoothObjective,
  x: Vector,
  y: Vector,
  { nodes = 20, tol = objective.dtype === "float64" ? 1e-6 : 1e-3 }: SegmentOptions = {},
): Promise<Segment> {
  const { size, dtype } = objective;
  if (x.length !== size || y.length !== size) {
    throw new InputError("the ends of the segment do not fit the objective", {
      received: `${x.length} and ${y.length} parameters`,
      allowed: String(size),
    });
  }
  const [gradientX, gradientY] = [zeros(dtype, size), zeros(dtype, size)];
  const lossX = await objective.lossAndGradient(x, gradientX);
  const lossY = await objective.lossAndGradient(y, gradientY);
  const d = zeros(dtype, size);
  for (let i = 0; i < size; i++) d[i] = y[i]! - x[i]!;
  const length = norm(d);
  if (length === 0)
    throw new InputError("both ends of the segment are the same point: there is no direction");
  if (!Number.isFinite(lossX + lossY) || !allFinite(gradientY)) {
    throw new RunError("the loss is not finite at an end of the segment");
  }
  const point = zeros(dtype, size);
  const curvatureAt = async (tau: number): Promise<number> => {
    for (let i = 0; i < size; i++) point[i] = x[i]! + tau * d[i]!;
    const curvature = (await objective.lineDerivatives(point, d, 2))[2]! / length ** 2;
    if (!Number.isFinite(curvature)) {
      throw new RunError("the curvature is not finite along the segment", { received: `τ = ${tau}` });
    }
    return curvature;
  };
  const sampled = async (
    count: number,
  ): Promise<{ samples: SegmentSample[]; weights: readonly number[] }> => {
    const rule = gaussLegendre(count);
    const samples: SegmentSample[] = [];
    for (const tau of rule.nodes) samples.push({ tau, curvature: await curvatureAt(tau) });
    return { samples, weights: rule.weights };
  };
  const fine = await sampled(nodes);
  const coarse = await sampled(Math.max(1, Math.floor(nodes / 2)));
  const first = { tau: 0, curvature: await curvatureAt(0) };
  const last = { tau: 1, curvature: await curvatureAt(1) };
  const samples = [first, ...fine.samples, last];

  const scale = Math.max(...samples.map(({ curvature }) => Math.abs(curvature)));
  const epsilon = SPACING[dtype];
  const resolution = 8 * epsilon * scale;
  const average = async (
    weight: (tau: number) => number,
    direct: number,
    rounding: number,
  ): Promise<SegmentAverage> => {
    const integral = (rule: typeof fine): number =>
      rule.samples.reduce(
        (sum, { tau, curvature }, k) => sum + rule.weights[k]! * weight(tau) * curvature,
        0,
      );
    const value = integral(fine);
    const error = Math.abs(value - integral(coarse));
    const attainedAt = await attained(samples, value, resolution, curvatureAt);
    return { value, error, direct, rounding, attainedAt };
  };
  const slope = dot(gradientX, d);
  const gradients = norm(gradientX) + norm(gradientY);
  const rise = dot(gradientY, d) - slope;
  const lossChange = lossY - lossX;
  const rBar = await average(() => 1, rise / length ** 2, (epsilon * gradients) / length);
  const rTilde = await average(
    (tau) => 2 * (1 - tau),
    (2 * (lossChange - slope)) / length ** 2,
    (2 * epsilon * (Math.abs(lossX) + Math.abs(lossY) + gradients * length)) / length ** 2,
  );
  const agrees = ({ value, direct, rounding }: SegmentAverage): boolean =>
    Math.abs(value - direct) <= tol * scale + 16 * rounding;
  const consistent = agrees(rBar) && agrees(rTilde);
  return { length, samples, rBar, rTilde, loss: lossX, lossChange, slope, consistent };
}

/**
 * τ in (0, 1) with q(τ) = value: bracketed by the samples, then the Illinois variant of regula falsi. `resolution` is
 * the rounding of q.
 */
async function attained(
  samples: readonly SegmentSample[],
  value: number,
  resolution: number,
  curvatureAt: (tau: number) => Promise<number>,
): Promise<number | null> {
  // Where q hardly varies, rounding decides on signs: any interior point will do.
  const near = samples.slice(1, -1).find(({ curvature }) => Math.abs(curvature - value) <= resolution);
  if (near) return near.tau;
  const k = samples.findIndex((sample, i) => {
    const next = samples[i + 1];
    return next !== undefined && sample.curvature < value !== next.curvature < value;
  });
  if (k < 0) return null;
  let [a, b] = [samples[k]!.tau, samples[k + 1]!.tau];
  let [fa, fb] = [samples[k]!.curvature - value, samples[k + 1]!.curvature - value];
  const jump = 1e-3 * (Math.abs(fa) + Math.abs(fb));
  let moved: "a" | "b" | null = null;
  for (let iteration = 0; iteration < 100 && b - a > 1e-14; iteration++) {
    const tau = (a * fb - b * fa) / (fb - fa);
    const f = (await curvatureAt(tau)) - value;
    if (Math.abs(f) <= resolution) return tau;
    // An end that stays put twice running has its value halved, or it would stay for ever.
    if (f < 0 === fb < 0) {
      [b, fb] = [tau, f];
      if (moved === "b") fa /= 2;
      moved = "b";
    } else {
      [a, fa] = [tau, f];
      if (moved === "a") fb /= 2;
      moved = "a";
    }
  }
  const tau = (a + b) / 2;
  return Math.abs((await curvatureAt(tau)) - value) <= jump ? tau : null;
}
