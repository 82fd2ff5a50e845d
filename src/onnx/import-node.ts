// What an operator's import rule sees: one ONNX node, its input values, and errors that name it.
import { InputError } from "../math/index.ts";
import type { Graph, Node } from "../tensor/index.ts";
import { type AttributeProto, DATA_TYPE, dataTypeName, type NodeProto, type TensorProto } from "./model.ts";

/** Integers that say something about shapes: known while importing, never part of the program. */
export interface IntegerValue {
  readonly kind: "integer";
  readonly shape: readonly number[];
  /** Row-major. int64 values beyond ±2⁵³, which files use for "to the end", are rounded. */
  readonly values: readonly number[];
}

/** A value of the ONNX graph. The tensor language has one element type, so booleans are numbers there. */
export type Value =
  | { readonly kind: "float"; readonly node: Node }
  /** `exact`: the node holds only 0 and 1; otherwise every number but 0 means true. */
  | { readonly kind: "bool"; readonly node: Node; readonly exact: boolean }
  | IntegerValue;

/** Import rule of one ONNX operator: the value of its first output. */
export type ImportRule = (node: ImportNode) => Value;

/** Import rules by ONNX operator name. */
export type ImportRules = Readonly<Record<string, ImportRule>>;

/** A program value. */
export function float(node: Node): Value {
  return { kind: "float", node };
}

/** A truth value held as exactly 0 or 1. */
export function bool(node: Node): Value {
  return { kind: "bool", node, exact: true };
}

/** A list (or, with `shape` [], a scalar) of integers. */
export function integers(
  values: readonly number[],
  shape: readonly number[] = [values.length],
): IntegerValue {
  return { kind: "integer", shape, values };
}

/** A tensor the file holds, as a value; floats must be of the program's element type. */
export function constantValue(graph: Graph, tensor: TensorProto, floatType: number): Value {
  const { dataType, data, dims } = tensor;
  const values = Array.from(data, Number);
  if (dataType === floatType) return float(graph.constant(values, dims));
  if (dataType === DATA_TYPE.bool) return bool(graph.constant(values, dims));
  if (dataType !== DATA_TYPE.float && dataType !== DATA_TYPE.double) return integers(values, dims);
  throw new InputError(
    `tensor "${tensor.name}" is ${dataTypeName(dataType)} in a ${dataTypeName(floatType)} model`,
  );
}

/** Where a node's rule finds its inputs. */
export interface ValueSource {
  /** The value of this name. */
  value(name: string): Value;
  /** Elements of the float initializer of this name; asking does not make it an input of the program. */
  floats(name: string): ArrayLike<number> | undefined;
}

/** One ONNX node with its input values; records which attributes the rule understood. */
export class ImportNode {
  readonly graph: Graph;
  readonly proto: NodeProto;
  /** Element type code of the program's floats (`DATA_TYPE.float` or `.double`). */
  readonly floatType: number;
  readonly #source: ValueSource;
  readonly #file: string;
  readonly #understood = new Set<string>();

  constructor(graph: Graph, proto: NodeProto, source: ValueSource, floatType: number, file: string) {
    this.graph = graph;
    this.proto = proto;
    this.floatType = floatType;
    this.#source = source;
    this.#file = file;
  }

  /** An error about this node. */
  error(message: string, received?: string): InputError {
    return nodeError(this.#file, this.proto, message, received);
  }

  /** Whether input `k` is given. */
  has(k: number): boolean {
    return (this.proto.inputs[k] ?? "") !== "";
  }

  /** Input `k`, whatever its kind. */
  value(k: number): Value {
    if (!this.has(k)) throw this.error(`input ${k + 1} is missing`);
    return this.#source.value(this.proto.inputs[k]!);
  }

  /** Input `k`, a float tensor. */
  float(k: number): Node {
    const value = this.value(k);
    if (value.kind !== "float") throw this.#kindError(k, value, "float");
    return value.node;
  }

  /** Input `k`, truth values: every number but 0 is true. */
  truth(k: number): Node {
    const value = this.value(k);
    if (value.kind !== "bool") throw this.#kindError(k, value, "bool");
    return value.node;
  }

  /** Input `k`, truth values as exactly 0 and 1. */
  zeroOne(k: number): Node {
    this.truth(k);
    return exactly(this.value(k));
  }

  /** Input `k`, a list of integers known while importing. */
  integers(k: number): readonly number[] {
    const value = this.value(k);
    if (value.kind !== "integer") throw this.#kindError(k, value, "a constant list of integers");
    if (value.shape.length > 1) throw this.error(`input ${k + 1} has more than one axis`);
    return value.values;
  }

  /** Input `k`, floats known while importing, of any shape. */
  numbers(k: number): ArrayLike<number> {
    const known = this.has(k) ? this.#source.floats(this.proto.inputs[k]!) : undefined;
    const values = known ?? this.float(k).values;
    if (values === null) throw this.error(`input ${k + 1} must be constant`);
    return values;
  }

  /** Input `k`, one float known while importing. */
  number(k: number): number {
    const values = this.numbers(k);
    if (values.length !== 1) throw this.error(`input ${k + 1} must have one element`, String(values.length));
    return values[0]!;
  }

  /** An integer attribute. */
  int(name: string, otherwise: number): number {
    return this.attribute(name, "int")?.value ?? otherwise;
  }

  /** An integer attribute that says yes or no. */
  flag(name: string, otherwise = false): boolean {
    return this.int(name, Number(otherwise)) !== 0;
  }

  /** A float attribute. */
  real(name: string, otherwise: number): number {
    return this.attribute(name, "float")?.value ?? otherwise;
  }

  /** A text attribute. */
  text(name: string, otherwise: string): string {
    return this.attribute(name, "string")?.value ?? otherwise;
  }

  /** A list of integers, or undefined. */
  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, "ints")?.value;
  }

  /** A tensor attribute, or undefined. */
  tensor(name: string): TensorProto | undefined {
    return this.attribute(name, "tensor")?.value;
  }

  /** The attribute of this name, which must have this type when present. */
  attribute<T extends AttributeProto["type"]>(
    name: string,
    type: T,
  ): Extract<AttributeProto, { type: T }> | undefined {
    this.#understood.add(name);
    const found = this.proto.attributes.find((attribute) => attribute.name === name);
    if (found === undefined) return undefined;
    if (found.type !== type) throw this.error(`attribute "${name}" is ${found.type}, expected ${type}`);
    return found as Extract<AttributeProto, { type: T }>;
  }

  /** Different axes counted from the front, in the given order; negative ones count from the end of `rank` axes. */
  axes(values: readonly number[], rank: number): number[] {
    const axes = values.map((value) => this.axis(value, rank));
    if (new Set(axes).size !== axes.length) {
      throw this.error("an axis is listed twice", `[${values.join(", ")}]`);
    }
    return axes;
  }

  /** An axis counted from the front. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value;
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank) {
      throw this.error(`there is no such axis among ${rank}`, String(value));
    }
    return axis;
  }

  /** Throws when the node has attributes its rule never asked for: they could change its meaning. */
  checkAttributes(): void {
    for (const { name } of this.proto.attributes) {
      if (!this.#understood.has(name)) throw this.error(`attribute "${name}" is not supported`);
    }
  }

  #kindError(k: number, value: Value, expected: string): InputError {
    return this.error(`input ${k + 1} ("${this.proto.inputs[k]!}") must be ${expected}`, value.kind);
  }
}

/** A float or truth value as a node; truth as exactly 0 and 1. */
export function exactly(value: Value): Node {
  if (value.kind === "integer") throw new InputError("integers are not part of a program");
  if (value.kind === "float" || value.exact) return value.node;
  const { graph } = value.node;
  return graph.apply("Sub", [graph.constant(1), graph.apply("Equal", [value.node, graph.constant(0)])]);
}

/** An error that names a node, its operator and the file. */
export function nodeError(file: string, node: NodeProto, message: string, received?: string): InputError {
  const name = node.name === "" ? (node.outputs[0] ?? "") : node.name;
  return new InputError(message, {
    file,
    field: `node "${name}" (${node.domain === "" ? "" : `${node.domain}.`}${node.opType})`,
    ...(received === undefined ? {} : { received }),
  });
}
