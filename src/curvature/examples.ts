// Examples in the objective's precision, as chunk-sized views, and mini-batches gathered into a reused buffer.
import { dtypeOf, InputError, zeros, type DType, type Vector } from "../math/index.ts";
import { chunksOf } from "./chunks.ts";

/** Examples as the data layer delivers them: x n×inputs, y n×outputs, both row-major. */
export interface ExampleArrays {
  readonly n: number;
  readonly x: Vector;
  readonly y: Vector;
}

/** Consecutive examples, as views. */
export interface ExampleChunk {
  readonly size: number;
  readonly x: Vector;
  readonly y: Vector;
}

/** One split of a data set. Views are created once, so that a backend can recognise them. */
export class ExampleSet {
  readonly n: number;
  readonly x: Vector;
  readonly y: Vector;
  readonly chunks: readonly ExampleChunk[];
  readonly #limit: number;
  readonly #inputs: number;
  readonly #outputs: number;
  #batch: { size: number; x: Vector; y: Vector; chunks: readonly ExampleChunk[] } | null = null;

  /**
   * @param limit most examples in one chunk
   * @param name for messages: "training" or "test"
   * @throws InputError when the arrays do not have n×inputs and n×outputs values
   */
  constructor(
    { n, x, y }: ExampleArrays,
    {
      inputs,
      outputs,
      dtype,
      limit,
      name,
    }: { inputs: number; outputs: number; dtype: DType; limit: number; name: string },
  ) {
    if (n < 1 || x.length !== n * inputs || y.length !== n * outputs) {
      throw new InputError(`${name} data do not fit the network`, {
        received: `${n} examples, x of ${x.length}, y of ${y.length} values`,
        allowed: `${inputs} inputs and ${outputs} outputs an example`,
      });
    }
    this.n = n;
    this.x = inPrecision(x, dtype);
    this.y = inPrecision(y, dtype);
    this.#limit = limit;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.chunks = this.#views(this.x, this.y, n);
  }

  /**
   * Copies the listed examples into a buffer that the next call overwrites. O(indices·inputs).
   *
   * @throws InputError for an index outside 0 … n − 1
   */
  gather(indices: Uint32Array): readonly ExampleChunk[] {
    const inputs = this.#inputs;
    const outputs = this.#outputs;
    if (this.#batch?.size !== indices.length) {
      const x = zeros(dtypeOf(this.x), indices.length * inputs);
      const y = zeros(dtypeOf(this.x), indices.length * outputs);
      this.#batch = { size: indices.length, x, y, chunks: this.#views(x, y, indices.length) };
    }
    const { x, y, chunks } = this.#batch;
    for (let k = 0; k < indices.length; k++) {
      const i = indices[k]!;
      if (i >= this.n)
        throw new InputError("no such example", { received: String(i), allowed: `0 … ${this.n - 1}` });
      x.set(this.x.subarray(i * inputs, (i + 1) * inputs), k * inputs);
      y.set(this.y.subarray(i * outputs, (i + 1) * outputs), k * outputs);
    }
    return chunks;
  }

  #views(x: Vector, y: Vector, n: number): ExampleChunk[] {
    return chunksOf(n, this.#limit).map(({ start, size }) => ({
      size,
      x: x.subarray(start * this.#inputs, (start + size) * this.#inputs),
      y: y.subarray(start * this.#outputs, (start + size) * this.#outputs),
    }));
  }
}

function inPrecision(values: Vector, dtype: DType): Vector {
  if (dtype === "float32") return values instanceof Float32Array ? values : new Float32Array(values);
  return values instanceof Float64Array ? values : new Float64Array(values);
}
