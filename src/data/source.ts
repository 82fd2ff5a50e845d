// What a decoder hands to preparation: raw examples by index, before selection and scaling; and how it gets bytes.
import { type DType, InputError } from "../math/index.ts";

/** Files by name, whatever holds them (a folder, a browser's storage, memory). */
export interface DataFiles {
  /** Names that can be read. */
  list(): readonly string[];
  /**
   * All bytes of a file.
   *
   * @param maxBytes the longest the caller can use; a longer file is refused before it is read
   * @throws InputError when the file is longer
   */
  read(name: string, maxBytes: number): Uint8Array | Promise<Uint8Array>;
}

/** Undecided examples of one split: nothing is converted until it is known which are used. */
export interface ExampleSource {
  readonly count: number;
  /** The Π(inputShape) raw values of example i; a view, valid until the next call. */
  row(i: number): ArrayLike<number>;
  /** Raw values divided by this are the values meant (255 for bytes of images). */
  readonly divisor: number;
  /** Class of each example, or null when there are real targets. */
  readonly labels: ArrayLike<number> | null;
  /** count×columns real targets, row-major, or null when there are labels. */
  readonly targets: ArrayLike<number> | null;
}

/** Everything a decoder or generator found. */
export interface DataSource {
  readonly name: string;
  readonly files: readonly string[];
  readonly notes: readonly string[];
  readonly inputShape: readonly number[];
  /** Number of classes; 0 for real targets. */
  readonly classes: number;
  /** Columns of real targets; 0 for labels. */
  readonly columns: number;
  /** Precision of the arrays unless the user asks for another. */
  readonly dtype: DType;
  readonly train: ExampleSource;
  readonly test: ExampleSource | null;
  /** What the training examples are called in messages, e.g. "training images of data_batch_1.bin". */
  readonly trainName: string;
}

/** n examples stored one after another in a flat array. */
export function flatRows(
  values: Uint8Array | Float64Array,
  features: number,
): (i: number) => ArrayLike<number> {
  return (i) => values.subarray(i * features, (i + 1) * features);
}

/** 10000 → "10,000". */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** Most values a generated set may have: 2 GiB of float64. */
const MAX_GENERATED = 2 ** 28;

/** Room for n generated examples. @throws InputError when they would not fit in memory */
export function generatedValues(n: number, features: number): Float64Array<ArrayBuffer> {
  if (n * features > MAX_GENERATED) {
    throw new InputError("generated set is too large", {
      field: "data.n",
      received: `${n} examples of ${features} inputs`,
      allowed: `at most ${MAX_GENERATED} inputs in all`,
    });
  }
  return new Float64Array(n * features);
}
