// What a loaded data set is: examples as a flat float array, integer labels or real targets, and where it came from.

/** How a data set was obtained and prepared; saved with every run. */
export interface DataProvenance {
  /** Names of the files read, in order; empty for generated sets. */
  readonly files: readonly string[];
  /** FNV-1a 64-bit checksum (hex) of the final `x` and `y` of the training examples. */
  readonly checksum: string;
  /** Sentences to show the user: partial folders, where standardisation statistics came from, … */
  readonly notes: readonly string[];
}

/** Examples of one split. `x` is n×Π(inputShape), row-major; float32 unless the source was float64. */
export interface Examples {
  readonly n: number;
  readonly x: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** n×outputs targets (one-hot 0/1, ±1, or real values for regression). */
  readonly y: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  /** Class of each example, or null for regression. */
  readonly labels: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | null;
}

/** A training set, an optional test set, and their common shapes. */
export interface Dataset {
  readonly name: string;
  /** Shape of one input: [features] or [channels, height, width]. */
  readonly inputShape: readonly number[];
  /** Number of target columns (1 for binary ±1 targets and scalar regression). */
  readonly outputs: number;
  /** Number of classes; 0 for regression. */
  readonly classes: number;
  readonly train: Examples;
  readonly test: Examples | null;
  readonly provenance: DataProvenance;
}
