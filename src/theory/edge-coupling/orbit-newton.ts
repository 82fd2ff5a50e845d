// Newton–Krylov for period-two orbits, with the fixed points deflated when Newton falls into one.
import { minres, type SmoothObjective } from "../../curvature/index.ts";
import { allFinite, dot, InputError, norm, type Vector, zeros } from "../../math/index.ts";
import { checkRate } from "./functional.ts";
import { newtonTrial } from "./newton-step.ts";
import { amplitudeOf, ends, joined, OrbitEquations } from "./orbit-equations.ts";

export interface OrbitNewtonOptions {
  /** Converged when ‖F‖ ≤ tol·(4/η)‖a‖. Default 1e-12 in float64, 1e-5 in float32. */
  readonly tol?: number;
  readonly maxIterations?: number;
  /** Products of one linear solve, each two Hessian products. Default 300. */
  readonly maxProducts?: number;
  /** Start with the fixed points deflated instead of only after a collapse. */
  readonly deflate?: boolean;
  /** Told of every iteration. */
  readonly onStage?: (stage: string) => void;
}

/** How a search from one start ended. */
export interface OrbitSolve {
  /**
   * `orbit`: converged with x ≠ y. `fixed-point`: x and y collapsed, deflated or not. `singular`: no solution of the
   * linearised equations. `stalled`: no step made progress, or the iterations ran out. `not-finite`: left where the
   * loss is finite.
   */
  readonly outcome: "orbit" | "fixed-point" | "singular" | "stalled" | "not-finite";
  /** m and a where the search ended. */
  readonly center: Vector;
  readonly half: Vector;
  readonly amplitude: number;
  readonly losses: readonly [number, number];
  /** ‖F‖/((4/η)‖a‖). */
  readonly residual: number;
  readonly iterations: number;
  readonly products: number;
  /** Whether plain Newton collapsed into a fixed point, which was then deflated. */
  readonly collapsed: boolean;
}

/** An amplitude below this share of the first guess counts as collapsed. */
const COLLAPSE = 1e-4;

/** Relative residuals at which progress may end by rounding. */
const ROUNDING = { float32: 1e-3, float64: 1e-9 } as const;

/**
 * Solves the orbit equations from a guess. Steps are MINRES solutions of the symmetric Jacobian, shortened where they
 * make no progress (`newtonTrial`). When x and y collapse, the search starts again with the fixed points deflated (Farrell, Birkisson
 * & Funke 2015, arXiv 1410.5620): the equations are multiplied by 1 + (s/‖a‖)², s the first amplitude, which no
 * fixed point solves any more; each deflated step is the plain one rescaled.
 *
 * @throws InputError when the guess does not fit the objective or has a = 0
 */
export async function solveOrbit(
  objective: SmoothObjective,
  lr: number,
  start: { readonly center: Vector; readonly half: Vector },
  options: OrbitNewtonOptions = {},
): Promise<OrbitSolve> {
  checkRate(lr);
  const { size } = objective;
  if (start.center.length !== size || start.half.length !== size || !(norm(start.half) > 0)) {
    throw new InputError("not a start for an orbit", {
      received: `centre of ${start.center.length}, half-difference of ${start.half.length} and length ${norm(start.half)}`,
      allowed: `${size} parameters, half-difference not zero`,
    });
  }
  const plain = options.deflate === true ? null : await search(objective, lr, start, options, false);
  if (plain !== null && plain.outcome !== "fixed-point") return plain;
  const deflated = await search(objective, lr, start, options, true);
  return {
    ...deflated,
    collapsed: plain !== null,
    iterations: deflated.iterations + (plain?.iterations ?? 0),
    products: deflated.products + (plain?.products ?? 0),
  };
}

async function search(
  objective: SmoothObjective,
  lr: number,
  start: { readonly center: Vector; readonly half: Vector },
  options: OrbitNewtonOptions,
  deflate: boolean,
): Promise<OrbitSolve> {
  const { dtype, size } = objective;
  const { tol = dtype === "float64" ? 1e-12 : 1e-5, maxIterations = 40, maxProducts = 300 } = options;
  const threshold = 2 / lr;
  const equations = new OrbitEquations(objective);
  let z = joined(start.center, start.half);
  const scale = amplitudeOf(z);
  let [force, trialForce] = [zeros(dtype, 2 * size), zeros(dtype, 2 * size)];
  let losses = await equations.residual(z, threshold, force);
  let products = 0;
  let iterations = 0;
  const weight = (point: Vector): number => (deflate ? 1 + (scale / amplitudeOf(point)) ** 2 : 1);
  const ended = (outcome: OrbitSolve["outcome"]): OrbitSolve => ({
    outcome,
    center: z.slice(0, size),
    half: z.slice(size),
    amplitude: amplitudeOf(z),
    losses,
    residual: norm(force) / (2 * threshold * amplitudeOf(z)),
    iterations,
    products,
    collapsed: false,
  });
  if (!allFinite(force)) return ended("not-finite");
  for (; ; iterations++) {
    const amplitude = amplitudeOf(z);
    if (amplitude <= COLLAPSE * scale) return ended("fixed-point");
    const residual = norm(force) / (2 * threshold * amplitude);
    options.onStage?.(
      `orbit equations${deflate ? ", fixed points deflated" : ""}: relative residual ${residual.toExponential(2)}, half-amplitude ${amplitude.toPrecision(4)}`,
    );
    if (residual <= tol) return ended("orbit");
    if (iterations >= maxIterations) return ended("stalled");
    // As exact as the residual deserves: quadratic convergence in the end, few products before.
    const exactness = Math.max(dtype === "float64" ? 1e-12 : 1e-6, Math.min(0.01, residual));
    const solving = { tol: exactness, maxProducts };
    const solved = await minres(equations.jacobian(z, threshold), force, solving);
    products += solved.products;
    if (solved.outcome === "not-finite") return ended("not-finite");
    if (solved.outcome === "singular" && solved.residual > 0.5) return ended("singular");
    const step = solved.x;
    let length = -1;
    if (deflate) {
      // Sherman–Morrison: the Newton step of the deflated equations is parallel to the plain one.
      const change = (2 * scale ** 2 * dot(z.subarray(size), step.subarray(size))) / amplitude ** 4;
      const factor = 1 - change / (1 + (scale / amplitude) ** 2);
      length = -1 / (Math.abs(factor) > 1e-3 ? factor : 1e-3);
    }
    const stretch = norm(step.subarray(size)) * Math.abs(length);
    if (stretch > amplitude) length *= amplitude / stretch;
    let trialLosses = losses;
    const { point, finite } = await newtonTrial({
      from: z,
      force,
      direction: step,
      length,
      trialForce,
      evaluate: async (trial) => {
        trialLosses = await equations.residual(trial, threshold, trialForce);
      },
      correct: async () => {
        const correction = await minres(equations.jacobian(z, threshold), trialForce, solving);
        products += correction.products;
        return correction.x;
      },
      weight,
    });
    if (!finite) return ended("not-finite");
    // Where rounding ends the descent just above the tolerance, this is the orbit as far as the precision goes.
    if (point === null) return ended(residual <= ROUNDING[dtype] ? "orbit" : "stalled");
    [z, losses] = [point, trialLosses];
    [force, trialForce] = [trialForce, force];
  }
}

/** The two points of an orbit. */
export function orbitPoints({
  center,
  half,
}: Pick<OrbitSolve, "center" | "half">): readonly [Vector, Vector] {
  const [x, y] = [center.slice(), center.slice()];
  ends(joined(center, half), x, y);
  return [x, y];
}
