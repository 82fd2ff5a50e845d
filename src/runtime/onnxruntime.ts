// ONNX Runtime as a backend. The module is handed in (onnxruntime-node or onnxruntime-web), never imported.
import { RunError, type DType, type Vector } from "../math/index.ts";
import { encodeModel, lowerProgram } from "../onnx/index.ts";
import type { Program } from "../tensor/index.ts";
import { arrayFor, type Backend, type Executable, type Port } from "./backend.ts";

/** The part of an ONNX Runtime tensor Brink touches. */
export interface OrtTensor {
  readonly data: unknown;
}

/** The part of ONNX Runtime's session Brink touches. */
export interface OrtSession {
  run(
    feeds: Record<string, OrtTensor>,
    fetches: Record<string, OrtTensor | null>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** The part of the `onnxruntime-*` modules Brink touches; both satisfy it. */
export interface OrtModule {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
  readonly Tensor: new (type: DType, data: Vector, dims: readonly number[]) => OrtTensor;
  readonly env: { readonly versions: { readonly common: string } };
}

/** Where and how sessions run. */
export interface OrtOptions {
  /** `cpu`, `webgpu`, `cuda` or `wasm`: ONNX Runtime's execution provider names. */
  readonly device: string;
  /** Threads inside one kernel. */
  readonly threads: number;
}

/**
 * A backend over an ONNX Runtime module.
 *
 * Sessions run sequentially with `threads` threads per kernel. Inputs and outputs on the CPU are the caller's
 * own buffers; other devices copy.
 */
export function onnxRuntimeBackend(ort: OrtModule, options: OrtOptions): Backend {
  return {
    name: `onnxruntime ${ort.env.versions.common}`,
    device: options.device,
    threads: options.threads,
    compile: (program, dtype, threads = options.threads) =>
      compile(ort, { ...options, threads: Math.min(threads, options.threads) }, program, dtype),
  };
}

async function compile(
  ort: OrtModule,
  options: OrtOptions,
  program: Program,
  dtype: DType,
): Promise<Executable> {
  const { model, inputNames, outputNames } = lowerProgram(program, dtype);
  // Identity of inputs, twins or constants as outputs would alias; everything else is decided by the runtime.
  const session = await ort.InferenceSession.create(encodeModel(model), {
    executionProviders: [options.device],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    // Every session has threads of its own, which would wait spinning for up to a second after each run and hold up
    // the next session's: half of the time of small networks, whose programs take turns.
    ...(options.device === "cpu" ? { extra: { session: { force_spinning_stop: "1" } } } : {}),
  }).catch((cause: unknown) => {
    throw new RunError("ONNX Runtime could not compile a program", {
      field: options.device,
      received: cause instanceof Error ? cause.message : String(cause),
    });
  });
  const inputs: Port[] = program.inputs.map((node, k) => ({ name: inputNames[k]!, shape: node.shape }));
  const outputs: Port[] = program.outputs.map((node, k) => ({ name: outputNames[k]!, shape: node.shape }));
  return new OrtExecutable(ort, session, inputs, outputs, dtype, options.device === "cpu");
}

class OrtExecutable implements Executable {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #ort: OrtModule;
  readonly #session: OrtSession;
  readonly #dtype: DType;
  readonly #fillsOutputs: boolean;
  // Wrapping the same array again costs microseconds per tensor, which a 50-example step notices. Per port,
  // because one array may serve ports of different shapes.
  readonly #wrapped = new Map<Port, WeakMap<Vector, OrtTensor>>();

  constructor(
    ort: OrtModule,
    session: OrtSession,
    inputs: readonly Port[],
    outputs: readonly Port[],
    dtype: DType,
    fillsOutputs: boolean,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.inputs = inputs;
    this.outputs = outputs;
    this.#dtype = dtype;
    this.#fillsOutputs = fillsOutputs;
    for (const port of [...inputs, ...outputs]) this.#wrapped.set(port, new WeakMap());
  }

  async run(feeds: readonly Vector[], results: readonly Vector[]): Promise<void> {
    const inputTensors: Record<string, OrtTensor> = {};
    const outputTensors: Record<string, OrtTensor | null> = {};
    this.inputs.forEach((port, k) => {
      inputTensors[port.name] = this.#wrap(port, feeds[k]);
    });
    this.outputs.forEach((port, k) => {
      const tensor = this.#wrap(port, results[k]);
      outputTensors[port.name] = this.#fillsOutputs ? tensor : null;
    });
    const produced = await this.#session.run(inputTensors, outputTensors);
    // The CPU provider of Node writes into our arrays (and returns copies); others return fresh arrays, and that of
    // browsers would hand arrays of ours back unfilled.
    if (this.#fillsOutputs) return;
    this.outputs.forEach((port, k) => {
      const data = produced[port.name]!.data as Vector;
      if (data !== results[k]) results[k]!.set(data);
    });
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }

  #wrap(port: Port, data: Vector | undefined): OrtTensor {
    const wrapped = this.#wrapped.get(port)!;
    const known = data && wrapped.get(data);
    if (known) return known;
    const array = arrayFor(port, data, this.#dtype);
    const tensor = new this.#ort.Tensor(this.#dtype, array, port.shape);
    wrapped.set(array, tensor);
    return tensor;
  }
}
