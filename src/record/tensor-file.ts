// The in-memory form of a tensor file (safetensors, npz): named, shaped, typed arrays.

/** Element types Brink reads. Half precisions are widened to float32 on reading; bool becomes uint8. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/** One tensor, row-major. `data.length` is the product of `shape`. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Tensors by name, in file order, with the file's free-form string metadata. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}
