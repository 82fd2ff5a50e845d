// Normal deviates in bulk: the ziggurat of Marsaglia and Tsang, on a seeded stream.
import type { RandomStream } from "./random.ts";

/** Layers of equal area under exp(−x²/2); a power of two, so that the layer costs no division. */
const LAYERS = 256;

interface Ziggurat {
  /** Right edges of the layers, outermost first. The first is a virtual one: the base strip as if it were a box. */
  readonly edges: Float64Array;
  /** exp(−x²/2) at the edges. */
  readonly heights: Float64Array;
  /** Where the tail begins. */
  readonly tail: number;
}

/** √(π/2)·erfc(r/√2), the area under exp(−x²/2) beyond r ≥ 2, by its continued fraction. */
function tailArea(r: number): number {
  let fraction = 0;
  for (let k = 100; k > 0; k--) fraction = k / (r + fraction);
  return Math.exp((-r * r) / 2) / (r + fraction);
}

/** Stacks the layers up from a base that ends at `tail`; the last edge is 0 when that is the right place. */
function stack(tail: number): Ziggurat {
  const area = tail * Math.exp((-tail * tail) / 2) + tailArea(tail);
  const edges = new Float64Array(LAYERS + 1);
  edges[0] = area * Math.exp((tail * tail) / 2);
  edges[1] = tail;
  for (let i = 2; i <= LAYERS; i++) {
    const below = edges[i - 1]!;
    const height = area / below + Math.exp((-below * below) / 2);
    // A stack that reaches the top too early has its tail too far in.
    if (height >= 1) {
      edges.fill(i < LAYERS ? Number.NaN : 0, i);
      break;
    }
    edges[i] = Math.sqrt(-2 * Math.log(height));
  }
  return { edges, heights: edges.map((x) => Math.exp((-x * x) / 2)), tail };
}

/** Finds by bisection the base at which the top layer just reaches x = 0. */
function build(): Ziggurat {
  let low = 3;
  let high = 4;
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    // Too small a tail makes layers too thick: they overshoot the top before the last.
    if (stack(middle).edges[LAYERS]! > 0) high = middle;
    else low = middle;
  }
  const ziggurat = stack(high);
  ziggurat.edges[LAYERS] = 0;
  ziggurat.heights[LAYERS] = 1;
  return ziggurat;
}

const { edges, heights, tail } = build();

/**
 * Fills `out` with independent standard normal deviates. Exact up to the rounding of a uniform with 45 random bits
 * within a layer; more than twice as fast as `stream.normal()`, whose sequence it does not reproduce.
 *
 * G. Marsaglia & W. W. Tsang, "The ziggurat method for generating random variables", J. Stat. Softw. 5 (2000); as
 * J. A. Doornik, "An improved ziggurat method to generate normal random samples" (2005) advises, layer and position
 * come from different bits.
 */
export function fillNormal(stream: RandomStream, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = deviate(stream);
}

function deviate(stream: RandomStream): number {
  for (;;) {
    const scaled = stream.uniform() * LAYERS;
    const layer = Math.trunc(scaled);
    const position = 2 * (scaled - layer) - 1;
    const x = position * edges[layer]!;
    const inside = edges[layer + 1]!;
    if (x < inside && x > -inside) return x;
    if (layer === 0) return position < 0 ? -beyondTail(stream) : beyondTail(stream);
    const from = heights[layer]!;
    const height = from + stream.uniform() * (heights[layer + 1]! - from);
    if (height < Math.exp((-x * x) / 2)) return x;
  }
}

/** A normal deviate given that it exceeds the tail's start (Marsaglia 1964). */
function beyondTail(stream: RandomStream): number {
  for (;;) {
    const excess = -Math.log(1 - stream.uniform()) / tail;
    const exponent = -Math.log(1 - stream.uniform());
    if (2 * exponent >= excess * excess) return tail + excess;
  }
}
