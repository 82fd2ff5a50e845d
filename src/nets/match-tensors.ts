// Which tensor of a file is which parameter: by name, else by order and shape, else an error listing both sides.
import { InputError } from "../math/index.ts";
import { sameShape, type Shape } from "../tensor/index.ts";
import type { ParameterEntry, ParameterLayout } from "./layout.ts";

type Shapes = ReadonlyMap<string, { readonly shape: Shape }>;

/** File tensor name for each entry of the layout. */
export interface TensorMatch {
  readonly names: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Matches the tensors of a file to a layout. Names decide when the two sets are equal. Otherwise layers are taken in
 * order, each getting the first unused group of tensors (same name up to the last dot) with its shapes.
 *
 * @param tensors in file order
 * @throws InputError listing missing, extra and misshaped tensors and both sides
 */
export function matchTensors(layout: ParameterLayout, tensors: Shapes, file?: string): TensorMatch {
  const { entries } = layout;
  if (tensors.size === entries.length && entries.every((entry) => tensors.has(entry.name))) {
    if (entries.every((entry) => sameShape(tensors.get(entry.name)!.shape, entry.shape)))
      return { names: entries.map((entry) => entry.name), notes: [] };
    throw mismatch(entries, tensors, file);
  }
  const order = layerOrder([...tensors.keys()]);
  const names =
    tensors.size === entries.length
      ? (matchInSequence(entries, tensors, order) ?? matchByLayer(entries, tensors, order))
      : null;
  if (names === null) throw mismatch(entries, tensors, file);
  const pairs = entries.map((entry, k) => `${entry.name} ← ${names[k]!}`).join(", ");
  return {
    names,
    notes: [`Parameter names differ from the network's; matched by order and shape: ${pairs}`],
  };
}

/**
 * Tensor names in the most plausible layer order. A file in plain alphabetical order was probably sorted by its
 * writer (the safetensors library sorts), which puts layer 10 before layer 2; there the numbers in the names
 * decide. Any other order was chosen by someone, and is kept.
 */
function layerOrder(names: readonly string[]): string[] {
  const sorted = names.every((name, k) => k === 0 || names[k - 1]! < name);
  return sorted ? [...names].sort(compareNatural) : [...names];
}

/** Compares names piece by piece, runs of digits as numbers. */
function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let k = 0; k < Math.min(left.length, right.length); k++) {
    const [x, y] = [left[k]!, right[k]!];
    if (x === y) continue;
    const difference = Number(x) - Number(y);
    if (Number.isFinite(difference) && difference !== 0) return difference;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function matchInSequence(
  entries: readonly ParameterEntry[],
  tensors: Shapes,
  order: readonly string[],
): string[] | null {
  const fits = entries.every((entry, k) => sameShape(tensors.get(order[k]!)!.shape, entry.shape));
  return fits ? [...order] : null;
}

/** Groups by layer, so that biases sorted before their weights, or weights before all biases, still find their place. */
function matchByLayer(
  entries: readonly ParameterEntry[],
  tensors: Shapes,
  order: readonly string[],
): string[] | null {
  // Names without dots tell nothing about layers; every tensor is then a group of its own.
  const dotted = order.every((name) => name.includes("."));
  const groups = groupBy(order, (name) => (dotted ? name.slice(0, name.lastIndexOf(".")) : name));
  const layers = groupBy(entries, (entry) => (dotted ? String(entry.layer) : entry.name));
  const names = new Map<ParameterEntry, string>();
  for (const layer of layers) {
    const at = groups.findIndex((group) => pairUp(layer, group, tensors) !== null);
    if (at < 0) return null;
    const [group] = groups.splice(at, 1);
    pairUp(layer, group!, tensors)!.forEach((name, k) => names.set(layer[k]!, name));
  }
  return entries.map((entry) => names.get(entry)!);
}

/** The tensors of a group in the order of the layer's entries, or null when their shapes are not the layer's. */
function pairUp(
  layer: readonly ParameterEntry[],
  group: readonly string[],
  tensors: Shapes,
): string[] | null {
  if (layer.length !== group.length) return null;
  const rest = [...group];
  const names: string[] = [];
  for (const entry of layer) {
    const at = rest.findIndex((name) => sameShape(tensors.get(name)!.shape, entry.shape));
    if (at < 0) return null;
    names.push(...rest.splice(at, 1));
  }
  return names;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

function mismatch(entries: readonly ParameterEntry[], tensors: Shapes, file?: string): InputError {
  const names = new Set(entries.map((entry) => entry.name));
  const missing = entries.filter((entry) => !tensors.has(entry.name)).map((entry) => entry.name);
  const extra = [...tensors.keys()].filter((name) => !names.has(name));
  const misshaped = entries.filter((entry) => {
    const shape = tensors.get(entry.name)?.shape;
    return shape !== undefined && !sameShape(shape, entry.shape);
  });
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`missing ${missing.slice(0, 100).join(", ")}`);
  if (extra.length > 0) parts.push(`extra ${extra.slice(0, 100).join(", ")}`);
  if (misshaped.length > 0) parts.push(`misshaped ${misshaped.map((entry) => entry.name).join(", ")}`);
  const transposed = misshaped.some((entry) =>
    sameShape(tensors.get(entry.name)!.shape.toReversed(), entry.shape),
  );
  return new InputError(`the parameter file does not fit the network: ${parts.join("; ")}`, {
    ...(file === undefined ? {} : { file }),
    received: list([...tensors].map(([name, { shape }]) => ({ name, shape }))),
    allowed: list(entries),
    ...(transposed ? { hint: "Linear weights are out×in; some look transposed" } : {}),
  });
}

function list(tensors: readonly { readonly name: string; readonly shape: Shape }[]): string {
  if (tensors.length === 0) return "no tensors";
  // A hostile or merely huge file must not make a megabyte of error message.
  const shown = tensors.slice(0, 100).map(({ name, shape }) => `${name} [${shape.join(",")}]`);
  return tensors.length > 100 ? `${shown.join(", ")}, and ${tensors.length - 100} more` : shown.join(", ");
}
