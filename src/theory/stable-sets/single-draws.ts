// The exact drift at batch size 1: mean over all examples i of L(W − η∇ℓ_i) − L(W), from inner products of the inputs.
import { checkDrift } from "./batches.ts";
import { lossChange } from "./loss-change.ts";
import type { Predictions } from "./predictions.ts";
import type { Drift } from "./types.ts";

/** Coefficients of (eˣ − 1)/x beyond the first: 1/2!, 1/3!, … */
const C2 = 1 / 2;
const C3 = 1 / 6;
const C4 = 1 / 24;
const C5 = 1 / 120;
const C6 = 1 / 720;
const C7 = 1 / 5040;
const C8 = 1 / 40_320;
/** Where that polynomial is exact to 2e-13; larger moves are halved until they are below. */
const POLYNOMIAL_RANGE = 0.125;
/** Moves up to here go through the polynomial of exp; beyond, through `Math.expm1`. */
const LARGE_MOVE = 12;
/** Relative error per change of a loss that `drift` allows itself by default. */
export const DRIFT_TOLERANCE = 1e-10;

/** Largest moves x of the logits that an expansion to first, second or third order serves: errors x/2, x²/6, x³/24. */
function expansionLimits(tolerance: number): readonly [number, number, number] {
  return [2 * tolerance, Math.sqrt(6 * tolerance), Math.cbrt(24 * tolerance)];
}

/** Losses whose 1 − p_y is so much below the largest are left out of small moves: together they are lost in rounding. */
const NEGLIGIBLE = 1e-16;

/**
 * Evaluates the drift of one data set again and again. Using example i moves the logits of j by δ_k = −η⟨x_i, x_j⟩r_ik,
 * so that all n² losses follow from the Gram matrix: O(n²K), without a single product of length d.
 *
 * Most of these n²K exponentials are of tiny arguments, since different inputs are far from parallel: blocks (one i, all
 * j of one class) whose moves are small need sums of powers, and no exponential, and there examples j that
 * are fitted beyond the rounding of the others need no visit. Errors are relative to the sum of the absolute changes,
 * which positive and negative ones may exceed by far.
 */
export class SingleDraws {
  readonly #n: number;
  readonly #classes: number;
  /** Examples sorted by class, its inverse, and where each class begins: all j of a class share the moves relative to its logit. */
  readonly #order: Int32Array;
  readonly #position: Int32Array;
  readonly #starts: Int32Array;
  /** ⟨x_i, x_j⟩ in sorted order, and its largest |entry| per (i, class of j ≠ i). */
  readonly #gram: Float64Array;
  readonly #largest: Float64Array;
  /** Sorted positions of the examples that are not negligible, and where each class begins among them. */
  readonly #active: Int32Array;
  readonly #activeStarts: Int32Array;
  /** p_jk of k ≠ y_j in sorted order, zero for k = y_j. */
  readonly #others: Float64Array;
  /** Of the row at hand: r_ik − r_iy over k, its powers over factorials. */
  readonly #move: Float64Array;
  readonly #square: Float64Array;
  readonly #cube: Float64Array;
  readonly #delta: Float64Array;
  #limits = expansionLimits(DRIFT_TOLERANCE);

  /** O(n²) time and memory. */
  constructor(gram: Float64Array, labels: Int32Array, classes: number) {
    const n = labels.length;
    this.#n = n;
    this.#classes = classes;
    this.#order = Int32Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
    this.#position = new Int32Array(n);
    this.#order.forEach((i, position) => (this.#position[i] = position));
    this.#starts = new Int32Array(classes + 1);
    for (const label of labels) this.#starts[label + 1]!++;
    for (let k = 0; k < classes; k++) this.#starts[k + 1]! += this.#starts[k]!;
    this.#gram = new Float64Array(n * n);
    this.#largest = new Float64Array(n * classes);
    for (let i = 0; i < n; i++) {
      const row = this.#order[i]! * n;
      for (let y = 0; y < classes; y++) {
        let largest = 0;
        for (let j = this.#starts[y]!; j < this.#starts[y + 1]!; j++) {
          const product = gram[row + this.#order[j]!]!;
          this.#gram[i * n + j] = product;
          if (j !== i) largest = Math.max(largest, Math.abs(product));
        }
        this.#largest[i * classes + y] = largest;
      }
    }
    this.#active = new Int32Array(n);
    this.#activeStarts = new Int32Array(classes + 1);
    this.#others = new Float64Array(n * classes);
    this.#move = new Float64Array(classes);
    this.#square = new Float64Array(classes);
    this.#cube = new Float64Array(classes);
    this.#delta = new Float64Array(classes);
  }

  /** E[L(W′) | W] − L(W) for b = 1 at the given predictions; `tolerance` as `expansionLimits` takes it. */
  drift(predictions: Predictions, lr: number, tolerance: number = DRIFT_TOLERANCE): Drift {
    const n = this.#n;
    this.prepare(predictions, tolerance);
    let total = 0;
    let increases = 0;
    for (let i = 0; i < n; i++) {
      const change = this.ownChange(predictions, i, lr) + this.otherChanges(predictions, i, lr);
      total += change;
      if (change > 0) increases++;
    }
    return driftOfSingles(total, increases, n, predictions.point.loss);
  }

  /** Takes over the probabilities; before `ownChange` and `otherChanges`. */
  prepare(predictions: Predictions, tolerance: number): void {
    this.#limits = expansionLimits(tolerance);
    this.#takeOthers(predictions, NEGLIGIBLE * predictions.point.maxPotential);
  }

  /** Largest |⟨x_i, x_j⟩| over j ≠ i. */
  largestProduct(i: number): number {
    const row = this.#position[i]! * this.#classes;
    let largest = 0;
    for (let y = 0; y < this.#classes; y++) largest = Math.max(largest, this.#largest[row + y]!);
    return largest;
  }

  /** Sum over j ≠ i of the changes of ℓ_j when example i is used. */
  otherChanges(predictions: Predictions, i: number, lr: number): number {
    let change = 0;
    const position = this.#position[i]!;
    for (let y = 0; y < this.#classes; y++) {
      change += this.#blockChange(predictions, predictions.residuals, position, y, lr);
    }
    return change;
  }

  /** Change of ℓ_i when example i is used. */
  ownChange(predictions: Predictions, i: number, lr: number): number {
    const row = i * this.#classes;
    const position = this.#position[i]!;
    const factor = -lr * this.#gram[position * this.#n + position]!;
    for (let k = 0; k < this.#classes; k++) this.#delta[k] = factor * predictions.residuals[row + k]!;
    return this.#exactChange(predictions, predictions.residuals, i);
  }

  #takeOthers({ residuals, losses }: Predictions, threshold: number): void {
    const classes = this.#classes;
    let active = 0;
    for (let y = 0; y < classes; y++) {
      this.#activeStarts[y] = active;
      for (let j = this.#starts[y]!; j < this.#starts[y + 1]!; j++) {
        const from = this.#order[j]!;
        if (losses.potentials[from]! > threshold) this.#active[active++] = j;
        for (let k = 0; k < classes; k++) {
          this.#others[j * classes + k] = k === y ? 0 : residuals[from * classes + k]!;
        }
      }
    }
    this.#activeStarts[classes] = active;
  }

  #exactChange(predictions: Predictions, residuals: Float64Array, j: number): number {
    const classes = this.#classes;
    const label = predictions.inputs.labels[j]!;
    return lossChange(predictions.logits, residuals, j * classes, classes, label, this.#delta);
  }

  /** Sum of the changes of all losses of class y, i's own excepted, when example i is used. */
  #blockChange(predictions: Predictions, residuals: Float64Array, i: number, y: number, lr: number): number {
    const classes = this.#classes;
    const row = this.#order[i]! * classes;
    let largest = 0;
    for (let k = 0; k < classes; k++) {
      const move = -lr * (residuals[row + k]! - residuals[row + y]!);
      this.#move[k] = move;
      largest = Math.max(largest, Math.abs(move));
    }
    const bound = largest * this.#largest[i * classes + y]!;
    if (bound === 0) return 0;
    const [first, second, third] = this.#limits;
    if (bound <= first) return this.#firstOrder(i, y);
    if (bound <= second) return this.#secondOrder(i, y);
    if (bound <= third) return this.#thirdOrder(i, y);
    return this.#anyMoves(predictions, residuals, i, y, bound);
  }

  /** Σ_j ⟨x_i, x_j⟩ Σ_k p_jk·move_k. */
  #firstOrder(i: number, y: number): number {
    const classes = this.#classes;
    const move = this.#move;
    const others = this.#others;
    const row = i * this.#n;
    const end = this.#activeStarts[y + 1]!;
    let total = 0;
    for (let a = this.#activeStarts[y]!; a < end; a++) {
      const j = this.#active[a]!;
      let first = 0;
      for (let k = 0, at = j * classes; k < classes; k++, at++) first += others[at]! * move[k]!;
      total += j === i ? 0 : this.#gram[row + j]! * first;
    }
    return total;
  }

  /** Σ_j u − u²/2, u = Σ_k p_jk(x + x²/2) with x = ⟨x_i, x_j⟩·move_k. */
  #secondOrder(i: number, y: number): number {
    const classes = this.#classes;
    const move = this.#move;
    const square = this.#square;
    for (let k = 0; k < classes; k++) square[k] = (move[k]! * move[k]!) / 2;
    const others = this.#others;
    const row = i * this.#n;
    const end = this.#activeStarts[y + 1]!;
    let total = 0;
    for (let a = this.#activeStarts[y]!; a < end; a++) {
      const j = this.#active[a]!;
      let first = 0;
      let second = 0;
      for (let k = 0, at = j * classes; k < classes; k++, at++) {
        const p = others[at]!;
        first += p * move[k]!;
        second += p * square[k]!;
      }
      const g = this.#gram[row + j]!;
      const u = g * (first + g * second);
      total += j === i ? 0 : u * (1 - u * 0.5);
    }
    return total;
  }

  /** Σ_j ln(1 + u), u = Σ_k p_jk(x + x²/2 + x³/6) with x = ⟨x_i, x_j⟩·move_k. */
  #thirdOrder(i: number, y: number): number {
    const classes = this.#classes;
    const move = this.#move;
    const square = this.#square;
    const cube = this.#cube;
    for (let k = 0; k < classes; k++) {
      square[k] = (move[k]! * move[k]!) / 2;
      cube[k] = (square[k]! * move[k]!) / 3;
    }
    const others = this.#others;
    const gram = this.#gram;
    const row = i * this.#n;
    const end = this.#activeStarts[y + 1]!;
    let total = 0;
    for (let a = this.#activeStarts[y]!; a < end; a++) {
      const j = this.#active[a]!;
      let first = 0;
      let second = 0;
      let third = 0;
      for (let k = 0, at = j * classes; k < classes; k++, at++) {
        const p = others[at]!;
        first += p * move[k]!;
        second += p * square[k]!;
        third += p * cube[k]!;
      }
      const g = gram[row + j]!;
      const u = g * (first + g * (second + g * third));
      total += j === i ? 0 : u * (1 - u * (0.5 - u * (1 / 3 - u * 0.25)));
    }
    return total;
  }

  /** The same without a bound on the moves: expm1 by halving and a polynomial, ln1p by the library. */
  #anyMoves(predictions: Predictions, residuals: Float64Array, i: number, y: number, bound: number): number {
    const classes = this.#classes;
    const others = this.#others;
    const move = this.#move;
    const row = i * this.#n;
    const halvings = Math.max(0, Math.ceil(Math.log2(bound / POLYNOMIAL_RANGE)));
    const scale = 2 ** -halvings;
    const polynomial = bound <= LARGE_MOVE;
    const end = this.#starts[y + 1]!;
    let total = 0;
    for (let j = this.#starts[y]!; j < end; j++) {
      if (j === i) continue;
      const g = this.#gram[row + j]!;
      const scaled = g * scale;
      let u = 0;
      for (let k = 0, at = j * classes; k < classes; k++, at++) {
        if (polynomial) {
          const x = scaled * move[k]!;
          let e = x * (1 + x * (C2 + x * (C3 + x * (C4 + x * (C5 + x * (C6 + x * (C7 + x * C8)))))));
          for (let h = 0; h < halvings; h++) e *= e + 2;
          u += others[at]! * e;
        } else if (k !== y) u += others[at]! * Math.expm1(g * move[k]!);
      }
      if (u > -0.5 && u < 1e300) {
        total += Math.log1p(u);
        continue;
      }
      for (let k = 0; k < classes; k++) this.#delta[k] = g * move[k]!;
      total += this.#exactChange(predictions, residuals, this.#order[j]!);
    }
    return total;
  }
}

/** The drift from the sum over all i and j of the changes, and the number of examples that raise the loss. */
export function driftOfSingles(total: number, increases: number, n: number, loss: number): Drift {
  const value = total / n / n;
  checkDrift(value);
  return {
    value,
    relative: value / loss,
    stderr: 0,
    increaseProbability: increases / n,
    batches: n,
    exact: true,
  };
}
