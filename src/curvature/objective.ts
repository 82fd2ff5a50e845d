// The loss of a network on a data set, executed by a backend: gradients, steps, Hessian products, ∇S.
import { InputError, zeros, type DType, type Vector } from "../math/index.ts";
import {
  accuracyRule,
  checkTargets,
  countCorrect,
  type LossName,
  type Network,
  type ParameterLayout,
} from "../nets/index.ts";
import type { Backend, Executable } from "../runtime/index.ts";
import { sizeOf, type Node, type Partition, type Program } from "../tensor/index.ts";
import { bytesPer, chunksOf, examplesWithin, type Chunk } from "./chunks.ts";
import type { Evaluation, Objective } from "./objective-types.ts";
import type { HessianOperator } from "./operator.ts";
import { ProblemPrograms, type ProblemInputs } from "./programs.ts";

/** Examples as the data layer delivers them: x n×Π(inputShape), y n×outputs, both row-major. */
export interface ExampleArrays {
  readonly n: number;
  readonly x: Vector;
  readonly y: Vector;
}

export interface ObjectiveOptions {
  readonly network: Network;
  readonly loss: LossName;
  readonly train: ExampleArrays;
  readonly test?: ExampleArrays | null;
  /** 0 for regression: then there is no accuracy. */
  readonly classes: number;
  readonly dtype: DType;
  readonly backend: Backend;
  /** Bytes: half for the intermediate values of one program, half for the kept linearisation. Default 512 MiB. */
  readonly memoryBudget?: number;
}

const DEFAULT_BUDGET = 512 * 2 ** 20;

/** A split with its chunks as zero-copy views. */
interface Split {
  readonly n: number;
  readonly x: Vector;
  readonly y: Vector;
  readonly chunks: readonly { readonly size: number; readonly x: Vector; readonly y: Vector }[];
}

/** A program compiled, with the nodes its inputs are fed from. */
interface Compiled {
  readonly executable: Executable;
  readonly inputs: readonly Node[];
  readonly ports: ProblemInputs;
}

type ProgramKind = "evaluation" | "gradient" | "hessianProduct" | "sharpnessGradient";

/** L(θ) = (1/n) Σ ℓ_i(θ) for a network on a data set. Methods must not be called concurrently. */
export class NetworkObjective implements Objective {
  readonly size: number;
  readonly dtype: DType;
  readonly n: number;
  readonly layout: ParameterLayout;
  /** Examples per full-batch program. */
  readonly chunk: number;
  /** Whether Hessian products reuse a stored linearisation (false when it does not fit the budget). */
  readonly keepsLinearisation: boolean;
  readonly #options: ObjectiveOptions;
  readonly #budget: number;
  readonly #splits: { train: Split; test: Split | null };
  readonly #programs = new Map<number, ProblemPrograms>();
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #partitions = new Map<number, Partition>();
  readonly #views = new WeakMap<Vector, readonly Vector[]>();
  readonly #weight: Vector;
  readonly #scalar: Vector;
  readonly #zero: Vector;
  readonly #scratch: readonly [Vector, Vector];
  readonly #point: Vector;
  #batch: { x: Vector; y: Vector; size: number } | null = null;
  #kept: Vector[][] = [];
  #logits = new Map<number, Vector>();
  #generation = 0;

  constructor(options: ObjectiveOptions) {
    const { network, dtype, train } = options;
    this.#options = options;
    this.#budget = options.memoryBudget ?? DEFAULT_BUDGET;
    this.size = network.layout.size;
    this.layout = network.layout;
    this.dtype = dtype;
    this.n = train.n;
    // The Hessian product has the largest working set of the programs every run uses.
    this.chunk = examplesWithin(this.#budget / 2, train.n, dtype, (m) => this.#problem(m).hessianProduct());
    this.#splits = {
      train: this.#split(train, "training"),
      test: options.test ? this.#split(options.test, "test") : null,
    };
    this.#weight = zeros(dtype, 1);
    this.#scalar = zeros(dtype, 1);
    this.#zero = zeros(dtype, this.size);
    this.#scratch = [zeros(dtype, this.size), zeros(dtype, this.size)];
    this.#point = zeros(dtype, this.size);
    const kept = this.#partition(Math.min(this.chunk, train.n)).kept;
    const keptPerExample =
      kept.reduce((total, node) => total + sizeOf(node.shape), 0) / Math.min(this.chunk, train.n);
    this.keepsLinearisation = keptPerExample * train.n * bytesPer(dtype) <= this.#budget / 2;
  }

  async lossAndGradient(theta: Vector, gradient: Vector): Promise<number> {
    return this.#accumulateGradient(
      theta,
      this.#splits.train.chunks,
      1 / this.n,
      this.#zero,
      gradient,
      this.n,
    );
  }

  async batchLossAndGradient(theta: Vector, indices: Uint32Array, gradient: Vector): Promise<number> {
    return this.#accumulateGradient(
      theta,
      this.#gather(indices),
      1 / indices.length,
      this.#zero,
      gradient,
      indices.length,
    );
  }

  async descend(theta: Vector, indices: Uint32Array | null, rate: number, out: Vector): Promise<number> {
    const chunks = indices === null ? this.#splits.train.chunks : this.#gather(indices);
    const count = indices === null ? this.n : indices.length;
    return this.#accumulateGradient(theta, chunks, -rate / count, theta, out, count);
  }

  async evaluate(theta: Vector, split: "train" | "test"): Promise<Evaluation> {
    const examples = this.#splits[split];
    if (!examples) throw new InputError("the data set has no test split", { field: "data" });
    const { network, classes } = this.#options;
    const rule = accuracyRule(classes, network.outputs);
    let loss = 0;
    let correct = 0;
    for (const chunk of examples.chunks) {
      const program = await this.#program("evaluation", chunk.size);
      const logits = this.#logitsBuffer(chunk.size);
      const feeds = this.#feeds(program, [[program.ports.parameters, theta]], chunk);
      await program.executable.run(feeds, [this.#scalar, logits]);
      loss += this.#scalar[0]!;
      if (rule) correct += countCorrect(rule, logits, chunk.y, network.outputs);
    }
    return { loss: loss / examples.n, accuracy: rule ? correct / examples.n : null };
  }

  async hessian(theta: Vector): Promise<HessianOperator> {
    this.#point.set(theta);
    const generation = ++this.#generation;
    if (this.keepsLinearisation) await this.#linearise();
    let products = 0;
    const apply = async (v: Vector, out: Vector): Promise<void> => {
      if (generation !== this.#generation) {
        throw new InputError("this Hessian was replaced by a newer linearisation");
      }
      await this.#hessianProduct(v, out);
      products++;
    };
    return {
      size: this.size,
      dtype: this.dtype,
      get products() {
        return products;
      },
      apply,
    };
  }

  async sharpnessGradient(theta: Vector, u: Vector, out: Vector): Promise<number> {
    this.#weight[0] = 1 / this.n;
    let curvature = 0;
    const { chunks } = this.#splits.train;
    for (let k = 0; k < chunks.length; k++) {
      const program = await this.#program("sharpnessGradient", chunks[k]!.size);
      const { parameters, probe, total } = program.ports;
      const [from, to] = this.#totals(k, chunks.length, this.#zero, out);
      const feeds = this.#feeds(
        program,
        [
          [parameters, theta],
          [probe, u],
          [total, from],
        ],
        chunks[k]!,
      );
      await program.executable.run(feeds, [this.#scalar, ...this.#viewsOf(to)]);
      curvature += this.#scalar[0]!;
    }
    return curvature;
  }

  async dispose(): Promise<void> {
    const compiled = await Promise.all(this.#compiled.values());
    this.#compiled.clear();
    this.#kept = [];
    await Promise.all(compiled.map((program) => program.executable.dispose()));
  }

  /** total + weight·∇Σℓ over the chunks, written to `out`; returns the mean loss. `out` must not alias `total`. */
  async #accumulateGradient(
    theta: Vector,
    chunks: Split["chunks"],
    weight: number,
    total: Vector,
    out: Vector,
    count: number,
  ): Promise<number> {
    this.#weight[0] = weight;
    let loss = 0;
    for (let k = 0; k < chunks.length; k++) {
      const program = await this.#program("gradient", chunks[k]!.size);
      const { parameters, total: totalPort } = program.ports;
      const [from, to] = this.#totals(k, chunks.length, total, out);
      const feeds = this.#feeds(
        program,
        [
          [parameters, theta],
          [totalPort, from],
        ],
        chunks[k]!,
      );
      await program.executable.run(feeds, [this.#scalar, ...this.#viewsOf(to)]);
      loss += this.#scalar[0]!;
    }
    return loss / count;
  }

  async #hessianProduct(v: Vector, out: Vector): Promise<void> {
    this.#weight[0] = 1 / this.n;
    const { chunks } = this.#splits.train;
    for (let k = 0; k < chunks.length; k++) {
      const chunk = chunks[k]!;
      const program = await (this.keepsLinearisation
        ? this.#often(chunk.size)
        : this.#program("hessianProduct", chunk.size));
      const { parameters, probe, total } = program.ports;
      const [from, to] = this.#totals(k, chunks.length, this.#zero, out);
      const feeds = this.#feeds(
        program,
        [
          [parameters, this.#point],
          [probe, v],
          [total, from],
        ],
        chunk,
      );
      if (this.keepsLinearisation) feeds.push(...this.#kept[k]!);
      await program.executable.run(feeds, this.#viewsOf(to));
    }
  }

  /** Runs the probe-independent part of the Hessian product at the current point for every chunk. */
  async #linearise(): Promise<void> {
    this.#weight[0] = 1 / this.n;
    const { chunks } = this.#splits.train;
    for (let k = 0; k < chunks.length; k++) {
      const chunk = chunks[k]!;
      const { once, kept } = this.#partition(chunk.size);
      const program = await this.#compile(`once/${chunk.size}`, chunk.size, once);
      this.#kept[k] ??= kept.map((node) => zeros(this.dtype, sizeOf(node.shape)));
      const feeds = this.#feeds(program, [[program.ports.parameters, this.#point]], chunk);
      await program.executable.run(feeds, this.#kept[k]!);
    }
  }

  /** Buffers the k-th of `count` chained programs reads its total from and writes it to. */
  #totals(k: number, count: number, total: Vector, out: Vector): [Vector, Vector] {
    const from = k === 0 ? total : this.#scratch[k % 2]!;
    const to = k === count - 1 ? out : this.#scratch[(k + 1) % 2]!;
    return [from, to];
  }

  #problem(examples: number): ProblemPrograms {
    let programs = this.#programs.get(examples);
    if (!programs) {
      programs = new ProblemPrograms(this.#options.network, this.#options.loss, examples);
      this.#programs.set(examples, programs);
    }
    return programs;
  }

  #partition(examples: number): Partition {
    let parts = this.#partitions.get(examples);
    if (!parts) {
      parts = this.#problem(examples).linearisedHessian();
      this.#partitions.set(examples, parts);
    }
    return parts;
  }

  #program(kind: ProgramKind, examples: number): Promise<Compiled> {
    const key = `${kind}/${examples}`;
    return this.#compiled.get(key) ?? this.#compile(key, examples, this.#problem(examples)[kind]());
  }

  #often(examples: number): Promise<Compiled> {
    const key = `often/${examples}`;
    return this.#compiled.get(key) ?? this.#compile(key, examples, this.#partition(examples).often);
  }

  #compile(key: string, examples: number, program: Program): Promise<Compiled> {
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      const ports = this.#problem(examples).inputs;
      compiled = this.#options.backend
        .compile(program, this.dtype)
        .then((executable) => ({ executable, inputs: program.inputs, ports }));
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  /** Values for a program's inputs in its order; kept values are not among them and follow at the end. */
  #feeds(
    program: Compiled,
    vectors: readonly (readonly [readonly Node[], Vector])[],
    chunk: { readonly x: Vector; readonly y: Vector },
  ): Vector[] {
    const { ports } = program;
    const values = new Map<Node, Vector>([
      [ports.x, chunk.x],
      [ports.y, chunk.y],
      [ports.weight, this.#weight],
    ]);
    for (const [nodes, vector] of vectors) {
      const views = this.#viewsOf(vector);
      for (let k = 0; k < nodes.length; k++) values.set(nodes[k]!, views[k]!);
    }
    const feeds: Vector[] = [];
    for (const input of program.inputs) {
      const value = values.get(input);
      if (value) feeds.push(value);
    }
    return feeds;
  }

  /** One view per parameter tensor into a flat vector. */
  #viewsOf(vector: Vector): readonly Vector[] {
    let views = this.#views.get(vector);
    if (!views) {
      if (vector.length !== this.size) {
        throw new InputError("vector has the wrong length", {
          received: String(vector.length),
          allowed: String(this.size),
        });
      }
      views = this.layout.entries.map(({ offset, size }) => vector.subarray(offset, offset + size));
      this.#views.set(vector, views);
    }
    return views;
  }

  /** Copies the listed examples into a reused buffer, as chunks. */
  #gather(indices: Uint32Array): Split["chunks"] {
    const { train } = this.#splits;
    const width = train.x.length / train.n;
    const outputs = this.#options.network.outputs;
    if (this.#batch?.size !== indices.length) {
      this.#batch = {
        size: indices.length,
        x: zeros(this.dtype, indices.length * width),
        y: zeros(this.dtype, indices.length * outputs),
      };
      this.#batchChunks = this.#chunkViews(this.#batch.x, this.#batch.y, indices.length);
    }
    for (let k = 0; k < indices.length; k++) {
      const i = indices[k]!;
      if (i >= train.n)
        throw new InputError("no such example", { received: String(i), allowed: `0 … ${train.n - 1}` });
      this.#batch.x.set(train.x.subarray(i * width, (i + 1) * width), k * width);
      this.#batch.y.set(train.y.subarray(i * outputs, (i + 1) * outputs), k * outputs);
    }
    return this.#batchChunks;
  }
  #batchChunks: Split["chunks"] = [];

  #logitsBuffer(examples: number): Vector {
    let buffer = this.#logits.get(examples);
    if (!buffer) {
      buffer = zeros(this.dtype, examples * this.#options.network.outputs);
      this.#logits.set(examples, buffer);
    }
    return buffer;
  }

  #split(examples: ExampleArrays, name: string): Split {
    const { network, loss } = this.#options;
    const { n } = examples;
    const width = sizeOf(network.inputShape);
    if (n < 1 || examples.x.length !== n * width || examples.y.length !== n * network.outputs) {
      throw new InputError(`${name} data do not fit the network`, {
        received: `${n} examples, x of ${examples.x.length}, y of ${examples.y.length} values`,
        allowed: `${width} inputs and ${network.outputs} outputs an example`,
      });
    }
    checkTargets(loss, examples.y, network.outputs);
    const x = inPrecision(examples.x, this.dtype);
    const y = inPrecision(examples.y, this.dtype);
    return { n, x, y, chunks: this.#chunkViews(x, y, n) };
  }

  #chunkViews(x: Vector, y: Vector, n: number): Split["chunks"] {
    const width = x.length / n;
    const outputs = y.length / n;
    return chunksOf(n, this.chunk).map(({ start, size }: Chunk) => ({
      size,
      x: x.subarray(start * width, (start + size) * width),
      y: y.subarray(start * outputs, (start + size) * outputs),
    }));
  }
}

function inPrecision(values: Vector, dtype: DType): Vector {
  if (dtype === "float32") return values instanceof Float32Array ? values : new Float32Array(values);
  return values instanceof Float64Array ? values : new Float64Array(values);
}
