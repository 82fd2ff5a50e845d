// Which steps go into which block, and by which program: rows sorted by what they need, cut where it costs least.
import type { Rung } from "./pair-ladder.ts";

/** Steps that are computed together, by the program that serves the furthest of them. */
export interface PlannedBlock {
  /** Row of the first. */
  readonly first: number;
  /** Row beyond the last. */
  readonly end: number;
  /** Rows the block is compiled for, at least as many. */
  readonly size: number;
  readonly rung: Rung;
}

/** What there is to plan. */
export interface PlanInput {
  readonly ladder: readonly Rung[];
  /** How many rows need each rung; they lie in this order. */
  readonly counts: ArrayLike<number>;
  /** Of the rows that need the first rung, the share whose moves are so small that powers of them are denormal. */
  readonly tiny: number;
  /** Sizes of blocks; `whole` is a multiple of `part`. */
  readonly part: number;
  readonly whole: number;
}

/** Milliseconds of a call, measured at n = 1000, K = 10: only their ratios matter. */
function blockCost(rows: number, { kind, order }: Rung): number {
  if (kind === "exponential") return 1.1 + 0.01 * rows;
  if (kind === "sums") return 0.6 + 0.0018 * rows;
  return 0.3 + 0.2 * order + (0.001 + 0.00056 * order) * rows;
}

/** What a row of denormal powers adds to a polynomial, on processors that are slow with them. */
const TINY_COST = 0.06;
/** The same for one step pair by pair. */
const ALONE_COST = 0.08;
/** Steps that may go alone, at most, because they move further than all others. */
const MOST_ALONE = 16;

/** A plan, and which steps are in none of its blocks. */
export interface Plan {
  readonly blocks: readonly PlannedBlock[];
  /** Steps that need this rung or a higher one go alone. */
  readonly aloneFrom: number;
}

/** The cheapest plan: few steps that move further than all others may cost more as a reason for a higher rung than alone. */
export function planSteps(input: PlanInput): Plan {
  const { ladder } = input;
  const counts = Int32Array.from(ladder, (_, at) => input.counts[at]!);
  let best: Plan = { blocks: [], aloneFrom: ladder.length };
  let least = Infinity;
  let alone = 0;
  for (let aloneFrom = ladder.length; aloneFrom >= 0; aloneFrom--) {
    if (aloneFrom < ladder.length) {
      if (counts[aloneFrom] === 0) continue;
      alone += counts[aloneFrom]!;
      counts[aloneFrom] = 0;
    }
    if (alone > MOST_ALONE) break;
    const { blocks, cost: together } = planBlocks({ ...input, counts });
    const cost = together + ALONE_COST * alone;
    if (cost < least) [best, least] = [{ blocks, aloneFrom }, cost];
  }
  return best;
}

/** Cuts the rows into blocks of either size so that the sum of costs is least, by dynamic programming over parts. */
export function planBlocks({ ladder, counts, tiny, part, whole }: PlanInput): {
  readonly blocks: readonly PlannedBlock[];
  readonly cost: number;
} {
  const ends = ladder.map(() => 0);
  let served = 0;
  ladder.forEach((_, at) => (ends[at] = served += counts[at]!));
  const units = Math.ceil(served / part);
  const cost = new Float64Array(units + 1);
  const last: PlannedBlock[] = [];
  for (let unit = 1; unit <= units; unit++) {
    const end = Math.min(served, unit * part);
    const rung = ladder[ends.findIndex((above) => above >= end)]!;
    cost[unit] = Infinity;
    for (const size of [part, whole]) {
      const from = Math.max(0, unit - size / part);
      const near = Math.max(0, Math.min(end, counts[0]!) - from * part);
      const denormal = rung.kind === "polynomial" ? TINY_COST * tiny * near : 0;
      const total = cost[from]! + blockCost(size, rung) + denormal;
      if (total >= cost[unit]!) continue;
      cost[unit] = total;
      last[unit] = { first: from * part, end, size, rung };
    }
  }
  const blocks: PlannedBlock[] = [];
  for (let unit = units; unit > 0; unit = last[unit]!.first / part) blocks.unshift(last[unit]!);
  return { blocks, cost: cost[units]! };
}
