// The difference between configurations: only what is not the same everywhere.
import type { RunEntry } from "../../record/serve-api.ts";
import { showField } from "./run-fields.ts";

/** One setting over several runs. */
export interface ComparedSetting {
  readonly key: string;
  /** One text a run; "" where it has no such setting. */
  readonly values: readonly string[];
  readonly differs: boolean;
}

/** All settings of the runs in the order of their configurations; `name` is no setting of the experiment. */
export function compareSettings(runs: readonly RunEntry[]): ComparedSetting[] {
  const keys = new Set(runs.flatMap(({ config }) => Object.keys(config)));
  keys.delete("name");
  return [...keys].map((key) => {
    const values = runs.map(({ config }) => (key in config ? showField(config[key]) || "none" : ""));
    return { key, values, differs: new Set(values).size > 1 };
  });
}
