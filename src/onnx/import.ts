// ONNX model → tensor program: the inverse of lowering, and ordinary inference graphs of dense and convolutional
// networks written by others.
import { type DType, didYouMean, InputError, type Vector } from "../math/index.ts";
import { createGraph, type Graph, type Node, type Shape } from "../tensor/index.ts";
import { arithmeticRules } from "./import-arithmetic.ts";
import { integerRules } from "./import-integers.ts";
import { networkRules } from "./import-network.ts";
import {
  constantValue,
  exactly,
  float,
  ImportNode,
  type ImportRules,
  nodeError,
  type Value,
} from "./import-node.ts";
import { structureRules } from "./import-structure.ts";
import {
  DATA_TYPE,
  dataTypeName,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./model.ts";

/** Oldest operator set whose operators all mean what the rules here take them to mean. */
const OLDEST_OPSET = 13;

const rules: ImportRules = { ...arithmeticRules, ...structureRules, ...networkRules };

/** How to read what a model leaves open. */
export interface ImportOptions {
  /** How the user knows the model, for error texts. */
  readonly fileName?: string;
  /** Shapes of inputs whose sizes the file leaves open (a batch size, say), by input name. */
  readonly shapes?: Readonly<Record<string, Shape>>;
  /**
   * What float initializers with at least one axis become: constants of the program (the default), or inputs that
   * it can be differentiated in, their values returned in `weights`.
   */
  readonly initializers?: "constants" | "inputs";
}

/** A model as a program. */
export interface ImportedModel {
  readonly graph: Graph;
  /** Element type of the model's float tensors. */
  readonly dtype: DType;
  /** The model's inputs in its order, then the initializers that became inputs. */
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** The model's names of its outputs. */
  readonly outputNames: readonly string[];
  /** Values of the initializers that became inputs, by input name, in the file's order. */
  readonly weights: ReadonlyMap<string, Vector>;
}

/**
 * Reads a model as a program. Shapes are static, so computations on shapes are done here and now. Operators of the
 * tensor language come back as themselves, except `StopGradient`, which ONNX knows as an identity, and what
 * lowering wrote in terms of other operators. O(nodes + constants).
 *
 * @throws InputError naming file, node and operator for anything the tensor language cannot express exactly
 */
export function importModel(model: ModelProto, options: ImportOptions = {}): ImportedModel {
  const file = options.fileName ?? "ONNX model";
  checkOpset(model, file);
  const reader = new ModelReader(model, options, file);
  for (const node of model.graph.nodes) reader.readNode(node);
  return reader.finish();
}

class ModelReader {
  readonly #graph: Graph = createGraph();
  readonly #model: ModelProto;
  readonly #file: string;
  readonly #floatType: number;
  readonly #asInputs: boolean;
  readonly #initializers = new Map<string, TensorProto>();
  readonly #values = new Map<string, Value>();
  readonly #inputs: Node[] = [];
  readonly #weights = new Map<string, Node>();

  constructor(model: ModelProto, options: ImportOptions, file: string) {
    this.#model = model;
    this.#file = file;
    this.#asInputs = options.initializers === "inputs";
    this.#floatType = floatTypeOf(model);
    for (const tensor of model.graph.initializers) this.#initializers.set(tensor.name, tensor);
    // Files older than IR version 4 list initializers among the inputs too.
    const inputs = model.graph.inputs.filter(({ name }) => !this.#initializers.has(name));
    const names = inputs.map(({ name }) => name);
    for (const name of Object.keys(options.shapes ?? {})) {
      if (names.includes(name)) continue;
      const hint = didYouMean(name, names);
      const detail = { file, received: name, allowed: names };
      throw new InputError("the model has no such input", hint === undefined ? detail : { ...detail, hint });
    }
    for (const input of inputs) {
      const given = Object.hasOwn(options.shapes ?? {}, input.name) ? options.shapes![input.name] : undefined;
      this.#readInput(input, given);
    }
  }

  readNode(proto: NodeProto): void {
    try {
      this.#define(proto.outputs[0] ?? "", this.#apply(proto));
    } catch (error) {
      // Errors of the tensor language and of constants do not know which node they come from.
      if (error instanceof InputError && error.detail.file === undefined) {
        throw nodeError(this.#file, proto, error.message);
      }
      throw error;
    }
  }

  finish(): ImportedModel {
    const { outputs } = this.#model.graph;
    if (outputs.length === 0) throw new InputError("the model has no outputs", { file: this.#file });
    const nodes = outputs.map(({ name }) => this.#output(name));
    // In the file's order, whatever order the nodes used them in.
    const weights = new Map<string, Vector>();
    const weightNodes: Node[] = [];
    for (const [name, { data }] of this.#initializers) {
      const node = this.#weights.get(name);
      if (node === undefined) continue;
      weightNodes.push(node);
      weights.set(name, data as Vector);
    }
    return {
      graph: this.#graph,
      dtype: this.#floatType === DATA_TYPE.double ? "float64" : "float32",
      inputs: [...this.#inputs, ...weightNodes],
      outputs: nodes,
      outputNames: outputs.map(({ name }) => name),
      weights,
    };
  }

  #output(name: string): Node {
    try {
      const value = this.#value(name);
      if (value.kind !== "integer") return exactly(value);
      throw new InputError("a tensor of integers as an output is not supported");
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(error.message, { file: this.#file, field: `output "${name}"` });
    }
  }

  #apply(proto: NodeProto): Value {
    const inputs = proto.inputs.filter((name) => name !== "");
    const nowhere = inputs.find((name) => !this.#values.has(name) && !this.#initializers.has(name));
    if (nowhere !== undefined) throw undefinedValue(nowhere);
    const extra = proto.outputs.slice(1).find((name) => name !== "");
    if (extra !== undefined) throw new InputError(`output "${extra}" is not supported`);
    const source = {
      value: (name: string) => this.#value(name),
      floats: (name: string) => this.#floats(name),
    };
    const node = new ImportNode(this.#graph, proto, source, this.#floatType, this.#file);
    const areIntegers = inputs.length > 0 && inputs.every((name) => this.#isInteger(name));
    const table = areIntegers && Object.hasOwn(integerRules, proto.opType) ? integerRules : rules;
    const rule = Object.hasOwn(table, proto.opType) && proto.domain === "" ? table[proto.opType] : undefined;
    if (rule === undefined) throw this.#unsupported(proto);
    const value = rule(node);
    node.checkAttributes();
    return value;
  }

  #readInput(info: ValueInfoProto, given: Shape | undefined): void {
    const field = `input "${info.name}"`;
    if (info.elementType !== this.#floatType) {
      throw new InputError("inputs must all be tensors of one float type", {
        file: this.#file,
        field,
        received: dataTypeName(info.elementType),
        allowed: dataTypeName(this.#floatType),
      });
    }
    const shape = given ?? info.shape;
    const isKnown = shape?.every((dim) => Number.isSafeInteger(dim) && (dim as number) > 0) ?? false;
    const agrees =
      info.shape === undefined ||
      shape === undefined ||
      (shape.length === info.shape.length &&
        info.shape.every((dim, axis) => typeof dim !== "number" || dim === shape[axis]));
    if (!isKnown || !agrees) {
      const dims = info.shape?.map((dim) => dim ?? "?").join(", ");
      throw new InputError(
        given === undefined ? "the file leaves the shape open" : "the given shape does not fit",
        {
          file: this.#file,
          field,
          received: given === undefined ? `[${dims ?? "?"}]` : `[${given.join(", ")}] for [${dims ?? "?"}]`,
          hint: "Give its shape, every size a whole number above 0.",
        },
      );
    }
    const node = this.#graph.input(info.name, [...(shape as Shape)]);
    this.#inputs.push(node);
    this.#define(info.name, float(node));
  }

  #define(name: string, value: Value): void {
    if (name === "") return;
    if (this.#values.has(name) || this.#initializers.has(name)) {
      throw new InputError(`the value "${name}" is defined twice`, { file: this.#file });
    }
    this.#values.set(name, value);
  }

  /** A value by name; initializers become values when first used. */
  #value(name: string): Value {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const tensor = this.#initializers.get(name);
    if (tensor === undefined) throw undefinedValue(name);
    const value = this.#initializerValue(tensor);
    this.#values.set(name, value);
    return value;
  }

  #isInteger(name: string): boolean {
    const tensor = this.#initializers.get(name);
    if (tensor === undefined) return this.#values.get(name)?.kind === "integer";
    const others: readonly number[] = [DATA_TYPE.float, DATA_TYPE.double, DATA_TYPE.bool];
    return !others.includes(tensor.dataType);
  }

  #floats(name: string): ArrayLike<number> | undefined {
    const tensor = this.#initializers.get(name);
    return tensor?.dataType === this.#floatType ? (tensor.data as Vector) : undefined;
  }

  #initializerValue(tensor: TensorProto): Value {
    if (this.#asInputs && tensor.dataType === this.#floatType && tensor.dims.length > 0) {
      const node = this.#graph.input(tensor.name, tensor.dims);
      this.#weights.set(tensor.name, node);
      return float(node);
    }
    return constantValue(this.#graph, tensor, this.#floatType);
  }

  #unsupported(proto: NodeProto): InputError {
    const hint = proto.domain === "" ? didYouMean(proto.opType, Object.keys(rules)) : undefined;
    const error = nodeError(this.#file, proto, "this operator is not supported");
    return hint === undefined
      ? error
      : new InputError("this operator is not supported", { ...error.detail, hint });
  }
}

function undefinedValue(name: string): InputError {
  return new InputError(`the value "${name}" is used before any node defines it`);
}

function checkOpset(model: ModelProto, file: string): void {
  const version = model.opsetImport.find(({ domain }) => domain === "")?.version;
  if (version === undefined || version < OLDEST_OPSET) {
    throw new InputError("the model's operator set is not supported", {
      file,
      received: version === undefined ? "none of ai.onnx" : String(version),
      allowed: `${OLDEST_OPSET} or newer`,
    });
  }
}

/** The float type of the first tensor that has one: inputs before initializers before outputs. */
function floatTypeOf({ graph }: ModelProto): number {
  const types = [
    ...graph.inputs.map(({ elementType }) => elementType),
    ...graph.initializers.map(({ dataType }) => dataType),
    ...graph.outputs.map(({ elementType }) => elementType),
  ];
  return types.find((type) => type === DATA_TYPE.float || type === DATA_TYPE.double) ?? DATA_TYPE.float;
}
