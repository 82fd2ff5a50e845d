// One TensorProto message to a tensor, whichever of ONNX's five ways of storing the elements it uses.
import type { InputError } from "../math/index.ts";
import { TENSOR } from "./fields.ts";
import {
  DATA_TYPE,
  type DataType,
  dataTypeBytes,
  dataTypeName,
  elementCount,
  isDataType,
  type TensorData,
  tensorDataFromBuffer,
  type TensorProto,
} from "./model.ts";
import type { ProtoReader } from "./protobuf-reader.ts";

/** Elements as found in the message, before the type is known to be the right one for them. */
interface Stored {
  raw: Uint8Array | undefined;
  readonly floats: number[];
  readonly int32s: number[];
  readonly int64s: bigint[];
  readonly doubles: number[];
}

/** Smallest and largest value of the types stored in the int32 list. */
const INT32_LIST_RANGE: Partial<Readonly<Record<DataType, readonly [number, number]>>> = {
  [DATA_TYPE.uint8]: [0, 255],
  [DATA_TYPE.int8]: [-128, 127],
  [DATA_TYPE.bool]: [0, 1],
  [DATA_TYPE.int32]: [-(2 ** 31), 2 ** 31 - 1],
};

/**
 * Reads a tensor and copies its elements. Memory is bounded by the message: the shape only checks the elements.
 *
 * @throws InputError for an unsupported element type, external or segmented data, or a wrong number of elements
 */
export function decodeTensor(reader: ProtoReader): TensorProto {
  let name = "";
  let dataType = 0;
  const dims: number[] = [];
  const stored: Stored = { raw: undefined, floats: [], int32s: [], int64s: [], doubles: [] };
  while (reader.next()) {
    switch (reader.field) {
      case TENSOR.name:
        name = reader.string();
        break;
      case TENSOR.dataType:
        dataType = reader.int32();
        break;
      case TENSOR.dims:
        reader.safeIntegers(dims);
        break;
      case TENSOR.rawData:
        stored.raw = reader.bytes();
        break;
      case TENSOR.floatData:
        reader.floats(stored.floats);
        break;
      case TENSOR.int32Data:
        reader.int32s(stored.int32s);
        break;
      case TENSOR.int64Data:
        reader.bigIntegers(stored.int64s);
        break;
      case TENSOR.doubleData:
        reader.doubles(stored.doubles);
        break;
      case TENSOR.dataLocation:
        if (reader.int32() !== 0) throw external(reader, name);
        break;
      case TENSOR.externalData:
        throw external(reader, name);
      case TENSOR.segment:
        throw reader.error(`tensor "${name}" is stored in segments, which is not supported`);
      default:
        reader.skip();
    }
  }
  if (!isDataType(dataType)) {
    throw reader.error(`tensor "${name}" has element type ${dataTypeName(dataType)}, which is not supported`);
  }
  const count = elementCount(dims);
  if (count === undefined)
    throw reader.error(`tensor "${name}" has the impossible shape [${dims.join(", ")}]`);
  const data = elements(reader, name, dataType, count, stored);
  return { name, dims, dataType, data };
}

function external(reader: ProtoReader, name: string): InputError {
  return reader.error(
    `tensor "${name}" keeps its data in another file, which is not supported; save it inside`,
  );
}

function elements(
  reader: ProtoReader,
  name: string,
  type: DataType,
  count: number,
  stored: Stored,
): TensorData {
  const check = (found: number): void => {
    if (found === count) return;
    throw reader.error(
      `tensor "${name}" holds ${found} ${dataTypeName(type)} elements, its shape says ${count}`,
    );
  };
  if (stored.raw !== undefined && (stored.raw.length > 0 || count === 0)) {
    check(stored.raw.length / dataTypeBytes(type));
    // A Uint8Array of its own buffer: aligned for every element type, and not tied to the caller's bytes.
    const data = tensorDataFromBuffer(type, new Uint8Array(stored.raw).buffer);
    if (type === DATA_TYPE.bool && data.some((value) => value > 1)) {
      throw reader.error(`tensor "${name}" holds a boolean that is neither 0 nor 1`);
    }
    return data;
  }
  if (type === DATA_TYPE.float) {
    check(stored.floats.length);
    return Float32Array.from(stored.floats);
  }
  if (type === DATA_TYPE.double) {
    check(stored.doubles.length);
    return Float64Array.from(stored.doubles);
  }
  if (type === DATA_TYPE.int64) {
    check(stored.int64s.length);
    return BigInt64Array.from(stored.int64s);
  }
  check(stored.int32s.length);
  const [low, high] = INT32_LIST_RANGE[type]!;
  const outside = stored.int32s.find((value) => value < low || value > high);
  if (outside !== undefined) {
    throw reader.error(`tensor "${name}" holds ${outside}, which no ${dataTypeName(type)} can be`);
  }
  const data = tensorDataFromBuffer(
    type,
    new ArrayBuffer(count * dataTypeBytes(type)),
  ) as Int32Array<ArrayBuffer>;
  data.set(stored.int32s);
  return data;
}
