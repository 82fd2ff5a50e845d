// Program → ONNX model: one value per tensor node, operators lowered by their own table entries.
import { InputError, type DType } from "../math/index.ts";
import {
  broadcastShapes,
  legalise,
  sameShape,
  topologicalOrder,
  type Emitter,
  type Node,
  type Program,
} from "../tensor/index.ts";
import {
  DATA_TYPE,
  int64Vector,
  tensorProto,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./model.ts";

/** Operator set every exported model names. 17 is the newest whose ReduceMax still takes axes as an attribute. */
export const OPSET = 17;

/** A model together with the names its inputs and outputs got, in the program's order. */
export interface LoweredProgram {
  readonly model: ModelProto;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

type AttributeValue = number | readonly number[] | string | { float: number };

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { name, type: "int", value };
  if (typeof value === "string") return { name, type: "string", value };
  if ("float" in value) return { name, type: "float", value: value.float };
  return { name, type: "ints", value };
}

/** Collects nodes and initialisers; equal index lists and scalars are stored once. */
class GraphEmitter implements Emitter {
  readonly dtype: DType;
  readonly nodes: NodeProto[] = [];
  readonly initializers = new Map<string, TensorProto>();
  readonly #taken: ReadonlySet<string>;
  #next = 0;

  /** @param taken names of inputs, which no generated name may equal */
  constructor(dtype: DType, taken: ReadonlySet<string>) {
    this.dtype = dtype;
    this.#taken = taken;
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    wanted: string = `t${this.#next++}`,
  ): string {
    const output = this.#free(wanted);
    this.nodes.push({
      opType: op,
      domain: "",
      name: output,
      inputs,
      outputs: [output],
      attributes: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return output;
  }

  ints(values: readonly number[]): string {
    const name = this.#free(`ints_${values.join("_")}`);
    if (!this.initializers.has(name)) this.initializers.set(name, int64Vector(name, values));
    return name;
  }

  scalar(value: number): string {
    return this.constant(`scalar_${value}`, [], Float64Array.of(value));
  }

  constant(wanted: string, dims: readonly number[], values: Float64Array): string {
    const name = this.#free(wanted);
    if (!this.initializers.has(name)) {
      const tensor =
        this.dtype === "float32"
          ? tensorProto(name, DATA_TYPE.float, dims, new Float32Array(values))
          : tensorProto(name, DATA_TYPE.double, dims, new Float64Array(values));
      this.initializers.set(name, tensor);
    }
    return name;
  }

  #free(wanted: string): string {
    return this.#taken.has(wanted) ? this.#free(`${wanted}_`) : wanted;
  }
}

/** A product used once, plus something that broadcasts into it: the product node, the addend, else null. */
function gemmWithAddend(node: Node, uses: ReadonlyMap<Node, number>): { product: Node; addend: Node } | null {
  if (node.op !== "Add") return null;
  const [a, b] = node.inputs as readonly [Node, Node];
  for (const [product, addend] of [
    [a, b],
    [b, a],
  ] as const) {
    const fits = product.op === "MatMul" && uses.get(product) === 1 && sameShape(product.shape, node.shape);
    if (
      fits &&
      addend.shape.length <= 2 &&
      sameShape(broadcastShapes(addend.shape, product.shape), product.shape)
    ) {
      return { product, addend };
    }
  }
  return null;
}

/**
 * Lowers a program to an ONNX model in one precision.
 *
 * @throws InputError when an input is not an Input node or two inputs share a name
 */
export function lowerProgram(source: Program, dtype: DType, name = "brink"): LoweredProgram {
  const program = legalise(source, dtype);
  const emitter = new GraphEmitter(dtype, new Set(program.inputs.map((input) => input.name)));
  const elementType = dtype === "float32" ? DATA_TYPE.float : DATA_TYPE.double;
  const names = new Map<Node, string>();
  const describe = (value: string, node: Node): ValueInfoProto => ({
    name: value,
    elementType,
    shape: [...node.shape],
  });

  for (const input of program.inputs) {
    if (input.op !== "Input")
      throw new InputError("a program input must be an Input node", { received: input.op });
    if ([...names.values()].includes(input.name))
      throw new InputError("two inputs share a name", { received: input.name });
    names.set(input, input.name);
  }
  const order = topologicalOrder(program.outputs);
  const uses = new Map<Node, number>();
  for (const node of order) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  for (const output of program.outputs) uses.set(output, (uses.get(output) ?? 0) + 1);
  const fused = new Map<Node, { product: Node; addend: Node }>();
  const absorbed = new Set<Node>();
  for (const node of order) {
    const match = gemmWithAddend(node, uses);
    if (!match || absorbed.has(node)) continue;
    fused.set(node, match);
    absorbed.add(match.product);
  }
  for (const node of order) {
    if (names.has(node) || absorbed.has(node)) continue;
    if (node.op === "Input")
      throw new InputError("a program uses an input it does not list", { received: node.name });
    if (node.op === "Constant") {
      names.set(node, emitter.constant(`c${node.id}`, node.shape, node.values!));
      continue;
    }
    const match = fused.get(node);
    if (match) {
      const flags = {
        transA: match.product.attributes["transA"]!,
        transB: match.product.attributes["transB"]!,
      };
      const operands = [...match.product.inputs, match.addend].map((input) => names.get(input)!);
      names.set(node, emitter.node("Gemm", operands, flags));
      continue;
    }
    const inputs = node.inputs.map((input) => names.get(input)!);
    names.set(node, node.graph.operator(node.op).onnx(node, inputs, emitter));
  }
  // Outputs get names of their own: ONNX forbids an output that is also an input, a constant or another output.
  const outputNames = program.outputs.map((output, k) =>
    emitter.node("Identity", [names.get(output)!], {}, `out${k}`),
  );
  const model: ModelProto = {
    irVersion: 8,
    producerName: "brink",
    producerVersion: "",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: {
      name,
      nodes: emitter.nodes,
      initializers: [...emitter.initializers.values()],
      inputs: program.inputs.map((input) => describe(input.name, input)),
      outputs: program.outputs.map((output, k) => describe(outputNames[k]!, output)),
      valueInfo: [],
    },
    metadata: new Map(),
  };
  return { model, inputNames: program.inputs.map((input) => input.name), outputNames };
}
