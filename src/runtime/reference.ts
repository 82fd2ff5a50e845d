// The reference interpreter: every operator by its slow, obvious float64 kernel. Tests hold all else against it.
import { InputError, type DType, type Vector } from "../math/index.ts";
import { sizeOf, topologicalOrder, type NdArray, type Node, type Program } from "../tensor/index.ts";
import { arrayFor, type Backend, type Executable, type Port } from "./backend.ts";

/**
 * Values of the program's outputs for the given input values, in float64.
 *
 * @throws InputError when a needed input is missing or has the wrong size
 */
export function evaluate(program: Program, values: ReadonlyMap<Node, ArrayLike<number>>): Float64Array[] {
  const known = new Map<Node, NdArray>();
  for (const node of topologicalOrder(program.outputs)) {
    known.set(node, { shape: node.shape, data: valueOf(node, known, values) });
  }
  return program.outputs.map((output) => known.get(output)!.data);
}

function valueOf(
  node: Node,
  known: ReadonlyMap<Node, NdArray>,
  values: ReadonlyMap<Node, ArrayLike<number>>,
): Float64Array {
  if (node.op === "Constant") return node.values!;
  if (node.op !== "Input") {
    const inputs = node.inputs.map((input) => known.get(input)!);
    return node.graph.operator(node.op).reference(inputs, node.attributes, node.shape);
  }
  const value = values.get(node);
  if (value?.length !== sizeOf(node.shape)) {
    const received = value === undefined ? "nothing" : `${value.length} values`;
    throw new InputError("input does not match its shape", {
      field: node.name,
      received,
      allowed: `${sizeOf(node.shape)} values`,
    });
  }
  return Float64Array.from(value);
}

/** A backend that interprets. Results are rounded to the arrays they are written to. */
export function referenceBackend(): Backend {
  return {
    name: "reference interpreter",
    device: "reference",
    threads: 1,
    compile: (program: Program, dtype: DType) => Promise.resolve(interpreted(program, dtype)),
  };
}

function interpreted(program: Program, dtype: DType): Executable {
  const inputs = program.inputs.map((node): Port => ({ name: node.name, shape: node.shape }));
  const outputs = program.outputs.map((node, k): Port => ({ name: `out${k}`, shape: node.shape }));
  return {
    inputs,
    outputs,
    // Async, so that a misfit array rejects the promise here too instead of throwing.
    async run(feeds: readonly Vector[], results: readonly Vector[]): Promise<void> {
      inputs.forEach((port, k) => arrayFor(port, feeds[k], dtype));
      outputs.forEach((port, k) => arrayFor(port, results[k], dtype));
      const values = evaluate(program, new Map(program.inputs.map((input, k) => [input, feeds[k]!])));
      values.forEach((value, k) => results[k]!.set(value));
    },
    dispose: () => Promise.resolve(),
  };
}
