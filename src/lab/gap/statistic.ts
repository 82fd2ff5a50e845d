// A mean over runs that names them: every number of the gap analysis is one of these.
import { mean, summarize, type Summary } from "../../math/index.ts";

/** Count, mean and spread over seeds, and the runs behind them. */
export interface Statistic extends Summary {
  /** Ids, in the order of the runs handed in. */
  readonly runs: readonly string[];
  /** The number of each of these runs; none where it belongs to no single one. */
  readonly values: readonly number[];
}

/** Statistic of a number of each run; runs without a finite one do not enter. */
export function overRuns<Run extends { readonly id: string }>(
  runs: readonly Run[],
  value: (run: Run) => number | null | undefined,
): Statistic {
  const found = runs.flatMap((run) => {
    const number = value(run);
    return isFiniteNumber(number) ? [{ id: run.id, number }] : [];
  });
  const values = found.map(({ number }) => number);
  return { ...summarize(values), runs: found.map(({ id }) => id), values };
}

/** Mean of the finite values; null when there are none. */
export function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const finite = values.filter(isFiniteNumber);
  return finite.length === 0 ? null : mean(finite);
}

/** Whether a recorded value is there and finite. */
export function isFiniteNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Members by key, keys in order of first appearance. */
export function groupBy<Member, Key>(
  members: readonly Member[],
  key: (member: Member) => Key,
): Map<Key, Member[]> {
  const groups = new Map<Key, Member[]>();
  for (const member of members) {
    const name = key(member);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [member]);
    else group.push(member);
  }
  return groups;
}
