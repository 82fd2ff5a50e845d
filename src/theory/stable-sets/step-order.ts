// What every step of a share needs, and rows sorted by it.
import { type PlannedBlock, planSteps } from "./pair-plan.ts";
import { reachAt, type Rung } from "./pair-ladder.ts";
import type { PairRows } from "./pair-rows.ts";
import type { Predictions } from "./predictions.ts";

/** 1/x that stays finite, for sizes of steps. */
export const SMALLEST = 1e-300;

/** What there is to order. */
export interface StepOrderInput {
  /** Whose steps they are. */
  readonly examples: Int32Array;
  /** Of every example of the data, largest |⟨x_i, x_j⟩| over j ≠ i. */
  readonly largest: Float64Array;
  /** Of the same examples. */
  readonly rows: PairRows;
  readonly ladder: readonly Rung[];
  /** Relative error allowed per change of a loss. */
  readonly tolerance: number;
  /** Moves below have denormal powers. */
  readonly tiny: number;
  /** Rows of the blocks there are programs for. */
  readonly part: number;
  readonly whole: number;
}

/** The steps of one share, from call to call. */
export class StepOrder {
  /** By example, the largest move of any logit difference per inner product. */
  readonly sizes: Float64Array;
  readonly #input: StepOrderInput;
  readonly #rungs: Int8Array;
  /** The block of every example. */
  readonly #places: Int8Array;
  #alone = 0;

  constructor(input: StepOrderInput) {
    const n = input.largest.length;
    this.sizes = new Float64Array(n);
    this.#input = input;
    this.#rungs = new Int8Array(n);
    this.#places = new Int8Array(n);
  }

  /** The example at every row. */
  get rows(): Int32Array {
    return this.#input.rows.order;
  }

  /** Takes the sizes of the steps at the given predictions. O(rows·K). */
  measure({ residuals, inputs: { classes } }: Predictions, lr: number): void {
    for (const i of this.#input.examples) {
      let low = 0;
      let high = 0;
      for (let k = i * classes; k < (i + 1) * classes; k++) {
        low = Math.min(low, residuals[k]!);
        high = Math.max(high, residuals[k]!);
      }
      this.sizes[i] = lr * (high - low);
    }
  }

  /**
   * The blocks that serve the steps just measured, and rows in this order: which block a step is in follows from the sizes alone.
   * Rows beyond the last block hold steps that go alone, and those that move nothing.
   *
   * @param potential the largest 1 − p_y
   */
  plan(potential: number): readonly PlannedBlock[] {
    const { examples, ladder, part, whole, rows } = this.#input;
    const { counts, tiny } = this.#takeRungs(potential);
    const { blocks, aloneFrom } = planSteps({ ladder, counts, tiny, part, whole });
    this.#sendAlone(counts, aloneFrom);
    const begins = new Int32Array(counts.length);
    for (let rung = 1; rung < counts.length; rung++) begins[rung] = begins[rung - 1]! + counts[rung - 1]!;
    const held = new Int32Array(blocks.length + 2);
    for (const i of examples) {
      // Steps of one rung fill its rows in the order of the examples, whatever they lay in before: programs round differently.
      const rung = this.#rungs[i]!;
      const row = begins[rung]!++;
      const beyond = rung - ladder.length;
      const place = beyond < 0 ? blocks.findIndex(({ end }) => row < end) : blocks.length + beyond;
      this.#places[i] = place;
      held[place]!++;
    }
    rows.sort(this.#places, held);
    return blocks;
  }

  /** Whether any step is in no block although it moves something. */
  get anyAlone(): boolean {
    return this.#alone > 0;
  }

  /** Whether the step of example i is in no block although it moves something. */
  goesAlone(i: number): boolean {
    return this.#rungs[i] === this.#input.ladder.length;
  }

  /** How many steps need each rung. Beyond the ladder: those that go alone, then those that move nothing; `tiny` as `planSteps` wants it. */
  #takeRungs(potential: number): { counts: Int32Array; tiny: number } {
    const { examples, largest, ladder, tolerance, tiny } = this.#input;
    const alone = ladder.length;
    const counts = new Int32Array(alone + 2);
    const reaches = ladder.map((rung) => reachAt(rung, tolerance, potential));
    let hardly = 0;
    for (const i of examples) {
      const size = this.sizes[i]!;
      const move = size * largest[i]!;
      let rung = 0;
      while (rung < alone && !(move <= reaches[rung]!)) rung++;
      if (size < SMALLEST || move === 0) rung = alone + 1;
      if (rung === 0 && move < tiny) hardly++;
      this.#rungs[i] = rung;
      counts[rung]!++;
    }
    return { counts, tiny: hardly / Math.max(1, counts[0]!) };
  }

  /** Steps that need rung `from` or a higher one go alone. */
  #sendAlone(counts: Int32Array, from: number): void {
    const alone = this.#input.ladder.length;
    for (const i of this.#input.examples) {
      const rung = this.#rungs[i]!;
      if (rung < from || rung >= alone) continue;
      this.#rungs[i] = alone;
      counts[rung]!--;
      counts[alone]!++;
    }
    this.#alone = counts[alone]!;
  }
}
