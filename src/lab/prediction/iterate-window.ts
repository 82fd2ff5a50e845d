// A stretch of consecutive iterates, reduced as they come: their mean, the last midpoint, and how they oscillate.
import { dot, dtypeOf, RunError, type Vector, zeros } from "../../math/index.ts";

/**
 * Takes θ_0 … θ_K one after another. Memory: the running sum in float64 and the last three iterates; a step costs O(P)
 * and one inner product a direction.
 */
export class IterateWindow {
  readonly #sum: Float64Array<ArrayBuffer>;
  /** The last three iterates, oldest first. */
  #last: Vector[] = [];
  readonly #directions: readonly Vector[];
  /** ⟨direction, θ_t⟩ of the last two steps, by direction. */
  readonly #projections: [before: number, now: number][];
  readonly #squares: number[];
  #count = 0;

  /** @param directions unit vectors along which the oscillation is measured */
  constructor(size: number, directions: readonly Vector[] = []) {
    this.#sum = new Float64Array(size);
    this.#directions = directions;
    this.#projections = directions.map(() => [0, 0]);
    this.#squares = directions.map(() => 0);
  }

  /** Iterates taken. */
  get count(): number {
    return this.#count;
  }

  /** The next iterate; copied. */
  add(theta: Vector): void {
    // Half weight at both ends (the last one's is taken back in `mean`): an alternation then leaves nothing behind.
    const weight = this.#count === 0 ? 0.5 : 1;
    for (let i = 0; i < theta.length; i++) this.#sum[i] = this.#sum[i]! + weight * theta[i]!;
    const reused = this.#last.length === 3 ? this.#last.shift()! : zeros(dtypeOf(theta), theta.length);
    reused.set(theta);
    this.#last.push(reused);
    this.#directions.forEach((direction, k) => {
      const [before, now] = this.#projections[k]!;
      const next = dot(direction, theta);
      // x_t = (−θ_{t−1} + 2θ_t − θ_{t+1})/4 along the direction keeps what alternates and drops what drifts.
      if (this.#count >= 2) this.#squares[k] = this.#squares[k]! + ((2 * now - before - next) / 4) ** 2;
      this.#projections[k] = [now, next];
    });
    this.#count += 1;
  }

  /** θ_{K−1}: the middle of the last midpoint. */
  iterate(): Vector {
    return this.#three()[1].slice();
  }

  /** (θ_{K−2} + 2θ_{K−1} + θ_K)/4, where the oscillation cancels (arXiv:2410.24206). */
  midpoint(): Vector {
    const [before, now, next] = this.#three();
    const result = now.slice();
    for (let i = 0; i < result.length; i++) result[i] = (before[i]! + 2 * now[i]! + next[i]!) / 4;
    return result;
  }

  /** Mean over the window by the trapezoidal rule: (½θ_0 + θ_1 + … + ½θ_K)/K. */
  mean(): Vector {
    const [, , last] = this.#three();
    const result = last.slice();
    const steps = this.#count - 1;
    for (let i = 0; i < result.length; i++) result[i] = (this.#sum[i]! - last[i]! / 2) / steps;
    return result;
  }

  /** Mean square of the oscillation along each direction, [w²]: E x², about the moving centre. */
  oscillation(): number[] {
    this.#three();
    return this.#squares.map((sum) => sum / (this.#count - 2));
  }

  #three(): [Vector, Vector, Vector] {
    const [before, now, next] = this.#last;
    if (next === undefined) {
      throw new RunError("a window of iterates needs three of them", { received: String(this.#count) });
    }
    return [before!, now!, next];
  }
}
