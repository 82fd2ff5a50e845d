// A problem's programs compiled once per kind and number of examples, and fed by node.
import type { DType, Vector } from "../math/index.ts";
import type { LossName, Network } from "../nets/index.ts";
import type { Backend, Executable } from "../runtime/index.ts";
import type { Node, Program } from "../tensor/index.ts";
import { type Linearisation, type ProbeKind, ProblemPrograms, type ProblemInputs } from "./programs.ts";

/** Programs of one shape for any number of examples. */
export type ProgramKind =
  | "evaluation"
  | "gradient"
  | "hessianProduct"
  | "sharpnessGradient"
  | "thirdDerivativeGradient"
  | "projections"
  | "gradientCurvature"
  | "lineCurvature"
  | "lineDerivatives";

/** An executable with the nodes its inputs stand for. */
export interface Compiled {
  readonly executable: Executable;
  readonly inputs: readonly Node[];
  readonly ports: ProblemInputs;
}

/** Values for nodes; vectors shaped like the parameters come as lists of views. */
export type FeedMap = ReadonlyMap<Node, Vector>;

export class CompiledProblem {
  readonly #network: Network;
  readonly #loss: LossName;
  readonly #backend: Backend;
  readonly #dtype: DType;
  readonly #programs = new Map<number, ProblemPrograms>();
  readonly #linearisations = new Map<number, Linearisation>();
  readonly #compiled = new Map<string, Promise<Compiled>>();

  constructor(network: Network, loss: LossName, backend: Backend, dtype: DType) {
    this.#network = network;
    this.#loss = loss;
    this.#backend = backend;
    this.#dtype = dtype;
  }

  /** The symbolic programs over so many examples. */
  symbolic(examples: number): ProblemPrograms {
    let programs = this.#programs.get(examples);
    if (!programs) {
      programs = new ProblemPrograms(this.#network, this.#loss, examples);
      this.#programs.set(examples, programs);
    }
    return programs;
  }

  /** What is asked along a probe over so many examples, split at the probe. */
  linearisation(examples: number): Linearisation {
    let parts = this.#linearisations.get(examples);
    if (!parts) {
      parts = this.symbolic(examples).linearisation();
      this.#linearisations.set(examples, parts);
    }
    return parts;
  }

  program(kind: ProgramKind, examples: number): Promise<Compiled> {
    return this.#compile(`${kind}/${examples}`, examples, () => this.symbolic(examples)[kind]());
  }

  /** What does not depend on the probe. */
  once(examples: number): Promise<Compiled> {
    return this.#compile(`once/${examples}`, examples, () => this.linearisation(examples).once);
  }

  /** What does, from the kept values. */
  often(kind: ProbeKind, examples: number): Promise<Compiled> {
    return this.#compile(
      `often ${kind}/${examples}`,
      examples,
      () => this.linearisation(examples).often[kind],
    );
  }

  async dispose(): Promise<void> {
    const compiled = await Promise.all(this.#compiled.values());
    this.#compiled.clear();
    await Promise.all(compiled.map((program) => program.executable.dispose()));
  }

  #compile(key: string, examples: number, build: () => Program): Promise<Compiled> {
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      const program = build();
      const ports = this.symbolic(examples).inputs;
      compiled = this.#backend
        .compile(program, this.#dtype)
        .then((executable) => ({ executable, inputs: program.inputs, ports }));
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }
}

/** Values for a program's inputs, in its order. `values` may hold more than the program reads. */
export function feedsFor(program: Compiled, values: FeedMap): Vector[] {
  return program.inputs.map((input) => values.get(input)!);
}
