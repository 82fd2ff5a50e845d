// Period-two orbits near a point: its fixed point, the eigendirections near 2/η, a search along each, and what came of it.
import { type EigenResult, lanczos, minres, type SmoothObjective } from "../../curvature/index.ts";
import { allFinite, axpy, InputError, norm, RunError, type Vector, zeros } from "../../math/index.ts";
import { checkRate } from "./functional.ts";
import {
  amplitudeScale,
  halfAmplitudeFunction,
  type OrbitDirection,
  orbitDirection,
  orbitGuess,
  predictedAmplitude,
} from "./half-amplitude.ts";
import { newtonTrial } from "./newton-step.ts";
import { hessianAt } from "./orbit-equations.ts";
import { type OrbitSolve, solveOrbit } from "./orbit-newton.ts";
import { type OrbitStability, orbitStability } from "./orbit-stability.ts";
import { absenceVerdict, guessVerdict, searchVerdict } from "./orbit-verdicts.ts";

export interface OrbitSearchOptions {
  /** Eigendirections to search, by descending eigenvalue. Default 2. */
  readonly k?: number;
  /** Relative residual of the eigenpairs. Default 1e-9 in float64, 1e-4 in float32. */
  readonly eigenTol?: number;
  /** Relative residual of an orbit; see `solveOrbit`. */
  readonly tol?: number;
  /** Products of one linear solve. Default 300. */
  readonly maxProducts?: number;
  /** Newton iterations of one search for an orbit; see `solveOrbit`. */
  readonly maxIterations?: number;
  /** Products of the eigensolver. Default 600. */
  readonly eigenProducts?: number;
  /** Further guesses, such as two consecutive iterates: centre and half-difference. */
  readonly guesses?: readonly { readonly center: Vector; readonly half: Vector }[];
  /** Said before each part of the work, and at each Newton iteration. */
  readonly onStage?: (stage: string) => void;
}

/** Where gradient descent stands still, from a Newton search started at the given point. */
export interface FixedPoint {
  readonly theta: Vector;
  readonly loss: number;
  readonly gradNorm: number;
  /** Distance from the start. */
  readonly moved: number;
  /** Whether ‖∇L‖ is rounding. If not, `theta` is the start: directions are those of a point that is not fixed. */
  readonly converged: boolean;
}

/** Where an attempt's guess came from. */
export type GuessSource = "prediction" | "half-amplitude function" | "given";

/** An orbit, once. */
export interface FoundOrbit {
  readonly source: GuessSource;
  /** Index into `directions`, null for a given guess. */
  readonly direction: number | null;
  readonly solve: OrbitSolve;
  readonly stability: OrbitStability;
}

export interface SearchedDirection extends OrbitDirection {
  /** ‖Hu − λu‖. */
  readonly residual: number;
  /** Leading-order half-amplitude at η, null on the side without orbits. */
  readonly predicted: number | null;
  /** One sentence: what was tried here and what came of it. */
  readonly verdict: string;
}

/** What came of a given guess: the search's end, and that in a sentence. */
export interface GivenSearch extends Pick<OrbitSolve, "outcome" | "collapsed" | "residual"> {
  readonly verdict: string;
}

export interface OrbitSearch {
  /** 2/η. */
  readonly threshold: number;
  readonly fixedPoint: FixedPoint;
  readonly directions: readonly SearchedDirection[];
  readonly orbits: readonly FoundOrbit[];
  /** How the searches from given guesses ended. */
  readonly given: readonly GivenSearch[];
}

/** Two orbits nearer than this share of their amplitude are the same. */
const SAME = 1e-3;
/** Amplitudes at which the half-amplitude function is looked at, evenly up to `amplitudeScale`. */
const SCAN = 16;

/**
 * Searches for orbits of period two of gradient descent with rate η near `start`.
 *
 * First the fixed point (Newton on ∇L = 0), then the k leading eigenpairs there. Each with λ > 0 gets its
 * half-amplitude coefficients; the guess is the predicted amplitude, or else the first amplitude at which the
 * half-amplitude function crosses 2/η. Given guesses are tried last. Every orbit is classified by its multipliers.
 *
 * @throws InputError for a start that does not fit
 * @throws RunError when loss or gradient at the start is not finite, or an eigenpair does not converge
 */
export async function findOrbits(
  objective: SmoothObjective,
  start: Vector,
  lr: number,
  options: OrbitSearchOptions = {},
): Promise<OrbitSearch> {
  checkRate(lr);
  const threshold = 2 / lr;
  const say = options.onStage ?? ((): void => {});
  const fixedPoint = await findFixedPoint(objective, start, options);
  say("eigenpairs");
  const eigen = await eigenpairs(objective, fixedPoint.theta, options);
  const orbits: FoundOrbit[] = [];
  const attempt = async (
    source: GuessSource,
    direction: number | null,
    guess: { readonly center: Vector; readonly half: Vector },
  ): Promise<{ solve: OrbitSolve; known: boolean }> => {
    const solve = await solveOrbit(objective, lr, guess, options);
    const known = solve.outcome === "orbit" && orbits.some((orbit) => same(orbit.solve, solve));
    if (solve.outcome === "orbit" && !known) {
      say("multipliers");
      orbits.push({ source, direction, solve, stability: await orbitStability(objective, lr, solve) });
    }
    return { solve, known };
  };

  const directions: SearchedDirection[] = [];
  for (const [k, eigenvalue] of eigen.eigenvalues.entries()) {
    if (!(eigenvalue > 0)) break;
    say(`direction ${k + 1}: λ = ${eigenvalue.toPrecision(5)}`);
    const direction = await orbitDirection(objective, fixedPoint.theta, eigenvalue, eigen.eigenvectors[k]!, {
      maxProducts: options.maxProducts ?? 500,
    });
    const predicted = predictedAmplitude(direction, lr);
    const found = predicted ?? (await crossing(objective, direction, fixedPoint.theta, threshold));
    let verdict = absenceVerdict(direction, lr);
    if (found !== null) {
      const source = predicted === null ? "half-amplitude function" : "prediction";
      const { solve, known } = await attempt(source, k, orbitGuess(direction, fixedPoint.theta, found));
      verdict = searchVerdict(solve, known, predicted, direction);
    }
    directions.push({ ...direction, residual: eigen.residuals[k]!, predicted, verdict });
  }
  const given: GivenSearch[] = [];
  for (const guess of options.guesses ?? []) {
    say("given guess");
    const { solve, known } = await attempt("given", null, guess);
    const { outcome, collapsed, residual } = solve;
    given.push({ outcome, collapsed, residual, verdict: guessVerdict(solve, known) });
  }
  return { threshold, fixedPoint, directions, orbits, given };
}

/** Newton on ∇L = 0 with MINRES steps, shortened where they make no progress; minima, valleys of minima and saddles alike. */
export async function findFixedPoint(
  objective: SmoothObjective,
  start: Vector,
  { maxProducts = 300, onStage }: Pick<OrbitSearchOptions, "maxProducts" | "onStage"> = {},
): Promise<FixedPoint> {
  const { size, dtype } = objective;
  if (start.length !== size) {
    throw new InputError("the point does not fit the objective", {
      received: `${start.length} parameters`,
      allowed: String(size),
    });
  }
  let theta = start.slice();
  let gradient = zeros(dtype, size);
  let trialGradient = zeros(dtype, size);
  let loss = await objective.lossAndGradient(theta, gradient);
  const [startLoss, startNorm] = [loss, norm(gradient)];
  if (!Number.isFinite(loss) || !allFinite(gradient)) {
    throw new RunError(
      "the loss or its gradient is not finite at the start: there is nothing to search near it",
    );
  }
  const rounding = dtype === "float64" ? 1e-12 : 1e-6;
  let converged = false;
  let trialLoss = loss;
  for (let iteration = 0; iteration < 50; iteration++) {
    const before = norm(gradient);
    const curved = zeros(dtype, size);
    await objective.hessianProduct(theta, gradient, curved);
    onStage?.(`fixed point: ‖∇L‖ = ${before.toExponential(2)}, loss ${loss.toPrecision(5)}`);
    // A gradient that a displacement by rounding would account for.
    const scale = before > 0 ? norm(curved) / before : 0;
    converged = before <= rounding * scale * Math.max(1, norm(theta));
    if (converged) break;
    const operator = hessianAt(objective, theta);
    const solving = { tol: 1e-6, maxProducts };
    const { x: step, outcome } = await minres(operator, gradient, solving);
    if (outcome === "not-finite") break;
    const { point } = await newtonTrial({
      from: theta,
      force: gradient,
      direction: step,
      length: -1,
      trialForce: trialGradient,
      evaluate: async (trial) => {
        trialLoss = await objective.lossAndGradient(trial, trialGradient);
      },
      correct: async () => (await minres(operator, trialGradient, solving)).x,
    });
    if (point === null) break;
    [theta, loss] = [point, trialLoss];
    [gradient, trialGradient] = [trialGradient, gradient];
  }
  if (!converged) {
    return { theta: start.slice(), loss: startLoss, gradNorm: startNorm, moved: 0, converged };
  }
  const away = theta.slice();
  axpy(-1, start, away);
  return { theta, loss, gradNorm: norm(gradient), moved: norm(away), converged };
}

async function eigenpairs(
  objective: SmoothObjective,
  theta: Vector,
  { k = 2, eigenTol, eigenProducts = 600 }: OrbitSearchOptions,
): Promise<EigenResult> {
  const eigen = await lanczos(hessianAt(objective, theta), {
    k: Math.min(k, objective.size),
    tol: eigenTol ?? (objective.dtype === "float64" ? 1e-9 : 1e-4),
    maxProducts: eigenProducts,
  });
  if (eigen.eigenvectors.length === 0) throw new RunError("the Hessian at the fixed point is not finite");
  return eigen;
}

/** The first amplitude at which the half-amplitude function crosses the threshold, by linear interpolation; or null. */
async function crossing(
  objective: SmoothObjective,
  direction: OrbitDirection,
  fixedPoint: Vector,
  threshold: number,
): Promise<number | null> {
  const reach = 2 * amplitudeScale(direction);
  if (!Number.isFinite(reach)) return null;
  let before = direction.eigenvalue - threshold;
  for (let k = 1; k <= SCAN; k++) {
    const amplitude = (reach * k) / SCAN;
    const now = (await halfAmplitudeFunction(objective, direction, fixedPoint, amplitude)) - threshold;
    if (!Number.isFinite(now)) return null;
    if (before * now <= 0 && before !== now) return amplitude - ((reach / SCAN) * now) / (now - before);
    before = now;
  }
  return null;
}

function same(a: OrbitSolve, b: OrbitSolve): boolean {
  const distance = (sign: number): number => {
    const apart = a.half.slice();
    axpy(-sign, b.half, apart);
    const centers = a.center.slice();
    axpy(-1, b.center, centers);
    return Math.hypot(norm(apart), norm(centers));
  };
  return Math.min(distance(1), distance(-1)) <= SAME * Math.max(a.amplitude, b.amplitude);
}
