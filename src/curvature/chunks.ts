// How many examples one program handles at a time, from a memory budget.
import { InputError, type DType } from "../math/index.ts";
import { legalise, peakElements, type Program } from "../tensor/index.ts";

/** Bytes of one element. */
export function bytesPer(dtype: DType): number {
  return dtype === "float32" ? 4 : 8;
}

/**
 * Largest number of examples (at most n) whose program needs at most `budget` bytes for intermediate values,
 * assuming need grows linearly with examples; at least 1.
 *
 * @param programOf the program over m examples
 * @throws InputError when even one example does not fit
 */
export function examplesWithin(
  budget: number,
  n: number,
  dtype: DType,
  programOf: (examples: number) => Program,
): number {
  const bytes = bytesPer(dtype);
  const few = Math.min(8, n);
  const more = Math.min(16, n);
  // As it will run: operators without a kernel of their own may need more room.
  const need = (m: number): number => peakElements(legalise(programOf(m), dtype)) * bytes;
  const atFew = need(few);
  if (few === more) return atFew <= budget ? n : 1;
  const perExample = (need(more) - atFew) / (more - few);
  const fixed = atFew - few * perExample;
  if (fixed + perExample > budget) {
    const mebibytes = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
    throw new InputError("the memory budget is too small for one example", {
      field: "memory",
      received: mebibytes(budget),
      allowed: `at least ${mebibytes(fixed + perExample)}`,
    });
  }
  return Math.max(1, Math.min(n, Math.floor((budget - fixed) / perExample)));
}

/** A run of consecutive examples. */
export interface Chunk {
  readonly start: number;
  readonly size: number;
}

/** Splits n examples into the fewest chunks of at most `limit`, as equal as possible: one or two distinct sizes. */
export function chunksOf(n: number, limit: number): Chunk[] {
  const count = Math.ceil(n / limit);
  const size = Math.ceil(n / count);
  const chunks: Chunk[] = [];
  for (let start = 0; start < n; start += size) chunks.push({ start, size: Math.min(size, n - start) });
  return chunks;
}
