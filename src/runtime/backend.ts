// What executes programs: compile once, run many times on caller-owned buffers.
import { dtypeOf, RunError, type DType, type Vector } from "../math/index.ts";
import { sizeOf, type Program, type Shape } from "../tensor/index.ts";

/** Name and shape of one input or output of an executable, in the program's order. */
export interface Port {
  readonly name: string;
  readonly shape: Shape;
}

/** A compiled program. Not reentrant: finish one run before starting the next. */
export interface Executable {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * Reads `feeds` and writes every output into the given arrays (row-major, sized by the ports, in the
   * program's dtype). Both may be views into larger buffers; feeds are not copied on the CPU.
   *
   * @throws RunError naming the port when an array is missing or does not fit
   */
  run(feeds: readonly Vector[], results: readonly Vector[]): Promise<void>;
  /** Frees native memory. */
  dispose(): Promise<void>;
}

/** An execution engine on one device. */
export interface Backend {
  /** For provenance and messages, e.g. "onnxruntime 1.30.0". */
  readonly name: string;
  readonly device: string;
  /** Threads a kernel may use; 1 for the reference interpreter. */
  readonly threads: number;
  /**
   * @param threads at most so many, where the program is of many small operations: what threads save there they
   * lose waking, and while they wait for more they hold up the next program
   */
  compile(program: Program, dtype: DType, threads?: number): Promise<Executable>;
}

/**
 * The array given for one port.
 *
 * @throws RunError naming the port when there is none, or its length or precision differs
 */
export function arrayFor(port: Port, data: Vector | undefined, dtype: DType): Vector {
  const size = sizeOf(port.shape);
  if (data?.length !== size || dtypeOf(data) !== dtype) {
    throw new RunError("array does not match a program's port", {
      field: port.name,
      received: data === undefined ? "nothing" : `${data.length} values in ${dtypeOf(data)}`,
      allowed: `${size} values in ${dtype}`,
    });
  }
  return data;
}
