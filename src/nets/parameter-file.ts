// Parameters as named tensors: θ from the tensors of a checkpoint, and back.
import { InputError, zeros, type DType, type Vector } from "../math/index.ts";
import type { Shape } from "../tensor/index.ts";
import { checkLength, type ParameterEntry, type ParameterLayout } from "./layout.ts";
import { matchTensors } from "./match-tensors.ts";

/** A tensor as read from a file; any numeric element type. */
export interface ParameterTensor {
  readonly shape: Shape;
  /** Row-major, as many elements as the shape says. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** θ, and sentences to show the user when tensors were not matched by name. */
export interface LoadedParameters {
  readonly theta: Vector;
  readonly notes: readonly string[];
}

/**
 * θ from named tensors. Tensors are matched by name when the file has exactly the network's names; otherwise
 * by order and shape, which a note reports in full.
 *
 * @param tensors in file order
 * @param file name to use in errors
 * @throws InputError listing both sides when tensors are missing, extra or misshaped; naming tensor and index
 *   of the first value that is NaN, infinite, or too large for float32
 */
export function parametersFromTensors(
  layout: ParameterLayout,
  tensors: ReadonlyMap<string, ParameterTensor>,
  dtype: DType,
  file?: string,
): LoadedParameters {
  const { names, notes } = matchTensors(layout, tensors, file);
  const theta = zeros(dtype, layout.size);
  layout.entries.forEach((entry, k) => {
    const tensor = tensors.get(names[k]!)!;
    if (tensor.data.length !== entry.size) {
      throw new InputError("tensor has the wrong number of values", {
        ...(file === undefined ? {} : { file }),
        field: names[k]!,
        received: String(tensor.data.length),
        allowed: String(entry.size),
      });
    }
    for (let i = 0; i < entry.size; i++) {
      const source = Number(tensor.data[i]);
      theta[entry.offset + i] = source;
      // Checked after rounding: a float64 value can be finite and still overflow float32.
      if (!Number.isFinite(theta[entry.offset + i])) badValue(names[k]!, entry, i, source, dtype, file);
    }
  });
  return { theta, notes };
}

function badValue(
  name: string,
  entry: ParameterEntry,
  position: number,
  value: number,
  dtype: DType,
  file: string | undefined,
): never {
  const index: number[] = [];
  let rest = position;
  for (const dim of entry.shape.toReversed()) {
    index.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  throw new InputError(
    Number.isFinite(value) ? "parameter is too large for float32" : "parameter is not a finite number",
    {
      ...(file === undefined ? {} : { file }),
      field: `${name}[${index.join(",")}]`,
      received: String(value),
      ...(dtype === "float32" && Number.isFinite(value) ? { hint: "Use precision: float64" } : {}),
    },
  );
}

/** θ (or any vector like it: a gradient, an eigenvector) as named tensors in layout order; copies. */
export function tensorsFromParameters(
  layout: ParameterLayout,
  theta: Vector,
): Map<string, { readonly shape: Shape; readonly data: Vector }> {
  checkLength(layout, theta.length);
  return new Map(
    layout.entries.map((entry) => [
      entry.name,
      { shape: entry.shape, data: theta.slice(entry.offset, entry.offset + entry.size) },
    ]),
  );
}
