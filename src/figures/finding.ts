// One line of what a run found.

/** One line of what was found. */
export interface Finding {
  /** Which quantity: `S_eq`, `α`, `σ_u², b = 50`; `warning` for an assumption that failed; empty to go on. */
  readonly title: string;
  readonly text: string;
}
