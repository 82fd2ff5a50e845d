// Following a period-two orbit in the learning rate until it is lost, collapses or doubles its period.
import { minres, type SmoothObjective } from "../../curvature/index.ts";
import { allFinite, axpy, dot, InputError, norm, type Vector, zeros } from "../../math/index.ts";
import { checkRate } from "./functional.ts";
import { amplitudeOf, joined, OrbitEquations } from "./orbit-equations.ts";
import { solveOrbit } from "./orbit-newton.ts";
import { type OrbitStability, orbitStability } from "./orbit-stability.ts";

export interface BranchOptions {
  /** Learning rate to go to. The branch ends there at the latest. */
  readonly towards: number;
  /** Points at most. Default 60. */
  readonly maxPoints?: number;
  /** Relative change of amplitude and 1/η a point. Default 0.15. */
  readonly step?: number;
  readonly tol?: number;
  readonly maxProducts?: number;
  /** Whether to compute multipliers, without which period doubling goes unseen. Default true. */
  readonly stability?: boolean;
  /** Called with every new point. */
  readonly onPoint?: (point: BranchPoint) => void;
}

/** One orbit of a branch. */
export interface BranchPoint {
  readonly lr: number;
  /** ‖a‖, half the distance of the two points. */
  readonly amplitude: number;
  readonly losses: readonly [number, number];
  readonly stability: OrbitStability | null;
}

export interface OrbitBranch {
  /** In the order of continuation, the given orbit first. */
  readonly points: readonly BranchPoint[];
  /**
   * `target`: the wanted learning rate was reached. `collapsed`: x and y met in a fixed point. `fold`: the branch turned
   * back, beyond `lr` it has no orbits. `period-doubled`: a multiplier passed −1. `lost`: the corrector failed at the
   * smallest step. `budget`: all points used.
   */
  readonly end: "target" | "collapsed" | "fold" | "period-doubled" | "lost" | "budget";
  /** Learning rate of the event: where the branch ends as far as is known. */
  readonly lr: number;
  /** The last orbit computed. */
  readonly center: Vector;
  readonly half: Vector;
  readonly products: number;
}

/** A point of the branch in the unknowns (m, a) and γ = 2/η. */
interface State {
  readonly z: Vector;
  readonly threshold: number;
  readonly losses: readonly [number, number];
}

const SMALLEST_STEP = 1e-4;
const CORRECTIONS = 8;

/**
 * Pseudo-arclength continuation (Keller 1977): secant predictor, and Newton corrections on the hyperplane across it,
 * with 2/η among the unknowns, so that folds are passed and seen. Each correction costs two MINRES solves.
 *
 * @throws InputError for bad learning rates, or when `orbit` is not one at `lr`
 */
export async function continueOrbit(
  objective: SmoothObjective,
  lr: number,
  orbit: { readonly center: Vector; readonly half: Vector },
  options: BranchOptions,
): Promise<OrbitBranch> {
  checkRate(lr);
  checkRate(options.towards);
  const branch = new Branch(objective, options);
  return branch.follow(lr, orbit);
}

class Branch {
  readonly #objective: SmoothObjective;
  readonly #equations: OrbitEquations;
  readonly #options: BranchOptions;
  readonly #tol: number;
  readonly #maxProducts: number;
  readonly #points: BranchPoint[] = [];
  #products = 0;

  constructor(objective: SmoothObjective, options: BranchOptions) {
    this.#objective = objective;
    this.#equations = new OrbitEquations(objective);
    this.#options = options;
    this.#tol = options.tol ?? (objective.dtype === "float64" ? 1e-10 : 1e-4);
    this.#maxProducts = options.maxProducts ?? 300;
  }

  async follow(lr: number, orbit: { readonly center: Vector; readonly half: Vector }): Promise<OrbitBranch> {
    const { towards, maxPoints = 60, step = 0.15 } = this.#options;
    const goal = 2 / towards;
    let previous = await this.#start(lr, orbit);
    await this.#note(previous);
    if (towards === lr) return this.#end("target", previous);
    let size = step;
    let current: State | null = null;
    // The second point by its learning rate; from then on along the secant.
    for (; current === null; size /= 2) {
      if (size < SMALLEST_STEP) return this.#end("lost", previous);
      const threshold = previous.threshold + (goal - previous.threshold) * Math.min(1, size / 10);
      current = await this.#at(threshold, previous.z, step);
    }
    size = step;
    for (;;) {
      const ended = await this.#event(previous, current, goal);
      if (ended !== null) return ended;
      if (this.#points.length >= maxPoints) return this.#end("budget", current);
      const direction = secant(previous, current);
      let next: State | null = null;
      for (;;) {
        next = await this.#correct(current, direction, size);
        if (next !== null) break;
        size /= 2;
        if (size < SMALLEST_STEP) return this.#end("lost", current);
      }
      [previous, current] = [current, next];
      size = Math.min(step, 1.5 * size);
    }
  }

  /** Notes a new point, and whether the branch ends at or before it. */
  async #event(before: State, now: State, goal: number): Promise<OrbitBranch | null> {
    const size = this.#objective.size;
    const [a, b] = [before.z.subarray(size), now.z.subarray(size)];
    const largest = Math.max(...this.#points.map(({ amplitude }) => amplitude));
    const [lengthA, lengthB] = [norm(a), norm(b)];
    if (dot(a, b) <= 0 || lengthB < 0.02 * largest) {
      // γ = λ + Q‖a‖² about the fixed point, through two points, the far one with its sign.
      const slope = (now.threshold - before.threshold) / (lengthB ** 2 - lengthA ** 2);
      return this.#end("collapsed", before, 2 / (before.threshold - slope * lengthA ** 2));
    }
    const wanted = Math.sign(goal - before.threshold);
    if (Math.sign(now.threshold - before.threshold) === -wanted) {
      return this.#end("fold", before, 2 / before.threshold);
    }
    if (wanted * (now.threshold - goal) >= 0) {
      const exact = (await this.#at(goal, now.z, 1)) ?? now;
      const doubled = await this.#doubling(before, exact);
      if (doubled !== null) return doubled;
      return this.#end("target", exact);
    }
    return this.#doubling(before, now);
  }

  /** Notes `now`; ends the branch where the lowest multiplier passed −1 on the way to it. */
  async #doubling(before: State, now: State): Promise<OrbitBranch | null> {
    const last = this.#points.at(-1)!;
    const point = await this.#measure(now);
    const excess = (stability: OrbitStability | null): number => 1 + (stability?.lowest ?? 0);
    if (excess(point.stability) >= 0 || excess(last.stability) < 0) {
      this.#push(point);
      return null;
    }
    // Regula falsi on the multiplier, in the learning rate's reciprocal, which is monotone between these points.
    let [left, right] = [before, now];
    let [low, high] = [excess(last.stability), excess(point.stability)];
    let found = point;
    let state = now;
    let moved: "left" | "right" | null = null;
    for (let iteration = 0; iteration < 20 && Math.abs(excess(found.stability)) > 1e-8; iteration++) {
      const share = low / (low - high);
      const threshold = left.threshold + share * (right.threshold - left.threshold);
      const middle = await this.#at(threshold, left.z, 1);
      if (middle === null) break;
      [found, state] = [await this.#measure(middle), middle];
      const value = excess(found.stability);
      // An end that stays put twice running counts half (Illinois), or it would stay for ever.
      if (value >= 0) {
        if (moved === "left") high /= 2;
        [left, low, moved] = [middle, value, "left"];
      } else {
        if (moved === "right") low /= 2;
        [right, high, moved] = [middle, value, "right"];
      }
    }
    this.#push(found);
    return this.#end("period-doubled", state, found.lr);
  }

  /** The orbit at a given threshold near z, or null when Newton fails, collapses or ends far away. */
  async #at(threshold: number, z: Vector, reach: number): Promise<State | null> {
    const { size } = this.#objective;
    const start = { center: z.slice(0, size), half: z.slice(size) };
    const solved = await solveOrbit(this.#objective, 2 / threshold, start, {
      tol: this.#tol,
      maxProducts: this.#maxProducts,
    });
    this.#products += solved.products;
    const moved = joined(solved.center, solved.half);
    axpy(-1, z, moved);
    if (solved.outcome !== "orbit" || norm(moved) > reach * amplitudeOf(z)) return null;
    return { z: joined(solved.center, solved.half), threshold, losses: solved.losses };
  }

  async #start(
    lr: number,
    { center, half }: { readonly center: Vector; readonly half: Vector },
  ): Promise<State> {
    const state = await this.#at(2 / lr, joined(center, half), 0.5);
    if (state !== null) return state;
    throw new InputError("there is no orbit of period two where the branch was to start", {
      field: "lr",
      received: String(lr),
    });
  }

  /** Newton on the orbit equations and the hyperplane at distance `size` along the secant. */
  async #correct(
    from: State,
    direction: { readonly z: Vector; readonly threshold: number },
    size: number,
  ): Promise<State | null> {
    const { dtype, size: parameters } = this.#objective;
    const scale = amplitudeOf(from.z);
    const z = from.z.slice();
    axpy(size * scale, direction.z, z);
    let threshold = from.threshold * (1 + size * direction.threshold);
    const force = zeros(dtype, z.length);
    const slope = zeros(dtype, z.length);
    for (let iteration = 0; iteration <= CORRECTIONS; iteration++) {
      if (!(threshold > 0)) return null;
      const losses = await this.#equations.residual(z, threshold, force);
      const residual = norm(force) / (2 * threshold * amplitudeOf(z));
      if (!allFinite(force) || residual > 10) return null;
      if (residual <= this.#tol) return { z, threshold, losses };
      for (let i = 0; i < parameters; i++) slope[parameters + i] = -2 * z[parameters + i]!;
      const options = { tol: Math.max(1e-12, Math.min(1e-3, residual)), maxProducts: this.#maxProducts };
      const jacobian = this.#equations.jacobian(z, threshold);
      const byForce = await minres(jacobian, force, options);
      const bySlope = await minres(jacobian, slope, options);
      this.#products += byForce.products + bySlope.products;
      const across = direction.threshold / from.threshold - dot(direction.z, bySlope.x) / scale;
      const change = dot(direction.z, byForce.x) / scale / across;
      if (!Number.isFinite(change)) return null;
      axpy(-1, byForce.x, z);
      axpy(-change, bySlope.x, z);
      threshold += change;
    }
    return null;
  }

  async #measure(state: State): Promise<BranchPoint> {
    const { size } = this.#objective;
    const lr = 2 / state.threshold;
    const half = state.z.slice(size);
    const wanted = this.#options.stability ?? true;
    const stability = wanted
      ? await orbitStability(this.#objective, lr, { center: state.z.slice(0, size), half })
      : null;
    return { lr, amplitude: norm(half), losses: state.losses, stability };
  }

  async #note(state: State): Promise<void> {
    this.#push(await this.#measure(state));
  }

  #push(point: BranchPoint): void {
    this.#points.push(point);
    this.#options.onPoint?.(point);
  }

  #end(end: OrbitBranch["end"], { z, threshold }: State, lr: number = 2 / threshold): OrbitBranch {
    const { size } = this.#objective;
    return {
      points: this.#points,
      end,
      lr,
      center: z.slice(0, size),
      half: z.slice(size),
      products: this.#products,
    };
  }
}

/** Unit direction from one point to the next, (m, a) in units of the amplitude and γ relative to itself. */
function secant(from: State, to: State): { readonly z: Vector; readonly threshold: number } {
  const scale = amplitudeOf(to.z);
  const z = to.z.slice();
  axpy(-1, from.z, z);
  const threshold = (to.threshold - from.threshold) / to.threshold;
  const length = Math.hypot(norm(z) / scale, threshold);
  for (let i = 0; i < z.length; i++) z[i] = z[i]! / (length * scale);
  return { z, threshold: threshold / length };
}
