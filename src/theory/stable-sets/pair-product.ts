// Π(1 + u) in SIMD lanes, for u of any size: what the logarithms of a kernel's changes are taken of.
import type { Code, Lanes, Local } from "../../runtime/index.ts";
import type { PairKernelBuilder } from "./pair-kernel-builder.ts";

/** Changes beyond which a product of 1 + u goes on as mantissa and exponent. */
const FAR = 0.5;

/** Width of the mantissa, and the bits of √½. */
export const MANTISSA = {
  float32: { width: 23, root: 0x3f3504f3n },
  float64: { width: 52, root: 0x3fe6a09e667f3bcdn },
} as const;

/**
 * (1 + factor·R)·Q·2^E for one vector of every tile. Small changes gather in R, where nothing cancels and nothing underflows; far
 * ones in a mantissa Q and an exponent E, where nothing overflows.
 */
export class PairProduct {
  /** Instructions that keep it for the next class. */
  readonly saves: readonly Code[];
  readonly #builder: PairKernelBuilder;
  readonly #lanes: Lanes;
  readonly #rest: Local;
  readonly #mantissa: Local;
  readonly #exponent: Local;
  readonly #product: Local;
  readonly #bits: Local;

  /** Goes on with the state of vector `v`. */
  constructor(builder: PairKernelBuilder, v: number) {
    const rest = builder.state("rest", v);
    const mantissa = builder.state("mantissa", v);
    const exponent = builder.state("exponent", v);
    this.saves = [rest.save, mantissa.save, exponent.save];
    this.#builder = builder;
    this.#lanes = builder.lanes;
    this.#rest = rest.local;
    this.#mantissa = mantissa.local;
    this.#exponent = exponent.local;
    this.#product = builder.vector();
    this.#bits = builder.vector();
  }

  /** R ← R + u + factor·R·u, for a change of factor·u. */
  times(u: Code): Code {
    const { add, mul } = this.#lanes;
    return this.#rest.set(add(this.#rest.get, mul(u, this.#one())));
  }

  /** Lanes in which 1 + factor·R is about to lose digits. */
  get far(): Code {
    return isFar(this.#builder, this.#rest.get);
  }

  /** Q·2^E ← Q·2^E·(1 + factor·R)·w, R ← 0; all of them positive normal numbers. */
  fold(w?: Code): Code[] {
    const { bits, mul, constant, dtype } = this.#lanes;
    const { root, width } = MANTISSA[dtype];
    const product = mul(this.#mantissa.get, this.#one());
    return [
      this.#product.set(w === undefined ? product : mul(w, product)),
      // Exponents such that mantissas are between √½ and √2.
      this.#bits.set(bits.shiftRight(bits.sub(this.#product.get, bits.constant(root)), width)),
      this.#exponent.set(bits.add(this.#exponent.get, this.#bits.get)),
      this.#mantissa.set(bits.sub(this.#product.get, bits.shiftLeft(this.#bits.get, width))),
      this.#rest.set(constant(0)),
    ];
  }

  /** 1 + factor·R. */
  #one(): Code {
    const { add, mul } = this.#lanes;
    return add(this.#builder.constant(1), mul(this.#rest.get, this.#builder.factor.get));
  }
}

/** Lanes in which |factor·u| is beyond `FAR`. */
export function isFar(builder: PairKernelBuilder, u: Code): Code {
  const { abs, greater, mul } = builder.lanes;
  return greater(abs(mul(u, builder.factor.get)), builder.constant(FAR));
}
