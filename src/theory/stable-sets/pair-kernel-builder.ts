// A kernel under construction: what one step does to the losses of one class, tile by tile of SIMD lanes.
import {
  and,
  branch,
  type Code,
  i32,
  type Lanes,
  type Local,
  repeat,
  type ValueType,
  VECTOR,
  WasmFunction,
} from "../../runtime/index.ts";

/** Vectors in a tile: two chains of sums keep the processor busy while each waits for its last addition. */
export const TILE = 2;
/** The vectors of a tile by number. */
export const VECTORS: readonly number[] = Array.from({ length: TILE }, (_, v) => v);
/** Bytes of a tile. */
export const TILE_BYTES: number = TILE * VECTOR;
/** Bytes of what is kept of one other class's move. */
export const MOVE_BYTES: number = 2 * VECTOR;

/**
 * Probabilities and moves so much below the largest are left out, and so are moves from second order on: products of several would
 * be denormal, which some processors take a hundred times as long for, and are lost in rounding.
 */
export const LEAST = { float32: 1e-12, float64: 1e-100 } as const;
const LEAST_OF_POWERS = { float32: 1e-6, float64: 1e-20 } as const;

/**
 * What every kernel takes, in this order; pointers but for five numbers. It sees examples j of one class in tiles of 2 vectors (the
 * last filled up with zeros), and what one step moves them by, relative to their own logit: ⟨x_i, x_j⟩·size·m_k for the K − 1 other
 * classes k, where m_k = r_y − r_k and all |m_k| ≤ 1.
 *
 * - `inner`: ⟨x_i, x_j⟩ of all j, 0 for i itself
 * - `shares`: p_jk over a common scale, for every tile, k and j
 * - `sums`: for every tile Σ_k p_jk over the scale, then p_jy
 * - `tiles`, `others`: how many
 * - `residuals`: r of all classes; `own`: where that of the class itself is; `far`: that of the class with the largest |m_k|, …
 * - `farShares`: … and how far its p_jk are from the tile's first
 * - `moves`: room for what the kernel makes of them
 * - `size`: of the step
 * - `factor`: the scale of the shares times `size`
 * - `state`: what earlier classes have led to and this one goes on with
 */
const PARAMETERS = [
  "inner",
  "shares",
  "sums",
  "tiles",
  "others",
  "residuals",
  "own",
  "far",
  "farShares",
  "moves",
  "size",
  "factor",
  "state",
] as const;
type Parameter = (typeof PARAMETERS)[number];

/**
 * Of every vector of a tile, the state: R, Q and E with Π(1 + u_j) = (1 + factor·R)·Q·2^E over the j of each lane; of `spread` R
 * alone. u_j = Σ_k p_jk(e^{move} − 1), so that ln(1 + u_j) is the change of ℓ_j.
 */
export const STATE = ["rest", "mantissa", "exponent"] as const;
/** Bytes of the state. */
export const STATE_BYTES: number = STATE.length * TILE_BYTES;

/** One kernel: its parameters, loops over tiles and over the other classes, and its state. */
export class PairKernelBuilder {
  readonly lanes: Lanes;
  readonly fn: WasmFunction;
  readonly at: Readonly<Record<Parameter, Local>>;
  /** `size` and `factor` in every lane. */
  readonly size: Local;
  readonly factor: Local;
  readonly #left: Local;
  readonly #row: Local;
  readonly #move: Local;
  readonly #higher: Local;
  readonly #constants = new Map<number, Local>();
  readonly #setup: Code[] = [];

  constructor(lanes: Lanes, name: string) {
    const real: ValueType = lanes.dtype === "float32" ? "f32" : "f64";
    const types = PARAMETERS.map((each) => (each === "size" || each === "factor" ? real : "i32"));
    this.lanes = lanes;
    this.fn = new WasmFunction(name, types);
    const { params } = this.fn;
    const named = PARAMETERS.map((parameter, at) => [parameter, params[at]!]);
    this.at = Object.fromEntries(named) as Record<Parameter, Local>;
    this.size = this.vector();
    this.factor = this.vector();
    this.#left = this.fn.local("i32");
    this.#row = this.fn.local("i32");
    this.#move = this.vector();
    this.#higher = this.vector();
    this.#setup.push(
      this.size.set(lanes.splat(this.at.size.get)),
      this.factor.set(lanes.splat(this.at.factor.get)),
      ...this.#makeMoves(),
    );
  }

  /** A new vector, 0 at the start. */
  vector(): Local {
    return this.fn.local("v128");
  }

  /** A number in every lane, kept in a local: a literal would be built again in every turn of a loop. */
  constant(value: number): Code {
    let local = this.#constants.get(value);
    if (local === undefined) {
      local = this.vector();
      this.#constants.set(value, local);
      this.#setup.push(local.set(this.lanes.constant(value)));
    }
    return local.get;
  }

  /** A value that every tile needs, computed once. */
  keep(value: Code): Code {
    const local = this.vector();
    this.#setup.push(local.set(value));
    return local.get;
  }

  /** A vector of the state, kept in a local between the first tile and the last. */
  state(name: (typeof STATE)[number], v: number): { local: Local; save: Code } {
    const local = this.vector();
    const at = (v * STATE.length + STATE.indexOf(name)) * VECTOR;
    const { state } = this.at;
    this.#setup.push(local.set(this.lanes.load(state.get, at)));
    return { local, save: this.lanes.store(state.get, at, local.get) };
  }

  /** Runs `body` for all other classes: with m_k in every lane, the same for powers of it, and `shares` at the tile's. */
  forOthers(body: (move: Code, higher: Code) => readonly Code[]): Code[] {
    const { lanes } = this;
    const { shares, others, moves } = this.at;
    const row = this.#row.get;
    return [
      this.#left.set(others.get),
      this.#row.set(moves.get),
      repeat(
        [
          this.#move.set(lanes.load(row, 0)),
          this.#higher.set(lanes.load(row, VECTOR)),
          ...body(this.#move.get, this.#higher.get),
          advance(shares, TILE_BYTES),
          advance(this.#row, MOVE_BYTES),
        ],
        countDown(this.#left),
      ),
    ];
  }

  /** ⟨x_i, x_j⟩ of vector `v` of the tile. */
  inner(v: number): Code {
    return this.lanes.load(this.at.inner.get, v * VECTOR);
  }

  /** p_jk of vector `v`, in the turn of class k. */
  share(v: number): Code {
    return this.lanes.load(this.at.shares.get, v * VECTOR);
  }

  /** The farthest m_k in every lane, without the cut that small ones have. */
  farMove(): Code {
    const { own, far } = this.at;
    return this.lanes.sub(this.lanes.loadSplat(own.get, 0), this.lanes.loadSplat(far.get, 0));
  }

  /** p_jk of vector `v` and that class, at the beginning of a tile. */
  farShare(v: number): Code {
    const { shares, farShares } = this.at;
    return this.lanes.load(i32.add(shares.get, farShares.get), v * VECTOR);
  }

  /** Σ_k p_jk of vector `v`. */
  sumOfShares(v: number): Code {
    return this.lanes.load(this.at.sums.get, v * VECTOR);
  }

  /** p_jy of vector `v`. */
  ownShare(v: number): Code {
    return this.lanes.load(this.at.sums.get, TILE_BYTES + v * VECTOR);
  }

  /** Finishes: `tile` for every tile, then `saves`. */
  finish(tile: readonly Code[], saves: readonly Code[]): WasmFunction {
    const { inner, sums, tiles } = this.at;
    this.fn.append(
      ...this.#setup,
      repeat([...tile, advance(inner, TILE_BYTES), advance(sums, 2 * TILE_BYTES)], countDown(tiles)),
      ...saves,
    );
    return this.fn;
  }

  /** Of every other class the move in every lane, and again for its powers. */
  #makeMoves(): Code[] {
    const { lanes } = this;
    const { residuals, own, moves, others } = this.at;
    const move = this.#move.get;
    const unlessBelow = (least: number): Code =>
      and(move, lanes.greater(lanes.abs(move), lanes.constant(least)));
    const make = [
      this.#move.set(lanes.sub(lanes.loadSplat(own.get, 0), lanes.loadSplat(residuals.get, 0))),
      lanes.store(this.#row.get, 0, unlessBelow(LEAST[lanes.dtype])),
      lanes.store(this.#row.get, VECTOR, unlessBelow(LEAST_OF_POWERS[lanes.dtype])),
      advance(this.#row, MOVE_BYTES),
    ];
    return [
      this.#left.set(i32.add(others.get, i32.constant(1))),
      this.#row.set(moves.get),
      repeat(
        [branch(i32.differ(residuals.get, own.get), make), advance(residuals, lanes.bytes)],
        countDown(this.#left),
      ),
    ];
  }
}

function advance(pointer: Local, bytes: number): Code {
  return pointer.set(i32.add(pointer.get, i32.constant(bytes)));
}

/** One less; 0 ends a loop. */
function countDown(counter: Local): Code {
  return counter.tee(i32.sub(counter.get, i32.constant(1)));
}
