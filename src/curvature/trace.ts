// Trace and Frobenius norm of a symmetric operator from random sign vectors, with standard errors.
import { dot, InputError, randomStream, zeros, type Vector } from "../math/index.ts";
import { isSettled, PairMoments, stopBounds, type MeanError, type StopRule } from "./estimate.ts";
import type { LinearOperator } from "./operator.ts";

/** How many probes and from which seed. */
export interface TraceOptions {
  /** Default: 5 % relative standard error of the trace within 10 … 200 probes. */
  readonly stop?: StopRule;
  readonly seed?: number;
  /** Separates the random streams of different steps. */
  readonly purpose?: string;
  /** Two vectors to work in, of the operator's size and precision; made when absent. */
  readonly buffers?: readonly [Vector, Vector];
}

/** Estimates, each with its standard error. */
export interface TraceEstimate {
  /** tr A. */
  readonly trace: MeanError;
  /** ‖A‖_F² = tr A². */
  readonly frobeniusSquared: MeanError;
  readonly probes: number;
  /** Whether the trace met the requested relative standard error (never for a fixed number of probes). */
  readonly certified: boolean;
}

const DEFAULT_STOP = { relative: 0.05, min: 10, max: 200 } as const;

/**
 * Hutchinson's estimators: for v with independent random signs, E v·Av = tr A with variance
 * 2(‖A‖_F² − Σ Aᵢᵢ²), and E‖Av‖² = ‖A‖_F². One product a probe; the two vectors of `buffers` of memory.
 * Source: Hutchinson, Commun. Statist. Simula. 19 (1990).
 *
 * @throws InputError for an operator without dimensions, buffers of another size or an impossible stop rule
 */
export async function hutchinson(
  operator: LinearOperator,
  options: TraceOptions = {},
): Promise<TraceEstimate> {
  const { stop = DEFAULT_STOP, seed = 0, purpose = "trace" } = options;
  const { relative, min, max } = stopBounds(stop);
  if (operator.size < 1) throw new InputError("the operator has no dimensions");
  const random = randomStream(seed, purpose);
  const [probe, image] = options.buffers ?? workspace(operator);
  if (probe.length !== operator.size || image.length !== operator.size) {
    throw new InputError("the buffers do not fit the operator", {
      received: `${probe.length} and ${image.length}`,
      allowed: String(operator.size),
    });
  }
  const moments = new PairMoments();
  const squares = new PairMoments();
  for (;;) {
    randomSigns(probe, random);
    await operator.apply(probe, image);
    const sample = dot(probe, image);
    moments.add(sample);
    squares.add(dot(image, image));
    const probes = moments.count;
    const trace = moments.mean();
    const certified = relative > 0 && probes >= min && isSettled(trace, relative);
    if (certified || probes >= max || !Number.isFinite(sample)) {
      return { trace, frobeniusSquared: squares.mean(), probes, certified };
    }
  }
}

/** Two zero vectors of the operator's size and precision. */
function workspace({ dtype, size }: LinearOperator): readonly [Vector, Vector] {
  return [zeros(dtype, size), zeros(dtype, size)];
}

/** Independent ±1 entries, 32 from each draw. */
function randomSigns(out: Vector, random: { integer(bound: number): number }): void {
  let bits = 0;
  for (let i = 0; i < out.length; i++) {
    if (i % 32 === 0) bits = random.integer(2 ** 32);
    out[i] = bits & 1 ? 1 : -1;
    bits >>>= 1;
  }
}
