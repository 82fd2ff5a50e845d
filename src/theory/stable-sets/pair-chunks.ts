// Examples in chunks of one class, with their inner products as one matrix a chunk: what n² loss changes are computed from.
import { type DType, type Vector, zeros } from "../../math/index.ts";
import type { LabelledInputs } from "./types.ts";

/** Narrower chunks cost more in calls than they save in padding; wider ones leave the cache. */
const WIDTH = { least: 16, most: 128 } as const;

/** Up to `width` examples of one class: all their losses see the same moves of the logits relative to their own. */
export interface PairChunk {
  readonly label: number;
  readonly members: Int32Array;
  /** ⟨x_i, x_j⟩ over all i, and some rows more, and the members j: (n + spare)×width; zero for j = i and where either runs out. */
  readonly gram: Vector;
}

/** Chunks of one data set and their common width. */
export interface PairChunks {
  readonly width: number;
  readonly chunks: readonly PairChunk[];
}

/** O(n²) time and memory: every class wastes less than n·width numbers. `spare` rows let the last block be as long as the others. */
export function pairChunks(
  { n, classes, labels }: LabelledInputs,
  gram: Float64Array,
  dtype: DType,
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
        gram: columns(gram, n, chunk, width, zeros(dtype, (n + spare) * width)),
      });
    }
  });
  return { width, chunks };
}

function columns(gram: Float64Array, n: number, members: Int32Array, width: number, out: Vector): Vector {
  for (let i = 0; i < n; i++) {
    for (let column = 0; column < members.length; column++) {
      const j = members[column]!;
      if (j !== i) out[i * width + column] = gram[i * n + j]!;
    }
  }
  return out;
}
