// The loss of a network on a data set, executed by a backend: gradients, steps, Hessian products, ∇S, projections.
import { InputError, zeros, type DType, type Vector } from "../math/index.ts";
import {
  accuracyRule,
  checkTargets,
  countCorrect,
  type LossName,
  type Network,
  type ParameterLayout,
} from "../nets/index.ts";
import type { Backend } from "../runtime/index.ts";
import { sizeOf, type Node } from "../tensor/index.ts";
import { bytesPer, examplesWithin } from "./chunks.ts";
import { CompiledProblem, feedsFor, type Compiled, type ProgramKind } from "./compiled.ts";
import { ExampleSet, type ExampleArrays, type ExampleChunk } from "./examples.ts";
import type { Evaluation, ExampleObjective, GradientCurvature, SmoothObjective } from "./objective-types.ts";
import type { HessianOperator } from "./operator.ts";
import type { ProbeKind } from "./programs.ts";

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

/** A vector shaped like the parameters, for one group of a program's inputs. */
type Fed = readonly [group: "parameters" | "total" | "probe", vector: Vector];

/** L(θ) = (1/n) Σ ℓ_i(θ) for a network on a data set. Methods must not be called concurrently. */
export class NetworkObjective implements ExampleObjective, SmoothObjective {
  readonly size: number;
  readonly dtype: DType;
  readonly n: number;
  readonly layout: ParameterLayout;
  /** Examples per full-batch program. */
  readonly chunk: number;
  /** Whether Hessian products reuse a stored linearisation (false when it does not fit the budget). */
  readonly keepsLinearisation: boolean;
  readonly #network: Network;
  readonly #classes: number;
  readonly #problem: CompiledProblem;
  readonly #train: ExampleSet;
  readonly #test: ExampleSet | null;
  readonly #views = new WeakMap<Vector, readonly Vector[]>();
  readonly #weight: Vector;
  readonly #scalar: Vector;
  readonly #zero: Vector;
  readonly #scratch: readonly [Vector, Vector];
  /** Where the Hessian is linearised. */
  readonly #point: Vector;
  /** Per chunk. */
  readonly #kept: Vector[][] = [];
  #linearised: HessianOperator | null = null;
  readonly #buffers = new Map<number, Vector>();
  /** Sums over all but the first axis of every parameter. */
  #rowSums: Vector[] | null = null;

  constructor(options: ObjectiveOptions) {
    const { network, loss, dtype, train, test, memoryBudget = DEFAULT_BUDGET } = options;
    this.#network = network;
    this.#classes = options.classes;
    this.#problem = new CompiledProblem(network, loss, options.backend, dtype);
    this.size = network.layout.size;
    this.layout = network.layout;
    this.dtype = dtype;
    this.n = train.n;
    // The Hessian product has the largest working set of the programs every run uses.
    this.chunk = examplesWithin(memoryBudget / 2, train.n, dtype, (m) =>
      this.#problem.symbolic(m).hessianProduct(),
    );
    const shape = { inputs: sizeOf(network.inputShape), outputs: network.outputs, dtype, limit: this.chunk };
    this.#train = new ExampleSet(train, { ...shape, name: "training" });
    this.#test = test ? new ExampleSet(test, { ...shape, name: "test" }) : null;
    for (const examples of [this.#train, this.#test])
      if (examples) checkTargets(loss, examples.y, network.outputs);
    this.#weight = zeros(dtype, 1);
    this.#scalar = zeros(dtype, 1);
    this.#zero = zeros(dtype, this.size);
    this.#scratch = [zeros(dtype, this.size), zeros(dtype, this.size)];
    this.#point = zeros(dtype, this.size);
    const { keptInputs } = this.#problem.linearisation(this.chunk);
    const keptPerExample = keptInputs.reduce((total, node) => total + sizeOf(node.shape), 0) / this.chunk;
    this.keepsLinearisation = keptPerExample * train.n * bytesPer(dtype) <= memoryBudget / 2;
  }

  async lossAndGradient(theta: Vector, gradient: Vector): Promise<number> {
    return this.#addGradient(theta, this.#train.chunks, this.n, 1, this.#zero, gradient);
  }

  async batchLossAndGradient(theta: Vector, indices: Uint32Array, gradient: Vector): Promise<number> {
    return this.#addGradient(theta, this.#train.gather(indices), indices.length, 1, this.#zero, gradient);
  }

  async descend(theta: Vector, indices: Uint32Array | null, rate: number, out: Vector): Promise<number> {
    const chunks = indices === null ? this.#train.chunks : this.#train.gather(indices);
    return this.#addGradient(theta, chunks, indices?.length ?? this.n, -rate, theta, out);
  }

  async evaluate(theta: Vector, split: "train" | "test"): Promise<Evaluation> {
    const examples = split === "train" ? this.#train : this.#test;
    if (!examples) throw new InputError("the data set has no test split", { field: "data" });
    const { outputs } = this.#network;
    const rule = accuracyRule(this.#classes, outputs);
    let loss = 0;
    let correct = 0;
    for (const chunk of examples.chunks) {
      const logits = this.#buffer(chunk.size * outputs);
      await this.#run("evaluation", chunk, [["parameters", theta]], [this.#scalar, logits]);
      loss += this.#scalar[0]!;
      if (rule) correct += countCorrect(rule, logits, chunk.y, outputs);
    }
    return { loss: loss / examples.n, accuracy: rule ? correct / examples.n : null };
  }

  /** The network's outputs on the training examples, n×outputs, in a buffer of its own. Cost: one forward pass. */
  async outputs(theta: Vector): Promise<Vector> {
    const { outputs } = this.#network;
    const all = zeros(this.dtype, this.n * outputs);
    let start = 0;
    for (const chunk of this.#train.chunks) {
      const end = start + chunk.size * outputs;
      await this.#run("evaluation", chunk, [["parameters", theta]], [this.#scalar, all.subarray(start, end)]);
      start = end;
    }
    return all;
  }

  async hessian(theta: Vector): Promise<HessianOperator> {
    this.#linearised = null;
    this.#point.set(theta);
    if (this.keepsLinearisation) await this.#linearise();
    let products = 0;
    const operator: HessianOperator = {
      size: this.size,
      dtype: this.dtype,
      get products() {
        return products;
      },
      apply: async (v, out) => {
        if (operator !== this.#linearised) {
          throw new InputError("this Hessian was replaced by a newer linearisation");
        }
        await this.#addHessianProduct(this.#point, this.#train.chunks, this.n, v, out, operator);
        products++;
      },
    };
    this.#linearised = operator;
    return operator;
  }

  async batchHessianProduct(theta: Vector, indices: Uint32Array, v: Vector, out: Vector): Promise<void> {
    await this.#addHessianProduct(theta, this.#train.gather(indices), indices.length, v, out);
  }

  async hessianProduct(theta: Vector, v: Vector, out: Vector): Promise<void> {
    await this.#addHessianProduct(theta, this.#train.chunks, this.n, v, out);
  }

  async sharpnessGradient(theta: Vector, u: Vector, out: Vector, at?: HessianOperator): Promise<number> {
    return this.#addForm("sharpnessGradient", theta, u, out, at);
  }

  async thirdDerivativeGradient(theta: Vector, u: Vector, out: Vector): Promise<number> {
    return this.#addForm("thirdDerivativeGradient", theta, u, out);
  }

  async batchCurvature(theta: Vector, indices: Uint32Array, v: Vector): Promise<number> {
    return (await this.#alongLine(theta, v, 2, this.#train.gather(indices), indices.length))[2]!;
  }

  /** Null for batches of several chunks, whose gradient is only known after the last. */
  async gradientCurvature(theta: Vector, indices: Uint32Array): Promise<GradientCurvature | null> {
    const [chunk, ...more] = this.#train.gather(indices);
    if (chunk === undefined || more.length > 0) return null;
    const rows = this.layout.entries.map(({ shape }) => shape[0] ?? 1);
    this.#rowSums ??= rows.map((length) => zeros(this.dtype, length));
    this.#weight[0] = 1 / indices.length;
    await this.#run("gradientCurvature", chunk, [["parameters", theta]], [this.#scalar, ...this.#rowSums]);
    let squared = 0;
    for (const part of this.#rowSums) for (const value of part) squared += value;
    return { curvature: this.#scalar[0]!, squared };
  }

  async lineDerivatives(theta: Vector, u: Vector, order: 2 | 4): Promise<readonly number[]> {
    return this.#alongLine(theta, u, order, this.#train.chunks, this.n);
  }

  async #alongLine(
    theta: Vector,
    u: Vector,
    order: 2 | 4,
    chunks: readonly ExampleChunk[],
    count: number,
  ): Promise<readonly number[]> {
    const totals = new Array<number>(order + 1).fill(0);
    const scalars = totals.map(() => zeros(this.dtype, 1));
    const fed: Fed[] = [
      ["parameters", theta],
      ["probe", u],
    ];
    this.#weight[0] = 1 / count;
    for (const chunk of chunks) {
      await this.#run(order === 2 ? "lineCurvature" : "lineDerivatives", chunk, fed, scalars);
      scalars.forEach((scalar, k) => (totals[k]! += scalar[0]!));
    }
    return totals;
  }

  async projections(
    theta: Vector,
    direction: Vector,
    at?: HessianOperator,
  ): Promise<Float64Array<ArrayBuffer>> {
    const all = new Float64Array(this.n);
    let start = 0;
    for (const chunk of this.#train.chunks) {
      const part = this.#buffer(chunk.size);
      const fed: Fed[] = [
        ["parameters", theta],
        ["probe", direction],
      ];
      await this.#probe("projections", chunk, fed, [part], at);
      all.set(part, start);
      start += chunk.size;
    }
    return all;
  }

  async dispose(): Promise<void> {
    this.#kept.length = 0;
    await this.#problem.dispose();
  }

  /** out ← total + (factor/count)·∇Σℓ over the chunks; returns the mean loss. `out` must not alias `total` or θ. */
  async #addGradient(
    theta: Vector,
    chunks: readonly ExampleChunk[],
    count: number,
    factor: number,
    total: Vector,
    out: Vector,
  ): Promise<number> {
    let loss = 0;
    await this.#chain(chunks, total, out, factor / count, async (chunk, from, to) => {
      await this.#run(
        "gradient",
        chunk,
        [
          ["parameters", theta],
          ["total", from],
        ],
        [this.#scalar, ...this.#viewsOf(to)],
      );
      loss += this.#scalar[0]!;
    });
    return loss / count;
  }

  /** out ← ∇²(mean ℓ)·v over the chunks. */
  async #addHessianProduct(
    theta: Vector,
    chunks: readonly ExampleChunk[],
    count: number,
    v: Vector,
    out: Vector,
    at?: HessianOperator,
  ): Promise<void> {
    await this.#chain(chunks, this.#zero, out, 1 / count, (chunk, from, to) => {
      const fed: Fed[] = [
        ["parameters", theta],
        ["probe", v],
        ["total", from],
      ];
      return this.#probe("hessianProduct", chunk, fed, this.#viewsOf(to), at);
    });
  }

  /** out ← a symmetric form of the full loss with one slot open; returns the form. */
  async #addForm(
    kind: "sharpnessGradient" | "thirdDerivativeGradient",
    theta: Vector,
    u: Vector,
    out: Vector,
    at?: HessianOperator,
  ): Promise<number> {
    let form = 0;
    await this.#chain(this.#train.chunks, this.#zero, out, 1 / this.n, async (chunk, total, result) => {
      const fed: Fed[] = [
        ["parameters", theta],
        ["probe", u],
        ["total", total],
      ];
      const results = [this.#scalar, ...this.#viewsOf(result)];
      await (kind === "sharpnessGradient"
        ? this.#probe(kind, chunk, fed, results, at)
        : this.#run(kind, chunk, fed, results));
      form += this.#scalar[0]!;
    });
    return form;
  }

  /** Runs what is asked along a probe: from the kept values when `at` is where they belong, else from scratch. */
  async #probe(
    kind: ProbeKind,
    chunk: ExampleChunk,
    fed: readonly Fed[],
    results: readonly Vector[],
    at: HessianOperator | undefined,
  ): Promise<void> {
    if (at === undefined || at !== this.#linearised || !this.keepsLinearisation) {
      await this.#run(kind, chunk, fed, results);
      return;
    }
    const program = await this.#problem.often(kind, chunk.size);
    const { keptInputs } = this.#problem.linearisation(chunk.size);
    const kept = this.#kept[this.#train.chunks.indexOf(chunk)]!;
    const values = this.#values(program, chunk, fed);
    for (const [k, node] of keptInputs.entries()) values.set(node, kept[k]!);
    await program.executable.run(feedsFor(program, values), results);
  }

  /** Runs the probe-independent half of the Hessian product at the current point for every chunk. */
  async #linearise(): Promise<void> {
    this.#weight[0] = 1 / this.n;
    for (const [k, chunk] of this.#train.chunks.entries()) {
      const program = await this.#problem.once(chunk.size);
      this.#kept[k] ??= this.#problem
        .linearisation(chunk.size)
        .keptInputs.map((node) => zeros(this.dtype, sizeOf(node.shape)));
      const values = this.#values(program, chunk, [["parameters", this.#point]]);
      await program.executable.run(feedsFor(program, values), this.#kept[k]);
    }
  }

  /**
   * Runs one link per chunk, each adding its part onto the total the last one left: the first reads `total`, the
   * last writes `out`, scratch buffers alternate between.
   */
  async #chain(
    chunks: readonly ExampleChunk[],
    total: Vector,
    out: Vector,
    weight: number,
    link: (chunk: ExampleChunk, from: Vector, to: Vector) => Promise<void>,
  ): Promise<void> {
    this.#weight[0] = weight;
    for (const [k, chunk] of chunks.entries()) {
      const from = k === 0 ? total : this.#scratch[k % 2]!;
      const to = k === chunks.length - 1 ? out : this.#scratch[(k + 1) % 2]!;
      await link(chunk, from, to);
    }
  }

  async #run(
    kind: ProgramKind,
    chunk: ExampleChunk,
    fed: readonly Fed[],
    results: readonly Vector[],
  ): Promise<void> {
    const program = await this.#problem.program(kind, chunk.size);
    await program.executable.run(feedsFor(program, this.#values(program, chunk, fed)), results);
  }

  #values(program: Compiled, chunk: ExampleChunk, fed: readonly Fed[]): Map<Node, Vector> {
    const { ports } = program;
    const values = new Map<Node, Vector>([
      [ports.x, chunk.x],
      [ports.y, chunk.y],
      [ports.weight, this.#weight],
    ]);
    for (const [group, vector] of fed) {
      const views = this.#viewsOf(vector);
      for (const [k, node] of ports[group].entries()) values.set(node, views[k]!);
    }
    return values;
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

  /** A reused array of the given length. */
  #buffer(length: number): Vector {
    let buffer = this.#buffers.get(length);
    if (!buffer) {
      buffer = zeros(this.dtype, length);
      this.#buffers.set(length, buffer);
    }
    return buffer;
  }
}
