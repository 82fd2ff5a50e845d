// Immutable, hash-consed expression nodes with static shapes: equal expressions are the same object.
import { InputError, type DType, didYouMean } from "../math/index.ts";
import { sizeOf, type Shape } from "./shape.ts";

/** Static parameters of an operator: numbers or lists of numbers. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** One value in a program. Structural equality is identity within a graph, so CSE comes for free. */
export interface Node {
  readonly graph: Graph;
  /** Creation order; inputs always have smaller ids than the nodes that use them. */
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  /** Name of an Input node; empty otherwise. */
  readonly name: string;
  /** Values of a Constant node (length 1 for scalars). */
  readonly values: Float64Array | null;
}

/** A dense float64 array, the reference interpreter's value. */
export interface NdArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Receives ONNX nodes from operator lowerings. Names are opaque value names. */
export interface Emitter {
  readonly dtype: DType;
  /** Adds a node and returns the name of its first output. `{ float }` marks a float attribute, numbers are ints. */
  node(
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, number | readonly number[] | string | { float: number }>>,
  ): string;
  /** Name of an int64 list initialiser. */
  ints(values: readonly number[]): string;
  /** Name of a scalar of the program's dtype. */
  scalar(value: number): string;
}

/** Everything Brink knows about one operator. Adding an operator is adding one of these to the table. */
export interface Operator {
  /** Output shape. Throws InputError when the inputs do not fit. */
  shape(inputs: readonly Shape[], attributes: Attributes): Shape;
  /** Forward rule: tangent of the output given tangents of the inputs (null: zero). Null when the tangent is zero. */
  jvp(node: Node, tangents: readonly (Node | null)[]): Node | null;
  /** Reverse rule: cotangents of the inputs, null where `wanted` is false or the derivative is zero. */
  vjp(node: Node, cotangent: Node, wanted: readonly boolean[]): (Node | null)[];
  /** Slow, obvious float64 kernel. */
  reference(inputs: readonly NdArray[], attributes: Attributes, shape: Shape): Float64Array;
  /** Peephole rewriting at construction; null keeps the node. */
  simplify?(graph: Graph, inputs: readonly Node[], attributes: Attributes): Node | null;
  /** Equivalent expression where ONNX Runtime has no kernel in this precision; null when it has. */
  decompose?(node: Node, dtype: DType): Node | null;
  /** ONNX lowering: returns the name of the value. */
  onnx(node: Node, inputs: readonly string[], emitter: Emitter): string;
  /** Copies or relabels elements only; cheaper to recompute than to store. */
  readonly view?: boolean;
}

/** Operators by name. */
export type OperatorTable = Readonly<Record<string, Operator>>;

/** A program: what to compute from which inputs. Dead code is whatever the outputs do not reach. */
export interface Program {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

/** Owner of nodes; interns them by structure. Nodes of different graphs must not be mixed. */
export class Graph {
  readonly operators: OperatorTable;
  readonly #interned = new Map<string, Node>();
  #count = 0;

  constructor(operators: OperatorTable) {
    this.operators = operators;
  }

  /** A named input; asking again for the same name and shape returns the same node. */
  input(name: string, shape: Shape): Node {
    return this.#intern(`Input|${name}|${shape.join(",")}`, "Input", [], {}, shape, name, null);
  }

  /** A constant tensor (default: scalar). */
  constant(value: number | readonly number[] | Float64Array, shape: Shape = []): Node {
    const values = typeof value === "number" ? Float64Array.of(value) : Float64Array.from(value);
    if (values.length !== sizeOf(shape)) {
      throw new InputError("constant does not match its shape", {
        received: `${values.length} values for [${shape.join(",")}]`,
      });
    }
    // Object.is semantics: -0 and 0 are different constants, NaN equals itself.
    const key = Array.from(values, (x) => (Object.is(x, -0) ? "-0" : String(x))).join(",");
    return this.#intern(`Constant|${key}|${shape.join(",")}`, "Constant", [], {}, shape, "", values);
  }

  /** Applies an operator, simplifying and sharing. Throws InputError on unknown operators and misfit shapes. */
  apply(op: string, inputs: readonly Node[], attributes: Attributes = {}): Node {
    const definition = this.operator(op);
    for (const input of inputs) {
      if (input.graph !== this) throw new InputError(`operator ${op}: an input belongs to another graph`);
    }
    // Before simplifying: rewriting rules may take for granted that the inputs fit.
    const shape = definition.shape(
      inputs.map((input) => input.shape),
      attributes,
    );
    const simpler = definition.simplify?.(this, inputs, attributes);
    if (simpler) return simpler;
    if (inputs.length > 0 && inputs.every((input) => input.op === "Constant") && sizeOf(shape) <= 64) {
      const arrays = inputs.map((input) => ({ shape: input.shape, data: input.values! }));
      return this.constant(definition.reference(arrays, attributes, shape), shape);
    }
    const key = `${op}|${inputs.map((input) => input.id).join(",")}|${JSON.stringify(attributes)}`;
    return this.#intern(key, op, inputs, attributes, shape, "", null);
  }

  /** Definition of an operator by name. */
  operator(op: string): Operator {
    const definition = Object.hasOwn(this.operators, op) ? this.operators[op] : undefined;
    if (!definition) {
      const names = Object.keys(this.operators);
      const hint = didYouMean(op, names);
      throw new InputError("unknown operator", {
        received: op,
        allowed: names,
        ...(hint === undefined ? {} : { hint }),
      });
    }
    return definition;
  }

  #intern(
    key: string,
    op: string,
    inputs: readonly Node[],
    attributes: Attributes,
    shape: Shape,
    name: string,
    values: Float64Array | null,
  ): Node {
    const known = this.#interned.get(key);
    if (known) return known;
    const node: Node = { graph: this, id: this.#count++, op, inputs, attributes, shape, name, values };
    this.#interned.set(key, node);
    return node;
  }
}

/** Nodes the outputs depend on, inputs before users. Iterative: programs may be deep. O(nodes). */
export function topologicalOrder(outputs: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...outputs];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  // Ids grow from inputs to users, so sorting by id is a topological order.
  return [...seen].sort((a, b) => a.id - b.id);
}
