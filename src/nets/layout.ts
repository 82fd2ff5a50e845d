// Where each named tensor of a network lies in the flat parameter vector θ.
import { InputError } from "../math/index.ts";
import { sizeOf, type Graph, type Node, type Shape } from "../tensor/index.ts";

/** One parameter tensor, row-major in θ[offset, offset + size). */
export interface ParameterEntry {
  /** PyTorch state-dict name, for example `0.weight`. */
  readonly name: string;
  /** Linear weights out×in, convolution weights out×in×kh×kw, biases out. */
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
  /** Inputs summed into one output of the layer; a bias has those of its layer. */
  readonly fanIn: number;
  /** Outputs one input of the layer contributes to (out·kh·kw for a convolution). */
  readonly fanOut: number;
  readonly kind: "weight" | "bias";
  /** Index among the layers that have parameters, from 0. */
  readonly layer: number;
}

/** All tensors of a network in the order they lie in θ; `size` is the number of parameters P. */
export interface ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  readonly size: number;
}

/** Lays tensors out one after the other, in the given order. */
export function layoutOf(tensors: readonly Omit<ParameterEntry, "offset" | "size">[]): ParameterLayout {
  let offset = 0;
  const entries = tensors.map((tensor) => {
    const entry: ParameterEntry = { ...tensor, offset, size: sizeOf(tensor.shape) };
    offset += entry.size;
    return entry;
  });
  return { entries, size: offset };
}

/** One program input for each tensor, named as in the layout and shaped for `Network.forward`. */
export function parameterInputs(graph: Graph, layout: ParameterLayout): Node[] {
  return layout.entries.map((entry) => graph.input(entry.name, entry.shape));
}

/** Checks that a flat vector has the length of the layout. Throws InputError. */
export function checkLength(layout: ParameterLayout, length: number): void {
  if (length === layout.size) return;
  throw new InputError("parameter vector has the wrong length", {
    received: String(length),
    allowed: `${layout.size} parameters`,
  });
}
