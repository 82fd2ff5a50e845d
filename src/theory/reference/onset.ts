// Finding the onset of the edge: plain gradient descent until the sharpness first reaches 2/η, then to the exact step.
import { lanczos, type Objective } from "../../curvature/index.ts";
import { allFinite, InputError, RunError, type Vector, zeros } from "../../math/index.ts";

/** Where to search, and how long. */
export interface OnsetOptions {
  /** Start of the search; not changed. */
  readonly theta: Vector;
  /** Learning rate of the descent. */
  readonly lr: number;
  /** Sharpness to reach. Default 2/lr. */
  readonly edge?: number;
  /** Most gradient steps from the start. */
  readonly maxSteps: number;
  /** Accuracy of the eigen-solves, ‖Hu − Su‖ ≤ tol·S. Default 1e-3 (S itself is quadratic in it). */
  readonly tol?: number;
  readonly seed?: number;
}

/** One look at the sharpness during the search. */
export interface OnsetCheck {
  readonly step: number;
  /** L(θ_{step−1}) (of θ_0 at step 0). */
  readonly loss: number;
  /** At the midpoint of the last two iterates, where an oscillation along u cancels to first order. */
  readonly sharpness: number;
  /** Whether this is a step-by-step look after the edge was first seen. */
  readonly refining: boolean;
}

/** The first step at which the sharpness of the midpoint reaches the edge. */
export interface Onset {
  readonly step: number;
  /** θ after that step. */
  readonly theta: Vector;
  readonly sharpness: number;
  readonly eigenvectors: readonly Vector[];
}

/** A start this much sharper than the edge is not at its onset: gradient descent is thrown out from there. */
const FAR_BEYOND = 1.25;

/** Units of time η·step between two looks, by how much of the edge has been climbed. */
function lookAfter(sharpness: number, edge: number, lr: number): number {
  const time = sharpness >= 0.75 * edge ? 0.01 : sharpness >= 0.5 * edge ? 0.1 : 1;
  return Math.max(1, Math.round(time / lr));
}

/**
 * Runs gradient descent and looks at the sharpness ever more often as it approaches the edge: every unit of time
 * η·step, every tenth from half the edge, every hundredth from three quarters. On the first look at or above
 * the edge the search goes back to the previous look and checks every step. Yields every look; returns the onset.
 * Costs the steps and one warm eigen-solve a look. Damian et al. 2023, arXiv:2209.15594, published code.
 *
 * @throws RunError when the budget runs out below the edge, the loss stops being finite first, or the start is far
 *   beyond the edge already
 */
export async function* findOnset(
  objective: Objective,
  options: OnsetOptions,
): AsyncGenerator<OnsetCheck, Onset> {
  const { lr, edge = 2 / lr, maxSteps, tol = 1e-3, seed = 0 } = options;
  if (!(lr > 0 && edge > 0)) {
    throw new InputError("not a learning rate and an edge", { received: `${lr}, ${edge}`, allowed: "> 0" });
  }
  let eigenvectors: readonly Vector[] = [];
  const sharpnessAt = async (theta: Vector, step: number): Promise<number> => {
    if (!allFinite(theta)) throw diverged(step, lr);
    const solve = await lanczos(await objective.hessian(theta), { tol, seed, start: eigenvectors });
    const sharpness = solve.eigenvalues[0]!;
    if (!Number.isFinite(sharpness)) throw diverged(step, lr);
    eigenvectors = solve.eigenvectors;
    return sharpness;
  };

  let theta = options.theta.slice();
  let next = zeros(objective.dtype, objective.size);
  const midpoint = zeros(objective.dtype, objective.size);
  let sharpness = await sharpnessAt(theta, 0);
  yield { step: 0, loss: (await objective.evaluate(theta, "train")).loss, sharpness, refining: false };
  if (sharpness > FAR_BEYOND * edge) {
    throw new RunError("the search starts beyond the edge already", {
      received: `S = ${short(sharpness)}, ${short(sharpness / edge)} times the edge ${short(edge)}`,
      allowed: `at most ${FAR_BEYOND} times`,
      hint: `At η = ${lr} the loss first blows up from here; take η below ${short(2 / sharpness)}`,
    });
  }
  if (sharpness >= edge) return { step: 0, theta, sharpness, eigenvectors };

  let last = { step: 0, theta: theta.slice(), eigenvectors };
  let due = lookAfter(sharpness, edge, lr);
  let refining = false;
  for (let step = 1; step <= maxSteps; step++) {
    const loss = await objective.descend(theta, null, lr, next);
    if (!Number.isFinite(loss)) throw diverged(step, lr);
    [theta, next] = [next, theta];
    if (step < due && step < maxSteps) continue;
    for (let i = 0; i < midpoint.length; i++) midpoint[i] = (theta[i]! + next[i]!) / 2;
    sharpness = await sharpnessAt(midpoint, step);
    yield { step, loss, sharpness, refining };
    if (sharpness >= edge) {
      if (refining || step - last.step <= 1) return { step, theta, sharpness, eigenvectors };
      refining = true;
      theta.set(last.theta);
      ({ eigenvectors } = last);
      step = last.step;
    }
    if (!refining) last = { step, theta: theta.slice(), eigenvectors };
    due = refining ? step + 1 : step + lookAfter(sharpness, edge, lr);
  }
  throw new RunError(`the sharpness did not reach ${short(edge)} within ${maxSteps} steps`, {
    received: `S = ${short(sharpness)} at step ${maxSteps}`,
    hint:
      sharpness > 0
        ? `Allow more steps, or raise the learning rate: 2/η = ${short(sharpness)} at η = ${short(2 / sharpness)}`
        : "The loss is flat or concave there; no learning rate puts it at the edge",
  });
}

function diverged(step: number, lr: number): RunError {
  return new RunError(`gradient descent at η = ${lr} diverged before the edge, at step ${step}`, {
    hint: "Lower the learning rate: this one is beyond blow-up from this start",
  });
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
