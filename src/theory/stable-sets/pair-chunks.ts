// Examples in chunks of one class, with their inner products as one matrix a chunk: what n² loss changes are computed from.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { LabelSet } from "./types.ts";

/** Narrower chunks cost more in calls than they save in padding; wider ones leave the cache. */
const WIDTH = { least: 16, most: 128 } as const;

/** Up to `width` examples of one class: all their losses see the same moves of the logits relative to their own. */
export interface PairChunk {
  readonly label: number;
  readonly members: Int32Array;
  /** ⟨x_i, x_j⟩ over the examples i, and some rows more, and the members j: (examples + spare)×width; zero for j = i and where either runs out. */
  readonly gram: Vector;
}

/** Chunks of one data set and their common width. */
export interface PairChunks {
  readonly width: number;
  readonly chunks: readonly PairChunk[];
}

/**
 * For the steps of some examples, one row each in their order. O(n) time and memory for each: every class wastes less than a width.
 * `spare` rows let the last block be as long as the others.
 */
export function pairChunks(
  { n, classes, labels }: LabelSet,
  gram: Float64Array,
  dtype: DType,
  examples: Int32Array,
  spare: number,
): PairChunks {
  const members = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, j) => members[label]!.push(j));
  const present = members.filter((list) => list.length > 0).length;
  const width = Math.min(WIDTH.most, Math.max(WIDTH.least, Math.ceil(n / present)));
  const chunks: PairChunk[] = [];
  members.forEach((list, label) => {
    for (let begin = 0; begin < list.length; begin += width) {
      const chunk = Int32Array.from(list.slice(begin, begin + width));
      chunks.push({
        label,
        members: chunk,
        gram: zeros(dtype, (examples.length + spare) * width),
      });
    }
  });
  for (const { members: columns, gram: own } of chunks) {
    examples.forEach((i, row) => {
      for (let column = 0; column < columns.length; column++) {
        const j = columns[column]!;
        if (j !== i) own[row * width + column] = gram[i * n + j]!;
      }
    });
  }
  return { width, chunks };
}
