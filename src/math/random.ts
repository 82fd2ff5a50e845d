// Seeded random streams: one independent, resumable stream per purpose, from one user seed.
import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import { xoroshiro128plus, xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** Serialisable state of a stream: restoring it continues the stream to the bit. */
export interface RandomState {
  readonly generator: readonly number[];
  /** Second normal deviate of the last polar pair, if not yet handed out. */
  readonly spare: number | null;
}

/** A stream of random numbers (xoroshiro128+, 53-bit floats). Mutable; `state()` and `fromState` resume it. */
export class RandomStream {
  #generator: JumpableRandomGenerator;
  #spare: number | null = null;

  constructor(generator: JumpableRandomGenerator) {
    this.#generator = generator;
  }

  static fromState(state: RandomState): RandomStream {
    const stream = new RandomStream(xoroshiro128plusFromState(state.generator));
    stream.#spare = state.spare;
    return stream;
  }

  state(): RandomState {
    return { generator: [...this.#generator.getState()], spare: this.#spare };
  }

  /** Uniform in [0, 1), 53 random bits. */
  uniform(): number {
    const high = this.#generator.next() >>> 5;
    const low = this.#generator.next() >>> 6;
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }

  /** Uniform in [−1, 1) with 32 random bits, from one draw of the generator: for long vectors. */
  signed(): number {
    return this.#generator.next() / 2_147_483_648;
  }

  /** Uniform integer in [0, bound), unbiased by rejection. `bound` ≤ 2³². */
  integer(bound: number): number {
    const limit = 4_294_967_296 - (4_294_967_296 % bound);
    for (;;) {
      const value = this.#generator.next() >>> 0;
      if (value < limit) return value % bound;
    }
  }

  /** Standard normal deviate (Marsaglia's polar method). */
  normal(): number {
    if (this.#spare !== null) {
      const value = this.#spare;
      this.#spare = null;
      return value;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const s = x * x + y * y;
      if (s > 0 && s < 1) {
        const scale = Math.sqrt((-2 * Math.log(s)) / s);
        this.#spare = y * scale;
        return x * scale;
      }
    }
  }

  /** Fisher–Yates shuffle of the whole array in place. */
  shuffle(values: Uint32Array | number[]): void {
    this.partialShuffle(values, values.length - 1);
  }

  /** First `count` steps of Fisher–Yates: afterwards values[0..count) is a uniform sample in random order. */
  partialShuffle(values: Uint32Array | number[], count: number): void {
    for (let i = 0; i < count; i++) {
      const j = i + this.integer(values.length - i);
      const swap = values[i]!;
      values[i] = values[j]!;
      values[j] = swap;
    }
  }
}

/** Bases and odd multipliers of the hashes in `randomStream`: unrelated 32-bit constants. */
const HASHES: readonly (readonly [number, number])[] = [
  [0x811c_9dc5, 0x0100_0193],
  [0x9e37_79b9, 0x85eb_ca77],
  [0x2545_f491, 0xc2b2_ae3d],
  [0x6c07_8965, 0x27d4_eb2f],
];

/**
 * The stream for one purpose under one user seed. Different purposes ("init", "batches", "lanczos"…) give
 * independent streams, so adding a measurement never changes the batches drawn.
 *
 * @param seed any safe integer
 */
export function randomStream(seed: number, purpose: string): RandomStream {
  // Four hashes with their own bases and multipliers, each over the whole text, fill the 128 bits of state: one
  // 32-bit hash would leave only 2³² streams, and collisions among purposes.
  const text = `${seed}/${purpose}`;
  const words = HASHES.map(([basis, multiplier]) => {
    let hash = basis;
    for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, multiplier);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) | 0;
  });
  if (words.every((word) => word === 0)) return new RandomStream(xoroshiro128plus(seed | 0));
  return new RandomStream(xoroshiro128plusFromState(words));
}
