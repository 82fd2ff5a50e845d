// Anyone's data: tensors x, y and optionally x_test, y_test from a safetensors or npz file.
import { InputError, didYouMean } from "../math/index.ts";
import { type NamedTensor, type TensorFile, parseNpz, parseSafetensors } from "../record/index.ts";
import type { DataSource, ExampleSource } from "./source.ts";

const NAMES: ReadonlySet<string> = new Set(["x", "y", "x_test", "y_test"]);

/**
 * Decodes a file of arrays. x is n×…, any rank from 1. Integer y of shape [n] or [n, 1] are labels; any other y
 * is n×k real targets. Precision follows x.
 *
 * @param bytes the file; npz is told from safetensors by its first bytes
 * @throws InputError on a damaged file, missing tensors, shapes that disagree, or labels out of range
 */
export function readArrays(bytes: Uint8Array, fileName: string): DataSource {
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const file = zip ? parseNpz(bytes, fileName) : parseSafetensors(bytes, fileName);
  const inputs = tensorOf(file, "x", fileName);
  const train = split(inputs, tensorOf(file, "y", fileName), "", fileName);
  const hasTest = file.tensors.has("x_test") || file.tensors.has("y_test");
  const test = hasTest
    ? split(tensorOf(file, "x_test", fileName), tensorOf(file, "y_test", fileName), "_test", fileName)
    : null;
  if (test !== null && test.inputShape.join() !== train.inputShape.join()) {
    throw new InputError("test inputs have another shape than training inputs", {
      file: fileName,
      field: "x_test",
      received: `[${test.inputShape.join(", ")}]`,
      allowed: `[${train.inputShape.join(", ")}]`,
    });
  }
  if (test !== null && test.columns !== train.columns) {
    throw new InputError("test targets are of another kind than training targets", {
      file: fileName,
      field: "y_test",
    });
  }
  const ignored = [...file.tensors.keys()].filter((name) => !NAMES.has(name));
  return {
    name: "arrays",
    files: [fileName],
    notes: ignored.length === 0 ? [] : [`tensors not used: ${ignored.join(", ")}`],
    inputShape: train.inputShape,
    classes: train.columns > 0 ? 0 : Math.max(train.classes, test?.classes ?? 0),
    columns: train.columns,
    dtype: inputs.data instanceof Float64Array ? "float64" : "float32",
    train,
    test,
    trainName: "training examples",
  };
}

function tensorOf(file: TensorFile, name: string, fileName: string): NamedTensor {
  const tensor = file.tensors.get(name);
  if (tensor !== undefined) return tensor;
  const names = [...file.tensors.keys()];
  const hint = didYouMean(name, names);
  throw new InputError(`tensor "${name}" is missing`, {
    file: fileName,
    received: names.length === 0 ? "no tensors" : names.slice(0, 20).join(", "),
    allowed: "x, y and optionally x_test, y_test",
    ...(hint === undefined ? {} : { hint }),
  });
}

interface Split extends ExampleSource {
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly columns: number;
}

function split(x: NamedTensor, y: NamedTensor, suffix: string, fileName: string): Split {
  const where = { file: fileName, field: `y${suffix}` };
  const count = x.shape[0] ?? 0;
  const inputShape = x.shape.length === 1 ? [1] : x.shape.slice(1);
  const features = inputShape.reduce((product, extent) => product * extent, 1);
  if (count === 0 || features === 0) {
    throw new InputError("x must hold at least one example with at least one input", {
      file: fileName,
      field: `x${suffix}`,
      received: `shape [${x.shape.join(", ")}]`,
    });
  }
  if (y.shape[0] !== count || y.shape.length > 2 || y.data.length === 0) {
    throw new InputError(`must hold one label or one row of targets for each of the ${count} examples`, {
      ...where,
      received: `shape [${y.shape.join(", ")}]`,
      allowed: `[${count}] or [${count}, k]`,
    });
  }
  const values = numbers(x);
  const targets = numbers(y);
  const real = y.data instanceof Float32Array || y.data instanceof Float64Array;
  const columns = y.data.length / count;
  const base = {
    count,
    inputShape,
    divisor: 1,
    row: (i: number) => values.subarray(i * features, (i + 1) * features),
  };
  if (real || columns > 1) return { ...base, labels: null, targets, classes: 0, columns };
  let largest = 0;
  for (let i = 0; i < count; i++) {
    const label = targets[i]!;
    if (label < 0 || label > 65_535) {
      throw new InputError(`label ${i} is out of range`, {
        ...where,
        received: String(label),
        allowed: "0 to 65535",
        hint: "Store regression targets as floats.",
      });
    }
    largest = Math.max(largest, label);
  }
  return { ...base, labels: targets, targets: null, classes: Math.max(2, largest + 1), columns: 0 };
}

type Numbers = Exclude<NamedTensor["data"], BigInt64Array | BigUint64Array>;

/** The tensor's values as numbers; 64-bit integers beyond 2⁵³ lose their last digits, as any float would. */
function numbers({ data }: NamedTensor): Numbers {
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data, Number)
    : data;
}
