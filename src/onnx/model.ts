// The part of an ONNX model Brink reads and writes, as plain objects with ONNX's own names in camel case.
import { InputError } from "../math/index.ts";

/** Element types Brink handles, by ONNX `TensorProto.DataType` number. */
export const DATA_TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, double: 11 } as const;

/** One of the numbers in `DATA_TYPE`. */
export type DataType = (typeof DATA_TYPE)[keyof typeof DATA_TYPE];

/** Elements in row-major order; booleans are bytes 0 and 1. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>;

/** A constant tensor: `data.length` is the product of `dims` (1 for a scalar, `dims` empty). */
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: DataType;
  readonly data: TensorData;
}

/** A named attribute of a node. Subgraphs, sparse tensors and types are outside the subset. */
export type AttributeProto =
  | { readonly name: string; readonly type: "float"; readonly value: number }
  | { readonly name: string; readonly type: "int"; readonly value: number }
  | { readonly name: string; readonly type: "string"; readonly value: string }
  | { readonly name: string; readonly type: "tensor"; readonly value: TensorProto }
  | { readonly name: string; readonly type: "floats"; readonly value: readonly number[] }
  | { readonly name: string; readonly type: "ints"; readonly value: readonly number[] }
  | { readonly name: string; readonly type: "strings"; readonly value: readonly string[] };

/** `AttributeProto.AttributeType` numbers of the attribute types in the subset. */
export const ATTRIBUTE_TYPE: Readonly<Record<AttributeProto["type"], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
};

/** One operator application. An empty input name means that an optional input is absent. */
export interface NodeProto {
  readonly opType: string;
  /** Operator set; "" is the standard one. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly AttributeProto[];
}

/** A size, the name of a symbolic size, or null when nothing is known of the axis. */
export type DimensionProto = number | string | null;

/** Name, element type and shape of a value. */
export interface ValueInfoProto {
  readonly name: string;
  /** ONNX data type number (not only those in `DATA_TYPE`); 0 when absent or when the value is no tensor. */
  readonly elementType: number;
  /** Undefined when the rank is unknown. */
  readonly shape?: readonly DimensionProto[];
}

/** A graph: nodes in topological order. */
export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
}

/** A version of an operator set; domain "" is the standard one. */
export interface OperatorSetIdProto {
  readonly domain: string;
  readonly version: number;
}

/** A model file. */
export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsetImport: readonly OperatorSetIdProto[];
  readonly graph: GraphProto;
  /** Named texts; keys are distinct. */
  readonly metadata: ReadonlyMap<string, string>;
}

const CONSTRUCTORS = {
  [DATA_TYPE.float]: Float32Array,
  [DATA_TYPE.uint8]: Uint8Array,
  [DATA_TYPE.int8]: Int8Array,
  [DATA_TYPE.int32]: Int32Array,
  [DATA_TYPE.int64]: BigInt64Array,
  [DATA_TYPE.bool]: Uint8Array,
  [DATA_TYPE.double]: Float64Array,
} as const;

/** Whether `code` is an element type of the subset. */
export function isDataType(code: number): code is DataType {
  return Object.hasOwn(CONSTRUCTORS, code);
}

/** ONNX's name of a data type number, for messages. */
export function dataTypeName(code: number): string {
  const known = Object.entries(DATA_TYPE).find(([, value]) => value === code)?.[0];
  const others: Readonly<Record<number, string>> = {
    0: "undefined",
    4: "uint16",
    5: "int16",
    8: "string",
    10: "float16",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
  };
  return known ?? others[code] ?? `data type ${code}`;
}

/** Bytes per element. */
export function dataTypeBytes(type: DataType): number {
  return CONSTRUCTORS[type].BYTES_PER_ELEMENT;
}

/** The typed array over a whole buffer of little-endian elements (every platform JavaScript runs on is that). */
export function tensorDataFromBuffer(type: DataType, buffer: ArrayBuffer): TensorData {
  return new CONSTRUCTORS[type](buffer);
}

/** Number of elements of a shape; undefined when a size is negative, no integer, or the product is not safe. */
export function elementCount(dims: readonly number[]): number | undefined {
  let count = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) return undefined;
    count *= dim;
  }
  return Number.isSafeInteger(count) ? count : undefined;
}

/**
 * A checked constant tensor.
 *
 * @throws InputError when `data` is not of the element type's array class or not as long as `dims` says
 */
export function tensorProto(
  name: string,
  dataType: DataType,
  dims: readonly number[],
  data: TensorData,
): TensorProto {
  const field = `tensor "${name}"`;
  if (!(data instanceof CONSTRUCTORS[dataType])) {
    throw new InputError("elements are of another class than the tensor's type", {
      field,
      received: data.constructor.name,
      allowed: `${CONSTRUCTORS[dataType].name} for ${dataTypeName(dataType)}`,
    });
  }
  if (elementCount(dims) !== data.length) {
    throw new InputError("the number of elements does not match the shape", {
      field,
      received: `${data.length} elements, shape [${dims.join(", ")}]`,
    });
  }
  return { name, dims, dataType, data };
}

/** A 1-D int64 tensor, the form in which ONNX passes shapes, axes and indices. */
export function int64Vector(name: string, values: readonly number[]): TensorProto {
  return tensorProto(name, DATA_TYPE.int64, [values.length], BigInt64Array.from(values, BigInt));
}
