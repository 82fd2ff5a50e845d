// Checkpoints of a run kept in memory, so that it can be rewound; thinned, never without the first and the last.
import type { Checkpoint } from "../lab/index.ts";

/** A copy that shares no buffer with the original: the runner takes over what it resumes from. */
export function copyCheckpoint(checkpoint: Checkpoint): Checkpoint {
  return structuredClone(checkpoint);
}

/** Bytes of the vectors in a checkpoint. */
export function checkpointBytes({ theta, optimizer, eigen, previous, coupling }: Checkpoint): number {
  const vectors = [
    theta,
    ...Object.values(optimizer),
    ...(eigen?.eigenvectors ?? []),
    ...(previous === null ? [] : [previous]),
    ...Object.values(coupling?.vectors ?? {}),
  ];
  return vectors.reduce((total, vector) => total + vector.byteLength, 0);
}

/** Checkpoints by ascending step, within a budget of bytes. */
export class CheckpointShelf {
  readonly #budget: number;
  #kept: readonly Checkpoint[] = [];

  constructor(budget: number) {
    this.#budget = budget;
  }

  get last(): Checkpoint | undefined {
    return this.#kept.at(-1);
  }

  /** Steps that can be returned to without replaying, ascending. */
  get steps(): readonly number[] {
    return this.#kept.map(({ step }) => step);
  }

  /** Keeps a copy. A checkpoint of a step that is there already replaces it; later ones are dropped. */
  add(checkpoint: Checkpoint): void {
    this.#kept = [...this.#kept.filter(({ step }) => step < checkpoint.step), copyCheckpoint(checkpoint)];
    let bytes = this.#kept.reduce((total, kept) => total + checkpointBytes(kept), 0);
    while (bytes > this.#budget && this.#kept.length > 2) {
      const victim = this.#densest();
      bytes -= checkpointBytes(this.#kept[victim]!);
      this.#kept = this.#kept.filter((_, i) => i !== victim);
    }
  }

  /** The latest checkpoint at or before a step (the first when there is none), as a copy; later ones are dropped. */
  returnTo(step: number): Checkpoint | undefined {
    const before = this.#kept.filter((kept) => kept.step <= step);
    this.#kept = before.length > 0 ? before : this.#kept.slice(0, 1);
    return this.last === undefined ? undefined : copyCheckpoint(this.last);
  }

  /** Index of the inner checkpoint whose neighbours are nearest to each other. */
  #densest(): number {
    let victim = 1;
    let narrowest = Infinity;
    for (let i = 1; i + 1 < this.#kept.length; i++) {
      const width = this.#kept[i + 1]!.step - this.#kept[i - 1]!.step;
      if (width < narrowest) [victim, narrowest] = [i, width];
    }
    return victim;
  }
}
