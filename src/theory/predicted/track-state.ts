// A tracked run between two steps, as named vectors and a few numbers: what it takes to go on later.
import { InputError, type Vector } from "../../math/index.ts";
import type { SamplerState } from "../../optim/index.ts";

/**
 * The state before step `step` is recorded. The vectors are live: use them before asking for the next item. Names:
 * `theta`, `reference` (θ†), `flow`, `separate` (the run that drives the predictions), `predicted.FORM` (v̂),
 * `response.S` (what β_{s→t} is read off), `eigenvector.K` (at θ†), `real.K` and `flow.K` (warm starts).
 */
export interface TrackState {
  readonly step: number;
  readonly vectors: ReadonlyMap<string, Vector>;
  /** Sharpness of the flow where it was last measured. */
  readonly flowSharpness: number;
  /** ζ and ‖ξ‖ of the step that led here. */
  readonly noise: { readonly zeta: number; readonly norm: number } | null;
  /** Kinds of warnings given already. */
  readonly warned: readonly string[];
  readonly samplers: { readonly real: SamplerState | null; readonly separate: SamplerState | null };
}

/** Yielded when saving is due. */
export interface TrackSaved {
  readonly type: "state";
  readonly state: TrackState;
}

/** The named vector. @throws InputError when the state has none of that name */
export function stateVector({ vectors }: TrackState, name: string): Vector {
  const found = vectors.get(name);
  if (found === undefined) throw new InputError("the saved state lacks a vector", { field: name });
  return found;
}

/** Vectors called `prefix.REST`, as pairs of REST and vector, in order. */
export function stateVectors({ vectors }: TrackState, prefix: string): [rest: string, vector: Vector][] {
  return [...vectors].flatMap(([name, vector]): [string, Vector][] =>
    name.startsWith(`${prefix}.`) ? [[name.slice(prefix.length + 1), vector]] : [],
  );
}
