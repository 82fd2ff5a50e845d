// One run of the scalar system: its own noise streams, a loop over numbers in registers, sums of moments on the way.
import { fillNormal, randomStream, type RandomStream } from "../../math/index.ts";
import type { ScalarSystem } from "./system.ts";

/** Averages kept of every run, in the order their sums are stored. */
export const MOMENTS = ["x", "x2", "x3", "x4", "y", "y2", "yx", "yx2", "yx3", "y2x2"] as const;
export type Moment = (typeof MOMENTS)[number];

/** |x| > 10⁶·δ counts as blown up: no excursion of a bounded run comes near. */
export const BLOW_UP = 1e6;

/** Where a run starts, and which one it is. */
export interface WalkStart {
  readonly x0: number;
  readonly y0: number;
  readonly seed: number;
  /** Number of the run in its ensemble; each has noise of its own, whatever the size of the ensemble. */
  readonly run: number;
}

/** Normal deviates drawn at a time. */
const CHUNK = 256;

const nowhere = new Float64Array(0);

/** A run under way. Mutable. */
export class ScalarWalk {
  readonly #system: ScalarSystem;
  /** Streams of ζ and ν; null for a variance of 0. Named by the variance: levels of a list do not share noise. */
  readonly #streams: readonly [RandomStream | null, RandomStream | null];
  readonly #deviates: readonly [Float64Array, Float64Array] = [
    new Float64Array(CHUNK),
    new Float64Array(CHUNK),
  ];
  #x: number;
  #y: number;
  #step = 0;
  #blownUpAt: number | null = null;

  constructor(system: ScalarSystem, { x0, y0, seed, run }: WalkStart) {
    this.#system = system;
    this.#x = x0;
    this.#y = y0;
    const stream = (name: string, variance: number): RandomStream | null =>
      variance === 0 ? null : randomStream(seed, `scalar ${name} ${variance} ${run}`);
    this.#streams = [stream("u", system.noiseU), stream("y", system.noiseY)];
  }

  get x(): number {
    return this.#x;
  }

  get y(): number {
    return this.#y;
  }

  /** Steps taken. */
  get step(): number {
    return this.#step;
  }

  /** The step after which |x| exceeded `BLOW_UP`·δ or stopped being a number; null while that has not happened. */
  get blownUpAt(): number | null {
    return this.#blownUpAt;
  }

  /**
   * Takes `count` steps, fewer when it blows up.
   *
   * @param sums gets Σ of every `MOMENTS` over the states after each step added
   * @param xs, ys get the state after step t at index t, as far as they reach
   * @returns whether the run is still bounded
   */
  advance(
    count: number,
    sums: Float64Array,
    xs: Float64Array = nowhere,
    ys: Float64Array = nowhere,
  ): boolean {
    for (let left = count; left > 0 && this.#blownUpAt === null;) {
      const size = Math.min(left, CHUNK);
      for (const [i, stream] of this.#streams.entries()) {
        if (stream !== null) fillNormal(stream, this.#deviates[i]!.subarray(0, size));
      }
      this.#chunk(size, sums, xs, ys);
      left -= size;
    }
    return this.#blownUpAt === null;
  }

  #chunk(size: number, sums: Float64Array, xs: Float64Array, ys: Float64Array): void {
    const { lr, beta, delta2, kappa, noiseU, noiseY } = this.#system;
    const [zeta, nu] = this.#deviates;
    const bend = (lr * kappa) / 2;
    const pull = (lr * beta) / 2;
    const kickX = lr * Math.sqrt(noiseU);
    const kickY = lr * Math.sqrt(noiseY);
    const limit = BLOW_UP * Math.sqrt(delta2);
    const start = this.#step;
    const recorded = xs.length - start;
    let x = this.#x;
    let y = this.#y;
    // Plainly declared numbers stay in registers, which array elements and destructured values do not: 4× as fast.
    let sx = 0;
    let sx2 = 0;
    let sx3 = 0;
    let sx4 = 0;
    let sy = 0;
    let sy2 = 0;
    let syx = 0;
    let syx2 = 0;
    let syx3 = 0;
    let sy2x2 = 0;
    let k = 0;
    while (k < size) {
      const x2 = x * x;
      x = -(1 + lr * y) * x - bend * x2 - kickX * zeta[k]!;
      y += pull * (delta2 - x2) - kickY * nu[k]!;
      k += 1;
      if (k < recorded) {
        xs[start + k] = x;
        ys[start + k] = y;
      }
      if (!(Math.abs(x) <= limit)) {
        this.#blownUpAt = start + k;
        break;
      }
      const square = x * x;
      const yx = y * x;
      sx += x;
      sx2 += square;
      sx3 += square * x;
      sx4 += square * square;
      sy += y;
      sy2 += y * y;
      syx += yx;
      syx2 += yx * x;
      syx3 += yx * square;
      sy2x2 += yx * yx;
    }
    sums[0]! += sx;
    sums[1]! += sx2;
    sums[2]! += sx3;
    sums[3]! += sx4;
    sums[4]! += sy;
    sums[5]! += sy2;
    sums[6]! += syx;
    sums[7]! += syx2;
    sums[8]! += syx3;
    sums[9]! += sy2x2;
    this.#x = x;
    this.#y = y;
    this.#step = start + k;
  }
}

/** A trajectory with its start: x[t] and y[t] after t steps. */
export interface ScalarTrajectory {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The step at which it blew up, the last one of the arrays then; null otherwise. */
  readonly blownUpAt: number | null;
}

/** One run with every state kept: run `start.run` of an ensemble, to the bit. */
export function scalarTrajectory(system: ScalarSystem, start: WalkStart, steps: number): ScalarTrajectory {
  const [x, y] = [new Float64Array(steps + 1), new Float64Array(steps + 1)];
  x[0] = start.x0;
  y[0] = start.y0;
  const walk = new ScalarWalk(system, start);
  walk.advance(steps, new Float64Array(MOMENTS.length), x, y);
  return { x: x.slice(0, walk.step + 1), y: y.slice(0, walk.step + 1), blownUpAt: walk.blownUpAt };
}
