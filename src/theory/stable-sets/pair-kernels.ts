// What one step does to the losses of one class: kernels of WebAssembly over inner products and probabilities.
import type { DType } from "../../math/index.ts";
import {
  any,
  branch,
  type Code,
  type Lanes,
  lanesOf,
  type Local,
  or,
  type WasmFunction,
  WasmModule,
} from "../../runtime/index.ts";
import { PairKernelBuilder, VECTORS } from "./pair-kernel-builder.ts";
import { isFar, MANTISSA, PairProduct } from "./pair-product.ts";

/** Orders of the polynomials there are kernels for: 1 to … */
export const HIGHEST_ORDER = { float32: 6, float64: 10 } as const;
/**
 * Up to this order Σ_k p_jk m_k^d is summed for every power d but the last, which is that of the farthest m_k alone: mostly one
 * class moves ten times as far as the others. Beyond, there would be too many sums to keep, and powers too small.
 */
export const HIGHEST_SUM = 5;

/** The kernels of one precision. */
export const pairKernels = {
  /** By the exponential's polynomial of this order; from 2 to `HIGHEST_SUM`, of this order for the farthest m_k, one less for others. */
  polynomial: (order: number): string => `polynomial${order}`,
  /** By exponentials. Moves within `EXPONENTIAL_REACH`. */
  exponentials: "exponentials",
  /** Σ_j ⟨x_i, x_j⟩²(Σ_k p_jk m_k² − factor·(Σ_k p_jk m_k)²), the spread of moves of size 1. */
  spread: "spread",
} as const;

/** Largest moves whose exponentials, and those of their opposites, are normal numbers with something to spare. */
export const EXPONENTIAL_REACH = { float32: 80, float64: 690 } as const;

const modules = new Map<DType, WasmModule>();

/** Compiled when first asked for. */
export function pairModule(dtype: DType): WasmModule {
  let found = modules.get(dtype);
  if (found === undefined) {
    const lanes = lanesOf(dtype);
    const orders = Array.from({ length: HIGHEST_ORDER[dtype] }, (_, at) => at + 1);
    found = new WasmModule([
      ...orders.map((order) => (order <= HIGHEST_SUM ? bySums(lanes, order) : byMoves(lanes, order))),
      exponentials(lanes),
      spread(lanes),
    ]);
    modules.set(dtype, found);
  }
  return found;
}

/** Low orders: u/size = ⟨x_i, x_j⟩·(Σ p m + h/2·(Σ p m² + h/3·(…))), h = ⟨x_i, x_j⟩·size. */
function bySums(lanes: Lanes, order: number): WasmFunction {
  const builder = new PairKernelBuilder(lanes, pairKernels.polynomial(order));
  const products = VECTORS.map((v) => new PairProduct(builder, v));
  const sums = VECTORS.map(() => builder.fn.locals("v128", Math.max(1, order - 1)));
  const lasts = order === 1 ? [] : builder.fn.locals("v128", VECTORS.length);
  const inner = builder.vector();
  const move = builder.vector();
  const far = builder.keep(builder.farMove());
  let power = far;
  for (let d = 2; d <= order; d++) power = builder.keep(lanes.mul(power, far));
  const series = (terms: readonly Local[]): Code =>
    terms
      .map((term) => term.get)
      .reduceRight((rest, term, at) =>
        lanes.add(term, lanes.mul(lanes.mul(move.get, builder.constant(1 / (at + 2))), rest)),
      );
  const tile = [
    ...lasts.map((last, v) => last.set(lanes.mul(builder.farShare(v), power))),
    ...sumsOfPowers(builder, sums),
    ...VECTORS.flatMap((v) => [
      inner.set(builder.inner(v)),
      move.set(lanes.mul(inner.get, builder.size.get)),
      products[v]!.times(lanes.mul(inner.get, series([...sums[v]!, ...lasts.slice(v, v + 1)]))),
    ]),
    foldWhereFar(products),
  ];
  return builder.finish(
    tile,
    products.flatMap(({ saves }) => saves),
  );
}

/** Σ_k p_jk m_k^d for d = 1 … `sums[v].length`, of every vector. */
function sumsOfPowers(builder: PairKernelBuilder, sums: readonly (readonly Local[])[]): Code[] {
  const { lanes } = builder;
  const powers = VECTORS.map(() => builder.vector());
  return [
    ...sums.flat().map((sum) => sum.set(lanes.constant(0))),
    ...builder.forOthers((move, higher) =>
      VECTORS.flatMap((v) => [
        powers[v]!.set(builder.share(v)),
        ...sums[v]!.flatMap((sum, at) => [
          powers[v]!.set(lanes.mul(powers[v]!.get, at === 0 ? move : higher)),
          sum.set(lanes.add(sum.get, powers[v]!.get)),
        ]),
      ]),
    ),
  ];
}

/** High orders: u/size = ⟨x_i, x_j⟩·Σ p m(1 + x/2(1 + x/3(…))), x = ⟨x_i, x_j⟩·size·m. */
function byMoves(lanes: Lanes, order: number): WasmFunction {
  const builder = new PairKernelBuilder(lanes, pairKernels.polynomial(order));
  const products = VECTORS.map((v) => new PairProduct(builder, v));
  const [scaled, moves, sums] = Array.from({ length: 3 }, () => builder.fn.locals("v128", VECTORS.length));
  let factorial = 1;
  const coefficients = Array.from({ length: order }, (_, at) => 1 / (factorial *= at + 1));
  const tile = [
    ...VECTORS.flatMap((v) => [
      sums![v]!.set(lanes.constant(0)),
      scaled![v]!.set(lanes.mul(builder.inner(v), builder.size.get)),
    ]),
    ...builder.forOthers((move) =>
      VECTORS.flatMap((v) => {
        const x = moves![v]!;
        const change = lanes.mul(lanes.mul(builder.share(v), move), polynomial(builder, coefficients, x.get));
        return [x.set(lanes.mul(scaled![v]!.get, move)), sums![v]!.set(lanes.add(sums![v]!.get, change))];
      }),
    ),
    ...VECTORS.map((v) => products[v]!.times(lanes.mul(builder.inner(v), sums![v]!.get))),
    foldWhereFar(products),
  ];
  return builder.finish(
    tile,
    products.flatMap(({ saves }) => saves),
  );
}

function foldWhereFar(products: readonly PairProduct[]): Code {
  const far = products.map((product) => product.far).reduce(or);
  return branch(
    any(far),
    products.flatMap((product) => product.fold()),
  );
}

/** Terms of 2^f − 1 for |f| ≤ ½ beyond the first: errors below rounding. */
const EXPONENTIAL_TERMS = { float32: 6, float64: 12 } as const;
/** Added to a number and taken away again it rounds; in between, the last bits are the integer. */
const ROUNDING = { float32: 12_582_912, float64: 6_755_399_441_055_744 } as const;

function exponentials(lanes: Lanes): WasmFunction {
  const builder = new PairKernelBuilder(lanes, pairKernels.exponentials);
  const { size, factor } = builder;
  const { bits, dtype } = lanes;
  const products = VECTORS.map((v) => new PairProduct(builder, v));
  const [scaled, exponents, fractions, sums] = Array.from({ length: 4 }, () =>
    builder.fn.locals("v128", VECTORS.length),
  );
  const perLog = builder.keep(lanes.mul(size.get, builder.constant(Math.LOG2E)));
  const inverse = builder.keep(lanes.div(builder.constant(1), size.get));
  const scale = builder.keep(lanes.mul(factor.get, inverse));
  const rounding = builder.constant(ROUNDING[dtype]);
  const coefficients = [1];
  for (let d = 1; d <= EXPONENTIAL_TERMS[dtype]; d++) {
    coefficients.push((coefficients[d - 1]! * Math.LN2) / d);
  }
  const far = VECTORS.map((v) => isFar(builder, fractions![v]!.get));
  const tile = [
    ...VECTORS.flatMap((v) => [
      sums![v]!.set(lanes.constant(0)),
      scaled![v]!.set(lanes.mul(builder.inner(v), perLog)),
    ]),
    ...builder.forOthers((move) =>
      VECTORS.flatMap((v) => {
        const [exponent, fraction, sum] = [exponents![v]!, fractions![v]!, sums![v]!];
        const power = bits.add(
          polynomial(builder, coefficients, fraction.get),
          bits.shiftLeft(exponent.get, MANTISSA[dtype].width),
        );
        return [
          fraction.set(lanes.mul(scaled![v]!.get, move)),
          exponent.set(lanes.add(fraction.get, rounding)),
          fraction.set(lanes.sub(fraction.get, lanes.sub(exponent.get, rounding))),
          sum.set(lanes.add(sum.get, lanes.mul(builder.share(v), power))),
        ];
      }),
    ),
    // u over the factor, which has the size in it.
    ...VECTORS.map((v) =>
      fractions![v]!.set(lanes.mul(lanes.sub(sums![v]!.get, builder.sumOfShares(v)), inverse)),
    ),
    branch(
      any(far.reduce(or)),
      // 1 + u as a sum of positive terms.
      VECTORS.flatMap((v) =>
        products[v]!.fold(lanes.add(builder.ownShare(v), lanes.mul(sums![v]!.get, scale))),
      ),
      [...VECTORS.map((v) => products[v]!.times(fractions![v]!.get)), foldWhereFar(products)],
    ),
  ];
  return builder.finish(
    tile,
    products.flatMap(({ saves }) => saves),
  );
}

function polynomial(builder: PairKernelBuilder, coefficients: readonly number[], x: Code): Code {
  const { lanes } = builder;
  return coefficients
    .map((coefficient) => builder.constant(coefficient))
    .reduceRight((value, coefficient) => lanes.add(coefficient, lanes.mul(x, value)));
}

function spread(lanes: Lanes): WasmFunction {
  const builder = new PairKernelBuilder(lanes, pairKernels.spread);
  const { factor } = builder;
  const sums = VECTORS.map(() => builder.fn.locals("v128", 2));
  const totals = VECTORS.map((v) => builder.state("rest", v));
  const inner = builder.vector();
  const tile = [
    ...sumsOfPowers(builder, sums),
    ...VECTORS.flatMap((v) => {
      const [mean, square] = sums[v]!.map((sum) => sum.get);
      const { local: total } = totals[v]!;
      const variance = lanes.sub(square!, lanes.mul(factor.get, lanes.mul(mean!, mean!)));
      return [
        inner.set(builder.inner(v)),
        total.set(lanes.add(total.get, lanes.mul(lanes.mul(inner.get, inner.get), variance))),
      ];
    }),
  ];
  return builder.finish(
    tile,
    totals.map(({ save }) => save),
  );
}
