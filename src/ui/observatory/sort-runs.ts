// The order of the table.
import type { RunEntry } from "../../record/serve-api.ts";
import { compareFields, fieldOf } from "./run-fields.ts";

/** Sorts by "field" or "-field"; ties and "" keep the order given (oldest first). */
export function sortRuns(runs: readonly RunEntry[], sort: string): RunEntry[] {
  const descending = sort.startsWith("-");
  const field = sort.replace(/^-/, "");
  if (field === "") return [...runs];
  return [...runs].sort((a, b) => {
    const [left, right] = [fieldOf(a, field), fieldOf(b, field)];
    const order = compareFields(left, right);
    // Missing values stay at the end either way.
    const missing = left === undefined || left === null || right === undefined || right === null;
    return descending && !missing ? -order : order;
  });
}
