// Which runs are drawn as one trace: runs that differ only in their seed are one mean with its spread.
import type { RunRecord } from "../record/index.ts";
import { configLabels, configValue, flattenConfig, isFullBatch } from "./differing.ts";
import { styleOf } from "./palette.ts";
import type { TraceStyle } from "./palette.ts";

/** A run, or the seeds of one configuration, with the label and style it has in every figure. */
export interface Trace {
  /** What sets it apart from the other traces; empty when there is only one. */
  readonly label: string;
  readonly style: TraceStyle;
  /** Every run of the trace, in the order given. */
  readonly runs: readonly RunRecord[];
  /** Learning rate, when the configuration states one. */
  readonly lr: number | undefined;
  /** Stability threshold (2/η for GD and SGD), when known. */
  readonly threshold: number | undefined;
  /** Whether each step uses all examples. */
  readonly fullBatch: boolean;
}

/** Groups records by configuration without seed and name, keeping their order, and labels the groups. */
export function makeTraces(records: readonly RunRecord[]): Trace[] {
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const leaves = [...flattenConfig(record.config)].filter(([key]) => key !== "seed" && key !== "name");
    const key = JSON.stringify(leaves.sort(([a], [b]) => (a < b ? -1 : 1)));
    const group = groups.get(key);
    // The same seed twice is a repetition, not a sample: it gets a trace of its own.
    const repeated = group?.some((other) => other.config["seed"] === record.config["seed"]);
    if (group === undefined) groups.set(key, [record]);
    else if (repeated) groups.set(`${key} ${record.id}`, [record]);
    else group.push(record);
  }
  const members = [...groups.values()];
  const labels = configLabels(
    // Seeds inside a group are averaged over, so they must not appear in its label.
    members.map((runs) => (runs.length > 1 ? withoutSeed(runs[0]!.config) : runs[0]!.config)),
    members.map((runs) => runs[0]!.id),
  );
  return members.map((runs, i) => {
    const first = runs[0]!;
    const seeds = runs.length > 1 ? `${runs.length} seeds` : "";
    return {
      label: [labels[i]!, seeds].filter((part) => part !== "").join(", "),
      style: styleOf(i),
      runs,
      lr: learningRate(first),
      threshold: runThreshold(first),
      fullBatch: isFullBatch(first.config),
    };
  });
}

/** The learning rate in a run's configuration, or undefined. */
export function learningRate(record: RunRecord): number | undefined {
  const lr = configValue(record.config, "optimizer.lr");
  return typeof lr === "number" && Number.isFinite(lr) && lr > 0 ? lr : undefined;
}

/** A run's stability threshold: from its summary, else 2/η for plain GD and SGD, else undefined. */
export function runThreshold(record: RunRecord): number | undefined {
  const recorded = record.summary?.threshold;
  if (recorded !== undefined && Number.isFinite(recorded) && recorded > 0) return recorded;
  const name = configValue(record.config, "optimizer.name");
  const lr = learningRate(record);
  return lr !== undefined && (name === "gd" || name === "sgd") ? 2 / lr : undefined;
}

/** Whether a run ended in divergence, by its summary or its marks. */
export function hasDiverged(record: RunRecord): boolean {
  return record.summary?.status === "diverged" || record.marks.some((mark) => mark.kind === "diverged");
}

function withoutSeed(config: RunRecord["config"]): RunRecord["config"] {
  return Object.fromEntries(Object.entries(config).filter(([key]) => key !== "seed" && key !== "name"));
}
