// A run's events as named columns of numbers, and those columns as one binary block (safetensors).
import { InputError } from "../math/index.ts";
import type { MeasurementEvent, RunEvent } from "./events.ts";
import { parseSafetensors, serialiseSafetensors } from "./safetensors.ts";
import type { NamedTensor } from "./tensor-file.ts";

/** One recorded quantity: steps ascending, NaN where it was measured and not finite. Equal lengths. */
export interface Series {
  readonly steps: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
}

/** The series of a run from one cursor to another. */
export interface SeriesBlock {
  /** By name: `step loss`, `iterate sharpness`, `midpoint eigenvalues.1`, `iterate batchSharpness.50.mean`. */
  readonly series: ReadonlyMap<string, Series>;
  /** Where the block begins; null: it is everything there is. */
  readonly from: string | null;
  /** Where it ends: what to ask for next. */
  readonly cursor: string;
}

/**
 * The numbers of an event, each with the name of its series: `step`, `iterate` or `midpoint`, a space, and the dotted
 * name as in events.jsonl. Rayleigh quotients of a last eigenvector are `rayleigh`, not `sharpness`; truth is 1 or 0;
 * entries of a list are named by their `name`, else counted from 0. What was not measured does not appear.
 */
export function* seriesOf(event: RunEvent): Generator<readonly [name: string, value: number]> {
  if (event.type === "step") yield ["step loss", event.loss ?? Number.NaN];
  else if (event.type === "measurement") yield* measured(event);
}

const OMITTED: ReadonlySet<string> = new Set(["type", "step", "point", "rayleigh"]);

function* measured(event: MeasurementEvent): Generator<readonly [string, number]> {
  for (const [name, value] of Object.entries(event)) {
    if (OMITTED.has(name)) continue;
    const shown = name === "sharpness" && event.rayleigh === true ? "rayleigh" : name;
    yield* leaves(`${event.point} ${shown}`, value);
  }
}

function* leaves(name: string, value: unknown): Generator<readonly [string, number]> {
  if (typeof value === "number") yield [name, value];
  else if (value === null) yield [name, Number.NaN];
  else if (typeof value === "boolean") yield [name, Number(value)];
  else if (typeof value === "object") {
    for (const [key, part] of Object.entries(value)) {
      const own: unknown = Array.isArray(value)
        ? (part as { readonly name?: unknown } | null)?.name
        : undefined;
      yield* leaves(`${name}.${typeof own === "string" ? own : key}`, part);
    }
  }
}

/** A block as bytes: two float64 tensors a series, `NAME/steps` and `NAME/values`; cursors are metadata. */
export function encodeSeries({ series, from, cursor }: SeriesBlock): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, NamedTensor>();
  for (const [name, { steps, values }] of series) {
    tensors.set(`${name}/steps`, { shape: [steps.length], data: steps });
    tensors.set(`${name}/values`, { shape: [values.length], data: values });
  }
  return serialiseSafetensors({ tensors, metadata: { cursor, ...(from === null ? {} : { from }) } });
}

/** Reads what `encodeSeries` wrote. Throws InputError when it is not such a block. */
export function decodeSeries(bytes: Uint8Array, name: string): SeriesBlock {
  const { tensors, metadata } = parseSafetensors(bytes, name);
  const series = new Map<string, Series>();
  for (const [key, { data: steps }] of tensors) {
    if (!key.endsWith("/steps")) continue;
    const quantity = key.slice(0, -"/steps".length);
    const values = tensors.get(`${quantity}/values`)?.data;
    const matched = steps instanceof Float64Array && values instanceof Float64Array;
    if (!matched || steps.length !== values.length) {
      throw new InputError("not a block of series", { file: name, field: quantity });
    }
    series.set(quantity, { steps, values });
  }
  const { cursor, from = null } = metadata;
  if (cursor === undefined) throw new InputError("not a block of series: it has no cursor", { file: name });
  return { series, from, cursor };
}
