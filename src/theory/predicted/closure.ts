// The mean-field closure of the stochastic predicted dynamics: E[(1 + ηy)²x²] against (1 + ηE y)²·E x² over an ensemble.
import { InputError, jackknife, type JackknifeEstimate, mean } from "../../math/index.ts";
import type { Coordinates } from "./forms.ts";

/** Both sides at one step, [w²]. */
export interface ClosureSides {
  /** E[(1 + ηy)²x²]. */
  readonly exact: number;
  /** (1 + ηE y)²·E x². */
  readonly closed: number;
  /** E x² and E y, of which the sides are made. */
  readonly x2: number;
  readonly y: number;
}

/** How well the closure holds over a stretch of steps. */
export interface ClosureSummary {
  readonly steps: number;
  readonly runs: number;
  /** |exact − closed|/closed over the steps. */
  readonly relative: { readonly median: number; readonly max: number };
  /**
   * 1 − Σ(e − c)²/Σ(e − ē)² of what one step adds, e = exact − E x² and c = closed − E x². Both sides share E x², which is
   * nearly all of them; this is what is left to test. Null when e does not vary.
   */
  readonly r2: number | null;
  /** Mean over the steps of exact − closed, in the unit ε²δ² of the theorem; error over runs by jackknife. */
  readonly difference: JackknifeEstimate;
  /** Means over the steps of E x²/δ² and E y, with the same errors. */
  readonly x2: JackknifeEstimate;
  readonly y: JackknifeEstimate;
}

/** One step of an ensemble: the coordinates of every run, and the theory's scales there. */
export interface EnsembleStep {
  readonly runs: readonly Coordinates[];
  /** δ, [w], and ε at this step. */
  readonly delta: number;
  readonly epsilon: number;
}

/** Both sides of the closure assumed by arXiv:2604.21016 (equilibrium theorem), over the runs of one step. O(runs). */
export function closureSides(runs: readonly Coordinates[], lr: number): ClosureSides {
  const x2 = mean(runs.map(({ x }) => x * x));
  const y = mean(runs.map((run) => run.y));
  const exact = mean(runs.map((run) => ((1 + lr * run.y) * run.x) ** 2));
  return { exact, closed: (1 + lr * y) ** 2 * x2, x2, y };
}

/**
 * Sums the closure up over steps that all have the same runs. O(steps·runs²).
 *
 * @throws InputError without steps, or when runs come and go between them
 */
export function summariseClosure(steps: readonly EnsembleStep[], lr: number): ClosureSummary {
  const count = steps[0]?.runs.length ?? 0;
  if (count === 0 || steps.some(({ runs }) => runs.length !== count)) {
    throw new InputError("the closure needs steps with the same runs in each", {
      received: `${steps.length} steps, ${count} runs in the first`,
    });
  }
  const sides = steps.map(({ runs }) => closureSides(runs, lr));
  const relative = sides
    .map(({ exact, closed }) => Math.abs(exact - closed) / closed)
    .toSorted((a, b) => a - b);
  const added = sides.map(({ exact, closed, x2 }) => ({ exact: exact - x2, closed: closed - x2 }));
  const centre = mean(added.map(({ exact }) => exact));
  const total = mean(added.map(({ exact }) => (exact - centre) ** 2));
  const error = mean(added.map(({ exact, closed }) => (exact - closed) ** 2));
  const indices = Array.from({ length: count }, (_, run) => run);
  const over = (value: (kept: ClosureSides, step: EnsembleStep) => number): JackknifeEstimate =>
    jackknife(indices, (kept) =>
      mean(
        steps.map((step) =>
          value(
            closureSides(
              kept.map((run) => step.runs[run]!),
              lr,
            ),
            step,
          ),
        ),
      ),
    )!;
  return {
    steps: steps.length,
    runs: count,
    relative: { median: relative[Math.floor(relative.length / 2)]!, max: relative.at(-1)! },
    r2: total > 0 ? 1 - error / total : null,
    difference: over(({ exact, closed }, { delta, epsilon }) => (exact - closed) / (epsilon * delta) ** 2),
    x2: over(({ x2 }, { delta }) => x2 / delta ** 2),
    y: over(({ y }) => y),
  };
}
