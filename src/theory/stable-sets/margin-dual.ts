// The dual of the hard-margin problem: min over α ≥ 0 of ½‖Σ α_ik v_ik‖² − Σ α_ik, with v_ik = x_i(e_{y_i} − e_k)ᵀ.
import { dot, norm, randomStream, scale } from "../../math/index.ts";
import { addOuterProducts, addProducts } from "./matrix.ts";
import type { LabelledInputs } from "./types.ts";

/** Passes over the classes of one example before its weights are updated. */
const INNER_PASSES = 3;
/** Most conjugate-gradient products of one face step. */
const FACE_PRODUCTS = 80;
/** The face is solved when the residual has fallen by this. */
const FACE_TOLERANCE = 1e-13;

/** Curvature below this is none. */
const FLAT = 1e-15;
/** How far α goes along a direction that lowers the objective for ever, relative to what it is. */
const FAR = 1e12;

/** Both bounds on the margin that the present α certifies. */
export interface MarginBounds {
  readonly lower: number;
  readonly upper: number;
  /** W/‖W‖, which has margin `lower`; null for W = 0. */
  readonly direction: Float64Array | null;
}

/** α (n×K, zero at the label) and W = Σ α_ik v_ik (K×d), kept together. */
export class MarginDual {
  readonly inputs: LabelledInputs;
  /** ‖x_i‖². */
  readonly squaredNorms: Float64Array;
  readonly #alpha: Float64Array;
  readonly #weights: Float64Array;
  readonly #order: Uint32Array;
  readonly #random = randomStream(0, "margin");
  /** n×K scratch: scores XWᵀ, and coefficients A with W = AᵀX. */
  readonly #scores: Float64Array;
  readonly #coefficients: Float64Array;
  readonly #own: Float64Array;
  readonly #steps: Float64Array;

  constructor(inputs: LabelledInputs) {
    const { n, d, classes, x } = inputs;
    this.inputs = inputs;
    this.squaredNorms = Float64Array.from({ length: n }, (_, i) => {
      const row = x.subarray(i * d, (i + 1) * d) as Float64Array<ArrayBuffer>;
      return dot(row, row);
    });
    this.#alpha = new Float64Array(n * classes);
    this.#weights = new Float64Array(classes * d);
    this.#order = Uint32Array.from({ length: n }, (_, i) => i);
    this.#scores = new Float64Array(n * classes);
    this.#coefficients = new Float64Array(n * classes);
    this.#own = new Float64Array(classes);
    this.#steps = new Float64Array(classes);
  }

  /** Number of positive multipliers. */
  get support(): number {
    return this.#alpha.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  }

  /** Coordinate descent: once over all examples, then over those with a positive multiplier. O(ndK) a full sweep. */
  sweeps(count: number): void {
    const { n } = this.inputs;
    for (let sweep = 0; sweep < count; sweep++) {
      this.#random.shuffle(this.#order);
      const visited = sweep === 0 ? n : this.#bringSupportForward();
      for (let q = 0; q < visited; q++) this.#descend(this.#order[q]!);
    }
  }

  /** Examples with a positive multiplier to the front of the order; how many they are. */
  #bringSupportForward(): number {
    const { classes } = this.inputs;
    let front = 0;
    for (let q = 0; q < this.#order.length; q++) {
      const i = this.#order[q]!;
      const row = this.#alpha.subarray(i * classes, (i + 1) * classes);
      if (row.every((value) => value === 0)) continue;
      this.#order[q] = this.#order[front]!;
      this.#order[front++] = i;
    }
    return front;
  }

  /** Exact minimisation over one α_ik after the other for one example. O(dK). */
  #descend(i: number): void {
    const { d, classes, labels, x } = this.inputs;
    const label = labels[i]!;
    const own = this.#own;
    const steps = this.#steps;
    const weights = this.#weights;
    const from = i * d;
    for (let k = 0; k < classes; k++) {
      let sum = 0;
      for (let c = 0, w = k * d; c < d; c++, w++) sum += weights[w]! * x[from + c]!;
      own[k] = sum;
    }
    steps.fill(0);
    const square = this.squaredNorms[i]!;
    for (let pass = 0; pass < INNER_PASSES; pass++) {
      for (let k = 0; k < classes; k++) {
        if (k === label) continue;
        const at = i * classes + k;
        const slack = 1 - own[label]! + own[k]!;
        const step = Math.max(-this.#alpha[at]!, slack / (2 * square));
        this.#alpha[at]! += step;
        steps[k]! -= step;
        steps[label]! += step;
        own[k]! -= step * square;
        own[label]! += step * square;
      }
    }
    for (let k = 0; k < classes; k++) {
      const step = steps[k]!;
      if (step === 0) continue;
      for (let c = 0, w = k * d; c < d; c++, w++) weights[w]! += step * x[from + c]!;
    }
  }

  /**
   * Minimises over the positive multipliers alone, by conjugate gradients on Q_SS δ = 1 − (Qα)_S, and goes as far along
   * the projection of α + δ on α ≥ 0 as the objective falls. A product costs O(dK) for each
   * example of the support.
   */
  faceStep(): void {
    const alpha = this.#alpha;
    const free = Array.from(alpha.keys()).filter((at) => alpha[at]! > 0);
    if (free.length === 0) return;
    const rows = [...new Set(free.map((at) => Math.floor(at / this.inputs.classes)))];
    this.#rebuild(alpha, this.#weights);
    this.#takeScores(this.#weights, rows);
    const residual = Float64Array.from(free, (at) => 1 - this.#margin(at));
    const product = new Float64Array(free.length);
    const delta = new Float64Array(free.length);
    const direction = residual.slice();
    const spread = new Float64Array(alpha.length);
    const image = new Float64Array(this.#weights.length);
    let squared = dot(residual, residual);
    const goal = squared * FACE_TOLERANCE ** 2;
    for (let step = 0; step < Math.min(FACE_PRODUCTS, 2 * free.length) && squared > goal; step++) {
      free.forEach((at, s) => (spread[at] = direction[s]!));
      this.#rebuild(spread, image);
      this.#takeScores(image, rows);
      free.forEach((at, s) => (product[s] = this.#margin(at)));
      const curvature = dot(direction, product);
      if (!(curvature > FLAT * dot(direction, direction))) {
        this.#slide(free, direction);
        return;
      }
      const length = squared / curvature;
      for (let s = 0; s < free.length; s++) {
        delta[s]! += length * direction[s]!;
        residual[s]! -= length * product[s]!;
      }
      const next = dot(residual, residual);
      for (let s = 0; s < free.length; s++) direction[s] = residual[s]! + (next / squared) * direction[s]!;
      squared = next;
    }
    this.#moveAlong(free, delta);
  }

  /**
   * Along a direction that leaves W alone and raises Σα: to where the first multiplier vanishes, or, when none does, far
   * away. The latter proves that 0 lies in the hull: the direction's entries are its weights.
   */
  #slide(free: readonly number[], direction: Float64Array): void {
    const alpha = this.#alpha;
    const size = Math.max(...free.map((at) => alpha[at]!)) / Math.max(...direction.map(Math.abs));
    let length = FAR * size;
    free.forEach((at, s) => {
      if (direction[s]! < 0) length = Math.min(length, -alpha[at]! / direction[s]!);
    });
    free.forEach((at, s) => (alpha[at] = Math.max(0, alpha[at]! + length * direction[s]!)));
    this.#rebuild(alpha, this.#weights);
  }

  /** The longest of the steps 1, ½, ¼, … along the projection of α + tδ that lowers the objective. */
  #moveAlong(free: readonly number[], delta: Float64Array): void {
    const alpha = this.#alpha;
    const start = free.map((at) => alpha[at]!);
    const before = this.#objective();
    for (let length = 1; length > 1e-4; length /= 2) {
      free.forEach((at, s) => (alpha[at] = Math.max(0, start[s]! + length * delta[s]!)));
      this.#rebuild(alpha, this.#weights);
      if (this.#objective() < before) return;
    }
    free.forEach((at, s) => (alpha[at] = start[s]!));
    this.#rebuild(alpha, this.#weights);
  }

  /** Bounds certified by the present point. O(ndK). */
  bounds(): MarginBounds {
    this.#rebuild(this.#alpha, this.#weights);
    const length = norm(this.#weights as Float64Array<ArrayBuffer>);
    const total = this.#alpha.reduce((sum, value) => sum + value, 0);
    if (length === 0) return { lower: -Infinity, upper: total === 0 ? Infinity : 0, direction: null };
    this.#takeScores(this.#weights);
    const { classes, labels } = this.inputs;
    let least = Infinity;
    for (let at = 0; at < this.#alpha.length; at++) {
      if (at % classes !== labels[Math.floor(at / classes)]) least = Math.min(least, this.#margin(at));
    }
    const direction = new Float64Array(this.#weights);
    scale(1 / length, direction);
    return { lower: least / length, upper: length / total, direction };
  }

  #objective(): number {
    const weights = this.#weights as Float64Array<ArrayBuffer>;
    return dot(weights, weights) / 2 - this.#alpha.reduce((sum, value) => sum + value, 0);
  }

  /** out ← Σ multipliers_ik v_ik = AᵀX with A_ik = −multiplier, A_{i,y_i} = their sum. */
  #rebuild(multipliers: Float64Array, out: Float64Array): void {
    const { n, classes, labels } = this.inputs;
    const a = this.#coefficients;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        sum += multipliers[i * classes + k]!;
        a[i * classes + k] = -multipliers[i * classes + k]!;
      }
      a[i * classes + labels[i]!] = sum;
    }
    out.fill(0);
    addOuterProducts(this.inputs, a, out);
  }

  #takeScores(weights: Float64Array, rows?: readonly number[]): void {
    this.#scores.fill(0);
    addProducts(this.inputs, 1, weights, this.#scores, rows);
  }

  /** ⟨v_ik, W⟩ from the scores. */
  #margin(at: number): number {
    const { classes, labels } = this.inputs;
    const i = Math.floor(at / classes);
    return this.#scores[i * classes + labels[i]!]! - this.#scores[at]!;
  }
}
