// Edge coupling along a run: one step at a time, with the cumulative identities and how exactly each one holds.
import { CompensatedSum, InputError, type DType, type Vector, zeros } from "../../math/index.ts";
import {
  type CouplingStep,
  couplingStep,
  descendMeasured,
  lossCurvature,
  SPACING,
  type StepEnds,
  type StepLengths,
  stepLengths,
  updateRounding,
} from "./coupling-step.ts";
import { checkRate } from "./functional.ts";

export interface CouplingOptions {
  /** Learning rate η. */
  readonly lr: number;
  /** Parameters P, and their precision. */
  readonly size: number;
  readonly dtype: DType;
  /** Half-widths of the windows around 2/η, as shares of it. Default 0.05, 0.1, 0.25. */
  readonly windows?: readonly number[];
}

/** How the steps, weighted by ‖d‖², lie about 2/η. The bounds follow from the loss alone. */
export interface ConcentrationWindow {
  /** Half-width w, [L/w²]. */
  readonly width: number;
  /** Shares of E_K with |r̃ − 2/η| < w, with r̃ ≤ 2/η − w, with r̃ ≥ 2/η + w. They add up to 1. */
  readonly within: number;
  readonly below: number;
  readonly above: number;
  /** Bounds on `below` and `above`: (2(L₀ − L_K) + B⁺)/(w E_K) and B⁺/(w E_K). */
  readonly belowBound: number;
  readonly aboveBound: number;
}

/**
 * Sums over the steps so far, each statement of arXiv 2604.20446 with the number that shows whether it holds.
 * Residuals are relative and of the order of `roundings`, or something is wrong.
 */
export interface CouplingSummary {
  /** K, the number of steps. */
  readonly steps: number;
  /** E_K = Σ‖d_k‖², [w²]. */
  readonly energy: number;
  /** Σ(L(x_k) − L(y_k)), [L]: L₀ − L_K for a run on one loss. */
  readonly lossDrop: number;
  /** Σ‖d‖²r̃/E_K, [L/w²]. Null while E_K = 0. */
  readonly weightedMean: number | null;
  /** 2/η − 2(L₀ − L_K)/E_K: what the weighted mean of r̃ must be, and so a lower bound on the largest r̃. Null while E_K = 0. */
  readonly forcedMean: number | null;
  /** Largest r̃ so far and the step (0, 1, …) where it was. */
  readonly largest: number | null;
  readonly largestStep: number | null;
  /** First step with r̃ ≥ 2/η. */
  readonly firstAbove: number | null;
  /** B⁻ = Σ‖d‖²(2/η − r̃)₊ and B⁺ = Σ‖d‖²(r̃ − 2/η)₊, [L]. */
  readonly deficit: number;
  readonly excess: number;
  readonly windows: readonly ConcentrationWindow[];
  readonly residuals: {
    /** Σ‖d‖²(2/η − r̃) against 2(L₀ − L_K), relative to B⁻ + B⁺. */
    readonly telescoping: number;
    /** B⁻ − B⁺ against 2(L₀ − L_K), relative to B⁻ + B⁺. */
    readonly balance: number;
    /** Weighted mean of r̃ against the forced mean, relative to 2/η. */
    readonly forcing: number;
    /** √(Σ‖d_k + η∇L(w_k)‖²/E_K): how far the steps are from steps of gradient descent with rate η. */
    readonly update: number;
    /**
     * Largest |r̄ − 2/η| − (‖d_k − η∇L(w_{k+1})‖ + ‖d_k + η∇L(w_k)‖)/(η‖d_k‖), relative to 2/η: not above 0. The second
     * norm is rounding; without it the bound fails once steps are as small as the rounding of parameters. Over the
     * steps looked at in detail.
     */
    readonly nearPeriodicity: number;
  };
  /** What rounding may make of each residual: a bound for `update`, the order of magnitude for the others. */
  readonly roundings: Readonly<Record<keyof CouplingSummary["residuals"], number>>;
}

/** Everything an accumulator is but its vectors: plain JSON, restored to the bit. */
export interface CouplingState {
  readonly steps: number;
  readonly firstLoss: number | null;
  readonly lastLoss: number | null;
  readonly largest: number | null;
  readonly largestStep: number | null;
  readonly firstAbove: number | null;
  /** Null before the first step. */
  readonly nearPeriodicity: number | null;
  readonly sums: Readonly<Record<SumName, SumState>>;
  readonly windows: readonly { readonly below: SumState; readonly above: SumState }[];
}

type SumState = readonly [sum: number, lost: number];
type SumName = (typeof SUMS)[number];

const SUMS = [
  "energy",
  "lossDrop",
  "weighted",
  "telescoped",
  "deficit",
  "excess",
  "deviation",
  "rounding",
] as const;

/** What the sums take of a step. */
type Noted = Pick<
  CouplingStep,
  "stepSquared" | "lossChange" | "rTilde" | "updateResidual" | "updateRounding"
>;

/** The last iterate given. */
export interface CouplingVectors {
  readonly theta: Vector;
  readonly gradient: Vector;
}

/** Relative half-widths of windows, from "at the edge by any standard" to "roughly". */
const DEFAULT_WINDOWS: readonly number[] = [0.05, 0.1, 0.25];

/**
 * Takes the iterates of a run one by one (`next`, or in passing `pass`), or steps with both ends given (`add`), and keeps the sums.
 *
 * For gradient descent all identities hold, in exact arithmetic and on any landscape (those with r̄, r̃ as integrals of
 * the Hessian need C² along the steps). For SGD, with x, y and both gradients taken under the loss L_B of the
 * step's own mini-batch, every statement about one step holds (r̄, r̃, loss change, near-periodicity, with L_B and
 * H_B), and the sums hold with Σ(L_B(x_k) − L_B(y_k)) in place of L₀ − L_K: it does not telescope, the batch
 * changes. What fails is all that links two steps: y − η∇L_B(y) is the next iterate only if the same batch is
 * drawn again, so `twoStepReturn` is what it would be, and the recurrence for d_{k+1} gains the noise term
 * −η(ξ_{k+1} − ξ_k).
 *
 * Memory: two vectors, for iterates; O(P) a step, no vector is allocated.
 */
export class CouplingAccumulator {
  readonly #lr: number;
  readonly #size: number;
  readonly #dtype: DType;
  readonly #windows: { width: number; below: CompensatedSum; above: CompensatedSum }[];
  #previous: { readonly theta: Vector; readonly gradient: Vector; loss: number } | null = null;
  /** Lengths of the step from `#previous`, where `descend` took it. */
  #ahead: StepLengths | null = null;
  #firstLoss: number | null;
  #steps: number;
  readonly #sums: Readonly<Record<SumName, CompensatedSum>>;
  #largest: number | null;
  #largestStep: number | null;
  #firstAbove: number | null;
  #nearPeriodicity: number;

  /**
   * @param state of an accumulator with the same options to go on with, and `vectors` if it had any (taken over)
   * @throws InputError for a learning rate or window width that is not positive
   */
  constructor(
    { lr, size, dtype, windows = DEFAULT_WINDOWS }: CouplingOptions,
    state?: CouplingState,
    vectors?: CouplingVectors | null,
  ) {
    checkRate(lr);
    this.#lr = lr;
    this.#size = size;
    this.#dtype = dtype;
    this.#windows = windows.map((share, k) => {
      if (!(share > 0))
        throw new InputError("not a window width", { received: String(share), allowed: "> 0" });
      const { below, above } = state?.windows[k] ?? {};
      return {
        width: (share * 2) / lr,
        below: new CompensatedSum(below),
        above: new CompensatedSum(above),
      };
    });
    this.#sums = Object.fromEntries(
      SUMS.map((name) => [name, new CompensatedSum(state?.sums[name])]),
    ) as unknown as Record<SumName, CompensatedSum>;
    this.#steps = state?.steps ?? 0;
    this.#firstLoss = state?.firstLoss ?? null;
    this.#largest = state?.largest ?? null;
    this.#largestStep = state?.largestStep ?? null;
    this.#firstAbove = state?.firstAbove ?? null;
    this.#nearPeriodicity = state?.nearPeriodicity ?? -Infinity;
    const lastLoss = state?.lastLoss ?? null;
    if (vectors && lastLoss !== null) this.#previous = { ...vectors, loss: lastLoss };
  }

  /** What a later accumulator can go on from, with `vectors`. */
  state(): CouplingState {
    const sums = Object.fromEntries(SUMS.map((name) => [name, this.#sums[name].state]));
    return {
      steps: this.#steps,
      firstLoss: this.#firstLoss,
      lastLoss: this.#previous?.loss ?? null,
      largest: this.#largest,
      largestStep: this.#largestStep,
      firstAbove: this.#firstAbove,
      nearPeriodicity: this.#nearPeriodicity === -Infinity ? null : this.#nearPeriodicity,
      sums: sums as unknown as CouplingState["sums"],
      windows: this.#windows.map(({ below, above }) => ({ below: below.state, above: above.state })),
    };
  }

  /** The vectors kept for the next step, live; null before the first iterate. */
  vectors(): CouplingVectors | null {
    return this.#previous;
  }

  /**
   * The next iterate of gradient descent with its gradient and loss, all copied; returns the step that ends here,
   * null for the first iterate.
   *
   * @throws InputError when the vectors do not have length P
   */
  next(theta: Vector, gradient: Vector, loss: number): CouplingStep | null {
    return this.#advance(theta, gradient, loss, (previous) =>
      this.add({
        x: previous.theta,
        gradientX: previous.gradient,
        lossX: previous.loss,
        y: theta,
        gradientY: gradient,
        lossY: loss,
      }),
    );
  }

  /** `next`, cheaper, for steps nobody looks at: all sums go on but `nearPeriodicity`, which needs r̄. */
  pass(theta: Vector, gradient: Vector, loss: number): void {
    this.#advance(theta, gradient, loss, (previous) => this.#passed(previous, theta, loss));
  }

  /**
   * Takes the step of gradient descent from the next iterate along with noting it: out ← θ − η∇L(θ), in the pass over
   * the vectors that measures the step. What `pass` and the update do one after the other, to the bit, without copies:
   * `theta` and `gradient` are kept as they are, and must not change until the next call (`out` may be the `theta`
   * given before).
   *
   * @param noted whether the iterate was given to `next` or `pass` already
   * @returns a vector of length P in which the next gradient may be written
   */
  descend(theta: Vector, gradient: Vector, loss: number, out: Vector, noted = false): Vector {
    this.#check(theta, gradient);
    const previous = this.#previous;
    if (!noted && previous !== null) this.#passed(previous, theta, loss);
    this.#firstLoss ??= loss;
    this.#previous = { theta, gradient, loss };
    this.#ahead = descendMeasured(theta, gradient, out, this.#lr);
    return previous === null || previous.gradient === gradient
      ? zeros(this.#dtype, this.#size)
      : previous.gradient;
  }

  #passed(previous: CouplingVectors & { readonly loss: number }, theta: Vector, loss: number): void {
    const ends = { x: previous.theta, gradientX: previous.gradient, y: theta };
    const { stepSquared, updateSquared, endSquared } = this.#ahead ?? stepLengths(ends, this.#lr);
    const lossChange = loss - previous.loss;
    this.#note({
      stepSquared,
      lossChange,
      rTilde: lossCurvature(lossChange, stepSquared, this.#lr),
      updateResidual: stepSquared > 0 ? Math.sqrt(updateSquared / stepSquared) : null,
      updateRounding: updateRounding(stepSquared, endSquared, this.#dtype),
    });
  }

  #advance<T>(
    theta: Vector,
    gradient: Vector,
    loss: number,
    step: (previous: CouplingVectors & { readonly loss: number }) => T,
  ): T | null {
    this.#check(theta, gradient);
    const previous = this.#previous;
    if (previous === null) {
      const [copy, slope] = [zeros(this.#dtype, this.#size), zeros(this.#dtype, this.#size)];
      copy.set(theta);
      slope.set(gradient);
      this.#previous = { theta: copy, gradient: slope, loss };
      this.#firstLoss ??= loss;
      return null;
    }
    const taken = step(previous);
    this.#ahead = null;
    previous.theta.set(theta);
    previous.gradient.set(gradient);
    previous.loss = loss;
    return taken;
  }

  #check(theta: Vector, gradient: Vector): void {
    if (theta.length === this.#size && gradient.length === this.#size) return;
    throw new InputError("iterate or gradient has the wrong length", {
      received: `${theta.length} and ${gradient.length}`,
      allowed: String(this.#size),
    });
  }

  /** A step with both ends measured under one loss: a mini-batch of SGD. Nothing is kept of the vectors. */
  add(ends: StepEnds): CouplingStep {
    const step = couplingStep(ends, this.#lr);
    this.#note(step);
    if (step.rBar !== null) {
      const margin =
        Math.abs(step.rBar - 2 / this.#lr) - (step.twoStepReturn! + step.updateResidual!) / this.#lr;
      this.#nearPeriodicity = Math.max(this.#nearPeriodicity, margin);
    }
    return step;
  }

  summary(): CouplingSummary {
    const threshold = 2 / this.#lr;
    const energy = this.#sums.energy.value;
    const [deficit, excess] = [this.#sums.deficit.value, this.#sums.excess.value];
    // A run on one loss: the drop from first to last loss, independent of the sum over steps.
    const last = this.#previous?.loss;
    const drop =
      last === undefined || this.#firstLoss === null ? this.#sums.lossDrop.value : this.#firstLoss - last;
    const weightedMean = energy > 0 ? this.#sums.weighted.value / energy : null;
    const forcedMean = energy > 0 ? threshold - (2 * drop) / energy : null;
    const size = deficit + excess;
    const relative = (value: number): number => (size > 0 ? Math.abs(value) / size : 0);
    const perEnergy = (value: number): number => (energy > 0 ? value / energy : 0);
    // Each term ‖d‖²(2/η − r̃) is rounded relatively to its parts ‖d‖²·2/η and ‖d‖²r̃.
    const parts = 2 * threshold * energy + size;
    const spacing = SPACING.float64;
    return {
      steps: this.#steps,
      energy,
      lossDrop: drop,
      weightedMean,
      forcedMean,
      largest: this.#largest,
      largestStep: this.#largestStep,
      firstAbove: this.#firstAbove,
      deficit,
      excess,
      windows: this.#windows.map(({ width, below, above }) => {
        const [low, high] = [perEnergy(below.value), perEnergy(above.value)];
        return {
          width,
          within: energy > 0 ? Math.max(0, 1 - low - high) : 0,
          below: low,
          above: high,
          belowBound: perEnergy((2 * drop + excess) / width),
          aboveBound: perEnergy(excess / width),
        };
      }),
      residuals: {
        telescoping: relative(this.#sums.telescoped.value - 2 * drop),
        balance: relative(deficit - excess - 2 * drop),
        forcing: weightedMean === null ? 0 : Math.abs(weightedMean - forcedMean!) / threshold,
        update: Math.sqrt(perEnergy(this.#sums.deviation.value)),
        nearPeriodicity: this.#nearPeriodicity === -Infinity ? 0 : this.#nearPeriodicity / threshold,
      },
      roundings: {
        telescoping: relative(spacing * parts),
        balance: relative(spacing * parts),
        forcing: (spacing * perEnergy(parts)) / threshold,
        update: Math.sqrt(perEnergy(this.#sums.rounding.value)),
        // Of the inner product ⟨∇L(y) − ∇L(x), d⟩ over P entries.
        nearPeriodicity: spacing * Math.sqrt(this.#size),
      },
    };
  }

  #note(step: Noted): void {
    const { stepSquared, rTilde, lossChange } = step;
    const index = this.#steps++;
    this.#sums.lossDrop.add(-lossChange);
    if (rTilde === null) return;
    const threshold = 2 / this.#lr;
    const below = threshold - rTilde;
    this.#sums.energy.add(stepSquared);
    this.#sums.weighted.add(stepSquared * rTilde);
    this.#sums.telescoped.add(stepSquared * below);
    (below > 0 ? this.#sums.deficit : this.#sums.excess).add(stepSquared * Math.abs(below));
    for (const window of this.#windows) {
      if (below >= window.width) window.below.add(stepSquared);
      else if (-below >= window.width) window.above.add(stepSquared);
    }
    if (this.#largest === null || rTilde > this.#largest) {
      this.#largest = rTilde;
      this.#largestStep = index;
    }
    if (below <= 0) this.#firstAbove ??= index;
    this.#sums.deviation.add(stepSquared * step.updateResidual! ** 2);
    this.#sums.rounding.add(stepSquared * step.updateRounding! ** 2);
  }
}
