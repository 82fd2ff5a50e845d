// Which steps go into which block, and by which program: the cheapest of two ways to cut them.
import type { Rung } from "./pair-programs.ts";

/** Steps that are computed together, by the program that serves the furthest of them. */
export interface PlannedBlock {
  readonly rows: Int32Array;
  /** Rows the block is compiled for, at least as many. */
  readonly size: number;
  readonly rung: Rung;
}

/** What there is to plan. */
export interface PlanInput {
  readonly ladder: readonly Rung[];
  /** Rung of every example's step: below 0 it moves nothing, `ladder.length` goes without a block. */
  readonly rungs: Int8Array;
  /** Examples that need a block, sorted by rung. */
  readonly sorted: Int32Array;
  /** All examples as they come. */
  readonly all: Int32Array;
  /** Sizes of blocks; `whole` is a multiple of `part`. */
  readonly part: number;
  readonly whole: number;
}

/** Milliseconds of a call and of a row, measured at n = 1000, K = 10 on two cores: only their ratios matter. */
function blockCost(rows: number, { kind, order }: Rung): number {
  if (kind === "exponential") return 1.1 + 0.01 * rows;
  return 0.3 + 0.2 * order + (0.001 + 0.00056 * order) * rows;
}

/** And of bringing a row's inner products together with those of rows that are not its neighbours. */
const GATHER = 0.0015;

/** The cheaper of blocks sorted by rung and blocks of neighbours. O(n). */
export function planBlocks(input: PlanInput): readonly PlannedBlock[] {
  const sorted = sortedBlocks(input);
  const neighbours = neighbouringBlocks(input);
  const gathering = GATHER * input.sorted.length;
  return costOf(sorted) + gathering < costOf(neighbours) ? sorted : neighbours;
}

function costOf(blocks: readonly PlannedBlock[]): number {
  return blocks.reduce((sum, { size, rung }) => sum + blockCost(size, rung), 0);
}

/** Cuts the sorted rows into blocks of either size so that the sum of costs is least, by dynamic programming over parts. */
function sortedBlocks({ ladder, rungs, sorted, part, whole }: PlanInput): PlannedBlock[] {
  const units = Math.ceil(sorted.length / part);
  const cost = new Float64Array(units + 1);
  const last: { readonly block: PlannedBlock; readonly from: number }[] = [];
  for (let unit = 1; unit <= units; unit++) {
    const end = Math.min(sorted.length, unit * part);
    const rung = ladder[rungs[sorted[end - 1]!]!]!;
    cost[unit] = Infinity;
    for (const size of [part, whole]) {
      const from = Math.max(0, unit - size / part);
      const total = cost[from]! + blockCost(size, rung);
      if (total >= cost[unit]!) continue;
      cost[unit] = total;
      last[unit] = { block: { rows: sorted.subarray(from * part, end), size, rung }, from };
    }
  }
  const blocks: PlannedBlock[] = [];
  for (let unit = units; unit > 0; unit = last[unit]!.from) blocks.unshift(last[unit]!.block);
  return blocks;
}

/** Whole blocks of neighbours, those that need none among them. */
function neighbouringBlocks({ ladder, rungs, all, whole }: PlanInput): PlannedBlock[] {
  const blocks: PlannedBlock[] = [];
  for (let begin = 0; begin < all.length; begin += whole) {
    const rows = all.subarray(begin, begin + whole);
    let top = -1;
    for (const i of rows) if (rungs[i]! < ladder.length) top = Math.max(top, rungs[i]!);
    if (top >= 0) blocks.push({ rows, size: whole, rung: ladder[top]! });
  }
  return blocks;
}
